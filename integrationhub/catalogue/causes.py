"""Causes that only price flows find. Registered with the case queue when the app starts."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from exceptions_app.causes import ECOMMERCE, Cause, Fix, Severity, register
from exceptions_app.facts import Facts
from exceptions_app.words import counted, number


def _stopped(facts: Facts) -> SafeString:
    return format_html("Prices for {} are held back: {}", facts.channel, facts.text("because"))


def _refused(facts: Facts) -> SafeString:
    return format_html(
        "{} refused: {}",
        counted(facts.integer("refused"), "price", "prices"),
        facts.text("words", "no reason is given"),
    )


def _currency(facts: Facts) -> SafeString:
    return format_html(
        "Price list in another currency: {} sells in {}, price list {} is in {}. No price is sent.",
        facts.channel,
        facts.text("currency"),
        facts.text("price_list"),
        facts.text("list_currency"),
    )


def _missing(facts: Facts) -> SafeString:
    return format_html("{} sells in {} and no price list answers for it.", facts.channel, facts.text("currency"))


def _unknown(facts: Facts) -> SafeString:
    return format_html("{} is priced by the list {}, which nobody knows.", facts.channel, facts.text("price_list"))


def _drift(facts: Facts) -> SafeString:
    left, healed = facts.integer("left"), facts.integer("healed")
    return format_html(
        "{} prices of {} show something else than they were told. {} were sent again; the others wait.",
        number(left + healed),
        facts.target_name,
        number(healed),
    )


register(
    Cause(
        code="prices_stopped",
        label="Prices held back",
        team=ECOMMERCE,
        severity=Severity.URGENT,
        sentence=_stopped,
        why="More of the channel's prices would move at once, or one of them would fall further, than is usual. A slipped"
        " comma or a list in the wrong currency looks like this; so does the beginning of a sale.",
        if_nobody_acts="{channel} keeps asking the prices it asks now for what was stopped.",
        next_step="Look at what would be sent",
        fix=Fix.BREAKER,
        playbook="prices-held-back",
        needs=frozenset({"hold", "live", "moved", "fallen", "because"}),
        comes_and_goes=True,
    ),
    Cause(
        code="prices_refused",
        label="Prices refused",
        team=ECOMMERCE,
        severity=Severity.NORMAL,
        sentence=_refused,
        why="The channel did not take these prices, in its own words. The others stand.",
        if_nobody_acts="The channel keeps asking the prices from before. A price is sent again when it or its mapping changes.",
        next_step="Correct the prices or their mappings",
        fix=Fix.NONE,
        playbook="prices-refused",
        needs=frozenset({"refused", "words"}),
        comes_and_goes=True,
    ),
    Cause(
        code="price_currency",
        label="Price list in another currency",
        team=ECOMMERCE,
        severity=Severity.NORMAL,
        sentence=_currency,
        why="The hub does not convert prices: a list prices only what is sold in its own currency.",
        if_nobody_acts="{channel} keeps asking the prices it asks now.",
        next_step="Map the price list of the channel's currency",
        fix=Fix.NONE,
        playbook="price-list-in-another-currency",
        needs=frozenset({"price_list", "list_currency", "currency"}),
    ),
    Cause(
        code="price_list_missing",
        label="No price list",
        team=ECOMMERCE,
        severity=Severity.NORMAL,
        sentence=_missing,
        why="Neither the price list table nor the connection names one, or the channel's markets name several.",
        if_nobody_acts="{channel} keeps asking the prices it asks now.",
        next_step="Map the price list of the channel's currency",
        fix=Fix.NONE,
        playbook="no-price-list",
        needs=frozenset({"currency"}),
    ),
    Cause(
        code="price_list_unknown",
        label="Price list nobody knows",
        team=ECOMMERCE,
        severity=Severity.NORMAL,
        sentence=_unknown,
        why="The owner of prices has no list of this number or name, or two lists bear the name.",
        if_nobody_acts="{channel} keeps asking the prices it asks now.",
        next_step="Correct the price list mapping",
        fix=Fix.NONE,
        playbook="price-list-nobody-knows",
        needs=frozenset({"price_list"}),
    ),
    Cause(
        code="price_drift",
        label="Prices differ",
        team=ECOMMERCE,
        severity=Severity.NORMAL,
        sentence=_drift,
        why="Somebody changed prices at the channel by hand, another system writes there too, or it asks a person first.",
        if_nobody_acts="The hub has sent each of them again a few times; it now leaves them until their price changes.",
        next_step="Look who else writes there",
        fix=Fix.NONE,
        playbook="prices-differ",
        needs=frozenset({"left", "healed"}),
        comes_and_goes=True,
    ),
)
