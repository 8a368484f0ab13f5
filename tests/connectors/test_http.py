"""The one door: what each answer means, what the gate is told, and that nothing to hide gets out."""

import json
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import ports
from connectors.canonical.errors import (
    ConfigurationError,
    HubError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.http import Call, Exchange, FilePart, Gate, HostRule, Http, OpenGate, Redaction, Response, Timeouts
from connectors.redaction import EMAIL_MASK, MASK
from connectors.transport import BrokenOffError, Incoming, NetworkTransport, NotSentError, Outgoing
from tests.connectors.rawserver import RawServer, cut, reply

START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
KEY = "key-0123456789abcdef"
ADDRESS = "alice@example.com"
PATIENT = Timeouts(connect=5, read=5, total=5)


@dataclass
class RecordingGate:
    """Remembers what it is told, and in which order."""

    told: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    penalties: list[tuple[Call, datetime]] = field(default_factory=list)
    refusal: Exception | None = None

    def before_call(self, call: Call) -> None:
        self.told.append("before")
        self.calls.append(call)
        if self.refusal is not None:
            raise self.refusal

    def after_call(self, exchange: Exchange) -> None:
        self.told.append("after")
        self.exchanges.append(exchange)

    def penalise(self, call: Call, *, until: datetime) -> None:
        self.told.append("penalise")
        self.penalties.append((call, until))


class Wire:
    """Stands in for the network: answers in turn, or fails."""

    def __init__(self, *answers: Incoming | BaseException) -> None:
        self.answers = list(answers)
        self.sent: list[Outgoing] = []

    def send(self, outgoing: Outgoing) -> Incoming:
        self.sent.append(outgoing)
        answer = self.answers.pop(0) if self.answers else answering(200, {})
        if isinstance(answer, BaseException):
            raise answer
        return answer


def answering(status: int, body: Any = b"", **headers: str) -> Incoming:
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Incoming(status=status, headers={"Content-Type": "application/json", **named}, body=encoded)


@pytest.fixture
def gate() -> RecordingGate:
    return RecordingGate()


def door(wire: Wire, gate: Gate | None = None, **settings: Any) -> Http:
    return Http(
        base_url="https://shop.mirakl.net/api",
        gate=gate or OpenGate(),
        name="Mirakl",
        headers={"Authorization": KEY},
        redact=Redaction(secrets=(KEY,)),
        transport=wire,
        **settings,
    )


def read(http: Http, path: str = "/orders", **options: Any) -> Response:
    return http.request("GET", path, operation="OR11", write=False, costs={"OR11": 1}, **options)


def write(http: Http, **options: Any) -> Response:
    options.setdefault("json", {"lines": []})
    return http.request("PUT", "/orders/A/accept", operation="OR21", write=True, costs={"OR21": 1}, **options)


def failure(send: Callable[..., Response], http: Http, **options: Any) -> HubError:
    with pytest.raises(HubError) as caught:
        send(http, **options)
    return caught.value


# --- what a status means ---------------------------------------------------------------------------------------------

PERMANENT_STATUSES = (400, 402, 404, 405, 406, 409, 410, 411, 413, 415, 422, 423, 424, 451)


@pytest.mark.parametrize("send", [read, write])
@pytest.mark.parametrize(
    ("status", "family"),
    [(401, ConfigurationError), (403, ConfigurationError), (429, TransientError), (421, TransientError),
     (425, TransientError), (301, ConfigurationError), (307, ConfigurationError), (308, ConfigurationError),
     *((status, PermanentError) for status in PERMANENT_STATUSES)],
)  # fmt: skip
def test_a_refusal_is_the_same_for_reads_and_writes(
    send: Callable[..., Response], status: int, family: type[HubError]
) -> None:
    wire = Wire(answering(status))
    assert type(failure(send, door(wire))) is family
    assert len(wire.sent) == 1


@pytest.mark.parametrize("status", [408, 500, 501, 502, 503, 504, 507, 520, 599])
def test_after_an_error_of_the_server_a_write_may_have_been_done_and_a_read_is_repeated(status: int) -> None:
    assert type(failure(write, door(Wire(answering(status))))) is UnknownOutcomeError
    assert type(failure(read, door(Wire(answering(status))))) is TransientError


@pytest.mark.parametrize("status", [302, 303])
def test_a_write_that_is_sent_on_to_another_page_may_have_been_done(status: int) -> None:
    assert type(failure(write, door(Wire(answering(status))))) is UnknownOutcomeError
    assert type(failure(read, door(Wire(answering(status))))) is ConfigurationError


def test_a_503_with_retry_after_is_no_promise_that_a_write_was_not_done() -> None:
    assert type(failure(write, door(Wire(answering(503, Retry_After="30"))))) is UnknownOutcomeError


def test_401_pauses_the_connection_and_403_the_operation() -> None:
    refused, forbidden = (failure(read, door(Wire(answering(status)))) for status in (401, 403))

    assert isinstance(refused, ConfigurationError)
    assert (refused.operation, refused.message) == (
        "",
        "Mirakl refused the credentials (OR11, 401). Enter valid ones and test the connection.",
    )
    assert isinstance(forbidden, ConfigurationError)
    assert (forbidden.operation, forbidden.message) == (
        "OR11",
        "Mirakl does not allow this account OR11 (403). Grant the right, then test the connection.",
    )


@pytest.mark.parametrize(
    ("body", "words", "code"),
    [
        ({"message": "The currency ISO code is mandatory.", "status": 400}, "The currency ISO code is mandatory.", "400"),
        ({"code": "ORDER_INVALID_STATE", "message": "No."}, "No.", "ORDER_INVALID_STATE"),
        ({"errors": [{"message": "A is wrong."}, {"message": "B too."}]}, "A is wrong.; B too.", "400"),
        ({"error": {"detail": "Deep."}}, "Deep.", "400"),
        ({"detail": ""}, '{"detail": ""}', "400"),
        (b"<html><body><h1>Bad Request</h1></body></html>", "Bad Request", "400"),
        (b"", "", "400"),
        (b"\xff\xfe", "��", "400"),
        ([1, 2], "[1, 2]", "400"),
    ],
)  # fmt: skip
def test_the_platforms_own_words_are_quoted(body: Any, words: str, code: str) -> None:
    error = failure(write, door(Wire(answering(400, body))))

    assert isinstance(error, PermanentError)
    assert (error.platform_words, error.code) == (words, code)
    assert error.message == "Mirakl refused OR21 (400)." + (f" It said: {words}" if words else "")


def test_statuses_that_the_caller_expects_are_answers() -> None:
    assert read(door(Wire(answering(404, {"message": "x"}))), ok={200, 404}).status == 404
    assert type(failure(read, door(Wire(answering(200))), ok={204})) is TransientError
    assert type(failure(write, door(Wire(answering(200))), ok={204})) is UnknownOutcomeError


# --- the platform's own table ----------------------------------------------------------------------------------------


def test_a_refusal_hook_speaks_before_the_table_and_the_door_keeps_its_words_clean() -> None:
    def busy(response: Response) -> HubError | None:
        if response.status == 503:
            return TransientError("Busy, alice@example.com.", platform_words=f"<b>{KEY}</b>")
        return None

    error = failure(write, door(Wire(answering(503)), refusal=busy))

    assert isinstance(error, TransientError)
    assert (error.message, str(error), error.platform_words, error.retry_at) == (
        f"Busy, {EMAIL_MASK}.", f"Busy, {EMAIL_MASK}.", MASK, None,
    )  # fmt: skip
    assert type(failure(write, door(Wire(answering(500)), refusal=busy))) is UnknownOutcomeError


def test_the_hook_of_a_request_replaces_the_hook_of_the_door() -> None:
    http = door(Wire(answering(400), answering(400)), refusal=lambda response: PermanentError("door"))

    assert failure(write, http, refusal=lambda response: PermanentError("request")).message == "request"
    assert failure(write, http).message == "door"


@pytest.mark.parametrize(
    "hook",
    [
        lambda response: PermanentError(response.json()["message"]),
        lambda response: PermanentError(response.json_or_none()["message"]),
        lambda response: PermanentError(response.text.split("message")[1]),
    ],
)
def test_a_hook_that_cannot_read_a_gateways_page_leaves_the_answer_to_the_table(hook: Any) -> None:
    page = answering(400, b"<html>Bad Request</html>")
    assert failure(write, door(Wire(page), refusal=hook)).message == "Mirakl refused OR21 (400). It said: Bad Request"


def test_a_hook_for_words_names_what_to_quote() -> None:
    http = door(
        Wire(answering(400, {"fault": {"text": "Ours."}})), words=lambda response: response.json()["fault"]["text"]
    )
    assert failure(write, http).platform_words == "Ours."


# --- 429 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("send", [read, write])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "30"}, 30),
        ({"Retry_After": "2026-01-15T09:10:00Z"}, 600),
        ({"Retry_After": "Thu, 15 Jan 2026 09:10:00 GMT"}, 600),
        ({}, 60),
    ],
)
def test_a_429_closes_the_buckets_of_the_call_until_the_platform_says(
    gate: RecordingGate,
    virtual_clock: ports.VirtualClock,
    send: Callable[..., Response],
    headers: dict[str, str],
    seconds: int,
) -> None:
    error = failure(send, door(Wire(answering(429, **headers)), gate))

    assert isinstance(error, TransientError)
    assert error.retry_at == START + timedelta(seconds=seconds)
    assert gate.penalties == [(gate.calls[0], START + timedelta(seconds=seconds))]
    assert gate.told == ["before", "penalise", "after"]


def test_a_429_that_the_platform_means_as_a_refusal_closes_nothing(gate: RecordingGate) -> None:
    error = failure(write, door(Wire(answering(429)), gate, refusal=lambda response: PermanentError("Page too large.")))
    assert (type(error), gate.penalties) == (PermanentError, [])


def test_a_platform_that_names_the_wait_in_its_own_way_is_obeyed(
    gate: RecordingGate, virtual_clock: ports.VirtualClock
) -> None:
    at = START + timedelta(seconds=7)
    http = door(Wire(answering(429)), gate, refusal=lambda response: TransientError("Throttled.", retry_at=at))

    assert failure(read, http).retry_at == at  # type: ignore[attr-defined]
    assert gate.penalties == [(gate.calls[0], at)]


def test_a_429_that_the_hook_names_without_a_time_gets_the_headers(
    gate: RecordingGate, virtual_clock: ports.VirtualClock
) -> None:
    http = door(Wire(answering(429, Retry_After="9")), gate, refusal=lambda response: TransientError("Throttled."))

    assert failure(read, http).retry_at == START + timedelta(seconds=9)  # type: ignore[attr-defined]
    assert gate.penalties == [(gate.calls[0], START + timedelta(seconds=9))]


def test_a_503_with_retry_after_closes_the_buckets_for_reads(
    gate: RecordingGate, virtual_clock: ports.VirtualClock
) -> None:
    error = failure(read, door(Wire(answering(503, Retry_After="30")), gate))

    assert error.retry_at == START + timedelta(seconds=30)  # type: ignore[attr-defined]
    assert gate.penalties == [(gate.calls[0], START + timedelta(seconds=30))]


def test_a_503_without_retry_after_closes_nothing(gate: RecordingGate) -> None:
    error = failure(read, door(Wire(answering(503)), gate))
    assert (error.retry_at, gate.penalties) == (None, [])  # type: ignore[attr-defined]


# --- no answer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("send", [read, write])
def test_what_was_never_sent_may_be_sent_again(send: Callable[..., Response], gate: RecordingGate) -> None:
    error = failure(send, door(Wire(NotSentError("shop.mirakl.net refused the connection")), gate))

    assert type(error) is TransientError
    assert error.message.endswith("shop.mirakl.net refused the connection. Nothing was sent.")
    assert (gate.exchanges[0].status, gate.exchanges[0].error) == (None, error.message)


@pytest.mark.parametrize("send", [read, write])
def test_an_address_that_cannot_be_called_until_someone_acts_pauses_the_connection(
    send: Callable[..., Response],
) -> None:
    error = failure(send, door(Wire(NotSentError("its certificate is not valid (expired)", lasting=True))))

    assert isinstance(error, ConfigurationError)
    assert error.operation == ""


def test_a_write_without_a_whole_answer_may_have_been_done_and_a_read_is_repeated(gate: RecordingGate) -> None:
    broken = BrokenOffError("it was not complete within 30 seconds", status=200)

    unknown = failure(write, door(Wire(broken), gate))
    assert type(unknown) is UnknownOutcomeError
    assert unknown.message == (
        "Mirakl gave no usable answer to OR21: it was not complete within 30 seconds. "
        "It may have been done; the hub looks it up before it tries again."
    )
    assert (gate.exchanges[0].status, gate.exchanges[0].error) == (200, unknown.message)
    assert type(failure(read, door(Wire(broken)))) is TransientError


def test_an_answer_that_will_never_fit_is_a_refusal_for_reads_only() -> None:
    large = BrokenOffError("the answer is larger than 64 MB", lasting=True)
    assert type(failure(read, door(Wire(large)))) is PermanentError
    assert type(failure(write, door(Wire(large)))) is UnknownOutcomeError


MALFORMED = [b"", b"{", b"<html>", b"\xff", b"[1, NaN]", b"Infinity", b"[" * 100_000, b"9" * 5000]


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:8]))
def test_a_malformed_2xx_is_unknown_for_a_write_and_repeated_for_a_read(body: bytes) -> None:
    with pytest.raises(UnknownOutcomeError, match="Mirakl answered OR21 in a form the hub cannot read"):
        write(door(Wire(answering(200, body)))).json()
    with pytest.raises(TransientError, match="Mirakl answered OR11 in a form the hub cannot read"):
        read(door(Wire(answering(200, body)))).json()


def test_a_2xx_of_the_wrong_shape_is_named_by_the_caller() -> None:
    error = write(door(Wire(answering(200, [])))).unreadable("shipment_success is missing")
    assert type(error) is UnknownOutcomeError
    assert "shipment_success is missing" in error.message


def test_json_keeps_every_digit() -> None:
    answer = read(door(Wire(answering(200, b'{"price": 20.0000, "n": 1, "tiny": 1e-7}'))))
    assert answer.json() == {"price": Decimal("20.0000"), "n": 1, "tiny": Decimal("1e-7")}
    assert str(answer.json()["price"]) == "20.0000"
    assert answer.headers["content-type"] == answer.headers["Content-Type"] == "application/json"


# --- the gate --------------------------------------------------------------------------------------------------------


def test_the_gate_sees_the_call_before_it_is_sent_and_the_exchange_after(
    gate: RecordingGate, virtual_clock: ports.VirtualClock
) -> None:
    class Slow(Wire):
        def send(self, outgoing: Outgoing) -> Incoming:
            assert gate.told == ["before"]
            virtual_clock.advance(1.5)
            return super().send(outgoing)

    http = door(Slow(answering(200, {"customer": {"firstname": "Alice"}})), gate)
    write(http, json={"email": "a@b.se", "qty": Decimal("1.0")}, params={"shop_id": 7, "who": "alice@example.com"})

    call = Call(
        operation="OR21",
        write=True,
        method="PUT",
        url=f"https://shop.mirakl.net/api/orders/A/accept?shop_id=7&who={EMAIL_MASK}",
        costs={"OR21": 1},
    )
    assert gate.calls == [call]
    assert gate.exchanges == [
        Exchange(
            call=call,
            request_headers={
                "Accept": "application/json",
                "User-Agent": "IntegrationHub",
                "Accept-Encoding": "gzip, deflate",
                "Authorization": MASK,
                "Content-Type": "application/json",
                "Content-Length": "28",
            },
            request_body=f'{{"email": "{MASK}", "qty": 1.0}}',
            status=200,
            response_headers={"Content-Type": "application/json"},
            response_body=f'{{"customer": {{"firstname": "{MASK}"}}}}',
            started_at=START,
            seconds=1.5,
        )
    ]


def test_when_the_gate_refuses_nothing_is_sent_and_nothing_is_recorded(gate: RecordingGate) -> None:
    gate.refusal = TransientError("The call budget is used up.")
    wire = Wire()

    assert failure(write, door(wire, gate)) is gate.refusal
    assert (wire.sent, gate.told) == ([], ["before"])


@pytest.mark.parametrize(
    "answer", [answering(200), answering(400), answering(500), NotSentError("x"), BrokenOffError("x")]
)
def test_the_record_is_written_exactly_once_however_the_call_ends(gate: RecordingGate, answer: Any) -> None:
    with suppress(HubError):
        write(door(Wire(answer), gate))
    assert gate.told == ["before", "after"]


def test_a_call_that_is_interrupted_from_outside_is_recorded_too(gate: RecordingGate) -> None:
    with pytest.raises(KeyboardInterrupt):
        write(door(Wire(KeyboardInterrupt()), gate))
    assert gate.told == ["before", "after"]
    assert gate.exchanges[0].error == "The call was interrupted (KeyboardInterrupt)."


def test_a_request_that_cannot_be_built_never_reaches_the_gate(gate: RecordingGate) -> None:
    http = door(Wire(), gate)
    for options in ({"json": {"price": 0.1}}, {"json": {}, "data": {"a": "b"}}, {"headers": {"X-Key": "a\nb"}}):
        with pytest.raises((TypeError, ValueError, ConfigurationError)):
            write(http, **options)
    assert gate.told == []


# --- what is sent ----------------------------------------------------------------------------------------------------


def sent(**options: Any) -> Outgoing:
    wire = Wire()
    method, path = options.pop("method", "POST"), options.pop("path", "/orders")
    door(wire).request(method, path, operation="X", write=True, **options)
    return wire.sent[0]


def test_json_goes_out_exact_and_named() -> None:
    out = sent(json={"price": Decimal("20.0000")})
    assert (out.body, out.headers["Content-Type"], out.headers["Content-Length"]) == (
        b'{"price":20.0000}', "application/json", "17",
    )  # fmt: skip


def test_a_put_without_a_body_carries_content_length_zero_and_a_get_carries_none() -> None:
    assert (sent(method="PUT").headers["Content-Length"], sent(method="PUT").body) == ("0", None)
    assert "Content-Length" not in sent(method="GET").headers


def test_forms_files_and_raw_bytes_are_sent_as_they_are_named() -> None:
    form = sent(data={"payload": "{}", "a": "b c"})
    assert (form.body, form.headers["Content-Type"]) == (b"payload=%7B%7D&a=b+c", "application/x-www-form-urlencoded")
    upload = sent(
        files={"file": FilePart(filename="stock.csv", content=b"sku", content_type="text/csv")}, data={"a": "b"}
    )
    assert upload.headers["Content-Type"].startswith("multipart/form-data; boundary=hub-")
    assert b'name="file"; filename="stock.csv"\r\nContent-Type: text/csv\r\n\r\nsku\r\n' in (upload.body or b"")
    plain = sent(data=b"<xml/>", headers={"content-type": "application/xml"})
    assert (plain.body, plain.headers["content-type"]) == (b"<xml/>", "application/xml")


def test_a_requests_own_headers_replace_the_doors_in_any_case() -> None:
    headers = sent(headers={"accept": "application/pdf", "AUTHORIZATION": "other"}).headers
    assert {name.lower(): value for name, value in headers.items()} == {
        "accept": "application/pdf",
        "user-agent": "IntegrationHub",
        "accept-encoding": "gzip, deflate",
        "authorization": "other",
        "content-length": "0",
    }


def test_queries_are_added_to_the_path_with_plus_signs_encoded() -> None:
    assert sent(method="GET", params={"from": "2026-01-15T09:00:00+01:00", "none": None}).url == (
        "https://shop.mirakl.net/api/orders?from=2026-01-15T09%3A00%3A00%2B01%3A00"
    )
    assert sent(method="GET", path="/orders?max=10", params={"offset": 10}).url.endswith("/orders?max=10&offset=10")


def test_a_platforms_next_link_is_followed_on_its_own_host_only() -> None:
    link = "https://shop.mirakl.net/api/orders?offset=10"
    assert sent(method="GET", path=link).url == link
    for foreign in (
        "https://example.com/orders",
        "http://shop.mirakl.net/orders",
        "https://shop.mirakl.net:444/orders",
    ):
        with pytest.raises(ConfigurationError, match="points to another host"):
            sent(method="GET", path=foreign)


@pytest.mark.parametrize("path", ["orders", "/orders#x", "/ordérs", "/or ders", "/or\nders", "@example.com/", ""])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="begins with /"):
        sent(path=path)


def test_a_base_url_outside_the_rule_is_refused_when_the_door_is_built() -> None:
    for url in ("http://shop.mirakl.net", "https://example.com"):
        with pytest.raises(ConfigurationError):
            Http(base_url=url, gate=OpenGate(), allow=HostRule(suffixes=("mirakl.net",)))


def test_a_pasted_key_with_a_line_break_is_named_without_being_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Http(base_url="https://shop.mirakl.net", gate=OpenGate(), headers={"Authorization": f"{KEY}\n"})
    assert "Authorization" in caught.value.message
    assert KEY not in "".join(traceback.format_exception(caught.value))


# --- through a real connection ---------------------------------------------------------------------------------------


@pytest.fixture
def network() -> Iterator[NetworkTransport]:
    network = NetworkTransport(resolve=lambda host, port: ["127.0.0.1"])
    yield network
    network.close()


def local(server: RawServer, network: NetworkTransport, gate: Gate | None = None) -> Http:
    return Http(
        base_url=server.url,
        gate=gate or OpenGate(),
        headers={"Authorization": KEY},
        redact=Redaction(secrets=(KEY,)),
        allow=HostRule(allow_loopback=True),
        timeouts=PATIENT,
        transport=network,
    )


def test_a_request_arrives_as_it_was_built(network: NetworkTransport) -> None:
    with RawServer(reply(body=b'{"a": 1.50}', Content_Type="application/json")) as server:
        answer = local(server, network).request(
            "PUT", "/orders/MK-1%2FA/ship", operation="OR24", write=True, params={"at": "a+b/c"}
        )
        assert answer.json() == {"a": Decimal("1.50")}
        assert server.requests == [
            b"PUT /orders/MK-1%2FA/ship?at=a%2Bb%2Fc HTTP/1.1\r\n"
            b"Host: localhost:" + str(server.port).encode() + b"\r\n"
            b"Accept: application/json\r\nUser-Agent: IntegrationHub\r\nAccept-Encoding: gzip, deflate\r\n"
            b"Authorization: " + KEY.encode() + b"\r\nContent-Length: 0\r\n\r\n"
        ]


def test_a_write_that_is_cut_off_is_sent_once_and_its_outcome_is_unknown(
    network: NetworkTransport, gate: RecordingGate
) -> None:
    with RawServer(cut) as server:
        error = failure(write, local(server, network, gate))
        assert type(error) is UnknownOutcomeError
        assert len(server.requests) == 1
    assert gate.told == ["before", "after"]


def test_an_address_in_a_private_network_pauses_the_connection_and_sends_nothing(gate: RecordingGate) -> None:
    network = NetworkTransport(resolve=lambda host, port: ["169.254.169.254"])
    http = Http(base_url="https://metadata.example.com", gate=gate, transport=network)

    error = failure(read, http)

    assert isinstance(error, ConfigurationError)
    assert "leads into a private network" in error.message
    assert gate.told == ["before", "after"]


# --- nothing to hide gets out ----------------------------------------------------------------------------------------

secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40).map("zQ".__add__)
emails = st.emails().filter(lambda email: len(email) < 200)


def outcomes(hidden: str) -> list[Incoming | Exception]:
    return [
        answering(200, {"note": hidden}, X_Echo=hidden, Link=f"<https://shop.mirakl.net/?q={hidden}>"),
        answering(400, {"message": f"{hidden} is not known", "code": hidden}),
        answering(400, f"<b>{hidden}</b>".encode()),
        answering(401, {"message": hidden}),
        answering(429, {"message": hidden}),
        answering(500, hidden.encode()),
        answering(302, b"", Location=f"https://example.com/?q={hidden}"),
        answering(200, hidden.encode()),
    ]


@given(secret=secrets, email=emails)
def test_no_secret_and_no_email_address_leaves_by_the_record_or_an_error(secret: str, email: str) -> None:
    gate = RecordingGate()
    wire = Wire(*outcomes(secret), *outcomes(email))
    http = Http(
        base_url="https://shop.mirakl.net",
        gate=gate,
        headers={"X-Api-Key": secret},
        redact=Redaction(secrets=(secret,)),
        transport=wire,
        refusal=lambda response: PermanentError(response.text) if response.status == 401 else None,
    )
    texts: list[str] = []
    for _ in range(len(wire.answers)):
        body = {"note": f"{secret} {email}", "email": email}
        try:
            http.request(
                "POST", "/x", operation="X", write=True, json=body, params={"q": secret, "e": email, secret: email}
            ).json()
        except HubError as error:
            texts += [*traceback.format_exception(error), repr(error.platform_words), error.code]
    texts += [repr(gate.exchanges), repr(gate.calls)]
    for text in texts:
        assert secret not in text
        assert email not in text
    assert len(gate.exchanges) == 16


def test_the_networks_own_errors_do_not_quote_the_url(network: NetworkTransport, gate: RecordingGate) -> None:
    with RawServer() as server:
        http = local(server, network, gate)
    with pytest.raises(HubError) as caught:
        read(http, params={"email": ADDRESS, "key": KEY})

    told = "".join(traceback.format_exception(caught.value)) + repr(gate.exchanges) + repr(caught.value.__context__)
    assert "alice" not in told
    assert KEY not in told
    assert caught.value.__context__ is None


def test_the_network_library_writes_no_log(network: NetworkTransport, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with RawServer(reply(), cut) as server:
        read(local(server, network), params={"email": ADDRESS})
        failure(read, local(server, network), params={"email": ADDRESS})
    assert caplog.records == []
