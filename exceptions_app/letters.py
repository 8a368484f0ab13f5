"""E-mail about cases: to whom, in which words, with links where the console's public address is known."""

import smtplib
from collections.abc import Iterable, Sequence

import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage, get_connection

from connectors.models import Brand, RoleGrant
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import plain

log = structlog.get_logger(__name__)

NAMED_AT_MOST = 20
# Written out rather than reversed: the processes that send letters load no pages.
CASES = "cases/"


def case_url(case: ExceptionCase) -> str:
    """The case's page; "" where nobody said at which address people reach the console."""
    return console_url(f"{CASES}{case.pk}/")


def console_url(page: str) -> str:
    return f"{settings.CONSOLE_URL}/{settings.ADMIN_PATH}{page}" if settings.CONSOLE_URL else ""


def addresses(brand: Brand, roles: Iterable[str]) -> list[str]:
    """Those of the people with one of these roles at the brand, and those that get every letter without an account."""
    grants = RoleGrant.objects.filter(brand=brand, role__in=list(roles))
    people = get_user_model().objects.filter(pk__in=grants.values("user_id"), is_active=True).exclude(email="")
    return sorted({*people.values_list("email", flat=True), *settings.ALERT_RECIPIENTS})


def letter(
    subject: str, intro: str, cases: Sequence[ExceptionCase], *, to: Sequence[str], count: int, where: str, page: str
) -> EmailMessage:
    """One line, and one link, for each of the first cases. `count`: how many there are; `where` and `page`: the rest of them.

    Addresses stay hidden from one another: colleagues may have left theirs for this alone.
    """
    lines = [intro, ""]
    for case in cases[:NAMED_AT_MOST]:
        lines.append(f"- {plain(case)}")
        lines += [f"  {url}" for url in [case_url(case)] if url]
    if count > NAMED_AT_MOST:
        lines.append(f"- and {count - NAMED_AT_MOST} more")
    lines += ["", f"In the console: {where}."]
    lines += [url for url in [console_url(page)] if url]
    return EmailMessage(subject, "\n".join(lines), to=[], bcc=list(to))


def send(letters: Sequence[EmailMessage]) -> bool:
    """A mail server that fails stops nothing. False when it did."""
    if not letters:
        return True
    try:
        get_connection().send_messages(list(letters))
    except (OSError, smtplib.SMTPException) as error:
        log.error("case_alert_not_sent", error=type(error).__name__)
        return False
    return True
