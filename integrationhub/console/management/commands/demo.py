"""`./hub demo`: the whole product on this machine, with sandboxes for platforms. `--check` walks the tour and ends."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from connectors import ports
from integrationhub.runtime import programs
from integrationhub.runtime.errors import RuntimeSetupError
from integrationhub.runtime.places import PROJECT_DIR
from integrationhub.runtime.ports import answers, free_port
from integrationhub.runtime.prepare import COLLECTED, collecting_static_files, migrate
from integrationhub.runtime.services import Services, start_services
from integrationhub.runtime.supervisor import Program, Supervisor

PORT = 8000
READY_SECONDS = 60


class Command(BaseCommand):
    help = "Run everything on this machine: database, queue, five minutes of believable trade, console, workers."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=PORT, help="of the console; the next free one when it is taken")
        parser.add_argument(
            "--check", action="store_true", help="Walk the tour without a browser, then clean up; ends 0 or 1."
        )
        parser.add_argument("--fresh", action="store_true", help="Forget the last demo and begin again.")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.LIVE:
            raise CommandError(
                "This is a live installation (ENVIRONMENT=live). The demo runs in the sandbox environment only."
            )
        if not settings.EMBEDDED_POSTGRES:
            raise CommandError("The demo brings its own database. Unset DATABASE_URL (and REDIS_URL) to run it.")
        if options["check"] and "HUB_DEMO_CHECK" not in os.environ:
            raise SystemExit(_check_elsewhere())
        if options["fresh"]:
            _forget(settings.VAR_DIR)
        try:
            with start_services(settings.VAR_DIR) as services:
                _Demo(services, say=self._say, port=options["port"], check=options["check"]).run()
        except RuntimeSetupError as error:
            raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _check_elsewhere() -> int:
    """Walk the tour on data of its own, in a directory that is removed again. Returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="hub-check-") as directory:
        environment = {**os.environ, "HUB_VAR": directory, "HUB_DEMO_CHECK": "1"}
        environment = {name: value for name, value in environment.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        words = [sys.executable, str(PROJECT_DIR / "manage.py"), "demo", "--check"]
        with subprocess.Popen(words, env=environment) as child:  # noqa: S603  our own program
            try:
                return child.wait()
            except KeyboardInterrupt:
                return child.wait()


def _forget(directory: Path) -> None:
    for path in (directory / "demo", *directory.glob("pg*"), directory / "valkey"):
        shutil.rmtree(path, ignore_errors=True)


class _Demo:
    """The steps of a start, each told with its time."""

    def __init__(self, services: Services, *, say: Any, port: int, check: bool) -> None:
        self.services = services
        self.say = say
        self.port = port
        self.check = check
        self.directory = services.places.var / "demo"
        self.log = self.directory / "programs.log"
        self.began = ports.boottime()

    def step(self, words: str) -> None:
        self.say(f"{ports.boottime() - self.began:6.1f} s  {words}")

    def run(self) -> None:
        # Imported when the database is there: sandboxes and models are of no use before.
        from integrationhub.console.demo import brand, life, shops

        self.step("Database and queue are up.")
        with collecting_static_files():
            migrate()
        self.step("Tables are ready.")
        world = shops.open_shops(self.directory)
        world.start()
        try:
            password = self._password(brand)
            brand.set_up(world, password=password)
            made = "opened" if world.fresh else "as you left them"
            self.step(f"{len(world.marketplaces)} marketplaces, two shops on Centra and Fulfil are {made}.")
            port = free_port(self.port)
            if port != self.port:
                self.step(f"Port {self.port} is taken; using {port}.")
            brand.tell_addresses(world, port)
            supervisor = Supervisor(self._programs(port), say=self._child_line, watch=self.services.revive)
            days = life.Life(world, say=self.step, directory=self.directory)
            with supervisor.stop_on_signals():
                self._serve(supervisor, days, world, port=port, password=password)
        finally:
            world.stop()

    def _password(self, brand: Any) -> str:
        path = self.directory / "password"
        if not path.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            path.write_text(brand.new_password())
            path.chmod(0o600)
        return path.read_text()

    def _programs(self, port: int) -> list[Program]:
        environment = {**self.services.environment(), **COLLECTED}
        return [
            programs.web(host="127.0.0.1", port=port, workers=1, threads=6, environment=environment),
            *programs.workers("urgent", count=1, environment=environment),
            *programs.workers("drain", count=1, environment=environment),
            programs.scheduler(environment=environment),
        ]

    def _child_line(self, name: str, line: str) -> None:
        """What the programs log goes into a file: the screen is for people."""
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"{name:>10} | {line}\n")

    def _serve(self, supervisor: Supervisor, days: Any, world: Any, *, port: int, password: str) -> None:
        try:
            if not supervisor.wait_for(lambda: answers(port), seconds=READY_SECONDS):
                raise RuntimeSetupError("The console did not come up; its own words are above.")
            self._tell_ready(port, password)
            days.start()
            if self.check:
                self._walk(supervisor, world, port=port, password=password)
            else:
                supervisor.run()
        finally:
            supervisor.stop_children()
            days.stop()
            self.step("Everything that was started has been stopped.")

    def _tell_ready(self, port: int, password: str) -> None:
        from integrationhub.console.demo.brand import PEOPLE

        self.step(f"Ready: http://127.0.0.1:{port}/{settings.ADMIN_PATH}")
        if self.check:
            return
        self.say(f"\n  Log in as any of these; the password is {password}\n")
        for person in PEOPLE:
            self.say(f"    {person.username:10} {person.name:14} {person.role.label:18} {person.brand_names}")
        self.say(f"\n  What the programs log: {self.log}")
        self.say("  Ctrl-C stops everything; the next ./hub demo goes on from here (--fresh begins again).\n")

    def _walk(self, supervisor: Supervisor, world: Any, *, port: int, password: str) -> None:
        from integrationhub.console.demo.tour import Tour

        tour = Tour(world, address=f"http://127.0.0.1:{port}/{settings.ADMIN_PATH}", password=password, say=self.step)
        result: list[bool] = []
        walker = threading.Thread(target=lambda: result.append(tour.walk()), name="demo-tour", daemon=True)
        walker.start()
        supervisor.wait_for(lambda: not walker.is_alive(), seconds=300)
        if not result or not result[0]:
            self.step("The tour did not reach its end.")
            raise SystemExit(1)
        self.step("The tour reached its end.")
