"""A record that cannot be read is put aside with a case that names what is wrong; it stops nobody behind it."""

import copy
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.mirakl.sandbox import orders as listing
from connectors.mirakl.sandbox.records import Order
from exceptions_app.models import ExceptionCase
from integrationhub.sync.models import Feed, SyncJob
from tests.flows.world import World

pytestmark = pytest.mark.django_db

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def edits(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Edit]]:
    """Order id → what is wrong with the order as the marketplace shows it."""
    edited: dict[str, Edit] = {}
    render = listing.rendered

    def rendered(market: Any, order: Order, mode: str) -> bytes:
        body = render(market, order, mode)
        if order.order_id not in edited:
            return body
        payload = json.loads(body)
        edited[order.order_id](payload)
        return json.dumps(payload).encode()

    monkeypatch.setattr(listing, "rendered", rendered)
    return edited


def negative_quantity(payload: dict[str, Any]) -> None:
    payload["order_lines"][0]["quantity"] = -3


def no_currency(payload: dict[str, Any]) -> None:
    del payload["currency_iso_code"]


def no_lines(payload: dict[str, Any]) -> None:
    payload["order_lines"] = []


def wrong_total(payload: dict[str, Any]) -> None:
    payload["total_price"] = 1


def text_for_a_price(payload: dict[str, Any]) -> None:
    payload["order_lines"][0]["price"] = "a lot"


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        (negative_quantity, "order_lines[0].quantity"),
        (no_currency, "currency_iso_code"),
        (no_lines, "order_lines"),
        (wrong_total, "total_price"),
        (text_for_a_price, "order_lines[0].price"),
    ],
)
def test_an_unreadable_order_is_one_case_that_names_the_field(
    world: World, edits: dict[str, Edit], edit: Edit, field: str
) -> None:
    reference, other = (world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING") for _ in range(2))
    edits[reference] = edit
    world.poll()
    world.poll()
    assert world.cases() == [("unreadable_record", 1)]
    assert field in " ".join(ExceptionCase.objects.get().context["problems"])
    assert (world.in_centra(reference), len(world.in_centra(other))) == ([], 1)

    del edits[reference]
    world.mirakl.market.touch(world.mirakl.market.orders[reference])
    world.poll()
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]
    assert world.cases() == []


def test_one_poison_record_in_250_lets_the_other_249_through(world: World, edits: dict[str, Edit]) -> None:
    world.roomy()
    world.centra.set_stock("TEE-BLK-M", 1000)
    references = [world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING") for _ in range(250)]
    edits[references[120]] = negative_quantity
    world.poll()
    assert Counter(order.status for order in world.centra.orders) == {"CONFIRMED": 249}
    assert world.cases() == [("unreadable_record", 1)]
    assert world.job("import_order", references[120]).state == SyncJob.State.BLOCKED
    assert Feed.objects.get(name="orders").next_token == ""
    assert world.open_jobs() == [("import_order", "BLOCKED")]


# --- any payload at all -----------------------------------------------------------------------------------------------

STRANGE: tuple[Any, ...] = (
    None,
    "",
    " ",
    "x" * 5000,
    "\x00",
    "\ud83d\ude00é",
    -1,
    0,
    10**15,
    1e-30,
    True,
    [],
    {},
    [[]],
    {"a": {"b": None}},
    "2026-13-45T99:99:99Z",
    "NEVER_SEEN",
)


def mutated(payload: dict[str, Any], rng: random.Random) -> None:
    """One to three members, anywhere, dropped or replaced by something strange."""
    for _ in range(rng.randint(1, 3)):
        holder, key = rng.choice(list(_members(payload)))
        if isinstance(holder, dict) and rng.random() < 0.3:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(rng.choice(STRANGE))


def _members(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield value, key
        if isinstance(inner, dict | list):
            yield from _members(inner)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_an_order_looks_like_the_hub_makes_no_mistake_and_the_sound_ones_land(
    world: World, edits: dict[str, Edit], seed: int
) -> None:
    world.roomy()
    for sku in ("TEE-BLK-M", "COAT-NVY-38"):
        world.centra.set_stock(sku, 1000)
    rng = random.Random(seed)  # noqa: S311  a seed, not a secret
    goods = (("NG-TEE-BLK-M", 2, "29.90"), ("NG-COAT-NVY-38", 1, "199.00"))
    strange = [world.sell(*goods, to=rng.choice(("", "SHIPPING"))) for _ in range(60)]
    sound = [world.sell(*goods, to="SHIPPING") for _ in range(3)]
    for reference in strange:
        draw = rng.random()
        edits[reference] = lambda payload, draw=draw: mutated(payload, random.Random(draw))  # type: ignore[misc]  # noqa: S311
    world.poll()
    world.wait(600)
    mistakes = SyncJob.objects.filter(state="ERRORED").values_list("flow", "key", "reason")
    assert list(mistakes) == []
    assert "our_bug" not in dict(world.cases())
    assert [len(world.in_centra(reference)) for reference in sound] == [1, 1, 1]
    assert Feed.objects.get(name="orders").cursor_at is not None


def test_two_orders_without_a_usable_id_are_two_cases_and_stop_no_page(world: World, edits: dict[str, Edit]) -> None:
    def without_id(payload: dict[str, Any]) -> None:
        del payload["order_id"]

    def with_an_absurd_id(payload: dict[str, Any]) -> None:
        payload["order_id"] = "MK\x00" * 2000

    sound, *broken = (world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING") for _ in range(4))
    for reference, edit in zip(broken, (without_id, without_id, with_an_absurd_id), strict=True):
        edits[reference] = edit
    world.poll()
    world.poll()
    assert len(world.in_centra(sound)) == 1
    assert world.open_jobs() == [("import_order", "BLOCKED")] * 3
    assert sum(count for _, count in world.cases()) == 3
