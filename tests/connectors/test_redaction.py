"""What is kept of an exchange holds no secret and no personal detail, whatever shape it came in."""

import base64
import gzip
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bodies import FilePart, encode_multipart
from connectors.redaction import EMAIL_MASK, MASK, PHONE_MASK, Redaction

SECRET = 's3cr/et key+1=?"ä'
RULES = Redaction(secrets=(SECRET,))


def json_body(value: Any) -> str:
    return RULES.body(json.dumps(value).encode(), "application/json")


# --- by name ---------------------------------------------------------------------------------------------------------


def test_personal_fields_of_an_order_are_masked_and_the_rest_stays_to_the_last_digit() -> None:
    body = b"""{"order_id": "MK-1-A", "total_price": 20.0000, "big": 123456789012345678901234567890,
      "customer": {"customer_id": "77", "firstname": "Alice", "locale": "sv_SE", "civility": null,
        "shipping_address": {"street_1": "Storgatan 1", "zip_code": 11122, "city": "Stockholm", "country": "Sweden",
          "country_iso_code": "SWE", "phone": "+46701234567", "internal_additional_info": "Port code 1234"}},
      "order_lines": [{"offer_sku": "COAT-M", "product_title": "Wool coat", "quantity": 2}],
      "customer_notification_email": "relay-9@mail.example.com", "has_customer_message": false}"""

    kept = json.loads(RULES.body(body, "application/json;charset=UTF-8"), parse_float=str)

    assert kept == {
        "order_id": "MK-1-A",
        "total_price": "20.0000",
        "big": 123456789012345678901234567890,
        "customer": {
            "customer_id": "77",
            "firstname": MASK,
            "locale": "sv_SE",
            "civility": None,
            "shipping_address": {
                "street_1": MASK,
                "zip_code": MASK,
                "city": MASK,
                "country": "Sweden",
                "country_iso_code": "SWE",
                "phone": MASK,
                "internal_additional_info": MASK,
            },
        },
        "order_lines": [{"offer_sku": "COAT-M", "product_title": "Wool coat", "quantity": 2}],
        "customer_notification_email": MASK,
        "has_customer_message": False,
    }


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"shippingAddress": {"firstName": "Alice"}}, {"shippingAddress": {"firstName": MASK}}),
        ({"shipping_address": {"full_name": "Alice", "line_1": "x"}}, {"shipping_address": {"full_name": MASK, "line_1": MASK}}),
        ({"buyerName": "Alice", "buyerEmailAddress": "a"}, {"buyerName": MASK, "buyerEmailAddress": MASK}),
        ({"party": 42, "customer": "Alice"}, {"party": 42, "customer": MASK}),
        ({"party.name": "Alice", "party.id": 42}, {"party.name": MASK, "party.id": 42}),
        ({"customer": {"name": "Alice"}, "product": {"name": "Coat"}}, {"customer": {"name": MASK}, "product": {"name": "Coat"}}),
        ({"contact_mechanisms": [{"type": "phone", "value": "070"}]}, {"contact_mechanisms": [{"type": "phone", "value": MASK}]}),
        ({"fields": [{"code": "customer-email", "value": "x"}]}, {"fields": [{"code": "customer-email", "value": MASK}]}),
        ({"fields": [{"code": "gift-wrap", "value": "x"}]}, {"fields": [{"code": "gift-wrap", "value": "x"}]}),
        ({"addresses": ["Storgatan 1", ["x"]]}, {"addresses": [MASK, [MASK]]}),
        ({"apiKey": "k", "password": "p", "next_page_token": "t"}, {"apiKey": MASK, "password": MASK, "next_page_token": "t"}),
        ({"note": "write to bob@example.com"}, {"note": f"write to {EMAIL_MASK}"}),
        ({"bob@example.com": 1}, {EMAIL_MASK: 1}),
        ({"note": "call +46 (0)70-123 45 67 today"}, {"note": f"call {PHONE_MASK} today"}),
        ({"at": "2026-01-15T09:00:00+01:00"}, {"at": "2026-01-15T09:00:00+01:00"}),
        ({"ean": "7312345678901", "number": 39790}, {"ean": "7312345678901", "number": 39790}),
        ([{"email": ""}], [{"email": ""}]),
    ],
)  # fmt: skip
def test_personal_fields_are_known_by_their_names_in_every_spelling(value: Any, kept: Any) -> None:
    assert json.loads(json_body(value)) == kept


def test_forms_are_masked_by_name_and_json_inside_of_them_too() -> None:
    body = urlencode(
        {"address[street]": "Storgatan 1", "email": "a@b.se", "qty": "2", "payload": '{"lastName":"Smith","sku":"A"}'}
    )
    assert RULES.body(body.encode(), "application/x-www-form-urlencoded") == (
        f'address[street]={MASK}&email={MASK}&qty=2&payload={{"lastName": "{MASK}", "sku": "A"}}'
    )


def test_multipart_bodies_are_masked_part_by_part() -> None:
    body, content_type = encode_multipart(
        {"import_mode": "NORMAL", "email": "a@b.se"},
        {
            "file": FilePart(filename="stock.csv", content=b"sku;quantity\nA;1\n", content_type="text/csv"),
            "thread": FilePart(content=b'{"firstname":"Alice","topic":"x"}', content_type="application/json"),
            "scan": FilePart(filename="a.pdf", content=b"%PDF\xff\xfe", content_type="application/pdf"),
        },
    )
    assert RULES.body(body, content_type).split("\n") == [
        "import_mode: NORMAL",
        f"email: {MASK}",
        "file: sku;quantity",
        "A;1",
        "",
        f'thread: {{"firstname": "{MASK}", "topic": "x"}}',
        "scan: [6 bytes of application/pdf]",
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('oops {"city": "Lund", "sku": "A"}', f'oops {{"city": {MASK}, "sku": "A"}}'),
        ('{"city": "Lund", "sku": oops', f'{{"city": "{MASK}"}} …'),
        ("<order><lastname>Smith</lastname><sku>A</sku></order>", f"<order><lastname>{MASK}</lastname><sku>A</sku></order>"),
        ("email=alice zip: 11122, sku: A", f"email={MASK} zip: {MASK}, sku: A"),
        ("Customer alice@example.com exists", f"Customer {EMAIL_MASK} exists"),
        ("to=<alice%40example.com>", f"to=<{EMAIL_MASK}>"),
        ('\\"email\\": \\"x\\"', f'\\"email\\": {MASK}'),
    ],
)  # fmt: skip
def test_text_of_no_known_form_is_masked_by_the_looks_of_it(text: str, kept: str) -> None:
    assert RULES.body(text.encode(), "text/html") == kept


# --- length ----------------------------------------------------------------------------------------------------------


def test_a_long_json_body_is_kept_up_to_its_last_whole_value() -> None:
    rules = Redaction(secrets=(SECRET,), body_bytes=200)
    body = json.dumps({"orders": [{"id": number, "firstname": "Alice"} for number in range(1000)]}).encode()

    kept, _, rest = rules.body(body, "application/json").partition(" … ")

    assert rest == f"{len(body) - 200} bytes more"
    assert [set(order.values()) - {MASK} for order in json.loads(kept)["orders"]][:3] == [{0}, {1}, {2}]
    assert 100 < len(kept) < 1000


def test_a_short_torn_json_body_is_masked_like_a_whole_one() -> None:
    torn = b'{"customer": {"name": "Alice", "note": "x, y"}, "lines": [{"sku": "A"}, {"sku": "B'
    assert json.loads(RULES.body(torn).removesuffix(" …")) == {
        "customer": {"name": MASK, "note": MASK},
        "lines": [{"sku": "A"}, {}],
    }


@pytest.mark.parametrize("shift", range(0, 60, 7))
def test_a_secret_or_address_on_the_cut_is_not_kept_in_half(shift: int) -> None:
    rules = Redaction(secrets=("abcdefghijklmnopqrstuvwxyz",), body_bytes=100)
    for hidden in ("abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz@example.com"):
        for filling in ("-", "alice@example.com ", "abcdefghijklmnopqrstuvwxyz "):
            body = "-" * shift + filling * (70 // len(filling)) + hidden + "." * 10 + "-" * 500
            assert "abcdef" not in rules.body(body.encode(), "text/plain")


def test_bodies_that_are_no_text_are_named_and_not_kept() -> None:
    assert RULES.body(gzip.compress(b"x" * 100), "application/pdf").startswith("[")
    assert RULES.body(b"\xff\xfe\x00", "image/png") == "[3 bytes of image/png]"
    assert RULES.body(b"\xff\xfe\x00") == "[3 bytes of something unknown]"
    assert RULES.body(b"") == ""


# --- headers and URLs ------------------------------------------------------------------------------------------------


def test_headers_are_kept_by_an_allow_list() -> None:
    kept = RULES.headers(
        {
            "Authorization": f"Bearer {SECRET}",
            "X-Api-Key": "other",
            "Set-Cookie": "session=1",
            "X-Unheard-Of": "x",
            "Content-Type": "application/json",
            "Retry-After": "30",
            "Link": '<https://shop.example.com/orders?email=alice%40example.com&offset=10>; rel="next"',
            "Server": "alice@example.com",
        }
    )
    assert kept == {
        "Authorization": MASK,
        "X-Api-Key": MASK,
        "Set-Cookie": MASK,
        "X-Unheard-Of": MASK,
        "Content-Type": "application/json",
        "Retry-After": "30",
        "Link": f'<https://shop.example.com/orders?email={MASK}&offset=10>; rel="next"',
        "Server": EMAIL_MASK,
    }


def test_a_url_keeps_its_path_and_its_harmless_parameters() -> None:
    url = (
        "https://alice:pw@shop.example.com/orders/alice%40example.com/" + quote(SECRET, safe="")
        + "?max=100&email=a%40b.se&key=" + quote(SECRET, safe="") + "&from=2026-01-15T09%3A00%3A00%2B01%3A00"
    )  # fmt: skip
    assert RULES.url(url) == (
        f"https://shop.example.com/orders/{EMAIL_MASK}/{MASK}?max=100&email={MASK}&key={MASK}"
        "&from=2026-01-15T09:00:00%2B01:00"
    )


def test_words_for_people_have_no_markup_and_fit_on_a_line() -> None:
    page = (
        "<html><head><style>b{}</style></head><body><h1>502</h1>\n<p>Bad &amp; gateway for alice@example.com</p></body>"
    )
    assert RULES.words(page) == f"502 Bad & gateway for {EMAIL_MASK}"
    assert RULES.words("The city: must not be empty. zip=11122") == f"The city: must not be empty. zip={MASK}"
    assert RULES.words("x" * 600) == "x" * 500 + " …"
    assert RULES.words("&lt;b&gt;") == "<b>"


def test_values_too_short_to_be_secret_do_not_blot_out_every_text() -> None:
    assert Redaction(secrets=("", "1", "abc")).text("1 abc") == "1 abc"


# --- whatever comes --------------------------------------------------------------------------------------------------

secrets = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=4, max_size=30).map(
    lambda text: f"zQ{text}9x"
)
emails = st.emails().filter(lambda email: len(email) < 200)
fillings = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def shapes(hidden: str, filling: str) -> list[tuple[bytes, str]]:
    """Bodies that hold `hidden` in every way a platform may echo it."""
    text = f"{filling} {hidden} {filling}"
    return [
        (json.dumps({"a": [{"note": text}, {filling: hidden, hidden: filling}]}).encode(), "application/json"),
        (json.dumps([text], ensure_ascii=False).replace("/", "\\/").encode(), "application/json"),
        (json.dumps({"inner": json.dumps({"x": hidden})}).encode(), "application/json"),
        (json.dumps({"a": text}).encode()[:-1], "application/json"),
        (b"oops " + json.dumps({"a": hidden}).encode(), "application/json"),
        (urlencode({"a": hidden, "b": text}).encode(), "application/x-www-form-urlencoded"),
        (encode_multipart({"a": hidden}, {"f": FilePart(content=text.encode())})),
        (f"<p>{text}</p>".encode(), "text/html"),
        (quote(hidden, safe="").encode(), "text/plain"),
        (text.encode(), ""),
    ]  # type: ignore[return-value]


@given(secret=secrets, filling=fillings)
def test_no_secret_is_ever_kept(secret: str, filling: str) -> None:
    rules = Redaction(secrets=(secret,), body_bytes=2000)
    filling = filling.replace(secret, "")
    for body, content_type in shapes(secret, filling):
        kept = rules.body(body, content_type)
        for form in (
            secret,
            quote(secret, safe=""),
            json.dumps(secret)[1:-1],
            base64.b64encode(secret.encode()).decode(),
        ):
            assert form not in kept
    assert secret not in rules.words(f"{filling} {secret}", longest=10_000)
    assert quote(secret, safe="") not in rules.url(
        f"https://h.example.com/{quote(secret, safe='')}?a={quote(secret, safe='')}"
    )


@given(email=emails, filling=fillings)
def test_no_email_address_is_ever_kept(email: str, filling: str) -> None:
    filling = filling.replace("@", "")
    for body, content_type in shapes(email, filling):
        kept = RULES.body(body, content_type)
        assert email not in kept
        assert quote(email, safe="") not in kept
    assert email not in RULES.words(f"{filling} {email} {filling}", longest=10_000)
    assert quote(email, safe="") not in RULES.url(
        f"https://h.example.com/{quote(email, safe='')}?a={quote(email, safe='')}"
    )


@given(
    body=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")),
    kind=fillings,
)
def test_nothing_a_platform_sends_makes_redaction_fail(body: bytes, kind: str) -> None:
    for content_type in (
        "",
        kind,
        "application/json",
        "multipart/form-data; boundary=a",
        "application/x-www-form-urlencoded",
    ):
        assert isinstance(Redaction(body_bytes=50).body(body, content_type), str)
    assert isinstance(RULES.words(body.decode("utf-8", "replace")), str)


@pytest.mark.parametrize(
    "body",
    [
        b'"' * 19_999,
        b'{"a":' * 4_000,
        b"[" * 19_999,
        b"a@" * 9_999,
        b"@" * 19_999,
        b"+1 " * 6_000,
        b"<" * 19_999,
        b"<a " * 6_000,
        b"a:" * 9_999,
        b"\\" * 19_999,
        b'"a":"' * 4_000,
        b"a" * 19_999,
        b"%40" * 6_000,
        b"<script" * 2_500,
        b"<!--" * 4_000,
    ],
    ids=lambda body: body[:7].decode(),
)
def test_no_body_can_make_redaction_slow(body: bytes) -> None:
    """Every expression is linear in practice: each of these took under 60 ms where a careless one takes minutes."""
    assert RULES.body(body, "application/json")
    RULES.words(body.decode())
