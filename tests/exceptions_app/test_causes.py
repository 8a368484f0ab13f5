import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from exceptions_app.causes import OPS, Cause, Fix, Severity, cause_named, register, registered_causes
from exceptions_app.facts import Facts, begun
from exceptions_app.models import ExceptionCase
from mappings_app.kinds import KINDS

NO_FACTS = Facts(count=0, now=datetime(2026, 1, 15, tzinfo=UTC), zone=ZoneInfo("UTC"))

PHASE_ONE = {
    "unmapped_sku",
    "unmapped_carrier",
    "unmapped_shipping_service",
    "unmapped_market",
    "money_mismatch",
    "tax_mismatch",
    "unreadable_record",
    "refused_by_platform",
    "out_of_stock",
    "acceptance_at_risk",
    "acceptance_lapsed",
    "dispatch_unconfirmed",
    "carrier_not_listed",
    "dispatch_untold",
    "dispatch_at_risk",
    "packed_beyond_order",
    "payment_not_captured",
    "connection_refused",
    "operation_refused",
    "outcome_unknown",
    "retries_spent",
    "our_bug",
    "duplicate_order",
    "cancelled_after_dispatch",
    "payment_refused",
    "webhook_forged",
}


def test_the_causes_of_orders_dispatches_and_connections_are_registered() -> None:
    assert registered_causes().keys() >= PHASE_ONE


def test_every_kind_of_mapping_has_a_cause_that_names_the_receiving_side() -> None:
    for kind in KINDS.values():
        cause = registered_causes()[f"unmapped_{kind.code}"]
        assert (cause.mapping_kind, cause.receiver, cause.fix) == (
            kind.code,
            kind.to_side.value,
            f"mapping:{kind.code}",
        )


@pytest.mark.parametrize("code", sorted(PHASE_ONE))
def test_a_cause_can_be_told_with_no_facts_at_all_and_says_what_to_do(code: str) -> None:
    cause = cause_named(code)
    texts = [begun(cause.sentence(NO_FACTS)), NO_FACTS.fill(cause.why), NO_FACTS.fill(cause.if_nobody_acts)]
    assert all(text.endswith(".") and text[0].isupper() for text in texts)
    assert not re.search(r"None|N/A|\{|\}|Error|0 orders|  |&lt;", " ".join([*texts, cause.next_step, cause.label]))
    assert cause.team in ExceptionCase.Team.values
    assert cause.next_step[0].isupper()
    assert re.fullmatch("[a-z-]+", cause.playbook)


def test_playbooks_are_not_shared() -> None:
    playbooks = [cause_named(code).playbook for code in PHASE_ONE]
    assert len(set(playbooks)) == len(playbooks)


def test_a_cause_that_nobody_registered_is_told_all_the_same() -> None:
    cause = cause_named("gone_with_its_flow")
    assert cause.label == "Gone with its flow"
    assert cause.sentence(NO_FACTS) == "Records wait for a decision."


def test_a_cause_is_registered_once() -> None:
    with pytest.raises(ValueError, match="our_bug is registered twice"):
        register(
            Cause(
                code="our_bug",
                label="Other",
                team=OPS,
                severity=Severity.LOW,
                sentence=lambda facts: facts.fill("Other."),
                why="Other.",
                if_nobody_acts="Nothing.",
                next_step="Look",
                fix=Fix.NONE,
                playbook="other",
            )
        )
    assert cause_named("our_bug").label == "Fault in the hub"
