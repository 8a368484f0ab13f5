"""What the demo's merchandiser has said of products at Northgate. Left for you: one colour, and what knitwear is made of."""

from connectors.mirakl.sandbox import MiraklSandbox
from connectors.models import Brand, Link
from integrationhub.catalogue.models import AttributeRule, ListingTerms
from mappings_app.kinds import ATTRIBUTE_VALUE, CATEGORY
from mappings_app.saving import save_mapping

LISTED_AT = "Northgate"  # the others take products too, and are switched off
BY = "emil"
CATEGORIES = {
    "coats": "womens-coats",
    "knitwear": "womens-knitwear",
    "shirts": "womens-shirts",
    "t-shirts": "womens-t-shirts",
    "trousers": "womens-trousers",
    "jeans": "womens-jeans",
    "dresses": "womens-dresses",
    "shoes": "shoes",
    "accessories": "accessories",
}
# Every colour but Rust.
COLOURS = {
    "Sky blue": "blue",
    "Deep navy": "blue",
    "Oat melange": "beige",
    "Ivory": "white",
    "Camel": "brown",
    "Burgundy": "red",
    "Forest green": "green",
    "Charcoal": "grey",
}
BRANDS = {"Private label": "norrvik"}
# Attribute → what it is made of. What knitwear is made of is not among them: Centra says it as {material_composition}.
RULES = (
    ("", "colour", "{variant}"),
    ("", "size", "{size}"),
    ("", "image_2", "{image 2}"),
    ("shoes", "shoe_size", "{size}"),
)
WANTED_SINCE = "fit"


def set_up(brand: Brand) -> None:
    link = Link.objects.get(brand=brand, source__name=LISTED_AT)
    for ours, theirs in CATEGORIES.items():
        _map(link, CATEGORY, ours, theirs)
    for ours, theirs in COLOURS.items():
        _map(link, ATTRIBUTE_VALUE, f"colours / {ours}", theirs)
    for ours, theirs in BRANDS.items():
        _map(link, ATTRIBUTE_VALUE, f"brands / {ours}", theirs)
    AttributeRule.objects.bulk_create(
        AttributeRule(
            brand=brand,
            link=link,
            category=category,
            attribute=attribute,
            says=says,
            changed_by=BY,
            reason="Said at the start",
        )
        for category, attribute, says in RULES
    )
    ListingTerms.objects.create(
        link=link, publishes=True, changed_by=BY, reason="The first season there; looked through product by product."
    )


def want_more(northgate: MiraklSandbox) -> None:
    """The marketplace begins to want the fit of trousers, and says so only to who sends some."""
    northgate.set_attribute(WANTED_SINCE, label="Fit", category="womens-trousers", requirement="REQUIRED")


def _map(link: Link, kind: str, ours: str, theirs: str) -> None:
    save_mapping(
        kind=kind, brand=link.brand, link=link, from_code=ours, to_code=theirs, actor=BY, reason="Said at the start"
    )
