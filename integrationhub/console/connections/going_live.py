"""Before something goes live: what its platforms have to say against it."""

from collections.abc import Iterable

from connectors.base import Connector
from connectors.canonical.errors import HubError
from connectors.models import Connection
from connectors.registry import CONNECTORS
from integrationhub.sync.places import place


def objections(rows: Iterable[Connection]) -> list[str]:
    """A sentence for everything that keeps one of these connections from going live. Asks the platforms that have a say."""
    return [words for row in rows if _has_a_say(row) for words in _of(row)]


def _has_a_say(row: Connection) -> bool:
    kind = CONNECTORS.get(row.platform)
    return kind is not None and kind.why_not_live is not Connector.why_not_live


def _of(row: Connection) -> list[str]:
    place.forget()  # what was just saved is what is asked
    try:
        return [f"{row.name} cannot go live. {words}" for words in place(row.pk).connector.why_not_live()]
    except HubError as error:
        return [f"{row.name} could not be asked whether it is ready. {error.message} Run its connection test."]
