"""One merchant's tenant: its records, its switches, and the changes of stock it tells of."""

from typing import Any

from connectors.fulfil.sandbox.refusals import not_found, user_error
from connectors.fulfil.sandbox.store import Row, Store
from connectors.fulfil.sandbox.webhooks import Webhooks
from connectors.sandboxkit import SandboxClock


class Tenant(Store):
    def __init__(self, clock: SandboxClock) -> None:
        super().__init__(clock)
        self.webhooks = Webhooks(clock)

    def rows(self, model: str, ids: Any) -> list[Row]:
        """The records a method was called for: one id, a list of ids, or a list of lists of them."""
        if isinstance(ids, int):
            return [self.row(model, ids)]
        if not isinstance(ids, list):
            raise not_found(f"Record {ids} of {model} does not exist")
        return [row for one in ids for row in self.rows(model, one)]

    def only(self, model: str, **values: Any) -> Row | None:
        return next(iter(self.select(model, **values)), None)

    def named(self, model: str, row: Row) -> str:
        return f"{model},{row['id']}"

    def product(self, sku: str) -> Row:
        found = self.only("product.product", code=sku)
        if found is None or not found["active"]:
            raise user_error(f"Product with code {sku} not found")
        return found


def require_state(row: Row, states: tuple[str, ...], what: str) -> None:
    if row["state"] not in states:
        raise user_error(f"{what} {row['number'] or row['id']} is in state {row['state']}, so this cannot be done.")
