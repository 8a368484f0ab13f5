from typing import Any

from django.test import Client

from exceptions_app.models import SavedView
from tests import factories
from tests.console.conftest import Shop

LIST = "/console/cases/"
SAVE = "/console/cases/views/save/"


def own(client: Client, query: str = "") -> list[tuple[str, str]]:
    return [(view["label"], view["query"]) for view in client.get(LIST + query).context["own_views"]]


def test_filters_are_kept_under_a_name_and_offered_again(shop: Shop, client_of: Any) -> None:
    client = client_of("OPS")
    answer = client.post(SAVE, {"name": "Carriers", "query": "cause=unmapped_carrier&owner=nobody"}, follow=True)
    assert "Saved as “Carriers”." in answer.content.decode()
    assert own(client) == [("Carriers", "?cause=unmapped_carrier&owner=nobody")]
    assert client.get(f"{LIST}?owner=nobody&cause=unmapped_carrier").context["active_own"]["label"] == "Carriers"


def test_a_view_holds_nothing_but_the_lists_own_filters(shop: Shop, client_of: Any) -> None:
    client = client_of("OPS")
    client.post(SAVE, {"name": "Odd", "query": "cause=x&next=https://elsewhere.example&_popup=1"})
    assert own(client) == [("Odd", "?cause=x")]


def test_a_name_that_exists_takes_the_new_filters(shop: Shop, client_of: Any) -> None:
    client = client_of("OPS")
    for query in ("team=OPS&due=week", "team=FINANCE&due=week"):
        client.post(SAVE, {"name": "Week", "query": query})
    assert own(client) == [("Week", "?team=FINANCE&due=week")]


def test_views_are_a_persons_own(shop: Shop, client_of: Any) -> None:
    mine, theirs = client_of("OPS"), client_of("FINANCE")
    mine.post(SAVE, {"name": "Mine alone", "query": "owner=nobody"})
    view = SavedView.objects.get()
    assert own(theirs) == []
    theirs.post(SAVE, {"forget": str(view.pk)})
    assert own(mine) == [("Mine alone", "?owner=nobody")]
    mine.post(SAVE, {"forget": str(view.pk)})
    assert own(mine) == []


def test_a_view_without_a_name_is_not_kept(shop: Shop, client_of: Any) -> None:
    client = client_of("OPS")
    told = client.post(SAVE, {"name": " ", "query": "owner=nobody"}, follow=True).content.decode()
    assert "Give the view a name." in told
    assert SavedView.objects.count() == 0


def test_the_thirteenth_view_is_refused(shop: Shop, client_of: Any) -> None:
    client = client_of("OPS")
    for number in range(12):
        client.post(SAVE, {"name": f"View {number}", "query": f"q={number}"})
    told = client.post(SAVE, {"name": "One more", "query": "q=x"}, follow=True).content.decode()
    assert "You have 12 views already." in told
    assert SavedView.objects.count() == 12


def test_saving_a_view_takes_a_post(shop: Shop, client_of: Any) -> None:
    assert client_of("OPS").get(SAVE).status_code == 405


def test_an_empty_view_says_so(shop: Shop, client_of: Any) -> None:
    client = client_of("OPS")
    assert "Nothing needs you: no case is open." in client.get(LIST).content.decode()
    factories.make_unmapped(shop.link, "AB-1021")
    assert "No case is like that." in client.get(f"{LIST}?owner=me").content.decode()
