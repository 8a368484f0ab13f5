"""What a case about products leads to: exactly the products it keeps back, and the attribute that mends them."""

from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from exceptions_app.models import ExceptionCase
from integrationhub.console.catalogue.rules import address_of


def products_url(case: ExceptionCase) -> str:
    """The list of the products that the case keeps back; "" for a case that is about none."""
    told = case.context
    if not told.get("link") or not told.get("trouble"):
        return ""
    asked: dict[str, Any] = {
        "channel": told["link"], "trouble": told["trouble"], "about": told.get("attribute_code", "")
    }  # fmt: skip
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{reverse('admin:catalogue_listing_changelist')}?{query}"


def fix_url(case: ExceptionCase) -> str:
    """What the attribute is made of, tried on one of these products; "" where the case names no channel."""
    told = case.context
    if not told.get("link"):
        return ""
    category, about = str(told.get("category_code", "")), str(told.get("attribute_code", ""))
    return address_of(told["link"], category, about=about, sku=str(told.get("sku", "")))
