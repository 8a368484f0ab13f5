"""What Centra tells of a variant besides its sizes: brand, category, words, pictures, custom attributes. Pure."""

from collections.abc import Iterator, Sequence
from typing import TypedDict

from connectors.centra.reading import Node

RETAIL = "DIRECT_TO_CONSUMER"


class Content(TypedDict):
    """The content fields of a canonical product."""

    group: str
    brand: str
    category: str
    description: str
    images: tuple[str, ...]
    attributes: dict[str, tuple[str, ...]]


NOTHING_TOLD = Content(group="", brand="", category="", description="", images=(), attributes={})


def parse_content(variant: Node) -> Content:
    """One row of documents.READ_CONTENT; faults are noted on the node.

    Words, categories and pictures come from the first display that has them: active ones of the web shop go before
    others, as Centra lists them.
    """
    product, displays = variant.need("product"), _displays(variant)
    brand = product.child("brand")
    return Content(
        group=str(product.count("id")),
        brand=brand.text("name") if brand else "",
        category=_first(map(_category, displays)),
        description=_first(display.text("description") or display.text("shortDescription") for display in displays),
        images=next(filter(None, map(_images, displays)), ()),
        attributes=_attributes(product) | _attributes(variant),  # the variant's word goes before the product's
    )


def _displays(variant: Node) -> Sequence[Node]:
    return sorted(variant.children("displays"), key=lambda display: not _sells(display))


def _sells(display: Node) -> bool:
    return display.text("status") == "ACTIVE" and display.need("store").text("type") == RETAIL


def _first(texts: Iterator[str]) -> str:
    return next(filter(None, texts), "")


def _category(display: Node) -> str:
    """Its address in the shop ("women/knitwear"), which says the way down the tree; its name where it has none."""
    canonical = display.child("canonicalCategory")
    named = [*([canonical] if canonical else []), *display.children("categories")]
    return _first(category.text("uri") or category.text("name") for category in named)


def _images(display: Node) -> tuple[str, ...]:
    """One address of each picture, in the display's order."""
    urls = (_first(source.text("url") for source in media.children("source")) for media in display.children("media"))
    return tuple(dict.fromkeys(filter(None, urls)))


def _attributes(owner: Node) -> dict[str, tuple[str, ...]]:
    """ "<attribute>_<element>", as Centra's Order API names them → values; several of one kind each add theirs."""
    found: dict[str, tuple[str, ...]] = {}
    for attribute in owner.children("attributes"):
        name = attribute.need("type").word("name")
        for element in attribute.children("elements"):
            if value := _value(element):
                key = f"{name}_{element.word('key')}"
                found[key] = (*found.get(key, ()), value)
    return found


def _value(element: Node) -> str:
    """Of whichever kind: the text, the name of what was chosen, the address of a file. "" for none."""
    return _first(element.text(name) for name in ("value", "selectedValueName", "selectedValue", "url"))
