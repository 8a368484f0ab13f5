"""Marketplacer's one endpoint: key, three layers of errors, paging. Answers come back as Marketplacer sent them.

Layer one is HTTP, layer two GraphQL `errors` in a 200, layer three `errors` in a mutation's payload, which stay in the
answer since only whoever asked knows whether a refusal matters. HTTP 200 alone says nothing.
Source: D:seller-api/overview, D:graphql/overview, D:webhooks/errorsfaults.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.base import Account
from connectors.canonical.errors import ConfigurationError, HubError, PermanentError
from connectors.canonical.payload import JSON
from connectors.http import Gate, HostRule, Http, Response
from connectors.marketplacer.account import READS, WRITES, key_headers
from connectors.marketplacer.documents import EVERYTHING, READ_SCHEMA, Absent, Document
from connectors.marketplacer.refusals import absence, graphql_error, kind_of, refusal
from connectors.redaction import Redaction

_log = logging.getLogger(__name__)

GRAPHQL_PATH = "/graphql"
MAX_PAGES = 2000  # of one list read to its end


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What became of the aliased fields of one document."""

    data: Mapping[str, JSON]
    errors: Mapping[str, str]  # alias → their words, where the field itself failed


class Absences:
    """Which fields an instance was found to lack. Safe to share: sets are replaced, never changed."""

    def __init__(self) -> None:
        self._known: dict[str, Absent] = {}

    def of(self, instance: str) -> Absent:
        return self._known.get(instance, EVERYTHING)

    def learn(self, instance: str, names: Absent) -> None:
        self._known[instance] = self.of(instance) | names


# Clients live for a slice of work; what an instance lacks is known for as long as the worker lives.
_ABSENCES = Absences()


def instance_url(account: Account) -> str:
    """Some addresses are written down with /graphql at the end."""
    return account.base_url.rstrip("/").removesuffix(GRAPHQL_PATH)


class MarketplacerClient:
    """One account's calls. Safe to share between threads."""

    def __init__(self, account: Account, *, gate: Gate, absences: Absences | None = None) -> None:
        self._instance = instance_url(account)
        self._absences = absences or _ABSENCES
        self._has_key = bool(account.credentials.get("api_key"))
        # Most refusals come in a 200, whose words Http does not see: they are masked here.
        self._redact = Redaction(secrets=tuple(filter(None, account.credentials.values())))
        self._http = Http(
            base_url=self._instance,
            gate=gate,
            name="Marketplacer",
            headers=key_headers(account),
            redact=self._redact,
            allow=HostRule(allow_loopback=account.settings.get("sandbox") is True),
            refusal=refusal,
        )

    @property
    def absent(self) -> Absent:
        return self._absences.of(self._instance)

    def execute(self, document: Document, variables: Mapping[str, JSON] | None = None) -> Mapping[str, JSON]:
        """Send one document and return its `data`, payload errors included.

        A field that the instance turns out to lack is left out from then on: validation comes before execution, so
        nothing was done by the first try.
        """
        response, body, errors = self._ask(document, variables)
        if errors:
            raise self._masked(graphql_error(errors, document=document))
        return _data(response, body)

    def execute_parts(self, document: Document, variables: Mapping[str, JSON]) -> Parts:
        """Send aliased mutations. Raises when the whole was refused, or the outcome of any part is open."""
        response, body, errors = self._ask(document, variables)
        single = [error for error in errors if _alias(error) is not None and kind_of(error, write=True) == "request"]
        if len(single) < len(errors):
            raise self._masked(graphql_error(errors, document=document))
        said = {str(_alias(error)): self._redact.words(str(error.get("message", ""))) for error in single}
        return Parts(data=_data(response, body), errors=said)

    def nodes(self, document: Document, root: str, variables: Mapping[str, JSON]) -> Iterator[JSON]:
        """Every node of a connection, page by page. Raises PermanentError for a list that does not move on."""
        after: str | None = None
        for _ in range(MAX_PAGES):
            page = self.page(document, root, {**variables, "after": after})
            yield from rows_of(page)
            following = next_cursor(page)
            if following is None:
                return
            if following == after:
                break
            after = following
        raise PermanentError(f"Marketplacer's list of {root} does not end. It is read again later.", code="paging")

    def page(self, document: Document, root: str, variables: Mapping[str, JSON]) -> JSON:
        """One page of a connection. A missing connection is an answer that cannot be read, never an empty list."""
        response, body, errors = self._ask(document, variables)
        if errors:
            raise self._masked(graphql_error(errors, document=document))
        page = _data(response, body).get(root)
        if not isinstance(page, dict) or not isinstance(page.get("nodes"), list):
            raise response.unreadable(f"it has no list of {root}")
        return page

    def read_schema(self) -> Mapping[str, JSON]:
        """The types that the hub relies on, by introspection."""
        return self.execute(READ_SCHEMA)

    def learn_absent(self, names: Absent) -> None:
        self._absences.learn(self._instance, names)

    def words(self, text: str) -> str:
        """Their words without what must not be kept."""
        return self._redact.words(text)

    # --- one call -----------------------------------------------------------------------------------------------------
    def _ask(
        self, document: Document, variables: Mapping[str, JSON] | None
    ) -> tuple[Response, dict[str, JSON], list[dict[str, JSON]]]:
        while True:
            absent = self.absent
            response, body = self._post(document, document.text(absent), variables)
            errors = _errors(body)
            missing = frozenset(filter(None, map(absence, errors)))
            if missing - absent:
                _log.warning("Marketplacer at %s lacks %s", self._instance, ", ".join(sorted(missing)))
                self.learn_absent(missing)
            if document.text(absent | missing) == document.text(absent):
                return response, body, errors

    def _post(
        self, document: Document, text: str, variables: Mapping[str, JSON] | None
    ) -> tuple[Response, dict[str, JSON]]:
        if not self._has_key:
            raise ConfigurationError("No API key is set on this Marketplacer connection.", code="no_key")
        response = self._http.request(
            "POST",
            GRAPHQL_PATH,
            operation=document.operation,
            write=document.write,
            json={"query": text, "variables": dict(variables or {}), "operationName": document.name},
            costs={WRITES if document.write else READS: 1},
        )
        body = response.json()
        if not isinstance(body, dict):
            raise response.unreadable("it is not an object")
        return response, body

    def _masked(self, error: HubError) -> HubError:
        error.platform_words = self._redact.words(error.platform_words)
        return error


def _errors(body: Mapping[str, JSON]) -> list[dict[str, JSON]]:
    found = body.get("errors")
    if not found:
        return []
    listed = found if isinstance(found, list) else [found]
    return [error if isinstance(error, dict) else {"message": str(error)} for error in listed]


def _data(response: Response, body: Mapping[str, JSON]) -> Mapping[str, JSON]:
    data = body.get("data")
    if not isinstance(data, dict):
        raise response.unreadable("it has neither data nor errors")
    return data


def _alias(error: Mapping[str, JSON]) -> str | None:
    path = error.get("path")
    return path[0] if isinstance(path, list) and len(path) == 1 and isinstance(path[0], str) else None


def rows_of(page: JSON) -> Sequence[JSON]:
    return [row for row in page["nodes"] if row is not None]


def next_cursor(page: JSON) -> str | None:
    info = page.get("pageInfo")
    more = isinstance(info, dict) and info.get("hasNextPage") is True
    return info["endCursor"] if more and isinstance(info.get("endCursor"), str) else None
