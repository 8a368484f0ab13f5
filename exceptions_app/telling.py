"""Telling a case: one sentence, why, what happens if nobody acts, and what to press. Works on any case, always."""

from dataclasses import dataclass
from datetime import datetime
from html import unescape
from zoneinfo import ZoneInfo

from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from connectors import ports
from connectors.models import Connection
from connectors.registry import CONNECTORS
from exceptions_app.causes import Cause, Severity, cause_named
from exceptions_app.facts import Facts, Party, begun
from exceptions_app.models import ExceptionCase


@dataclass(frozen=True, kw_only=True)
class Telling:
    """Everything a case page says about a case. Safe strings are HTML with <b> at most; facts in them are escaped."""

    label: str
    severity: Severity
    sentence: SafeString
    why: SafeString
    if_nobody_acts: SafeString
    next_step: str  # the primary button
    fix: str
    playbook: str
    platform_words: str  # the platform's own words: quote them, marked as such; "" where it said none


def tell(case: ExceptionCase, *, now: datetime | None = None, zone: ZoneInfo | None = None) -> SafeString:
    """Return the case in one sentence, as HTML with <b> at most.

    `zone` is the reader's, else the brand's. In lists load cases `with_words()`: telling then needs no query.
    """
    return begun(cause_named(case.cause).sentence(facts_of(case, now=now, zone=zone)))


def plain(case: ExceptionCase, *, now: datetime | None = None, zone: ZoneInfo | None = None) -> str:
    """Return the sentence without markup: for mails, exports and search."""
    return unescape(strip_tags(tell(case, now=now, zone=zone)))


def explain(case: ExceptionCase, *, now: datetime | None = None, zone: ZoneInfo | None = None) -> Telling:
    cause: Cause = cause_named(case.cause)
    facts = facts_of(case, now=now, zone=zone)
    return Telling(
        label=cause.label,
        severity=cause.severity,
        sentence=begun(cause.sentence(facts)),
        why=facts.fill(cause.why),
        if_nobody_acts=facts.fill(cause.if_nobody_acts),
        next_step=cause.next_step,
        fix=cause.fix,
        playbook=cause.playbook,
        platform_words=case.platform_words,
    )


def facts_of(case: ExceptionCase, *, now: datetime | None = None, zone: ZoneInfo | None = None) -> Facts:
    return Facts(
        count=case.waiting_count,
        code=case.code,
        context=case.context,
        channels=[_party(channel.link.source) for channel in case.case_links.all()],
        target=_party(case.target) if case.target else None,
        brand=case.brand.name,
        deadline=case.next_deadline_at,
        now=now or ports.now(),
        zone=zone or ZoneInfo(case.brand.timezone),
    )


def _party(connection: Connection) -> Party:
    return Party(name=connection.name, platform=platform_label(connection.platform))


def platform_label(platform: str) -> str:
    """ "Mirakl" for "mirakl"; a platform that was removed keeps its name."""
    connector = CONNECTORS.get(platform)
    return connector.label if connector else platform.capitalize()
