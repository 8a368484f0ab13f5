"""Taxes by name: what an order states, and which of the taxes that its target lists that is."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from connectors.canonical.countries import is_alpha_2
from connectors.canonical.money import Money, minor_digits, total
from connectors.canonical.orders import Order, OrderLine, TaxAmount

RATE_UNKNOWN = "rate not stated"
SAME_RATE = Decimal("0.005")  # a tax that is named: half a point is another spelling of its rate, more is another tax
# What taxes are called after, and ISO is not.
_ALIASES = {"UK": "GB", "EL": "GR"}


@dataclass(frozen=True, kw_only=True)
class ListedTax:
    """A tax that a target has for the orders of one of its markets; an order's taxes are told by its name."""

    name: str
    rate: Decimal  # 0.25 is 25 percent
    market: str = ""  # the target's code


def tax_country(order: Order) -> str:
    """Where it is taxed: the country it goes to, "" while no address is known."""
    address = order.shipping_address or order.billing_address
    return address.country if address else ""


def tax_code(tax: TaxAmount, country: str) -> str:
    """ "GB / 20%", "MOMS / 25%", "GB / rate not stated": what mappings start from, the same for every order.

    The source's own name goes before the country; "" for a tax of which neither is known.
    """
    name = tax.code or country
    rate = stated_rate(tax)
    return f"{name} / {RATE_UNKNOWN if rate is None else f'{percent(rate)}%'}" if name else ""


def country_and_rate(code: str) -> tuple[str, Decimal] | None:
    """("GB", 0.20) of "GB / 20%"; None for a code that names its tax otherwise, or says no rate."""
    country, _, rate = code.rpartition(" / ")
    if not is_alpha_2(country) or not re.fullmatch(r"[0-9.]+%", rate):
        return None
    return country, Decimal(rate.removesuffix("%")) / 100


def tax_label(tax: TaxAmount, country: str) -> str:
    """What helps a person to recognise it."""
    rate = stated_rate(tax)
    stated = "Tax without a stated rate" if rate is None else f"Tax of {percent(rate)} percent"
    return f"{stated} on orders to {country}" if country else stated


def stated_rate(tax: TaxAmount) -> Decimal | None:
    """0.25 for "25", "25.00 %"; None where the source states none that can be read."""
    try:
        rate = Decimal(tax.rate.strip().removesuffix("%").strip())
    except InvalidOperation:
        return None
    return rate / 100 if rate.is_finite() else None


def percent(rate: Decimal) -> str:
    """0.25 → "25", 0.0825 → "8.25"."""
    return format((rate * 100).normalize(), "f")


def fitting_tax(tax: TaxAmount, *, net: Money, country: str, listed: Iterable[ListedTax]) -> ListedTax | None:
    """The one listed tax that it must be; None where none fits, or several do.

    By its name; else by its rate (where the source states none: by what it comes to of `net`) among those for the country.
    A listed tax is for the country whose code is a word of its name ("SE VAT 25"), and for every country without one.
    """
    options = list({(one.name, one.rate): one for one in listed}.values())
    named = [one for one in options if one.name == tax.code]
    rate = stated_rate(tax)
    if named:
        fitting = [one for one in named if rate is None or abs(one.rate - rate) <= SAME_RATE]
        return fitting[0] if len(fitting) == 1 else None
    return only_for(
        country, [one for one in options if one.rate == rate or (rate is None and _comes_to(tax, net, one.rate))]
    )


def only_for(country: str, listed: Iterable[ListedTax]) -> ListedTax | None:
    """The only one that is for the country, else the only one that is for every country; None where none is, or several."""
    options = list({(one.name, one.rate): one for one in listed}.values())
    own = [one for one in options if _country_named(one.name) == country]
    fitting = own or [one for one in options if not _country_named(one.name)]
    return fitting[0] if len(fitting) == 1 else None


def _comes_to(tax: TaxAmount, net: Money, rate: Decimal) -> bool:
    coin = Decimal(1).scaleb(-minor_digits(net.currency))
    return abs(net.amount * rate - tax.amount.amount) <= 2 * coin


def _country_named(name: str) -> str:
    words = (_ALIASES.get(word, word) for word in re.findall(r"\b[A-Z]{2}\b", name))
    return next((word for word in words if is_alpha_2(word)), "")


# --- naming those of an order -----------------------------------------------------------------------------------------
Rename = Callable[[TaxAmount, Money], str]


def with_names(order: Order, rename: Rename) -> Order:
    """The order with the taxes of its open lines and their delivery under other names. `rename` is given the tax and the
    amount it is on, tax excluded.
    """
    lines = tuple(line if line.cancelled else _renamed(order, line, rename) for line in order.lines)
    return replace(order, lines=lines)


def _renamed(order: Order, line: OrderLine, rename: Rename) -> OrderLine:
    return replace(
        line,
        taxes=_under_names(order, line.taxes, line.line_total, rename),
        shipping_taxes=_under_names(order, line.shipping_taxes, line.shipping, rename),
    )


def _under_names(order: Order, taxes: Sequence[TaxAmount], charged: Money, rename: Rename) -> tuple[TaxAmount, ...]:
    inside = total((tax.amount for tax in taxes), currency=order.currency)
    net = charged - inside if order.tax_included else charged
    return tuple(replace(tax, code=rename(tax, net)) for tax in taxes)
