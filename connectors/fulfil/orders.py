"""What the hub does with orders at Fulfil: find, create, finish, cancel.

`process` is the commit point: until then an order has no shipments, so nothing of it can leave. `channel_identifier` is
unique in a channel: creating again creates nothing. A PUT is not idempotent here otherwise; every command reads first.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.base import CAPABILITY_LABELS, Capability
from connectors.canonical.errors import ConfigurationError, HubError, PermanentError, UnknownOutcomeError
from connectors.canonical.money import Money
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Order, TargetOrder, TargetState
from connectors.canonical.payload import JSON
from connectors.canonical.taxes import ListedTax
from connectors.fulfil import translate
from connectors.fulfil.client import FulfilClient
from connectors.fulfil.typedjson import read_decimal

SALE, LINE, SHIPMENT, EXCEPTION = "sale.sale", "sale.line", "stock.shipment.out", "channel.exception"
CREATE_ORDER = "sale.channel/create_order"
FIND_ROWS = 50
STEPS = {"draft": ("quote", "confirm", "process"), "quotation": ("confirm", "process"), "confirmed": ("process",)}
AFTER = {"quote": "quotation", "confirm": "confirmed"}
COMMITTED = frozenset({TargetState.CONFIRMED, TargetState.PROCESSING, TargetState.SHIPPED})
STILL_HERE = frozenset({"draft", "waiting", "assigned"})  # a shipment that is not packed


class Orders:
    def __init__(self, client: FulfilClient, *, channels: Sequence[int]) -> None:
        self._client, self._channels = client, tuple(channels)
        self._taxes_of: dict[int, tuple[ListedTax, ...]] = {}

    # --- reading --------------------------------------------------------------------------------------------------
    def find(self, reference: str) -> tuple[TargetOrder, ...]:
        domain = [["channel", "in", list(self._channels)], ["channel_identifier", "=", reference]]
        return tuple(self._parsed(self._sales(domain)))

    def read(self, external_id: str) -> TargetOrder | None:
        return next(iter(self._parsed(self._sales([["id", "=", whole_id(external_id)]]))), None)

    def need(self, external_id: str) -> TargetOrder:
        found = self.read(external_id)
        if found is None:
            raise _gone(external_id)
        return found

    def _sales(self, domain: Sequence[Any]) -> list[dict[str, JSON]]:
        return self._client.search_read(SALE, domain, translate.SALE_FIELDS, limit=FIND_ROWS)

    def _parsed(self, sales: Sequence[Mapping[str, JSON]]) -> list[TargetOrder]:
        if not sales:
            return []
        ids = [sale["id"] for sale in sales]
        lines = self._client.search_read_all(LINE, [["sale", "in", ids]], translate.LINE_FIELDS)
        wanted = [one for sale in sales for one in sale.get("shipments") or ()]
        shipments = self._shipments(wanted) if wanted else []
        return [
            translate.parse_target_order(
                {
                    "sale": sale,
                    "lines": [line for line in lines if line.get("sale") == sale["id"]],
                    "shipments": [one for one in shipments if one["id"] in (sale.get("shipments") or ())],
                }
            )
            for sale in sales
        ]

    def _shipments(self, ids: Sequence[JSON]) -> list[dict[str, JSON]]:
        return self._client.search_read_all(SHIPMENT, [["id", "in", list(ids)]], translate.SALE_SHIPMENT_FIELDS)

    # --- creating -------------------------------------------------------------------------------------------------
    def create(self, order: Order, options: OrderOptions) -> str:
        """One writing call. Its outcome is found again by `find`. A hold needs nothing: no order leaves before `finish`."""
        channel = self._channel_named(options.market)
        try:
            built = translate.build_order(order, options, taxes=self._taxes(channel))
            answer = self._client.call("sale.channel", "create_order", [channel, built])
        except PermanentError:
            self._taxes_of.clear()  # a person changes the channel's taxes, and then it must be seen
            raise
        record = answer[0] if isinstance(answer, list) and len(answer) == 1 else answer
        made = record.get("id") if isinstance(record, dict) else None
        if isinstance(made, bool) or not isinstance(made, int):
            words = f"Fulfil took order {order.reference} and did not name the number of its own. The hub looks it up."
            raise UnknownOutcomeError(words, code="no_number")
        return str(made)

    def _channel_named(self, market: str) -> int:
        """What a market mapping says: a channel's number. Company and warehouse follow from the channel in Fulfil."""
        if not market:
            return self._channels[0]
        if market.isascii() and market.isdigit() and int(market) in self._channels:
            return int(market)
        words = (
            f"The market mapping says channel {market}, which is none of this Fulfil connection's. Enter its number under "
            "Further channel ids, or correct the mapping."
        )
        raise PermanentError(words, subject=market, code="channel")

    # --- taxes ----------------------------------------------------------------------------------------------------
    def taxes(self, market: str | None) -> tuple[ListedTax, ...]:
        """Those of one channel, as they were last read; of every channel, read anew, with None."""
        if market is not None:
            return self._taxes(self._channel_named(market))
        self._taxes_of.clear()
        return tuple(tax for channel in self._channels for tax in self._taxes(channel))

    def _taxes(self, channel: int) -> tuple[ListedTax, ...]:
        if channel not in self._taxes_of:
            rows = self._client.search_read_all("sale.channel.tax", [["channel", "=", channel]], ("name", "rate"))
            found = [(row.get("name"), read_decimal(row.get("rate"))) for row in rows]
            self._taxes_of[channel] = tuple(
                ListedTax(name=str(name), rate=rate, market=str(channel))
                for name, rate in found
                if name and rate is not None
            )
        return self._taxes_of[channel]

    # --- finishing ------------------------------------------------------------------------------------------------
    def finish(self, external_id: str, order: Order, options: OrderOptions, *, confirm: bool) -> None:
        """Compare what Fulfil holds with what was charged, then let it go to the warehouse."""
        sales = self._sales([["id", "=", whole_id(external_id)]])
        found = next(iter(self._parsed(sales)), None)
        if found is None:
            raise _gone(external_id)
        _refuse_unfinishable(found, order.reference)
        if not confirm or found.state in COMMITTED:
            return
        _refuse_hold(options)
        if sales[0].get("has_channel_exception") is not False:
            self._refuse_exceptions(found)
        refuse_other_money(found, order)
        for step in STEPS.get(found.target_state, ()):
            goal = AFTER.get(step)
            self._do(
                step,
                external_id,
                reached=lambda seen, goal=goal: seen.state in COMMITTED or seen.target_state == goal,  # type: ignore[misc]
            )

    def _refuse_exceptions(self, found: TargetOrder) -> None:
        domain = [["origin", "=", f"{SALE},{found.external_id}"], ["is_resolved", "=", False]]
        rows = self._client.search_read(EXCEPTION, domain, ("log",), limit=FIND_ROWS)
        if rows:
            said = "; ".join(str(row.get("log") or "") for row in rows)
            words = f"Fulfil has problems with order {found.external_id} that nobody has settled: {said}"
            raise PermanentError(words, subject=found.external_id, platform_words=said, code="exceptions")

    def _do(self, step: str, external_id: str, *, reached: Callable[[TargetOrder], bool]) -> None:
        """One step of the workflow. A refusal is benign when the order, read again, shows the step done."""
        try:
            self._client.call(SALE, step, [[whole_id(external_id)]])
        except PermanentError as refused:
            try:
                seen = self.need(external_id)
            except HubError as error:
                raise refused from error
            if not reached(seen):
                refused.subject = external_id
                raise

    # --- cancelling -----------------------------------------------------------------------------------------------
    def cancel(self, external_id: str, *, comment: str) -> None:
        """Hold the shipments so that nobody packs them meanwhile, cancel them, then the order."""
        found = self.need(external_id)
        if found.state is TargetState.CANCELLED:
            return
        if found.state is TargetState.SHIPPED:
            raise _too_late(external_id)
        rows = self._open_shipments(external_id)
        if rows:
            self._cancel_shipments(external_id, rows, comment)
        self._do("cancel", external_id, reached=lambda seen: seen.state is TargetState.CANCELLED)

    def _open_shipments(self, external_id: str) -> list[dict[str, JSON]]:
        """Those not cancelled. PermanentError when one is packed, or serves another order too."""
        domain = [["sales", "in", [whole_id(external_id)]], ["state", "!=", "cancel"]]
        rows = self._client.search_read_all(SHIPMENT, domain, (*translate.SALE_SHIPMENT_FIELDS, "sales"))
        if any(row["state"] not in STILL_HERE for row in rows):
            raise _too_late(external_id)
        shared = [row for row in rows if len(row.get("sales") or ()) > 1]
        if shared:
            words = (
                f"Shipment {shared[0].get('number')} of order {external_id} carries other orders too. Take the order out of "
                "it in Fulfil, then cancel."
            )
            raise PermanentError(words, subject=external_id, code="shared_shipment")
        return rows

    def _cancel_shipments(self, external_id: str, rows: Sequence[Mapping[str, JSON]], comment: str) -> None:
        ids = [row["id"] for row in rows]
        fresh = [row["id"] for row in rows if row.get("on_hold") is not True]
        if fresh:
            self._client.call(SHIPMENT, "hold", [fresh, comment])
        try:
            self._open_shipments(external_id)  # packed between our two looks
        except PermanentError:
            if fresh:
                self._client.call(SHIPMENT, "unhold", [fresh, comment])
            raise
        self._client.call(SHIPMENT, "cancel", [ids])

    def cancel_lines(self, external_id: str, *, quantities: Mapping[str, int], comment: str) -> None:
        """The whole order when that is what is meant; Fulfil documents no way to cancel a part on this API."""
        if not quantities:
            return
        found = self.need(external_id)
        left = {line.line_id: line.quantity for line in found.lines if line.quantity}
        if dict(quantities) == left:
            self.cancel(external_id, comment=comment)
            return
        words = (
            f"The hub cannot cancel a part of order {external_id}: Fulfil offers no safe way to do it from outside. Reduce "
            "the lines in Fulfil by hand, then mark this as done."
        )
        raise PermanentError(words, subject=external_id, code="part")


def whole_id(external_id: str) -> int:
    """A number that Fulfil may have given; PermanentError for anything else, before anything is sent."""
    if not (external_id.isascii() and external_id.isdigit() and 0 < int(external_id) < 2**63):
        words = f"{external_id} is not the number of a record in Fulfil."
        raise PermanentError(words, subject=external_id, code="number")
    return int(external_id)


def refuse_other_money(found: TargetOrder, order: Order) -> None:
    """Total, tax, delivery and each line must be what was charged, to the minor unit, before anything ships."""
    pairs = [("the total", order.paid, found.total)]
    if found.tax is not None:
        pairs.append(("the tax", order.tax, found.tax))
    if order.tax_included:
        pairs.append(("the delivery", order.shipping, found.shipping))
        ours, theirs = _by_sku(order.open_lines), _by_sku(found.lines)
        for sku in sorted({*ours, *theirs}):
            none = Money(order.total.amount * 0, order.currency)
            pairs.append((sku, ours.get(sku, none), theirs.get(sku, none)))
    apart = [f"{what} is {theirs} and not {mine}" for what, mine, theirs in pairs if not mine.agrees_with(theirs)]
    if apart:
        words = f"Fulfil's order {found.external_id} is not what was charged: {'; '.join(apart)}. It was not released."
        raise PermanentError(words, subject=found.external_id, code="money")


def _by_sku(lines: Sequence[Any]) -> dict[str, Money]:
    found: dict[str, Money] = {}
    for line in lines:
        found[line.sku] = found[line.sku] + line.line_total if line.sku in found else line.line_total
    return found


def _refuse_hold(options: OrderOptions) -> None:
    if options.hold_reason:
        label = CAPABILITY_LABELS[Capability.HOLD_ORDERS].lower()
        words = (
            f"Fulfil cannot do this: {label}. Its orders wait for the hub anyway: they are released when they may ship."
        )
        raise ConfigurationError(words, operation=Capability.HOLD_ORDERS, code="capability")


def _refuse_unfinishable(found: TargetOrder, reference: str) -> None:
    number = found.external_id
    if found.state is TargetState.CANCELLED:
        words = (
            f"Order {number} was cancelled in Fulfil. Decide whether {reference} is to be sent again or cancelled too."
        )
        raise PermanentError(words, subject=number, platform_words=found.target_state, code="cancelled")
    if found.state is TargetState.UNKNOWN:
        words = f"Order {number} is in a state that the hub does not know, so nothing was done. Look at it in Fulfil."
        raise PermanentError(words, subject=number, platform_words=found.target_state, code="unknown_state")
    if found.reference != reference:
        words = f"Order {number} in Fulfil is {found.reference or 'nobody’s'}, not {reference}, so nothing was done."
        raise PermanentError(words, subject=number, code="other_reference")


def _gone(external_id: str) -> PermanentError:
    return PermanentError(f"Fulfil has no order {external_id}.", subject=external_id, code="order_gone")


def _too_late(external_id: str) -> PermanentError:
    words = (
        f"Order {external_id} is packed or sent in Fulfil, so it cannot be cancelled any more. Let it leave and take it back "
        "as a return."
    )
    return PermanentError(words, subject=external_id, code="too_late")
