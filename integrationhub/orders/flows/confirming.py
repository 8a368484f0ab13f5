"""`confirm_dispatch`: a dispatch goes to the marketplace with a carrier it lists, or not at all; done when the marketplace
shows it.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from connectors import ports
from connectors.base import Connector
from connectors.canonical.dispatches import Dispatch, DispatchLine, check_dispatch
from connectors.canonical.errors import DataError, Problem
from connectors.canonical.orders import OrderState
from connectors.models import Connection
from integrationhub.orders.flows.cancelling import answers_by_dispatching
from integrationhub.orders.holding import require_not_held
from integrationhub.orders.models import SoldDispatch, SoldLine, SoldOrder
from integrationhub.sync.flows import Done, Flow, Later, NeedsPersonError, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect
from mappings_app.codes import CodeItem, learn_codes
from mappings_app.kinds import UNLISTED
from mappings_app.models import KnownCode
from mappings_app.resolving import ResolvedDispatch, resolve_dispatch

CARRIERS_FRESH_HOURS = 24
READ_BACK_SECONDS = (20, 60, 180, 600)  # how long to wait for the marketplace to show it, then every ten minutes
NOT_READY_SECONDS = 120

State = SoldDispatch.State


def confirm_dispatch(run: Run) -> Outcome:
    dispatch = check_dispatch(run.target.parse_dispatch(run.document()))
    order = _order(run)
    row = _record(order, dispatch)
    if row.state == State.SHOWN:
        return Skipped(f"{run.source_row.name} shows it already.")
    if row.state == State.SENT:
        return _read_back(run, row, _as_sent(row, order, dispatch))
    if _cancellation_asked_for(run, order):
        return _send(run, order, row, dispatch, lines=list(order.lines.order_by("cancelled", "pk")))
    if order.state != OrderState.READY_TO_SHIP:
        return _not_ready(run, order)
    return _send(run, order, row, dispatch, lines=list(order.lines.filter(cancelled=False)))


def _cancellation_asked_for(run: Run, order: SoldOrder) -> bool:
    """Lines that the source only asked to cancel are cancelled here; what has left of them is its answer."""
    if not run.source.cancels_by_asking or not order.lines.filter(cancelled=True).exists():
        return False
    return answers_by_dispatching(run, order)


def _order(run: Run) -> SoldOrder:
    return SoldOrder.objects.select_related("link").get(pk=run.job.argument["order"])


def _record(order: SoldOrder, dispatch: Dispatch) -> SoldDispatch:
    row, made = SoldDispatch.objects.get_or_create(
        order=order,
        dispatch_id=dispatch.dispatch_id,
        defaults={
            "number": dispatch.number,
            "carrier": dispatch.carrier,
            "service": dispatch.service,
            "tracking_number": dispatch.tracking_number,
            "dispatched_at": dispatch.dispatched_at,
            "packed": _units(dispatch),
        },
    )
    if not made and row.state == State.SEEN:
        row.carrier, row.service, row.tracking_number = dispatch.carrier, dispatch.service, dispatch.tracking_number
        row.packed = _units(dispatch)
        row.save(update_fields=["carrier", "service", "tracking_number", "packed"])
    return row


def _not_ready(run: Run, order: SoldOrder) -> Outcome:
    """Shipped before the marketplace said it may be: wait while it may still say so, else a person decides."""
    if order.state in (
        OrderState.AWAITING_ACCEPTANCE.value,
        OrderState.AWAITING_PAYMENT.value,
        OrderState.STAGING.value,
    ):
        due_at = ports.now() + timedelta(seconds=NOT_READY_SECONDS)
        return Later(due_at, f"{run.source_row.name} does not expect it yet: {order.get_state_display().lower()}.")
    if order.state in (OrderState.SHIPPED.value, OrderState.RECEIVED.value, OrderState.CLOSED.value):
        return Skipped(f"{run.source_row.name} shows the order as {order.get_state_display().lower()} already.")
    raise NeedsPersonError(
        "cancelled_after_dispatch",
        object_key=f"order:{order.pk}",
        context={"order": order.reference, "number": order.target_external_id},
        place=run.target_row,
        message=f"{order.reference} was dispatched, but {run.source_row.name} has ended it.",
    )


def _send(run: Run, order: SoldOrder, row: SoldDispatch, dispatch: Dispatch, *, lines: list[SoldLine]) -> Outcome:
    require_not_held(order)
    resolved = resolve_dispatch(dispatch, link=run.link, at=order.placed_at)
    run.mapping_versions.update(resolved.version_ids)
    _require_listed(run, resolved)
    ready = replace(_with_lines(resolved.dispatch, order, row, lines=lines), order_reference=order.reference)
    if why := run.source.can_send_dispatch_now(ready):
        return Later(ports.now() + timedelta(seconds=NOT_READY_SECONDS), why)
    external_id = run.write(_effect(run.source_row, run.source, ready))
    row.state, row.sent_at, row.external_id = State.SENT, ports.now(), external_id
    row.carrier_code = ready.carrier or ready.carrier_name
    row.carrier_version = resolved.carrier
    row.lines = [{"sku": line.sku, "line_id": line.line_id, "quantity": line.quantity} for line in ready.lines]
    row.save()
    return _wait_to_be_shown(row, run)


def _effect(place: Connection, source: Connector, dispatch: Dispatch) -> Effect:
    return Effect(
        place=place,
        operation="send_dispatch",
        reference=f"{dispatch.order_reference}:{dispatch.dispatch_id}",
        send=lambda: source.send_dispatch(dispatch),
        find=lambda: source.find_dispatch(dispatch),
    )


# --- the carrier ------------------------------------------------------------------------------------------------------


def _require_listed(run: Run, resolved: ResolvedDispatch) -> None:
    """A carrier code that the marketplace does not list never reaches it. The list is read again before we say so."""
    if resolved.carrier.attributes.get(UNLISTED):
        return
    code = resolved.carrier.to_code
    if _is_listed(run, code):
        return
    raise NeedsPersonError(
        "carrier_not_listed",
        object_key=f"{run.link.source_id}:{code}"[:200],
        context={"carrier": code, "from": resolved.carrier.from_code},
        message=f"{run.source_row.name} does not list the carrier {code}.",
    )


def _is_listed(run: Run, code: str) -> bool:
    fresh_since = ports.now() - timedelta(hours=CARRIERS_FRESH_HOURS)
    known = KnownCode.objects.filter(connection=run.source_row, kind="carrier", active=True)
    if known.filter(code=code, seen_at__gte=fresh_since).exists():
        return True
    learn_carriers(run.source_row, run.source)
    return known.filter(code=code).exists()


def learn_carriers(place: Connection, connector: Connector) -> int:
    """Read the marketplace's carriers into the codes a person can choose from."""
    items = [CodeItem(code=carrier.code, label=carrier.label) for carrier in connector.fetch_carriers()]
    return learn_codes(place, "carrier", items, whole=True)


# --- the lines --------------------------------------------------------------------------------------------------------


def _with_lines(dispatch: Dispatch, order: SoldOrder, row: SoldDispatch, *, lines: list[SoldLine]) -> Dispatch:
    """Spread the packed units over these lines of their SKU, past what earlier dispatches took."""
    taken = _units_taken(order, besides=row)
    spread: list[DispatchLine] = []
    problems: list[Problem] = []
    for packed in dispatch.lines:
        units = packed.quantity
        for line in lines:
            room = line.quantity - taken[line.line_id] if line.target_sku == packed.sku else 0
            part = min(units, room)
            if part > 0:
                spread.append(replace(packed, line_id=line.line_id, quantity=part))
                taken[line.line_id] += part
                units -= part
        if units:
            words = f"{units} more of {packed.sku} were packed than the order still has."
            problems.append(Problem(field="lines", message=words, record=order.reference))
    if problems:
        raise DataError(problems, record=f"Dispatch {dispatch.number or dispatch.dispatch_id}")
    return replace(dispatch, lines=tuple(spread), is_last=_all_left(order, lines))


def _units(dispatch: Dispatch) -> dict[str, int]:
    units: Counter[str] = Counter()
    for line in dispatch.lines:
        units[line.sku] += line.quantity
    return dict(units)


def _all_left(order: SoldOrder, lines: list[SoldLine]) -> bool:
    """Whether the parcels that left hold everything the order still wants, told to the marketplace or not."""
    left: Counter[str] = Counter()
    for packed in order.dispatches.values_list("packed", flat=True):
        left.update(packed)
    wanted: Counter[str] = Counter()
    for line in lines:
        wanted[line.target_sku] += line.quantity
    return all(left[sku] >= units for sku, units in wanted.items())


def _units_taken(order: SoldOrder, *, besides: SoldDispatch) -> Counter[str]:
    taken: Counter[str] = Counter()
    for lines in order.dispatches.exclude(pk=besides.pk).exclude(state=State.SEEN).values_list("lines", flat=True):
        for line in lines:
            taken[line["line_id"]] += line["quantity"]
    return taken


# --- the echo ---------------------------------------------------------------------------------------------------------


def _as_sent(row: SoldDispatch, order: SoldOrder, dispatch: Dispatch) -> Dispatch:
    lines = tuple(
        DispatchLine(sku=line["sku"], line_id=line["line_id"], quantity=line["quantity"]) for line in row.lines
    )
    return replace(dispatch, order_reference=order.reference, carrier=row.carrier_code, lines=lines)


def _read_back(run: Run, row: SoldDispatch, dispatch: Dispatch) -> Outcome:
    """Sent is not done: done is when the marketplace shows it."""
    if run.source.find_dispatch(dispatch) is not None:
        row.state, row.shown_at = State.SHOWN, ports.now()
        row.save(update_fields=["state", "shown_at"])
        return Done(f"{run.source_row.name} shows it.")
    limit = timedelta(hours=run.link.dispatch_confirmed_within_hours)
    if ports.now() - (row.sent_at or row.dispatched_at) >= limit:
        raise NeedsPersonError(
            "dispatch_unconfirmed",
            object_key=f"link:{run.link.pk}",
            context={"hours": run.link.dispatch_confirmed_within_hours, "example": row.order.reference},
            message=f"{run.source_row.name} took the dispatch of {row.order.reference}, but does not show it.",
        )
    return _wait_to_be_shown(row, run)


def _wait_to_be_shown(row: SoldDispatch, run: Run) -> Later:
    age = (ports.now() - (row.sent_at or ports.now())).total_seconds()
    wait = next((step for step in READ_BACK_SECONDS if step > age), READ_BACK_SECONDS[-1])
    return Later(ports.now() + timedelta(seconds=wait), f"Sent; waiting until {run.source_row.name} shows it.")


CONFIRM_DISPATCH = register(
    Flow(
        name="confirm_dispatch",
        label="Confirm dispatches",
        lane=Lane.DISPATCH,
        run=confirm_dispatch,
        side="source",
        record="dispatch",
        records="dispatches",
        done="confirmed",
    )
)
