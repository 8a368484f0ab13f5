"""Stock rules: what is kept back of what, with what they would change before they are saved."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.admin_base import HubModelAdmin, register, require, rights_of
from exceptions_app.words import counted
from integrationhub.adminkit import moments
from integrationhub.console.cases.filters import BrandFilter
from integrationhub.console.reasons import NO_REASON, said_why
from integrationhub.console.stock import around, words
from integrationhub.console.stock.rule_form import RuleForm
from integrationhub.inventory import deciding
from integrationhub.inventory.models import StockRule

LINES_SHOWN = 20


@register(StockRule)
class StockRuleAdmin(HubModelAdmin):
    address = "stock-rules"
    plural = "Stock rules"
    add_right = around.RIGHT
    list_display = ("about", "keeps", "brand", "changed")
    list_filter = (BrandFilter,)
    list_select_related = ("brand", "link__source")
    ordering = ("brand_id", "link_id", "category", "sku")
    sortable_by = ()
    list_before_template = "console/stock/before_rules.html"
    change_list_template = "console/list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**around.told(request), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="For")
    def about(self, rule: StockRule) -> str:
        text = words.scope_words(rule)
        return text[:1].upper() + text[1:]

    @display(description="What it does")
    def keeps(self, rule: StockRule) -> str:
        return words.rule_words(rule)

    @display(description="Changed")
    def changed(self, rule: StockRule) -> SafeString:
        when = moments.ago(rule.changed_at, now=ports.now(), zone=ZoneInfo(rule.brand.timezone))
        return format_html(
            '<span class="hub-two-lines"><span>{} by {}</span><small>{}</small></span>',
            when,
            rule.changed_by,
            rule.reason[:120],
        )

    # --- adding, changing, removing ---------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [self.page("<slug:object_id>/remove/", self.remove_view, "remove")]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not rights_of(request).may(around.RIGHT):
            raise PermissionDenied
        return self._edit(request, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        rule: StockRule = self.found(request, object_id)
        if request.method == "POST":
            require(request, around.RIGHT, rule.brand_id)
        return self._edit(request, rule)

    def _edit(self, request: HttpRequest, rule: StockRule | None) -> HttpResponse:
        """Fill in, see what it changes, save exactly that."""
        form = RuleForm(request.POST if request.method == "POST" else None, request=request, rule=rule)
        preview = None
        if request.method == "POST" and form.is_valid():
            wanted = form.wanted()
            require(request, around.RIGHT, wanted.brand_id)
            if request.POST.get("seen") == form.fingerprint() and request.POST.get("do") == "save":
                return self._save(request, wanted, form)
            preview = deciding.preview(wanted)
        may_act = rights_of(request).may(around.RIGHT, rule.brand_id if rule else None)
        context = {
            "title": self.about(rule) if rule else "New stock rule",
            "rule": rule,
            "rule_words": words.rule_words(rule) if rule else "",
            "form": form if may_act else None,
            "seen": form.fingerprint() if preview else "",
            **_shown(request, preview),
        }
        return around.render(self, request, "rule.html", context)

    def _save(self, request: HttpRequest, wanted: StockRule, form: RuleForm) -> HttpResponse:
        try:
            deciding.save_rule(wanted, actor=request.user.get_username(), reason=form.cleaned_data["reason"])
        except IntegrityError:  # somebody saved the same one between our look and our write
            messages.error(request, "Somebody has just made a rule for the same. Look at that one first.")
            return _list()
        messages.success(request, f"Saved: {words.scope_words(wanted)}. Channels are told with the next delivery.")
        return _list()

    def remove_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET says what the channels would show without it; POST takes it away."""
        if request.method == "POST" and not StockRule.objects.filter(pk=_number(object_id)).exists():
            if not rights_of(request).may(around.RIGHT):
                raise PermissionDenied
            messages.info(request, "It is removed already.")
            return _list()
        rule: StockRule = self.found(request, object_id)
        require(request, around.RIGHT, rule.brand_id)
        error = ""
        if request.method == "POST":
            reason = said_why(request)
            if reason:
                deciding.remove_rule(rule.pk, actor=request.user.get_username(), reason=reason)
                messages.success(request, f"Removed: {words.scope_words(rule)}. The next rule counts.")
                return _list()
            error = NO_REASON
        context = {"title": f"Remove: {words.scope_words(rule)}", "rule": rule, "rule_words": words.rule_words(rule)}
        shown = _shown(request, deciding.preview(rule, removed=True))
        return around.render(self, request, "rule_remove.html", {**context, "error": error, **shown})

    def found(self, request: HttpRequest, object_id: str) -> StockRule:
        rows = self.get_queryset(request).filter(pk=_number(object_id))
        rule: StockRule | None = rows.select_related("brand", "link__source").first()
        if rule is None:
            raise PermissionDenied
        return rule


def _shown(request: HttpRequest, preview: deciding.Preview | None) -> dict[str, Any]:
    """What `console/stock/preview.html` says."""
    if preview is None:
        return {"preview": None}
    channels = around.around(request).channels
    lines = [(one, channels[one.stock.link_id].name) for one in preview.changes[:LINES_SHOWN]]
    return {
        "preview": preview,
        "touched_words": counted(preview.touched, "SKU in a channel", "SKUs in channels"),
        "changed_words": counted(len(preview.changes), "would show", "would show"),
        "preview_lines": lines,
        "preview_more": len(preview.changes) - len(lines),
        "preview_partial": preview.computed < preview.touched,
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _list() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:inventory_stockrule_changelist"))
