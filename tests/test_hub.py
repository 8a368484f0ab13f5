"""The launcher: what it says, when it installs, what it hands over."""

import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from integrationhub.runtime.places import PROJECT_DIR

LAUNCHER = PROJECT_DIR / "hub"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The launcher in a project of its own with three lock files; it installs nothing and says what it would."""
    loader = importlib.machinery.SourceFileLoader("hub_launcher", str(LAUNCHER))
    spec = importlib.util.spec_from_loader("hub_launcher", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    for name in module.LOCKS.values():
        (tmp_path / name).write_text(f"{name} 1")
    monkeypatch.setattr(module, "PROJECT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    module.installed = []  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "install_lock", lambda lock, *, exact: module.installed.append((lock.name, exact)))

    def make_environment() -> None:
        module.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        module.PYTHON.touch()
        (module.VENV / ".hub-path").write_text(str(tmp_path))

    monkeypatch.setattr(module, "make_environment", make_environment)
    return module


def test_alone_it_says_what_there_is() -> None:
    done = subprocess.run([sys.executable, str(LAUNCHER)], capture_output=True, text=True, check=True)
    for command in ("demo", "run", "test", "backup", "restore", "sandbox", "bench", "manage"):
        assert f"./hub {command}" in done.stdout


def test_a_second_start_installs_nothing(hub: ModuleType) -> None:
    hub.install("run")
    hub.install("run")
    assert hub.installed == [("requirements.txt", True)]


def test_a_changed_lock_is_installed_again(hub: ModuleType, tmp_path: Path) -> None:
    hub.install("run")
    (tmp_path / "requirements.txt").write_text("requirements.txt 2")
    hub.install("run")
    assert hub.installed == [("requirements.txt", True)] * 2


def test_a_changed_lock_leaves_the_developers_tools_in_place(hub: ModuleType, tmp_path: Path) -> None:
    hub.install("test")
    (tmp_path / "requirements-dev.txt").write_text("requirements-dev.txt 2")
    hub.install("run")
    assert hub.installed == [("requirements-dev.txt", True)] * 2


@pytest.mark.parametrize(
    ("group", "installed"), [("test", ("requirements-dev.txt", True)), ("bench", ("requirements-bench.txt", False))]
)
def test_what_tests_or_benchmarks_need_is_enough_to_run(
    group: str, installed: tuple[str, bool], hub: ModuleType
) -> None:
    hub.install(group)
    hub.install("run")
    assert hub.installed == [installed]


def test_the_benchmarks_needs_come_on_top(hub: ModuleType) -> None:
    hub.install("test")
    hub.install("bench")
    hub.install("test")
    assert hub.installed == [("requirements-dev.txt", True), ("requirements-bench.txt", False)]


def test_an_exact_installation_forgets_what_it_removed(hub: ModuleType) -> None:
    hub.install("run")
    hub.install("bench")
    hub.install("test")
    hub.install("bench")
    assert [name for name, _ in hub.installed] == [
        "requirements.txt",
        "requirements-bench.txt",
        "requirements-dev.txt",
        "requirements-bench.txt",
    ]


def test_a_moved_project_makes_its_environment_anew(hub: ModuleType) -> None:
    hub.install("run")
    (hub.VENV / ".hub-path").write_text("/somewhere/else")
    hub.install("run")
    assert hub.installed == [("requirements.txt", True)] * 2


def test_a_python_that_is_gone_makes_the_environment_anew(hub: ModuleType) -> None:
    hub.install("run")
    hub.PYTHON.unlink()
    hub.install("run")
    assert hub.installed == [("requirements.txt", True)] * 2


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_a_python_it_does_not_support_is_said_in_one_sentence(
    version: tuple[int, int], hub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.sys, "version_info", (*version, 0, "final", 0))
    monkeypatch.setattr(hub.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"The hub needs Python 3.11, 3.12 or 3.13; .*run: python3.11 ./hub demo"):
        hub.main(["demo"])
    assert hub.installed == []


def test_another_python_on_the_path_takes_over(hub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def execv(path: str, argv: list[str]) -> None:
        started.append([path, *argv[2:]])
        raise SystemExit  # the real one does not return either

    monkeypatch.setattr(hub.sys, "version_info", (3, 9, 0, "final", 0))
    monkeypatch.setattr(hub.shutil, "which", lambda name: "/usr/bin/python3.12" if name == "python3.12" else None)
    monkeypatch.setattr(hub.os, "execv", execv)
    with pytest.raises(SystemExit):
        hub.use_a_fitting_python(["run", "--port", "9000"])
    assert started == [["/usr/bin/python3.12", "run", "--port", "9000"]]


@pytest.mark.parametrize(
    ("words", "handed_over"),
    [
        ("manage migrate", ["manage.py", "migrate"]),
        ("demo --check", ["manage.py", "demo", "--check"]),
        ("backup x.dump", ["manage.py", "backup", "x.dump"]),
    ],
)
def test_commands_go_to_manage_py(
    words: str, handed_over: list[str], hub: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(hub.os, "execv", lambda path, argv: started.append(argv[1:]))
    hub.main(words.split())
    assert started == [[str(tmp_path / handed_over[0]), *handed_over[1:]]]


def test_a_failing_step_fails_the_run_and_is_named(
    hub: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    steps = {"mypy": (1, "wrong type", 0.1), "ruff": (0, "", 0.1)}
    monkeypatch.setattr(hub, "STATIC_STEPS", [("types", ["mypy"]), ("lint", ["ruff"])])
    monkeypatch.setattr(hub, "run_step", lambda words, environment: steps[words[0]])
    assert hub.run_static_steps() == ["types"]
    said = capfd.readouterr().out
    assert "--- types: FAILED" in said
    assert "wrong type" in said
    assert "--- lint: ok" in said


def test_the_locks_carry_hashes_and_name_no_address() -> None:
    for lock in sorted(PROJECT_DIR.glob("requirements*.txt")):
        text = lock.read_text()
        assert "://" not in text
        assert "--index" not in text
        packages = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert packages
        assert [line for line in packages if not line.endswith("\\")] == []
