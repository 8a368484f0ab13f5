"""The hub's own settings, and one application more: the flow and the platform that only benchmarks use."""

from integrationhub.settings import *  # noqa: F403
from integrationhub.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks"]
