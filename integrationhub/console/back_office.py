"""Where a person sees a record in the platform's own back office."""

from connectors.canonical.errors import HubError
from connectors.http import OpenGate
from connectors.models import Connection
from connectors.pages import entered_page
from connectors.registry import CONNECTORS


def page_url(connection: Connection, kind: str, external_id: str) -> str:
    """The address there (kind: order, return, dispatch), or "": what a person entered, else what is documented. Makes no
    call. Not every platform has one, and a connection may be half set up.
    """
    kind_of = CONNECTORS.get(connection.platform)
    if kind_of is None or not external_id:
        return ""
    account = connection.account()
    if entered := entered_page(account.settings, kind, external_id):
        return entered
    try:
        url = kind_of(account, gate=OpenGate()).page_url(kind, external_id)
    except (HubError, KeyError, ValueError):
        return ""
    return url if url.startswith(("https://", "http://")) else ""
