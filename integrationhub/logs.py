"""Structured logs: one JSON object a line, holding only fields named here.

An allow-list, because a field nobody thought of must stay out of the log rather than in it.
"""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from connectors.redaction import Redaction

_ALLOWED = """
    event level logger timestamp exception error
    request_id user method path status duration_ms
    brand connection platform link feed flow lane queue worker schedule slot chore
    job jobs attempt attempts case record key external_id reference order dispatch refund payout sku fence
    state reason outcome operation code count claimed bytes retry_after seconds
    queued running done skipped retrying blocked unknown failed errored
    QUEUED RUNNING DONE SKIPPED RETRYING BLOCKED UNKNOWN FAILED ERRORED
    program pid port exit_code version environment
"""
ALLOWED_FIELDS = frozenset(_ALLOWED.split())
# Text that slips into a message all the same: people's addresses, and whatever follows a secret-looking name.
_PEOPLE = Redaction()
_SECRET = re.compile(
    r"(?i)\b(authorization|bearer|\w*token|\w*api[_-]?key|\w*secret|password|signature)\b"
    r"([\"']?\s*[:=]\s*[\"']?|\s+)(bearer\s+)?[^\s,;&\"'}]+"
)


def redact_text(text: str) -> str:
    """Return `text` with e-mail addresses, telephone numbers and secret-looking values replaced."""
    return _SECRET.sub(r"\1\2[redacted]", _PEOPLE.text(text))


def keep_allowed_fields(logger: object, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Drop every field that is not on the list and say which were dropped, so that a developer can find out."""
    kept = {name: _redacted(value) for name, value in event.items() if name in ALLOWED_FIELDS}
    if dropped := sorted(name for name in event if name not in ALLOWED_FIELDS and not name.startswith("_")):
        kept["dropped"] = dropped
    return kept


def _redacted(value: object) -> object:
    if isinstance(value, int | float | bool) or value is None:
        return value
    return redact_text(str(value))


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """Return the LOGGING setting: everything goes to standard error, where the supervisor or the host collects it."""
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": "structlog.stdlib.ProcessorFormatter",
                "foreign_pre_chain": _SHARED,
                "processors": [
                    structlog.processors.format_exc_info,
                    keep_allowed_fields,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # They name the person who logs in; the audit trail is the place for that.
            "axes": {"level": "ERROR"},
            "rq.worker": {"level": "WARNING"},
        },
    }


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure_structlog() -> None:
    """Send structlog's own loggers through the standard library, so that one redaction stands in every road."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def get_logger(name: str) -> Any:
    """Return a logger: `get_logger(__name__).info("stock published", connection=..., count=...)`."""
    return structlog.stdlib.get_logger(name)
