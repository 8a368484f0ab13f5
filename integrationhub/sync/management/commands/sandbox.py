"""`sandbox PLATFORM --port N`: one platform's sandbox alone, for a stranger's client or a look at the wire."""

import importlib
import json
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connectors.registry import CONNECTORS


class Command(BaseCommand):
    help = "Run one platform's sandbox on this machine. Prints its address and credentials; keeps a journal of every request."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("platform", choices=sorted(CONNECTORS))
        parser.add_argument("--port", type=int, default=0, help="0 takes a free one.")
        parser.add_argument("--journal", type=Path, help="Also write the journal to this file, one JSON object a line.")
        parser.add_argument("--empty", action="store_true", help="Without the believable shop.")
        parser.add_argument("--seed", type=int, default=1, help="Of the believable shop.")
        parser.add_argument("--json", action="store_true", help="Print address and credentials for machines.")

    def handle(self, *args: Any, **options: Any) -> None:
        module = importlib.import_module(f"connectors.{options['platform']}.sandbox")
        sandbox = module.make(journal=options["journal"], seed=None if options["empty"] else options["seed"])
        try:
            address = sandbox.start(options["port"])
        except OSError as error:
            raise CommandError(
                f"Port {options['port']} is taken ({error.strerror}). Choose another.", returncode=2
            ) from None
        self._tell(options, address, sandbox.credentials())
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        stop.wait()
        sandbox.stop()

    def _tell(self, options: dict[str, Any], address: str, credentials: dict[str, str]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps({"base_url": address, "credentials": credentials}))
        else:
            self.stdout.write(f"{CONNECTORS[options['platform']].label} sandbox: {address}")
            for name, value in credentials.items():
                self.stdout.write(f"  {name}: {value}")
            self.stdout.write(f"Journal, clock, faults: {address}/_control/   Stop with Ctrl-C.")
        self.stdout.flush()
