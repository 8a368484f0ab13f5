from typing import cast

from django.apps import AppConfig

from connectors import registry
from connectors.base import Connector


class BenchmarksConfig(AppConfig):
    name = "benchmarks"
    verbose_name = "Benchmarks"

    def ready(self) -> None:
        from benchmarks import noop  # noqa: F401  registers its flow
        from benchmarks.shelf import CONNECTORS

        cast(dict[str, type[Connector]], registry.CONNECTORS).update(CONNECTORS)
