"""The manual's pages: read from docs/manual once per process, in the order of its contents."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from markdown_it.token import Token

from integrationhub.console.manual.rendering import (
    CONTENTS,
    Heading,
    headings,
    page_address,
    parse,
    plain,
    render,
    slug_of,
    targets,
)

PLAYBOOKS = "playbooks/"
# One form for all: a person who knows one playbook finds the way in every other.
PLAYBOOK_SECTIONS = (
    "What it means",
    "Check first",
    "Press",
    "If that does not help",
    "What happens if nobody acts",
)
_SUMMED_UP = PLAYBOOK_SECTIONS[:3]


@dataclass(frozen=True, kw_only=True)
class Section:
    """What stands under one heading, up to the next of any level."""

    heading: Heading
    tokens: tuple[Token, ...]
    text: str  # its words, without the heading's


@dataclass(frozen=True, kw_only=True)
class Page:
    slug: str
    path: str  # below docs/manual: "playbooks/unmapped-sku.md"
    title: str
    tokens: tuple[Token, ...]
    sections: tuple[Section, ...]

    @property
    def url(self) -> str:
        return page_address(self.slug)

    @cached_property
    def html(self) -> SafeString:
        """All but the title, which the frame around every page of the console shows."""
        return render(self.tokens[3:], path=self.path)

    @property
    def outline(self) -> list[Heading]:
        return [section.heading for section in self.sections if section.heading.level == 2]


@dataclass(frozen=True, kw_only=True)
class Playbook:
    slug: str
    title: str
    summary_html: SafeString  # what it means, what to check first, what to press
    url: str


def playbook(slug: str) -> Playbook | None:
    """The playbook that a cause names; None where the manual has none of that name."""
    page = pages().get(slug)
    if page is None or not page.path.startswith(PLAYBOOKS):
        return None
    return Playbook(slug=slug, title=page.title, summary_html=_summary(page), url=page.url)


def contents() -> Page | None:
    """The page that lists the others; None where the installation came without the manual."""
    return pages().get(CONTENTS)


def neighbours(page: Page) -> tuple[Page | None, Page | None]:
    """The pages before and after this one in the order of the contents."""
    order = list(pages().values())
    place = order.index(page)
    return (order[place - 1] if place > 1 else None, order[place + 1] if 0 < place < len(order) - 1 else None)


@lru_cache(maxsize=1)
def pages() -> Mapping[str, Page]:
    """Every page by slug: the contents first, the others in its order."""
    return read(Path(settings.BASE_DIR) / "docs" / "manual")


def read(folder: Path) -> dict[str, Page]:
    found = [_page(path.relative_to(folder).as_posix(), path.read_text("utf-8")) for path in folder.rglob("*.md")]
    first = next((page for page in found if page.slug == CONTENTS), None)
    order = [CONTENTS, *(slug_of(target) for target in targets(first.tokens))] if first else []
    found.sort(key=lambda page: (order.index(page.slug) if page.slug in order else len(order), page.slug))
    return {page.slug: page for page in found}


def _page(path: str, text: str) -> Page:
    tokens = parse(text)
    sections = tuple(_sections(tokens))
    title = sections[0].heading.text if sections else slug_of(path)
    return Page(slug=slug_of(path), path=path, title=title, tokens=tuple(tokens), sections=sections)


def _sections(tokens: Sequence[Token]) -> Iterator[Section]:
    starts = [place for place, token in enumerate(tokens) if token.type == "heading_open"]
    for heading, start, end in zip(headings(tokens), starts, [*starts[1:], len(tokens)], strict=True):
        within = tuple(tokens[start:end])
        yield Section(heading=heading, tokens=within, text=plain(within[3:]))


def _summary(page: Page) -> SafeString:
    """The sections that say what to do now, their headings one level down and without anchors: it stands on other pages."""
    chosen = [section for section in page.sections if section.heading.text in _SUMMED_UP]
    parts = ((section.heading.text, render(section.tokens[3:], path=page.path)) for section in chosen)
    return format_html('<div class="hub-prose">{}</div>', format_html_join("", "<h3>{}</h3>{}", parts))
