"""Registers the system checks and the commands `run`, `backup` and `restore`."""

from importlib import import_module

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "integrationhub.runtime"
    label = "runtime"
    verbose_name = "Runtime"

    def ready(self) -> None:
        import_module("integrationhub.checks")
