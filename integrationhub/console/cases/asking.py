"""The exact question and answer of a record's last try, as they were kept: redacted before they were stored."""

import contextlib
import json
import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from connectors import ports
from connectors.models import Connection
from exceptions_app.models import ExceptionCase
from integrationhub.console.cases.waiting import blocked_jobs
from integrationhub.console.orders.timeline import answer_words
from integrationhub.sync import ticks
from integrationhub.sync.attempts import unpack
from integrationhub.sync.models import CallBody, SyncAttempt, SyncCall, SyncJob

CALLS_SHOWN = 10
_KEPT_NUMBER = re.compile(r'"\\u0000([-+.\deE]+)\\u0000"')
_BODY_SHOWN = 100_000  # characters; a longer answer is cut, and says so


def last_try(request: HttpRequest, case: ExceptionCase) -> HttpResponse:
    """A fragment for the fold: of the record that was named, else of the one that was tried last."""
    wanted = request.GET.get("record", "")
    job = _named(case, int(wanted)) if wanted.isdigit() else _latest(case)
    attempt = SyncAttempt.objects.filter(job_id=job.pk).order_by("-pk").first() if job else None
    calls = _calls(attempt) if attempt else []
    context = {
        "job": job,
        "what": ticks.label(job.flow) if job else "",
        "attempt": attempt,
        "result": attempt.get_result_display().lower() if attempt else "",
        "calls": calls,
        "now": ports.now(),
        "zone": None,
    }
    return TemplateResponse(request, "console/cases/last_try.html", context)


def _named(case: ExceptionCase, job_id: int) -> SyncJob:
    """The record, if it waits for this case; nobody reads another's answers by counting up."""
    job = blocked_jobs(case).filter(pk=job_id).first()
    if job is None:
        raise PermissionDenied
    return job


def _latest(case: ExceptionCase) -> SyncJob | None:
    waiting = blocked_jobs(case).values_list("pk", flat=True)
    latest = SyncAttempt.objects.filter(job_id__in=waiting).order_by("-pk").values_list("job_id", flat=True).first()
    return SyncJob.objects.filter(pk=latest).first() if latest else None


def _calls(attempt: SyncAttempt) -> list[dict[str, Any]]:
    rows = list(SyncCall.objects.filter(job_id=attempt.job_id, attempt_id=attempt.pk).order_by("-pk")[:CALLS_SHOWN])
    names = dict(Connection.objects.filter(pk__in={row.connection_id for row in rows}).values_list("pk", "name"))
    bodies = {body.call_id: body for body in CallBody.objects.filter(call_id__in=[row.pk for row in rows])}
    return [_told(row, names.get(row.connection_id, "a platform"), bodies.get(row.pk)) for row in reversed(rows)]


def _told(row: SyncCall, name: str, body: CallBody | None) -> dict[str, Any]:
    answer, tone = answer_words(row)
    sides = (
        [("What the hub asked", body.request), (f"{name}'s answer, in its own words", body.response)] if body else []
    )
    return {
        "title": f"{'Told' if row.write else 'Asked'} {name}: {row.operation}",
        "answer": answer,
        "tone": tone,
        "address": f"{row.method} {row.url}",
        "parts": [(label, _readable(unpack(bytes(data)))) for label, data in sides],
    }


def _readable(side: Mapping[str, Any]) -> str:
    """JSON indented, its numbers written as they came (50.10 stays 50.10); anything else as it is."""
    text = str(side.get("body", ""))
    with contextlib.suppress(ValueError):
        kept = json.loads(text, parse_float=lambda number: f"\0{number}\0")
        text = _KEPT_NUMBER.sub(r"\1", json.dumps(kept, indent=2, ensure_ascii=False))
    return text if len(text) <= _BODY_SHOWN else f"{text[:_BODY_SHOWN]}\n… cut here; it is longer."
