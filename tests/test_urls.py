import pytest
from django.test import Client


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
