"""Links on which SKUs are spelled alike: the hub looks by itself for what an order names and nobody has mapped.

At once, when an order carries a SKU that is new; and every few minutes for those that orders wait for, so that an order goes on
soon after its product exists where it is fulfilled.
"""

from collections.abc import Iterable, Sequence

from connectors.base import Capability, Connector
from connectors.canonical.errors import MappingError
from connectors.models import Connection, Link
from connectors.registry import platforms_able_to
from exceptions_app.models import ExceptionCase
from integrationhub.sync.flows import Done, Flow, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from mappings_app.codes import CodeItem, learn_codes
from mappings_app.equal import map_equal

LOOK_SECONDS = 300
LOOKED_FOR_AT_ONCE = 400


def found_after_all(run: Run, error: MappingError) -> bool:
    """Whether one of the SKUs that an order misses is there, spelled alike: then it is mapped by now."""
    codes = [missing.code for missing in error.missing if missing.kind == "sku"]
    if not codes or not run.link.equal_skus or not run.target.capabilities[Capability.READ_PRODUCTS]:
        return False
    return look_for(run.target_row, run.target, [run.link], codes) > 0


def look_for(place: Connection, connector: Connector, links: Iterable[Link], codes: Sequence[str]) -> int:
    """Ask for these SKUs where orders are fulfilled and map those that are there. Returns how many mappings came of it."""
    items = [
        CodeItem(code=one.sku, label=one.title, gtin=one.gtin) for one in connector.find_products(codes) if one.active
    ]
    if not items:
        return 0
    learn_codes(place, "sku", items)
    return sum(map_equal(link, [item.code for item in items]) for link in links)


def find_new_products(run: Run) -> Outcome:
    place = run.connection.row
    links = list(alike_links(target=place))
    mapped = learned(run)
    codes = _waited_for(place, links)
    if not codes:
        return Done(f"{mapped} SKUs are spelled alike." if mapped else "No order waits for a product that is new.")
    count = look_for(place, run.connection.connector, links, codes)
    return Done(f"{count} of {len(codes)} SKUs are there by now." if count else f"None of {len(codes)} is there yet.")


def alike_links(**sides: Connection) -> Iterable[Link]:
    found = Link.objects.filter(active=True, equal_skus=True, **sides)
    return found.select_related("brand", "source", "target").order_by("pk")


def _waited_for(place: Connection, links: Sequence[Link]) -> list[str]:
    """SKUs of open cases of these links, those that have waited longest first."""
    cases = ExceptionCase.objects.unresolved().filter(
        mapping_kind="sku", target=place, case_links__link__in=links, waiting_count__gt=0
    )
    return list(dict.fromkeys(cases.order_by("pk").values_list("code", flat=True)[:LOOKED_FOR_AT_ONCE]))


def learned(run: Run) -> int:
    """Both lists may be longer now: map what is spelled alike, as long as the job may. Returns how many mappings came of it."""
    links = {link.pk: link for side in ("source", "target") for link in alike_links(**{side: run.connection.row})}
    return sum(map_equal(link, go_on=lambda: run.job.may_start_call) for link in links.values())


FIND_NEW_PRODUCTS = register(
    Flow(
        name="find_new_products",
        label="Look for products that orders wait for",
        lane=Lane.BULK,
        run=find_new_products,
        side="connection",
        part="target",
        cadence_seconds=LOOK_SECONDS,
        platforms=platforms_able_to(Capability.READ_PRODUCTS),
    )
)
