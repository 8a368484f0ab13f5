"""What a channel shall know of a product: every value spelled as the channel wants it, every problem found at once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical.listings import AttributeKind, ChannelAttribute, Requirement
from connectors.canonical.products import Product
from integrationhub.catalogue.listings import templates
from integrationhub.catalogue.listings.checking import is_gtin
from integrationhub.catalogue.listings.composing import (
    Composed,
    Rule,
    Values,
    Wishes,
    compose,
    fingerprint,
    read_content,
)
from integrationhub.catalogue.models import Trouble

Kind = AttributeKind
JUMPER = Product(
    external_id="1",
    sku="TEE",
    gtin="4006381333931",
    title="Merino jumper, Navy, M",
    name="Merino jumper",
    variant="Navy",
    size="M",
    brand="Norrvik",
    images=("https://img.example.com/1.jpg", "https://img.example.com/2.jpg"),
    attributes={"Material": ("80 % wool", "20 % silk"), "Chest": ("52,5",), "Empty": (" ",)},
)


def attribute(**values: object) -> ChannelAttribute:
    given = {"code": "a", "label": "A", "requirement": Requirement.REQUIRED, "kind": Kind.TEXT}
    return ChannelAttribute(**{**given, **values})  # type: ignore[arg-type]


def composed(
    wanted: ChannelAttribute,
    says: str = "",
    *,
    product: Product = JUMPER,
    meanings: dict[str, str] | None = None,
    **rule: object,
) -> Composed:
    lists = {"colours": Values.of({"NVY": "Midnight", "BLK": "Black", "navy-1": "Navy blue"})}
    rules = {wanted.code: Rule(says=says, **rule)} if says or rule else {}  # type: ignore[arg-type]
    wishes = Wishes(category="knit", attributes=[wanted], rules=rules, lists=lists, meanings=meanings or {})
    return compose(product, wishes, channel_sku="NG-TEE")


def told(*args: object, **values: object) -> tuple[str, ...]:
    found = composed(*args, **values)  # type: ignore[arg-type]
    assert found.problems == []
    return found.values.get("a", ())


def wrong(*args: object, **values: object) -> list[str]:
    found = composed(*args, **values)  # type: ignore[arg-type]
    assert found.values.get("a") is None or found.problems
    return [problem.kind for problem in found.problems]


# --- templates --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("says", "values"),
    [
        ("{name}", ("Merino jumper",)),
        ("{brand} {name} in {variant}", ("Norrvik Merino jumper in Navy",)),
        ("{BRAND}", ("Norrvik",)),
        ("{material}", ("80 % wool", "20 % silk")),
        ("Made of {Material}", ("Made of 80 % wool, 20 % silk",)),
        ("{images}", ("https://img.example.com/1.jpg", "https://img.example.com/2.jpg")),
        ("{image 2}", ("https://img.example.com/2.jpg",)),
        ("{image 3}", ()),
        ("{their sku}", ("NG-TEE",)),
        ("Portugal", ("Portugal",)),
        ("{nobody knows}", ()),
        ("{name}, {nobody knows}", ("Merino jumper",)),
        ("by {nobody knows}", ()),
        ("{Empty}", ()),
        ("  ", ()),
    ],
)
def test_a_rule_comes_to(says: str, values: tuple[str, ...]) -> None:
    assert templates.fill(says, JUMPER, channel_sku="NG-TEE") == values


@pytest.mark.parametrize("says", ["{name", "name}", "{}", "{ }", "{{name}}"])
def test_a_rule_that_is_badly_written_is_told(says: str) -> None:
    assert list(templates.problems_of(says))


@given(says=st.text(alphabet="{}ab ,", max_size=12))
def test_no_rule_makes_anything_fall_over(says: str) -> None:
    for value in templates.fill(says, JUMPER, channel_sku="NG-TEE"):
        assert value == value.strip() != ""


# --- values -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "says", "value"),
    [
        (Kind.NUMBER, "52,5", "52.5"),
        (Kind.NUMBER, "1 200", "1200"),
        (Kind.WHOLE_NUMBER, "12.0", "12"),
        (Kind.DATE, "2026-01-31T09:00:00Z", "2026-01-31"),
        (Kind.YES_NO, "Yes", "true"),
        (Kind.YES_NO, "0", "false"),
        (Kind.LINK, "https://example.com/a", "https://example.com/a"),
        (Kind.LONG_TEXT, "as it is", "as it is"),
    ],
)
def test_a_value_is_spelled_as_its_kind_wants_it(kind: AttributeKind, says: str, value: str) -> None:
    assert told(attribute(kind=kind), says) == (value,)


@pytest.mark.parametrize(
    ("kind", "says", "trouble"),
    [
        (Kind.NUMBER, "wide", Trouble.NOT_A_NUMBER),
        (Kind.NUMBER, "1,200.5", Trouble.NOT_A_NUMBER),
        (Kind.NUMBER, "NaN", Trouble.NOT_A_NUMBER),
        (Kind.WHOLE_NUMBER, "12.5", Trouble.NOT_WHOLE),
        (Kind.DATE, "31/01/2026", Trouble.NOT_A_DATE),
        (Kind.YES_NO, "perhaps", Trouble.NOT_YES_OR_NO),
        (Kind.IMAGE, "front.jpg", Trouble.NOT_A_LINK),
        (Kind.TEXT, "{Material}", Trouble.SEVERAL),
        (Kind.TEXT, "{nobody knows}", Trouble.MISSING),
    ],
)
def test_what_the_kind_does_not_take_is_a_problem_and_is_not_told(kind: AttributeKind, says: str, trouble: str) -> None:
    assert wrong(attribute(kind=kind), says) == [trouble]


@pytest.mark.parametrize(
    ("theirs", "ours", "value"),
    [("mm", "cm", "525"), ("cm", "cm", "52.5"), ("", "cm", "52.5"), ("in", "cm", "20.669291"), ("MM", "CM", "525")],
)
def test_measures_are_turned_into_the_channels_unit(theirs: str, ours: str, value: str) -> None:
    assert told(attribute(kind=Kind.NUMBER, unit=theirs), "{Chest}", unit=ours) == (value,)


@pytest.mark.parametrize("ours", ["kg", "spans"])
def test_units_that_do_not_fit_are_told_and_nothing_is_guessed(ours: str) -> None:
    assert wrong(attribute(kind=Kind.NUMBER, unit="cm"), "{Chest}", unit=ours) == [Trouble.UNIT]


def test_a_long_text_keeps_the_product_back_unless_somebody_says_that_it_may_be_cut() -> None:
    assert wrong(attribute(max_length=10), "{name}") == [Trouble.TOO_LONG]
    assert told(attribute(max_length=10), "{name}", shorten=True) == ("Merino",)
    assert told(attribute(max_length=3), "{name}", shorten=True) == ("Mer",)
    assert told(attribute(max_length=13), "{name}") == ("Merino jumper",)


@given(text=st.text(min_size=1, max_size=60), most=st.integers(1, 30))
def test_what_is_cut_always_fits(text: str, most: int) -> None:
    found = composed(attribute(max_length=most), "{name}", product=replace(JUMPER, name=text, title="x"), shorten=True)
    assert all(len(value) <= most for value in found.values.get("a", ()))


# --- value lists ------------------------------------------------------------------------------------------------------
COLOUR = attribute(kind=Kind.LIST, list_code="colours")


@pytest.mark.parametrize(
    ("variant", "code"), [("NVY", "NVY"), ("midnight", "NVY"), ("BLACK", "BLK"), ("Navy-Blue", "navy-1")]
)
def test_words_that_are_spelled_alike_need_no_mapping(variant: str, code: str) -> None:
    assert told(COLOUR, "{variant}", product=replace(JUMPER, variant=variant)) == (code,)


def test_a_mapping_goes_before_what_is_spelled_alike() -> None:
    assert told(COLOUR, "Black", meanings={"colours / Black": "NVY"}) == ("NVY",)


def test_a_word_that_is_on_no_list_names_what_has_to_be_mapped() -> None:
    (problem,) = composed(COLOUR, "{variant}").problems
    assert (problem.kind, problem.code, problem.message) == (
        Trouble.NOT_ON_LIST, "colours / Navy", "A: “Navy” is not on the list.",
    )  # fmt: skip
    assert told(COLOUR, "{variant}", meanings={"colours / Navy": "NVY"}) == ("NVY",)


def test_a_mapping_to_a_value_that_is_gone_is_a_problem() -> None:
    assert wrong(COLOUR, "{variant}", meanings={"colours / Navy": "GONE"}) == [Trouble.NOT_ON_LIST]


def test_a_spelling_that_two_values_share_is_no_match() -> None:
    values = Values.of({"1": "Navy", "2": "navy"})
    assert values.alike.get("navy") is None


def test_each_of_several_values_is_looked_up_and_each_that_fails_is_told() -> None:
    several = attribute(kind=Kind.LIST_OF_SEVERAL, list_code="colours")
    product = replace(JUMPER, attributes={"Shades": ("Black", "Pink", "Midnight", "Lilac")})
    found = composed(several, "{Shades}", product=product)
    assert [problem.code for problem in found.problems] == ["colours / Pink", "colours / Lilac"]


# --- the whole --------------------------------------------------------------------------------------------------------
def test_an_optional_attribute_that_comes_to_nothing_is_left_out() -> None:
    assert composed(attribute(requirement=Requirement.OPTIONAL), "{nobody knows}").values == {}
    assert composed(attribute(requirement=Requirement.RECOMMENDED)).problems == []


def test_what_comes_to_nothing_is_told_as_the_rule_says_else() -> None:
    assert told(attribute(), "{nobody knows}", default="n/a") == ("n/a",)
    assert told(attribute(kind=Kind.LIST, list_code="colours"), "", default="Black") == ("BLK",)


def test_the_channels_own_role_suggests_what_nobody_said_and_a_rule_goes_before_it() -> None:
    title = attribute(role="TITLE")
    assert told(title) == ("Merino jumper, Navy, M",)
    assert told(title, "{name}") == ("Merino jumper",)
    assert wrong(attribute(role="SOMETHING_NEW")) == [Trouble.MISSING]


def test_the_category_is_told_with_the_listing_and_not_as_an_attribute() -> None:
    assert composed(attribute(role="CATEGORY")).lines == []


def test_a_gtin_with_a_mistyped_digit_is_found() -> None:
    assert wrong(attribute(role="EAN"), product=replace(JUMPER, gtin="4006381333932")) == [Trouble.GTIN]


@pytest.mark.parametrize("gtin", ["4006381333931", "96385074", "036000291452", "10012345678902"])
def test_gtins_of_every_length_are_known(gtin: str) -> None:
    assert is_gtin(gtin)
    assert not is_gtin(gtin[:-1] + str((int(gtin[-1]) + 1) % 10))


@pytest.mark.parametrize("text", ["", "0000000000000", "400638133393", "4006381333931x", "٤٠٠٦٣٨١٣٣٣٩٣١"])
def test_what_only_looks_like_a_gtin_is_none(text: str) -> None:
    assert not is_gtin(text)


def test_the_same_content_is_the_same_text_whatever_the_order() -> None:
    first = composed(attribute(), "{name}")
    assert first.content == '{"category":"knit","values":{"a":["Merino jumper"]}}'
    assert read_content(first.content) == ("knit", {"a": ("Merino jumper",)})
    assert fingerprint(first.content) != fingerprint(composed(attribute(), "{brand}").content)
