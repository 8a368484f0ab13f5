"""What operators and cron run: exit codes, words for people, JSON for machines."""

import io
import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
import requests
from django.conf import settings
from django.core.management import CommandError, call_command

from connectors.models import Connection
from integrationhub.sync import queue
from integrationhub.sync.lanes import DRAIN, URGENT
from integrationhub.sync.models import Beat, Schedule, SyncJob
from tests.flows.world import World

pytestmark = pytest.mark.django_db


def run(name: str, *words: str) -> str:
    out = io.StringIO()
    call_command(name, *words, stdout=out)
    return out.getvalue()


# --- sync -------------------------------------------------------------------------------------------------------------


def test_sync_runs_a_flow_and_all_that_it_makes(world: World) -> None:
    reference = world.sell(to="SHIPPING")
    world.advance(121)
    told = run("sync", "read_orders", "--connection", "Northgate")
    assert told == "2 done\n"
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]


def test_sync_names_the_flows(world: World) -> None:
    assert "read_orders            Read orders" in run("sync", "list").splitlines()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("read_minds",), "There is no flow named read_minds."),
        (("read_orders", "--connection", "Southgate"), "There is no connection named Southgate."),
        (("read_orders", "--since", "yesterday"), "--since yesterday is not a time."),
        (("accept_order", "--since", "2026-01-01"), "Accept orders has no back-fill."),
    ],
)
def test_sync_says_what_is_wrong_with_its_words(world: World, words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence) as error:
        run("sync", *words)
    assert error.value.returncode == 2
    assert SyncJob.objects.count() == 0


def test_a_back_fill_is_previewed_then_brought_in(world: World) -> None:
    reference = world.sell(to="SHIPPING", created_at="2026-01-10T08:00:00Z")
    world.poll()
    assert world.in_centra(reference) == []
    preview = json.loads(run("sync", "read_orders", "--since", "2026-01-01", "--dry-run", "--json").splitlines()[-1])
    assert (preview["dry_run"], preview["seen"], preview["stored"]) == (True, 1, 0)
    assert world.in_centra(reference) == []


def test_a_dry_run_of_a_flow_changes_nothing(world: World) -> None:
    world.sell(to="SHIPPING")
    assert "Would run" in run("sync", "read_orders", "--dry-run")
    assert SyncJob.objects.count() == 0
    assert world.mirakl.journal.entries() == []


# --- check_connections ------------------------------------------------------------------------------------------------


def test_check_connections_tells_what_works(world: World) -> None:
    told = json.loads(run("check_connections", "--json"))
    assert [(row["connection"], row["ok"]) for row in told["connections"]] == [("Centra", True), ("Northgate", True)]


def test_check_connections_ends_with_one_when_a_key_is_refused(world: World) -> None:
    Connection.objects.filter(pk=world.northgate.pk).update(credentials={"api_key": "wrong"})
    with pytest.raises(SystemExit) as ended:
        run("check_connections", "--connection", "Northgate")
    assert ended.value.code == 1


def test_check_connections_resumes_a_connection_that_works_again(world: World) -> None:
    Connection.objects.filter(pk=world.northgate.pk).update(state="REFUSED", state_reason="The key was refused.")
    run("check_connections", "--connection", "Northgate")
    world.northgate.refresh_from_db()
    assert (world.northgate.state, world.northgate.state_reason) == ("ACTIVE", "")


# --- replay -----------------------------------------------------------------------------------------------------------


def test_replay_tries_again_what_waits(world: World) -> None:
    reference = world.sell(("NG-UNKNOWN", 1, "10.00"), to="SHIPPING")
    world.poll()
    assert run("replay", "--key", reference, "--dry-run") == "1 would be tried again.\n"
    assert world.job("import_order", reference).state == "BLOCKED"
    assert json.loads(run("replay", "--flow", "import_order", "--json"))["jobs"] == [
        {"flow": "import_order", "key": reference, "state": "BLOCKED"}
    ]
    assert world.job("import_order", reference).state == "QUEUED"
    world.work()
    assert world.cases() == [("unmapped_sku", 1)]


def test_replay_wants_to_know_what(world: World) -> None:
    with pytest.raises(CommandError, match="Say what to try again") as error:
        run("replay")
    assert error.value.returncode == 2


# --- the long-running ones --------------------------------------------------------------------------------------------


def test_one_round_of_the_scheduler_starts_what_is_due(world: World) -> None:
    run("sync", "read_orders", "--dry-run")  # plans the schedules
    due = Schedule.objects.filter(cadence_seconds__isnull=False).count()
    assert run("run_scheduler", "--once").startswith(f"{due} flows started")
    assert run("run_scheduler", "--once").startswith("0 flows started")


@pytest.mark.parametrize("name", [URGENT, DRAIN])
def test_a_worker_takes_what_is_queued_and_ends_when_asked_to(world: World, name: str) -> None:
    queue.wake(world.northgate.pk, name)
    assert len(queue.queued_ids(name)) == 1
    run("run_worker", "--queue", name, "--burst")
    assert queue.queued_ids(name) == []


def test_a_sandbox_alone_tells_its_address_and_credentials() -> None:
    words = [sys.executable, "manage.py", "sandbox", "mirakl", "--empty", "--json"]
    with subprocess.Popen(words, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, env=dict(os.environ)) as process:
        _ask_and_stop(process)


def _ask_and_stop(process: subprocess.Popen[bytes]) -> None:
    try:
        assert process.stdout is not None
        told: dict[str, Any] = json.loads(process.stdout.readline())
        headers = {"Authorization": told["credentials"]["api_key"], "Accept": "application/json"}
        assert requests.get(told["base_url"] + "/api/version", headers=headers, timeout=10).status_code == 200
        assert (
            requests.get(told["base_url"] + "/_control/journal", timeout=10).json()["entries"][0]["path"]
            == "/api/version"
        )
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_the_heartbeat_says_when_a_part_was_last_alive(world: World) -> None:
    from integrationhub.sync import sweep

    assert sweep.silent_for("scheduler") is None
    sweep.beat("scheduler")
    world.clock.advance(30)
    silent = sweep.silent_for("scheduler")
    assert silent is not None
    assert silent.total_seconds() == 30
    assert Beat.objects.count() == 1
