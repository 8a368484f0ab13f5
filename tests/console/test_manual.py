"""The manual: complete, true to the screens' words, and shown to everybody who gets in."""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import django.contrib.admin
import pytest
import unfold
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from exceptions_app.causes import cause_named, registered_causes
from integrationhub.console.manual import Playbook, library, playbook, rendering
from integrationhub.console.manual.library import PLAYBOOK_SECTIONS, PLAYBOOKS, Page
from integrationhub.console.manual.rendering import CONSOLE, CONTENTS
from integrationhub.console.manual.searching import AT_MOST, find
from tests import factories
from tests.console.conftest import ROLES, Shop

ROOT = Path(settings.BASE_DIR)
MANUAL = ROOT / "docs" / "manual"
OURS = ("connectors", "mappings_app", "exceptions_app", "integrationhub")
ALL_PAGES = list(library.read(MANUAL).values())
CHAPTERS = [page for page in ALL_PAGES if page.slug != CONTENTS]
CAUSES = sorted(registered_causes())


def titled(page: Page) -> str:
    return page.slug


def made(folder: Path, **texts: str) -> dict[str, Page]:
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text)
    return library.read(folder)


# --- it is whole ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [*CAUSES, "a_flow_that_was_removed"])
def test_every_cause_has_its_playbook(code: str) -> None:
    cause = cause_named(code)
    page = library.pages()[cause.playbook]
    assert page.path == f"{PLAYBOOKS}{cause.playbook}.md"
    assert page.title == (cause.label if code in CAUSES else "A cause that is no longer known")


@pytest.mark.parametrize("leaf", [page for page in ALL_PAGES if page.path.startswith(PLAYBOOKS)], ids=titled)
def test_playbooks_have_one_form(leaf: Page) -> None:
    title, *sections = leaf.sections
    assert tuple(section.heading.text for section in sections) == PLAYBOOK_SECTIONS
    assert title.text == ""
    assert [section.heading.text for section in sections if not section.text] == []


def test_no_playbook_is_left_over() -> None:
    named = {cause_named(code).playbook for code in [*CAUSES, "a_flow_that_was_removed"]}
    assert {page.slug for page in ALL_PAGES if page.path.startswith(PLAYBOOKS)} == named


def test_the_contents_name_every_page_once() -> None:
    contents = library.pages()[CONTENTS]
    named = [rendering.slug_of(target) for target in rendering.targets(contents.tokens)]
    assert sorted(named) == sorted(page.slug for page in CHAPTERS)


def test_the_contents_call_every_page_by_its_title() -> None:
    text = (MANUAL / "README.md").read_text()
    assert [page.title for page in CHAPTERS if f"[{page.title}]({page.path})" not in text] == []


def test_no_two_pages_share_a_name() -> None:
    names = [path.stem for path in MANUAL.rglob("*.md")]
    assert len(names) == len(set(names)) == len(ALL_PAGES)


def test_the_readme_leads_to_the_manual() -> None:
    assert "(docs/manual/README.md)" in (ROOT / "README.md").read_text()


# --- its links lead somewhere -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("leaf", ALL_PAGES, ids=titled)
def test_every_link_resolves(leaf: Page) -> None:
    assert [target for target in rendering.targets(leaf.tokens) if not leads_somewhere(leaf, target)] == []


def leads_somewhere(page: Page, target: str) -> bool:
    if target.startswith(CONSOLE):
        return bool(reverse(f"admin:{target.removeprefix(CONSOLE)}"))
    file, _, anchor = target.partition("#")
    path = ((MANUAL / page.path).parent / file).resolve() if file else MANUAL / page.path
    if path.suffix != ".md" or not path.is_relative_to(MANUAL) or not path.exists():
        return False
    there = library.pages()[path.stem]
    return not anchor or anchor in {section.heading.anchor for section in there.sections}


def test_links_to_files_become_addresses_of_the_console(tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "one.md").write_text(
        "# One\n\n[up](../two.md#there) [all](../README.md) [home](console:index)"
    )
    html = made(tmp_path, two="# Two\n\n## There\n\n[down](playbooks/one.md) [here](#there)")["one"].html
    assert re.findall(r'href="([^"]+)"', html) == ["/console/manual/two/#there", "/console/manual/", "/console/"]
    assert re.findall(r'href="([^"]+)"', library.read(tmp_path)["two"].html) == ["/console/manual/one/", "#there"]


# --- its words are the screens' words ---------------------------------------------------------------------------------

_IF, _OR, _END = "\x1d", "\x1e", "\x1f"
_BRANCHES = (
    (re.compile(r"{%\s*if\b.*?%}", re.DOTALL), _IF),
    (re.compile(r"{%\s*(?:elif|else)\b.*?%}", re.DOTALL), _OR),
    (re.compile(r"{%\s*endif\b.*?%}", re.DOTALL), _END),
)
_CHOICE = re.compile(f"{_IF}([^{_IF}{_END}]*){_END}")
_MARKS = re.compile(f"[{_IF}{_OR}{_END}]")
_TAGS = re.compile(r"{%.*?%}|{#.*?#}", re.DOTALL)
_TRANSLATED = re.compile(r"{%\s*trans(?:late)?\s+\"([^\"]+)\".*?%}")
_TRANSLATED_BLOCK = re.compile(r"{%\s*blocktrans(?:late)?\b.*?%}(.*?){%\s*endblocktrans(?:late)?\s*%}", re.DOTALL)
_PLURAL = re.compile(r"{{[^}]*\|pluralize\s*}}")
_VALUES = re.compile(r"{{.*?}}", re.DOTALL)
_PRESSED = re.compile(r"<(button|a|summary|h2)\b[^>]*>(.*?)</\1>", re.DOTALL)
_ELEMENT = re.compile(r"<[^>]*>")


LONGEST_BUTTON = 600  # with its markup; more is a block that leads somewhere


def plain(text: str) -> str:
    """Words as a person reads them; "…" for what the page fills in, in small letters at the start."""
    words = " ".join(_ELEMENT.sub(" ", text).replace("{}", "…").split())
    return words[:1].lower() + words[1:]


def wordings(text: str) -> set[str]:
    """Everything it can say, whichever of its parts show."""
    choice = _CHOICE.search(text)
    if choice is None:
        return set(map(plain, [_MARKS.sub("", text), *_MARKS.split(text)]))
    before, after = text[: choice.start()], text[choice.end() :]
    return set().union(*(wordings(before + branch + after) for branch in {*choice[1].split(_OR), ""}))


def templates() -> Iterator[str]:
    packages = (Path(package.__file__).parent for package in (unfold, django.contrib.admin))
    for folder in (ROOT, *packages):
        for path in (folder / "templates").rglob("*.html"):
            text = _TRANSLATED_BLOCK.sub(r"<a>\1</a>", _TRANSLATED.sub(r"\1", path.read_text()))
            for tag, mark in _BRANCHES:
                text = tag.sub(mark, text)
            yield _VALUES.sub("…", _PLURAL.sub("s", _TAGS.sub("", text)))


@lru_cache(maxsize=1)
def literals() -> frozenset[str]:
    """What our code says in quotes; "…" for what it fills in."""
    paths = [path for package in OURS for path in (ROOT / package).rglob("*.py")]
    ours = [path for path in paths if "migrations" not in path.parts and "sandbox" not in path.parts]
    return frozenset(text for path in ours for text in _strings(ast.parse(path.read_text())))


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)


@lru_cache(maxsize=1)
def can_be_pressed() -> frozenset[str]:
    sources = [*templates(), *literals()]
    pressed = (found for text in sources for _, found in _PRESSED.findall(text) if len(found) < LONGEST_BUTTON)
    return quoted().union(*map(wordings, pressed))


@lru_cache(maxsize=1)
def quoted() -> frozenset[str]:
    return frozenset(plain(text) for text in literals() if len(text) < 100)


@lru_cache(maxsize=1)
def can_be_read() -> frozenset[str]:
    shown = set().union(*(wordings(part) for text in templates() for part in _ELEMENT.split(text)))
    fields = {
        plain(str(getattr(field, "verbose_name", "")))
        for model in apps.get_models()
        for field in model._meta.get_fields()
    }
    return frozenset(shown | fields) | quoted() | can_be_pressed()


def is_on_screen(name: str, known: frozenset[str]) -> bool:
    """As it is; or with "…" for what the page fills in; or filled in at its end, as "Add connection" for "Add …"."""
    wanted = plain(name)
    if wanted in known:
        return True
    if wanted.endswith("…"):
        return any(one.startswith(wanted.removesuffix("…").rstrip()) for one in known)
    filled = (one.removesuffix("…") for one in known if one.count("…") == 1 and one.endswith(" …") and len(one) > 4)
    return any(wanted.startswith(beginning) for beginning in filled)


@pytest.mark.parametrize("leaf", ALL_PAGES, ids=titled)
def test_what_it_says_to_press_is_on_a_page(leaf: Page) -> None:
    buttons = {name[1:-1] for name in rendering.names(leaf.tokens) if name.startswith("[")} - {"this"}
    assert {name for name in buttons if not is_on_screen(name, can_be_pressed())} == set()


@pytest.mark.parametrize("leaf", ALL_PAGES, ids=titled)
def test_bold_words_are_names_on_the_screen(leaf: Page) -> None:
    names = {name for name in rendering.names(leaf.tokens) if not name.startswith("[")} - {"bold"}
    assert {name for name in names if not is_on_screen(name, can_be_read())} == set()


def test_a_button_that_is_nowhere_is_noticed() -> None:
    assert not is_on_screen("Make it so", can_be_pressed())
    assert not is_on_screen("Needs me later", can_be_read())


# --- how it is rendered -----------------------------------------------------------------------------------------------


def test_html_in_a_page_is_shown_as_text(tmp_path: Path) -> None:
    text = '# One\n\n<script>alert(1)</script>\n\nIn a <b onclick="x">line</b>. [press](javascript:alert(1))'
    html = made(tmp_path, one=text)["one"].html
    assert html == (
        "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n<p>In a &lt;b onclick=&quot;x&quot;&gt;line&lt;/b&gt;."
        " [press](javascript:alert(1))</p>\n"
    )


def test_what_is_pressed_looks_like_a_button_and_pages_of_the_menu_are_linked(tmp_path: Path) -> None:
    html = made(tmp_path, one="# One\n\nOpen **Cases**, press **[Save <it>]** under **More**.")["one"].html
    assert html == (
        '<p>Open <a href="/console/cases/"><strong>Cases</strong></a>, press <strong class="hub-press">Save &lt;it&gt;'
        "</strong> under <strong>More</strong>.</p>\n"
    )


def test_a_name_that_is_a_link_already_stays_as_it_is(tmp_path: Path) -> None:
    html = made(tmp_path, one="# One\n\n[the **Cases** of today](#one)")["one"].html
    assert html == '<p><a href="#one">the <strong>Cases</strong> of today</a></p>\n'


def test_headings_have_anchors_of_their_own(tmp_path: Path) -> None:
    page = made(tmp_path, one="# One\n\n## A key, replaced\n\n## Again\n\n## Again")["one"]
    assert [heading.anchor for heading in page.outline] == ["a-key-replaced", "again", "again-1"]
    assert re.findall(r'id="([^"]+)"', page.html) == ["a-key-replaced", "again", "again-1"]


def test_a_playbook_is_summed_up_for_the_case_page() -> None:
    found = playbook("unmapped-sku")
    assert isinstance(found, Playbook)
    assert (found.slug, found.title, found.url) == ("unmapped-sku", "Unmapped SKU", "/console/manual/unmapped-sku/")
    assert re.findall("<h3>([^<]+)</h3>", found.summary_html) == ["What it means", "Check first", "Press"]
    assert 'id="' not in found.summary_html
    assert 'href="/console/manual/mappings/' not in found.summary_html


def test_there_is_no_playbook_where_there_is_none() -> None:
    assert playbook("no-such-thing") is None
    assert playbook("every-day") is None
    assert playbook(CONTENTS) is None


# --- search -----------------------------------------------------------------------------------------------------------


def test_search_finds_all_words_by_their_beginnings(tmp_path: Path) -> None:
    pages = made(
        tmp_path,
        README="# Manual\n\n[Keys](keys.md)",
        keys="# Keys\n\nAbout keys.\n\n## Replace one\n\nType the new <key> first.\n\n## Lose one\n\nOh.",
    )
    (hit,) = find("NEW repl", pages.values())
    assert (hit.title, hit.heading, hit.url) == ("Keys", "Replace one", "/console/manual/keys/#replace-one")
    assert hit.snippet == "Type the <mark>new</mark> &lt;key&gt; first."
    assert [(one.heading, one.url) for one in find("key", pages.values())] == [("", "/console/manual/keys/")]
    assert find("new missing", pages.values()) == []
    assert find("  ?! ", pages.values()) == []


def test_search_shows_no_more_than_a_screen_or_two() -> None:
    assert len(find("the", library.pages().values())) == AT_MOST


def test_a_page_is_found_by_its_title_first_and_once() -> None:
    titles = [hit.title for hit in find("out of stock", library.pages().values())]
    assert titles[0] == "Out of stock"
    assert len(titles) == len(set(titles))


def test_a_page_is_found_by_its_title_alone(tmp_path: Path) -> None:
    (hit,) = find("unmapped", made(tmp_path, sku="# Unmapped SKU\n\n## What it means\n\nNobody knows.").values())
    assert (hit.title, hit.heading, hit.snippet) == ("Unmapped SKU", "", "Nobody knows.")


@pytest.mark.django_db
def test_a_search_that_finds_nothing_says_so(client_of: Any) -> None:
    page = client_of("OPS").get(reverse("admin:manual"), {"q": "<script>xyzzy"})
    assert page.status_code == 200
    assert "No page holds all of these words: <b>&lt;script&gt;xyzzy</b>" in page.content.decode()


def test_a_search_marks_what_it_found(client_of: Any) -> None:
    page = client_of("OPS").get(reverse("admin:manual"), {"q": "acceptance window"}).content.decode()
    assert "<mark>acceptance</mark>" in page
    assert 'href="/console/manual/acceptance/' in page


# --- who sees it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_every_page_is_shown_and_each_role_is_shown_its_share(role: str, client_of: Any) -> None:
    """A page does not ask who reads it: that is decided before, and `test_access` asks it for every role."""
    client, share = client_of(role), CHAPTERS[ROLES.index(role) :: len(ROLES)]
    addresses = [reverse("admin:manual"), *(reverse("admin:manual_page", args=[page.slug]) for page in share)]
    assert {address: status for address in addresses if (status := client.get(address).status_code) != 200} == {}


def test_the_menu_leads_to_it(client_of: Any) -> None:
    assert 'href="/console/manual/"' in client_of("VIEWER").get(reverse("admin:index")).content.decode()


def test_who_sets_the_hub_up_can_read_it_before_having_a_role(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password=factories.PASSWORD))
    assert client.get(reverse("admin:manual_page", args=["people"])).status_code == 200


def test_strangers_are_asked_to_log_in(client: Client, db: None) -> None:
    answer = client.get(reverse("admin:manual"))
    assert answer.headers["Location"] == "/console/login/?next=/console/manual/"


@pytest.mark.parametrize("slug", ["no-such-page", CONTENTS])
def test_a_page_that_is_not_there_is_said_so_in_words(slug: str, client_of: Any) -> None:
    answer = client_of("OPS").get(f"/console/manual/{slug}/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


@pytest.mark.parametrize("address", ["/console/manual/", "/console/manual/?q=key", "/console/manual/unmapped-sku/"])
def test_how_often_the_database_is_asked(
    address: str, shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of("OPS")
    client.get(address)
    with django_assert_num_queries(4):  # session, person, roles, badge
        client.get(address)


def test_an_installation_without_the_manual_says_so(client_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "pages", dict)
    page = client_of("OPS").get(reverse("admin:manual"))
    assert "This installation came without the manual" in page.content.decode()
    assert playbook("unmapped-sku") is None
