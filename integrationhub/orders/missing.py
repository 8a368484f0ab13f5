"""The cause of a case that no error opened: an order that the marketplace lists and that is not where it should be."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from exceptions_app.causes import OPS, Cause, Fix, Severity, register
from exceptions_app.facts import Facts
from exceptions_app.words import counted, listed

CAUSE = "order_missing"
NAMED = 5


def _order_missing(facts: Facts) -> SafeString:
    named = facts.texts("orders")
    count = max(facts.count, facts.integer("missing"), len(named))
    rest = f" and {count - NAMED} more" if count > NAMED else ""
    return format_html(
        "{} of {} never reached {}, and no error told of {}: <b>{}</b>{}.",
        counted(count or 1, "order", "orders"),
        facts.channel,
        facts.target_name,
        "it" if count == 1 else "them",
        listed(named[:NAMED]) if not rest else ", ".join(named[:NAMED]),
        rest,
    )


register(
    Cause(
        code=CAUSE,
        label="Missing order",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_order_missing,
        why="The hourly count found it: {channel} lists it for that day, and the hub has it not, or lost it on its way.",
        if_nobody_acts="The customer gets nothing; {channel} refuses the order or counts it as late.",
        next_step="Read it in",
        fix=Fix.RETRY,
        playbook="missing-order",
        needs=frozenset({"orders"}),
        comes_and_goes=True,
    )
)
