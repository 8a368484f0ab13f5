"""Causes that only order flows find. Registered with the case queue when the app starts."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from exceptions_app.causes import ADMIN, OPS, Cause, Fix, Severity, register
from exceptions_app.facts import Facts


def _unknown_state(facts: Facts) -> SafeString:
    return format_html(
        "{}{} says they are <b>{}</b>, and the hub does not know what that means.",
        facts.waiting(),
        facts.channel,
        facts.text("state"),
    )


def _cancelled_at_target(facts: Facts) -> SafeString:
    return format_html(
        "Order <b>{}</b>: somebody cancelled it in {} as {} before the hub could finish it. {} still expects it.",
        facts.text("order"),
        facts.target_platform,
        facts.text("number"),
        facts.channel,
    )


def _gone_at_target(facts: Facts) -> SafeString:
    return format_html(
        "Order <b>{}</b>: {} created it as {} and no longer shows it.",
        facts.text("order"),
        facts.target_platform,
        facts.text("number"),
    )


def _units_cancelled_at_target(facts: Facts) -> SafeString:
    return format_html(
        "Order <b>{}</b>: {} has fewer units in {} than were sold. {} still expects them all.",
        facts.text("order"),
        facts.target_platform,
        facts.text("number"),
        facts.channel,
    )


def _shipped_before_import(facts: Facts) -> SafeString:
    return format_html(
        "Order <b>{}</b>: {} shows it as shipped, but it never reached {}. Its stock was not taken off.",
        facts.text("order"),
        facts.channel,
        facts.target_platform,
    )


register(
    Cause(
        code="unknown_state",
        label="Unknown order state",
        team=ADMIN,
        severity=Severity.NORMAL,
        sentence=_unknown_state,
        why="{channel} has introduced a state since the hub was written. Guessing could ship or cancel wrongly.",
        if_nobody_acts="The orders stay where they are. What is not accepted is refused by {channel} {when}.",
        next_step="Look at the order there",
        fix=Fix.RETRY,
        playbook="unknown-order-state",
    ),
    Cause(
        code="cancelled_at_target",
        label="Cancelled before it was finished",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_cancelled_at_target,
        why="The order was created and cancelled by hand before it was confirmed.",
        if_nobody_acts="The customer has paid and gets nothing; {channel} counts it as late.",
        next_step="Cancel where it was sold, or create it by hand",
        fix=Fix.RETRY,
        playbook="cancelled-before-finished",
        needs=frozenset({"order"}),
    ),
    Cause(
        code="gone_at_target",
        label="No longer there",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_gone_at_target,
        why="It was deleted there, or the key may no longer see it.",
        if_nobody_acts="The customer has paid and gets nothing; {channel} counts it as late.",
        next_step="Look for it there, then try again",
        fix=Fix.RETRY,
        playbook="no-longer-there",
        needs=frozenset({"order"}),
    ),
    Cause(
        code="units_cancelled_at_target",
        label="Units cancelled",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_units_cancelled_at_target,
        why="Somebody took units off the order, most often because they were not on the shelf.",
        if_nobody_acts="The customer has paid for units that never come; {channel} counts the order as late.",
        next_step="Refund these units where they were sold, then try again",
        fix=Fix.RETRY,
        playbook="units-cancelled",
        needs=frozenset({"order"}),
    ),
    Cause(
        code="shipped_before_import",
        label="Shipped past the hub",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_shipped_before_import,
        why="Somebody shipped it by hand at {channel} before the hub could create it.",
        if_nobody_acts="Stock stays too high by these units and may be sold twice.",
        next_step="Correct the stock by hand",
        fix=Fix.CONFIRM,
        playbook="shipped-past-the-hub",
        needs=frozenset({"order"}),
    ),
)


def _on_hold(facts: Facts) -> SafeString:
    return format_html(
        "Order <b>{}</b>: {} holds it, so nothing is sent for it. “{}”",
        facts.text("order"),
        facts.text("by", "somebody"),
        facts.text("why"),
    )


def _manual(facts: Facts) -> SafeString:
    return format_html(
        "Order <b>{}</b>: {} wants somebody to look at it. “{}”",
        facts.text("order"),
        facts.text("by", "somebody"),
        facts.text("why"),
    )


register(
    Cause(
        code="on_hold",
        label="Held by a person",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_on_hold,
        why="Somebody pressed Hold on the order's page. What was to be sent for it waits here.",
        if_nobody_acts="It stays here. An order that is not answered is refused by {channel} {when}.",
        next_step="Release it on the order's page",
        fix=Fix.RETRY,
        playbook="held-by-a-person",
        needs=frozenset({"order"}),
        comes_and_goes=True,
    ),
    Cause(
        code="manual",
        label="Opened by a person",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_manual,
        why="No rule found this: a person did. Their words are above.",
        if_nobody_acts="Nothing happens by itself. The case stays until somebody says what was done.",
        next_step="Look into it, then say what was done",
        fix=Fix.CONFIRM,
        playbook="opened-by-a-person",
        needs=frozenset({"order", "why"}),
        comes_and_goes=True,
    ),
)
