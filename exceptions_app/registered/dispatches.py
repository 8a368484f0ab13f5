"""What can be wrong with telling a marketplace that something was dispatched."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from exceptions_app.causes import OPS, Cause, Fix, Severity, mapping_fix
from exceptions_app.facts import Facts


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


DISPATCH_CAUSES = (
    Cause(
        code="dispatch_unconfirmed",
        label="Dispatch not shown",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_dispatch_unconfirmed,
        why="{channel} took the message but doesn't show it. It is done when the marketplace shows it, not before.",
        if_nobody_acts="The orders count as late at {channel}, and customers get no tracking.",
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
        if_nobody_acts="The orders count as late at {channel}, and customers get no tracking.",
        next_step="Choose carrier",
        fix=mapping_fix("carrier"),
        playbook="carrier-no-longer-listed",
        needs=frozenset({"carrier"}),
    ),
)
