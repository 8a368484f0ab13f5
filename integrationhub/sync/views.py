"""Webhooks: verified on the raw bytes, stored, answered; the work comes later and re-reads the state.

A forged or stale delivery leaves nothing but a counter. A genuine one that cannot be read is stored, answered 202 and becomes
a case: some platforms switch a webhook off that answers 4xx to one.
"""

import structlog
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from connectors import ports
from connectors.base import Capability
from connectors.canonical.errors import HubError
from connectors.canonical.events import ForgedWebhookError
from connectors.models import Connection
from integrationhub.sync import inbox
from integrationhub.sync.counters import count
from integrationhub.sync.enqueue import enqueue, job_for_connection
from integrationhub.sync.models import InboxRecord
from integrationhub.sync.places import place

log = structlog.get_logger(__name__)

MAX_BYTES = 2 * 1024 * 1024


@csrf_exempt
def receive_webhook(request: HttpRequest, webhook_path: str) -> HttpResponse:
    """202 stored (or delivered before) · 401 forged, stale or too large · 404 no such address · 503 try again."""
    if request.method != "POST":
        return _answer(405, "Webhooks are sent with POST.")
    try:
        body = request.read(MAX_BYTES + 1)
        return _receive(webhook_path, request, body)
    except (OperationalError, HubError):  # the database is away, or a person has just broken the connection's settings
        log.exception("webhook_not_stored")
        return _answer(503, "Not stored. Send it again.")


def _receive(webhook_path: str, request: HttpRequest, body: bytes) -> HttpResponse:
    connection_id = Connection.objects.filter(webhook_path=webhook_path).values_list("pk", flat=True).first()
    if connection_id is None:
        return _answer(404, "There is no webhook at this address.")
    receiver = place(connection_id)
    if len(body) > MAX_BYTES:
        count("webhooks_refused", connection_id)
        return _answer(receiver.connector.webhook_refused_status, "Not accepted.")
    if not receiver.connector.capabilities[Capability.WEBHOOKS]:
        return _answer(404, "There is no webhook at this address.")
    try:
        delivery_key = receiver.connector.verify_webhook(request.headers, body, now=ports.now())
    except ForgedWebhookError as error:
        count("webhooks_refused", connection_id)
        log.warning("webhook_refused", connection=connection_id, reason=str(error))
        return _answer(receiver.connector.webhook_refused_status, "Not accepted.")
    with transaction.atomic():
        record_id = inbox.store_delivery(
            connection_id,
            kind="webhook",
            external_id=delivery_key[:120],
            body=body,
            delivery_key=delivery_key,
            origin=InboxRecord.Origin.WEBHOOK,
        )
        if record_id is not None:
            enqueue(job_for_connection("take_webhook", receiver.row, key=str(record_id), record_id=record_id))
    return _answer(202, "Stored." if record_id is not None else "Stored before.")


def _answer(status: int, words: str) -> HttpResponse:
    return HttpResponse(words + "\n", status=status, content_type="text/plain; charset=utf-8")
