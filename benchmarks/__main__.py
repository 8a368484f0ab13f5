"""`./hub bench [ID ...] [--quick] [--json FILE] [--write]`: measure beside peers, in one run."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.ground import Ground, empty, ground
from benchmarks.measuring import Report
from benchmarks.progress import say

KNOWN = {
    "B1": "jobs that do nothing, against Celery and a bare queue in PostgreSQL",
    "B3a": "orders from the inbox to a target that answers at once, against the same SQL without the hub",
    "B3b": "orders from a marketplace to Centra in a burst, against what Centra's limits allow",
    "B4": "some SKUs of a large catalogue change, at two sizes of the catalogue",
    "B5": "everything a channel shows against what it took, against DuckDB on the same files",
    "B9": "limits in force: a backlog, a storm of refusals, orders while stock queues",
}
PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


def main(words: Sequence[str]) -> int:
    """0 when every goal is met, 1 when one is missed, 2 when the words are wrong."""
    parser = _parser()
    chosen = parser.parse_args(words)
    names = _names(parser, chosen.ids)
    if chosen.write and (chosen.quick or set(names) != set(KNOWN)):
        parser.error("--write writes the whole page from full runs: leave out --quick and name no benchmark.")
    if chosen.json is not None and not chosen.json.parent.is_dir():
        parser.error(f"There is no directory {chosen.json.parent} to write {chosen.json.name} into.")
    say(f"Running {', '.join(names)}{' quickly' if chosen.quick else ''}: a database and a Valkey of their own start.")
    with ground() as where:
        return _measure(where, names, quick=chosen.quick, json_file=chosen.json, write=chosen.write)


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:4} {what}" for name, what in KNOWN.items())
    parser = argparse.ArgumentParser(
        prog="./hub bench",
        description=f"Measure the hub beside its peers, and hold it against its goals.\n\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "ids", nargs="*", metavar="ID", help="what to run (B3 runs B3a and B3b); without any, everything"
    )
    parser.add_argument("--quick", action="store_true", help="smaller and fewer rounds, to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured into this file too")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    return parser


def _names(parser: argparse.ArgumentParser, ids: Sequence[str]) -> list[str]:
    """The benchmarks that were asked for, in the order in which they run."""
    wanted = [word.upper() for word in ids]
    asked_for = {word: [name for name in KNOWN if word in (name.upper(), name.upper().rstrip("AB"))] for word in wanted}
    if unknown := [word for word, found in asked_for.items() if not found]:
        parser.error(f"There is no {', '.join(unknown)}; there are {', '.join(KNOWN)}.")
    return [name for name in KNOWN if not wanted or any(name in found for found in asked_for.values())]


def _measure(where: Ground, names: Sequence[str], *, quick: bool, json_file: Path | None, write: bool) -> int:
    from benchmarks import (
        b1,
        b3a,
        b3b,
        b4,
        b5,
        b9,
        machine,
        reporting,
    )  # they need the database that the ground has just brought up

    runs: dict[str, Callable[..., Report]] = {
        "B1": b1.run,
        "B3a": b3a.run,
        "B3b": b3b.run,
        "B4": b4.run,
        "B5": b5.run,
        "B9": b9.run,
    }
    load_before = machine.load_now()
    reports: list[Report] = []
    for name in names:
        say(f"{name}: {KNOWN[name]}")
        empty(["connectors_brand"])  # and with it everything that the one before has made
        reports.append(runs[name](where, quick=quick))
        print("\n".join(reporting.console_lines(reports[-1])), flush=True)
    measured_on = machine.look(load_before=load_before)
    if json_file is not None:
        json_file.write_text(reporting.as_json(reports, measured_on))
    if write:
        PAGE.write_text(reporting.as_page(reports, measured_on))
        say(f"Written: docs/{PAGE.name}")
    missed = [f"{report.id} {goal.name}" for report in reports for goal in report.goals if not goal.met]
    print(f"Missed: {'; '.join(missed)}." if missed else "Every goal is met.", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
