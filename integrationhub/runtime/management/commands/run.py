"""`./hub run`"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrationhub.runtime import programs
from integrationhub.runtime.errors import RuntimeSetupError
from integrationhub.runtime.ports import free_port
from integrationhub.runtime.prepare import COLLECTED, collecting_static_files, migrate
from integrationhub.runtime.services import Services, start_services
from integrationhub.runtime.supervisor import Program, Supervisor

DEFAULT_PORT = 8000


class Command(BaseCommand):
    help = (
        "Run the console, the workers and the scheduler until Ctrl-C; PostgreSQL and Valkey too where no URL is given."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        parser.add_argument("--port", type=int, default=DEFAULT_PORT)
        parser.add_argument("--no-web", action="store_true", help="workers and scheduler only")
        parser.add_argument("--no-workers", action="store_true", help="console only")

    def handle(self, *args: Any, host: str, port: int, no_web: bool, no_workers: bool, **options: Any) -> None:
        try:
            with start_services(
                settings.VAR_DIR,
                database_url=None if settings.EMBEDDED_POSTGRES else settings.DATABASE_URL,
                redis_url=None if settings.EMBEDDED_REDIS else settings.REDIS_URL,
            ) as services:
                with collecting_static_files():
                    migrate()
                chosen = free_port(port, host=host)
                started = self._programs(services, host=host, port=chosen, web=not no_web, workers=not no_workers)
                if not no_web:
                    self._say_address(host=host, wanted=port, chosen=chosen)
                Supervisor(started, watch=lambda: self._revive(services)).run()
        except RuntimeSetupError as error:
            raise CommandError(str(error)) from error

    def _programs(self, services: Services, *, host: str, port: int, web: bool, workers: bool) -> list[Program]:
        environment = {**services.environment(), **COLLECTED}
        chosen: list[Program] = []
        if web:
            sizes = {"workers": settings.WEB_PROCESSES, "threads": settings.WEB_THREADS}
            chosen.append(programs.web(host=host, port=port, environment=environment, **sizes))
        if workers:
            chosen += programs.workers("urgent", count=settings.URGENT_WORKERS, environment=environment)
            chosen += programs.workers("drain", count=settings.DRAIN_WORKERS, environment=environment)
            chosen.append(programs.scheduler(environment=environment))
        return chosen

    def _say_address(self, *, host: str, wanted: int, chosen: int) -> None:
        if chosen != wanted:
            self.stdout.write(f"Port {wanted} is taken; using {chosen}.")
        self.stdout.write(f"Console: http://{host}:{chosen}/{settings.ADMIN_PATH}  (Ctrl-C stops everything)")
        self.stdout.flush()

    def _revive(self, services: Services) -> None:
        try:
            for name in services.revive():
                self.stdout.write(f"{name} had ended and was started again.")
        except RuntimeSetupError as error:  # the others go on, and so does trying
            self.stderr.write(str(error))
