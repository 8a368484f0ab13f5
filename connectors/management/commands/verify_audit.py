"""`verify_audit [--head POSITION:SEAL] [--json]`: follow the whole chain of the audit trail."""

import json
import re
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connectors import sealing


class Command(BaseCommand):
    help = "Check the audit trail's chain. Ends with 0 when it holds, 1 when it is broken, 2 for a wrong --head."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--head", help="A head that the log kept, as POSITION:SEAL: the chain must pass through it."
        )
        parser.add_argument("--json", action="store_true", help="For machines.")

    def handle(self, *args: Any, **options: Any) -> None:
        expected = _head(options["head"]) if options["head"] else None
        sealing.seal()
        checked = sealing.verify(expected=expected)
        standing = sealing.chain_standing()
        finding = checked.finding
        if options["json"]:
            told = {
                "intact": finding is None,
                "entries": checked.position,
                "seal": checked.seal,
                "unsealed": standing.unsealed,
                "finding": asdict(finding) if finding else None,
            }
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        elif finding is None:
            self.stdout.write(f"The chain holds: {checked.position} entries, head {checked.position}:{checked.seal}.")
        else:
            self.stdout.write(f"The chain is broken after {checked.position} entries. {finding.problem}")
        if finding is not None:
            raise SystemExit(1)


def _head(text: str) -> tuple[int, str]:
    found = re.fullmatch(r"(\d+):([0-9a-f]{64})", text)
    if found is None:
        raise CommandError("--head is POSITION:SEAL, as the log line “audit_head” gives them.", returncode=2)
    return int(found[1]), found[2]
