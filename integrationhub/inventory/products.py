"""The owner's products as its pages give them. One that cannot be read keeps no other from being read: it becomes a case.

One case for each rule that products break, not for each product; it closes when the last of them is read again, or is gone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max

from connectors import ports
from connectors.base import Connector, Record
from connectors.canonical.errors import DataError
from connectors.canonical.products import Product
from connectors.models import Connection
from exceptions_app.grouping import problems_key
from exceptions_app.models import ExceptionCase
from exceptions_app.opening import HUB, open_case
from integrationhub.inventory.models import ProductFault
from integrationhub.sync.standing import close_open_case

CAUSE = "product_unreadable"
CASES_TOLD = 20  # of one owner; words that differ for each product fill no queue
NAMED = 5


def parsed(owner: Connection, connector: Connector, records: Sequence[Record]) -> list[Product]:
    """Those that can be read."""
    products: list[Product] = []
    faults: dict[str, DataError] = {}
    for record in records:
        try:
            products.append(connector.parse_product(record.payload))
        except DataError as error:
            faults[record.external_id] = error
    _note(owner, read={record.external_id for record in records} - faults.keys(), faults=faults)
    return products


def forget_gone(owner: Connection, *, since: datetime) -> None:
    """The whole was read since then: what was not on its pages is not there any more."""
    with transaction.atomic():
        if ProductFault.objects.filter(connection=owner, seen_at__lt=since).delete()[0]:
            _tell(owner)


def _note(owner: Connection, *, read: Iterable[str], faults: Mapping[str, DataError]) -> None:
    with transaction.atomic():
        rows = ProductFault.objects.filter(connection=owner)
        mended = rows.filter(external_id__in=list(read)).delete()[0]
        known = dict(rows.filter(external_id__in=list(faults)).values_list("external_id", "key"))
        found = [_fault(owner, external_id, error) for external_id, error in sorted(faults.items())]
        ProductFault.objects.bulk_create(
            found,
            update_conflicts=True,
            unique_fields=["connection", "external_id"],
            update_fields=["name", "key", "words", "seen_at"],
        )
        if mended or any(known.get(one.external_id) != one.key for one in found):
            _tell(owner)


def _fault(owner: Connection, external_id: str, error: DataError) -> ProductFault:
    words = " ".join(f"{problem.field}: {problem.message}" for problem in error.problems)
    return ProductFault(
        connection=owner,
        external_id=external_id,
        name=(error.record or external_id)[:255],
        key=problems_key(error.problems, source_id=owner.pk, kind="product"),
        words=words[:500],
        seen_at=ports.now(),
    )


def _tell(owner: Connection) -> None:
    rows = ProductFault.objects.filter(connection=owner)
    groups = rows.values("key").annotate(count=Count("pk"), words=Max("words")).order_by("-count", "key")[:CASES_TOLD]
    told = {group["key"]: group for group in groups}
    for key, group in told.items():
        names = list(rows.filter(key=key).order_by("name", "pk").values_list("name", flat=True)[:NAMED])
        context = {"count": group["count"], "names": names, "problem": group["words"]}
        open_case(brand=owner.brand, cause=CAUSE, object_key=key, target=owner, context=context)
    cases = ExceptionCase.objects.unresolved().filter(brand=owner.brand_id, cause=CAUSE, target=owner)
    for key in cases.exclude(object_key__in=list(told)).values_list("object_key", flat=True):
        reason = "All of them are read again, or are gone."
        close_open_case(owner.brand_id, cause=CAUSE, object_key=key, actor=HUB, reason=reason)
