"""Full-text search within the manual, in memory: a few dozen pages need no index."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integrationhub.console.manual.library import Page, Section
from integrationhub.console.manual.rendering import CONTENTS, page_address

AT_MOST = 30
LONGEST = 120
_AROUND = 90  # characters of text shown on each side of the first hit
_IN_TITLE, _IN_HEADING, _IN_TEXT = 20, 8, 1


@dataclass(frozen=True, kw_only=True)
class Hit:
    title: str  # the page
    heading: str  # the section within it; "" where it is the page's own beginning
    snippet: SafeString  # HTML with <mark> at most
    url: str


def find(term: str, pages: Iterable[Page]) -> list[Hit]:
    """The pages that hold all words of the term in their title and one section, by the words' beginnings.

    Best first, each at its best section, at most AT_MOST.
    """
    words = re.findall(r"\w+", term[:LONGEST].casefold())
    patterns = [re.compile(rf"\b{re.escape(word)}", re.IGNORECASE) for word in words]
    found = [best for page in pages if words and page.slug != CONTENTS and (best := _best(page, patterns))]
    return [_hit(best, patterns) for best in sorted(found, key=lambda best: -best.score)[:AT_MOST]]


@dataclass(frozen=True, kw_only=True)
class _Best:
    page: Page
    section: Section
    score: int


def _best(page: Page, patterns: list[re.Pattern[str]]) -> _Best | None:
    """The section that fits best, the first of equals; None where no section has what the title lacks of the words."""
    sections = [section for section in page.sections if section.text]
    scored = [_Best(page=page, section=section, score=_score(page, section, patterns)) for section in sections]
    best = max(scored, key=lambda one: one.score, default=None)
    return best if best and best.score else None


def _score(page: Page, section: Section, patterns: list[re.Pattern[str]]) -> int:
    """How well the section fits; 0 where a word is neither in it nor in its page's title."""
    total = 0
    for pattern in patterns:
        heading, text = len(pattern.findall(section.heading.text)), len(pattern.findall(section.text))
        title = len(pattern.findall(page.title))
        if not (heading or text or title):
            return 0
        total += _IN_TITLE * bool(title) + _IN_HEADING * bool(heading) + _IN_TEXT * min(text, 5)
    return total


def _hit(best: _Best, patterns: list[re.Pattern[str]]) -> Hit:
    page, section = best.page, best.section
    own = section.heading.level > 1 and any(
        pattern.search(f"{section.heading.text} {section.text}") for pattern in patterns
    )
    return Hit(
        title=page.title,
        heading=section.heading.text if own else "",
        snippet=_snippet(section.text, patterns),
        url=page_address(page.slug, section.heading.anchor if own else ""),
    )


def _snippet(text: str, patterns: list[re.Pattern[str]]) -> SafeString:
    first = min((match.start() for pattern in patterns if (match := pattern.search(text))), default=0)
    start = text.rfind(" ", 0, max(first - _AROUND, 0)) + 1
    end = text.find(" ", first + _AROUND)
    shown = text[start : end if end > 0 else len(text)]
    any_word = re.compile("(" + "|".join(rf"{pattern.pattern}\w*" for pattern in patterns) + ")", re.IGNORECASE)
    marked = format_html_join("", "{}", ((_marked(part, at),) for at, part in enumerate(any_word.split(shown))))
    return format_html("{}{}{}", "… " if start else "", marked, " …" if end > 0 else "")


def _marked(part: str, place: int) -> SafeString | str:
    """What `split` put at an odd place is a hit."""
    return format_html("<mark>{}</mark>", part) if place % 2 else part
