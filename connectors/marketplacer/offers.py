"""Adverts and variants → ours; stock and prices → aliased variantUpdate fields. Pure.

A variant is the buyable SKU of an advert. `displayableOnly: false` is always sent: the default hides what is not for sale.
Source: G:variantinput, G:variantupdatemutationinput, D:seller-api/examples/products.
"""

from collections.abc import Iterable, Mapping, Sequence

from connectors.canonical.deliveries import Delivery, DeliveryState, RefusedLine
from connectors.canonical.errors import UnknownOutcomeError
from connectors.canonical.money import Money
from connectors.canonical.offers import Offer, PriceUpdate
from connectors.canonical.payload import JSON
from connectors.canonical.stock import StockUpdate
from connectors.marketplacer.amounts import from_decimal_text, from_shown
from connectors.marketplacer.reading import Node
from connectors.marketplacer.refusals import payload_refusal

NO_PRODUCT = "The marketplace has no product of this seller with this SKU."
TWO_PRODUCTS = "Two products of this seller have this SKU at the marketplace. Correct one of them there."
NO_DATES = "This marketplace takes no dates for a discount. Send it when it begins, and take it back when it ends."


# --- what the seller shows --------------------------------------------------------------------------------------------
def parse_offers(adverts: Sequence[JSON], *, currency: str) -> tuple[Offer, ...]:
    """One page of adverts, variant by variant. Raises DataError: a page that cannot be read tells nothing of the rest."""
    offers: list[Offer] = []
    for index, advert in enumerate(adverts):
        node = (
            Node.root({"adverts": [advert]}).children("adverts")[0] if isinstance(advert, dict) else Node.root(advert)
        )
        offers += [_offer(node, variant, currency=currency) for variant in node.children("variants") if _sku(variant)]
        node.faults.record = f"Product {node.text('id') or index}"
        node.faults.raise_any()
    return tuple(offers)


def _sku(variant: Node) -> str:
    """A variant without a SKU was made by hand: nothing the hub could name."""
    return variant.text("sku")


def _offer(advert: Node, variant: Node, *, currency: str) -> Offer:
    price, discount = _prices(advert, variant, currency=currency)
    because = _inactive(advert, variant)
    taxon = advert.child("taxon")
    known = variant.given("countOnHand") and not variant.flag("infiniteQuantity")
    return Offer(
        sku=variant.text("sku"),
        external_id=variant.text("id", required=True),
        gtin=variant.text("barcode"),
        title=advert.text("title"),
        category=taxon.text("id") if taxon else "",
        quantity=variant.count("countOnHand") if known else None,
        price=price,
        discount=discount,
        active=not because,
        inactive_because=because,
    )


def _prices(advert: Node, variant: Node, *, currency: str) -> tuple[Money | None, Money | None]:
    """The price before any discount, and the discounted one. `lowestPrice` ("25.0") is what a customer pays."""
    paid = _price(variant, "lowestPrice", currency=currency)
    full = _price(variant, "editablePrice", currency=currency) or _price(advert, "editablePrice", currency=currency)
    if full is None or paid is None or full.agrees_with(paid):
        return full or paid, None
    return (full, paid) if paid < full else (paid, None)


def _price(node: Node, name: str, *, currency: str) -> Money | None:
    if not node.given(name):
        return None
    value = node.value[name]
    try:
        amount = from_decimal_text(value)
    except ValueError:
        try:
            amount = from_shown(value, currency=currency)
        except ValueError as problem:
            node.fault(name, str(problem))
            return None
    return Money(amount, currency) if amount else None


def _inactive(advert: Node, variant: Node) -> tuple[str, ...]:
    """Why nobody can buy it, by what the instance states; `published` alone does not mean that it is on sale."""
    found = []
    if variant.given("countOnHand") and not variant.flag("infiniteQuantity") and variant.count("countOnHand") <= 0:
        found.append("SOLD_OUT")
    if advert.flag("vettingRejected"):
        found.append("VETTING_REJECTED")
    elif advert.flag("requiresVetting") and not advert.flag("vetted"):
        found.append("AWAITS_VETTING")
    for node, name, code in (
        (advert, "published", "UNPUBLISHED"),
        (variant, "published", "UNPUBLISHED"),
        (advert, "displayable", "NOT_DISPLAYABLE"),
        (variant, "displayable", "NOT_DISPLAYABLE"),
        (advert, "online", "OFFLINE"),
    ):
        if node.value.get(name) is False:
            found.append(code)
    if not found and variant.value.get("buyable") is False:
        found.append("NOT_BUYABLE")
    return tuple(dict.fromkeys(found))


def variants_by_sku(adverts: Iterable[JSON]) -> dict[str, tuple[str, ...]]:
    """SKU → variant ids; two of them where two products share a SKU."""
    found: dict[str, tuple[str, ...]] = {}
    for advert in adverts:
        for variant in Node.root(advert).children("variants"):
            if sku := _sku(variant):
                found[sku] = (*found.get(sku, ()), variant.text("id"))
    return found


# --- telling it -------------------------------------------------------------------------------------------------------
def stock_attributes(update: StockUpdate) -> JSON:
    """An absolute value, not a change."""
    return {"countOnHand": update.quantity}


def price_attributes(update: PriceUpdate) -> JSON:
    """Decimal text in major units. A sale price that is not named ends: null takes it away."""
    return {"price": _text(update.price), "salePrice": _text(update.discount) if update.discount else None}


def _text(money: Money) -> str:
    return f"{money.rounded().amount:f}"


def price_refusal(update: PriceUpdate, *, currency: str) -> str:
    """Why this price cannot be told there, or ""."""
    if update.price.currency != currency:
        return f"The price is in {update.price.currency}, and the marketplace sells in {currency} only."
    return NO_DATES if update.discount_from is not None or update.discount_until is not None else ""


def inputs(ids: Sequence[str], attributes: Sequence[JSON]) -> JSON:
    """The variables of `documents.update_variants`, in order."""
    pairs = zip(ids, attributes, strict=True)
    return {f"i{index}": {"variantId": key, "attributes": values} for index, (key, values) in enumerate(pairs)}


def read_answers(skus: Sequence[str], data: Mapping[str, JSON], errors: Mapping[str, str]) -> Delivery:
    """What became of each alias. Raises UnknownOutcomeError when the answer does not say it of every one."""
    refused = []
    for index, sku in enumerate(skus):
        alias = f"v{index}"
        payload = data.get(alias)
        words = errors.get(alias) or (payload_refusal(payload) if isinstance(payload, dict) else "")
        if words:
            refused.append(RefusedLine(sku=sku, message=words))
        elif not isinstance(payload, dict) or not isinstance(payload.get("variant"), dict):
            words = "Marketplacer's answer does not say what became of every line of variantUpdate."
            raise UnknownOutcomeError(words, code="no_verdict")
    return Delivery(state=DeliveryState.DONE, refused=tuple(refused), taken=len(skus) - len(refused))
