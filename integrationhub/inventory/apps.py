from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "integrationhub.inventory"
    label = "inventory"
    verbose_name = "Stock"

    def ready(self) -> None:
        from integrationhub.inventory import causes, flows  # noqa: F401  they register themselves
