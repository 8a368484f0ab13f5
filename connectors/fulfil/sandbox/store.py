"""The tenant's tables: rows by id, references between them, and taking back what a refused request began."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from connectors.fulfil.sandbox import wire
from connectors.fulfil.sandbox.refusals import not_found, user_error
from connectors.fulfil.sandbox.schema import MODELS, Field
from connectors.fulfil.sandbox.switches import Switches
from connectors.sandboxkit import SandboxClock

Row = dict[str, Any]
Context = Mapping[str, Any]
Compute = Callable[["Store", Row, Context], Any]
Computing = TypeVar("Computing", bound=Compute)

COMPANY_ZONE = ZoneInfo("Europe/Stockholm")
_ABSENT: Mapping[str, Any] = {"bool": False, "m2m": [], "o2m": [], "dict": {}}


class Store:
    """Values are stored as Python has them: Decimal, float, naive datetime (UTC), ids, lists of ids, "model,id"."""

    def __init__(self, clock: SandboxClock) -> None:
        self.clock = clock
        self.tables: dict[str, dict[int, Row]] = {model: {} for model in MODELS}
        self.user_id = 1
        self.switches = Switches()
        self._ids: Counter[str] = Counter()
        self._numbers: Counter[str] = Counter()
        self._pointing: defaultdict[tuple[str, str, Any], set[int]] = defaultdict(set)  # (model, field, value) → ids
        self._before: list[tuple[str, int, Row | None]] = []

    # --- time and numbers -------------------------------------------------------------------------------------------
    def now(self) -> datetime:
        return wire.naive(self.clock.now())

    def today(self) -> date:
        """As the company's calendar has it, and every day that Fulfil writes down with no time."""
        return self.clock.now().astimezone(COMPANY_ZONE).date()

    def number(self, prefix: str) -> str:
        self._numbers[prefix] += 1
        return f"{prefix}{self._numbers[prefix]}"

    # --- rows -------------------------------------------------------------------------------------------------------
    def row(self, model: str, record_id: Any) -> Row:
        found = self.tables[model].get(record_id) if isinstance(record_id, int) else None
        if found is None:
            raise not_found(f"Record {record_id} of {model} does not exist")
        return found

    def insert(self, model: str, *, record_id: int | None = None, **values: Any) -> Row:
        self._ids[model] = max(self._ids[model] + 1, record_id or 0)
        row: Row = {"id": record_id or self._ids[model], "create_date": self.now(), "create_uid": self.user_id}
        for field in MODELS[model].values():
            row.setdefault(field.name, list(absent) if isinstance(absent := _ABSENT.get(field.kind), list) else absent)
        if "active" in MODELS[model]:
            row["active"] = True
        self._before.append((model, row["id"], None))
        self.tables[model][row["id"]] = row
        self._index(model, row, add=True)
        self._assign(model, row, values)
        return row

    def update(self, model: str, row: Row, **values: Any) -> None:
        self._before.append((model, row["id"], dict(row)))
        self._assign(model, row, values)
        row["write_date"], row["write_uid"] = self.now(), self.user_id

    def remove(self, model: str, row: Row) -> None:
        self._before.append((model, row["id"], dict(row)))
        self._index(model, row, add=False)
        del self.tables[model][row["id"]]

    def _assign(self, model: str, row: Row, values: Mapping[str, Any]) -> None:
        self._index(model, row, add=False)
        row.update(values)
        self._index(model, row, add=True)

    def pointing(self, model: str, field: str, value: Any) -> list[Row]:
        """Rows whose relation `field` holds `value`, oldest first."""
        return [self.tables[model][one] for one in sorted(self._pointing[model, field, value])]

    def select(self, model: str, **values: Any) -> list[Row]:
        return [
            row
            for row in self.tables[model].values()
            if all(row.get(name) == wanted for name, wanted in values.items())
        ]

    def _index(self, model: str, row: Row, *, add: bool) -> None:
        for field in MODELS[model].values():
            if field.kind in ("m2o", "ref") and not field.computed and row.get(field.name) is not None:
                ids = self._pointing[model, field.name, row[field.name]]
                ids.add(row["id"]) if add else ids.discard(row["id"])

    # --- one request is one transaction -----------------------------------------------------------------------------
    def begin(self) -> None:
        self._before.clear()

    def roll_back(self) -> None:
        for model, record_id, before in reversed(self._before):
            now = self.tables[model].pop(record_id, None)
            if now is not None:
                self._index(model, now, add=False)
            if before is not None:
                self.tables[model][record_id] = before
                self._index(model, before, add=True)
        self._before.clear()

    # --- reading ----------------------------------------------------------------------------------------------------
    def field(self, model: str, name: str) -> Field:
        found = MODELS[model].get(name)
        if found is None:
            raise user_error(f"Field “{name}” does not exist on “{model}”.")
        return found

    def value(self, model: str, row: Row, name: str, context: Context) -> Any:
        field = self.field(model, name)
        if field.kind == "o2m":
            return [found["id"] for found in self.pointing(field.target, field.inverse, row["id"])]
        if field.computed:
            return COMPUTED[model, name](self, row, context) if name != "rec_name" else self.rec_name(model, row)
        return row.get(name)

    def rec_name(self, model: str, row: Row) -> str:
        match model:
            case "product.product":
                template = self.tables["product.template"].get(row["template"]) or {}
                words = [template.get("name"), row.get("variant_name")]
                return f"[{row['code']}] {' - '.join(word for word in words if word)}"
            case "sale.sale":
                reference = f" ({row['reference']})" if row["reference"] else ""
                return f"{row['number'] or row['id']}{reference}"
            case "company.company":
                return self.rec_name("party.party", self.row("party.party", row["party"]))
            case "shipment.tracking":
                return str(row["tracking_number"])
        return str(row.get("name") or row.get("number") or row.get("code") or row["id"])

    def referred(self, reference: Any) -> tuple[str, Row] | None:
        """The model and row behind "sale.line,217937"."""
        model, _, number = str(reference or "").partition(",")
        row = self.tables.get(model, {}).get(int(number)) if number.isdigit() else None
        return None if row is None else (model, row)

    def follow(self, model: str, row: Row, name: str, context: Context) -> list[tuple[str, Row]]:
        """What one step along a relation leads to."""
        field, value = self.field(model, name), self.value(model, row, name, context)
        if field.kind == "ref":
            found = self.referred(value)
            return [] if found is None else [found]
        if field.kind not in ("m2o", "o2m", "m2m"):
            raise user_error(f"Field “{name}” of “{model}” is not a relation.")
        ids: Iterable[int] = value if isinstance(value, list) else [] if value is None else [value]
        table = self.tables[field.target]
        return [(field.target, table[one]) for one in ids if one in table]

    def read(self, model: str, row: Row, names: Iterable[str], context: Context) -> Row:
        """`id` and the asked fields; a dotted one is a flat key, and leads through relations to one record only."""
        return {"id": row["id"], **{name: self._dotted(model, row, name, context) for name in names}}

    def _dotted(self, model: str, row: Row, path: str, context: Context) -> Any:
        head, _, rest = path.partition(".")
        if not rest:
            return self.value(model, row, head, context)
        if self.field(model, head).kind in ("o2m", "m2m"):
            raise user_error(f"“{path}” leads through a list: ask the other model instead.")
        found = self.follow(model, row, head, context)
        return self._dotted(*found[0], rest, context) if found else None


COMPUTED: dict[tuple[str, str], Compute] = {}


def computed(model: str, *names: str) -> Callable[[Computing], Computing]:
    """Register what computes a field when it is read."""

    def register(compute: Computing) -> Computing:
        for name in names:
            COMPUTED[model, name] = compute
        return compute

    return register
