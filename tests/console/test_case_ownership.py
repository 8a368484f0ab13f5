from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from connectors import ports
from connectors.models import AuditEntry
from exceptions_app.models import CaseEvent, ExceptionCase, RoutingRule, TeamTarget
from tests import factories
from tests.console.conftest import Shop

RULES, TARGETS = "/console/case-rules/", "/console/case-targets/"


def rule(shop: Shop, **values: Any) -> RoutingRule:
    return RoutingRule.objects.create(brand=shop.brand, **{"team": "OPS", **values})


def fields(shop: Shop, **values: str) -> dict[str, str]:
    given = {"brand": str(shop.brand.pk), "position": "10", "active": "on", "team": "OPS"}
    empty = dict.fromkeys(("cause", "mapping_kind", "channel", "value_over", "owner"), "")
    return {**empty, **given, **values}


def test_a_rule_is_added_and_told_to_the_audit_trail(shop: Shop, client_of: Any) -> None:
    client = client_of("ADMIN")
    client.post(f"{RULES}add/", fields(shop, cause="unmapped_sku", channel=str(shop.northgate.pk), value_over="500"))
    made = RoutingRule.objects.get()
    assert (made.cause, made.channel, made.value_over, made.team) == (
        "unmapped_sku",
        shop.northgate,
        Decimal(500),
        "OPS",
    )
    assert AuditEntry.objects.get(action="case_rule.added").after["team"] == "OPS"
    told = client.get(RULES).content.decode()
    assert "Unmapped SKU, at Northgate, worth more than £500" in told


def test_a_changed_rule_keeps_what_it_said_before(shop: Shop, client_of: Any) -> None:
    row = rule(shop)
    client_of("ADMIN").post(f"{RULES}{row.pk}/", fields(shop, team="FINANCE"))
    entry = AuditEntry.objects.get(action="case_rule.changed")
    assert (entry.before["team"], entry.after["team"]) == ("OPS", "FINANCE")


def test_an_owner_who_may_not_work_there_is_refused(shop: Shop, client_of: Any) -> None:
    other = factories.make_brand("other", "Other")
    admin = factories.make_person("adam", ("ADMIN", shop.brand), ("ADMIN", other))
    theirs = factories.make_person("olga", ("OPS", other))
    client = Client()
    client.force_login(admin)
    told = client.post(f"{RULES}add/", fields(shop, owner=str(theirs.pk))).content.decode()
    assert "olga may not work on cases of Nordhem." in told
    assert RoutingRule.objects.count() == 0


@pytest.mark.parametrize("role", ["OPS", "ECOMMERCE", "FINANCE", "VIEWER"])
def test_only_who_configures_changes_rules_and_targets(shop: Shop, client_of: Any, role: str) -> None:
    row, target = rule(shop), TeamTarget.objects.create(brand=shop.brand, team="OPS", hours=8)
    client = client_of(role)
    for address, data in (
        (f"{RULES}add/", fields(shop)),
        (f"{RULES}{row.pk}/", fields(shop, team="FINANCE")),
        (f"{RULES}apply/", {}),
        (f"{TARGETS}add/", {"brand": str(shop.brand.pk), "team": "FINANCE", "hours": "1"}),
        (f"{TARGETS}{target.pk}/", {"hours": "1"}),
    ):
        assert client.post(address, data).status_code == 403
    assert (RoutingRule.objects.get().team, TeamTarget.objects.get().hours) == ("OPS", 8)


def test_a_rule_for_a_brand_that_one_does_not_configure_is_refused(shop: Shop) -> None:
    other = factories.make_brand("other", "Other")
    client = Client()
    client.force_login(factories.make_person("otto", ("ADMIN", other), ("VIEWER", shop.brand)))
    client.post(f"{RULES}add/", fields(shop))
    row = rule(shop)
    assert client.post(f"{RULES}{row.pk}/", fields(shop, team="FINANCE")).status_code == 403
    assert RoutingRule.objects.get().team == "OPS"


def test_forty_open_cases_are_previewed_and_moved(shop: Shop, client_of: Any) -> None:
    for number in range(40):
        factories.make_unmapped(shop.link, f"SKU-{number}")
    rule(shop, mapping_kind="sku", team="FINANCE")
    client = client_of("ADMIN")
    page = client.get(f"{RULES}apply/")
    assert "40 open cases move" in page.content.decode()
    assert ExceptionCase.objects.filter(team="FINANCE").count() == 0
    agreed = [move.token for move, _ in page.context["moves"]]
    answer = client.post(f"{RULES}apply/", {"move": agreed, "text": "Finance takes SKUs"}, follow=True)
    assert "40 cases moved." in answer.content.decode()
    assert ExceptionCase.objects.filter(team="FINANCE").count() == 40
    assert CaseEvent.objects.filter(actor="the-admin", text="Finance takes SKUs").count() == 40
    client.post(f"{RULES}apply/", {"move": agreed})
    assert CaseEvent.objects.filter(actor="the-admin").count() == 40
    assert "No open case moves" in client.get(f"{RULES}apply/").content.decode()


def test_an_administrator_moves_no_case_of_another_brand(shop: Shop) -> None:
    case = factories.make_unmapped(shop.link, "AB-1021")
    rule(shop, team="FINANCE")
    client = Client()
    other = factories.make_brand("other", "Other")
    client.force_login(factories.make_person("otto", ("ADMIN", other), ("OPS", shop.brand)))
    client.post(f"{RULES}apply/", {"move": [f"{case.pk}:ECOMMERCE:0:FINANCE:0"]})
    case.refresh_from_db()
    assert case.team == "ECOMMERCE"


def test_a_target_counts_for_what_is_open_and_is_told(shop: Shop, client_of: Any) -> None:
    case = factories.make_unmapped(shop.link, "AB-1021")
    client = client_of("ADMIN")
    client.post(f"{TARGETS}add/", {"brand": str(shop.brand.pk), "team": "ECOMMERCE", "hours": "4"})
    case.refresh_from_db()
    assert case.target_at is not None
    assert (case.target_at - ports.now()).total_seconds() == 4 * 3600
    assert "4 working hours" in client.get(TARGETS).content.decode()
    assert AuditEntry.objects.get(action="team_target.added").after == {"hours": 4}
