"""`confirm_dispatch`: a dispatch goes to where its order was sold, with a carrier that is known there, or not at all; done
when it is shown there.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from django.db import transaction

from connectors import ports
from connectors.base import Capability, Connector
from connectors.canonical.dispatches import Dispatch, DispatchLine, DispatchRemark, check_dispatch
from connectors.canonical.errors import PermanentError
from connectors.canonical.orders import OrderState, TargetState
from connectors.models import Connection
from exceptions_app.models import ExceptionCase
from exceptions_app.opening import open_case, roll_up
from integrationhub.orders.flows.cancelling import answers_by_dispatching
from integrationhub.orders.holding import require_not_held
from integrationhub.orders.models import SoldDispatch, SoldLine, SoldOrder
from integrationhub.sync.flows import Done, Flow, Later, NeedsPersonError, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import WriteIntent
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect
from mappings_app.codes import CodeItem, learn_codes
from mappings_app.kinds import UNLISTED
from mappings_app.models import KnownCode
from mappings_app.resolving import ResolvedDispatch, resolve_dispatch

CARRIERS_FRESH_HOURS = 24
READ_BACK_SECONDS = (20, 60, 180, 600)  # how long to wait until it is shown, then every ten minutes
NOT_READY_SECONDS = 120
OPERATION = "send_dispatch"
ORDER_CANCELLED = "order_cancelled"  # a connector's code for refusing a dispatch because its order was cancelled

State = SoldDispatch.State


def confirm_dispatch(run: Run) -> Outcome:
    dispatch = check_dispatch(run.target.parse_dispatch(run.document()))
    order = _order(run)
    row = _record(order, dispatch)
    if dispatch.is_last:
        _note_left(order)
    if row.state == State.SHOWN:
        return Skipped(f"{run.source_row.name} shows it already.")
    if row.state == State.SENT:
        return _read_back(run, row, _as_sent(row, order, dispatch))
    if _cancellation_asked_for(run, order):
        return _send(run, order, row, dispatch, lines=list(order.lines.order_by("cancelled", "pk")))
    if order.state != OrderState.READY_TO_SHIP and not _shipped_by_us(run, order, dispatch):
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


def _note_left(order: SoldOrder) -> None:
    """Who packed it says that nothing remains: the order has left, whenever it is read there again."""
    under_way = (TargetState.CONFIRMED.value, TargetState.PROCESSING.value)
    left = SoldOrder.objects.filter(pk=order.pk, target_state__in=under_way)
    left.update(target_state=TargetState.SHIPPED.value)


def _shipped_by_us(run: Run, order: SoldOrder, dispatch: Dispatch) -> bool:
    """Whether the order may be shown as shipped because of a send of ours whose end is not known yet."""
    if order.state != OrderState.SHIPPED:
        return False
    ours = WriteIntent.objects.filter(
        connection=run.source_row, operation=OPERATION, reference=f"{order.reference}:{dispatch.dispatch_id}"
    )
    return ours.exclude(state__in=(WriteIntent.State.NOT_SENT, WriteIntent.State.REFUSED)).exists()


def _not_ready(run: Run, order: SoldOrder) -> Outcome:
    """Shipped before its source said it may be: wait while it may still say so, else a person decides."""
    if order.state in (
        OrderState.AWAITING_ACCEPTANCE.value,
        OrderState.AWAITING_PAYMENT.value,
        OrderState.STAGING.value,
    ):
        due_at = ports.now() + timedelta(seconds=NOT_READY_SECONDS)
        return Later(due_at, f"{run.source_row.name} does not expect it yet: {order.get_state_display().lower()}.")
    if order.state in (OrderState.SHIPPED.value, OrderState.RECEIVED.value, OrderState.CLOSED.value):
        return Skipped(f"{run.source_row.name} shows the order as {order.get_state_display().lower()} already.")
    raise _cancelled_after_dispatch(run, order)


def _cancelled_after_dispatch(run: Run, order: SoldOrder) -> NeedsPersonError:
    return NeedsPersonError(
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
    ready = replace(_with_lines(run, resolved.dispatch, order, row, lines=lines), order_reference=order.reference)
    if why := run.source.can_send_dispatch_now(ready):
        return Later(ports.now() + timedelta(seconds=NOT_READY_SECONDS), why)
    external_id = _written(run, order, ready)
    row.state, row.sent_at, row.external_id = State.SENT, ports.now(), external_id
    row.carrier_code = ready.carrier or ready.carrier_name
    row.carrier_version = resolved.carrier
    row.lines = [{"sku": line.sku, "line_id": line.line_id, "quantity": line.quantity} for line in ready.lines]
    row.save()
    _tell_remarks(run, row, ready)
    return _wait_to_be_shown(row, run)


def _written(run: Run, order: SoldOrder, dispatch: Dispatch) -> str:
    try:
        return run.write(_effect(run.source_row, run.source, dispatch))
    except PermanentError as error:
        if error.code == ORDER_CANCELLED:  # since it was last read
            raise _cancelled_after_dispatch(run, order) from error
        raise


def _effect(place: Connection, source: Connector, dispatch: Dispatch) -> Effect:
    return Effect(
        place=place,
        operation=OPERATION,
        reference=f"{dispatch.order_reference}:{dispatch.dispatch_id}",
        send=lambda: source.send_dispatch(dispatch),
        find=lambda: source.find_dispatch(dispatch),
    )


# --- the carrier ------------------------------------------------------------------------------------------------------


def _require_listed(run: Run, resolved: ResolvedDispatch) -> None:
    """A carrier code that the marketplace does not list never reaches it. The list is read again before we say so.

    A platform without a list takes what somebody mapped on purpose.
    """
    if resolved.carrier.attributes.get(UNLISTED) or not run.source.capabilities[Capability.LIST_CARRIERS]:
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


def _with_lines(
    run: Run, dispatch: Dispatch, order: SoldOrder, row: SoldDispatch, *, lines: list[SoldLine]
) -> Dispatch:
    """Spread the packed units over these lines of their SKU, past what earlier dispatches took.

    A line that the sender names goes first: one SKU may stand on two lines.
    """
    taken = _units_taken(order, besides=row)
    spread: list[DispatchLine] = []
    beyond: Counter[str] = Counter()
    for packed in dispatch.lines:
        units = packed.quantity
        for line in _lines_for(packed, lines):
            part = min(units, line.quantity - taken[line.line_id])
            if part > 0:
                spread.append(replace(packed, line_id=line.line_id, quantity=part))
                taken[line.line_id] += part
                units -= part
        if units:
            beyond[packed.sku] += units
    if beyond:
        raise _packed_beyond(run, order, row, beyond)
    return replace(dispatch, lines=tuple(spread), is_last=_all_left(order, lines))


def _lines_for(packed: DispatchLine, lines: list[SoldLine]) -> Iterator[SoldLine]:
    alike = [line for line in lines if line.target_sku == packed.sku]
    yield from (line for line in alike if line.line_id == packed.line_id)
    yield from (line for line in alike if line.line_id != packed.line_id)


def _packed_beyond(run: Run, order: SoldOrder, row: SoldDispatch, beyond: Counter[str]) -> NeedsPersonError:
    """More left than the order still wants: nothing of the dispatch is told, since nobody knows which units are meant."""
    units = [f"{count} of {sku}" for sku, count in beyond.items()]
    cancelled = order.lines.filter(cancelled=True, target_sku__in=list(beyond)).exists()
    return NeedsPersonError(
        "packed_beyond_order",
        object_key=f"dispatch:{row.pk}",
        context={"order": order.reference, "dispatch": str(row), "units": units, "cancelled": cancelled},
        place=run.target_row,
        message=f"{', '.join(units)} were packed beyond what {order.reference} still has.",
    )


def _units(dispatch: Dispatch) -> dict[str, int]:
    units: Counter[str] = Counter()
    for line in dispatch.lines:
        units[line.sku] += line.quantity
    return dict(units)


def _all_left(order: SoldOrder, lines: list[SoldLine]) -> bool:
    """Whether the parcels that left hold everything the order still wants, told of or not."""
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
    """Sent is not done: done is when it is shown where it was sent."""
    if run.source.find_dispatch(dispatch) is not None:
        _tell_remarks(run, row, dispatch)
        row.state, row.shown_at = State.SHOWN, ports.now()
        row.save(update_fields=["state", "shown_at"])
        if dispatch.is_last:
            _note_shown(row.order)
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


def _note_shown(order: SoldOrder) -> None:
    """Every parcel is shown where it was sold, and nothing remains: some platforms do not list such an order again."""
    if not order.dispatches.exclude(state=State.SHOWN).exists():
        ready = SoldOrder.objects.filter(pk=order.pk, state=OrderState.READY_TO_SHIP.value)
        ready.update(state=OrderState.SHIPPED.value)


def _wait_to_be_shown(row: SoldDispatch, run: Run) -> Later:
    age = (ports.now() - (row.sent_at or ports.now())).total_seconds()
    wait = next((step for step in READ_BACK_SECONDS if step > age), READ_BACK_SECONDS[-1])
    return Later(ports.now() + timedelta(seconds=wait), f"Sent; waiting until {run.source_row.name} shows it.")


def _tell_remarks(run: Run, row: SoldDispatch, dispatch: Dispatch) -> None:
    """What did not go well beside a dispatch that was taken: a case of its own, told once; the dispatch goes on."""
    for remark in run.source.dispatch_remarks(dispatch):
        key = f"dispatch:{row.pk}"
        if not ExceptionCase.objects.filter(brand=run.brand, cause=remark.code, object_key=key).exists():
            _open_remark(run, row, remark, key)


def _open_remark(run: Run, row: SoldDispatch, remark: DispatchRemark, key: str) -> None:
    order = row.order
    with transaction.atomic():
        case, _ = open_case(
            brand=run.brand,
            cause=remark.code,
            object_key=key,
            target=run.source_row,
            link=run.link,
            context={"order": order.reference, "dispatch": str(row), "explanation": remark.words},
            platform_words=remark.platform_words,
        )
        roll_up(case.pk, count=1, value=order.value_reporting or Decimal(0), oldest=ports.now(), deadline=None)


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
