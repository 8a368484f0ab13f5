"""One code's story: its versions, what it shaped, and the changes a person can make to it, each with a reason."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect

from connectors import ports
from connectors.access import Right
from connectors.admin_base import require, rights_of
from connectors.models import Link
from integrationhub.console.mappings import usage, words
from integrationhub.orders.flows.learning import catch_up_on_uses
from mappings_app.errors import RefusedMappingError
from mappings_app.models import ImportPlan, MappingVersion
from mappings_app.saving import change_scope, restore, retire_mapping, touched_by_restoring
from mappings_app.uses import count_words

HISTORY_SHOWN = 100


def story(request: HttpRequest, version: MappingVersion) -> dict[str, Any]:
    versions = _story(version)
    may_map = rights_of(request).may(Right.MAP_CODES, version.brand_id)
    shaped, count = usage.last_shaped([version.pk])
    return {
        "title": str(version),
        "version": version,
        "story": versions,
        "latest": versions[0],
        "attributes": words.attributes(version),
        "now": ports.now(),
        "zone": ZoneInfo(version.brand.timezone),
        "may_map": may_map,
        "change_url": words.add_url(
            version.kind, from_code=version.from_code, link_id=version.link_id, brand_id=version.brand_id
        ),
        "shaped": shaped,
        "shaped_count": count_words(count),
        "records": version.kind_spec.records,
        "scopes": _scopes(version) if may_map and version.current else [],
        "plans": _plans(versions),
    }


def _story(version: MappingVersion) -> list[MappingVersion]:
    """Every version of the code in this scope, the newest first."""
    rows = MappingVersion.objects.filter(
        kind=version.kind, brand_id=version.brand_id, link=version.link, from_code=version.from_code
    )
    return list(rows.select_related("brand").order_by("-pk")[:HISTORY_SHOWN])


def _plans(versions: list[MappingVersion]) -> dict[str, ImportPlan]:
    """The imports that wrote some of the versions, by their change."""
    plans = ImportPlan.objects.filter(change__in={version.change for version in versions})
    return {plan.change: plan for plan in plans}


def _scopes(version: MappingVersion) -> list[tuple[str, str]]:
    """Where else the mapping could count."""
    links = Link.objects.filter(brand_id=version.brand_id, active=True)
    if version.link_id:
        links = links.exclude(pk=version.link_id)
    others = [(str(link.pk), f"Only {link}") for link in links.select_related("source", "target")]
    return [("", f"Every channel of {version.brand}"), *others] if version.link_id else others


# --- going back -------------------------------------------------------------------------------------------------------


def preview(request: HttpRequest, version: MappingVersion) -> dict[str, Any]:
    """What going back to this version would touch, counted now."""
    catch_up_on_uses()
    refusal, effects, touched = "", None, []
    try:
        touched = list(touched_by_restoring(version))
        effects = usage.effects_of(touched)
    except RefusedMappingError as error:
        refusal = str(error)
    return {
        "title": f"Go back to {version}",
        "version": version,
        "touched": touched,
        "effects": effects,
        "open_words": count_words(effects.open_count) if effects else "",
        "finished_words": count_words(effects.finished_count) if effects else "",
        "refusal": refusal,
        "records": version.kind_spec.records,
        "now": ports.now(),
        "zone": ZoneInfo(version.brand.timezone),
        "may_map": rights_of(request).may(Right.MAP_CODES, version.brand_id),
    }


def roll_back(request: HttpRequest, version: MappingVersion) -> HttpResponse:
    told = "It means again what it meant then. What waits is mapped by it; what is finished stays as it is."
    return _change(request, version, restore, told=told, back_to="roll_back")


def retire(request: HttpRequest, version: MappingVersion) -> HttpResponse:
    return _change(request, version, retire_mapping, told="Retired. It means nothing from now on.")


def move(request: HttpRequest, version: MappingVersion) -> HttpResponse:
    """Let it count elsewhere: for one channel, or for every channel."""

    def moved(row: MappingVersion, *, actor: str, reason: str) -> MappingVersion:
        return change_scope(row, link=_chosen_link(request, row), actor=actor, reason=reason)

    return _change(request, version, moved, told="Moved. It counts there from now on, and no longer here.")


def _chosen_link(request: HttpRequest, version: MappingVersion) -> Link | None:
    """Raises RefusedMappingError for anything that is not offered."""
    wanted = request.POST.get("link", "")
    if wanted not in [value for value, _ in _scopes(version)]:
        raise RefusedMappingError(["Choose where it should count."])
    return Link.objects.select_related("brand", "source", "target").get(pk=wanted) if wanted else None


def _change(
    request: HttpRequest,
    version: MappingVersion,
    change: Callable[..., MappingVersion],
    *,
    told: str,
    back_to: str = "change",
) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    require(request, Right.MAP_CODES, version.brand_id)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, "Say why: it is kept on the audit trail.")
        return HttpResponseRedirect(words.address(version.kind, back_to, version.pk))
    try:
        now_counts = change(version, actor=request.user.get_username(), reason=reason)
    except RefusedMappingError as error:
        for problem in error.problems:
            messages.error(request, problem)
        return HttpResponseRedirect(words.address(version.kind, back_to, version.pk))
    messages.success(request, told)
    return HttpResponseRedirect(words.address(version.kind, "change", now_counts.pk))
