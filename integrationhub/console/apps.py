from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "integrationhub.console"
    label = "console"
    verbose_name = "Console"
