import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrationhub.runtime.places import Places


@pytest.fixture
def var_dir(tmp_path: Path) -> Iterator[Path]:
    """A directory for an installation of the test's own."""
    var = tmp_path / "var"
    yield var
    if (sockets := Places(var).sockets).parent != var:
        shutil.rmtree(sockets, ignore_errors=True)
