"""`run_scheduler`: the clock. Any number may run; each slot is taken once."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import connection

from connectors import ports, sealing
from connectors.sessions import SessionStore
from integrationhub.runtime.backup import write_dump
from integrationhub.runtime.errors import RuntimeSetupError
from integrationhub.runtime.places import Places
from integrationhub.sync import figures, sweep, ticks

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.25
DUMP_SECONDS = 24 * 3600.0
FIRST_DUMP_SECONDS = 3600.0
SEAL_SECONDS = 10.0


class Command(BaseCommand):
    help = "Start flows when they are due, take back the work of dead workers, wake the living."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="One tick and one sweep, then end: for cron.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            made, woken = ticks.tick(), sweep.sweep()
            sweep.keep_house()
            sweep.do_chores()
            figures.roll_up_hours()
            sealing.seal()
            sealing.check_some()
            self.stdout.write(f"{made} flows started, {woken} drains woken.")
            return
        self._run_until_stopped()

    def _run_until_stopped(self) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        every = {
            self._plan: 30.0,
            sweep.sweep: sweep.SWEEP_SECONDS,
            sweep.keep_house: 60.0,
            sweep.do_chores: sweep.CHORE_SECONDS,
            ticks.tick: TICK_SECONDS,
            figures.roll_up_hours: 60.0,
            sealing.seal: SEAL_SECONDS,
            sealing.check_some: 60.0,
            SessionStore.clear_expired: 3600.0,
            self._dump: DUMP_SECONDS,
        }
        due = dict.fromkeys(every, 0.0)
        due[self._dump] = ports.boottime() + FIRST_DUMP_SECONDS
        self.stdout.write("The scheduler is running.")
        while not stop.is_set():
            for chore, seconds in every.items():
                if ports.boottime() >= due[chore]:
                    self._do(chore)
                    due[chore] = ports.boottime() + seconds
            stop.wait(TICK_SECONDS / 2)
        connection.close()

    def _do(self, chore: Any) -> None:
        """One chore's failure must not stop the others; a lost database comes back by itself."""
        try:
            chore()
            if chore is sweep.sweep:
                sweep.beat("scheduler")
        except DatabaseError as error:
            log.error("scheduler_chore_failed", chore=chore.__name__, error=str(error).splitlines()[0])
            connection.close()

    def _plan(self) -> None:
        ticks.plan_schedules()

    def _dump(self) -> None:
        """The embedded database once a day, by the version that runs: a newer one can start from it."""
        if not settings.EMBEDDED_POSTGRES:
            return
        try:
            write_dump(settings.DATABASE_URL, Places(settings.VAR_DIR).nightly_dump)
        except RuntimeSetupError as error:
            log.error("nightly_dump_failed", error=str(error))
