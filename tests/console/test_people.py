from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from connectors.models import AuditEntry, Brand, RoleGrant
from tests import factories
from tests.console.conftest import Shop


def roles(person: User) -> list[str]:
    return list(person.role_grants.order_by("role").values_list("role", flat=True))


def root() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password=factories.PASSWORD))
    return client


def test_an_administrator_adds_a_person_and_says_what_they_may_do(shop: Shop, client_of: Any) -> None:
    client = client_of("ADMIN")
    data = {
        "username": "bob",
        "password1": factories.PASSWORD,
        "password2": factories.PASSWORD,
        "usable_password": "true",
    }
    answer = client.post("/console/people/add/", data)
    bob = User.objects.get(username="bob")
    assert answer["Location"] == f"/console/people/{bob.pk}/"
    assert (bob.is_staff, bob.is_superuser, roles(bob)) == (True, False, [])
    client.post(f"/console/people/{bob.pk}/grant/", {"brand": shop.brand.pk, "role": "OPS"})
    assert roles(bob) == ["OPS"]
    told = AuditEntry.objects.order_by("pk").values_list("action", "subject_kind")
    assert list(told) == [("user.added", "user"), ("role.granted", "rolegrant")]
    assert factories.PASSWORD not in str(list(AuditEntry.objects.values_list("before", "after")))


def test_a_role_can_be_withdrawn_again(shop: Shop, client_of: Any) -> None:
    bob = factories.make_person("bob", ("OPS", shop.brand), ("FINANCE", shop.brand))
    grant = bob.role_grants.get(role="OPS")
    client_of("ADMIN").post(f"/console/people/{bob.pk}/revoke/", {"grant": grant.pk})
    assert roles(bob) == ["FINANCE"]
    assert AuditEntry.objects.get().before == {"person": "bob", "role": "OPS", "brand": "Nordhem"}


def test_roles_of_another_brand_are_not_an_administrators_to_give_or_take(shop: Shop, client_of: Any) -> None:
    other = factories.make_brand("other", "Other")
    bob = factories.make_person("bob", ("OPS", shop.brand), ("OPS", other))
    client = client_of("ADMIN")
    assert client.post(f"/console/people/{bob.pk}/grant/", {"brand": other.pk, "role": "ADMIN"}).status_code == 403
    theirs = bob.role_grants.get(brand=other)
    assert client.post(f"/console/people/{bob.pk}/revoke/", {"grant": theirs.pk}).status_code == 403
    assert RoleGrant.objects.filter(user=bob).count() == 2


def test_the_account_of_somebody_who_works_for_two_brands_is_neither_brands_alone(shop: Shop, client_of: Any) -> None:
    other = factories.make_brand("other", "Other")
    bob = factories.make_person("bob", ("OPS", shop.brand), ("OPS", other))
    client = client_of("ADMIN")
    assert client.get(f"/console/people/{bob.pk}/").status_code == 200
    assert (
        client.post(f"/console/people/{bob.pk}/", {"username": "bob", "email": "evil@example.com"}).status_code == 403
    )
    assert client.get(f"/console/people/{bob.pk}/password/").status_code == 403
    assert client.post(f"/console/people/{bob.pk}/reset-second-factor/").status_code == 403
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"


def test_a_superuser_is_no_brands_to_change(shop: Shop, client_of: Any) -> None:
    boss = factories.make_person("boss", ("ADMIN", shop.brand), is_superuser=True)
    assert client_of("ADMIN").get(f"/console/people/{boss.pk}/password/").status_code == 403


def test_nobody_is_made_a_superuser_through_the_form(shop: Shop, client_of: Any) -> None:
    bob = factories.make_person("bob", ("OPS", shop.brand))
    data = {"username": "bob", "is_active": "on", "is_superuser": "on", "is_staff": "on", "user_permissions": ["1"]}
    client_of("ADMIN").post(f"/console/people/{bob.pk}/", data)
    bob.refresh_from_db()
    assert (bob.is_superuser, bob.user_permissions.count()) == (False, 0)


def test_people_of_other_brands_are_out_of_sight(shop: Shop, client_of: Any) -> None:
    theirs = factories.make_person("otto", ("ADMIN", factories.make_brand("other", "Other")))
    client = client_of("ADMIN")
    names = [one.username for one in client.get("/console/people/").context["cl"].result_list]
    assert names == ["the-admin"]
    assert client.get(f"/console/people/{theirs.pk}/").status_code == 403


def test_no_page_shows_a_password_hash(shop: Shop, client_of: Any) -> None:
    bob = factories.make_person("bob", ("OPS", shop.brand))
    told = client_of("ADMIN").get(f"/console/people/{bob.pk}/").content.decode()
    assert "algorithm" not in told
    assert bob.password not in told


def test_a_lost_phone_is_taken_away_and_audited(shop: Shop, client_of: Any) -> None:
    bob = factories.make_person("bob", ("OPS", shop.brand))
    TOTPDevice.objects.create(user=bob, confirmed=True)
    client_of("ADMIN").post(f"/console/people/{bob.pk}/reset-second-factor/")
    assert not TOTPDevice.objects.filter(user=bob).exists()
    assert AuditEntry.objects.get().action == "user.second_factor_reset"


def test_a_superuser_without_a_role_sets_the_hub_up_and_sees_nothing_else(db: None) -> None:
    client = root()
    told = client.get("/console/").content.decode()
    assert "Add the brand that trades through the hub" in told
    data = {
        "name": "Nordhem",
        "code": "nordhem",
        "reporting_currency": "GBP",
        "timezone": "Europe/London",
        "working_days": "12345",
        "working_from": "09:00",
        "working_until": "17:30",
    }
    client.post("/console/brands/add/", data)
    brand = Brand.objects.get()
    assert AuditEntry.objects.get().action == "brand.added"
    assert client.get("/console/cases/").status_code == 403
    me = User.objects.get(username="root")
    client.post(f"/console/people/{me.pk}/grant/", {"brand": brand.pk, "role": "ADMIN"})
    assert client.get("/console/cases/").status_code == 200
