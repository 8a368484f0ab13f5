"""The wire: what was certainly not sent is told from what may have been, and no platform can keep the hub waiting."""

import gzip
import os
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors import ports
from connectors import transport as transport_module
from connectors.hosts import HostRule
from connectors.transport import (
    BrokenOffError,
    Incoming,
    NetworkTransport,
    NotSentError,
    Outgoing,
    Timeouts,
    transport,
    using_transport,
)
from tests.connectors.rawserver import RawServer, cut, dribble, hang, raw, reply, reset

PATIENT = Timeouts(connect=5, read=5, total=5)
LOOPBACK = HostRule(allow_loopback=True)


def loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
def network() -> Iterator[NetworkTransport]:
    network = NetworkTransport(resolve=loopback)
    yield network
    network.close()


def outgoing(
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    timeouts: Timeouts = PATIENT,
    allow: HostRule = LOOPBACK,
) -> Outgoing:
    headers = {"Accept-Encoding": "gzip", "Content-Length": str(len(body))} if body is not None else {}
    return Outgoing(method=method, url=url, headers=headers, body=body, timeouts=timeouts, allow=allow)


def post(url: str, *, timeouts: Timeouts = PATIENT) -> Outgoing:
    return outgoing(url, method="POST", body=b'{"order":1}', timeouts=timeouts)


# --- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"",
    ],
    ids=["body", "headers", "body without length", "status line"],
)
def test_an_answer_that_trickles_is_given_up_at_the_total_time_out(network: NetworkTransport, head: bytes) -> None:
    with RawServer(dribble(head)) as server:
        began = ports.boottime()
        with pytest.raises(BrokenOffError, match=r"not complete within 0\.3 seconds"):
            network.send(post(server.url, timeouts=Timeouts(connect=5, read=5, total=0.3)))
        assert ports.boottime() - began < 0.6


def test_silence_is_given_up_at_the_read_time_out(network: NetworkTransport) -> None:
    with RawServer(hang) as server, pytest.raises(BrokenOffError, match=r"nothing came for 0\.1 seconds"):
        network.send(post(server.url, timeouts=Timeouts(connect=5, read=0.1, total=5)))


def test_a_server_that_does_not_take_the_body_is_given_up_at_the_total_time_out(network: NetworkTransport) -> None:
    with RawServer(deaf=True) as server:
        big = outgoing(
            server.url, method="POST", body=b"x" * 30_000_000, timeouts=Timeouts(connect=5, read=5, total=0.3)
        )
        began = ports.boottime()
        with pytest.raises(BrokenOffError, match=r"not complete within 0\.3 seconds|nothing came"):
            network.send(big)
        assert ports.boottime() - began < 0.6


def test_a_name_server_that_hangs_is_given_up_at_the_connect_time_out() -> None:
    released = threading.Event()

    def resolve(host: str, port: int) -> Sequence[str]:
        released.wait(5)
        return ["127.0.0.1"]

    began = ports.boottime()
    with pytest.raises(NotSentError, match="the address of localhost was not found in time"):
        NetworkTransport(resolve=resolve).send(
            post("http://localhost:9", timeouts=Timeouts(connect=0.1, read=5, total=5))
        )
    assert ports.boottime() - began < 0.4
    released.set()


def test_a_worker_that_slept_through_its_time_sends_nothing(virtual_clock: ports.VirtualClock) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        virtual_clock.advance(90)  # the process is stopped here, and goes on when its lease is long gone
        return ["127.0.0.1"]

    with RawServer() as server:
        with pytest.raises(NotSentError):
            NetworkTransport(resolve=resolve).send(post(server.url))
        assert server.requests == []


def test_a_worker_that_sleeps_between_connecting_and_sending_sends_nothing(
    network: NetworkTransport, virtual_clock: ports.VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = transport_module._open

    def open_and_sleep(address: str, port: int, *, seconds: float) -> socket.socket:
        sock = opened(address, port, seconds=seconds)
        virtual_clock.advance(90)
        return sock

    monkeypatch.setattr(transport_module, "_open", open_and_sleep)
    with RawServer() as server:
        with pytest.raises(NotSentError):
            network.send(post(server.url))
        assert server.requests == []


# --- not sent --------------------------------------------------------------------------------------------------------


def test_a_refused_connection_is_not_sent(network: NetworkTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSentError, match=r"localhost did not take the connection \(Connection refused\)") as caught:
        network.send(post(f"http://localhost:{port}"))
    assert not caught.value.lasting


def test_an_unknown_name_is_not_sent() -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(NotSentError, match=r"the name shop\.example is not known"):
        NetworkTransport(resolve=resolve).send(outgoing("https://shop.example/x", allow=HostRule()))


def test_the_next_address_of_a_host_is_tried_when_the_first_refuses() -> None:
    network = NetworkTransport(resolve=lambda host, port: ["127.0.0.77", "127.0.0.1"])
    with RawServer() as server:
        assert network.send(post(server.url)).status == 200
        assert len(server.requests) == 1
    network.close()


@pytest.mark.parametrize("address", ["10.0.0.7", "169.254.169.254", "127.0.0.1", "::1", "::ffff:10.0.0.7"])
def test_a_public_name_that_leads_into_a_private_network_is_never_called(address: str) -> None:
    network = NetworkTransport(resolve=lambda host, port: ["93.184.215.14", address])

    with pytest.raises(NotSentError, match="leads into a private network") as caught:
        network.send(outgoing("https://shop.example.com/x", allow=HostRule()))
    assert caught.value.lasting


def test_the_address_that_was_checked_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([["93.184.215.14"], ["10.0.0.7"]])  # a name that changes between the check and the call
    dialled: list[str] = []

    def open_none(address: str, port: int, *, seconds: float) -> socket.socket:
        dialled.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(transport_module, "_open", open_none)
    network = NetworkTransport(resolve=lambda host, port: next(answers))
    with pytest.raises(NotSentError):
        network.send(outgoing("https://shop.example.com/x", allow=HostRule()))
    assert dialled == ["93.184.215.14"]
    assert next(answers) == ["10.0.0.7"]


# --- sent, perhaps ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "action",
    [
        cut,
        reset,
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
        raw(b"HTTP/1.1 204"),
        raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"),
    ],
    ids=[
        "cut",
        "reset",
        "half body",
        "half chunks",
        "bad chunk",
        "half headers",
        "half status",
        "other protocol",
        "bad gzip",
    ],
)
def test_an_answer_that_breaks_off_is_never_a_certain_failure(
    network: NetworkTransport, action: Callable[..., None]
) -> None:
    with RawServer(action) as server:
        with pytest.raises(BrokenOffError):
            network.send(post(server.url))
        assert len(server.requests) == 1  # not sent again
        assert network.send(post(server.url)).body == b"{}"  # and nothing of the broken line is left


def test_a_write_that_dies_on_a_kept_connection_is_not_sent_again(network: NetworkTransport) -> None:
    with RawServer(reply(), cut) as server:
        network.send(post(server.url))
        with pytest.raises(BrokenOffError):
            network.send(post(server.url))
        assert (len(server.requests), server.connections) == (2, 1)


def test_an_answer_larger_than_the_cap_is_given_up(network: NetworkTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "MAX_ANSWER_BYTES", 1000)
    with RawServer(reply(body=b"x" * 1000), reply(body=b"x" * 1001)) as server:
        assert len(network.send(post(server.url)).body) == 1000
        with pytest.raises(BrokenOffError, match="larger than 64 MB") as caught:
            network.send(post(server.url))
    assert (caught.value.status, caught.value.lasting) == (200, True)


def test_a_small_body_that_unfolds_without_end_does_not_fill_the_memory(
    network: NetworkTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "MAX_ANSWER_BYTES", 1_000_000)
    bomb = gzip.compress(b"\0" * 100_000_000)
    with RawServer(reply(body=bomb, Content_Encoding="gzip")) as server:
        tracemalloc.start()
        try:
            with pytest.raises(BrokenOffError, match="larger"):
                network.send(post(server.url))
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()


# --- connections -----------------------------------------------------------------------------------------------------


def test_a_thread_keeps_its_connection(network: NetworkTransport) -> None:
    with RawServer() as server:
        for _ in range(5):
            network.send(post(server.url))
        assert (len(server.requests), server.connections) == (5, 1)


def test_threads_share_a_transport_but_no_connection(network: NetworkTransport) -> None:
    with RawServer() as server:

        def work() -> None:
            for _ in range(3):
                network.send(post(server.url))
            network.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(server.requests), server.connections) == (12, 4)


def test_a_forked_worker_does_not_speak_on_its_parents_connection(
    network: NetworkTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer() as server:
        network.send(post(server.url))
        monkeypatch.setattr(os, "getpid", lambda: -1)
        network.send(post(server.url))
        network.send(post(server.url))
        assert (len(server.requests), server.connections) == (3, 2)


def test_a_connection_that_idled_is_not_trusted_with_a_request(
    network: NetworkTransport, virtual_clock: ports.VirtualClock
) -> None:
    with RawServer() as server:
        network.send(post(server.url))
        virtual_clock.advance(4)
        network.send(post(server.url))
        assert server.connections == 1
        virtual_clock.advance(4.01)
        network.send(post(server.url))
        assert server.connections == 2


def test_a_connection_that_the_server_closed_is_replaced_before_anything_is_sent(network: NetworkTransport) -> None:
    with RawServer(reply(Connection="close"), reply()) as server:
        network.send(post(server.url))
        assert network.send(post(server.url)).status == 200
        assert (len(server.requests), server.connections) == (2, 2)


def test_redirects_proxies_cookies_and_netrc_are_none_of_our_business(
    network: NetworkTransport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login alice password wonderland")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with RawServer(reply(302, Location="http://localhost:1/", Set_Cookie="session=1")) as server:
        answer = network.send(outgoing(server.url))
        network.send(outgoing(server.url))
        assert answer.status == 302
        assert b"\r\nCookie" not in server.requests[1]
        assert b"\r\nAuthorization" not in server.requests[1]
        assert server.requests[1].startswith(b"GET / HTTP/1.1\r\n")


def test_a_simulator_can_stand_in_for_the_network() -> None:
    class Nowhere:
        def send(self, outgoing: Outgoing) -> Incoming:
            return Incoming(status=418, headers={}, body=b"")

    before = transport()
    with using_transport(Nowhere()):
        assert transport().send(post("http://localhost:1")).status == 418
    assert transport() is before


# --- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusting(certificate: Path) -> Iterator[NetworkTransport]:
    network = NetworkTransport(resolve=loopback, ca_file=str(certificate))
    yield network
    network.close()


def test_the_checked_address_is_called_under_the_hosts_own_name(
    trusting: NetworkTransport, tls: ssl.SSLContext
) -> None:
    asked: list[str | None] = []
    tls.sni_callback = lambda sock, name, context: asked.append(name)
    with RawServer(tls=tls) as server:
        assert trusting.send(post(server.url)).status == 200
        assert trusting.send(post(server.url)).status == 200
        assert f"\r\nHost: localhost:{server.port}\r\n".encode() in server.requests[0]
        assert server.connections == 1
    assert asked == ["localhost"]


def test_a_certificate_that_nobody_vouches_for_ends_the_call_before_it_begins(
    network: NetworkTransport, tls: ssl.SSLContext
) -> None:
    with RawServer(tls=tls) as server:
        with pytest.raises(NotSentError, match=r"its certificate is not valid \(self-signed certificate\)") as caught:
            network.send(post(server.url))
        assert caught.value.lasting
        assert server.requests == []


def test_a_certificate_for_another_name_ends_the_call_before_it_begins(
    trusting: NetworkTransport, tls: ssl.SSLContext
) -> None:
    with RawServer(tls=tls) as server:
        with pytest.raises(NotSentError, match="certificate is not valid") as caught:
            trusting.send(post(server.url.replace("localhost", "127.0.0.1")))
        assert caught.value.lasting
        assert server.requests == []


def test_a_server_that_speaks_no_tls_gets_no_request(network: NetworkTransport) -> None:
    with RawServer() as server:
        server._deaf = False
        with socket.create_server(("127.0.0.1", 0)) as listener:
            answering = threading.Thread(target=_answer_in_plain, args=(listener,))
            answering.start()
            with pytest.raises(NotSentError, match="a secure connection could not be set up") as caught:
                network.send(post(f"https://localhost:{listener.getsockname()[1]}"))
            answering.join()
        assert not caught.value.lasting


def _answer_in_plain(listener: socket.socket) -> None:
    sock, _ = listener.accept()
    with sock:
        sock.recv(1000)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_handshake_that_hangs_is_given_up_at_the_connect_time_out(network: NetworkTransport) -> None:
    with RawServer(deaf=True) as server, pytest.raises(NotSentError, match="no connection in time"):
        network.send(post(server.url.replace("http:", "https:"), timeouts=Timeouts(connect=0.1, read=5, total=5)))


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "])
def test_an_answer_that_trickles_over_tls_is_given_up_at_the_total_time_out(
    trusting: NetworkTransport, tls: ssl.SSLContext, head: bytes
) -> None:
    with RawServer(dribble(head), tls=tls) as server:
        began = ports.boottime()
        with pytest.raises(BrokenOffError, match=r"not complete within 0\.3 seconds"):
            trusting.send(post(server.url, timeouts=Timeouts(connect=5, read=5, total=0.3)))
        assert ports.boottime() - began < 0.6
