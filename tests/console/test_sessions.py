"""Where people are logged in, who may end it, and what the trail keeps of log-ins."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from connectors import ports
from connectors.models import AuditEntry, ConsoleSession
from tests import factories
from tests.console.conftest import Shop

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def logged_in(person: User, **headers: str) -> Client:
    client = Client(headers={"user-agent": headers.get("agent", FIREFOX)}, REMOTE_ADDR=headers.get("at", "192.0.2.7"))
    client.force_login(person)
    client.get("/console/")
    return client


def lets_in(client: Client) -> bool:
    return client.get("/console/").status_code == 200


def test_a_person_sees_where_they_are_logged_in_and_ends_the_other_session(shop: Shop) -> None:
    bob = factories.make_person("bob", ("OPS", shop.brand))
    here, elsewhere = logged_in(bob), logged_in(bob, at="198.51.100.9")
    page = here.get("/console/sessions/")
    mine, other = page.context["sessions"]
    assert (mine.this_one, mine.where, mine.address) == (True, "Firefox on Windows", "192.0.2.7")
    assert (other.this_one, other.address) == (False, "198.51.100.9")
    for key in ConsoleSession.objects.values_list("session_key", flat=True):
        assert key not in page.content.decode()
    here.post("/console/sessions/", {"session": other.name})
    assert (lets_in(here), lets_in(elsewhere)) == (True, False)
    ended = AuditEntry.objects.get(action="session.ended")
    assert (ended.actor, ended.before) == ("bob", {"browser": "Firefox on Windows", "address": "198.51.100.9"})


def test_nobody_ends_a_colleagues_session_through_their_own_page(shop: Shop) -> None:
    bob, carol = (factories.make_person(name, ("OPS", shop.brand)) for name in ("bob", "carol"))
    hers, his = logged_in(carol), logged_in(bob)
    name = hers.get("/console/sessions/").context["sessions"][0].name
    his.post("/console/sessions/", {"session": name})
    assert lets_in(hers)
    assert not AuditEntry.objects.filter(action="session.ended").exists()


def test_an_administrator_ends_anybodys_session(shop: Shop, client_of: Any) -> None:
    bob = factories.make_person("bob", ("OPS", shop.brand))
    his, admin = logged_in(bob), client_of("ADMIN")
    (seen,) = admin.get(f"/console/people/{bob.pk}/").context["sessions"]
    admin.post(f"/console/people/{bob.pk}/end-session/", {"session": seen.name})
    assert not lets_in(his)
    assert AuditEntry.objects.get(action="session.ended").actor == "the-admin"


def test_an_administrator_of_one_brand_ends_no_session_of_who_works_for_two(shop: Shop, client_of: Any) -> None:
    bob = factories.make_person("bob", ("OPS", shop.brand), ("OPS", factories.make_brand("other", "Other")))
    his = logged_in(bob)
    name = his.get("/console/sessions/").context["sessions"][0].name
    answer = client_of("ADMIN").post(f"/console/people/{bob.pk}/end-session/", {"session": name})
    assert (answer.status_code, lets_in(his)) == (403, True)


def log_in(name: str, password: str) -> Any:
    return Client(REMOTE_ADDR="192.0.2.7").post("/console/login/", {"username": name, "password": password})


def trail() -> list[tuple[str, str]]:
    return list(AuditEntry.objects.filter(subject_kind="login").order_by("pk").values_list("action", "actor"))


def test_log_ins_and_failures_are_on_the_trail_with_their_address(shop: Shop) -> None:
    factories.make_person("bob", ("OPS", shop.brand))
    log_in("bob", "wrong")
    log_in("bob", factories.PASSWORD)
    assert trail() == [("login.failed", "bob"), ("login.logged_in", "bob")]
    assert AuditEntry.objects.filter(subject_kind="login").first().after == {"address": "192.0.2.7"}  # type: ignore[union-attr]


def test_a_name_that_is_nobodys_is_not_kept_since_it_may_be_a_password(shop: Shop) -> None:
    log_in("hunter2-hunter2", "x")
    assert trail() == [("login.failed", "somebody unknown")]
    assert "hunter2" not in str(list(AuditEntry.objects.values()))


def test_ten_wrong_passwords_lock_the_account_and_are_told(shop: Shop, virtual_clock: ports.VirtualClock) -> None:
    factories.make_person("bob", ("OPS", shop.brand))
    for _ in range(10):
        log_in("bob", "wrong")
    answer = log_in("bob", factories.PASSWORD)
    assert answer.status_code == 429
    told = trail()
    assert ("login.locked_out", "bob") in told
    assert ("login.logged_in", "bob") not in told
