"""Causes that only order flows find. Registered with the case queue when the app starts."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from exceptions_app.causes import ADMIN, OPS, Cause, Fix, Severity, register
from exceptions_app.facts import Facts
from exceptions_app.words import money


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


def _cancelled_in_warehouse(facts: Facts) -> SafeString:
    charged = facts.money("charged")
    return format_html(
        "Order <b>{}</b>{}: somebody cancelled it in {} as {}. {} still has it open, and its customer waits.",
        facts.text("order"),
        f" over {money(charged)}" if charged is not None else "",
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
    worth = facts.money("worth")
    return format_html(
        "Order <b>{}</b>: {} has fewer units in {} than were sold{}. {} still expects them all.",
        facts.text("order"),
        facts.target_platform,
        facts.text("number"),
        f", {money(worth)} less" if worth is not None else "",
        facts.channel,
    )


def _shipped_before_import(facts: Facts) -> SafeString:
    return format_html(
        "Order <b>{}</b>: {} shows it as shipped, but it never reached {}. Its stock was not taken off.",
        facts.text("order"),
        facts.channel,
        facts.target_platform,
    )


def _shipped_elsewhere(facts: Facts) -> SafeString:
    return format_html(
        "Order <b>{}</b>: {} shows it as shipped, but no parcel has left {}. It has it open as {} and may send it again.",
        facts.text("order"),
        facts.channel,
        facts.target_platform,
        facts.text("number"),
    )


def _changed_after_sending(facts: Facts) -> SafeString:
    return format_html(
        "Order <b>{}</b> was changed after {} got it as {}: {} says {} by now, and {} shows {}.",
        facts.text("order"),
        facts.target_platform,
        facts.text("number"),
        facts.channel,
        _amount(facts, "charged"),
        facts.target_platform,
        _amount(facts, "shown"),
    )


def _address_changed(facts: Facts) -> SafeString:
    return format_html(
        "Order <b>{}</b>: its {} changed at {} after {} got it as {}. The hub could not carry that over: {}.",
        facts.text("order"),
        facts.text("what", "address"),
        facts.channel,
        facts.target_platform,
        facts.text("number"),
        facts.text("reason", "it has to be done by hand"),
    )


def _amount(facts: Facts, name: str) -> str:
    found = facts.money(name)
    return money(found) if found is not None else "another amount"


def _stopped_after_sending(facts: Facts) -> SafeString:
    return format_html(
        "Order <b>{}</b>: {} says <b>{}</b>, but {} has it as {} and may pack it.",
        facts.text("order"),
        facts.channel,
        facts.text("state").lower(),
        facts.target_platform,
        facts.text("number"),
    )


register(
    Cause(
        code="changed_after_sending",
        label="Changed after it was sent on",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_changed_after_sending,
        why="Somebody edited the order where it was sold. An order that is being fulfilled cannot be changed from outside.",
        if_nobody_acts="The customer gets what was ordered before the change, and the amounts stay apart.",
        next_step="Change it there too, then try again",
        fix=Fix.RETRY,
        playbook="changed-after-sending",
        needs=frozenset({"order", "charged", "shown"}),
    ),
    Cause(
        code="address_changed",
        label="Address changed after it was sent on",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_address_changed,
        why="The customer or somebody in the shop corrected it while the order was on its way to the warehouse.",
        if_nobody_acts="The parcel leaves for the old address, or the customer is told at the old one.",
        next_step="Change it there too, then try again",
        fix=Fix.RETRY,
        playbook="address-changed",
        needs=frozenset({"order", "what"}),
    ),
    Cause(
        code="shipped_elsewhere",
        label="Shipped, and still to be packed",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_shipped_elsewhere,
        why="Somebody marked it as shipped where it was sold, or sent it from another place.",
        if_nobody_acts="It is packed and leaves a second time.",
        next_step="Cancel it where it is packed, or let it leave, then try again",
        fix=Fix.RETRY,
        playbook="shipped-and-still-to-be-packed",
        needs=frozenset({"order"}),
    ),
    Cause(
        code="stopped_after_sending",
        label="Held after it was sent on",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_stopped_after_sending,
        why="It was put on hold, or its payment was taken back, after it had been sent on.",
        if_nobody_acts="It is packed and leaves although it should not.",
        next_step="Hold its shipment, then settle the order",
        fix=Fix.RETRY,
        playbook="held-after-sending",
        needs=frozenset({"order"}),
    ),
    Cause(
        code="unknown_state",
        label="Unknown order state",
        team=ADMIN,
        severity=Severity.NORMAL,
        sentence=_unknown_state,
        why="A state was introduced there since the hub was written. Guessing could ship or cancel wrongly.",
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
        next_step="Cancel it where it was sold, or create it by hand",
        fix=Fix.RETRY,
        playbook="cancelled-before-finished",
        needs=frozenset({"order"}),
    ),
    Cause(
        code="cancelled_in_warehouse",
        label="Cancelled in the warehouse",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_cancelled_in_warehouse,
        why="The shop owns its orders, so the hub cancels none there unless a person or the link says so.",
        if_nobody_acts="The customer has paid, or is going to, and gets nothing; the shop keeps the units allocated.",
        next_step="Cancel it in the shop too",
        fix=Fix.CANCEL,
        playbook="cancelled-in-the-warehouse",
        needs=frozenset({"order", "charged"}),
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
        why="Somebody shipped it by hand before the hub could create it.",
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
