"""Categories, attributes, adverts and variants: three levels of taxons, one option type for each field type."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.marketplacer.sandbox.market import Market, RefusalError, Row, Validations
from connectors.sandboxdata import CatalogueItem

UNREACHABLE = "unreachable"
PICTURES = (".png", ".gif", ".jpg", ".jpeg")


def build_structure(market: Market) -> None:
    """What an operator sets up before the first seller comes."""
    for name in ("Australia Post", "PostNord", "DHL Express", "Other"):
        market.add("ShipmentCarrier", name=name)
    market.add("Brand", name="Maison Nord")
    for name, by_seller in (("Received", True), ("Back order", True), ("Fraud check", False)):
        market.add(
            "InvoiceAnnotationType", name=name, description=f"{name} by seller", creatableBySeller=by_seller,
            viewableBySeller=True, editableBySeller=by_seller, resolvableBySeller=by_seller,
        )  # fmt: skip
    _build_taxons(market)


def _build_taxons(market: Market) -> None:
    prototype = market.add("Prototype", name="Clothing", optionTypes=[])
    for position, (name, applied, kind, optional, values) in enumerate(_OPTION_TYPES):
        option = market.add(
            "OptionType", name=name, displayName=name, appliedTo=applied, fieldType=kind, optional=optional,
            position=position, optionValues=[], prototypes=[prototype],
        )  # fmt: skip
        option["optionValues"] = [
            market.add("OptionValue", name=value, displayName=value, optionType=option) for value in values
        ]
        prototype["optionTypes"].append(option)
    root = _taxon(market, "Fashion", None)
    for name, leaves in (("Women", ("Coats", "Knitwear")), ("Men", ("Shirts",))):
        middle = _taxon(market, name, root)
        for leaf in leaves:
            _taxon(market, leaf, middle)["prototype"] = prototype


_OPTION_TYPES: tuple[tuple[str, str, str, bool, tuple[str, ...]], ...] = (
    ("Colour", "VARIANT", "SINGLE_SELECT", False, ("Black", "Navy", "Camel")),
    ("Size", "VARIANT", "SINGLE_SELECT", False, ("S", "M", "L")),
    ("Season", "ADVERT", "MULTI_SELECT", True, ("Spring", "Autumn", "Winter")),
    ("Material", "ADVERT", "FREE_TEXT", True, ()),
    ("Pieces", "ADVERT", "INTEGER", True, ()),
    ("Weight", "VARIANT", "DECIMAL", True, ()),
)


def _taxon(market: Market, name: str, parent: Row | None) -> Row:
    tree = f"{parent['treeName']} > {name}" if parent else name
    row = market.add("Taxon", displayName=name, treeName=tree, prototype=None, children=[], root=parent is None)
    if parent is not None:
        parent["children"].append(row)
    return row


# --- what the seller sells --------------------------------------------------------------------------------------------
def add_product(
    market: Market, *, title: str, skus: Mapping[str, int], price: str = "100.00", sale_price: str | None = None
) -> Row:
    """An advert on sale, with a variant for each SKU and its stock."""
    taxon = next(row for row in market.of("Taxon") if row["prototype"] is not None)
    advert = market.add(
        "Advert", title=title, description="", taxon=taxon, seller=market.seller, published=True, displayable=True,
        vetted=True, requiresVetting=market.settings.vetting, vettingRejected=False, images=[], advertOptionValues=[],
        brand=next(market.of("Brand")), editablePrice=_money(price), salePrice=_money(sale_price), variants=[],
        updatedAt=market.now(), deleted=False,
    )  # fmt: skip
    for sku, units in skus.items():
        _add_variant(market, advert, sku=sku, countOnHand=units)
    return advert


def _add_variant(market: Market, advert: Row, **values: Any) -> Row:
    row = market.add(
        "Variant",
        **{"sku": "", "barcode": None, "countOnHand": 0, "infiniteQuantity": False, "published": True} | values,
    )
    row |= {"advert": advert, "editablePrice": row.get("editablePrice"), "salePrice": row.get("salePrice")}
    row.setdefault("variantOptionValues", [])
    advert["variants"].append(row)
    return row


def load_catalogue(market: Market, items: Iterable[CatalogueItem], *, stock: int) -> int:
    """The invented brand's goods: an advert for each product, a variant for each colour and size."""
    adverts: dict[str, Row] = {}
    count = 0
    for item in items:
        advert = adverts.get(item.product_number)
        price = str(item.prices.get(market.settings.currency, item.prices["USD"]))
        if advert is None:
            advert = adverts[item.product_number] = add_product(market, title=item.product_name, skus={}, price=price)
        _add_variant(market, advert, sku=item.sku, barcode=item.gtin, countOnHand=stock)
        count += 1
    return count


def variant_of(market: Market, sku: str) -> Row | None:
    return next((row for row in market.of("Variant") if row["sku"] == sku and not row["advert"]["deleted"]), None)


def price_of(variant: Row) -> Decimal:
    """What a customer pays for one: the variant's own prices go before the advert's."""
    advert = variant["advert"]
    for holder in (variant, advert):
        if holder["salePrice"] is not None:
            return Decimal(holder["salePrice"])
        if holder["editablePrice"] is not None:
            return Decimal(holder["editablePrice"])
    return Decimal(0)


def is_online(market: Market, advert: Row) -> bool:
    vetted = advert["vetted"] or not advert["requiresVetting"]
    return bool(advert["published"] and advert["displayable"] and vetted and market.online and not advert["deleted"])


def is_buyable(market: Market, variant: Row) -> bool:
    in_stock = variant["infiniteQuantity"] or variant["countOnHand"] > 0
    return bool(is_online(market, variant["advert"]) and variant["published"] and in_stock)


def _money(value: Any) -> str | None:
    """ "89.00" as it is kept. Raises RefusalError for what is no price."""
    if value is None:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise RefusalError("price", "is not a number") from None
    if amount < 0:
        raise RefusalError("price", "must be greater than or equal to 0")
    return f"{amount:.2f}"


# --- mutations --------------------------------------------------------------------------------------------------------
def variant_update(market: Market, given: Row) -> Row:
    variant = market.need(given.get("variantId"), "Variant", "variant")
    variant |= _variant_content(market, given["attributes"])
    market.tell("update", variant)
    market.tell("update", variant["advert"])
    return {"variant": variant}


def _variant_content(market: Market, told: Row) -> Row:
    """Only what is named. Raises RefusalError."""
    count = told.get("countOnHand")
    if count is not None and count < 0:
        raise RefusalError("count_on_hand", "must be greater than or equal to 0")
    names = ("sku", "barcode", "countOnHand", "infiniteQuantity", "published")
    content = {name: told[name] for name in names if told.get(name) is not None} | _prices(told)
    options = told.get("variantOptionValues")
    if options is not None:  # a full replacement
        content["variantOptionValues"] = [_option(market, item, "VariantOptionValue") for item in options]
    return content


def _prices(told: Row) -> Row:
    return {
        name: _money(told[key]) for key, name in (("price", "editablePrice"), ("salePrice", "salePrice")) if key in told
    }


def _option(market: Market, told: Row, kind: str) -> Row:
    if told.get("optionValueId"):
        value = market.need(told["optionValueId"], "OptionValue", "option_value")
        return market.add(kind, optionType=value["optionType"], optionValue=value, textValue=None)
    option_type = market.need(told.get("optionTypeId"), "OptionType", "option_type")
    return market.add(kind, optionType=option_type, optionValue=None, textValue=told.get("textValue"))


def advert_upsert(market: Market, given: Row) -> Row:
    told = given["attributes"]
    advert = market.need(given["advertId"], "Advert", "advert") if given.get("advertId") else None
    event = "update" if advert else "create"
    content, variants = _checked(market, told, new=advert is None)
    if advert is None:
        advert = add_product(market, title=told["title"], skus={})
        unseen = {"published": False, "vetted": not market.settings.vetting, "displayable": False}
        advert |= {**unseen, "editablePrice": None, "brand": None}
    advert |= content | {"updatedAt": market.now()}
    for variant, values in variants:
        row = variant or _add_variant(market, advert)
        row |= values
    advert["displayable"] = _mandatory_data_is_there(advert)
    market.tell(event, advert)
    return {"advert": advert}


def _checked(market: Market, told: Row, *, new: bool) -> tuple[Row, list[tuple[Row | None, Row]]]:
    """What the advert shall hold, and each variant with its content; None = a new one. Raises RefusalError with every fault."""
    faults = Validations()
    if new:
        for name, keys in _NEEDED.items():
            faults.check(_present, told, name, keys)
    content = faults.check(_advert_content, told) or {}
    for name, part in (
        ("taxon", _taxon_of),
        ("brand", _brand_of),
        ("images", _images),
        ("advertOptionValues", _options),
    ):
        found = faults.check(part, market, told)
        content |= {} if found is None else {name: found}
    variants = []
    for item in told.get("variants") or ():
        variant = faults.check(market.need, item["id"], "Variant", "variant") if item.get("id") else None
        variants.append((variant, faults.check(_variant_content, market, item) or {}))
    faults.raise_any()
    return content, variants


# Without which no advert is made. The variant is documented; that title and brand are asked for here is inferred.
_NEEDED = {"title": ("title",), "brand": ("brandId", "brandMappings"), "variants": ("variants",)}


def _present(told: Row, name: str, keys: Iterable[str]) -> None:
    if not any(told.get(key) for key in keys):
        raise RefusalError(name, "can't be blank")


def _advert_content(told: Row) -> Row:
    content = {name: told[name] for name in ("title", "description", "code") if told.get(name) is not None}
    if told.get("externalIds") is not None:
        content["externalIds"] = [dict(item) for item in told["externalIds"]]
    if told.get("attemptAutoPublish"):
        content["published"] = True
    return content | _prices(told)


def _images(market: Market, told: Row) -> list[Row] | None:
    """The canonical list: what is not named vanishes."""
    return None if told.get("images") is None else [_image(market, item) for item in told["images"]]


def _options(market: Market, told: Row) -> list[Row] | None:
    options = told.get("advertOptionValues")
    return None if options is None else [_option(market, item, "AdvertOptionValue") for item in options]


def _taxon_of(market: Market, told: Row) -> Row | None:
    if told.get("taxonId") and told.get("taxonMappings"):
        raise RefusalError("taxon", "taxonId and taxonMappings are exclusive")
    if not told.get("taxonId"):
        return None
    taxon = market.need(told["taxonId"], "Taxon", "taxon")
    if taxon["prototype"] is None:
        raise RefusalError("taxon", "must be a leaf")
    return taxon


def _brand_of(market: Market, told: Row) -> Row | None:
    """Mappings: the first name that is a brand's; an unknown one waits for the operator to map it."""
    if told.get("brandId") and told.get("brandMappings"):
        raise RefusalError("brand", "brandId and brandMappings are exclusive")
    if told.get("brandId"):
        return market.need(told["brandId"], "Brand", "brand")
    names = told.get("brandMappings") or ()
    return next((row for name in names for row in market.of("Brand") if row["name"] == name), None)


def _image(market: Market, told: Row) -> Row:
    if told.get("imageId"):
        return market.need(told["imageId"], "Image", "image")
    url = str(told.get("sourceUrl") or "")
    if UNREACHABLE in url:
        raise RefusalError("images", f"Unable to retrieve attachment: {url} (Net::OpenTimeout)")
    if url and not url.lower().split("?")[0].endswith(PICTURES):
        raise RefusalError("images", "must be a PNG, GIF, JPG or JPEG")
    return market.add("Image", url=url, alt=told.get("alt"))


def _mandatory_data_is_there(advert: Row) -> bool:
    wanted = {item["id"] for item in advert["taxon"]["prototype"]["optionTypes"] if not item["optional"]}
    told = [{item["optionType"]["id"] for item in variant["variantOptionValues"]} for variant in advert["variants"]]
    on_advert = {item["optionType"]["id"] for item in advert["advertOptionValues"]}
    return all(wanted <= names | on_advert for names in told)


def advert_published_update(market: Market, given: Row) -> Row:
    advert = market.need(given["advertId"], "Advert", "advert")
    advert["published"] = given["published"]
    market.tell("update", advert)
    return {"advert": advert}


def advert_delete(market: Market, given: Row) -> Row:
    advert = market.need(given["id"], "Advert", "advert")
    advert["deleted"] = True
    market.tell("destroy", advert)
    return {"advert": advert}


def advert_vetting_resubmit(market: Market, given: Row) -> Row:
    advert = market.need(given["advertId"], "Advert", "advert")
    advert |= {"vettingRejected": False, "vettingRejectedReason": None, "vettingRejectedAt": None, "vetted": False}
    market.tell("update", advert)
    return {"advert": advert}
