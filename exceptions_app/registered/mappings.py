"""Codes that have no mapping: the fact that is missing most often."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from exceptions_app.causes import ECOMMERCE, OPS, Cause, Severity, mapping_fix
from exceptions_app.facts import Facts


def _named(facts: Facts) -> SafeString:
    """The code, with what the source calls it where it says so."""
    label = facts.text("label")
    return format_html("<b>{}</b> (“{}”)", facts.code, label) if label else format_html("<b>{}</b>", facts.code)


def _unmapped_sku(facts: Facts) -> SafeString:
    return format_html(
        "{}{} {} {} and we don't know which {} product it is.",
        facts.waiting(),
        facts.channel_with_platform,
        facts.channels_do("sells", "sell"),
        _named(facts),
        facts.target_platform,
    )


def _unmapped_carrier(facts: Facts) -> SafeString:
    stopped = facts.some("dispatch", "dispatches")
    if not facts.code:
        return format_html("{} can't be sent: no carrier is named, and {} wants one.", stopped, facts.target_name)
    words = "{} can't be sent: {} doesn't know the carrier <b>{}</b>."
    return format_html(words, stopped, facts.target_name, facts.code)


def _unmapped_shipping_service(facts: Facts) -> SafeString:
    return format_html(
        "{}{} {} the delivery method {} and we don't know which {} shipping option it is.",
        facts.waiting(),
        facts.channel_with_platform,
        facts.channels_do("offers", "offer"),
        _named(facts),
        facts.target_platform,
    )


def _unmapped_market(facts: Facts) -> SafeString:
    return format_html(
        "{}{} {} in the channel {} and we don't know which {} market it is.",
        facts.waiting(),
        facts.channel_with_platform,
        facts.channels_do("sells", "sell"),
        _named(facts),
        facts.target_platform,
    )


def _unmapped_price_list(facts: Facts) -> SafeString:
    return format_html(
        "{}{} {} in <b>{}</b> and we don't know which {} price list that is.",
        facts.waiting(),
        facts.channel_with_platform,
        facts.channels_do("sells", "sell"),
        facts.code,
        facts.target_platform,
    )


def _unmapped_payment_method(facts: Facts) -> SafeString:
    if not facts.code:
        return format_html("{}no payment method is named, and {} wants one.", facts.waiting(), facts.target_platform)
    return format_html(
        "{}{} {} the payment method {} and we don't know which {} payment method it is.",
        facts.waiting(),
        facts.channel_with_platform,
        facts.channels_do("names", "name"),
        _named(facts),
        facts.target_platform,
    )


def _unmapped_tax(facts: Facts) -> SafeString:
    return format_html(
        "{}{} {} the tax {} and we don't know which tax in {} that is.",
        facts.waiting(),
        facts.channel_with_platform,
        facts.channels_do("states", "state"),
        _named(facts),
        facts.target_platform,
    )


def _unmapped_refund_reason(facts: Facts) -> SafeString:
    stopped = facts.some("cancellation", "cancellations")
    words = "{} can't be sent: {} wants a reason from its own list, and <b>{}</b> is not mapped to any."
    return format_html(words, stopped, facts.target_name, facts.code or "no reason in particular")


_ORDERS_LAPSE = "The orders don't reach {platform}; what is not accepted is refused by {channel} {when}."

MAPPING_CAUSES = (
    Cause(
        code="unmapped_sku",
        label="Unmapped SKU",
        team=ECOMMERCE,
        severity=Severity.NORMAL,
        sentence=_unmapped_sku,
        why="This SKU has no mapping. Usually the product is new at {channel}, or was listed there under another SKU.",
        if_nobody_acts=_ORDERS_LAPSE,
        next_step="Map SKU",
        fix=mapping_fix("sku"),
        playbook="unmapped-sku",
        mapping_kind="sku",
        receiver="target",
    ),
    Cause(
        code="unmapped_carrier",
        label="Unknown carrier",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_unmapped_carrier,
        why="Nobody has said yet what {target} calls this carrier. It is never guessed: most marketplaces accept only carriers"
        " from a list of their own.",
        if_nobody_acts="{target} is not told that the orders left, and customers get no tracking.",
        next_step="Choose carrier",
        fix=mapping_fix("carrier"),
        playbook="unmapped-carrier",
        mapping_kind="carrier",
        receiver="source",
    ),
    Cause(
        code="unmapped_shipping_service",
        label="Unmapped delivery method",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_unmapped_shipping_service,
        why="Customers chose a delivery method that has no mapping. Usually the marketplace has added it.",
        if_nobody_acts=_ORDERS_LAPSE,
        next_step="Map delivery method",
        fix=mapping_fix("shipping_service"),
        playbook="unmapped-delivery-method",
        mapping_kind="shipping_service",
        receiver="target",
    ),
    Cause(
        code="unmapped_market",
        label="Unmapped channel",
        team=ECOMMERCE,
        severity=Severity.NORMAL,
        sentence=_unmapped_market,
        why="Orders come from a storefront that has no market yet, so currency and price list are not known.",
        if_nobody_acts=_ORDERS_LAPSE,
        next_step="Map channel",
        fix=mapping_fix("market"),
        playbook="unmapped-channel",
        mapping_kind="market",
        receiver="target",
    ),
    Cause(
        code="unmapped_price_list",
        label="No price list for a currency",
        team=ECOMMERCE,
        severity=Severity.NORMAL,
        sentence=_unmapped_price_list,
        why="Orders came in a currency for which neither the price list table, nor the market mapping, nor the connection"
        " names a price list.",
        if_nobody_acts=_ORDERS_LAPSE,
        next_step="Choose price list",
        fix=mapping_fix("price_list"),
        playbook="unmapped-price-list",
        mapping_kind="price_list",
        receiver="target",
    ),
    Cause(
        code="unmapped_payment_method",
        label="Unmapped payment method",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_unmapped_payment_method,
        why="{platform} wants a payment method, and neither the table, nor the market mapping, nor the connection names"
        " one for these orders.",
        if_nobody_acts=_ORDERS_LAPSE,
        next_step="Map payment method",
        fix=mapping_fix("payment_method"),
        playbook="unmapped-payment-method",
        mapping_kind="payment_method",
        receiver="target",
    ),
    Cause(
        code="unmapped_tax",
        label="Unmapped tax",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_unmapped_tax,
        why="None of the taxes that {platform} lists has this rate and is for this country, or several are. Usually the shop"
        " sells to a new country, or a rate has changed.",
        if_nobody_acts=_ORDERS_LAPSE,
        next_step="Choose tax",
        fix=mapping_fix("tax"),
        playbook="unmapped-tax",
        mapping_kind="tax",
        receiver="target",
    ),
    Cause(
        code="unmapped_refund_reason",
        label="Unmapped refund reason",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_unmapped_refund_reason,
        why="{target} accepts only reasons from its own list, and nobody has said which of them this one is.",
        if_nobody_acts="{target} is not told, so customers wait for their money.",
        next_step="Choose reason",
        fix=mapping_fix("refund_reason"),
        playbook="unmapped-refund-reason",
        mapping_kind="refund_reason",
        receiver="source",
    ),
)
