"""What attributes are made of: the list of rules, and the page that edits all of a category's at once, on a real product."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.admin_base import HubModelAdmin, register, require, rights_of
from integrationhub.adminkit import moments
from integrationhub.catalogue.listings import deciding
from integrationhub.catalogue.models import AttributeRule
from integrationhub.console.catalogue import around, editing, filters
from integrationhub.console.reasons import NO_REASON, said_why, two_lines


@register(AttributeRule)
class AttributeRuleAdmin(HubModelAdmin):
    address = "attribute-rules"
    plural = "Attribute rules"
    add_right = around.RIGHT
    list_display = ("about", "says_what", "where", "changed")
    list_filter = (filters.ChannelFilter, filters.BrandFilter)
    list_select_related = ("brand", "link__source")
    ordering = ("link_id", "category", "attribute")
    sortable_by = ()
    search_fields = ("attribute",)
    search_help_text = "The channel's code of the attribute"
    change_list_template = "console/list.html"

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Attribute")
    def about(self, rule: AttributeRule) -> SafeString:
        return format_html('<span class="hub-code">{}</span>', rule.attribute)

    @display(description="Made of")
    def says_what(self, rule: AttributeRule) -> SafeString:
        parts = [f"else “{rule.default}”"] if rule.default else []
        parts += [f"in {rule.unit}"] if rule.unit else []
        parts += ["shortened to fit"] if rule.shorten else []
        return two_lines(rule.says or "–", ", ".join(parts))

    @display(description="For")
    def where(self, rule: AttributeRule) -> SafeString:
        return two_lines(rule.link.source.name, rule.category or "every category")

    @display(description="Changed")
    def changed(self, rule: AttributeRule) -> SafeString:
        when = moments.ago(rule.changed_at, now=ports.now(), zone=ZoneInfo(rule.brand.timezone))
        return two_lines(format_html("{} by {}", when, rule.changed_by), rule.reason[:120])

    # --- the page ---------------------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [self.page("edit/", self.edit_view, "edit")]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not rights_of(request).may(around.RIGHT):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("admin:catalogue_attributerule_edit"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A rule is edited among its neighbours."""
        rule: AttributeRule = self.found(request, object_id)
        return HttpResponseRedirect(address_of(rule.link_id, rule.category, about=rule.attribute))

    def edit_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = editing.EditPage(request)
        if request.method == "POST":
            if page.channel is None:
                raise PermissionDenied
            require(request, around.RIGHT, page.channel.link.brand_id)
            if request.POST.get("do") == "save" and (answer := self._save(request, page)):
                return answer
        return around.render(
            self, request, "attributes.html", {"title": "What attributes are made of", **page.context()}
        )

    def _save(self, request: HttpRequest, page: editing.EditPage) -> HttpResponse | None:
        """None where something is wrong: the page is shown again with what was typed."""
        reason = said_why(request)
        if not reason:
            page.error = NO_REASON
            return None
        assert page.channel is not None
        try:
            changed = deciding.save_rules(
                page.channel.link, page.scope, page.wanted(), actor=request.user.get_username(), reason=reason
            )
        except deciding.RefusedRuleError as error:
            page.refused = error.problems
            page.error = "Nothing is saved yet: look at what is marked below."
            return None
        if changed:
            told = "1 rule is" if changed == 1 else f"{changed} rules are"
            messages.success(
                request, f"Saved: {told} changed. What comes out different goes out with the next delivery."
            )
        else:
            messages.info(request, "They stood like that already.")
        return HttpResponseRedirect(page.address)


def address_of(link_id: int, category: str, *, about: str = "", sku: str = "") -> str:
    query: dict[str, Any] = {"channel": link_id, "category": category, "about": about, "sku": sku}
    told = urlencode({name: value for name, value in query.items() if value})
    return f"{reverse('admin:catalogue_attributerule_edit')}?{told}"
