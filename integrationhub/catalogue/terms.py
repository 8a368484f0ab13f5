"""By which price list a channel is priced, settled anew at each push: mappings may change, begin or end at any time.

The first that answers counts: the price list table for the channel, then for every channel, then what the channel's market
mappings say, then the connection's own price list. Where markets name several lists, the one in the channel's currency counts,
once the owner has said in which currency each is; several in that currency say nothing.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from connectors import ports
from connectors.models import Connection, Link
from integrationhub.catalogue import ledger, telling
from integrationhub.catalogue.models import KnownPriceList, PriceTerms
from integrationhub.sync.enqueue import enqueue, job_for_connection
from integrationhub.sync.models import Feed
from mappings_app.kinds import CURRENCY, PRICE_LIST
from mappings_app.lookup import VersionTable, counting_for
from mappings_app.models import MappingVersion
from mappings_app.models.versions import in_force

FEED = "prices"
READING = "read_prices"


def of(link: Link) -> PriceTerms:
    return PriceTerms.objects.get_or_create(link=link)[0]


def settle(link: Link, *, read: bool = True) -> PriceTerms:
    """Bring the channel's terms up to date; what follows from them is computed again when they have changed.

    `read`: have what its list asks read at once; whoever is reading already says no, or it would never end.
    """
    terms, now = of(link), ports.now()
    found = price_list_of(link, terms.sells_in, at=now) if terms.sells_in else terms.price_list
    asked = bool(terms.sells_in) and not found and bool(lists_to_learn(link, terms.sells_in, at=now))
    changed = found != terms.price_list
    if changed:
        with transaction.atomic():
            terms.price_list, terms.list_currency = found, ""
            terms.save(update_fields=["price_list", "list_currency"])
            _read_from_the_start(link.target_id)
            ledger.mark_links([link.pk])
    if read and (asked or (changed and found)):
        enqueue(job_for_connection(READING, link.target, key="tick"))
    telling.tell_terms(link, terms, asked=asked)
    return terms


def note_currency(channel: Connection, currency: str) -> None:
    """The channel shows its offers in this currency."""
    with transaction.atomic():
        for link in Link.objects.filter(source=channel, active=True):
            terms = of(link)
            if terms.seen_currency != currency:
                PriceTerms.objects.filter(pk=terms.pk).update(seen_currency=currency)
                ledger.mark_links([link.pk])


def note_list(owner: Connection, code: str, currency: str) -> None:
    """The owner has this list, in this currency; "": it does not know the list."""
    KnownPriceList.objects.update_or_create(connection=owner, code=code, defaults={"currency": currency})
    rows = PriceTerms.objects.filter(link__target=owner, price_list=code)
    for terms in rows.select_related("link__brand", "link__source", "link__target"):
        if terms.list_currency != currency:
            terms.list_currency = currency
            terms.save(update_fields=["list_currency"])
        telling.tell_terms(terms.link, terms, unknown=not currency)


def price_list_of(link: Link, currency: str, *, at: datetime) -> str:
    """The code of the list that prices this channel's offers in the currency; "" where none answers."""
    if version := VersionTable.load(link, {PRICE_LIST: [currency]}).at(PRICE_LIST, currency, at):
        return version.to_code
    said = _of_markets(link, currency, at=at)
    if not said:
        return str(link.target.settings.get(PRICE_LIST) or "")
    if len(said) == 1:
        return said.pop()
    known = _known(link.target_id, said)
    fitting = [code for code in said if known.get(code) == currency]
    return fitting[0] if len(fitting) == 1 and known.keys() == said else ""


def lists_to_learn(link: Link, currency: str, *, at: datetime) -> set[str]:
    """Lists that the channel's markets name beside each other, and whose currency nobody has asked for yet."""
    said = _of_markets(link, currency, at=at)
    return said - _known(link.target_id, said).keys() if len(said) > 1 else set()


def _known(owner_id: int, codes: Collection[str]) -> dict[str, str]:
    rows = KnownPriceList.objects.filter(connection=owner_id, code__in=codes)
    return dict(rows.values_list("code", "currency"))


def _of_markets(link: Link, currency: str, *, at: datetime) -> set[str]:
    """Every list that the channel's markets name for the currency; a market's row for the channel goes before the brand's."""
    rows = MappingVersion.objects.filter(in_force(at), kind="market", brand=link.brand_id, retired=False)
    by_code: dict[str, MappingVersion] = {}
    for version in rows.filter(counting_for(link)):
        known = by_code.get(version.from_code)
        if known is None or known.link_id is None:
            by_code[version.from_code] = version
    told = (row.attributes for row in by_code.values() if row.attributes.get(CURRENCY) in (None, "", currency))
    return {str(attributes[PRICE_LIST]) for attributes in told if attributes.get(PRICE_LIST)}


def _read_from_the_start(owner_id: int) -> None:
    """A reading that is under way did not ask for this list on the pages it has behind it."""
    Feed.objects.filter(connection=owner_id, name=FEED).update(next_token="")
