from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "integrationhub.catalogue"
    label = "catalogue"
    verbose_name = "Prices"

    def ready(self) -> None:
        from integrationhub.catalogue import causes, drift, flows  # noqa: F401  they register themselves
