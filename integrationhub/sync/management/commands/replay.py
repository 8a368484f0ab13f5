"""`replay --flow F --key K | --case ID | --state FAILED`: try again what waits."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from connectors import ports
from integrationhub.sync import queue
from integrationhub.sync.lanes import queue_of
from integrationhub.sync.models import SyncJob
from integrationhub.sync.models.jobs import WAITING_STATES


class Command(BaseCommand):
    help = "Try again jobs that wait for a person. The set is fixed when the command starts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--flow", help="Only this flow: import_order, confirm_dispatch, …")
        parser.add_argument("--key", help="Only this key: an order's reference, a dispatch's id.")
        parser.add_argument("--case", type=int, help="Only what waits on this case.")
        parser.add_argument("--state", choices=[str(state) for state in WAITING_STATES], help="Only this state.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would be tried again.")
        parser.add_argument("--json", action="store_true", help="For machines.")

    def handle(self, *args: Any, **options: Any) -> None:
        jobs = self._chosen(options)
        if not options["dry_run"]:
            self._requeue(jobs)
        word = "would be tried again" if options["dry_run"] else "are tried again"
        if options["json"]:
            told = [{"flow": job.flow, "key": job.key, "state": job.state} for job in jobs]
            self.stdout.write(json.dumps({"dry_run": options["dry_run"], "jobs": told}))
        else:
            self.stdout.write(f"{len(jobs)} {word}.")

    def _chosen(self, options: dict[str, Any]) -> list[SyncJob]:
        if not any(options[name] for name in ("flow", "key", "case", "state")):
            raise CommandError("Say what to try again: --flow, --key, --case or --state.", returncode=2)
        jobs = SyncJob.objects.filter(state__in=[options["state"]] if options["state"] else WAITING_STATES)
        for option, field in (("flow", "flow"), ("key", "key"), ("case", "blockers__case_id")):
            if options[option]:
                jobs = jobs.filter(**{field: options[option]})
        if options["case"]:
            jobs = jobs.filter(blockers__released_at=None)
        return list(jobs.order_by("lane", "id"))

    def _requeue(self, jobs: list[SyncJob]) -> None:
        with transaction.atomic():
            SyncJob.objects.filter(pk__in=[job.pk for job in jobs], state__in=WAITING_STATES).update(
                state=SyncJob.State.QUEUED, due_at=ports.now(), tries=0, reason="Tried again by an operator."
            )
            wake = {(job.connection_id, queue_of(job.lane)) for job in jobs}
            transaction.on_commit(lambda: queue.wake_many(wake))
