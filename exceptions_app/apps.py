from importlib import import_module

from django.apps import AppConfig


class ExceptionsConfig(AppConfig):
    name = "exceptions_app"
    verbose_name = "Cases"

    def ready(self) -> None:
        import_module("exceptions_app.registered")
        import_module("exceptions_app.following")  # it listens to saved brands
