"""What a rule says of a product: "{brand} {name} in {variant}". In braces: our fields or the owner's attributes. Pure."""

import re
from collections.abc import Iterator, Mapping

from connectors.canonical.products import Product

SLOT = re.compile(r"\{([^{}]*)\}")
# Our fields, as a rule names them.
FIELDS: Mapping[str, str] = {
    "name": "name of the product",
    "title": "product, variant and size",
    "variant": "variant, usually the colour",
    "size": "size",
    "brand": "brand",
    "category": "our category",
    "description": "description",
    "gtin": "GTIN",
    "sku": "our SKU",
    "their sku": "their SKU",
    "group": "our number of the product its variants share",
    "images": "addresses of all images",
    "main image": "address of the main image",
}
IMAGE = re.compile(r"image (\d{1,2})")  # "{image 2}"


def names_in(says: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in SLOT.findall(says))


def values_of(name: str, product: Product, *, channel_sku: str) -> tuple[str, ...] | None:
    """What the product says under this name; () where it says nothing; None where neither we nor the owner know the name.

    Names are read without regard to capitals. An attribute that this product lacks is not told apart from one that
    no product has: the owner lists none.
    """
    plain = name.strip().casefold()
    fields = _fields(product, channel_sku)
    if plain in fields:
        return tuple(value for value in fields[plain] if value)
    if numbered := IMAGE.fullmatch(plain):
        position = int(numbered[1]) - 1
        return product.images[position : position + 1] if position >= 0 else None
    for known, values in product.attributes.items():
        if known.casefold() == plain:
            return tuple(value.strip() for value in values if value.strip())
    return None


def fill(says: str, product: Product, *, channel_sku: str) -> tuple[str, ...]:
    """The values that a rule comes to. A name alone passes all its values on; within words, they stand beside each other.

    Where one of several names is empty, what is left is closed up; where all are, the whole comes to nothing.
    """
    names = names_in(says)
    if not names:
        return (says.strip(),) if says.strip() else ()
    if SLOT.fullmatch(says.strip()):
        return values_of(names[0], product, channel_sku=channel_sku) or ()
    found = {name: values_of(name, product, channel_sku=channel_sku) or () for name in names}
    if not any(found.values()):
        return ()
    text = SLOT.sub(lambda match: ", ".join(found[match[1].strip()]), says)
    closed = re.sub(r"\s+", " ", text).strip(" ,;-–/|")
    return (closed,) if closed else ()


def problems_of(says: str) -> Iterator[str]:
    """What is wrong with a rule as it is written, in full sentences."""
    if says.count("{") != says.count("}") or "{" in SLOT.sub("", says) or "}" in SLOT.sub("", says):
        yield "A brace is opened and not closed, or closed and not opened."
    if any(not name for name in names_in(says)):
        yield "Say what stands between the braces."


def _fields(product: Product, channel_sku: str) -> dict[str, tuple[str, ...]]:
    return {
        "name": (product.name or product.title,),
        "title": (product.title,),
        "variant": (product.variant,),
        "size": (product.size,),
        "brand": (product.brand,),
        "category": (product.category,),
        "description": (product.description,),
        "gtin": (product.gtin,),
        "sku": (product.sku,),
        "their sku": (channel_sku,),
        "group": (product.group,),
        "images": product.images,
        "main image": product.images[:1],
    }
