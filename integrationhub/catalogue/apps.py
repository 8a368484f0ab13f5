from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "integrationhub.catalogue"
    label = "catalogue"
    verbose_name = "Prices and listings"

    def ready(self) -> None:
        from integrationhub.catalogue import causes, drift, flows  # noqa: F401  they register themselves
        from integrationhub.catalogue.listings import causes as causes_of_listings  # noqa: F401
