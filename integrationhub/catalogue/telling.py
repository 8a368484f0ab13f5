"""The cases of prices: opened where something needs a person, closed as soon as it is found in order."""

from typing import Any

from django.db import transaction
from django.db.models import Count, Min

from connectors.models import Connection, Link
from exceptions_app.models import ExceptionCase
from exceptions_app.opening import HUB, open_case
from integrationhub.catalogue.models import ListingPrice, PriceTerms
from integrationhub.sync.standing import close_open_case

REASONS_TOLD = 20  # of one channel; a platform whose words differ for each SKU fills no queue

LISTS = ("price_list_missing", "price_list_unknown", "price_currency")


def tell_terms(link: Link, terms: PriceTerms, *, unknown: bool | None = None, asked: bool = False) -> None:
    """Whether the channel has a price list, which its owner knows, in the currency of its offers.

    `unknown`: what the owner said of the list just now; None: it was not asked. `asked`: lists wait for its answer.
    """
    context = {"price_list": terms.price_list, "list_currency": terms.list_currency, "currency": terms.sells_in}
    missing = bool(terms.sells_in) and not terms.price_list and not asked
    differs = bool(terms.list_currency and terms.sells_in) and terms.list_currency != terms.sells_in
    found: dict[str, bool | None] = {
        "price_list_missing": missing,
        "price_list_unknown": unknown if terms.price_list else False,
        "price_currency": differs,
    }
    for cause, wrong in found.items():
        if wrong is not None:
            _keep(link, cause=cause, key=f"price list:{link.pk}", context=context if wrong else None)


def tell_refusals(channel: Connection) -> None:
    """One case for each reason for which the channel refuses prices, with how many; closed when none is left."""
    cause, before = "prices_refused", f"prices refused:{channel.pk}:"
    rows = ListingPrice.objects.filter(channel=channel, state=ListingPrice.State.REFUSED)
    told = rows.values("reason").annotate(refused=Count("pk"), sku=Min("channel_sku"), link=Min("link"))
    groups = {before + row["reason"]: row for row in told.order_by("-refused", "reason")[:REASONS_TOLD]}
    cases = ExceptionCase.objects.unresolved().filter(cause=cause, target=channel)
    standing = {case.context.get("key", ""): case for case in cases}
    for key, row in groups.items():
        context = {"key": key, "refused": row["refused"], "sku": row["sku"], "words": row["reason"]}
        if key in standing and standing[key].context == context:
            continue
        with transaction.atomic():
            link = Link.objects.get(pk=row["link"])
            open_case(
                brand=channel.brand, cause=cause, object_key=key, target=channel, link=link, context=context,
                platform_words=row["reason"],
            )  # fmt: skip
    for key, case in standing.items():
        if key not in groups:
            reason = "None of these prices is refused any more."
            close_open_case(channel.brand_id, cause=cause, object_key=case.object_key, actor=HUB, reason=reason)


def tell_drift(channel: Connection, *, healed: int, left: int) -> None:
    link = Link.objects.filter(source=channel, active=True).order_by("pk").first()
    if link is not None:
        context = {"left": left, "healed": healed} if left else None
        _keep(link, cause="price_drift", key=f"price drift:{channel.pk}", context=context)


def _keep(link: Link, *, cause: str, key: str, context: dict[str, Any] | None) -> None:
    """The case is open exactly while there is a context. Nothing is written where nothing changed."""
    standing = ExceptionCase.objects.unresolved().filter(brand=link.brand_id, cause=cause, object_key=key).first()
    if context is None:
        if standing is not None:
            close_open_case(link.brand_id, cause=cause, object_key=key, actor=HUB, reason="It was found in order.")
        return
    if standing is None or standing.context != context:
        with transaction.atomic():
            open_case(
                brand=link.brand, cause=cause, object_key=key, target=link.source, link=link, context=context
            )  # fmt: skip
