"""What was measured, for people (a line on the screen, docs/performance.md) and for programs (JSON)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from benchmarks.machine import Machine
from benchmarks.measuring import Figure, Goal, Report

INTRODUCTION = """\
# Performance

Written by `./hub bench --write` from what it measured; nothing here is entered by hand. Absolute rates are those of the
machine below; the ratios carry over. The peers run in the same run as the hub, in turn with it, on the same database server
and the same Valkey, and both are as durable as in production.
"""


def console_lines(report: Report) -> Iterator[str]:
    yield f"{report.id}  {report.title}"
    for figure in report.figures:
        yield f"      {figure.name}: {amount(figure.median, figure.unit)}{_rounds(figure)}"
    for goal in report.goals:
        yield f"  {'met   ' if goal.met else 'MISSED'}  {goal.name}: {amount(goal.measured, goal.unit)}, goal {bound(goal)}"


def _rounds(figure: Figure) -> str:
    if len(figure.values) == 1:
        return ""
    return f"  (rounds: {', '.join(number(value) for value in figure.values)})"


def number(value: float) -> str:
    """Three digits that count, and never fewer than the whole ones: 73,453, 87.7, 0.177."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def amount(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".strip()


def bound(goal: Goal) -> str:
    return f"{'at least' if goal.at_least else 'at most'} {amount(goal.bound, goal.unit)}"


def as_json(reports: Sequence[Report], machine: Machine) -> str:
    """{"machine": {...}, "reports": [{..., "goals": [{..., "met": true}]}]}; moments in ISO 8601."""
    told = [
        {**asdict(report), "goals": [{**asdict(goal), "met": goal.met} for goal in report.goals]} for report in reports
    ]
    return json.dumps({"machine": asdict(machine), "reports": told}, indent=2, default=str) + "\n"


def as_page(reports: Sequence[Report], machine: Machine) -> str:
    """docs/performance.md."""
    parts = [INTRODUCTION, "\n".join(_machine_lines(machine)), "\n".join(_goal_table(reports))]
    parts += ["\n".join(_report_lines(report)) for report in reports]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _machine_lines(machine: Machine) -> Iterator[str]:
    yield f"- Measured on {machine.measured_at:%Y-%m-%d}."
    yield f"- {machine.cores} cores ({machine.processor}), {machine.memory_gb:.0f} GB of memory, {machine.system}."
    yield f"- {', '.join(f'{name} {version}' for name, version in machine.versions)}."
    before, after = machine.load
    yield f"- Load of the machine when the run began and when it ended: {before:.1f} and {after:.1f}."


def _goal_table(reports: Sequence[Report]) -> Iterator[str]:
    yield "| | goal | measured | |"
    yield "|---|---|---|---|"
    for report in reports:
        for goal in report.goals:
            verdict = "met" if goal.met else "**missed**"
            yield f"| {report.id} | {goal.name}: {bound(goal)} | {amount(goal.measured, goal.unit)} | {verdict} |"


def _report_lines(report: Report) -> Iterator[str]:
    yield f"## {report.id}: {report.title}"
    yield ""
    yield report.how
    yield ""
    yield "| measured | median | every round |"
    yield "|---|---|---|"
    for figure in report.figures:
        rounds = ", ".join(number(value) for value in figure.values) if len(figure.values) > 1 else ""
        yield f"| {figure.name} | {amount(figure.median, figure.unit)} | {rounds} |"
    for remark in report.remarks:
        yield ""
        yield remark
