from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "integrationhub.console"
    label = "console"
    verbose_name = "Console"

    def ready(self) -> None:
        from integrationhub.console import signing_in  # noqa: F401  it listens to log-ins
        from integrationhub.console.cases.bulk import running  # noqa: F401  the scheduler finishes what was started
        from integrationhub.console.mappings import long_imports, releasing  # noqa: F401  they listen to imports, and finish them
