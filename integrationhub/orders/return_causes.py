"""Causes that only returns and refunds find. Registered with the case queue when the app starts."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from connectors.canonical.money import Money
from connectors.canonical.refunds import ByHand
from exceptions_app.causes import FINANCE, OPS, Cause, Fix, Severity, register
from exceptions_app.facts import Facts
from exceptions_app.words import money


def _amount(facts: Facts) -> str:
    amount = facts.money("amount")
    return money(amount) if amount else "an amount"


def _apart(one: Money, other: Money) -> str:
    apart = one - other
    return money(apart if apart.amount >= 0 else -apart)


def _by_hand(facts: Facts) -> SafeString:
    words = "Order <b>{}</b>: {} gave back {} that {} has no way to be told of. It is to be booked by hand."
    return format_html(words, facts.text("order"), facts.channel, _amount(facts), facts.target_platform)


def _differs(facts: Facts) -> SafeString:
    refunded, credited = facts.money("refunded"), facts.money("credited")
    of_what = " of tax" if facts.text("what") == "tax" else ""
    if refunded is None or credited is None or refunded.currency != credited.currency:
        words = "Order <b>{}</b>: {} and the credit note in {} show different amounts{}."
        return format_html(words, facts.text("order"), facts.channel, facts.target_platform, of_what)
    words = "Order <b>{}</b>: {} refunds {}{}, the credit note in {} is {}. Difference {}."
    if facts.context.get("made"):
        words = "Order <b>{}</b>: {} refunds {}{}, and {} gave back {}. Difference {}."
    return format_html(
        words,
        facts.text("order"),
        facts.channel,
        money(refunded),
        of_what,
        facts.target_platform,
        money(credited),
        _apart(refunded, credited),
    )


_ONE_SIDED = {
    "told": "Order <b>{}</b>: {} gave back {} more than {} h ago, and {} has not been told.",
    "paid": "Order <b>{}</b>: {} gave back {} more than {} h ago, and {} has not paid it yet.",
    "made": "Order <b>{}</b>: {} refunded {} more than {} h ago, and {} has no return for it.",
}


def _one_sided(facts: Facts) -> SafeString:
    order, hours = facts.text("order"), facts.integer("hours")
    if words := _ONE_SIDED.get(facts.text("lacks")):
        sides = (
            (facts.channel, facts.target_name) if facts.text("lacks") == "made" else (facts.target_name, facts.channel)
        )
        return format_html(words, order, sides[0], _amount(facts), hours, sides[1])
    if facts.text("lacks") == "target":
        words = "Order <b>{}</b>: {} refunded {} more than {} h ago, and {} shows no credit note for it."
        return format_html(words, order, facts.channel, _amount(facts), hours, facts.target_platform)
    if facts.money("amount") is not None:
        words = "Order <b>{}</b>: {} credited {} more than {} h ago, and {} has not refunded it."
        return format_html(words, order, facts.target_platform, _amount(facts), hours, facts.channel)
    words = "Order <b>{}</b>: {} has a return since more than {} h that {} knows nothing of."
    return format_html(words, order, facts.target_platform, hours, facts.channel)


def _withdrawn(facts: Facts) -> SafeString:
    words = "Order <b>{}</b>: {} deleted a return that {} still expects{}."
    number = facts.text("number")
    named = format_html(" as <b>{}</b>", number) if number else ""
    return format_html(words, facts.text("order"), facts.channel, facts.target_platform, named)


def _not_held(facts: Facts) -> SafeString:
    words = "Order <b>{}</b>: {} announces the return <b>{}</b>, which {} does not have."
    said = format_html(words, facts.text("order"), facts.channel, facts.text("return"), facts.target_platform)
    if not facts.deadline:
        return said
    return format_html("{} It must be answered before <b>{}</b> ({}).", said, facts.deadline_time, facts.deadline_away)


_WHY_BY_HAND = {
    ByHand.SWITCHED_OFF: "This link does not let the hub refund.",
    ByHand.NO_CALL: "{channel} takes no refunds from other programs.",
    ByHand.NO_GOODS: "No goods came back with it, and nobody says what it is for.",
    ByHand.DELIVERY_ALONE: "{channel} gives delivery back only beside goods of the same line.",
    ByHand.NOT_PLACED: "Not all of it belongs to goods of the order as it was sold.",
    ByHand.WHOLE_UNITS: "{channel} gives back whole units at their price, and this is another amount.",
    ByHand.ENDED: "{channel} gives nothing back in the state the order is in.",
    ByHand.OPERATOR: "The shop's balance there does not cover it: only its operator can.",
    ByHand.UNLIKE: "{channel} has refunded something of the same lines already: compare the two first.",
    "denied": "The operator has refused it.",
}


def why_by_hand(code: str, *, channel: str) -> str:
    """Why a person makes a refund, as a sentence; "" where nothing more is known."""
    return str(_WHY_BY_HAND.get(code, "")).format(channel=channel)


def _to_give(facts: Facts) -> SafeString:
    left = facts.money("left")
    words = "Order <b>{}</b>: {} gave back {}. It is to be refunded at {} by hand."
    said = format_html(words, facts.text("order"), facts.target_name, _amount(facts), facts.channel)
    if left is not None:
        return format_html("{} Only {} of it is left to refund there.", said, money(left))
    why = why_by_hand(facts.text("why"), channel=facts.channel)
    return format_html("{} {}", said, why) if why else said


def _exceeds(facts: Facts) -> SafeString:
    charged, given = facts.money("charged"), facts.money("given")
    of_what = format_html(" of <b>{}</b>", facts.text("what")) if facts.text("what") else ""
    if charged is None or given is None:
        words = "Order <b>{}</b>: {} gives back more{} than was charged. Nothing was sent."
        return format_html(words, facts.text("order"), facts.channel, of_what)
    words = "Order <b>{}</b>: {} gives back {}{}, and {} was charged. Nothing was sent."
    return format_html(words, facts.text("order"), facts.channel, money(given), of_what, money(charged))


register(
    Cause(
        code="refund_by_hand",
        label="Refund to book by hand",
        team=FINANCE,
        severity=Severity.NORMAL,
        sentence=_by_hand,
        why="A refund without goods, or more delivery than the order still has there: {platform} cannot be told of it.",
        if_nobody_acts="The books show more revenue than there was, and the return stays open here.",
        next_step="Book it there, then say what was done",
        fix=Fix.CONFIRM,
        playbook="refund-by-hand",
        needs=frozenset({"order", "amount"}),
    ),
    Cause(
        code="credit_differs",
        label="Refund and credit note differ",
        team=FINANCE,
        severity=Severity.URGENT,
        sentence=_differs,
        why="What the customer got back and what the books say must be equal to the last penny. Usually a rounding rule or"
        " a tax setting differs, or somebody changed the credit note.",
        if_nobody_acts="The books and the money stay apart, and the month can't be closed without a question.",
        next_step="Correct or explain",
        fix=Fix.CONFIRM,
        playbook="refund-and-credit-differ",
        needs=frozenset({"order", "refunded", "credited"}),
    ),
    Cause(
        code="refund_one_sided",
        label="Refund on one side only",
        team=FINANCE,
        severity=Severity.NORMAL,
        sentence=_one_sided,
        why="One side has ended the return, and the other has not followed. Usually the goods have not arrived, or nobody"
        " has posted the credit note, or pressed refund.",
        if_nobody_acts="Either the customer waits for the money, or the books do not know that it was paid.",
        next_step="Finish it on the other side",
        fix=Fix.CONFIRM,
        playbook="refund-one-sided",
        needs=frozenset({"order", "lacks"}),
        comes_and_goes=True,
    ),
    Cause(
        code="refund_to_give",
        label="Refund to make at the marketplace",
        team=FINANCE,
        severity=Severity.URGENT,
        sentence=_to_give,
        why="The return is complete in {target}, and the customer paid at {channel}: only there can the money go back.",
        if_nobody_acts="The customer waits for the money, and may ask {channel} to take it from the shop.",
        next_step="Refund it there, then say what was done",
        fix=Fix.CONFIRM,
        playbook="refund-to-make",
        needs=frozenset({"order", "amount", "why"}),
    ),
    Cause(
        code="return_withdrawn",
        label="Return deleted after it was announced",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_withdrawn,
        why="Somebody deleted the return where it was sold after the warehouse had been told of it.",
        if_nobody_acts="The warehouse waits for goods that may never come, or credits what nobody gives back.",
        next_step="Cancel it there too, then say what was done",
        fix=Fix.CONFIRM,
        playbook="return-deleted",
        needs=frozenset({"order"}),
    ),
    Cause(
        code="return_not_held",
        label="Announced return that is not there",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_not_held,
        why="The customer announced it at {channel}. A return belongs to a shipment of {platform}, so a person makes it there.",
        if_nobody_acts="The parcel arrives and nobody knows it; {channel} may refund the customer by itself {when}.",
        next_step="Make the return there, or say why not",
        fix=Fix.CONFIRM,
        playbook="return-not-there",
        needs=frozenset({"order", "return"}),
        comes_and_goes=True,
    ),
    Cause(
        code="refund_exceeds",
        label="More refunded than charged",
        team=FINANCE,
        severity=Severity.URGENT,
        sentence=_exceeds,
        why="All returns and refunds of an order together must not be more than the customer paid.",
        if_nobody_acts="The return is not announced to {platform}, and too much money has left or will leave.",
        next_step="Correct the refund, then try again",
        fix=Fix.RETRY,
        playbook="more-refunded-than-charged",
        needs=frozenset({"order", "charged", "given"}),
    ),
)
