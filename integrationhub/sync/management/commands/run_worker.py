"""`run_worker --queue urgent|drain`: one long-lived worker."""

import os
import socket
from argparse import ArgumentParser
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand

from integrationhub.sync import queue
from integrationhub.sync.lanes import QUEUES


class Command(BaseCommand):
    help = "Run one worker. Start one per queue at least; more of them do more at once."
    # All but the checks of pages and addresses, which a worker does not have and would carry for good once they were looked at.
    requires_system_checks = (Tags.security, Tags.compatibility, Tags.models)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queue", choices=sorted(QUEUES), required=True)
        parser.add_argument("--burst", action="store_true", help="End when nothing is queued.")

    def handle(self, *args: Any, **options: Any) -> None:
        name = f"{options['queue']}-{socket.gethostname()}-{os.getpid()}"
        worker = queue.worker(options["queue"], worker_name=name)
        self.stdout.write(f"Worker {name} is waiting for work.")
        worker.work(burst=options["burst"], with_scheduler=False, logging_level="WARNING")
