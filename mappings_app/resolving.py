"""Resolving canonical objects: their codes replaced by what the other side calls the same thing, in one query each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from urllib.parse import quote

from connectors.canonical.dispatches import Dispatch
from connectors.canonical.errors import DataError, MappingError, Problem
from connectors.canonical.money import Money
from connectors.canonical.orders import Order, Payment, TaxAmount
from connectors.canonical.taxes import ListedTax, fitting_tax, tax_code, tax_country, tax_label, with_names
from connectors.models import Link
from connectors.registry import CONNECTORS
from mappings_app.checking import can_be_mapped
from mappings_app.codes import CodeItem
from mappings_app.kinds import (
    CURRENCY,
    PAYMENT_METHOD,
    PRICE_LIST,
    SERVICE,
    TAX,
    TRACKING_LINK,
    TRACKING_PLACEHOLDER,
    UNLISTED,
)
from mappings_app.lookup import Resolver, VersionTable
from mappings_app.models import MappingVersion

TaxesOf = Callable[[str], Sequence[ListedTax]]  # the target's market → the taxes that its orders may name


@dataclass(frozen=True, kw_only=True)
class ResolvedOrder:
    """An order in the target's words: its SKUs, its taxes where it names them, its methods of payments in parts."""

    order: Order
    source_skus: Mapping[str, str]  # line id → SKU as the source spells it
    sku_versions: Mapping[str, int]  # line id → the mapping version that gave its SKU
    market: MappingVersion | None  # None: the order names no channel, and nothing is mapped for such orders
    shipping_service: str  # the target's code; "": the order names no delivery method, and nothing is mapped for such
    price_list: str = ""  # the target's code; "" where the target has none of its own
    payment_method: str = ""  # the target's code; "": nothing is said of it, and the target does without
    tax_names: Mapping[str, str] = field(default_factory=dict)  # the codes of taxes that are mapped → the target's name
    version_ids: tuple[int, ...]  # which mapping versions were used, for the attempt's record


@dataclass(frozen=True, kw_only=True)
class ResolvedDispatch:
    """A dispatch with the receiver's carrier code and service; or, on purpose, with `carrier` "" and a `carrier_name`."""

    dispatch: Dispatch
    carrier: MappingVersion
    version_ids: tuple[int, ...]


def resolve_order(
    order: Order,
    *,
    link: Link,
    at: datetime | None = None,
    known_at: datetime | None = None,
    table: VersionTable | None = None,
    taxes_of: TaxesOf | None = None,
) -> ResolvedOrder:
    """Return the order in the target's codes, as of `at` (the time it was placed, unless told otherwise). One query.

    `known_at`: by the mappings that counted at that moment, where a person asked for that; else by today's.
    `taxes_of`: for a target that names its taxes. A tax that is mapped takes that name, else that of the one that fits it.

    One unmapped line holds the whole order; cancelled lines need no mapping and keep their SKU where they have none.
    Raises MappingError with all missing codes at once; DataError when a line names no SKU.
    """
    _check_codes(order)
    table = table or VersionTable.load(link, codes_to_resolve([order]), known_at=known_at)
    resolver = Resolver(link, at or order.placed_at, table=table)
    skus = resolver.find(
        "sku", (CodeItem(code=line.sku, label=line.title, gtin=line.gtin) for line in order.open_lines)
    )
    for line in order.lines:
        if line.sku not in skus and (version := resolver.find_optional("sku", line.sku)):
            skus[line.sku] = version
    market = resolver.find_unless_empty("market", CodeItem(code=order.channel))
    service = resolver.find_unless_empty(
        "shipping_service", CodeItem(code=order.shipping_service, label=order.shipping_service_label)
    )
    channel_known = market is not None or not order.channel
    price_list = _answer(resolver, PRICE_LIST, order.currency, market, order=order, hold=channel_known)
    payment_method = _answer(resolver, PAYMENT_METHOD, order.payment_method, market, order=order, hold=channel_known)
    payments = _payments(resolver, order, payment_method)
    tax_names: dict[str, str] = {}
    named = order
    if taxes_of is not None and channel_known:
        listed = taxes_of(market.to_code if market else str(link.target.settings.get("market") or ""))
        named = _with_tax_names(resolver, order, listed, mapped=tax_names)
    resolver.require_all()
    return ResolvedOrder(
        order=replace(_with_target_skus(named, skus), payments=payments),
        source_skus={line.line_id: line.sku for line in order.lines},
        sku_versions={line.line_id: skus[line.sku].pk for line in order.lines if line.sku in skus},
        market=market,
        shipping_service=service.to_code if service else "",
        price_list=price_list,
        payment_method=payment_method,
        tax_names=tax_names,
        version_ids=resolver.version_ids,
    )


def resolve_orders(orders: Sequence[Order], *, link: Link) -> list[ResolvedOrder | MappingError | DataError]:
    """Resolve a batch in one query; in place of an order that cannot be resolved stands why."""
    table = VersionTable.load(link, codes_to_resolve(orders))
    return [_resolved_or_error(order, link=link, table=table) for order in orders]


def _answer(
    resolver: Resolver, kind: str, code: str, market: MappingVersion | None, *, order: Order, hold: bool
) -> str:
    """The first that answers: the kind's own table (the link's row, then the brand's), the market mapping, the connection.

    Where none does and the target's platform wants one, the code is missing. Not while the channel is unmapped
    (`hold` False): its mapping may be what answers.
    """
    if version := resolver.find_optional(kind, code):
        return version.to_code
    said = _of_market(kind, market, order) or str(resolver.link.target.settings.get(kind) or "")
    if not said and hold and can_be_mapped(code) and kind in _own_settings(resolver.link.target.platform):
        resolver.find(kind, [code])
    return said


def _of_market(kind: str, market: MappingVersion | None, order: Order) -> str:
    """What the market mapping says; a price list that it says is of another currency is none for this order."""
    attributes = market.attributes if market else {}
    if kind == PRICE_LIST and attributes.get(CURRENCY, order.currency) != order.currency:
        return ""
    return str(attributes.get(kind) or "")


def _payments(resolver: Resolver, order: Order, own_method: str) -> tuple[Payment, ...]:
    """The payments with the target's methods. The order's own has one by now; beside it only the table answers, since what
    the market or the connection says is said of the usual method: a gift card booked as one would be money that never came.
    """

    def method(payment: Payment) -> str:
        if payment.method == order.payment_method:
            return own_method
        if version := resolver.find_optional(PAYMENT_METHOD, payment.method):
            return version.to_code
        if can_be_mapped(payment.method) and PAYMENT_METHOD in _own_settings(resolver.link.target.platform):
            resolver.find(PAYMENT_METHOD, [payment.method])
        return ""

    return tuple(replace(payment, method=method(payment)) for payment in order.payments)


def _with_tax_names(resolver: Resolver, order: Order, listed: Sequence[ListedTax], *, mapped: dict[str, str]) -> Order:
    """The order with its taxes as the target calls them. A tax of nothing that fits none is left as it is."""
    country = tax_country(order)

    def name(tax: TaxAmount, net: Money) -> str:
        code = tax_code(tax, country)
        if not code or not can_be_mapped(code):
            return tax.code
        if version := resolver.find_optional(TAX, code):
            mapped[code] = version.to_code
            return version.to_code
        fitting = fitting_tax(tax, net=net, country=country, listed=listed)
        if fitting is None and tax.amount.amount:
            resolver.find(TAX, [CodeItem(code=code, label=tax_label(tax, country))])
        return fitting.name if fitting else tax.code

    return with_names(order, name)


def _tax_codes(order: Order) -> set[str]:
    country = tax_country(order)
    stated = (tax for line in order.open_lines for tax in (*line.taxes, *line.shipping_taxes))
    return {tax_code(tax, country) for tax in stated} - {""}


@cache
def _own_settings(platform: str) -> frozenset[str]:
    """The settings of a platform's connections: one that can be told a price list creates no order without any."""
    connector = CONNECTORS.get(platform)
    return frozenset(setting.name for setting in connector.settings) if connector else frozenset()


def resolve_reason(link: Link, reason: str, *, at: datetime) -> MappingVersion | None:
    """What the marketplace calls our reason for a cancellation or refund; None where the table says nothing. One query.

    A row for no reason in particular counts where the reason itself has none.
    """
    resolver = Resolver(link, at, table=VersionTable.load(link, {"refund_reason": {reason, ""}}))
    return resolver.find_optional("refund_reason", reason) or resolver.find_optional("refund_reason", "")


def resolve_dispatch(
    dispatch: Dispatch, *, link: Link, at: datetime | None = None, table: VersionTable | None = None
) -> ResolvedDispatch:
    """Return the dispatch with the receiver's carrier, as of `at` (when it left, unless told otherwise). One query.

    A mapping of carrier and service together ("DPD / Next Day") goes before one of the carrier alone.
    Raises MappingError naming the carrier; DataError when its name is none that can be mapped.
    """
    if not can_be_mapped(dispatch.carrier):
        problem = Problem(field="carrier", message=f"{dispatch.carrier!r} is not a code that can be mapped.")
        raise DataError([problem], record=f"Dispatch {dispatch.number or dispatch.dispatch_id}")
    table = table or VersionTable.load(link, {"carrier": carrier_codes(dispatch)})
    resolver = Resolver(link, at or dispatch.dispatched_at, table=table)
    with_service = resolver.find_optional("carrier", carrier_codes(dispatch)[0])
    version = with_service or resolver.find("carrier", [dispatch.carrier]).get(dispatch.carrier)
    resolver.require_all()
    assert version is not None  # else require_all raised
    return ResolvedDispatch(
        dispatch=_with_carrier(dispatch, version), carrier=version, version_ids=resolver.version_ids
    )


def codes_to_resolve(orders: Iterable[Order]) -> dict[str, set[str]]:
    """Every code that resolving these orders looks up, by kind: what a shared VersionTable is loaded with."""
    kinds = ("sku", "market", "shipping_service", PRICE_LIST, PAYMENT_METHOD, TAX)
    codes: dict[str, set[str]] = {kind: set() for kind in kinds}
    for order in orders:
        codes["sku"].update(line.sku for line in order.lines)
        codes["market"].add(order.channel)
        codes["shipping_service"].add(order.shipping_service)
        codes[PRICE_LIST].add(order.currency)
        codes[PAYMENT_METHOD].update((order.payment_method, *(one.method for one in order.payments)))
        codes[TAX].update(_tax_codes(order))
    return codes


def carrier_codes(dispatch: Dispatch) -> tuple[str, ...]:
    """The codes under which the dispatch's carrier may be mapped, the most telling first."""
    if dispatch.carrier and dispatch.service:
        return (f"{dispatch.carrier} / {dispatch.service}", dispatch.carrier)
    return (dispatch.carrier,)


def _resolved_or_error(order: Order, *, link: Link, table: VersionTable) -> ResolvedOrder | MappingError | DataError:
    try:
        return resolve_order(order, link=link, table=table)
    except (MappingError, DataError) as error:
        return error


def _check_codes(order: Order) -> None:
    """Raise DataError for codes that nobody could ever map: a case that waits for a mapping would wait for good."""
    codes = {"channel": order.channel, "shipping_service": order.shipping_service}
    codes |= {f"lines[{index}].sku": line.sku for index, line in enumerate(order.lines) if not line.cancelled}
    problems = [
        Problem(field=field, message=f"{code!r} is not a code that can be mapped.", record=order.reference)
        for field, code in codes.items()
        if not can_be_mapped(code)
    ]
    problems += [
        Problem(field=f"lines[{index}].sku", message=f"Line {line.line_id} names no SKU.", record=order.reference)
        for index, line in enumerate(order.lines)
        if not line.sku.strip() and not line.cancelled
    ]
    if problems:
        raise DataError(problems, record=order.reference)


def _with_target_skus(order: Order, skus: Mapping[str, MappingVersion]) -> Order:
    lines = (replace(line, sku=skus[line.sku].to_code) if line.sku in skus else line for line in order.lines)
    return replace(order, lines=tuple(lines))


def _with_carrier(dispatch: Dispatch, version: MappingVersion) -> Dispatch:
    """The sender's own service is not handed on: what the receiver is told is what somebody chose."""
    dispatch = replace(dispatch, service=str(version.attributes.get(SERVICE, "")))
    if not version.attributes.get(UNLISTED):
        return replace(dispatch, carrier=version.to_code, carrier_name="")
    link = str(version.attributes.get(TRACKING_LINK, ""))
    if link and dispatch.tracking_number:
        url = link.replace(TRACKING_PLACEHOLDER, quote(dispatch.tracking_number, safe=""))
    else:
        url = dispatch.tracking_url
    return replace(dispatch, carrier="", carrier_name=version.to_code, tracking_url=url)
