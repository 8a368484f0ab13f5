"""Listings on screen: what is wrong with a product at once, rules for a whole category, and the switch."""

from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.canonical.listings import AttributeKind, ChannelAttribute, ChannelCategory, ChannelValue, Requirement
from connectors.canonical.products import Product
from connectors.models import AuditEntry
from exceptions_app.models import ExceptionCase
from integrationhub.catalogue.flows import wishes
from integrationhub.catalogue.listings import ledger, readings, telling
from integrationhub.catalogue.models import (
    AttributeRule,
    KnownCategory,
    Listing,
    ListingProblem,
    ListingTerms,
    ValueList,
)
from integrationhub.sync.models import Schedule
from mappings_app.saving import save_mapping
from tests import factories
from tests.console.conftest import Shop

LIST, CHANNELS, EDIT = "/console/listings/", "/console/listing-channels/", "/console/attribute-rules/edit/"
JUMPER = Product(
    external_id="1", sku="TEE", gtin="4006381333931", title="Merino jumper, Navy, M", variant="Navy",
    category="Women / Jumpers", attributes={"Material": ("100 % wool",)},
)  # fmt: skip


def text(client: Client, address: str, **query: str) -> str:
    return str(client.get(address, query).content.decode())


def plain(markup: str) -> str:
    return " ".join(strip_tags(markup.replace("<", " <")).split())


@pytest.fixture
def jumper(shop: Shop) -> Listing:
    return make_jumper(shop)


def make_jumper(shop: Any) -> Listing:
    """A product of which the channel wants a title, a colour of its list and a composition that nobody has said."""
    save_mapping(
        kind="category", brand=shop.brand, from_code="Women / Jumpers", to_code="knit", actor="emil", reason="Test"
    )
    channel = shop.northgate
    wishes.keep_categories(channel, [ChannelCategory(code="knit", label="Knitwear")])
    asked = {"requirement": Requirement.REQUIRED, "kind": AttributeKind.TEXT}
    attributes = [
        ChannelAttribute(code="title", label="Title", role="TITLE", max_length=120, **asked),  # type: ignore[arg-type]
        ChannelAttribute(
            code="colour",
            label="Colour",
            requirement=Requirement.REQUIRED,
            kind=AttributeKind.LIST,
            list_code="colours",
        ),
        ChannelAttribute(code="composition", label="Composition", **asked),  # type: ignore[arg-type]
        ChannelAttribute(code="notes", label="Notes", requirement=Requirement.OPTIONAL, kind=AttributeKind.TEXT),
    ]
    wishes.keep_attributes(channel, KnownCategory.objects.get(), attributes)
    wishes.keep_values(
        channel, ValueList.objects.get(), [ChannelValue(list_code="colours", code="NVY", label="Midnight")]
    )
    row = factories.make_listing(
        shop.link, "TEE", state="UNREAD", wanted=None, acknowledged=None, acknowledged_at=None, published="", dirty=True
    )
    readings.record(shop.centra.pk, [JUMPER], as_of=ports.now())
    AttributeRule.objects.create(
        brand=shop.brand, link=shop.link, category="knit", attribute="colour", says="{variant}", changed_by="emil"
    )
    ledger.compute(channel, [shop.link])
    row.refresh_from_db()
    return row


# --- the list ---------------------------------------------------------------------------------------------------------
def test_a_row_says_what_is_wrong_and_how_much_more(jumper: Listing, client_of: Any) -> None:
    told = plain(text(client_of("VIEWER"), LIST))
    assert "Incomplete Colour: “Navy” is not on the list. And 1 problem more." in told
    assert "Knitwear ours: Women / Jumpers" in told


def test_each_view_holds_exactly_what_it_says(shop: Shop, client_of: Any) -> None:
    factories.make_listing(shop.link, "LIVE")
    factories.make_listing(shop.link, "NEW", state="PENDING", acknowledged=None)
    factories.make_listing(shop.link, "NO", state="REFUSED", acknowledged=None)
    factories.make_listing(shop.link, "HALF", state="INCOMPLETE", wanted=None, problems=1)
    client = client_of("VIEWER")
    found = {
        watch: [row.sku for row in client.get(LIST, {"watch": watch}).context["cl"].result_list]
        for watch in ("live", "waiting", "rejected", "incomplete")
    }
    assert found == {"live": ["HALF", "LIVE"], "waiting": ["NEW"], "rejected": ["NO"], "incomplete": ["HALF"]}


def test_the_list_can_be_narrowed_to_one_trouble_with_one_attribute(jumper: Listing, client_of: Any) -> None:
    client = client_of("VIEWER")
    rows = {
        (trouble, about): len(client.get(LIST, {"trouble": trouble, "about": about}).context["cl"].result_list)
        for trouble, about in (("MISSING", "composition"), ("MISSING", "colour"), ("NOT_ON_LIST", "colour"))
    }
    assert rows == {("MISSING", "composition"): 1, ("MISSING", "colour"): 0, ("NOT_ON_LIST", "colour"): 1}


def test_the_list_costs_the_same_for_any_number_of_rows(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        factories.make_listing(shop.link, f"TEE-{number:02}")
        factories.make_listing(shop.harbour_link, f"TEE-{number:02}")
    client = client_of("ECOMMERCE")
    client.get(LIST)
    # session, person, roles, badge, channels, attributes of the filter, brands of the filter, how many, rows, categories,
    # owners whose products are not read
    with django_assert_num_queries(10):
        client.get(LIST)


def test_listings_that_wait_for_products_that_cannot_be_read_say_so(shop: Shop, client_of: Any) -> None:
    row = factories.make_listing(shop.link, "TEE", state="UNREAD", category="", acknowledged=None)
    why = "The token lacks Display:read, so words of products cannot be read."
    Schedule.objects.create(flow="read_products", connection=shop.centra, cadence_seconds=900, paused_reason=why)
    client = client_of("ECOMMERCE")
    told = client.get(LIST).content.decode()
    assert f"Products of {shop.centra.name} are not read now, and what is new waits. {why}" in told
    assert told.count(why) == 2  # beside the row too
    assert why in client.get(f"{LIST}{row.pk}/").content.decode()
    assert f"“Read products” stands still for {shop.centra.name}: {why}" in client.get("/console/").content.decode()


def test_another_brands_products_are_not_there(shop: Shop, client_of: Any) -> None:
    other = factories.make_link(factories.make_brand("other", "Other"))
    row = factories.make_listing(other, "THEIRS")
    client = client_of("ADMIN")
    assert list(client.get(LIST).context["cl"].result_list) == []
    statuses = [client.get(address).status_code for address in (f"{LIST}{row.pk}/", f"{CHANNELS}{other.pk}/")]
    assert statuses == [403, 403]
    assert client.post(f"{CHANNELS}{other.pk}/publish/", {"do": "on", "reason": "x"}).status_code == 403
    assert not ListingTerms.objects.exists()


# --- one product ------------------------------------------------------------------------------------------------------
def test_the_page_holds_ours_theirs_and_every_problem_side_by_side(jumper: Listing, client_of: Any) -> None:
    told = plain(text(client_of("ECOMMERCE"), f"{LIST}{jumper.pk}/"))
    assert "Title required {title} (by its role there) Merino jumper, Navy, M Merino jumper, Navy, M –" in told
    assert "Colour required {variant} Navy – – Colour: “Navy” is not on the list." in told
    assert "Composition required no rule – – – Composition is missing. Nobody has said what it is made of." in told
    assert "Show 1 that nobody fills" in told


def test_the_page_costs_a_bounded_number_of_queries(
    jumper: Listing, client_of: Any, django_assert_max_num_queries: Any
) -> None:
    client = client_of("ECOMMERCE")
    client.get(f"{LIST}{jumper.pk}/")
    with django_assert_max_num_queries(20):
        client.get(f"{LIST}{jumper.pk}/")


def test_only_what_was_rejected_is_sent_again_and_only_with_a_reason(shop: Shop, client_of: Any) -> None:
    row = factories.make_listing(shop.link, "NO", state="REFUSED", refused="one", acknowledged=None)
    client = client_of("ECOMMERCE")
    client.post(f"{LIST}{row.pk}/again/", {"reason": " "})
    assert Listing.objects.get(pk=row.pk).state == "REFUSED"
    client.post(f"{LIST}{row.pk}/again/", {"reason": "They mended it"})
    assert (Listing.objects.get(pk=row.pk).state, AuditEntry.objects.get().action) == ("PENDING", "listings.sent_again")


# --- rules ------------------------------------------------------------------------------------------------------------
def typed(link_id: int, **says: str) -> dict[str, str]:
    told = {"channel": str(link_id), "category": "knit", "do": "save", "reason": "Test"}
    for place, (code, words) in enumerate(says.items()):
        told |= {f"code-{place}": code, f"says-{place}": words, f"default-{place}": ""}
    return told


def test_trying_rules_shows_what_comes_out_and_saves_nothing(jumper: Listing, client_of: Any) -> None:
    asked = {**typed(jumper.link_id, title="{title}", composition="{Material}"), "do": "preview"}
    told = plain(client_of("ECOMMERCE").post(EDIT, asked).content.decode())
    assert "100 % wool 100 % wool" in told
    assert AttributeRule.objects.count() == 1


def test_saving_keeps_what_was_typed_and_not_what_the_channel_suggests(jumper: Listing, client_of: Any) -> None:
    client_of("ECOMMERCE").post(EDIT, typed(jumper.link_id, title="{title}", colour="", composition="{Material}"))
    assert list(AttributeRule.objects.values_list("category", "attribute", "says")) == [
        ("knit", "composition", "{Material}")
    ]
    actions = AuditEntry.objects.filter(action__startswith="attribute_rule").values_list("action", flat=True)
    assert sorted(actions) == [
        "attribute_rule.added",
        "attribute_rule.removed",
    ]
    assert Listing.objects.get().dirty


def test_after_saving_the_editor_says_that_its_products_are_looked_at_again(jumper: Listing, client_of: Any) -> None:
    client, where = client_of("ECOMMERCE"), {"channel": str(jumper.link_id), "category": "knit"}
    assert "1 product is kept back here" in plain(text(client, EDIT, **where))

    client.post(EDIT, typed(jumper.link_id, composition="{Material}"))

    told = plain(text(client, EDIT, **where))
    assert "1 product is looked at again within a minute" in told
    assert "kept back here" not in told


@pytest.mark.parametrize(
    ("change", "words"),
    [({"says-0": "{Material"}, "A brace is opened and not closed"), ({"reason": ""}, "Say why")],
)
def test_a_rule_that_cannot_be_saved_is_told_and_nothing_is_changed(
    jumper: Listing, client_of: Any, change: dict[str, str], words: str
) -> None:
    answer = client_of("ECOMMERCE").post(EDIT, {**typed(jumper.link_id, composition="{Material}"), **change})
    assert words in plain(answer.content.decode())
    assert AttributeRule.objects.count() == 1


def test_rules_are_saved_where_they_were_asked_for_or_nowhere(jumper: Listing, client_of: Any) -> None:
    theirs = factories.make_link(factories.make_brand("other", "Other"))
    client = client_of("ECOMMERCE")
    assert client.post(EDIT, typed(theirs.pk, composition="{Material}")).status_code == 403
    client.post(EDIT, {**typed(jumper.link_id, composition="{Material}"), "category": "gone"})
    assert list(AttributeRule.objects.values_list("attribute", flat=True)) == ["colour"]


def test_the_editor_costs_a_bounded_number_of_queries(
    jumper: Listing, client_of: Any, django_assert_max_num_queries: Any
) -> None:
    client = client_of("ECOMMERCE")
    client.get(EDIT)
    with django_assert_max_num_queries(24):
        client.get(EDIT)


# --- channels ---------------------------------------------------------------------------------------------------------
def test_the_channels_page_counts_and_says_what_keeps_products_back(jumper: Listing, client_of: Any) -> None:
    factories.make_listing(jumper.link, "LIVE")
    client = client_of("ECOMMERCE")
    assert "Northgate 2 products at Northgate 1 live at Northgate 0" in plain(text(client, CHANNELS))
    told = text(client, f"{CHANNELS}{jumper.link_id}/")
    assert "Missing Composition Knitwear – 1" in plain(told)
    assert "about=composition" in told
    assert "from_code=colours+%2F+Navy" in told


def test_publishing_is_switched_with_a_reason_and_on_the_trail(shop: Shop, client_of: Any) -> None:
    client = client_of("ECOMMERCE")
    client.post(f"{CHANNELS}{shop.link.pk}/publish/", {"do": "on", "reason": ""})
    assert not ListingTerms.objects.exists()
    client.post(f"{CHANNELS}{shop.link.pk}/publish/", {"do": "on", "reason": "Looked through"})
    assert (ListingTerms.objects.get().publishes, AuditEntry.objects.get().action) == (True, "listings.switched_on")
    client.post(f"{CHANNELS}{shop.link.pk}/publish/", {"do": "off", "reason": "Season ends"})
    assert not ListingTerms.objects.get().publishes


def test_asking_again_keeps_what_is_known_meanwhile(jumper: Listing, client_of: Any) -> None:
    client_of("ECOMMERCE").post(f"{CHANNELS}{jumper.link_id}/ask/")
    assert KnownCategory.objects.get().ask_anew
    Listing.objects.update(dirty=True)
    ledger.compute(jumper.channel, [jumper.link])
    assert (Listing.objects.get().state, ListingProblem.objects.count()) == ("INCOMPLETE", 2)


# --- the case ---------------------------------------------------------------------------------------------------------
def test_a_case_leads_to_exactly_its_products_and_to_what_mends_them(jumper: Listing, client_of: Any) -> None:
    ListingTerms.objects.create(link=jumper.link, publishes=True, changed_by="emil")
    telling.tell(jumper.channel)
    client = client_of("ECOMMERCE")
    case = ExceptionCase.objects.get(cause="listing_incomplete")
    told = text(client, f"/console/cases/{case.pk}/")
    assert "1 product misses <b>Composition</b> in <b>Knitwear</b>. Northgate is not told about it." in told
    assert f"{LIST}?channel={jumper.link_id}&amp;trouble=MISSING&amp;about=composition" in told
    assert f"{EDIT}?channel={jumper.link_id}&amp;category=knit&amp;about=composition&amp;sku=NG-TEE" in told
    value = ExceptionCase.objects.get(cause="unmapped_attribute_value")
    assert "Northgate does not know <b>Navy</b> as <b>Colour</b>" in text(client, f"/console/cases/{value.pk}/")
