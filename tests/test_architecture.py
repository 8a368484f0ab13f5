"""What import-linter cannot see: string foreign keys, clocks and dice, commands without tests, a table that went stale."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import ForeignKey, ManyToManyField, OneToOneField

from connectors.base import CAPABILITY_LABELS, Capability
from connectors.registry import CONNECTORS

ROOT = Path(settings.BASE_DIR)
OURS = ("connectors", "mappings_app", "exceptions_app", "integrationhub")
LAYERS = {"auth": 0, "connectors": 0, "mappings_app": 1, "exceptions_app": 1, "sync": 2}
LAYERS |= {"inventory": 3, "orders": 4, "catalogue": 4, "console": 5}
CLOCKS_AND_DICE = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("timezone", "now"),
    ("time", "time"),
    ("time", "monotonic"),
    ("time", "sleep"),
    ("uuid", "uuid4"),
    ("uuid", "uuid1"),
    ("random", "random"),
    ("random", "choice"),
    ("random", "randint"),
}
SQL = re.compile(r"\b(SELECT|UPDATE|INSERT INTO|DELETE FROM)\b")
SQL_CLOCK = re.compile(r"\b(now\(\)|clock_timestamp|current_timestamp|statement_timestamp)", re.IGNORECASE)
# The port itself; sandboxes have a clock of their own, since a platform's time is not ours.
MAY_READ_CLOCKS = ("connectors/ports.py", "connectors/sandboxkit.py")


def sources() -> Iterator[Path]:
    for package in OURS:
        for path in (ROOT / package).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path


def test_foreign_keys_point_down() -> None:
    upwards = []
    for model in apps.get_models():
        label = model._meta.app_label
        if label not in LAYERS:
            continue
        for field in model._meta.get_fields():
            if isinstance(field, ForeignKey | OneToOneField | ManyToManyField):
                target = field.related_model._meta.app_label  # type: ignore[union-attr]
                if LAYERS.get(target, 0) > LAYERS[label]:
                    upwards.append(f"{model.__name__}.{field.name} → {target}")
    assert upwards == []


def test_time_and_chance_come_from_the_ports() -> None:
    found = []
    for path in sources():
        name = str(path.relative_to(ROOT))
        if name in MAY_READ_CLOCKS or "/sandbox/" in name:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            spoken = (
                (node.value.id, node.attr)
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
                else ()
            )
            if spoken in CLOCKS_AND_DICE:
                found.append(f"{name}:{node.lineno} {'.'.join(spoken)}")
    assert found == []


def test_sql_reads_no_clock_of_its_own() -> None:
    found = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if SQL.search(text) and SQL_CLOCK.search(text):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_only_one_module_speaks_to_the_queue() -> None:
    found = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] in ("rq", "django_rq") for name in names):
                found.add(str(path.relative_to(ROOT)))
    assert found == {"integrationhub/sync/queue.py"}


def test_every_command_is_tested() -> None:
    commands = {path.stem for path in ROOT.glob("*/*/management/commands/*.py")} - {"__init__"}
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    untested = sorted(name for name in commands if f'"{name}"' not in tests and f"'{name}'" not in tests)
    assert untested == []


@pytest.mark.parametrize("platform", sorted(CONNECTORS))
def test_every_platform_has_its_files(platform: str) -> None:
    folder = ROOT / "connectors" / platform
    files = {path.stem for path in folder.glob("*.py")} | {path.name for path in folder.iterdir() if path.is_dir()}
    assert {"client", "translate", "connector", "sandbox"} <= files
    assert (CONNECTORS[platform].capabilities[Capability.WEBHOOKS]) == ("webhooks" in files)


@pytest.mark.parametrize("platform", sorted(CONNECTORS))
def test_every_platform_names_every_capability(platform: str) -> None:
    assert set(CONNECTORS[platform].capabilities) == set(Capability)


def test_the_capability_table_in_the_docs_equals_the_code() -> None:
    text = (ROOT / "docs" / "adding-a-platform.md").read_text()
    platforms = sorted(CONNECTORS)
    rows = [
        f"| {CAPABILITY_LABELS[capability]} | "
        + " | ".join("yes" if CONNECTORS[name].capabilities[capability] else "no" for name in platforms)
        + " |"
        for capability in Capability
    ]
    header = "| | " + " | ".join(CONNECTORS[name].label for name in platforms) + " |"
    assert [header, *rows] == [line for line in text.splitlines() if line.startswith("|") and "---" not in line]
