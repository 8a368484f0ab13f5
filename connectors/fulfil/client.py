"""Fulfil's Model API v2: paths, key, typed arguments, paging. Answers come back as Fulfil sent them.

Every method call is a PUT with positional arguments; so only its name tells a read from a write. `search_read` gives at
most 500 rows and does not say when there are more: everything longer is read in steps by id.
Source: the platform reference of this project, sections 2 to 5 and 14.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors import ports
from connectors.base import Account
from connectors.bodies import encode_json
from connectors.canonical.errors import HubError, TransientError, UnknownOutcomeError
from connectors.canonical.payload import JSON
from connectors.fulfil.account import whole_setting
from connectors.fulfil.refusals import refusal, words
from connectors.fulfil.typedjson import encode
from connectors.http import Gate, HostRule, Http, Response
from connectors.redaction import Redaction

HOSTS = ("fulfil.io", "fulfil.app")
MOST_ROWS = 500  # of search_read: more are left out without a word
MOST_STEPS = 400
POLLS, POLL_SECONDS = 5, 1
READS = frozenset({"search", "read", "search_read", "search_count", "get_product_inventory", "get_preferences"})

Domain = Sequence[Any]


class FulfilClient:
    def __init__(self, account: Account, *, gate: Gate) -> None:
        key = account.credentials.get("api_key", "")
        bearer = account.settings.get("key_kind") == "bearer"
        company = whole_setting(account, "company_id")
        self._context: dict[str, JSON] = {} if company is None else {"company": company}
        self._http = Http(
            base_url=account.base_url,
            gate=gate,
            name="Fulfil",
            headers={"Authorization": f"Bearer {key}"} if bearer else {"X-API-KEY": key},
            redact=Redaction(secrets=tuple(filter(None, account.credentials.values()))),
            allow=HostRule(suffixes=HOSTS, allow_loopback=account.settings.get("sandbox") is True),
            refusal=refusal,
            words=words,
        )

    # --- reading --------------------------------------------------------------------------------------------------
    def search_read(
        self,
        model: str,
        domain: Domain,
        fields: Sequence[str],
        *,
        limit: int,
        order: Sequence[Sequence[str]] = (("id", "ASC"),),
        context: Mapping[str, JSON] | None = None,
    ) -> list[dict[str, JSON]]:
        """One page of at most 500 rows, in an order that is always named."""
        if not 0 < limit <= MOST_ROWS:
            raise ValueError(f"search_read gives at most {MOST_ROWS} rows, not {limit}.")
        arguments = [domain, 0, limit, order, fields]
        rows: list[dict[str, JSON]] = self.call(model, "search_read", arguments, context=context, rows=True)
        return rows

    def search_read_all(
        self, model: str, domain: Domain, fields: Sequence[str], *, context: Mapping[str, JSON] | None = None
    ) -> list[dict[str, JSON]]:
        """Every row, in steps by id: rows that come or go meanwhile shift nothing."""
        found: list[dict[str, JSON]] = []
        last = 0
        for _ in range(MOST_STEPS):
            rows = self.search_read(model, [*domain, ["id", ">", last]], fields, limit=MOST_ROWS, context=context)
            found += rows
            if len(rows) < MOST_ROWS:
                return found
            last = rows[-1]["id"]
        raise TransientError(f"Fulfil has more rows of {model} than the hub reads at once.", code="too_many_rows")

    # --- calling --------------------------------------------------------------------------------------------------
    def call(
        self,
        model: str,
        method: str,
        arguments: Sequence[Any],
        *,
        context: Mapping[str, JSON] | None = None,
        record: int | None = None,
        rows: bool = False,
    ) -> JSON:
        """PUT /model/{model}/{method} with positional arguments; with `record`, that record's own method.

        With `rows`, the answer must be a list of objects.
        """
        place = model if record is None else f"{model}/{record}"
        response = self._http.request(
            "PUT",
            f"/api/v2/model/{place}/{method}",
            operation=f"{model}/{method}",
            write=method not in READS,
            params=self._parameters(context),
            json=encode(list(arguments)),
            costs={"requests": 1},
        )
        result = self._result(response)
        if rows and not (isinstance(result, list) and all(isinstance(row, dict) for row in result)):
            raise response.unreadable("it is not a list of records")
        return result

    def _parameters(self, context: Mapping[str, JSON] | None) -> dict[str, str]:
        whole = {**self._context, **(context or {})}
        return {"context": encode_json(whole).decode()} if whole else {}

    def _result(self, response: Response) -> JSON:
        """The answer's JSON. Any method may answer that the result comes later: then it is asked for."""
        answer = response.json()
        if not isinstance(answer, dict) or answer.get("__class__") != "AsyncResult":
            return answer
        text = f"Fulfil put {response.operation} off and has not said what came of it."
        try:
            found, result = self._awaited([answer.get("task_id"), answer.get("token")])
        except HubError as error:
            # The call itself was taken; that it cannot be asked about says nothing of what it did.
            if response.write:
                raise UnknownOutcomeError(text, platform_words=error.platform_words, code="deferred") from error
            raise
        if found:
            return result
        raise UnknownOutcomeError(text, code="deferred") if response.write else TransientError(text, code="deferred")

    def _awaited(self, task: list[JSON]) -> tuple[bool, JSON]:
        for _ in range(POLLS):
            state = self._task(task)
            if state.get("state") == "SUCCESS":
                return True, state.get("result")
            if state.get("state") == "FAILURE" or "error" in state:
                break
            ports.sleep(POLL_SECONDS)
        return False, None

    def _task(self, task: list[JSON]) -> dict[str, JSON]:
        response = self._http.request(
            "POST",
            "/api/v2/async-result",
            operation="async-result",
            write=False,
            json={"tasks": [task]},
            costs={"requests": 1},
        )
        body = response.json()
        tasks = body.get("tasks") if isinstance(body, dict) else None
        if not isinstance(tasks, list) or not tasks or not isinstance(tasks[0], dict):
            raise response.unreadable("it names no task")
        return tasks[0]
