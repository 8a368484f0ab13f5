"""`sync FLOW [--connection NAME] [--since TIME] [--dry-run]`: run a flow now, in this process, with progress."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connectors.canonical.errors import HubError
from connectors.models import Connection
from integrationhub.sync import drain, ticks
from integrationhub.sync.flows import Flow, flow, flows
from integrationhub.sync.models import Schedule


class Command(BaseCommand):
    help = (
        "Run a flow now and work off what it makes. With --since: a back-fill; --dry-run shows what it would bring in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("flow", help="read_orders, read_dispatches, read_events, … (`sync list` names them all)")
        parser.add_argument("--connection", help="Only this connection.")
        parser.add_argument("--since", help="Back-fill from this time, such as 2026-01-31 or 2026-01-31T08:00+00:00.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen; change nothing.")
        parser.add_argument("--json", action="store_true", help="For machines.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["flow"] == "list":
            self._list()
            return
        kind = self._flow(options["flow"])
        ticks.plan_schedules()
        schedules = self._schedules(kind, options["connection"])
        if options["since"]:
            told = self._backfill(kind, schedules, since=_time(options["since"]), options=options)
        elif options["dry_run"]:
            told = {"would_run": [str(schedule) for schedule in schedules]}
        else:
            told = self._run(schedules)
        self.stdout.write(json.dumps(told) if options["json"] else _words(told))

    def _list(self) -> None:
        for kind in sorted(flows(), key=lambda kind: (kind.lane, kind.name)):
            self.stdout.write(f"{kind.name:22} {kind.label}")

    def _flow(self, name: str) -> Flow:
        try:
            return flow(name)
        except KeyError:
            raise CommandError(f"There is no flow named {name}. `sync list` names them all.", returncode=2) from None

    def _schedules(self, kind: Flow, connection: str | None) -> list[Schedule]:
        rows = Schedule.objects.filter(flow=kind.name).select_related("connection__brand", "link")
        if connection:
            if not Connection.objects.filter(name=connection).exists():
                raise CommandError(f"There is no connection named {connection}.", returncode=2)
            rows = rows.filter(connection__name=connection)
        found = list(rows)
        if not found:
            raise CommandError(f"{kind.label} runs nowhere: no connection or link has it.", returncode=2)
        return found

    def _run(self, schedules: list[Schedule]) -> dict[str, Any]:
        for schedule in schedules:
            ticks.enqueue_now(schedule)
        places = list(Connection.objects.values_list("pk", flat=True))
        tally = drain.work_off(places)
        return {"outcomes": tally.states}

    def _backfill(
        self, kind: Flow, schedules: list[Schedule], *, since: datetime, options: dict[str, Any]
    ) -> dict[str, Any]:
        if kind.backfill is None:
            raise CommandError(f"{kind.label} has no back-fill. Leave out --since.", returncode=2)
        seen = known = stored = 0
        for schedule in schedules:
            try:
                for page in kind.backfill(schedule.connection, since, options["dry_run"]):
                    seen, known, stored = seen + page.seen, known + page.known, stored + page.stored
                    if not options["json"]:
                        of = f" of {page.total}" if page.total is not None else ""
                        self.stdout.write(f"  {schedule.connection.name}: {seen}{of} read, {known} known")
            except HubError as error:
                raise CommandError(f"{schedule.connection.name}: {error.message} {seen} were read before.") from error
        return {"dry_run": options["dry_run"], "seen": seen, "known": known, "stored": stored}


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = f"--since {text} is not a time. Use 2026-01-31 or 2026-01-31T08:00+00:00."
        raise CommandError(message, returncode=2) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _words(told: dict[str, Any]) -> str:
    if "would_run" in told:
        return "Would run: " + ", ".join(told["would_run"])
    if "outcomes" in told:
        counts = ", ".join(f"{count} {state.lower()}" for state, count in sorted(told["outcomes"].items()))
        return counts or "Nothing was due."
    verb = "would be brought in" if told["dry_run"] else "brought in"
    new = told["seen"] - told["known"] if told["dry_run"] else told["stored"]
    return f"{told['seen']} read, {told['known']} known already, {new} {verb}."
