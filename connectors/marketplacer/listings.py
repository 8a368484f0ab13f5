"""Categories, attributes and products of a marketplace. Pure.

Taxon = category; only a leaf can be sold in, and it carries the prototype with its option types (attributes). An advert is
a product with its variants; a listing names one SKU, so listings that bear the same product code make one advert.
Source: D:seller-api/reference/mutations/advertupsert, G:advertinput, G:fieldtypeenum.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.canonical.deliveries import RefusedLine
from connectors.canonical.listings import (
    AttributeKind,
    ChannelAttribute,
    ChannelCategory,
    ChannelValue,
    ListingUpdate,
    Requirement,
)
from connectors.canonical.payload import JSON
from connectors.marketplacer.reading import Node
from connectors.marketplacer.refusals import Validation

TITLE, DESCRIPTION, BRAND, BARCODE, IMAGES, PRODUCT = "title", "description", "brand", "barcode", "images", "product"

_KINDS = {
    "SINGLE_SELECT": AttributeKind.LIST,
    "MULTI_SELECT": AttributeKind.LIST_OF_SEVERAL,
    "FREE_TEXT": AttributeKind.TEXT,
    "INTEGER": AttributeKind.WHOLE_NUMBER,
    "DECIMAL": AttributeKind.NUMBER,
}
_SELECTS = frozenset({"SINGLE_SELECT", "MULTI_SELECT"})


def _own(
    code: str, label: str, requirement: Requirement, kind: AttributeKind, *, variant: bool = False
) -> ChannelAttribute:
    return ChannelAttribute(
        code=code, label=label, requirement=requirement, kind=kind, role=code.upper(), variant=variant
    )


# What every advert has, whatever its category. Brand is told by its name: the operator maps it (brandMappings).
OWN_ATTRIBUTES: tuple[ChannelAttribute, ...] = (
    _own(TITLE, "Title", Requirement.REQUIRED, AttributeKind.TEXT),
    _own(DESCRIPTION, "Description", Requirement.RECOMMENDED, AttributeKind.LONG_TEXT),
    _own(BRAND, "Brand", Requirement.REQUIRED, AttributeKind.TEXT),
    _own(IMAGES, "Pictures", Requirement.RECOMMENDED, AttributeKind.IMAGE),
    _own(BARCODE, "Barcode", Requirement.RECOMMENDED, AttributeKind.TEXT, variant=True),
    _own(PRODUCT, "Product that its variants belong to", Requirement.OPTIONAL, AttributeKind.TEXT),
)


def parse_categories(taxons: Sequence[tuple[JSON, str]]) -> tuple[ChannelCategory, ...]:
    """(taxon, its parent's id) in the order they were walked: parents first."""
    found = []
    for payload, parent in taxons:
        node = Node.root(payload)
        found.append(
            ChannelCategory(code=node.text("id", required=True), label=node.text("displayName"), parent=parent)
        )
        node.faults.raise_any()
    return tuple(found)


def parse_attributes(option_types: Sequence[JSON], *, category: str) -> tuple[ChannelAttribute, ...]:
    return (*OWN_ATTRIBUTES, *(_attribute(Node.root(item), category) for item in option_types))


def _attribute(node: Node, category: str) -> ChannelAttribute:
    field_type, code = node.text("fieldType"), node.text("id", required=True)
    found = ChannelAttribute(
        code=code,
        label=node.text("displayName") or node.text("name"),
        category=category,
        requirement=Requirement.OPTIONAL if node.flag("optional") else Requirement.REQUIRED,
        kind=_KINDS.get(field_type, AttributeKind.UNKNOWN),
        list_code=code if field_type in _SELECTS else "",
        role=node.text("appliedTo"),
        variant=node.text("appliedTo") == "VARIANT",
    )
    node.faults.raise_any()
    return found


def parse_values(option_values: Sequence[JSON], *, list_code: str) -> tuple[ChannelValue, ...]:
    nodes = [Node.root(item) for item in option_values]
    return tuple(
        ChannelValue(list_code=list_code, code=node.text("id"), label=node.text("displayName") or node.text("name"))
        for node in nodes
    )


# --- products ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Product:
    """The listings of one advert."""

    code: str
    updates: tuple[ListingUpdate, ...]

    @property
    def category(self) -> str:
        return self.updates[0].category


@dataclass(frozen=True, kw_only=True)
class Existing:
    """The advert that holds one of a product's SKUs already."""

    advert_id: str
    variants: Mapping[str, str]  # variant id → SKU, every variant of the advert


def grouped(updates: Sequence[ListingUpdate]) -> tuple[Product, ...]:
    """Products in the order of their first listing; without a product code, a SKU is a product of its own."""
    groups: dict[tuple[str, str], list[ListingUpdate]] = {}
    for update in updates:
        code = next(iter(update.values.get(PRODUCT, ())), "") or update.sku
        groups.setdefault((code, update.category), []).append(update)
    return tuple(Product(code=code, updates=tuple(items)) for (code, _), items in groups.items())


def read_existing(adverts: Sequence[JSON]) -> tuple[Existing, ...]:
    found = []
    for advert in adverts:
        node = Node.root(advert)
        variants = {item.text("id"): item.text("sku") for item in node.children("variants")}
        found.append(Existing(advert_id=node.text("id", required=True), variants=variants))
        node.faults.raise_any()
    return tuple(found)


def existing_of(product: Product, adverts: Sequence[Existing]) -> Existing | None:
    """A second advert of the same goods would be made otherwise: advertUpsert without an id always creates."""
    skus = {update.sku for update in product.updates}
    return next((advert for advert in adverts if skus & set(advert.variants.values())), None)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a category's option types are: where a value goes, and in what form."""

    on_advert: frozenset[str]  # the others belong to the variant
    lists: frozenset[str]  # values are ids of OptionValue

    @classmethod
    def of(cls, attributes: Sequence[ChannelAttribute]) -> "Options":
        return cls(
            on_advert=frozenset(item.code for item in attributes if not item.variant),
            lists=frozenset(item.code for item in attributes if item.list_code),
        )


def build_advert(product: Product, existing: Existing | None, *, options: Options) -> JSON:
    """The input of advertUpsert. Price and stock are not named, so they stay.

    What is not named stays too, so what the marketplace was told before and has no value any more is emptied by name.
    `advertOptionValues` is read as `variantOptionValues` is documented: a full replacement.
    Every variant that the advert has is named by its id, whether it changes or not: it is not documented what becomes of
    one that is left out.
    """
    first = product.updates[0].values
    emptied = product.updates[0].emptied if existing else frozenset[str]()
    attributes: dict[str, JSON] = {
        "taxonId": product.category,
        "attemptAutoPublish": True,
        **{name: first[name][0] for name in (TITLE, DESCRIPTION) if first.get(name)},
    }
    if DESCRIPTION in emptied:
        attributes["description"] = ""
    if first.get(BRAND):
        attributes["brandMappings"] = list(first[BRAND])
    if first.get(IMAGES) or IMAGES in emptied:
        attributes["images"] = [{"sourceUrl": address} for address in first.get(IMAGES, ())]
    values = list(_options(product.updates[0], options, on_advert=True))
    if values or emptied & (options.on_advert - _OWN_CODES):
        attributes["advertOptionValues"] = values
    attributes["variants"] = list(_variants(product, existing, options))
    return {"attributes": attributes, **({"advertId": existing.advert_id} if existing else {})}


def _variants(product: Product, existing: Existing | None, options: Options) -> Iterator[JSON]:
    ids = {sku: key for key, sku in existing.variants.items()} if existing else {}
    told = {update.sku for update in product.updates}
    for update in product.updates:
        variant: dict[str, JSON] = {"sku": update.sku}
        if update.sku in ids:
            variant["id"] = ids[update.sku]
        if barcode := update.values.get(BARCODE):
            variant["barcode"] = barcode[0]
        elif update.sku in ids and BARCODE in update.emptied:
            variant["barcode"] = ""
        variant["variantOptionValues"] = list(_options(update, options, on_advert=False))
        yield variant
    for key, sku in existing.variants.items() if existing else ():
        if sku not in told:
            yield {"id": key}


_OWN_CODES = frozenset(attribute.code for attribute in OWN_ATTRIBUTES)


def _options(update: ListingUpdate, options: Options, *, on_advert: bool) -> Iterator[JSON]:
    """Values of lists are told by their id alone, one entry each; anything else is text with its type."""
    for code, values in update.values.items():
        if code in _OWN_CODES or (code in options.on_advert) is not on_advert:
            continue
        for value in values:
            yield {"optionValueId": value} if code in options.lists else {"optionTypeId": code, "textValue": value}


# --- what is said of them ---------------------------------------------------------------------------------------------
# The input's names → ours, without capitals and underscores: which spelling a validation uses is not documented.
_FIELDS: Mapping[str, str] = {
    "title": TITLE,
    "description": DESCRIPTION,
    "brand": BRAND,
    "brandid": BRAND,
    "brandmappings": BRAND,
    "images": IMAGES,
    "barcode": BARCODE,
}


def refused_lines(product: Product, validations: Sequence[Validation]) -> list[RefusedLine]:
    """Every problem of an advert, for each of its SKUs: nothing says which variant one is about."""
    lines = (
        RefusedLine(sku=update.sku, attribute=_attribute_of(validation.field), message=_said(validation.field, message))
        for update in product.updates
        for validation in validations
        for message in validation.messages
    )
    return list(dict.fromkeys(lines))  # two variants may lack the same


def _attribute_of(field: str) -> str:
    return _FIELDS.get(field.replace("_", "").lower(), "")


def _said(field: str, message: str) -> str:
    """ "can't be blank" alone says nothing."""
    return message if field.lower() in message.lower() else f"{field}: {message}"
