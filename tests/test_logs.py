import io
import json
import logging
import logging.config
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integrationhub import logs

SECRETS = ["s3cr3t-token-value", "alice@example.com"]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Everything logged so far, as the objects on the lines."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    logging.config.dictConfig(logs.logging_config(level="INFO", as_json=True))
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = before


def test_a_line_is_one_json_object_with_its_fields(written: Callable[[], list[dict[str, Any]]]) -> None:
    logs.get_logger("hub.stock").info("stock published", connection="zalando", count=3)
    [line] = written()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "stock published",
        "level": "info",
        "logger": "hub.stock",
        "connection": "zalando",
        "count": 3,
    }


def test_a_field_that_is_not_on_the_list_is_dropped_and_named(written: Callable[[], list[dict[str, Any]]]) -> None:
    logs.get_logger("hub").info("order received", order="MK-1", address="12 High Street", api_token=SECRETS[0])
    [line] = written()
    assert line["dropped"] == ["address", "api_token"]
    assert "High Street" not in json.dumps(line)
    assert line["order"] == "MK-1"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer s3cr3t-token-value",
        "GET /orders?api_key=s3cr3t-token-value&page=2",
        "token = s3cr3t-token-value",
        "password: s3cr3t-token-value",
        "{'secret': 's3cr3t-token-value'}",
        "mail for alice@example.com bounced",
    ],
)
def test_secrets_and_addresses_in_text_are_replaced(text: str) -> None:
    redacted = logs.redact_text(text)
    assert not [secret for secret in SECRETS if secret in redacted]
    assert "[redacted]" in redacted or "[e-mail]" in redacted


def test_plain_words_stay_as_they_are() -> None:
    text = "Order MK-10023-A: 2 of 3 lines dispatched with DHL, tracking JD0146"
    assert logs.redact_text(text) == text


def test_other_libraries_lines_take_the_same_road(written: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("some.library").warning("login for %s refused", "alice@example.com", extra={"password": "x"})
    [line] = written()
    assert line["event"] == "login for [e-mail] refused"
    assert line["logger"] == "some.library"


def test_secrets_in_an_exception_are_replaced_too(written: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        raise ValueError("token: s3cr3t-token-value for alice@example.com")
    except ValueError:
        logs.get_logger("hub").exception("attempt failed", job="1")
    [line] = written()
    assert "ValueError" in line["exception"]
    assert not [secret for secret in SECRETS if secret in json.dumps(line)]


def test_a_newline_cannot_forge_a_second_line(written: Callable[[], list[dict[str, Any]]]) -> None:
    logs.get_logger("hub").info("received", reference='x\n{"event": "forged"}')
    assert [line["event"] for line in written()] == ["received"]
