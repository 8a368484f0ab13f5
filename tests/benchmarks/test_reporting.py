"""What is told of a run, from fixed figures."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import pytest

import benchmarks.__main__ as command
from benchmarks import b1, b3a, b3b
from benchmarks.machine import Machine
from benchmarks.measuring import Figure, Goal, Report, paired, percentile
from benchmarks.platforms import Platforms
from benchmarks.reporting import as_json, as_page, console_lines
from connectors.centra.sandbox import CentraSandbox

MACHINE = Machine(
    measured_at=datetime(2026, 1, 15, 9, 0, tzinfo=UTC),
    processor="Some processor",
    cores=2,
    memory_gb=7.8,
    system="Linux on x86_64",
    versions=(("Python", "3.11.7"), ("PostgreSQL", "18.6")),
    load=(0.12, 1.9),
)
REPORT = Report(
    id="B0",
    title="A thing that is measured",
    how="It was done twice.",
    figures=(
        Figure(name="Rate", unit="jobs/s", values=(11_000.4, 13_000.0, 12_345.6)),
        Figure(name="Memory", unit="MB", values=(87.74,)),
    ),
    goals=(
        Goal(name="Against the limit", measured=0.1768, bound=0.15, unit="x"),
        Goal(name="Memory", measured=121.4, bound=120.0, at_least=False, unit="MB"),
    ),
    remarks=("It rained.",),
)


def test_the_screen_tells_each_figure_and_whether_each_goal_is_met() -> None:
    assert list(console_lines(REPORT)) == [
        "B0  A thing that is measured",
        "      Rate: 12,346 jobs/s  (rounds: 11,000, 13,000, 12,346)",
        "      Memory: 87.7 MB",
        "  met     Against the limit: 0.177 x, goal at least 0.15 x",
        "  MISSED  Memory: 121 MB, goal at most 120 MB",
    ]


def test_the_page_tells_the_machine_the_goals_and_how_it_was_measured() -> None:
    page = as_page([REPORT], MACHINE)
    assert page.startswith("# Performance\n")
    for line in (
        "- Measured on 2026-01-15.",
        "- 2 cores (Some processor), 8 GB of memory, Linux on x86_64.",
        "- Python 3.11.7, PostgreSQL 18.6.",
        "- Load of the machine when the run began and when it ended: 0.1 and 1.9.",
        "| B0 | Against the limit: at least 0.15 x | 0.177 x | met |",
        "| B0 | Memory: at most 120 MB | 121 MB | **missed** |",
        "## B0: A thing that is measured",
        "It was done twice.",
        "| Rate | 12,346 jobs/s | 11,000, 13,000, 12,346 |",
        "| Memory | 87.7 MB |  |",
        "It rained.",
    ):
        assert line in page.splitlines()


def test_the_json_file_holds_every_value_as_it_was_measured() -> None:
    told = json.loads(as_json([REPORT], MACHINE))
    assert told["machine"]["measured_at"] == "2026-01-15 09:00:00+00:00"
    (report,) = told["reports"]
    assert report["figures"][0]["values"] == [11_000.4, 13_000.0, 12_345.6]
    assert [(goal["measured"], goal["met"]) for goal in report["goals"]] == [(0.1768, True), (121.4, False)]


def test_a_ratio_is_that_of_a_round_since_a_busy_machine_slows_both_sides() -> None:
    ratio = paired("Ours against theirs", [100.0, 10.0, 90.0], [50.0, 5.0, 30.0])
    assert (ratio.values, ratio.median) == ((2.0, 2.0, 3.0), 2.0)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert [percentile([4, 1, 3, 2], percent) for percent in (1, 50, 75, 95, 100)] == [1, 2, 3, 4, 4]


def test_b1_reports_its_goals() -> None:
    rounds = {"hub": [12_000.0], "hub_small": [11_000.0], "celery": [1_000.0], "limit": [60_000.0]}
    measured = b1._Measured(**rounds, hub_mb=[115.0], celery_mb=[123.0], wake_ups=[1.0])
    report = b1._report(measured, count=20_000)
    assert [(goal.name, round(goal.measured, 3), goal.met) for goal in report.goals] == [
        ("Hub against Celery", 12.0, True),
        ("Hub against the limit", 0.2, True),
        ("Hub's worker, peak", 115.0, True),
        ("Cost of a job at 20,000 against 5,000", 0.917, True),
        ("RQ jobs for all of them", 1.0, True),
    ]


def test_b3a_reports_its_goals() -> None:
    measured = b3a._Measured(hub=[290.0], hub_small=[280.0], raw=[900.0], worker_mb=[120.0, 121.0], statements=11.0)
    report = b3a._report(measured, count=1_200)
    assert [(goal.name, round(goal.measured, 3), goal.met) for goal in report.goals] == [
        ("Hub against the same statements", 0.322, True),
        ("SQL statements an order", 11.0, True),
        ("Orders a second", 290.0, False),
        ("Hub's workers, peak", 121.0, True),
        ("Cost of an order at 1,200 against 300", 0.966, True),
    ]


def test_b3b_reports_its_goals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two orders, the second of them sent with three mutations and a window late."""

    told = Mock(spec=Platforms, centra=Mock(spec=CentraSandbox, journal=Mock()))
    told.centra.journal.entries.return_value = []
    told.confirmed.return_value = {"MK-1": 100.4, "MK-2": 111.0}
    told.numbers.return_value = {}
    told.doubled.return_value = 0
    monkeypatch.setattr(b3b, "_request_moments", lambda: ([100.0] * 8, []))
    monkeypatch.setattr(b3b, "_call_latency", lambda world: 0.1)
    monkeypatch.setattr(b3b, "Counter", lambda _: {"MK-1": 2, "MK-2": 3})
    burst = b3b.Burst(poll_at=100.0, sold={"MK-1": 90.0, "MK-2": 91.0})
    report = b3b._report(told, burst)
    assert [(goal.name, round(goal.measured, 3), goal.met) for goal in report.goals] == [
        ("95 of 100 orders later than their floor by", 10.9, False),
        ("99 of 100 orders later than their floor by", 10.9, False),
        ("Mutations an order", 3, False),
        ("Orders that are there more than once", 0, True),
    ]
    assert {figure.name: figure.median for figure in report.figures}["Requests an order"] == 4.0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["B99"], "There is no B99; there are B1, B3a, B3b, B4, B5, B9."),
        (["--write", "--quick"], "leave out --quick and name no benchmark."),
        (["--write", "b1"], "leave out --quick and name no benchmark."),
        (["--json", "no-such-directory/figures.json"], "There is no directory no-such-directory"),
        (["--fast"], "unrecognized arguments: --fast"),
    ],
)
def test_wrong_words_are_answered_before_anything_starts(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[bool] = []
    monkeypatch.setattr(command, "ground", lambda: started.append(True))
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    assert (ended.value.code, started) == (2, [])
    assert said in capsys.readouterr().err


def test_a_missed_goal_is_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    met = replace(REPORT, goals=REPORT.goals[:1])
    page = tmp_path / "performance.md"
    monkeypatch.setattr(command, "PAGE", page)
    monkeypatch.setattr(command, "empty", lambda tables: None)
    monkeypatch.setattr("benchmarks.machine.look", lambda load_before: MACHINE)
    codes = []
    for report in (met, REPORT):
        monkeypatch.setattr(b1, "run", lambda where, quick, report=report: report)
        codes.append(command._measure(None, ["B1"], quick=False, json_file=tmp_path / "figures.json", write=True))  # type: ignore[arg-type]
    assert codes == [0, 1]
    assert page.read_text() == as_page([REPORT], MACHINE)
    assert (tmp_path / "figures.json").read_text() == as_json([REPORT], MACHINE)
    assert capsys.readouterr().out.endswith("Missed: B0 Memory.\n")
