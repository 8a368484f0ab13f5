from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "integrationhub.sync"
    label = "sync"
    verbose_name = "Syncs"

    def ready(self) -> None:
        from integrationhub.sync import signals  # noqa: F401  connects the listeners once the models exist
