"""What passes its team's target is told once: in the case's story, on the audit trail, and by e-mail where wanted."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import transaction
from django.urls import reverse

from connectors import ports
from connectors.canonical.errors import MissingMapping
from connectors.models import AuditEntry, Brand, Link, RoleGrant
from exceptions_app import deciding
from exceptions_app.escalating import escalate
from exceptions_app.models import CaseEvent, ExceptionCase, TeamTarget
from exceptions_app.opening import open_unmapped, roll_up


@pytest.fixture
def case(brand: Brand, link: Link) -> ExceptionCase:
    """Ecommerce has two working hours for it, from 9 o'clock on."""
    brand.refresh_from_db()
    TeamTarget.objects.create(brand=brand, team="ECOMMERCE", hours=2)
    with transaction.atomic():
        return open_unmapped(link=link, missing=MissingMapping(kind="sku", code="AB-1", label="", gtin=""))[0]


def story() -> list[tuple[str, str, str]]:
    rows = CaseEvent.objects.filter(kind="ESCALATED").order_by("pk")
    return list(rows.values_list("actor", "kind", "text"))


def audited() -> int:
    return AuditEntry.objects.filter(action="case.escalated").count()


def test_a_case_is_told_once_when_its_target_has_passed(case: ExceptionCase, clock: ports.VirtualClock) -> None:
    clock.advance(2 * 3600)
    assert (escalate(), story(), audited()) == (0, [], 0)
    clock.advance(1)
    assert escalate() == 1
    assert story() == [("the hub", "ESCALATED", "Ecommerce had until 11:00 to decide it.")]
    clock.advance(3600)
    assert (escalate(), len(story()), audited()) == (0, 1, 1)


def test_another_team_is_told_when_its_own_target_has_passed(
    case: ExceptionCase, brand: Brand, clock: ports.VirtualClock
) -> None:
    TeamTarget.objects.create(brand=brand, team="OPS", hours=1)
    clock.advance(2 * 3600 + 1)
    escalate()
    deciding.hand_over(case.pk, team="OPS", actor="alice")
    assert escalate() == 0
    clock.advance(3601)
    assert escalate() == 1
    assert [text for _, _, text in story()][1:] == ["Operations had until 12:00 to decide it."]


def test_what_is_decided_or_snoozed_is_not_told(case: ExceptionCase, clock: ports.VirtualClock) -> None:
    deciding.close_case(case.pk, actor="alice", reason="Not ours")
    clock.advance(24 * 3600)
    assert (escalate(), story(), audited()) == (0, [], 0)


def test_without_the_setting_no_letter_leaves(case: ExceptionCase, brand: Brand, clock: ports.VirtualClock) -> None:
    member(brand, "carol", "ECOMMERCE")
    clock.advance(2 * 3600 + 1)
    assert escalate() == 1
    assert mail.outbox == []


def test_the_team_and_the_administrators_get_one_letter(
    case: ExceptionCase, brand: Brand, clock: ports.VirtualClock, settings: Any
) -> None:
    settings.CASE_ALERTS_BY_EMAIL = True
    for name, role in (("carol", "ECOMMERCE"), ("adam", "ADMIN"), ("finn", "FINANCE")):
        member(brand, name, role)
    member(brand, "gone", "ECOMMERCE", is_active=False)
    clock.advance(2 * 3600 + 1)
    escalate()
    escalate()
    (letter,) = mail.outbox
    assert letter.subject == "Nordhem: 1 case has passed the target of Ecommerce"
    assert (letter.to, letter.bcc) == ([], ["adam@example.com", "carol@example.com"])
    assert letter.body.splitlines()[2].startswith("- ")
    assert "AB-1" in letter.body
    assert "<b>" not in letter.body
    assert "http" not in letter.body  # nobody said where the console is
    assert letter.body.endswith("In the console: Cases, Overdue.")


def test_a_letter_links_to_each_case_and_to_the_list(
    case: ExceptionCase, brand: Brand, clock: ports.VirtualClock, settings: Any
) -> None:
    settings.CASE_ALERTS_BY_EMAIL, settings.CONSOLE_URL = True, "https://hub.nordhem.test"
    member(brand, "carol", "ECOMMERCE")
    clock.advance(2 * 3600 + 1)
    escalate()
    lines = mail.outbox[0].body.splitlines()
    page = reverse("admin:exceptions_app_exceptioncase_change", args=[case.pk])
    assert lines[3] == f"  https://hub.nordhem.test{page}"
    overdue = reverse("admin:exceptions_app_exceptioncase_changelist")
    assert lines[-1] == f"https://hub.nordhem.test{overdue}?late=yes"


def test_recipients_without_an_account_get_the_letters_too(
    case: ExceptionCase, clock: ports.VirtualClock, settings: Any
) -> None:
    settings.CASE_ALERTS_BY_EMAIL, settings.ALERT_RECIPIENTS = True, ["duty@nordhem.test"]
    clock.advance(2 * 3600 + 1)
    escalate()
    assert [letter.bcc for letter in mail.outbox] == [["duty@nordhem.test"]]


def test_what_fails_alike_thousands_of_times_is_one_line_of_one_letter(
    case: ExceptionCase, brand: Brand, link: Link, clock: ports.VirtualClock, settings: Any
) -> None:
    settings.CASE_ALERTS_BY_EMAIL = True
    member(brand, "carol", "ECOMMERCE")
    for _ in range(20):
        with transaction.atomic():
            open_unmapped(link=link, missing=MissingMapping(kind="sku", code="AB-1", label="", gtin=""))
    roll_up(case.pk, count=5_000, value=Decimal(0), oldest=case.opened_at, deadline=None)
    clock.advance(2 * 3600 + 1)
    escalate()
    escalate()
    (letter,) = mail.outbox
    assert [line for line in letter.body.splitlines() if line.startswith("- ")] == [
        "- 5,000 orders wait: Northgate (Mirakl) sells AB-1 and we don't know which Centra product it is."
    ]


def test_a_mail_server_that_fails_stops_nothing(
    case: ExceptionCase, brand: Brand, clock: ports.VirtualClock, settings: Any
) -> None:
    settings.CASE_ALERTS_BY_EMAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    member(brand, "carol", "ECOMMERCE")
    clock.advance(2 * 3600 + 1)
    assert (escalate(), audited()) == (1, 1)


def member(brand: Brand, name: str, role: str, **values: Any) -> None:
    user = User.objects.create_user(name, f"{name}@example.com", **values)
    RoleGrant.objects.create(user=user, brand=brand, role=role)
