"""Tags of the console's templates: moments in words, money, and what a page is called."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.contrib import admin
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString

from connectors import ports
from integrationhub.adminkit import moments
from integrationhub.console import money_words

register = template.Library()
_UTC = ZoneInfo("UTC")


@register.simple_tag(takes_context=True)
def ago(context: Context, at: datetime | None, never: str = "never") -> SafeString:
    return moments.ago(at, now=_now(context), zone=_zone(context), never=never)


@register.simple_tag(takes_context=True)
def age(context: Context, at: datetime | None) -> SafeString:
    return moments.age(at, now=_now(context), zone=_zone(context))


@register.simple_tag(takes_context=True)
def countdown(context: Context, at: datetime | None, never: str = "–") -> SafeString:
    return moments.countdown(at, now=_now(context), zone=_zone(context), never=never)


@register.simple_tag(takes_context=True)
def upcoming(context: Context, at: datetime | None) -> SafeString:
    return moments.upcoming(at, now=_now(context), zone=_zone(context))


@register.simple_tag(takes_context=True)
def exact(context: Context, at: datetime) -> str:
    return moments.exact(at, _zone(context))


@register.filter
def span(seconds: float) -> str:
    return moments.span(seconds)


@register.simple_tag
def money(value: Decimal | None, currency: str) -> str:
    return money_words.amount(value, currency)


@register.simple_tag(takes_context=True)
def page_names(context: Context) -> dict[str, str]:
    """{"title", "list", "list_url"}: what the page is called, and the list it belongs to ("" on the list itself)."""
    opts, title = context.get("opts"), str(context.get("title") or "")
    if opts is None:
        return {"title": title, "list": "", "list_url": ""}
    plural = _plural(opts)
    if context.get("cl") or plural == title:
        return {"title": plural, "list": "", "list_url": ""}
    return {"title": _own_title(context, title), "list": plural, "list_url": _list_url(opts)}


def _plural(opts: Any) -> str:
    page = admin.site._registry.get(opts.model)
    plural = getattr(page, "plural", "") or str(opts.verbose_name_plural)
    return plural[:1].upper() + plural[1:]


def _own_title(context: Context, title: str) -> str:
    """Django calls its forms "Add link" and "Change link": the former is said better, the latter by its row's name."""
    if context.get("add"):
        return f"New {context['opts'].verbose_name}"
    original = context.get("original")
    return str(original) if original is not None else title


def _list_url(opts: Any) -> str:
    try:
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    except NoReverseMatch:
        return ""


def _now(context: Context) -> datetime:
    now: datetime | None = context.get("now")
    return now or ports.now()


def _zone(context: Context) -> ZoneInfo:
    zone: ZoneInfo | None = context.get("zone")
    return zone or _UTC
