"""Commands on orders: each reads first, sends only what is missing, and lets the order decide what a refusal means."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.canonical.errors import (
    ConfigurationError,
    DataError,
    HubError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import TargetOrder
from connectors.centra.connector import CentraConnector
from connectors.centra.translate import parse_target_order
from connectors.transport import BrokenOffError, Incoming
from tests.connectors.centra.support import OPTIONS, ORDER, Network, answer, payload, plain

REFERENCE = ORDER.reference
DONE = {"order": {"number": 1234, "status": "CONFIRMED"}, "userErrors": [], "userWarnings": []}


def shown(**changes: Any) -> dict[str, Any]:
    """The order as Centra shows it: pending, untagged, of our reference."""
    return {**payload("order_pending"), **changes}


def read(**changes: Any) -> Incoming:
    return answer({"orders": [shown(**changes)]})


def before_finish(*, carriers: list[dict[str, Any]] | None = None, **changes: Any) -> Incoming:
    order = shown(**changes)
    known = {name: order[name] for name in ("number", "status", "externalId", "otherComment")}
    data = {"this": [order], "byExternalId": [], "byComment": [known, *(carriers or [])], "byPayment": []}
    return answer(data)


def refused(field: str, message: str) -> dict[str, Any]:
    return {field: {"order": None, "userErrors": [{"message": message, "path": ["input"]}], "userWarnings": []}}


def warned(field: str, message: str) -> dict[str, Any]:
    return {field: {**DONE, "userWarnings": [{"message": message, "path": None}]}}


def finish(connector: CentraConnector, options: OrderOptions = OPTIONS, *, confirm: bool = True) -> None:
    connector.finish_order(existing(), ORDER, options, confirm=confirm)


def existing() -> TargetOrder:
    return parse_target_order(payload("order_pending"), zone=ZoneInfo("Europe/Stockholm"))


def sent_variables(network: Network) -> list[dict[str, Any]]:
    return [body["variables"] for body in network.bodies]


# --- creating ---------------------------------------------------------------------------------------------------------
def test_an_order_is_sent_as_built_in_one_call(connector: CentraConnector, network: Network) -> None:
    network.put(plain({"status": "ok", "orders": [1234]}))
    assert connector.send_order(ORDER, OPTIONS) == "1234"
    (body,) = network.bodies
    assert body["comment"] == "[marketplace order MK-10023-A]"
    assert "marketId" not in body
    assert "pricelist" not in body


def test_an_order_that_cannot_be_built_is_not_sent(connector: CentraConnector, network: Network) -> None:
    with pytest.raises(DataError):
        connector.send_order(ORDER, OrderOptions(email="", paid=True))
    assert network.sent == []


@pytest.mark.parametrize(
    "ending",
    [plain(b"", status=502), BrokenOffError("no answer came in time")],
    ids=["502", "time-out"],
)
def test_an_uncertain_creation_is_sent_once_and_nothing_follows(
    connector: CentraConnector, network: Network, ending: Incoming | BrokenOffError
) -> None:
    network.put(ending)
    with pytest.raises(UnknownOutcomeError):
        connector.send_order(ORDER, OPTIONS)
    assert [sent.url for sent in network.sent] == ["https://northgate.centra.com/api/marketplace/order"]


# --- finding ----------------------------------------------------------------------------------------------------------
def carrier(number: int, **more: Any) -> dict[str, Any]:
    return {"number": number, "status": "PENDING", "externalId": None, "otherComment": "", **more}


def searched(**found: list[Any]) -> Incoming:
    return answer({"byExternalId": [], "byComment": [], "byPayment": [], **found})


def test_nothing_found_takes_one_read(connector: CentraConnector, network: Network) -> None:
    network.put(searched())
    assert connector.find_orders("MK-1") == ()
    assert sent_variables(network) == [
        {"references": ["MK-1"], "mark": "[marketplace order MK-1]", "limit": 50, "page": 1}
    ]


def test_orders_found_in_several_ways_are_read_once_and_the_oldest_comes_first(
    connector: CentraConnector, network: Network
) -> None:
    network.put(
        searched(
            byExternalId=[carrier(9, externalId=REFERENCE)],
            byComment=[carrier(9, externalId=REFERENCE), carrier(10, otherComment=f"[marketplace order {REFERENCE}]")],
            byPayment=[{"externalReference": REFERENCE, "order": carrier(4)}],
        ),
        answer(
            {
                "orders": [
                    shown(number=4, createdAt="2026-01-15T10:00:02+01:00"),
                    shown(number=9, createdAt="2026-01-15T09:00:01+00:00"),
                    shown(number=10, createdAt="2026-01-15T10:00:01+01:00"),
                ]
            }
        ),
    )
    assert [order.external_id for order in connector.find_orders(REFERENCE)] == ["9", "10", "4"]
    assert sent_variables(network)[1] == {"where": {"number": [4, 9, 10]}, "limit": 50}


def test_an_order_whose_reference_only_begins_alike_is_not_ours(connector: CentraConnector, network: Network) -> None:
    network.put(
        searched(
            byExternalId=[carrier(1, externalId="mk-1")],
            byComment=[carrier(2, otherComment="[marketplace order MK-10]")],
            byPayment=[{"externalReference": "MK-1 ", "order": carrier(3)}],
        )
    )
    assert connector.find_orders("MK-1") == ()
    assert network.documents == ["FindOrders"]


def test_a_full_page_of_the_search_is_followed_by_the_next(connector: CentraConnector, network: Network) -> None:
    full = [carrier(number, otherComment="[marketplace order MK-10]") for number in range(1, 51)]
    network.put(
        searched(byComment=full),
        searched(byComment=[carrier(77, otherComment="[marketplace order MK-1]")]),
        read(number=77),
    )
    assert [order.external_id for order in connector.find_orders("MK-1")] == ["77"]
    assert [variables.get("page") for variables in sent_variables(network)] == [1, 2, None]


def test_an_order_is_read_by_its_number(connector: CentraConnector, network: Network) -> None:
    network.put(read(), answer({"orders": []}))
    found = connector.read_order("1234")
    assert found is not None
    assert found.external_id == "1234"
    assert connector.read_order("1235") is None
    assert sent_variables(network) == [
        {"where": {"number": [1234]}, "limit": 1},
        {"where": {"number": [1235]}, "limit": 1},
    ]


@pytest.mark.parametrize(
    "external_id", ["", "0", "-1", "12a", "١٢", "2147483648", "1.0", "5c0f1c2f9b0e4d0a8f3b7f6f2f9a1d31"]
)
def test_what_is_no_order_number_is_refused_before_anything_is_sent(
    connector: CentraConnector, network: Network, external_id: str
) -> None:
    with pytest.raises(PermanentError) as error:
        connector.read_order(external_id)
    assert error.value.code == "number"
    assert network.sent == []


# --- finishing --------------------------------------------------------------------------------------------------------
def test_the_normal_path_is_one_read_and_one_call_with_two_mutations(
    connector: CentraConnector, network: Network
) -> None:
    network.put(before_finish(), answer({"update": DONE, "confirm": DONE}))
    finish(connector)
    assert network.documents == ["ReadBeforeFinish", "UpdateAndConfirmOrder"]
    assert sent_variables(network) == [
        {"number": 1234, "references": [REFERENCE], "mark": f"[marketplace order {REFERENCE}]"},
        {"number": 1234, "input": {"externalId": REFERENCE}},
    ]


@pytest.mark.parametrize(
    ("state", "options", "confirm", "then"),
    [
        ({"externalId": REFERENCE}, OPTIONS, True, ["ConfirmOrder"]),
        ({"externalId": REFERENCE}, OPTIONS, False, []),
        ({}, OPTIONS, False, ["UpdateOrder"]),
        ({"externalId": REFERENCE, "status": "CONFIRMED"}, OPTIONS, True, []),
        ({"externalId": REFERENCE, "status": "PROCESSING"}, OPTIONS, True, []),
        ({"externalId": REFERENCE, "status": "SHIPPED"}, OPTIONS, True, []),
        ({"status": "CONFIRMED"}, OPTIONS, True, ["UpdateOrder"]),
        ({"isOnHold": True}, OPTIONS, True, ["UpdateAndConfirmOrder"]),
    ],
)
def test_only_what_is_missing_is_sent(
    connector: CentraConnector,
    network: Network,
    state: dict[str, Any],
    options: OrderOptions,
    confirm: bool,
    then: list[str],
) -> None:
    done = {"UpdateOrder": {"update": DONE}, "ConfirmOrder": {"confirm": DONE}}
    network.put(before_finish(**state), *[answer(done.get(name, {"update": DONE, "confirm": DONE})) for name in then])
    finish(connector, options, confirm=confirm)
    assert network.documents == ["ReadBeforeFinish", *then]


HOLD = OrderOptions(email="alice@example.com", paid=True, hold_reason="Price differs")


def test_an_order_to_be_held_is_held_and_tagged_first_and_confirmed_after(
    connector: CentraConnector, network: Network
) -> None:
    network.put(before_finish(), answer({"update": DONE}), answer({"confirm": DONE}))
    finish(connector, HOLD)
    assert network.documents == ["ReadBeforeFinish", "UpdateOrder", "ConfirmOrder"]
    assert sent_variables(network)[1] == {
        "number": 1234,
        "input": {"externalId": REFERENCE, "isOnHold": True, "holdStatusChangeReason": "Price differs"},
    }


def test_an_order_whose_hold_was_refused_is_not_confirmed(connector: CentraConnector, network: Network) -> None:
    network.put(before_finish(), answer(refused("update", "Order is locked")), read(externalId=REFERENCE))
    with pytest.raises(PermanentError) as error:
        finish(connector, HOLD)
    assert (error.value.code, error.value.platform_words) == ("hold_refused", "Order is locked")
    assert network.documents == ["ReadBeforeFinish", "UpdateOrder", "ReadOrders"]


def test_a_hold_that_a_person_lifted_stays_lifted(connector: CentraConnector, network: Network) -> None:
    network.put(before_finish(externalId=REFERENCE, status="CONFIRMED"))
    finish(connector, HOLD)
    assert network.documents == ["ReadBeforeFinish"]


def test_an_order_that_centra_confirmed_by_itself_is_still_held_and_told_of(
    connector: CentraConnector, network: Network
) -> None:
    network.put(before_finish(status="CONFIRMED"), answer({"update": DONE}))
    finish(connector, HOLD)
    assert network.documents == ["ReadBeforeFinish", "UpdateOrder"]
    assert connector.notices == (
        "Order 1234 was confirmed before the hub confirmed it. Auto-confirm seems to be on in Centra: "
        "switch it off, or a late duplicate may ship.",
    )


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"status": "CANCELLED"}, "cancelled"),
        ({"status": "INCOMPLETE"}, "unknown_state"),
        ({"status": "ARCHIVED"}, "unknown_state"),
        ({"status": "TELEPORTED"}, "unknown_state"),
        ({"externalId": "MK-99999-A"}, "other_reference"),
    ],
)
def test_an_order_that_must_not_be_finished_is_left_alone(
    connector: CentraConnector, network: Network, state: dict[str, Any], code: str
) -> None:
    network.put(before_finish(**state))
    with pytest.raises(PermanentError) as error:
        finish(connector)
    assert (error.value.code, error.value.subject) == (code, "1234")
    assert network.documents == ["ReadBeforeFinish"]


def test_an_order_that_is_gone_is_told(connector: CentraConnector, network: Network) -> None:
    network.put(answer({"this": [], "byExternalId": [], "byComment": [], "byPayment": []}))
    with pytest.raises(PermanentError) as error:
        finish(connector)
    assert error.value.code == "order_gone"


@pytest.mark.parametrize("status", ["CONFIRMED", "PROCESSING", "SHIPPED"])
def test_a_duplicate_of_a_committed_order_is_never_confirmed(
    connector: CentraConnector, network: Network, status: str
) -> None:
    network.put(before_finish(carriers=[carrier(1200, status=status, externalId=REFERENCE)]))
    with pytest.raises(PermanentError) as error:
        finish(connector)
    assert (error.value.code, error.value.subject) == ("duplicate", "1234")
    assert error.value.message == (
        f"Order 1200 is already confirmed for {REFERENCE}, so order 1234 is a duplicate: cancel it."
    )
    assert network.documents == ["ReadBeforeFinish"]


@pytest.mark.parametrize(
    "other",
    [
        carrier(1200, status="PENDING", externalId=REFERENCE),
        carrier(1200, status="CANCELLED", externalId=REFERENCE),
        carrier(1200, status="SHIPPED", otherComment="[marketplace order MK-10023-AB]"),
    ],
    ids=["pending", "cancelled", "another reference"],
)
def test_what_cannot_ship_for_this_reference_does_not_stop_it(
    connector: CentraConnector, network: Network, other: dict[str, Any]
) -> None:
    network.put(before_finish(carriers=[other]), answer({"update": DONE, "confirm": DONE}))
    finish(connector)
    assert network.documents == ["ReadBeforeFinish", "UpdateAndConfirmOrder"]


def test_an_uncertain_confirmation_is_unknown_and_finishing_again_does_the_rest(
    connector: CentraConnector, network: Network
) -> None:
    network.put(
        before_finish(),
        BrokenOffError("no answer came in time"),
        before_finish(externalId=REFERENCE),
        answer({"confirm": DONE}),
    )
    with pytest.raises(UnknownOutcomeError):
        finish(connector)
    finish(connector)
    assert network.documents == ["ReadBeforeFinish", "UpdateAndConfirmOrder", "ReadBeforeFinish", "ConfirmOrder"]


# --- benign refusals: the closed table, one test a row ----------------------------------------------------------------
def act_finish(connector: CentraConnector) -> None:
    finish(connector)


def act_tag(connector: CentraConnector) -> None:
    finish(connector, confirm=False)


def act_hold(connector: CentraConnector) -> None:
    connector.hold_order("1234", reason="Price differs")


def act_release(connector: CentraConnector) -> None:
    connector.release_order("1234", reason="Settled")


def act_cancel(connector: CentraConnector) -> None:
    connector.cancel_order(existing(), comment="Cancelled at the marketplace")


@dataclass(frozen=True, kw_only=True)
class Row:
    name: str
    act: Callable[[CentraConnector], None]
    first: Incoming  # what is read before
    field: str  # the mutation
    words: str  # a refusal as Centra may word it
    reached: dict[str, Any]  # what then shows the goal reached
    missed: dict[str, Any]  # and what does not


ROWS = (
    Row(
        name="tag",
        act=act_tag,
        first=before_finish(),
        field="update",
        words="External ID is already in use",
        reached={"externalId": REFERENCE},
        missed={"externalId": None},
    ),
    Row(
        name="hold",
        act=act_hold,
        first=read(),
        field="update",
        words="Order is already on hold",
        reached={"isOnHold": True},
        missed={"isOnHold": False},
    ),
    Row(
        name="release",
        act=act_release,
        first=read(isOnHold=True),
        field="update",
        words="Order is not on hold",
        reached={"isOnHold": False},
        missed={"isOnHold": True},
    ),
    Row(
        name="confirm",
        act=act_finish,
        first=before_finish(externalId=REFERENCE),
        field="confirm",
        words="Order is already confirmed",
        reached={"externalId": REFERENCE, "status": "CONFIRMED"},
        missed={"externalId": REFERENCE, "status": "PENDING"},
    ),
    Row(
        name="cancel",
        act=act_cancel,
        first=read(),
        field="cancel",
        words="Order is already cancelled",
        reached={"status": "CANCELLED"},
        missed={"status": "PENDING"},
    ),
)
by_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@by_row
def test_a_refusal_is_benign_when_the_order_shows_the_goal_reached_whatever_its_words(
    connector: CentraConnector, network: Network, row: Row
) -> None:
    network.put(row.first, answer(refused(row.field, "Some words we have never seen")), read(**row.reached))
    row.act(connector)
    assert connector.notices == ("Some words we have never seen",)
    assert network.documents[-1] == "ReadOrders"
    assert len(network.sent) == 3


@by_row
def test_a_refusal_stands_when_the_order_shows_otherwise_whatever_its_words(
    connector: CentraConnector, network: Network, row: Row
) -> None:
    network.put(row.first, answer(refused(row.field, row.words)), read(**row.missed))
    with pytest.raises(PermanentError) as error:
        row.act(connector)
    assert (error.value.code, error.value.platform_words) == (f"{row.name}_refused", row.words)
    assert error.value.subject == "1234"
    assert error.value.message.endswith("Look at it in Centra, settle the reason, then retry.")
    assert connector.notices == ()


@by_row
def test_a_warning_is_believed_only_once_the_order_shows_what_was_done(
    connector: CentraConnector, network: Network, row: Row
) -> None:
    network.put(row.first, answer(warned(row.field, "Something was skipped")), read(**row.missed))
    with pytest.raises(PermanentError) as error:
        row.act(connector)
    assert (error.value.code, error.value.platform_words) == (f"{row.name}_refused", "Something was skipped")


def test_a_warning_beside_a_goal_reached_is_kept_as_a_notice(connector: CentraConnector, network: Network) -> None:
    network.put(read(), answer(warned("update", "The customer was not told")), read(isOnHold=True))
    act_hold(connector)
    assert connector.notices == ("The customer was not told",)


def test_an_answer_without_order_or_refusal_is_checked_too(connector: CentraConnector, network: Network) -> None:
    nothing = {"update": {"order": None, "userErrors": [], "userWarnings": []}}
    network.put(read(), answer(nothing), read(isOnHold=False))
    with pytest.raises(PermanentError):
        act_hold(connector)


@pytest.mark.parametrize(
    ("reason", "family", "code"),
    [
        ("WAITING_FOR_CHECK_FIRST_ALLOCATION", TransientError, "held_by_centra"),
        ("WAITING_FOR_PAYMENT", TransientError, "held_by_centra"),
        ("PAYMENT_MISMATCH", PermanentError, "confirm_refused"),
        (None, PermanentError, "confirm_refused"),
    ],
)
def test_a_confirmation_that_centra_itself_waits_with_is_tried_again(
    connector: CentraConnector, network: Network, reason: str | None, family: type[HubError], code: str
) -> None:
    held = {"externalId": REFERENCE, "isOnHold": True, "orderHoldReason": reason}
    network.put(before_finish(**held), answer(refused("confirm", "Order is on hold")), read(**held))
    with pytest.raises(HubError) as error:
        finish(connector)
    assert type(error.value) is family
    assert (error.value.code, error.value.platform_words) == (code, "Order is on hold")


def test_of_two_mutations_the_refused_one_is_told_though_the_other_was_done(
    connector: CentraConnector, network: Network
) -> None:
    network.put(
        before_finish(),
        answer({**refused("update", "External ID is taken"), "confirm": DONE}),
        read(status="CONFIRMED"),
    )
    with pytest.raises(PermanentError) as error:
        finish(connector)
    assert (error.value.code, error.value.platform_words) == ("tag_refused", "External ID is taken")


@pytest.mark.parametrize("status", [503, 401])
def test_a_refusal_that_cannot_be_judged_for_want_of_a_read_is_unknown(
    connector: CentraConnector, network: Network, status: int
) -> None:
    network.put(read(), answer(warned("update", "Something was skipped")), plain(b"", status=status))
    with pytest.raises(UnknownOutcomeError):
        act_hold(connector)


# --- holding and cancelling -------------------------------------------------------------------------------------------
def test_what_is_held_already_is_not_held_again(connector: CentraConnector, network: Network) -> None:
    network.put(read(isOnHold=True))
    act_hold(connector)
    assert network.documents == ["ReadOrders"]


def test_what_is_not_held_is_not_released(connector: CentraConnector, network: Network) -> None:
    network.put(read())
    act_release(connector)
    assert network.documents == ["ReadOrders"]


def test_a_hold_is_lifted_with_its_reason(connector: CentraConnector, network: Network) -> None:
    network.put(read(isOnHold=True), answer({"update": DONE}))
    act_release(connector)
    assert sent_variables(network)[1] == {
        "number": 1234,
        "input": {"isOnHold": False, "holdStatusChangeReason": "Settled"},
    }


def test_a_hold_that_centra_set_is_not_lifted(connector: CentraConnector, network: Network) -> None:
    network.put(read(isOnHold=True, orderHoldReason="PAYMENT_MISMATCH"))
    with pytest.raises(PermanentError) as error:
        act_release(connector)
    assert error.value.code == "held_by_centra"
    assert error.value.message == "Centra itself holds order 1234: payment mismatch. Settle that in Centra."
    assert network.documents == ["ReadOrders"]


def test_an_order_is_cancelled_by_its_hash_with_stock_put_back_and_no_mail(
    connector: CentraConnector, network: Network
) -> None:
    network.put(read(), answer({"cancel": DONE}))
    act_cancel(connector)
    body = network.bodies[1]
    assert body["variables"] == {"id": "5c0f1c2f9b0e4d0a8f3b7f6f2f9a1d31", "comment": "Cancelled at the marketplace"}
    assert "sendEmail: false" in body["query"]
    assert "releaseItemsBackToWarehouse: true" in body["query"]


def test_a_cancelled_order_is_not_cancelled_again(connector: CentraConnector, network: Network) -> None:
    network.put(read(status="CANCELLED"))
    act_cancel(connector)
    assert network.documents == ["ReadOrders"]


@pytest.mark.parametrize("act", [act_hold, act_release, act_cancel])
def test_a_command_on_an_order_that_is_gone_is_refused(
    connector: CentraConnector, network: Network, act: Callable[[CentraConnector], None]
) -> None:
    network.put(answer({"orders": []}))
    with pytest.raises(PermanentError) as error:
        act(connector)
    assert error.value.code == "order_gone"


# --- cancelling lines -------------------------------------------------------------------------------------------------
def fields(*names: str) -> Incoming:
    return answer({"__type": {"inputFields": [{"name": name} for name in names]}})


NEW, OLD = ("line", "quantity", "stockActionPolicy"), ("line", "quantity", "stockAction")


@pytest.mark.parametrize(
    ("names", "policy"),
    [
        (NEW, {"stockActionPolicy": {"releaseItemsBackToWarehouse": True}}),
        (OLD, {"stockAction": "RELEASE_BACK_TO_WAREHOUSE"}),
    ],
    ids=["new dialect", "old dialect"],
)
def test_lines_are_cancelled_in_the_tenants_dialect(
    connector: CentraConnector, network: Network, names: tuple[str, ...], policy: dict[str, Any]
) -> None:
    network.put(read(), fields(*names), answer({"update": DONE}))
    connector.cancel_lines(existing(), quantities={"502": 1, "501": 1}, comment="Refused by the marketplace")
    assert network.documents == ["ReadOrders", "CancelLineFields", "UpdateOrder"]
    assert sent_variables(network)[2] == {
        "number": 1234,
        "input": {
            "cancelLines": [
                {"line": {"id": 502}, "quantity": 1, **policy},
                {"line": {"id": 501}, "quantity": 1, **policy},
            ],
            "cancellationComment": "Refused by the marketplace",
        },
    }


def test_the_dialect_is_asked_for_once(connector: CentraConnector, network: Network) -> None:
    network.put(read(), fields(*NEW), answer({"update": DONE}), read(), answer({"update": DONE}))
    for _ in range(2):
        connector.cancel_lines(existing(), quantities={"502": 1}, comment="x")
    assert network.documents.count("CancelLineFields") == 1


@pytest.mark.parametrize("quantities", [{"502": 3}, {"502": 0}, {"502": -1}, {"999": 1}, {"501": 1, "502": 3}])
def test_more_than_there_is_is_refused_and_nothing_sent(
    connector: CentraConnector, network: Network, quantities: dict[str, int]
) -> None:
    network.put(read())
    with pytest.raises(PermanentError) as error:
        connector.cancel_lines(existing(), quantities=quantities, comment="x")
    assert error.value.code == "quantity"
    assert network.documents == ["ReadOrders"]


def test_nothing_to_cancel_takes_no_call(connector: CentraConnector, network: Network) -> None:
    connector.cancel_lines(existing(), quantities={}, comment="x")
    assert network.sent == []


def lines_with(cancelled: int) -> list[dict[str, Any]]:
    first, second = shown()["lines"]
    return [first, {**second, "cancelledQuantity": cancelled}]


def test_a_refusal_to_cancel_lines_stands_when_too_few_are_cancelled(
    connector: CentraConnector, network: Network
) -> None:
    network.put(
        read(lines=lines_with(1)),
        fields(*NEW),
        answer(refused("update", "Only 0 are not shipped")),
        read(lines=lines_with(1)),
    )
    with pytest.raises(PermanentError) as error:
        connector.cancel_lines(existing(), quantities={"502": 1}, comment="x")
    assert (error.value.code, error.value.platform_words) == ("cancel_lines_refused", "Only 0 are not shipped")


def test_a_warning_is_benign_when_the_units_are_cancelled(connector: CentraConnector, network: Network) -> None:
    network.put(
        read(lines=lines_with(1)),
        fields(*NEW),
        answer(warned("update", "The authorization was not lowered")),
        read(lines=lines_with(2)),
    )
    connector.cancel_lines(existing(), quantities={"502": 1}, comment="x")
    assert connector.notices == ("The authorization was not lowered",)


def test_an_uncertain_cancelling_of_lines_is_never_repeated_by_itself(
    connector: CentraConnector, network: Network
) -> None:
    network.put(read(), fields(*NEW), BrokenOffError("no answer came in time"))
    with pytest.raises(UnknownOutcomeError):
        connector.cancel_lines(existing(), quantities={"502": 1}, comment="x")
    assert network.documents.count("UpdateOrder") == 1


# --- the families pass through ----------------------------------------------------------------------------------------
def test_a_failed_first_read_leaves_everything_undone(connector: CentraConnector, network: Network) -> None:
    network.put(plain(b"", status=503))
    with pytest.raises(TransientError):
        finish(connector)
    assert network.documents == ["ReadBeforeFinish"]


def test_a_missing_permission_pauses_confirming_only(connector: CentraConnector, network: Network) -> None:
    lacking = {"message": "You need Order:write permission to access confirmOrder."}
    network.put(before_finish(externalId=REFERENCE), answer(None, errors=[lacking]))
    with pytest.raises(ConfigurationError) as error:
        finish(connector)
    assert error.value.operation == "confirmOrder"


# --- where it goes ----------------------------------------------------------------------------------------------------
def test_an_address_is_sent_whole_in_one_call_and_a_country_never(connector: CentraConnector, network: Network) -> None:
    network.put(answer({"update": DONE}))

    connector.change_address("1234", ORDER, email="relay@example.com")

    (sent,) = sent_variables(network)
    assert (sent["number"], set(sent["input"])) == (1234, {"shippingAddress", "billingAddress"})
    assert sent["input"]["shippingAddress"]["email"] == "relay@example.com"
    assert "country" not in str(sent)


def test_a_refused_address_is_told_in_centras_words(connector: CentraConnector, network: Network) -> None:
    network.put(answer(refused("update", "Order is locked")), read())

    with pytest.raises(PermanentError) as caught:
        connector.change_address("1234", ORDER, email="")

    assert (caught.value.code, caught.value.platform_words) == ("readdress_refused", "Order is locked")


def test_a_warning_beside_an_address_is_kept_as_a_notice(connector: CentraConnector, network: Network) -> None:
    network.put(answer(warned("update", "The label was printed already")))

    connector.change_address("1234", ORDER, email="")

    assert connector.notices == ("The label was printed already",)
