"""A marketplace and a Centra on loopback, with one brand that sells on the first and fulfils from the second."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from graphql import OperationType, parse
from graphql.language.ast import FieldNode, OperationDefinitionNode

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.mirakl.sandbox import MiraklSandbox
from connectors.models import Brand, Connection, Link
from connectors.sandboxkit import JournalEntry
from mappings_app.saving import save_mapping

SIZES = ("-S", "-M", "-L", "-XL")
STOCK = 10_000


@dataclass(frozen=True, kw_only=True)
class Platforms:
    mirakl: MiraklSandbox
    centra: CentraSandbox
    link: Link

    def sell(self, number: int) -> str:
        """One order of one line, paid. Returns its id at the marketplace."""
        goods = [{"sku": f"SHOP{SIZES[number % len(SIZES)]}", "quantity": 1, "price": "29.90"}]
        return self.mirakl.add_order(lines=goods, advance_to="SHIPPING")

    def numbers(self) -> dict[int, str]:
        """Centra's order number → the marketplace's order."""
        with self.centra.lock:
            return {
                order.number: reference for order in self.centra.orders for reference in order.external_ids.values()
            }

    def confirmed(self) -> dict[str, float]:
        """The marketplace's order → when Centra answered that it is confirmed, in seconds since the epoch."""
        numbers, found = self.numbers(), dict[str, float]()
        for entry in self.centra.journal.entries():
            if entry.status == 200 and "confirmOrder" in entry.body:
                reference = numbers.get(_variables(entry).get("number", 0))
                if reference is not None:
                    found.setdefault(reference, datetime.fromisoformat(entry.at).timestamp())
        return found

    def doubled(self) -> int:
        """How many marketplace orders are in Centra more than once."""
        references = [order.other_comment for order in self.centra.orders]
        return len(references) - len(set(references))


@contextmanager
def platforms() -> Iterator[Platforms]:
    mirakl = MiraklSandbox(currency="GBP", countries=("GBR",), order_prefix="MK")
    centra = CentraSandbox()
    centra.add_product("SHIRT", name="Shirt", variant_number="-BLK", sizes=dict.fromkeys(SIZES, STOCK))
    with mirakl, centra:
        yield Platforms(mirakl=mirakl, centra=centra, link=_connect(mirakl, centra))


def _connect(mirakl: MiraklSandbox, centra: CentraSandbox) -> Link:
    brand = Brand.objects.create(code="b3b", name="B3b", reporting_currency="GBP")
    shop_keys, centra_keys = mirakl.credentials(), centra.credentials()
    shop = Connection.objects.create(
        brand=brand,
        platform="mirakl",
        name="Shop",
        base_url=mirakl.base_url,
        credentials={"api_key": shop_keys["api_key"]},
        settings={"shop_id": shop_keys["shop_id"]},
    )
    target = Connection.objects.create(
        brand=brand,
        platform="centra",
        name="Centra",
        base_url=centra.base_url,
        credentials={name: centra_keys[name] for name in ("token", "order_api_key", "webhook_secret")},
        settings={"order_api_path": centra_keys["order_api_path"], "allocation_rule_id": 1, "payment_method": "11"},
        timezone="Europe/Stockholm",
    )
    for size in SIZES:
        _map(brand, "sku", f"SHOP{size}", f"SHIRT-BLK{size}")
    _map(brand, "market", "GB", "1", attributes={"price_list": "1"})
    _map(brand, "shipping_service", "STD", "standard-gbp")
    started_at = ports.now() - timedelta(days=1)
    return Link.objects.create(brand=brand, source=shop, target=target, started_at=started_at)


def _map(brand: Brand, kind: str, theirs: str, ours: str, **values: object) -> None:
    save_mapping(kind=kind, brand=brand, from_code=theirs, to_code=ours, actor="bench", reason="Benchmark", **values)  # type: ignore[arg-type]


def mutations_of(entry: JournalEntry, numbers: Mapping[int, str]) -> Iterator[str]:
    """The marketplace's order once for every mutation of this request that was about it."""
    reference = numbers.get(_variables(entry).get("number", 0)) if entry.path == "/graphql" else None
    if reference is None or entry.status != 200:
        return
    for definition in parse(json.loads(entry.body)["query"]).definitions:
        if isinstance(definition, OperationDefinitionNode) and definition.operation is OperationType.MUTATION:
            yield from (reference for field in definition.selection_set.selections if isinstance(field, FieldNode))


def _variables(entry: JournalEntry) -> dict[str, int]:
    if entry.path != "/graphql":
        return {}
    found: dict[str, int] = json.loads(entry.body).get("variables") or {}
    return found
