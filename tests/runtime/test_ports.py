import socket
from collections.abc import Iterator

import pytest

from integrationhub.runtime.ports import answers, free_port


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


def test_a_free_port_is_used_as_asked(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    assert free_port(port) == port


def test_a_taken_port_gives_way_to_another(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert free_port(port) != port
    with socket.socket() as second:
        second.bind(("127.0.0.1", free_port(port)))


def test_it_is_told_whether_anything_listens(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert answers(port)
    listener.close()
    assert not answers(port)
