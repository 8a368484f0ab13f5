"""Correcting a record that cannot go on: the form, the preview of what the hub would read, the second person."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from connectors import ports
from connectors.access import Right
from connectors.admin_base import Rights, rights_of
from connectors.models import record_audit
from integrationhub.console.orders.looking import pretty
from integrationhub.orders import correcting
from integrationhub.orders.canonical_words import Difference, differences
from integrationhub.orders.correcting import Draft, RefusedCorrectionError, Subject
from integrationhub.orders.correcting_fields import Field, told, words_of
from integrationhub.orders.correcting_rehearsal import Rehearsal, rehearse
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import inbox
from integrationhub.sync.corrections import Change, changes_of
from integrationhub.sync.models import Correction, SyncJob

PREFIX = "value:"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One field of the form."""

    field: Field
    box: str  # the input's name
    text: str  # what stands in it
    error: str


@dataclass(frozen=True, kw_only=True)
class Group:
    title: str
    plain: Sequence[Row]
    empty: Sequence[Row]  # folded away
    at_fault: bool


@dataclass(frozen=True, kw_only=True)
class Preview:
    changes: Sequence[dict[str, str]]
    differences: Sequence[Difference]
    rehearsal: Rehearsal | None
    problems: Sequence[str]
    money: bool
    digest: str


def edit(request: HttpRequest, job_id: int) -> HttpResponse:
    job = _job(request, job_id)
    try:
        subject = correcting.subject_of(job)
    except RefusedCorrectionError as error:
        return _page(request, job, {"refused": str(error)})
    if request.method == "GET":
        _note_opened(request, job)
        return _show(request, subject)
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "POST"])
    act = _ACTS.get(request.POST.get("do", ""))
    if act is None:
        raise PermissionDenied
    answer: HttpResponse = act(request, subject)
    return answer


def may_open(rights: Rights, brand_id: int) -> bool:
    """The form shows names and addresses; it is for who corrects and for who approves."""
    works = rights.may(Right.CHANGE_ORDERS, brand_id) or rights.may(Right.APPROVE_MONEY, brand_id)
    return works and rights.may(Right.SEE_PERSONAL_DATA, brand_id)


def _job(request: HttpRequest, job_id: int) -> SyncJob:
    rows = SyncJob.objects.select_related("brand", "link__source", "link__target", "record__document")
    job = rows.filter(pk=job_id).first()
    if job is None or not may_open(rights_of(request), job.brand_id):
        raise PermissionDenied
    return job


def _note_opened(request: HttpRequest, job: SyncJob) -> None:
    assert job.record is not None
    with transaction.atomic():
        record_audit(
            actor=request.user.get_username(),
            action="personal_data.opened",
            subject=job.record,
            brand=job.brand,
            after={"page": "correction"},
        )


# --- what it does -----------------------------------------------------------------------------------------------------


def _preview(request: HttpRequest, subject: Subject) -> HttpResponse:
    texts = _texts(request)
    try:
        draft = _drafted(request, subject, texts)
    except RefusedCorrectionError as error:
        return _show(request, subject, texts=texts, error=error)
    return _show(request, subject, texts=texts, preview=preview_of(subject, draft))


def _propose(request: HttpRequest, subject: Subject) -> HttpResponse:
    texts, preview = _texts(request), None
    try:
        draft = _drafted(request, subject, texts)
        preview = preview_of(subject, draft)
        if preview.digest != request.POST.get("previewed", ""):
            raise RefusedCorrectionError("Look at what changes first: something was typed since.")
        correction = correcting.propose(
            subject,
            draft.changes,
            by=request.user,  # type: ignore[arg-type]  # the site lets nobody else in
            reason=request.POST.get("reason", ""),
            token=request.POST.get("token", "")[:40] or ports.new_id(),
            record_id=int(request.POST.get("record") or 0),
        )
    except RefusedCorrectionError as error:
        return _show(request, subject, texts=texts, preview=preview, error=error)
    if correction.state == Correction.State.PROPOSED:
        messages.success(request, "Sent to a second person. Nothing changes until they approve it.")
    else:
        messages.success(request, "Corrected. The record is being tried again.")
    return _back(subject.job)


def _drafted(request: HttpRequest, subject: Subject, texts: Mapping[str, str]) -> Draft:
    if not rights_of(request).may(Right.CHANGE_ORDERS, subject.job.brand_id):
        raise PermissionDenied
    if subject.waiting is not None and subject.waiting.token != request.POST.get("token"):
        raise RefusedCorrectionError("A correction of it waits for a second person already.")
    draft = correcting.draft(subject, texts)
    if not draft.changes:
        raise RefusedCorrectionError("Nothing was changed.")
    return draft


def _decide(request: HttpRequest, subject: Subject) -> HttpResponse:
    """Approve, turn down or take back the correction that waits."""
    do, reason = request.POST["do"], request.POST.get("reason", "")
    correction = request.POST.get("correction", "")
    if not correction.isdigit() or not subject.document.corrections.filter(pk=int(correction)).exists():
        raise PermissionDenied
    try:
        _DECISIONS[do](int(correction), by=request.user, reason=reason)
    except RefusedCorrectionError as error:
        for problem in error.problems:
            messages.error(request, problem)
        return _back(subject.job)
    messages.success(request, _DECIDED[do])
    return _back(subject.job)


_DECISIONS: Mapping[str, Any] = {
    "approve": correcting.approve,
    "reject": correcting.reject,
    "withdraw": correcting.withdraw,
}
_DECIDED = {
    "approve": "Approved. The record is being tried again.",
    "reject": "Turned down. The record stays as it arrived.",
    "withdraw": "Taken back. The record stays as it arrived.",
}
_ACTS: Mapping[str, Any] = {"preview": _preview, "propose": _propose, **dict.fromkeys(_DECISIONS, _decide)}


def _back(job: SyncJob) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:record_edit", args=[job.pk]))


def _texts(request: HttpRequest) -> dict[str, str]:
    sent = request.POST.items()
    return {name.removeprefix(PREFIX): str(value) for name, value in sent if name.startswith(PREFIX)}


# --- what it shows ----------------------------------------------------------------------------------------------------


def preview_of(subject: Subject, draft: Draft) -> Preview:
    return Preview(
        changes=_changes(draft.changes),
        differences=differences(subject.before, draft.after) if draft.after else [],
        rehearsal=rehearse(draft.after, subject.link) if draft.after and not draft.problems else None,
        problems=[_sentence(problem.field, problem.message) for problem in draft.problems],
        money=draft.money,
        digest=_digest(draft.changes),
    )


def told_corrections(rows: Iterable[Correction]) -> list[dict[str, Any]]:
    """Each with its fields as people read them, and whether that one has lapsed."""
    return [
        {"row": row, "fields": [(words_of(name), name in row.lapsed_fields) for name in row.fields]} for row in rows
    ]


def _changes(changes: Iterable[Change]) -> list[dict[str, str]]:
    return [{"what": words_of(change.field), "was": told(change.old), "now": told(change.new)} for change in changes]


def _digest(changes: Iterable[Change]) -> str:
    """What was looked at: pressing the button later must mean the same."""
    words = [f"{change.field}={told(change.new)}" for change in changes]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]


def _sentence(field: str, message: str) -> str:
    return f"{words_of(field)}: {message}" if field else message


def _show(
    request: HttpRequest,
    subject: Subject,
    *,
    texts: Mapping[str, str] | None = None,
    preview: Preview | None = None,
    error: RefusedCorrectionError | None = None,
) -> HttpResponse:
    rights, brand_id, waiting = rights_of(request), subject.job.brand_id, subject.waiting
    context: dict[str, Any] = {
        "subject": subject,
        "problems": [_sentence(problem.field, problem.message) for problem in subject.problems],
        "errors": error.problems if error else (),
        "preview": preview,
        "groups": [],
        "token": request.POST.get("token") or ports.new_id(),
        "reason": request.POST.get("reason", ""),
        "corrections": told_corrections(subject.corrections),
        "arrived": pretty(inbox.encode(subject.payload).decode()),
        "may_correct": rights.may(Right.CHANGE_ORDERS, brand_id) and not subject.why_not and waiting is None,
    }
    if context["may_correct"]:
        context["groups"] = _groups(subject.fields, texts or {}, error.by_field if error else {})
    if waiting is not None:
        mine = waiting.proposed_by_id == request.user.pk
        context |= {
            "waiting": waiting,
            "proposed": preview_of(subject, correcting.drafted(subject, changes_of(waiting))),
            "may_withdraw": mine,
            "may_approve": rights.may(Right.APPROVE_MONEY, brand_id) and not mine,
        }
    return _page(request, subject.job, context)


def _page(request: HttpRequest, job: SyncJob, context: dict[str, Any]) -> HttpResponse:
    order = None
    if job.link_id and job.serial_key.startswith("order:"):
        reference = job.serial_key.split(":", 2)[2]
        order = SoldOrder.objects.filter(link_id=job.link_id, reference=reference).first()
    case = job.blockers.filter(released_at=None).order_by("pk").values_list("case_id", flat=True).first()
    full = {
        **admin.site.each_context(request),
        "title": f"Correct {job.key}",
        "opts": SoldOrder._meta,
        "job": job,
        "order": order,
        "case_id": case,
        "now": ports.now(),
        "zone": ZoneInfo(job.brand.timezone),
        **context,
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, "console/orders/edit.html", full)


def _groups(fields: Sequence[Field], texts: Mapping[str, str], errors: Mapping[str, str]) -> list[Group]:
    """The form's fields by what they belong to; what is at fault first."""
    rows: dict[str, list[Row]] = {}
    for field in fields:
        row = Row(
            field=field,
            box=f"{PREFIX}{field.name}",
            text=texts.get(field.name, field.text),
            error=errors.get(field.name, ""),
        )
        rows.setdefault(field.group, []).append(row)
    groups = [
        Group(
            title=title,
            plain=[row for row in members if row.field.is_plain or _was_touched(row)],
            empty=[row for row in members if not (row.field.is_plain or _was_touched(row))],
            at_fault=any(row.field.problems or row.error for row in members),
        )
        for title, members in rows.items()
    ]
    return sorted(groups, key=lambda group: not group.at_fault)


def _was_touched(row: Row) -> bool:
    return bool(row.error) or row.text != row.field.text
