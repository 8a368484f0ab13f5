"""What can be wrong with an order that was read, and what its clock can do."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from connectors.canonical.money import Money
from exceptions_app.causes import FINANCE, OPS, Cause, Fix, Severity
from exceptions_app.facts import Facts
from exceptions_app.words import counted, listed, money, number


def _order(facts: Facts) -> SafeString:
    """ "Order MK-1: ", or "12 orders, such as MK-1: "."""
    reference = facts.text("order")
    if facts.count > 1:
        return format_html("{}, such as <b>{}</b>: ", facts.some("order", "orders"), reference)
    return format_html("Order <b>{}</b>: ", reference)


def _differs(facts: Facts, of_what: str) -> SafeString:
    """ "Order MK-1: Northgate charged £49.99, Centra shows £50.00. Difference £0.01."."""
    charged, shown = facts.money("charged"), facts.money("shown")
    if charged is None or shown is None:
        words = "{}{} and {} show different amounts{}."
        return format_html(words, _order(facts), facts.channel, facts.target_platform, of_what)
    verb = "pays" if facts.text("at_cost") else "charged"  # a retailer that buys from us charges nobody
    sides = f"{facts.channel} {verb} {money(charged)}{of_what}, {facts.target_platform} shows {money(shown)}."
    return format_html("{}{} {}", _order(facts), sides, _difference(charged, shown))


def _difference(charged: Money, shown: Money) -> str:
    if charged.currency != shown.currency:
        return "The currencies differ."
    apart = shown - charged
    return f"Difference {money(apart if apart.amount >= 0 else -apart)}."


def _money_mismatch(facts: Facts) -> SafeString:
    return _differs(facts, "")


def _tax_mismatch(facts: Facts) -> SafeString:
    return _differs(facts, " of tax")


def _out_of_stock(facts: Facts) -> SafeString:
    free, wanted = facts.integer("free"), facts.integer("wanted")
    sku = facts.text("sku") or facts.text("subject")
    if not sku:
        return format_html("{}{} has not enough stock.", facts.waiting(), facts.target_platform)
    if not wanted:
        return format_html("{}{} has not enough of <b>{}</b>.", facts.waiting(), facts.target_platform, sku)
    has = "none" if free < 1 else f"only {number(free)}"
    needed = f"{number(wanted)} {'is' if wanted == 1 else 'are'} needed"
    words = "{}{} has {} of <b>{}</b> free, and {}."
    return format_html(words, facts.waiting(), facts.target_platform, has, sku, needed)


def _acceptance_at_risk(facts: Facts) -> SafeString:
    who = f"{facts.some('order', 'orders')} at {facts.channel} must be accepted"
    if facts.deadline:
        told = format_html("{} before <b>{}</b> ({})", who, facts.deadline_time, facts.deadline_away)
    else:
        told = format_html("{} soon", who)
    lacking = facts.integer("lacking_stock")
    rest = f"; {number(lacking)} {'lacks' if lacking == 1 else 'lack'} stock" if lacking else ""
    return format_html("{}{}.", told, rest)


def _acceptance_lapsed(facts: Facts) -> SafeString:
    them = facts.do("it", "them")
    has = facts.channels_do("has", "have")
    return format_html("{}not accepted in time, so {} {} refused {}.", _order(facts), facts.channel, has, them)


def _duplicate_order(facts: Facts) -> SafeString:
    copies = facts.texts("copies")
    times = counted(len(copies), "time", "times") if len(copies) > 2 else "twice"
    named = f" ({listed(copies)})" if copies else ""
    return format_html("{}{} has it {}{}. Only one may ship.", _order(facts), facts.target_platform, times, named)


def _cancelled_after_dispatch(facts: Facts) -> SafeString:
    words = "{}{} cancelled it, but it has already left {}. It can't be cancelled any more."
    return format_html(words, _order(facts), facts.channel, facts.target_platform)


def _payment_refused(facts: Facts) -> SafeString:
    words = "{}the customer's payment was refused at {}. Nothing was created in {}."
    return format_html(words, _order(facts), facts.channel, facts.target_platform)


ORDER_CAUSES = (
    Cause(
        code="money_mismatch",
        label="Amounts differ",
        team=FINANCE,
        severity=Severity.URGENT,
        sentence=_money_mismatch,
        why="What the order was sold for and what {platform} shows must be equal to the last penny. Usually a price"
        " list, a tax setting or a rounding rule there differs.",
        if_nobody_acts="The order waits unconfirmed in {platform} and is not shipped; late shipment counts against us.",
        next_step="Compare and correct",
        fix=Fix.EDIT,
        playbook="amounts-differ",
        needs=frozenset({"order", "charged", "shown"}),
    ),
    Cause(
        code="tax_mismatch",
        label="Tax differs",
        team=FINANCE,
        severity=Severity.NORMAL,
        sentence=_tax_mismatch,
        why="The total is the same, but {platform} counts another part of it as tax. Usually a tax rate of a country or"
        " product group is set differently there.",
        if_nobody_acts="The books show a tax that was not charged, and the tax return has to be corrected by hand.",
        next_step="Compare and decide",
        fix=Fix.EDIT,
        playbook="tax-differs",
        needs=frozenset({"order", "charged", "shown"}),
    ),
    Cause(
        code="out_of_stock",
        label="Out of stock",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_out_of_stock,
        why="More was sold than is free. Usually two channels sold the last piece at once, or stock was corrected.",
        if_nobody_acts="What is not accepted is refused by {channel} {when}, and that counts against us.",
        next_step="Accept or refuse",
        fix=Fix.ACCEPTANCE,
        playbook="out-of-stock",
        comes_and_goes=True,
    ),
    Cause(
        code="acceptance_at_risk",
        label="Acceptance window closing",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_acceptance_at_risk,
        why="{channel} expects an answer to each order within its acceptance window, and these have none yet.",
        if_nobody_acts="They are refused by {channel} {when}. Where nothing is refused by itself, they go on counting as late."
        " Either counts against us, and may zero our stock there.",
        next_step="Accept",
        fix=Fix.ACCEPTANCE,
        playbook="acceptance-window",
        comes_and_goes=True,
    ),
    Cause(
        code="acceptance_lapsed",
        label="Acceptance window missed",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_acceptance_lapsed,
        why="Nobody and no rule answered within the acceptance window.",
        if_nobody_acts="The sale is lost. Some marketplaces also set the offer's stock to 0 until someone corrects it.",
        next_step="Check the offers",
        fix=Fix.CONFIRM,
        playbook="acceptance-missed",
        needs=frozenset({"order"}),
    ),
    Cause(
        code="duplicate_order",
        label="Order there twice",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_duplicate_order,
        why="An answer of {platform} was lost on its way, and what had been created came to light later.",
        if_nobody_acts="The copy stays unconfirmed and doesn't ship, but it keeps stock allocated.",
        next_step="Choose which one stays",
        fix=Fix.CHOOSE,
        playbook="order-there-twice",
        needs=frozenset({"order"}),
    ),
    Cause(
        code="cancelled_after_dispatch",
        label="Cancelled after dispatch",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_cancelled_after_dispatch,
        why="The cancellation came after the parcel had left.",
        if_nobody_acts="The customer gets the parcel and the money back, unless the parcel is stopped or returned.",
        next_step="Decide what happens",
        fix=Fix.CONFIRM,
        playbook="cancelled-after-dispatch",
        needs=frozenset({"order"}),
    ),
    Cause(
        code="payment_refused",
        label="Payment refused",
        team=OPS,
        severity=Severity.LOW,
        sentence=_payment_refused,
        why="The marketplace could not take the customer's money.",
        if_nobody_acts="Nothing. The marketplace tells the customer, and the reserved stock is free again.",
        next_step="Take note",
        fix=Fix.NONE,
        playbook="payment-refused",
        needs=frozenset({"order"}),
        comes_and_goes=True,
    ),
)
