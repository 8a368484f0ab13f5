import pytest
from django.test import Client

from connectors.ports import VirtualClock
from integrationhub.console.front.health import SILENT_AFTER_SECONDS
from integrationhub.sync.sweep import beat


def test_the_health_check_asks_no_database(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_the_front_door_leads_to_the_console(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/console/"


@pytest.mark.django_db
def test_strangers_are_asked_to_log_in(client: Client) -> None:
    assert client.get("/console/").headers["Location"] == "/console/login/?next=/console/"


def test_the_icon_that_browsers_ask_for_is_answered(client: Client) -> None:
    assert client.get("/favicon.ico").status_code == 204


@pytest.mark.django_db
def test_a_scheduler_that_stopped_is_told_to_a_monitor_outside(client: Client, virtual_clock: VirtualClock) -> None:
    told = client.get("/healthz/clock")
    assert (told.status_code, told.content) == (503, b"The scheduler has not run yet. Nothing runs by the clock.\n")
    beat("scheduler")
    assert client.get("/healthz/clock").status_code == 200
    virtual_clock.advance(SILENT_AFTER_SECONDS + 1)
    told = client.get("/healthz/clock")
    assert (told.status_code, told.content) == (
        503,
        b"The scheduler is silent for 3 min. Nothing runs by the clock.\n",
    )
