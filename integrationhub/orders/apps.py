from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "integrationhub.orders"
    label = "orders"
    verbose_name = "Orders"

    def ready(self) -> None:
        from integrationhub.orders import causes, flows, return_causes, stock  # noqa: F401  they register themselves
