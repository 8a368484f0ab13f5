"""Causes that only listing flows find. Registered with the case queue when the app starts."""

from collections.abc import Mapping

from django.utils.html import format_html
from django.utils.safestring import SafeString

from exceptions_app.causes import ECOMMERCE, Cause, Fix, Severity, mapping_fix, register
from exceptions_app.facts import Facts
from mappings_app.kinds import ATTRIBUTE_VALUE, CATEGORY

# Trouble → what is said of one product, and of several; slots: attribute.
_WRONG: Mapping[str, tuple[str, str]] = {
    "MISSING": ("misses <b>{}</b>", "miss <b>{}</b>"),
    "TOO_LONG": ("has too long a text as <b>{}</b>", "have too long a text as <b>{}</b>"),
    "NOT_A_NUMBER": ("has no number as <b>{}</b>", "have no number as <b>{}</b>"),
    "NOT_WHOLE": ("has no whole number as <b>{}</b>", "have no whole number as <b>{}</b>"),
    "NOT_A_DATE": ("has no date as <b>{}</b>", "have no date as <b>{}</b>"),
    "NOT_YES_OR_NO": ("says neither yes nor no to <b>{}</b>", "say neither yes nor no to <b>{}</b>"),
    "NOT_A_LINK": ("has no valid address as <b>{}</b>", "have no valid address as <b>{}</b>"),
    "SEVERAL": ("has more than one value for <b>{}</b>", "have more than one value for <b>{}</b>"),
    "UNIT": ("measures <b>{}</b> in a unit that does not fit", "measure <b>{}</b> in a unit that does not fit"),
    "GTIN": ("has no valid GTIN as <b>{}</b>", "have no valid GTIN as <b>{}</b>"),
    "CATEGORY_GONE": ("is in a category that is no longer there{}", "are in a category that is no longer there{}"),
}
_SOMETHING_ELSE = ("is not what <b>{}</b> wants", "are not what <b>{}</b> wants")


def _incomplete(facts: Facts) -> SafeString:
    one, many = _WRONG.get(facts.text("trouble"), _SOMETHING_ELSE)
    wrong = format_html(facts.do(one, many), facts.text("attribute"))
    where = facts.text("category")
    return format_html(
        "{} {}{}. {} is not told about {}.",
        facts.some("product", "products"),
        wrong,
        format_html(" in <b>{}</b>", where) if where else "",
        facts.channel,
        facts.do("it", "them"),
    )


def _refused(facts: Facts) -> SafeString:
    about = facts.text("attribute")
    return format_html(
        "{} refused by {}{}: {}",
        facts.some("product", "products"),
        facts.channel,
        format_html(" for <b>{}</b>", about) if about else "",
        facts.text("words", "no reason is given."),
    )


def _unmapped_category(facts: Facts) -> SafeString:
    waits = format_html("{} can't be listed: ", facts.some("product", "products"))
    if not facts.code:
        return format_html("{}they are in no category.", waits)
    words = "{}nobody has said which category of {} is our <b>{}</b>."
    return format_html(words, waits, facts.target_name, facts.code)


def _unmapped_value(facts: Facts) -> SafeString:
    return format_html(
        "{} can't be listed: {} does not know <b>{}</b>{}.",
        facts.some("product", "products"),
        facts.target_name,
        facts.text("value") or facts.code,
        format_html(" as <b>{}</b>", facts.text("attribute")) if facts.text("attribute") else "",
    )


_NOT_TOLD = "{channel} shows these products as they were told last; what is new there does not appear."

register(
    Cause(
        code="listing_incomplete",
        label="Products incomplete",
        team=ECOMMERCE,
        severity=Severity.NORMAL,
        sentence=_incomplete,
        why="{channel} wants to know something of a product that nobody has said what it is made of, or that comes out wrong.",
        if_nobody_acts=_NOT_TOLD,
        next_step="Map attribute",
        fix=Fix.LISTINGS,
        playbook="products-incomplete",
        needs=frozenset({"trouble", "attribute"}),
        comes_and_goes=True,
    ),
    Cause(
        code="listing_refused",
        label="Products refused",
        team=ECOMMERCE,
        severity=Severity.NORMAL,
        sentence=_refused,
        why="The channel did not take these products, in its own words. The others stand.",
        if_nobody_acts=_NOT_TOLD,
        next_step="Correct what the products are made of",
        fix=Fix.LISTINGS,
        playbook="products-refused",
        needs=frozenset({"words"}),
        comes_and_goes=True,
    ),
    Cause(
        code="unmapped_category",
        label="Unmapped category",
        team=ECOMMERCE,
        severity=Severity.NORMAL,
        sentence=_unmapped_category,
        why="The marketplace wants each product in one of its own categories, and nobody has said which one ours is.",
        if_nobody_acts=_NOT_TOLD,
        next_step="Map category",
        fix=mapping_fix(CATEGORY),
        playbook="unmapped-category",
        mapping_kind=CATEGORY,
        receiver="source",
        comes_and_goes=True,
    ),
    Cause(
        code="unmapped_attribute_value",
        label="Unmapped attribute value",
        team=ECOMMERCE,
        severity=Severity.NORMAL,
        sentence=_unmapped_value,
        why="The marketplace takes only values of its own list here, and nobody has said which of them our word stands for.",
        if_nobody_acts=_NOT_TOLD,
        next_step="Map value",
        fix=mapping_fix(ATTRIBUTE_VALUE),
        playbook="unmapped-attribute-value",
        mapping_kind=ATTRIBUTE_VALUE,
        receiver="source",
        comes_and_goes=True,
    ),
)
