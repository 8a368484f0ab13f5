"""Every refusal that Marketplacer documents, table by table, with the sentence that an operator reads for it.

A row is one documented refusal: by the table of the API's pages it stands in, what the platform answers, and what the hub
says. The tables are whole: `COUNTS` says how many each has, the code's own list of known refusals must be in them, and the
manual must explain each sentence.
Source: D:webhooks/errorsfaults, D:seller-api/reference/mutations/*, D:operator-api/reference/mutations/*, the API's error
layers and roles, and D:webhooks/webhookretries.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from connectors.canonical.errors import (
    ConfigurationError,
    DataError,
    HubError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.marketplacer import documents
from connectors.marketplacer.client import MarketplacerClient
from connectors.marketplacer.documents import DOCUMENTS, Document
from connectors.marketplacer.refusals import KNOWN, WANTS, refused
from connectors.marketplacer.webhooks import events
from tests.connectors.conformance import RecordingGate
from tests.connectors.marketplacer.payloads import Network, answered, make_account

MANUAL = Path(settings.BASE_DIR) / "docs/manual/platforms/marketplacer.md"
HTTP, GRAPHQL, PAYLOAD, WEBHOOK = "HTTP", "GraphQL errors", "payload errors", "webhook query"
COUNTS = {HTTP: 5, GRAPHQL: 5, PAYLOAD: 5, WEBHOOK: 1}
PERMISSION = "Ask the operator, or make a key with that right in the seller portal."


@dataclass(frozen=True, kw_only=True)
class Documented:
    """One refusal, to the letter, and what becomes of it."""

    table: str
    theirs: str
    says: str  # the whole sentence, or its beginning where the rest names a record
    family: type[HubError]
    manual: str  # how the manual's row begins
    status: int = 200
    document: Document = documents.CREATE_SHIPMENT
    extensions: tuple[tuple[str, str], ...] = ()
    path: tuple[str, ...] = ()


REFUSALS = (
    Documented(
        table=HTTP, status=401, theirs="Unauthorized", family=ConfigurationError,
        says="The marketplace is behind a second door, and its user name or password is missing or wrong.",
        manual="The marketplace is behind a second door",
    ),
    Documented(
        table=HTTP, status=401, theirs="API Token has expired", family=ConfigurationError,
        says="Marketplacer refused the API key: it is missing, expired or withdrawn.",
        manual="Marketplacer refused the API key",
    ),
    Documented(
        table=HTTP, status=429, theirs="Too Many Requests", family=TransientError,
        says="Marketplacer asks the hub to slow down", manual="Marketplacer asks the hub to slow down",
    ),
    Documented(
        table=HTTP, status=503, theirs="Service Unavailable", family=UnknownOutcomeError,
        says="Marketplacer gave no certain answer", manual="Marketplacer gave no certain answer",
    ),
    Documented(
        table=HTTP, status=503, theirs="Service Unavailable", family=TransientError,
        document=documents.LIST_INVOICES, says="Marketplacer could not answer", manual="Marketplacer could not answer",
    ),
    Documented(
        table=GRAPHQL, theirs="Missing scope", extensions=(("code", "MISSING_SCOPE"),), family=ConfigurationError,
        says=f"The API key may not confirm dispatches. {PERMISSION}", manual="The API key may not",
    ),
    Documented(
        table=GRAPHQL, theirs="You do not have permission to access this field.", path=("invoices", "nodes", "order"),
        document=documents.LIST_INVOICES, family=ConfigurationError,
        says=f"The API key may not read orders. {PERMISSION}", manual="The API key may not",
    ),
    Documented(
        table=GRAPHQL, theirs="Field 'shipment' doesn't exist on type 'ShipmentCreateMutationPayload'",
        extensions=(
            ("code", "undefinedField"), ("typeName", "ShipmentCreateMutationPayload"), ("fieldName", "shipment"),
        ),
        family=ConfigurationError, manual="This marketplace does not understand",
        says="This marketplace does not understand how the hub asks to confirm dispatches. Run the connection test.",
    ),
    Documented(
        table=GRAPHQL, family=PermanentError, manual="The marketplace could not read the date of the dispatch",
        theirs=(
            "Variable $input of type ShipmentCreateMutationInput! was provided invalid value for dispatchedAt "
            '(Could not coerce value "2024-06-21T00" to ISO8601Date)'
        ),
        says="The marketplace could not read the date of the dispatch.",
    ),
    Documented(
        table=GRAPHQL, theirs="Internal server error", path=("shipmentCreate",), family=UnknownOutcomeError,
        says="Marketplacer failed when the hub wanted to confirm dispatches. It may have been done",
        manual="Marketplacer failed when the hub wanted to",
    ),
    Documented(
        table=PAYLOAD, theirs="Dispatched at is before shipped items were ordered", family=PermanentError,
        says="The dispatch is dated before the order. Correct its date where it was packed, then retry.",
        manual="The dispatch is dated before the order",
    ),
    Documented(
        table=PAYLOAD, theirs="Shipped items quantity exceeds the maximum number of undispatched items.",
        family=PermanentError, manual="More units were confirmed than are left to ship",
        says="More units were confirmed than are left to ship. Compare with the shipments at the marketplace.",
    ),
    Documented(
        table=PAYLOAD, theirs="Unable to retrieve attachment: https://cdn.example/1.jpg (Net::OpenTimeout)",
        family=PermanentError, manual="The marketplace could not fetch a picture",
        says="The marketplace could not fetch a picture. Make sure that it opens for everybody within 5 seconds.",
    ),
    Documented(
        table=PAYLOAD, theirs="No object found for refundRequestId: UmVmdW5kUmVxdWVzdC01Mjk=", family=PermanentError,
        document=documents.RETURN_REFUND_REQUEST, manual="The marketplace does not know this refund request",
        says="The marketplace does not know this refund request, or it belongs to another seller.",
    ),
    Documented(
        table=PAYLOAD, theirs="Can only mark a returned or processed RefundRequest as refunded", family=PermanentError,
        document=documents.RETURN_REFUND_REQUEST, manual="The operator can refund only what was returned or accepted before",
        says="The operator can refund only what was returned or accepted before.",
    ),
    Documented(
        table=WEBHOOK, theirs="Field 'foo' doesn't exist on type 'Invoice'", family=DataError,
        says="A Marketplacer webhook cannot be read. payload.errors: The webhook's query failed: correct it in the portal.",
        manual="The webhook's query failed",
    ),
)  # fmt: skip


def _http(row: Documented, network: Network) -> None:
    network.answers.append(answered(row.theirs, status=row.status))
    MarketplacerClient(make_account(), gate=RecordingGate()).execute(row.document, {"input": {}})


def _graphql(row: Documented, network: Network) -> None:
    error: dict[str, Any] = {"message": row.theirs, "extensions": dict(row.extensions), "path": list(row.path) or None}
    network.answers += [answered({"errors": [error], "data": None})] * 2  # once more without a field that is not there
    try:
        MarketplacerClient(make_account(), gate=RecordingGate()).execute(row.document, {"input": {}})
    finally:
        network.answers.clear()


def _payload(row: Documented, network: Network) -> None:
    raise refused(row.document.operation, text=row.theirs)


def _webhook(row: Documented, network: Network) -> None:
    events(json.dumps({"id": "x", "event_name": "update", "payload": {"errors": [{"message": row.theirs}]}}).encode())


MEET: dict[str, Callable[[Documented, Network], None]] = {
    HTTP: _http,
    GRAPHQL: _graphql,
    PAYLOAD: _payload,
    WEBHOOK: _webhook,
}


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: f"{row.table}: {row.theirs[:40]}")
def test_a_documented_refusal_is_a_plain_sentence(row: Documented, network: Network) -> None:
    with pytest.raises(HubError) as caught:
        MEET[row.table](row, network)

    error = caught.value
    assert (type(error), error.message.startswith(row.says)) == (row.family, True), error.message
    if row.table in (GRAPHQL, PAYLOAD):  # the others quote what was said
        assert error.message.endswith(".")
        assert not any(word in error.message for word in ("null", "Traceback", "shipmentCreate", "{"))
    if row.table in (GRAPHQL, PAYLOAD):
        assert error.platform_words == row.theirs


def test_no_documented_refusal_is_missing() -> None:
    assert Counter(row.table for row in REFUSALS) == COUNTS
    met = [advice.code for row in REFUSALS for advice in KNOWN if advice.text in row.theirs.lower()]
    assert Counter(met) == Counter(advice.code for advice in KNOWN)


def test_the_manual_explains_every_sentence() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    assert [row.manual for row in REFUSALS if f"| {row.manual}" not in text] == []


def test_every_operation_has_words_of_its_own() -> None:
    made = (
        *DOCUMENTS,
        documents.update_variants(1, name="Stock"),
        documents.upsert_adverts(1),
        documents.decide_refund_lines(1, accepted=True),
        documents.decide_refund_lines(1, accepted=False),
    )
    assert {document.operation for document in made} == set(WANTS)
