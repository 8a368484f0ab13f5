import os
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from integrationhub.runtime.places import PROJECT_DIR, SOCKET_PATH_LIMIT, Places, default_var_dir


def test_sockets_lie_in_the_installation_where_their_paths_fit() -> None:
    assert Places(Path("/srv/hub/var")).sockets == Path("/srv/hub/var/run")


def test_a_long_path_gets_a_short_socket_directory_of_its_own() -> None:
    one, other = Places(Path("/srv") / ("a" * 100)), Places(Path("/srv") / ("b" * 100))
    assert one.sockets.parent == Path(tempfile.gettempdir())
    assert one.sockets != other.sockets
    assert one.sockets == Places(one.var).sockets
    assert len(os.fsencode(f"{one.postgres_socket}.lock")) <= SOCKET_PATH_LIMIT


def test_the_limit_counts_bytes_not_characters() -> None:
    assert Places(Path("/srv") / ("å" * 45)).sockets.parent == Path(tempfile.gettempdir())


def test_urls_carry_spaces_and_capitals_in_the_path() -> None:
    places = Places(Path("/srv/My Hub/var"))
    assert parse_qs(urlsplit(places.database_url).query)["host"] == ["/srv/My Hub/var/run"]
    assert places.redis_url == "unix:///srv/My%20Hub/var/run/valkey.sock?db=0"


def test_hub_var_names_another_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_VAR", "/srv/elsewhere")
    assert default_var_dir() == Path("/srv/elsewhere")
    monkeypatch.delenv("HUB_VAR")
    assert default_var_dir() == PROJECT_DIR / "var"
