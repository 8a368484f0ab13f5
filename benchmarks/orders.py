"""Believable marketplace orders in any number, and the brand that sells them: Mirakl's shape, two lines each."""

import copy
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from benchmarks.instant import BASE_URL, THROUGH_HTTP, InstantConnector
from connectors import ports
from connectors.base import Record
from connectors.mirakl.sandbox import MiraklSandbox
from connectors.models import Brand, Connection, Link
from connectors.sandboxkit import SandboxClock
from integrationhub.orders.flows.routing import jobs_for_orders
from integrationhub.sync import inbox
from integrationhub.sync.enqueue import enqueue_many
from integrationhub.sync.models import InboxRecord
from mappings_app.saving import save_mapping

SKUS = 40  # that are sold; each has a mapping of its own
PAGE = 100  # as Mirakl pages


def make_link(name: str, *, through_http: bool) -> Link:
    """A marketplace whose orders end in a target that answers at once, with everything mapped."""
    brand = Brand.objects.create(code=name, name=name.title())
    source = Connection.objects.create(
        brand=brand, platform="mirakl", name="Shop", base_url="https://shop.mirakl.net", credentials={"api_key": "none"}
    )
    target = Connection.objects.create(
        brand=brand,
        platform=InstantConnector.platform,
        name="Target",
        base_url=BASE_URL,
        credentials={"token": "bench-token"},
        settings={THROUGH_HTTP: through_http},
    )
    link = Link.objects.create(brand=brand, source=source, target=target, started_at=ports.now() - timedelta(days=7))
    for number in range(SKUS):
        _map(brand, "sku", f"SHOP-{number}", f"OURS-{number}")
    _map(brand, "market", "GB", "1", attributes={"price_list": "1"})
    _map(brand, "shipping_service", "STD", "standard")
    return link


def _map(brand: Brand, kind: str, theirs: str, ours: str, **values: Any) -> None:
    save_mapping(kind=kind, brand=brand, from_code=theirs, to_code=ours, actor="bench", reason="Benchmark", **values)


def documents(count: int, *, prefix: str, lines: int = 2) -> Iterator[Record]:
    """That many paid orders, each with a buyer, an address and so many lines, as OR11 lists them."""
    templates = _templates(lines)
    for number in range(count):
        payload = copy.deepcopy(templates[number % len(templates)])
        _rename(payload, f"{prefix}-{number:06d}-A", number)
        yield Record(kind="order", external_id=payload["order_id"], payload=payload)


def _templates(lines: int) -> list[dict[str, Any]]:
    sandbox = MiraklSandbox(currency="GBP", countries=("GBR",), clock=SandboxClock(ports.now(), frozen=True))
    goods = [{"sku": "SHOP-0", "quantity": 1 + index % 2, "price": "29.90"} for index in range(lines)]
    sold = sandbox.add_orders(20, lines=goods, advance_to="SHIPPING")
    return [sandbox.order(order_id) for order_id in sold]


def _rename(payload: dict[str, Any], order_id: str, number: int) -> None:
    payload["order_id"], payload["commercial_id"] = order_id, order_id.removesuffix("-A")
    for index, line in enumerate(payload["order_lines"]):
        line["order_line_id"] = f"{order_id}-{index + 1}"
        line["offer_sku"] = f"SHOP-{(number + index) % SKUS}"


def store_pages(link: Link, records: Sequence[Record]) -> None:
    """What a poll does: each page is stored, and its jobs are made, in one transaction."""
    for start in range(0, len(records), PAGE):
        with transaction.atomic():
            stored = inbox.store(link.source_id, records[start : start + PAGE], origin=InboxRecord.Origin.POLL)
            enqueue_many(jobs_for_orders(link.source, stored))
