"""Every address of the console × every role. The addresses come from the resolver: one that nobody declared here fails."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from connectors import ports
from connectors.access import RIGHTS, Right
from connectors.base import Record
from connectors.models import record_audit
from exceptions_app.models import RoutingRule, TeamTarget
from integrationhub.catalogue.models import AttributeRule, ListingDelivery, PriceDelivery, PriceHold
from integrationhub.console.cases.bulk import planning
from integrationhub.console.connections import listing as connections
from integrationhub.console.connections.testing import Tried
from integrationhub.inventory.models import DriftScan, StockDelivery, StockHold, StockRule, StockSwitch
from integrationhub.orders.models import SoldReturn
from integrationhub.sync import inbox
from integrationhub.sync.models import Correction, Document, SyncCall, SyncJob
from mappings_app.codes import CodeItem, note_seen
from mappings_app.columns import WantedRow
from mappings_app.kinds import KINDS
from mappings_app.planning import make_plan
from mappings_app.saving import save_mapping
from tests import factories
from tests.console.conftest import ROLES, Shop, undone

DATA = {"do": "comment", "text": "x", "reason": "Test", "what": "retry", "at": "2026-01-15T09:00:00+00:00"}
DO = {
    "exceptions_app_exceptioncase_run_press": "pause",
    "sync_schedule_press": "run",
    "record_edit": "preview",
    "case_acceptance": "accept",
    "inventory_stockhold_decide": "release",
    "catalogue_pricehold_decide": "release",
    "catalogue_attributerule_edit": "save",
}
EVERYONE, NOBODY, ANYBODY = "everyone with a role", "nobody at all", "anybody, logged in or not"
MAPPINGS = tuple(model.lower() for model in (kind.model_name for kind in KINDS.values()))
CORRECTS = frozenset({Right.CHANGE_ORDERS, Right.APPROVE_MONEY})  # either of them

# Address → who may GET it. "POST" in the name of the row: who may POST it (it refuses GET).
GET: dict[str, Any] = {
    "index": EVERYONE,
    "login": ANYBODY,
    "second_factor": EVERYONE,
    "second_factor_own": EVERYONE,
    "password_change": EVERYONE,
    "password_change_done": EVERYONE,
    "jsi18n": EVERYONE,
    "search": EVERYONE,
    "manual": EVERYONE,
    "manual_page": EVERYONE,
    "app_list": NOBODY,
    "exceptions_app_exceptioncase_changelist": Right.SEE,
    "exceptions_app_exceptioncase_change": Right.SEE,
    "exceptions_app_exceptioncase_progress": Right.SEE,
    "exceptions_app_exceptioncase_codes": Right.MAP_CODES,
    "exceptions_app_exceptioncase_tried": Right.SEE,
    "exceptions_app_exceptioncase_run": Right.SEE,
    "exceptions_app_exceptioncase_run_progress": Right.SEE,
    "exceptions_app_routingrule_changelist": Right.SEE,
    "exceptions_app_routingrule_change": Right.SEE,
    "exceptions_app_routingrule_add": Right.CONFIGURE,
    "exceptions_app_routingrule_apply": Right.CONFIGURE,
    "exceptions_app_teamtarget_changelist": Right.SEE,
    "exceptions_app_teamtarget_change": Right.SEE,
    "exceptions_app_teamtarget_add": Right.CONFIGURE,
    "orders_soldorder_changelist": Right.SEE,
    "orders_soldorder_change": Right.SEE,
    "orders_soldreturn_changelist": Right.SEE,
    "orders_soldreturn_change": Right.SEE,
    "orders_soldorder_call": Right.SEE,
    "orders_soldorder_received": Right.SEE_PERSONAL_DATA,
    "orders_soldorder_timeline": Right.SEE,
    "orders_soldorder_person": Right.SEE_PERSONAL_DATA,
    "orders_soldorder_act": Right.CHANGE_ORDERS,  # to hold it; each action asks for its own
    "record_edit": CORRECTS,
    "sync_correction_changelist": CORRECTS,
    "sync_correction_change": CORRECTS,
    "mappings_app_seencode_changelist": Right.SEE,
    "mappings_app_seencode_change": Right.SEE,
    "connectors_connection_changelist": Right.SEE,
    "connectors_connection_change": Right.SEE,
    "connectors_connection_capabilities": Right.SEE,
    "connectors_connection_add": Right.CONFIGURE,
    "connectors_link_changelist": Right.SEE,
    "connectors_link_change": Right.SEE,
    "connectors_link_add": Right.CONFIGURE,
    "connectors_brand_changelist": Right.CONFIGURE,
    "connectors_brand_change": Right.CONFIGURE,
    "connectors_brand_add": NOBODY,  # superusers
    "connectors_auditentry_changelist": Right.READ_AUDIT,
    "connectors_auditentry_change": Right.READ_AUDIT,
    "sync_schedule_changelist": Right.SEE,
    "completeness": Right.SEE,
    "inventory_channelstock_changelist": Right.SEE,
    "inventory_channelstock_change": Right.SEE,
    "inventory_stockhold_changelist": Right.SEE,
    "inventory_stockhold_change": Right.SEE,
    "inventory_stockswitch_changelist": Right.SEE,
    "inventory_stockswitch_change": Right.SEE,
    "inventory_stockswitch_set": Right.RUN_SYNCS,
    "inventory_stockrule_changelist": Right.SEE,
    "inventory_stockrule_change": Right.SEE,
    "inventory_stockrule_add": Right.RUN_SYNCS,
    "inventory_stockrule_remove": Right.RUN_SYNCS,
    "inventory_stocklimits_changelist": Right.SEE,
    "inventory_stocklimits_change": Right.SEE,
    "inventory_stockdelivery_changelist": Right.SEE,
    "inventory_stockdelivery_change": Right.SEE,
    "inventory_driftscan_changelist": Right.SEE,
    "inventory_driftscan_change": Right.SEE,
    "catalogue_listingdelivery_changelist": Right.SEE,
    "catalogue_listingdelivery_change": Right.SEE,
    "catalogue_pricedelivery_changelist": Right.SEE,
    "catalogue_pricedelivery_change": Right.SEE,
    "catalogue_listing_changelist": Right.SEE,
    "catalogue_listing_change": Right.SEE,
    "catalogue_listingterms_changelist": Right.SEE,
    "catalogue_listingterms_change": Right.SEE,
    "catalogue_attributerule_changelist": Right.SEE,
    "catalogue_attributerule_change": Right.SEE,
    "catalogue_attributerule_add": Right.MAP_CODES,
    "catalogue_attributerule_edit": Right.SEE,
    "catalogue_listingprice_changelist": Right.SEE,
    "catalogue_listingprice_change": Right.SEE,
    "catalogue_pricehold_changelist": Right.SEE,
    "catalogue_pricehold_change": Right.SEE,
    "catalogue_priceterms_changelist": Right.SEE,
    "catalogue_priceterms_change": Right.SEE,
    "sessions_own": EVERYONE,
    "sync_schedule_change": Right.SEE,
    "auth_user_changelist": Right.CONFIGURE,
    "auth_user_change": Right.CONFIGURE,
    "auth_user_add": Right.CONFIGURE,
    "auth_user_password_change": Right.CONFIGURE,
    **{f"mappings_app_{name}_changelist": Right.SEE for name in MAPPINGS},
    **{f"mappings_app_{name}_change": Right.SEE for name in MAPPINGS},
    **{f"mappings_app_{name}_add": Right.MAP_CODES for name in MAPPINGS},
    **{f"mappings_app_{name}_codes": Right.MAP_CODES for name in MAPPINGS},
    **{f"mappings_app_{name}_import": Right.MAP_CODES for name in MAPPINGS},
    **{f"mappings_app_{name}_template": Right.MAP_CODES for name in MAPPINGS},
    **{f"mappings_app_{name}_roll_back": Right.SEE for name in MAPPINGS},
    "mappings_app_importplan_changelist": Right.SEE,
    "mappings_app_importplan_change": Right.SEE,
    "mappings_app_importplan_progress": Right.SEE,
    "mappings_app_importplan_saving": Right.SEE,
}
POST: dict[str, Any] = {
    "logout": ANYBODY,
    "exceptions_app_exceptioncase_map": Right.MAP_CODES,
    "exceptions_app_exceptioncase_act": Right.WORK_CASES,
    "exceptions_app_exceptioncase_view_save": Right.SEE,
    "exceptions_app_exceptioncase_run_press": Right.WORK_CASES,
    "case_acceptance": Right.CHANGE_ORDERS,
    "connectors_connection_test": Right.CONFIGURE,
    "connectors_connection_switch": Right.CONFIGURE,
    "sync_schedule_switch": Right.CONFIGURE,
    "connectors_auditentry_export": Right.READ_AUDIT,
    "auth_user_end_session": Right.CONFIGURE,
    "sync_schedule_press": Right.RUN_SYNCS,
    "inventory_channelstock_read": Right.RUN_SYNCS,
    "inventory_stockhold_decide": Right.RUN_SYNCS,
    "inventory_stockswitch_end": Right.RUN_SYNCS,
    "catalogue_listing_again": Right.MAP_CODES,
    "catalogue_listingterms_publish": Right.MAP_CODES,
    "catalogue_listingterms_ask": Right.MAP_CODES,
    "catalogue_pricehold_decide": Right.MAP_CODES,
    "auth_user_grant": Right.CONFIGURE,
    "auth_user_revoke": Right.CONFIGURE,
    "auth_user_reset_second_factor": Right.CONFIGURE,
    **{f"mappings_app_{name}_retire": Right.MAP_CODES for name in MAPPINGS},
    **{f"mappings_app_{name}_scope": Right.MAP_CODES for name in MAPPINGS},
    **{f"mappings_app_{name}_export": Right.SEE for name in MAPPINGS},
    "mappings_app_seencode_accept": Right.MAP_CODES,
    "mappings_app_importplan_apply": Right.MAP_CODES,
    "mappings_app_importplan_drop": Right.MAP_CODES,
    "mappings_app_importplan_saving": Right.MAP_CODES,
    "mappings_app_importplan_undo": Right.MAP_CODES,
}
# A model's own forms take POST too.
POST_ALSO: dict[str, Any] = {
    "orders_soldorder_act": Right.CHANGE_ORDERS,
    "record_edit": Right.CHANGE_ORDERS,  # to see what changes; who approves has a test of its own
    "inventory_stockswitch_set": Right.RUN_SYNCS,
    "inventory_stockrule_add": Right.RUN_SYNCS,
    "inventory_stockrule_change": Right.RUN_SYNCS,
    "inventory_stockrule_remove": Right.RUN_SYNCS,
    "inventory_stocklimits_change": Right.CONFIGURE,
    "catalogue_attributerule_edit": Right.MAP_CODES,
    "catalogue_priceterms_change": Right.CONFIGURE,
    "connectors_connection_change": Right.CONFIGURE,
    "connectors_link_change": Right.CONFIGURE,
    "connectors_brand_change": Right.CONFIGURE,
    "auth_user_change": Right.CONFIGURE,
    "exceptions_app_routingrule_change": Right.CONFIGURE,
    "exceptions_app_teamtarget_change": Right.CONFIGURE,
    **{f"mappings_app_{name}_roll_back": Right.MAP_CODES for name in MAPPINGS},
    **{f"mappings_app_{name}_import": Right.MAP_CODES for name in MAPPINGS},
}
# Every row can be asked for its history, which is the audit trail; no row can be deleted; pages nobody may add to.
HISTORY_SUFFIX, DELETE_SUFFIX, ADD_SUFFIX = "_history", "_delete", "_add"


def names(patterns: Any = None) -> Iterator[str]:
    """The names of all addresses under the console, from the resolver."""
    resolver = next(one for one in get_resolver().url_patterns if getattr(one, "namespace", None) == "admin")
    yield from _names(patterns or resolver.url_patterns)


def _names(patterns: Any) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _names(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern.name


def stock_rows(shop: Shop) -> dict[str, int]:
    """One row of each page about stock."""
    stock = factories.make_stock(shop.link, "TEE-M")
    hold = StockHold.objects.create(link=shop.link, live=40, zeroed=30, moved=30, because="30 of 40 would end at 0.")
    switch = StockSwitch.objects.create(brand=shop.brand, mode="HOLD", reason="Test", set_by="alice")
    scan = DriftScan.objects.create(channel=shop.northgate, began_at=ports.now(), ended_at=ports.now())
    return {
        "inventory_channelstock": stock.pk,
        "inventory_stockhold": hold.pk,
        "inventory_stockswitch": switch.pk,
        "inventory_stockrule": StockRule.objects.create(brand=shop.brand, buffer_units=1, changed_by="alice").pk,
        "inventory_stocklimits": shop.link.pk,
        "inventory_stockdelivery": StockDelivery.objects.create(connection=shop.northgate, lines=1, state="DONE").pk,
        "inventory_driftscan": scan.pk,
    }


def catalogue_rows(shop: Shop) -> dict[str, Any]:
    hold = PriceHold.objects.create(link=shop.link, live=9, moved=9, fallen=0, because="9 of 9 prices would change.")
    rule = AttributeRule.objects.create(
        brand=shop.brand, link=shop.link, attribute="lining", says="Viscose", changed_by="alice"
    )
    return {
        "catalogue_listing": factories.make_listing(shop.link, "TEE").pk,
        "catalogue_listingterms": shop.link.pk,
        "catalogue_attributerule": rule.pk,
        "catalogue_listingprice": factories.make_price(shop.link, "TEE").pk,
        "catalogue_pricehold": hold.pk,
        "catalogue_listingdelivery": ListingDelivery.objects.create(
            connection=shop.northgate, lines=1, state="DONE"
        ).pk,
        "catalogue_pricedelivery": PriceDelivery.objects.create(connection=shop.northgate, lines=1, state="DONE").pk,
        "catalogue_priceterms": shop.link.pk,
    }


@pytest.fixture
def arguments(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[Any]]:
    """What each address is about: rows of the brand."""
    monkeypatch.setattr(connections, "try_connection", lambda row, actor: Tried(findings=(), ok=True))
    case, (job,) = factories.make_blocked_orders(shop.link, "AB-1021", 1)
    order = shop.link.orders.get()
    call = SyncCall.objects.create(
        job_id=job.pk,
        connection=shop.centra,
        operation="x",
        write=False,
        method="GET",
        url="",
        started_at=order.placed_at,
        seconds=1,
    )
    versions = {
        kind: save_mapping(kind=kind, brand=shop.brand, from_code="X", to_code="Y", actor="alice", reason="Test").pk
        for kind in KINDS
    }
    (received,) = inbox.store(
        shop.northgate.pk, [Record(kind="order", external_id=order.reference, payload={"order_id": "1"})], origin="POLL"
    )
    SyncJob.objects.filter(pk=job.pk).update(record=received.record_id)
    correction = Correction.objects.create(
        brand=shop.brand,
        document=Document.objects.get(),
        record_id=received.record_id,
        job_id=job.pk,
        token="t",
        money=True,
        reason="Test",
        proposed_by=factories.make_person("proposer", ("OPS", shop.brand)),
    )
    note_seen(shop.link, {"sku": [CodeItem(code="SEEN")]})
    wanted = [WantedRow(number=2, from_code="A", to_code="B")]
    plan = make_plan(wanted, kind=KINDS["sku"], brand=shop.brand, file_name="skus.csv", actor="alice")
    run = planning.plan("ASSIGN", [case], planner=factories.make_person("planner", ("OPS", shop.brand)))
    colleague = factories.make_person("colleague", ("VIEWER", shop.brand))
    entry = record_audit(actor="alice", action="tested", subject=shop.brand, brand=shop.brand)
    first = {
        "exceptions_app_exceptioncase": case.pk,
        "exceptions_app_routingrule": RoutingRule.objects.create(brand=shop.brand, team="OPS").pk,
        "exceptions_app_teamtarget": TeamTarget.objects.create(brand=shop.brand, team="OPS", hours=8).pk,
        "orders_soldorder": order.pk,
        "orders_soldreturn": SoldReturn.objects.create(
            brand=shop.brand, order=order, currency="GBP", source_id="R1"
        ).pk,
        "sync_correction": correction.pk,
        "mappings_app_seencode": shop.link.seen_codes.get().pk,
        **{f"mappings_app_{kind.model_name.lower()}": versions[kind.code] for kind in KINDS.values()},
        "mappings_app_importplan": plan.pk,
        "connectors_connection": shop.northgate.pk,
        "connectors_link": shop.link.pk,
        "connectors_brand": shop.brand.pk,
        "connectors_auditentry": entry.pk,
        "sync_schedule": job.schedule_id,
        "auth_user": colleague.pk,
        **stock_rows(shop),
        **catalogue_rows(shop),
    }
    without = (
        "_changelist",
        "_add",
        "_codes",
        "_capabilities",
        "_switch",
        "_import",
        "_template",
        "_export",
        "_accept",
        "_set",
        "_edit",
    )

    DATA.update(
        case=str(case.pk),
        brand=str(shop.brand.pk),
        channel=str(shop.link.pk),
        role="OPS",
        grant=str(colleague.role_grants.get().pk),
    )

    def about(name: str) -> list[Any]:
        if name == "manual_page":
            return ["unmapped-sku"]
        if name == "app_list":
            return ["connectors"]
        if name == "record_edit":
            return [job.pk]
        if name.startswith("exceptions_app_exceptioncase_run"):
            return [run.pk]
        if name in ("exceptions_app_exceptioncase_view_save", "exceptions_app_routingrule_apply"):
            return []
        model = next((model for model in first if name.startswith(f"{model}_")), None)
        rest = name.removeprefix(model) if model else ""
        codes_of_a_case = name == "exceptions_app_exceptioncase_codes" or name == "connectors_connection_switch"
        if model is None or (rest in without and not codes_of_a_case):
            return []
        return [
            first[model],
            *{
                "_call": [call.pk],
                "_received": [received.record_id],
                "_act": ["hold"] if model == "orders_soldorder" else [],
            }.get(rest, []),
        ]

    return about


def allowed(rule: Any, role: str) -> bool:
    if rule in (EVERYONE, ANYBODY):
        return True
    if isinstance(rule, frozenset):
        return bool(rule & RIGHTS[role])
    return rule != NOBODY and rule in RIGHTS[role]


def let_in(client: Client, name: str, address: str, *, method: str) -> bool:
    cookies = client.cookies.copy()
    with undone():
        answer = getattr(client, method)(address, {**DATA, "do": DO.get(name, "comment")})
    client.cookies = cookies  # as the session's row is there again, whatever the page did to it
    refused = answer.status_code in (403, 404) or "/login/" in answer.get("Location", "")
    return not refused


def test_every_address_is_declared() -> None:
    undeclared = {
        name
        for name in names()
        if name not in {*GET, *POST} and not name.endswith((HISTORY_SUFFIX, DELETE_SUFFIX, ADD_SUFFIX))
    }
    assert undeclared == set()
    assert {*GET, *POST} <= set(names())


PARTS = 5  # each lays its rows once, and the parts run side by side


def in_parts(names: Iterable[str]) -> Any:
    ordered = sorted(names)
    return pytest.mark.parametrize("names", [ordered[part::PARTS] for part in range(PARTS)], ids=range(PARTS))


@pytest.fixture
def roles_let_in(person: Callable[[str], User]) -> Callable[..., set[str]]:
    """The roles that are let in at an address, each in a session of its own."""
    clients = {role: logged_in(person(role)) for role in ROLES}

    def ask(name: str, address: str, *, method: str) -> set[str]:
        return {role for role, client in clients.items() if let_in(client, name, address, method=method)}

    return ask


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def those_allowed(rule: Any) -> set[str]:
    return {role for role in ROLES if allowed(rule, role)}


@in_parts(GET)
def test_who_may_get(names: list[str], arguments: Any, roles_let_in: Any) -> None:
    found = {name: roles_let_in(name, reverse(f"admin:{name}", args=arguments(name)), method="get") for name in names}
    assert found == {name: those_allowed(GET[name]) for name in names}


@in_parts({**POST, **POST_ALSO})
def test_who_may_post(names: list[str], arguments: Any, roles_let_in: Any) -> None:
    found = {name: roles_let_in(name, reverse(f"admin:{name}", args=arguments(name)), method="post") for name in names}
    assert found == {name: those_allowed({**POST, **POST_ALSO}[name]) for name in names}


def test_nobody_may_delete(arguments: Any, roles_let_in: Any) -> None:
    deleting = sorted(name for name in set(names()) if name.endswith(DELETE_SUFFIX))
    found = {
        name: roles_let_in(name, reverse(f"admin:{name}", args=arguments(name)), method="post") for name in deleting
    }
    assert found == {name: set() for name in deleting}


AUDITORS_SEE_NOT = ("connectors_brand_history", "auth_user_history", "sync_correction_history")


def test_the_history_of_a_row_is_the_audit_trail(arguments: Any, roles_let_in: Any) -> None:
    histories = sorted(name for name in set(names()) if name.endswith(HISTORY_SUFFIX))
    found = {
        name: roles_let_in(name, reverse(f"admin:{name}", args=arguments(name)), method="get") for name in histories
    }
    readers = {role for role in ROLES if Right.READ_AUDIT in RIGHTS[role]}
    assert found == {name: readers - ({"AUDITOR"} if name in AUDITORS_SEE_NOT else set()) for name in histories}


def test_nothing_else_can_be_added(shop: Shop, roles_let_in: Any) -> None:
    undeclared = sorted(name for name in set(names()) if name.endswith(ADD_SUFFIX) and name not in GET)
    found = {name: roles_let_in(name, reverse(f"admin:{name}"), method="get") for name in undeclared}
    assert found == {name: set() for name in undeclared}


ABOUT_NO_ROW = (
    *("case_view_save", "rule_apply", "stockswitch_set", "attributerule_edit"),
    *("_changelist", "_add", "_capabilities", "mapping_codes", "schedule_switch", "_completeness", "_export"),
    *("mapping_import", "mapping_template", "mapping_export", "seencode_accept"),
)
ABOUT_A_ROW = sorted(
    name for name in {**GET, **POST} if name.count("_") > 1 and not name.endswith((*ABOUT_NO_ROW, "_done"))
)


def test_an_administrator_of_another_brand_reaches_no_row(arguments: Any, shop: Shop) -> None:
    other = factories.make_brand("other", "Other")
    otto = logged_in(factories.make_person("otto", ("ADMIN", other), ("OPS", other)))
    reached = []
    for name in ABOUT_A_ROW:
        if name.startswith("second_factor"):
            continue
        args = arguments(name)
        assert args, name
        method = "get" if name in GET else "post"
        if let_in(otto, name, reverse(f"admin:{name}", args=args), method=method):
            reached.append(name)
    assert reached == []


def test_staff_without_a_role_and_strangers_are_let_in_nowhere(arguments: Any) -> None:
    nora = logged_in(User.objects.create_user("nora", password=factories.PASSWORD, is_staff=True))
    reached = []
    for name, rule in sorted({**GET, **POST}.items(), key=lambda item: item[0]):
        address, method = reverse(f"admin:{name}", args=arguments(name)), "get" if name in GET else "post"
        let = [client for client in (Client(), nora) if let_in(client, name, address, method=method)]
        if let and rule is not ANYBODY:
            reached.append(name)
    assert reached == []


def test_what_packages_register_is_not_reachable(client_of: Any) -> None:
    client = client_of("ADMIN")
    for path in (
        "django_rq/dashboard/",
        "django_rq/queue/",
        "otp_totp/totpdevice/",
        "auth/group/",
        "axes/accessattempt/",
    ):
        assert client.get(f"/console/{path}").status_code == 404
