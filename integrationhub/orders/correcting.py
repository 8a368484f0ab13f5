"""Correcting a document that cannot go on: proposed by one person, let count by another where money changes, replayed.

The connector's own reading decides whether a correction can be read; nothing is proposed that it refuses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import F

from connectors import ports
from connectors.access import Right, may
from connectors.canonical.dispatches import check_dispatch
from connectors.canonical.errors import DataError, HubError, Problem
from connectors.canonical.orders import Order
from connectors.models import Link, record_audit
from integrationhub.orders.canonical_words import Reading, money_of
from integrationhub.orders.correcting_fields import Field, NotTypedError, fields_of, touches_amounts, typed
from integrationhub.sync import corrections, inbox, queue
from integrationhub.sync.corrections import Change, changes_of, counting_among, overlaid, packed, same
from integrationhub.sync.lanes import queue_of
from integrationhub.sync.models import Correction, Document, InboxBody, SyncJob
from integrationhub.sync.models.jobs import CLAIMABLE_STATES, WAITING_STATES
from integrationhub.sync.places import place

State = Correction.State
REASON_LENGTH = 500
CLOCKS_APART = timedelta(days=1)
CORRECTABLE_STATES = (*WAITING_STATES, *CLAIMABLE_STATES)


class RefusedCorrectionError(Exception):
    """It cannot be corrected like this; `problems` are sentences for the person, by field where they are about one."""

    def __init__(self, *problems: str, by_field: Mapping[str, str] | None = None) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems
        self.by_field = dict(by_field or {})


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A document somebody wants to correct, as it arrived and as it counts."""

    job: SyncJob
    link: Link
    document: Document
    record_id: int
    payload: Any  # as it arrived
    counting: Mapping[str, Change]  # field → the change that counts now
    corrections: list[Correction]  # all that were ever proposed, the latest first
    waiting: Correction | None
    before: Reading | None  # as the hub reads it now; None when it cannot
    problems: tuple[Problem, ...]
    why_not: str = ""  # "" when it may be corrected now

    @property
    def fields(self) -> list[Field]:
        return fields_of(self.payload, self.counting, self.problems)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a correction would come to, before anybody is bound by it."""

    changes: list[Change]
    after: Reading | None
    problems: list[Problem] = field(default_factory=list)
    money: bool = False  # takes a second person


# --- reading ----------------------------------------------------------------------------------------------------------


def _parse_order(link: Link, payload: Any) -> Reading:
    return place(link.source_id).connector.parse_order(payload)


def _parse_dispatch(link: Link, payload: Any) -> Reading:
    return check_dispatch(place(link.target_id).connector.parse_dispatch(payload))


# Flow → how its document is read. Other flows have no document of their own.
READERS: Mapping[str, Callable[[Link, Any], Reading]] = {
    "import_order": _parse_order,
    "confirm_dispatch": _parse_dispatch,
}


def why_not_correct(job: SyncJob) -> str:
    """ "" when the job's document may be corrected now, else why not. Costs no query when `record` is selected."""
    if job.flow not in READERS or job.link is None or job.record is None or job.record.document_id is None:
        return "There is no document to correct here."
    if job.state == SyncJob.State.RUNNING:
        return "It is being worked on at this moment. Look again in a minute."
    if job.state not in CORRECTABLE_STATES:
        return "It has gone on already. Correct it where it is now."
    return ""


def subject_of(job: SyncJob) -> Subject:
    """Raises RefusedCorrectionError when there is nothing that could be read or corrected at all."""
    if job.flow not in READERS or job.link is None or job.record is None or job.record.document is None:
        raise RefusedCorrectionError("There is no document to correct here.")
    document = job.record.document
    payload = _bytes_of(job.record.pk)
    known = list(document.corrections.select_related("proposed_by", "decided_by"))
    counting = counting_among(known)
    before, problems = read(job, overlaid(payload, counting.values())[0])
    return Subject(
        job=job,
        link=job.link,
        document=document,
        record_id=job.record.pk,
        payload=payload,
        counting=counting,
        corrections=known,
        waiting=next((one for one in known if one.state == State.PROPOSED), None),
        before=before,
        problems=tuple(problems),
        why_not="What is personal in it was erased." if document.erased_at else why_not_correct(job),
    )


def _bytes_of(record_id: int) -> Any:
    try:
        return inbox.read_payload(record_id)
    except InboxBody.DoesNotExist:
        raise RefusedCorrectionError("What arrived is no longer kept.") from None
    except DataError:
        raise RefusedCorrectionError(
            "What arrived is torn: it has no fields that could be corrected. Ask the platform to send it again."
        ) from None


def read(job: SyncJob, payload: Any) -> tuple[Reading | None, list[Problem]]:
    """The connector's reading, or every reason why there is none."""
    assert job.link is not None
    try:
        return READERS[job.flow](job.link, payload), []
    except DataError as error:
        return None, list(error.problems)
    except HubError as error:
        return None, [Problem(field="", message=error.message)]


# --- drafting ---------------------------------------------------------------------------------------------------------


def draft(subject: Subject, texts: Mapping[str, str]) -> Draft:
    """What the form asks for. `texts`: field name → what stands in its box. Raises RefusedCorrectionError by field."""
    changes, wrong = [], {}
    for each in subject.fields:
        text = texts.get(each.name)
        if text is None or text.strip() == each.text.strip():
            continue
        try:
            new = typed(each, text)
        except NotTypedError as error:
            wrong[each.name] = str(error)
            continue
        if not same(new, each.counts):
            changes.append(Change(path=each.path, old=each.old, new=new))
    if wrong:
        raise RefusedCorrectionError("Some values cannot be read.", by_field=wrong)
    return drafted(subject, changes)


def drafted(subject: Subject, changes: list[Change]) -> Draft:
    """What these changes would come to, laid over those that count already."""
    everything = {**subject.counting, **{change.field: change for change in changes}}
    payload, _ = overlaid(subject.payload, everything.values())
    after, problems = read(subject.job, payload)
    if after is not None:
        problems = _own_rules(subject, after)
    return Draft(changes=changes, after=after, problems=problems, money=_takes_two(subject, changes, after))


def _own_rules(subject: Subject, after: Reading) -> list[Problem]:
    """What no correction may touch: which order it is, and when the platform last said something of it."""
    problems = []
    if isinstance(after, Order):
        known = subject.before.reference if isinstance(subject.before, Order) else subject.document.external_id
        if after.reference != known and "#" not in known:
            problems.append(Problem(field="", message=f"It stays order {known}: its number cannot be corrected."))
        if after.updated_at > ports.now() + CLOCKS_APART:  # it would keep every later version from counting
            problems.append(Problem(field="", message="The time of its last change cannot lie ahead."))
    return problems


def _takes_two(subject: Subject, changes: list[Change], after: Reading | None) -> bool:
    """Whether money changes, or what it means that there is money: the state says whether the customer has paid."""
    if isinstance(subject.before, Order) and isinstance(after, Order):
        return money_of(subject.before) != money_of(after) or subject.before.state != after.state
    return subject.job.flow == "import_order" and touches_amounts(changes)


# --- deciding ---------------------------------------------------------------------------------------------------------


def propose(
    subject: Subject, changes: list[Change], *, by: AbstractBaseUser, reason: str, token: str, record_id: int
) -> Correction:
    """Keep the correction. Without money it counts at once and the record is replayed; else it waits for a second person.

    The same form sent twice (`token`) is one correction. Raises RefusedCorrectionError.
    """
    if known := Correction.objects.filter(token=token, proposed_by_id=by.pk).first():
        return known
    _require(may(by, Right.CHANGE_ORDERS, subject.job.brand_id), "You may not correct records of this brand.")
    _require(bool(reason.strip()), "Say why it is corrected.")
    try:
        with transaction.atomic():
            return _proposed(subject, changes, by=by, reason=reason, token=token, record_id=record_id)
    except IntegrityError as error:
        if known := Correction.objects.filter(token=token, proposed_by_id=by.pk).first():
            return known
        raise RefusedCorrectionError("Somebody else has just proposed a correction of it.") from error


def _proposed(
    subject: Subject, changes: list[Change], *, by: AbstractBaseUser, reason: str, token: str, record_id: int
) -> Correction:
    job = (
        SyncJob.objects.select_for_update(of=("self",))
        .select_related("link", "record__document")
        .get(pk=subject.job.pk)
    )
    fresh = subject_of(job)
    _require(not fresh.why_not, fresh.why_not)
    _require(fresh.waiting is None, "A correction of it waits for a second person already.")
    _require(fresh.record_id == record_id, "The platform has sent a newer version meanwhile. Look at that one first.")
    _require(bool(changes), "Nothing was changed.")
    made = drafted(fresh, changes)
    _require(not made.problems, *(problem.message for problem in made.problems))
    correction = Correction.objects.create(
        brand_id=job.brand_id,
        document=fresh.document,
        record_id=fresh.record_id,
        job_id=job.pk,
        token=token,
        changes=packed(changes),
        fields=[change.field for change in changes],
        money=made.money,
        reason=reason.strip()[:REASON_LENGTH],
        proposed_by_id=by.pk,
    )
    _audit(correction, "proposed", by=by, before=None, reason=correction.reason)
    if not made.money:
        _let_count(correction, by=by, reason="No money changes, so one person is enough.")
    return correction


def approve(correction_id: int, *, by: AbstractBaseUser, reason: str = "") -> Correction:
    """Let it count and replay the record. Never by the person who proposed it; the database sees to that too."""
    with transaction.atomic():
        correction = _locked(correction_id)
        _require(may(by, Right.APPROVE_MONEY, correction.brand_id), "You may not approve corrections of money.")
        _require(correction.proposed_by_id != by.pk, "Somebody else has to look at it: you proposed it yourself.")
        if correction.state == State.APPROVED:
            return correction
        _require(correction.state == State.PROPOSED, "It has been decided already.")
        _require_still_right(correction)
        _let_count(correction, by=by, reason=reason)
    return correction


def reject(correction_id: int, *, by: AbstractBaseUser, reason: str) -> Correction:
    with transaction.atomic():
        correction = _locked(correction_id)
        _require(may(by, Right.APPROVE_MONEY, correction.brand_id), "You may not decide on corrections of money.")
        _require(correction.proposed_by_id != by.pk, "You proposed it yourself: take it back instead.")
        _require(bool(reason.strip()), "Say why it is turned down.")
        if correction.state == State.REJECTED:
            return correction
        _require(correction.state == State.PROPOSED, "It has been decided already.")
        _decide(correction, State.REJECTED, by=by, reason=reason, action="rejected")
    return correction


def withdraw(correction_id: int, *, by: AbstractBaseUser, reason: str = "") -> Correction:
    """Taken back by the person who proposed it, before anybody decided."""
    with transaction.atomic():
        correction = _locked(correction_id)
        _require(correction.proposed_by_id == by.pk, "Only who proposed it can take it back.")
        if correction.state == State.WITHDRAWN:
            return correction
        _require(correction.state == State.PROPOSED, "It has been decided already.")
        _decide(correction, State.WITHDRAWN, by=by, reason=reason, action="withdrawn")
    return correction


def _locked(correction_id: int) -> Correction:
    rows = Correction.objects.select_for_update(of=("self",)).select_related("document", "brand")
    return rows.get(pk=correction_id)


def _require_still_right(correction: Correction) -> None:
    """What was proposed must still fit what the platform says now: a newer version may have come since."""
    job = SyncJob.objects.select_related("link", "record__document").get(pk=correction.job_id)
    subject = subject_of(job)
    _require(not subject.why_not, subject.why_not)
    changes = changes_of(correction)
    stale = [
        change.field for change in changes if not same(corrections.value_at(subject.payload, change.path), change.old)
    ]
    _require(not stale, "The platform says something else by now. Turn it down; it can be proposed again.")
    problems = drafted(subject, changes).problems
    _require(not problems, *(problem.message for problem in problems))


def _let_count(correction: Correction, *, by: AbstractBaseUser, reason: str) -> None:
    _decide(correction, State.APPROVED, by=by, reason=reason, action="approved")
    Document.objects.filter(pk=correction.document_id).update(corrected=True)
    replay(correction.document_id, why=f"Corrected by {correction.proposed_by.get_username()}.")


def _decide(correction: Correction, state: str, *, by: AbstractBaseUser, reason: str, action: str) -> None:
    before = _told(correction)
    correction.state, correction.decided_by_id, correction.decided_at = state, by.pk, ports.now()
    correction.decision_reason = reason.strip()[:REASON_LENGTH]
    correction.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])
    _audit(correction, action, by=by, before=before, reason=correction.decision_reason)


def _told(correction: Correction) -> dict[str, Any]:
    """For the audit trail: names of fields, never what stands in them."""
    return {"state": correction.state, "fields": correction.fields, "money": correction.money}


def _audit(
    correction: Correction, action: str, *, by: AbstractBaseUser, before: dict[str, Any] | None, reason: str
) -> None:
    record_audit(
        actor=by.get_username(),
        action=f"correction.{action}",
        subject=correction,
        brand=correction.brand,
        before=before,
        after=_told(correction),
        reason=reason,
    )


def replay(document_id: int, *, why: str) -> list[int]:
    """Try again what was made for this document and is not finished. A job that runs just now is wanted once more."""
    jobs = SyncJob.objects.filter(record__document_id=document_id)
    with transaction.atomic():
        waiting = jobs.filter(state__in=CORRECTABLE_STATES).select_for_update(of=("self",)).order_by("pk")
        rows = list(waiting.values_list("pk", "connection_id", "lane"))
        ids = [row[0] for row in rows]
        jobs.filter(state=SyncJob.State.RUNNING).update(wanted=F("wanted") + 1)
        fresh = SyncJob.objects.filter(pk__in=ids)
        fresh.filter(state__in=WAITING_STATES).update(state=SyncJob.State.QUEUED)
        fresh.update(due_at=ports.now(), tries=0, wanted=F("wanted") + 1, reason=why[:500])
        wake = {(connection_id, queue_of(lane)) for _, connection_id, lane in rows}
        transaction.on_commit(lambda: queue.wake_many(wake))
    return ids


def _require(condition: bool, *otherwise: str) -> None:
    if not condition:
        raise RefusedCorrectionError(*otherwise)
