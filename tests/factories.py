"""Rows for tests that need no platform: a brand with its connections, people, orders, and cases that hold orders up."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from connectors import ports
from connectors.canonical.errors import MissingMapping
from connectors.models import Brand, Connection, Link, RoleGrant
from exceptions_app.models import ExceptionCase
from exceptions_app.opening import open_case, open_unmapped
from integrationhub.catalogue.models import Listing, ListingPrice
from integrationhub.inventory.models import ChannelStock, StockReading
from integrationhub.orders.flows.routing import order_key
from integrationhub.orders.models import SoldLine, SoldOrder
from integrationhub.sync import blocking
from integrationhub.sync.models import Blocker, Schedule, SyncJob
from mappings_app.codes import CodeItem, learn_codes

PASSWORD = "correct horse battery staple"
_LINE_PRICE = Decimal("49.99")


def make_brand(code: str = "nordhem", name: str = "Nordhem", **values: Any) -> Brand:
    return Brand.objects.create(code=code, name=name, **values)


def make_marketplace(brand: Brand, name: str = "Northgate", **values: Any) -> Connection:
    given = {"base_url": "https://northgate.mirakl.net", "credentials": {"api_key": "key-of-northgate-0123456789"}}
    return Connection.objects.create(brand=brand, name=name, **{"platform": "mirakl", **given, **values})


def make_centra(brand: Brand, name: str = "Centra", **values: Any) -> Connection:
    given = {
        "base_url": "https://nordhem.centra.com",
        "credentials": {"token": "token-of-centra-0123456789", "order_api_key": "order-key-of-centra-0123456789"},
        "settings": {"order_api_path": "api/marketplace", "tier": "default"},
    }
    return Connection.objects.create(brand=brand, platform="centra", name=name, **{**given, **values})


def make_fulfil(brand: Brand, name: str = "Fulfil", **values: Any) -> Connection:
    given = {
        "base_url": "https://nordhem.fulfil.io",
        "credentials": {"api_key": "key-of-fulfil-0123456789"},
        "settings": {"channel_id": 3, "warehouse_ids": "4"},
    }
    return Connection.objects.create(brand=brand, platform="fulfil", name=name, **{**given, **values})


def make_link(
    brand: Brand, *, source: Connection | None = None, target: Connection | None = None, **values: Any
) -> Link:
    source = source or make_marketplace(brand)
    target = target or make_centra(brand)
    return Link.objects.create(brand=brand, source=source, target=target, **values)


def make_person(name: str, *roles: tuple[str, Brand], **values: Any) -> User:
    """Somebody who can log in with PASSWORD and has these roles."""
    person = User.objects.create_user(name, f"{name}@example.com", PASSWORD, is_staff=True, **values)
    RoleGrant.objects.bulk_create([RoleGrant(user=person, role=role, brand=brand) for role, brand in roles])
    return person


def make_order(
    link: Link,
    reference: str,
    *,
    skus: Sequence[str] = ("AB-1021",),
    placed_at: datetime | None = None,
    total: Decimal | None = None,
    **values: Any,
) -> SoldOrder:
    placed_at = placed_at or ports.now() - timedelta(hours=3, minutes=10)
    given: dict[str, Any] = {
        "state": "AWAITING_ACCEPTANCE",
        "source_state": "WAITING_ACCEPTANCE",
        "customer_initials": "A.B.",
        "country": "GB",
        "currency": "GBP",
        "shipping": Decimal("4.99"),
        "tax": Decimal("8.33"),
        "accept_by": placed_at + timedelta(hours=link.acceptance_window_hours),
    }
    given |= values
    amount = total if total is not None else _LINE_PRICE * len(skus)
    order = SoldOrder.objects.create(
        brand=link.brand,
        link=link,
        target=link.target,
        reference=reference,
        target_reference=reference,
        total=amount,
        value_reporting=amount,
        placed_at=placed_at,
        source_updated_at=placed_at,
        **given,
    )
    SoldLine.objects.bulk_create(
        SoldLine(
            order=order,
            line_id=f"{reference}-{number}",
            sku=sku,
            title="Black tee, M",
            quantity=1,
            unit_price=_LINE_PRICE,
            line_total=_LINE_PRICE,
            tax=Decimal("8.33"),
        )
        for number, sku in enumerate(skus, start=1)
    )
    return order


def make_schedule(link: Link, flow: str = "import_order", **values: Any) -> Schedule:
    connection = link.source if flow in ("accept_order", "confirm_dispatch") else link.target
    schedule, _ = Schedule.objects.get_or_create(flow=flow, connection=connection, link=link, defaults=values)
    return schedule


def make_job(order: SoldOrder, *, flow: str = "import_order", state: str = "BLOCKED", **values: Any) -> SyncJob:
    schedule = make_schedule(order.link, flow)
    given: dict[str, Any] = {
        "reason": "Northgate sells AB-1021, which is not mapped.",
        "value": order.total,
        "value_currency": order.currency,
        "value_reporting": order.value_reporting,
        "occurred_at": order.placed_at,
        "deadline_at": order.accept_by,
        "created_at": order.placed_at,
    }
    return SyncJob.objects.create(
        brand=order.brand,
        schedule=schedule,
        connection=schedule.connection,
        link=order.link,
        flow=flow,
        key=order.reference,
        serial_key=order_key(order.link_id, order.reference),
        lane=20,
        state=state,
        **{**given, **values},
    )


def wait_for(jobs: Sequence[SyncJob], cases: Sequence[ExceptionCase]) -> None:
    """Let the jobs wait for the cases, as the engine does."""
    with transaction.atomic():
        Blocker.objects.bulk_create(Blocker(job=job, case=case, since=job.created_at) for case in cases for job in jobs)
        blocking.recount([case.pk for case in cases])
    for case in cases:
        case.refresh_from_db()


def make_unmapped(
    link: Link, code: str, *, kind: str = "sku", label: str = "", gtin: str = "", jobs: Sequence[SyncJob] = ()
) -> ExceptionCase:
    """The case of a code that nobody mapped, and the jobs that wait for it."""
    with transaction.atomic():
        case, _ = open_unmapped(link=link, missing=MissingMapping(kind=kind, code=code, label=label, gtin=gtin))
    if jobs:  # else nothing waits, and counting that would close it
        wait_for(jobs, [case])
    return case


def make_case(
    link: Link,
    cause: str,
    *,
    object_key: str,
    context: Mapping[str, Any] | None = None,
    jobs: Sequence[SyncJob] = (),
    **values: Any,
) -> ExceptionCase:
    with transaction.atomic():
        case, _ = open_case(
            brand=link.brand,
            cause=cause,
            object_key=object_key,
            link=link,
            target=values.pop("target", link.target),
            context=context or {},
            **values,
        )
    if jobs:
        wait_for(jobs, [case])
    return case


def make_blocked_orders(
    link: Link, code: str, count: int, *, start: int = 1, prefix: str = "MK", **case_values: Any
) -> tuple[ExceptionCase, list[SyncJob]]:
    """`count` orders that wait for one unmapped SKU."""
    orders = [make_order(link, f"{prefix}-{10_000 + number}-A", skus=(code,)) for number in range(start, start + count)]
    jobs = [make_job(order) for order in orders]
    return make_unmapped(link, code, jobs=jobs, **case_values), jobs


def make_stock(link: Link, sku: str, *, available: int | None = 50, **values: Any) -> ChannelStock:
    """One SKU of the link's ledger, with its owner's reading; by default all of it is shown and was taken just now."""
    now, known = ports.now(), available is not None
    StockReading.objects.update_or_create(
        connection=link.target, sku=sku, defaults={"available": available, "as_of": now if known else None}
    )
    shown: dict[str, Any] = {
        "channel_sku": f"NG-{sku}",
        "title": "Black tee, M",
        "available": available,
        "as_of": now,
        "computed": available,
        "computed_at": now,
        "dirty": False,
        "state": "ACKNOWLEDGED",
        "sent": available,
        "sent_at": now,
        "acknowledged": available,
        "acknowledged_at": now,
    }
    given = {**(shown if known else {"channel_sku": f"NG-{sku}"}), **values}
    return ChannelStock.objects.create(link=link, channel=link.source, owner=link.target, sku=sku, **given)


def make_listing(link: Link, sku: str, **values: Any) -> Listing:
    """One SKU of the link's listing ledger; by default it is live and as it should be."""
    told = '{"category":"womens-knitwear","values":{"title":["Black tee, M"]}}'
    given: dict[str, Any] = {
        "channel_sku": f"NG-{sku}",
        "title": "Black tee, M",
        "own_category": "Women / Jumpers",
        "category": "womens-knitwear",
        "content": told,
        "wanted": "one",
        "dirty": False,
        "state": "ACKNOWLEDGED",
        "sent": "one",
        "sent_content": told,
        "sent_at": ports.now(),
        "acknowledged": "one",
        "acknowledged_at": ports.now(),
        "published": told,
    }
    return Listing.objects.create(link=link, channel=link.source, owner=link.target, sku=sku, **{**given, **values})


def make_price(link: Link, sku: str, **values: Any) -> ListingPrice:
    """One SKU of the link's price ledger; by default it asks what it should."""
    amount = Decimal("119.95")
    given: dict[str, Any] = {
        "channel_sku": f"NG-{sku}",
        "title": "Black tee, M",
        "price_list": "1",
        "listed": amount,
        "listed_currency": "GBP",
        "as_of": ports.now(),
        "wanted": amount,
        "currency": "GBP",
        "dirty": False,
        "state": "ACKNOWLEDGED",
        "sent": amount,
        "sent_currency": "GBP",
        "sent_at": ports.now(),
        "acknowledged": amount,
        "acknowledged_at": ports.now(),
    }
    given |= values
    return ListingPrice.objects.create(link=link, channel=link.source, owner=link.target, sku=sku, **given)


def make_known_codes(connection: Connection, kind: str, *items: tuple[str, str, str]) -> None:
    """Codes that the connection lists: (code, label, GTIN)."""
    learn_codes(connection, kind, [CodeItem(code=code, label=label, gtin=gtin) for code, label, gtin in items])
