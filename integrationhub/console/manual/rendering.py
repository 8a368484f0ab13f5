"""Markdown → HTML for the manual's pages. Raw HTML in a page is shown as text, never let through.

Two things are ours: **[Save]** is something to press, and any other **bold** words are a name on the screen, which leads
there where it is an entry of the menu.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from integrationhub.console.unfold import UNFOLD

CONTENTS = "README"  # the page that lists the others; where the source is browsed, it is shown with its folder
CONSOLE = "console:"  # [words](console:index) leads to the console's address of that name
_BUTTON = re.compile(r"\[(.+)\]", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Heading:
    level: int
    text: str
    anchor: str


def parse(text: str) -> list[Token]:
    return _parser().parse(text)


def render(tokens: Sequence[Token], *, path: str) -> SafeString:
    """HTML of tokens of the page at `path` ("playbooks/unmapped-sku.md"), its links as the console's addresses."""
    parser = _parser()
    html: str = parser.renderer.render(list(_shown(tokens, path)), parser.options, {})
    return mark_safe(html)  # noqa: S308 - the renderer escapes all text


def headings(tokens: Sequence[Token]) -> list[Heading]:
    """The headings in order, with anchors as source browsers make them; a second one of the same words gets "-1"."""
    found: list[Heading] = []
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            text = plain(tokens[place + 1 : place + 2])
            anchor = _anchor(text, taken={one.anchor for one in found})
            found.append(Heading(level=int(token.tag[1:]), text=text, anchor=anchor))
    return found


def plain(tokens: Sequence[Token]) -> str:
    """The words alone, for search."""
    return " ".join(_words(token.children or []) for token in tokens if token.type == "inline")


def targets(tokens: Sequence[Token]) -> list[str]:
    """Where the links of a page lead, as written."""
    return [str(child.attrs["href"]) for child in _inline(tokens) if child.type == "link_open"]


def names(tokens: Sequence[Token]) -> list[str]:
    """The bold words of a page, as written: "[Save]" is pressed, "Cases" is read."""
    children = list(_inline(tokens))
    return [_words(_bold(children, place)) for place, child in enumerate(children) if child.type == "strong_open"]


def slug_of(path: str) -> str:
    return posixpath.basename(path).removesuffix(".md")


def page_address(slug: str, anchor: str = "") -> str:
    address = reverse("admin:manual") if slug == CONTENTS else reverse("admin:manual_page", args=[slug])
    return f"{address}#{anchor}" if anchor else address


def menu_address(title: str) -> str:
    """The page that the console's menu calls so: "Cases" → "/console/cases/"; "" where it has none of that name."""
    return str(_menu().get(title, ""))


# --- within ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _menu() -> Mapping[str, Any]:
    """Title → address, not resolved yet."""
    groups: list[dict[str, Any]] = UNFOLD["SIDEBAR"]["navigation"]
    return {item["title"]: item["link"] for group in groups for item in group["items"]}


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


def _table_open(*_: Any) -> str:
    return '<div class="hub-scroll"><table class="hub-table">\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _inline(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or []


def _words(children: Sequence[Token]) -> str:
    return "".join(" " if child.type == "softbreak" else child.content for child in children)


def _bold(children: Sequence[Token], place: int) -> Sequence[Token]:
    """What stands between the strong_open at `place` and its end."""
    end = next(at for at in range(place, len(children)) if children[at].type == "strong_close")
    return children[place + 1 : end]


def _anchor(text: str, *, taken: set[str]) -> str:
    base = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
    tries = [base, *(f"{base}-{number}" for number in range(1, len(taken) + 1))]
    return next(one for one in tries if one not in taken)


def _shown(tokens: Sequence[Token], path: str) -> Iterator[Token]:
    """The tokens as they are rendered: headings carry their anchor, links the console's address, names their look."""
    anchors = iter(headings(tokens))
    for token in tokens:
        if token.type == "heading_open":
            yield token.copy(attrs={"id": next(anchors).anchor})
        elif token.type == "inline":
            yield token.copy(children=list(_shown_inline(token.children or [], path)))
        else:
            yield token


def _shown_inline(children: Sequence[Token], path: str) -> Iterator[Token]:
    place, in_link = 0, False
    while place < len(children):
        child = children[place]
        in_link = child.type == "link_open" or (in_link and child.type != "link_close")
        if child.type == "strong_open":
            within = _bold(children, place)
            yield from _name(within, linked=not in_link)
            place += len(within) + 2
            continue
        yield (
            child.copy(attrs={"href": _address(str(child.attrs["href"]), path)}) if child.type == "link_open" else child
        )
        place += 1


def _name(within: Sequence[Token], *, linked: bool) -> Iterator[Token]:
    """Bold words as a button's name or as a page's, which then leads there."""
    words = _words(within)
    if pressed := _BUTTON.fullmatch(words):
        yield Token("strong_open", "strong", 1, attrs={"class": "hub-press"})
        yield Token("text", "", 0, content=pressed[1])
        yield Token("strong_close", "strong", -1)
        return
    address = menu_address(words) if linked else ""
    if address:
        yield Token("link_open", "a", 1, attrs={"href": address})
    yield from [Token("strong_open", "strong", 1), *within, Token("strong_close", "strong", -1)]
    if address:
        yield Token("link_close", "a", -1)


def _address(target: str, path: str) -> str:
    """The console's address for a link as written: "../orders-in.md#late", "#press", "console:index"."""
    if target.startswith(CONSOLE):
        return reverse(f"admin:{target.removeprefix(CONSOLE)}")
    file, _, anchor = target.partition("#")
    if not file.endswith(".md"):
        return target
    return page_address(slug_of(posixpath.normpath(posixpath.join(posixpath.dirname(path), file))), anchor)
