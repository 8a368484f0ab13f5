"""`check_connections [--connection NAME] [--json]`: test every connection, resume those that work again."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connectors.models import Connection
from integrationhub.sync.places import place
from integrationhub.sync.standing import resume_connection


class Command(BaseCommand):
    help = "Test the connections. Ends with 0 when all work, 1 when one does not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--connection", help="Only the connection of this name.")
        parser.add_argument("--json", action="store_true", help="For machines.")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Connection.objects.exclude(state=Connection.State.SWITCHED_OFF).select_related("brand")
        if options["connection"]:
            rows = rows.filter(name=options["connection"])
            if not rows:
                raise CommandError(f"There is no connection named {options['connection']}.", returncode=2)
        results = [self._check(row, quiet=options["json"]) for row in rows]
        if options["json"]:
            self.stdout.write(json.dumps({"connections": results}, ensure_ascii=False))
        if not all(result["ok"] for result in results):
            raise SystemExit(1)

    def _check(self, row: Connection, *, quiet: bool) -> dict[str, Any]:
        report = place(row.pk).connector.check()
        if report.ok:
            resume_connection(row, by="check_connections", reason="The connection test passed.")
        if not quiet:
            self.stdout.write(f"{row.name}: {'works' if report.ok else 'does not work'}")
            for finding in report.findings:
                mark = "ok  " if finding.ok else ("FAIL" if finding.blocking else "note")
                self.stdout.write(f"  {mark}  {finding.subject}: {finding.message}")
        findings = [
            {"ok": item.ok, "subject": item.subject, "message": item.message, "blocking": item.blocking}
            for item in report.findings
        ]
        return {"connection": row.name, "brand": row.brand.code, "ok": report.ok, "findings": findings}
