"""What can be wrong with telling where an order was sold that it has left, or with an order that should have left."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from exceptions_app.causes import FINANCE, OPS, Cause, Fix, Severity, mapping_fix
from exceptions_app.facts import Facts
from exceptions_app.words import listed, number


def _dispatch_unconfirmed(facts: Facts) -> SafeString:
    hours = facts.integer("hours")
    after = f" after {hours} h" if hours else ""
    return format_html(
        "{} {} sent to {}, which still doesn't show {} as shipped{}.",
        facts.some("dispatch", "dispatches"),
        facts.do("was", "were"),
        facts.channel,
        facts.do("it", "them"),
        after,
    )


def _carrier_not_listed(facts: Facts) -> SafeString:
    return format_html(
        "{} can't be sent: {} no longer lists the carrier <b>{}</b>.",
        facts.some("dispatch", "dispatches"),
        facts.channel,
        facts.text("carrier"),
    )


def _dispatch_untold(facts: Facts) -> SafeString:
    hours = facts.integer("hours")
    blocked = facts.integer("blocked")
    told = format_html(
        "{} left {}{} and {} has not been told",
        facts.some("dispatch", "dispatches"),
        facts.text("left", facts.target_name),
        f" more than {hours} h ago" if hours else "",
        facts.channel,
    )
    rest = f"; {number(blocked)} {'waits' if blocked == 1 else 'wait'} for another case" if blocked else ""
    return format_html("{}{}.", told, rest)


def _dispatch_at_risk(facts: Facts) -> SafeString:
    who = f"{facts.some('order', 'orders')} of {facts.channel} must leave"
    if facts.deadline is None:
        told = format_html("{} soon", who)
    elif facts.deadline > facts.now:
        told = format_html("{} before <b>{}</b> ({})", who, facts.deadline_time, facts.deadline_away)
    else:
        words = "{}; {} due <b>{}</b> ({})"
        told = format_html(words, who, facts.do("it was", "the first was"), facts.deadline_time, facts.deadline_away)
    packed = facts.integer("packed")
    return format_html("{}{}.", told, f"; {number(packed)} {'is' if packed == 1 else 'are'} packed" if packed else "")


def _packed_beyond_order(facts: Facts) -> SafeString:
    units = listed(facts.texts("units"))
    if not units:
        return format_html("{} more than {} still wants.", facts.some("dispatch has", "dispatches have"), facts.channel)
    return format_html(
        "Order <b>{}</b>: {} left {} in {}, and {} {}.",
        facts.text("order"),
        units,
        facts.target_name,
        facts.text("dispatch", "a parcel"),
        facts.channel,
        "has cancelled them" if facts.context.get("cancelled") is True else "does not expect them",
    )


def _payment_not_captured(facts: Facts) -> SafeString:
    explained = facts.text("explanation").rstrip(".")
    said = f": {explained}" if explained else ""
    return format_html("Order <b>{}</b>: its parcel left without its payment{}.", facts.text("order"), said)


_UNTOLD = "Customers get no tracking, and the orders count as late where they were sold."

DISPATCH_CAUSES = (
    Cause(
        code="dispatch_unconfirmed",
        label="Dispatch not shown",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_dispatch_unconfirmed,
        why="{channel} took the message but doesn't show it. It is done when {channel} shows it, not before.",
        if_nobody_acts=_UNTOLD,
        next_step="Send again",
        fix=Fix.RETRY,
        playbook="dispatch-not-shown",
    ),
    Cause(
        code="carrier_not_listed",
        label="Carrier no longer listed",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_carrier_not_listed,
        why="The mapping leads to a carrier that {channel} has taken off its list.",
        if_nobody_acts=_UNTOLD,
        next_step="Choose carrier",
        fix=mapping_fix("carrier"),
        playbook="carrier-no-longer-listed",
        needs=frozenset({"carrier"}),
    ),
    Cause(
        code="dispatch_untold",
        label="Dispatch not told",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_dispatch_untold,
        why="The parcels have left, and something keeps the hub from telling {channel}: another case, a flow that is held, or"
        " an order that {channel} does not show as ready.",
        if_nobody_acts=_UNTOLD,
        next_step="See what they wait for",
        fix=Fix.NONE,
        playbook="dispatch-not-told",
        comes_and_goes=True,
    ),
    Cause(
        code="dispatch_at_risk",
        label="Dispatch deadline closing",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_dispatch_at_risk,
        why="{channel} has promised its customers a day, and these orders are not wholly told as dispatched yet.",
        if_nobody_acts="They count as late at {channel}; too many of them can close the shop there.",
        next_step="Get them out",
        fix=Fix.NONE,
        playbook="dispatch-deadline",
        comes_and_goes=True,
    ),
    Cause(
        code="packed_beyond_order",
        label="More packed than ordered",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_packed_beyond_order,
        why="Usually units were cancelled while they were being packed, or more went into the parcel than was sold. Nothing of"
        " this parcel was told, since it is not certain which units are meant.",
        if_nobody_acts=_UNTOLD,
        next_step="Correct and replay",
        fix=Fix.EDIT,
        playbook="more-packed-than-ordered",
        needs=frozenset({"order", "units"}),
    ),
    Cause(
        code="payment_not_captured",
        label="Payment not captured",
        team=FINANCE,
        severity=Severity.URGENT,
        sentence=_payment_not_captured,
        why="{channel} was asked to capture the payment with the shipment, and shows that it was not. The goods are away.",
        if_nobody_acts="The customer has the goods and has not paid; an authorisation ends after some days.",
        next_step="Capture it there, then say so",
        fix=Fix.CONFIRM,
        playbook="payment-not-captured",
        needs=frozenset({"order"}),
    ),
)
