"""Mirakl's two ways of paging: offset with a Link header, and seek with opaque tokens."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from connectors.mirakl.sandbox.reading import Call
from connectors.mirakl.sandbox.refusals import RefusedError

T = TypeVar("T")
DEFAULT_SIZE = 10
LARGEST_SIZE = 100


# --- offset ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Slice:
    offset: int
    size: int | None  # None: everything (legacy paginate=false)

    def of(self, items: Sequence[T]) -> Sequence[T]:
        return items if self.size is None else items[self.offset : self.offset + self.size]


def slice_of(call: Call) -> Slice:
    size = call.number("max", DEFAULT_SIZE, low=1, high=LARGEST_SIZE)
    offset = call.number("offset", 0)
    return Slice(offset=0, size=None) if call.flag("paginate") is False else Slice(offset=offset, size=size)


def link_header(call: Call, page: Slice, *, total: int) -> dict[str, str]:
    """`<url>; rel="previous", <url>; rel="next"`; absent when there is only one page."""
    if page.size is None:
        return {}
    links = []
    if page.offset > 0:
        links.append(f'<{_at_offset(call, max(0, page.offset - page.size))}>; rel="previous"')
    if page.offset + page.size < total:
        links.append(f'<{_at_offset(call, page.offset + page.size)}>; rel="next"')
    return {"Link": ", ".join(links)} if links else {}


def _at_offset(call: Call, offset: int) -> str:
    others = [pair for pair in parse_qsl(call.request.raw_query, keep_blank_values=True) if pair[0] != "offset"]
    return f"{call.base_url}{call.request.path}?{urlencode([*others, ('offset', str(offset))])}"


# --- seek -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Seek:
    """How one operation seeks: what it can sort by, how large a page may be."""

    keys: dict[str, Callable[[Any], Any]]  # criterion -> sort key (must be unique: end it with the id)
    default: str  # "date_created,DESC"
    largest: int = LARGEST_SIZE


def opened(call: Call) -> tuple[Call, dict[str, Any]]:
    """The call to answer and the place to go on from: a token carries the whole first query, others are ignored."""
    token = call.word("page_token")
    if token is None:
        return call, {}
    try:
        content = json.loads(base64.urlsafe_b64decode(token.encode()))
        query, place = content["query"], content["place"]
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise RefusedError(400, "Param 'page_token' is invalid") from None
    return Call(request=_with_query(call, query), code=call.code, path=call.path, base_url=call.base_url), place


def _with_query(call: Call, query: dict[str, list[str]]) -> Any:
    return type(call.request)(**{**vars(call.request), "query": query})


def sought(call: Call, items: list[T], place: dict[str, Any], seek: Seek) -> dict[str, Any]:
    """{"data": [...], "next_page_token", "previous_page_token"}; data holds the raw items of this page."""
    criterion, direction = _sort_of(call, seek)
    size = call.number("limit", DEFAULT_SIZE, low=1, high=seek.largest)
    key = seek.keys[criterion]
    items.sort(key=key, reverse=direction == "DESC")
    start, end = _bounds(items, place, key=key, size=size, descending=direction == "DESC")
    page = items[start:end]
    return {
        "data": page,
        "next_page_token": _token(call, {"after": key(page[-1])}) if page and end < len(items) else None,
        "previous_page_token": _token(call, {"before": key(page[0])}) if page and start > 0 else None,
    }


def _sort_of(call: Call, seek: Seek) -> tuple[str, str]:
    criterion, _, direction = (call.word("sort") or seek.default).partition(",")
    if criterion not in seek.keys or direction not in ("ASC", "DESC"):
        raise RefusedError(400, f"Param 'sort' must be one of {', '.join(seek.keys)} with ,ASC or ,DESC")
    return criterion, direction


def _bounds(
    items: Sequence[T], place: dict[str, Any], *, key: Callable[[T], Any], size: int, descending: bool
) -> tuple[int, int]:
    if "before" in place:
        edge = tuple(place["before"])
        end = sum(1 for item in items if (key(item) > edge if descending else key(item) < edge))
        return max(0, end - size), end
    if "after" in place:
        edge = tuple(place["after"])
        start = sum(1 for item in items if (key(item) >= edge if descending else key(item) <= edge))
        return start, min(start + size, len(items))
    return 0, min(size, len(items))


def _token(call: Call, place: dict[str, Any]) -> str:
    query = {name: values for name, values in call.request.query.items() if name != "page_token"}
    return base64.urlsafe_b64encode(json.dumps({"query": query, "place": place}).encode()).decode()
