"""Home: what needs this person now, whether everything is complete, how the flows stand, and what is switched off.

It differs by role: who decides on cases sees theirs first, an auditor the audit trail, an administrator the parts that run
by themselves. A page costs at most twelve queries, whatever the number of links.
"""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from connectors import ports, sealing
from connectors.access import Right
from connectors.admin_base import Rights, rights_of
from connectors.models import AuditEntry, Brand, Connection
from integrationhub.console import navigation
from integrationhub.console.audit.reading import told
from integrationhub.console.front import completeness, health, pictures
from integrationhub.console.front.needs import needs_of, overdue
from integrationhub.console.front.second_look import second_look_of
from integrationhub.console.stock import watch
from integrationhub.console.syncs import table

ENTRIES_SHOWN = 8


def home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The skin's dashboard callback: completes the context of `templates/admin/index.html`."""
    rights = rights_of(request)
    sees = rights.may(Right.SEE)
    parts = _parts(request, rights) if sees else {}
    return {
        **context,
        "title": "Home",
        "now": ports.now(),
        "zone": rights.zone,
        "sees": sees,
        **parts,
        "first_steps": _first_steps(rights) if not parts.get("links") else [],
    }


def _parts(request: HttpRequest, rights: Rights) -> dict[str, Any]:
    brands, now = rights.brand_ids(Right.SEE), ports.now()
    figures = pictures.figures_of(brands, now=now)
    navigation.keep_open_cases(request, figures.open_cases)  # the menu's badge asks for no query of its own
    standings = table.standings(brands, now=now)
    lanes, links = table.lanes_of(standings, spark=lambda ids: pictures.spark_of(ids, figures, now=now))
    running = health.engine()
    configures = rights.may(Right.CONFIGURE)
    connections = _connections(brands, standings, all_of_them=configures)
    return {
        "needs": needs_of(rights),
        "second_look": second_look_of(rights),
        "open_cases": figures.open_cases,
        "signs": [
            *overdue(rights, figures.overdue),
            *watch.oversold([link for link, _ in links], figures.oversold),
            *health.signs(running, connections, standings, now=now, configures=configures),
        ],
        "lanes": lanes,
        "links": links,
        "days": completeness.days_of(brands, now=now, zone=rights.zone),
        "orders_chart": pictures.orders_chart([link for link, _ in links], figures, now=now, zone=rights.zone),
        "causes": pictures.causes_chart(figures),
        "engine": _engine(running, connections, standings) if configures else None,
        "trail": _trail(rights) if _audits_first(rights) else None,
    }


def _connections(brands: set[int], standings: list[table.Standing], *, all_of_them: bool) -> list[Connection]:
    """Those that flows run on were read with the flows; one that runs nothing yet concerns only who sets it up."""
    if all_of_them:
        return list(Connection.objects.filter(brand_id__in=brands).order_by("name"))
    in_use = {one.schedule.connection_id: one.schedule.connection for one in standings}
    return sorted(in_use.values(), key=lambda row: row.name)


def _engine(running: health.Engine, connections: list[Connection], standings: list[table.Standing]) -> dict[str, Any]:
    """For who keeps the hub running: each part by itself, also when it is well."""
    expiring = [row for row in connections if row.credentials_expire_at is not None]
    return {
        "scheduler_at": running.scheduler_at,
        "silent": running.silent,
        "due_since": health.idle_since(standings),
        "under_way": sum(one.going for one in standings),
        "late": sum(one.late for one in standings),
        "expiring": sorted(expiring, key=lambda row: str(row.credentials_expire_at))[:3],
    }


def _audits_first(rights: Rights) -> bool:
    """Whoever reads the trail and decides on nothing."""
    return rights.may(Right.READ_AUDIT) and not rights.may(Right.WORK_CASES)


def _trail(rights: Rights) -> dict[str, Any]:
    entries = AuditEntry.objects.seen_by(rights.brand_ids(Right.READ_AUDIT)).order_by("-at", "-id")
    return {
        "rows": [told(entry) for entry in entries.select_related("brand")[:ENTRIES_SHOWN]],
        "chain": sealing.chain_standing(),
    }


def _first_steps(rights: Rights) -> list[dict[str, str]]:
    """What to do before there is anything to show."""
    steps = []
    if rights.superuser and not Brand.objects.exists():
        steps.append(
            {"text": "Add the brand that trades through the hub", "url": reverse("admin:connectors_brand_add")}
        )
    if rights.superuser and not rights.any:
        steps.append({"text": "Give yourself a role", "url": reverse("admin:auth_user_change", args=[rights.user.pk])})
    if rights.may(Right.CONFIGURE):
        steps.append(
            {"text": "Connect a marketplace and a Centra shop", "url": reverse("admin:connectors_connection_add")}
        )
        steps.append({"text": "Link the two", "url": reverse("admin:connectors_link_add")})
    return steps
