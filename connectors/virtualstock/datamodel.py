"""What a retailer's data model may want to know of a product. Pure.

The model is each retailer's own and cannot be asked for: its guide for suppliers names the fields. What the vendor's examples
and one retailer's captured products name is declared here with what it means; the connection says which of them, and which
others, this retailer has. Prices and stock go their own ways and are never among them.
Source: the vendor's Postman collection, "Products"; captured products of one retailer, read 2026-01.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from connectors.canonical.listings import AttributeKind, ChannelAttribute, ChannelCategory, ChannelValue, Requirement
from connectors.canonical.payload import JSON
from connectors.virtualstock.reading import rest_id

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
REQUIRED_MARK = "*"
MORE_IMAGES = 9  # image_2 ... image_10
# The retailer's or the platform's to write, or told by the flows of stock and prices.
NOT_OURS = frozenset(
    """supplier_free_stock free_stock stock_updated_at back_in_stock_date open_orders enrolment_status publish_date
    last_updated sap_article_ID""".split()
)
WARRANTIES = ("REPAIR", "REPLACE")
WARRANTY_LIST = "warranty_type"


def _known(code: str, label: str, kind: AttributeKind = AttributeKind.TEXT, *, role: str = "") -> ChannelAttribute:
    return ChannelAttribute(code=code, label=label, requirement=Requirement.OPTIONAL, kind=kind, role=role)


KNOWN: tuple[ChannelAttribute, ...] = (
    _known("short_description", "Short description", role="TITLE"),
    _known("description", "Description", AttributeKind.LONG_TEXT, role="DESCRIPTION"),
    _known("barcode", "Barcode", role="EAN"),
    _known("model", "Model"),
    _known("other_brand", "Brand", role="BRAND"),
    _known("supplier_part_number", "Your part number"),
    _known("rrp", "Recommended retail price", AttributeKind.NUMBER),
    _known("tax_class_id", "Tax class"),
    _known("uom", "Unit of measure"),
    replace(_known("warranty_type", "Warranty", AttributeKind.LIST), list_code=WARRANTY_LIST),
    _known("def_warranty_manufacture", "Manufacturer's warranty"),
    _known("gcc_code", "Category path at the retailer"),
    _known("low_inv_threshold", "Low stock from", AttributeKind.WHOLE_NUMBER),
    _known("low_stock", "Low stock"),
    _known("leadtime_in_days", "Lead time in days", AttributeKind.WHOLE_NUMBER),
    _known("supplier_comments", "Comments", AttributeKind.LONG_TEXT),
    _known("image", "Main picture", AttributeKind.IMAGE, role="MAIN_IMAGE"),
    *(_known(f"image_{place}", f"Picture {place}", AttributeKind.IMAGE) for place in range(2, MORE_IMAGES + 2)),
)
_BY_CODE: Mapping[str, ChannelAttribute] = {one.code: one for one in KNOWN}


def attributes(said: str, *, price_field: str) -> tuple[ChannelAttribute, ...]:
    """The fields that the connection names, those with a star required; all that are known where it names none."""
    named = list(names(said))
    if not named:
        return tuple(one for one in KNOWN if one.code != price_field)
    found: dict[str, ChannelAttribute] = {}
    for name, required in named:
        if name in NOT_OURS or name == price_field:
            continue
        one = _BY_CODE.get(name) or _known(name, name.replace("_", " ").capitalize())
        found[name] = replace(one, requirement=Requirement.REQUIRED) if required else one
    return tuple(found.values())


def names(said: str) -> Iterator[tuple[str, bool]]:
    """Each name of "short_description*, rrp", and whether it carries a star. What cannot be a name is left out."""
    for word in re.split(r"[\s,;]+", said.strip()):
        name = word.removesuffix(REQUIRED_MARK)
        if NAME.fullmatch(name):
            yield name, name != word


def wrong_names(said: str) -> list[str]:
    """Words that cannot be a field's name, as they were typed."""
    words = re.split(r"[\s,;]+", said.strip())
    return [word for word in words if word and not NAME.fullmatch(word.removesuffix(REQUIRED_MARK))]


def named_for_others(said: str) -> list[str]:
    """Fields that were named and are not told with a product: the retailer's own, or those of stock."""
    return [name for name, _ in names(said) if name in NOT_OURS]


def values(list_code: str) -> tuple[ChannelValue, ...]:
    if list_code != WARRANTY_LIST:
        return ()
    return tuple(ChannelValue(list_code=list_code, code=code, label=code.capitalize()) for code in WARRANTIES)


def categories(payload: Sequence[JSON]) -> tuple[ChannelCategory, ...]:
    """By the number that ends each one's `url`; one without a number cannot be named on a product, and is left out.

    The shape of a category is not documented: its name is shown where there is one, else its number.
    """
    found: dict[str, ChannelCategory] = {}
    for item in payload:
        code = rest_id(item.get("url")) if isinstance(item, dict) else ""
        if code:
            name = item.get("name")
            label = name.strip() if isinstance(name, str) else ""
            found[code] = ChannelCategory(code=code, label=label or f"Category {code}")
    return tuple(found.values())


def without_stock_and_price(data: Mapping[str, str], *, price_field: str) -> dict[str, str]:
    """What a listing may write: a value for stock or price that got in here would overtake their own flows."""
    kept: Collection[str] = data.keys() - NOT_OURS - {price_field}
    return {name: value for name, value in data.items() if name in kept}
