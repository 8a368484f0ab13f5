"""An order in its target's words, its taxes among them where the target names those.

The connector keeps the list of taxes while it lasts. Before one is called missing or no longer listed, the list is read again,
and people then choose from what was just read.
"""

from collections.abc import Iterable, Sequence

from django.db import transaction

from connectors import ports
from connectors.base import Capability, Connector
from connectors.canonical.errors import MappingError, PermanentError
from connectors.canonical.orders import Order
from connectors.canonical.taxes import ListedTax, country_and_rate, only_for, percent
from connectors.models import Connection
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.blocking import RULE, release_mapping
from integrationhub.sync.run import Run
from mappings_app.codes import CodeItem, learn_codes, note_seen
from mappings_app.coverage import unmapped_codes
from mappings_app.kinds import TAX
from mappings_app.resolving import ResolvedOrder, resolve_order

UNLISTED_TAX = "unlisted_tax"


def resolve(run: Run, order: Order, row: SoldOrder) -> ResolvedOrder:
    """Raises MappingError, DataError, and PermanentError for a tax that is mapped to none that is listed."""
    if not run.target.capabilities[Capability.LIST_TAXES]:
        return resolve_order(order, link=run.link, known_at=row.mappings_as_of)
    try:
        return _resolve(run, order, row)
    except (MappingError, PermanentError) as error:
        if not _is_about_taxes(error):
            raise
    learn_taxes(run.target_row, run.target)
    try:
        return _resolve(run, order, row)
    except MappingError as error:
        items = [CodeItem(code=one.code, label=one.label) for one in error.missing if one.kind == TAX]
        note_seen(run.link, {TAX: items})
        raise


def _resolve(run: Run, order: Order, row: SoldOrder) -> ResolvedOrder:
    read: list[ListedTax] = []

    def taxes_of(market: str) -> list[ListedTax]:
        read[:] = run.target.fetch_taxes(market)
        return read

    resolved = resolve_order(order, link=run.link, known_at=row.mappings_as_of, taxes_of=taxes_of)
    _require_listed(run, resolved, {one.name for one in read})
    return resolved


def _require_listed(run: Run, resolved: ResolvedOrder, names: set[str]) -> None:
    for code in (code for code, name in resolved.tax_names.items() if name not in names):
        name = resolved.tax_names[code]
        words = (
            f"The tax {code} is mapped to {name}, which {run.target_row.name} does not list for these orders. Map it to one"
            " that is listed, or add it there, then try again."
        )
        raise PermanentError(words, subject=code, code=UNLISTED_TAX)


def _is_about_taxes(error: MappingError | PermanentError) -> bool:
    if isinstance(error, MappingError):
        return any(one.kind == TAX for one in error.missing)
    return error.code == UNLISTED_TAX


def learn_taxes(place: Connection, connector: Connector) -> tuple[ListedTax, ...]:
    """Read what the target lists, and keep it for people to choose from."""
    listed = connector.fetch_taxes()
    labels = {one.name: f"Tax of {percent(one.rate)} percent" for one in listed}
    learn_codes(place, TAX, [CodeItem(code=name, label=label) for name, label in labels.items()], whole=True)
    return listed


def let_go_what_fits(place: Connection, listed: Sequence[ListedTax]) -> int:
    """Taxes that were missing, of which just one that is listed by now can be meant: they need no mapping, and what waits
    for one goes on. Returns how many. Where markets list different taxes, an order that still lacks its own waits again.
    """
    waiting = unmapped_codes(place.brand_id, at=ports.now()).filter(kind=TAX, link__target=place, link__active=True)
    fitting = [seen for seen in waiting if _fits(seen.code, listed)]
    for seen in fitting:
        with transaction.atomic():
            release_mapping(brand_id=seen.brand_id, kind=TAX, code=seen.code, link_id=seen.link_id, by=RULE)
            seen.delete()
    return len(fitting)


def _fits(code: str, listed: Iterable[ListedTax]) -> bool:
    known = country_and_rate(code)
    return known is not None and only_for(known[0], [one for one in listed if one.rate == known[1]]) is not None
