"""How mappings are written in lists and on pages."""

from collections.abc import Sequence
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from connectors.models import Brand, Link
from integrationhub.adminkit import moments
from mappings_app.models import MAPPING_MODELS, MappingVersion, SeenCode


def code(text: str, label: str) -> SafeString:
    return format_html(
        '<span class="hub-two-lines"><span class="hub-code">{}</span><small>{}</small></span>', text, label
    )


def scope(link: Link | None, brand: Brand) -> str:
    return f"Only {link}" if link else f"Every channel of {brand}"


def attributes(version: MappingVersion) -> list[tuple[str, str]]:
    """What else the mapping says, in its kind's words."""
    return [
        (
            attribute.label[:1].upper() + attribute.label[1:],
            "yes" if version.attributes[attribute.name] is True else str(version.attributes[attribute.name]),
        )
        for attribute in version.kind_spec.attributes
        if version.attributes.get(attribute.name)
    ]


def stretch(version: MappingVersion) -> str:
    zone = ZoneInfo(version.brand.timezone)
    begins = moments.exact(version.valid_from, zone) if version.valid_from else ""
    ends = moments.exact(version.valid_to, zone) if version.valid_to else ""
    if not begins and not ends:
        return "always"
    return " ".join(filter(None, [begins and f"from {begins}", ends and f"until {ends}"]))


def address(kind: str, page: str, *args: object) -> str:
    """A page of a kind's list: "changelist", "change", "add", "import", ..."""
    return reverse(f"admin:mappings_app_{MAPPING_MODELS[kind]._meta.model_name}_{page}", args=args)


def add_url(kind: str, *, from_code: str, link_id: int | None, brand_id: int, to_code: str = "") -> str:
    query = {"from_code": from_code, "link": link_id or "", "brand": brand_id}
    return f"{address(kind, 'add')}?{urlencode(query | ({'to_code': to_code} if to_code else {}))}"


def map_url(seen: SeenCode, to_code: str = "") -> str:
    return add_url(seen.kind, from_code=seen.code, link_id=seen.link_id, brand_id=seen.brand_id, to_code=to_code)


def named(codes: Sequence[str], *, at_most: int = 20) -> str:
    """ "AB-1, AB-2 and 35 more"."""
    more = f" and {len(codes) - at_most} more" if len(codes) > at_most else ""
    return f"{', '.join(codes[:at_most])}{more}"
