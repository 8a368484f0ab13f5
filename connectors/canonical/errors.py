"""The error families. One per different action of the engine; nothing else may be raised on purpose by a connector."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


class HubError(Exception):
    """Base of the families. `message` is for the operator: what, which record, what to do next."""

    def __init__(self, message: str, *, platform_words: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.platform_words = platform_words  # the platform's own text, quoted to the operator and marked as such
        self.code = code  # the platform's or our machine code, where there is one; groups cases


class TransientError(HubError):
    """Nothing was done at the platform; the same call may be made again, not before `retry_at`."""

    def __init__(
        self, message: str, *, retry_at: datetime | None = None, platform_words: str = "", code: str = ""
    ) -> None:
        super().__init__(message, platform_words=platform_words, code=code)
        self.retry_at = retry_at


class UnknownOutcomeError(HubError):
    """A write was sent and no certain answer came: look it up at the target before anything else."""


class PermanentError(HubError):
    """The platform refused and will again; `subject` names what it refused (an order, a carrier code)."""

    def __init__(self, message: str, *, subject: str = "", platform_words: str = "", code: str = "") -> None:
        super().__init__(message, platform_words=platform_words, code=code)
        self.subject = subject


class ConfigurationError(HubError):
    """The connection (401) or one operation of it (403, missing scope, feature absent) cannot work until someone acts.

    `operation` is "" when the whole connection is refused, else the operation that is.
    """

    def __init__(self, message: str, *, operation: str = "", platform_words: str = "", code: str = "") -> None:
        super().__init__(message, platform_words=platform_words, code=code)
        self.operation = operation


@dataclass(frozen=True, kw_only=True)
class MissingMapping:
    kind: str  # a mapping kind: "sku", "carrier", "shipping_service", "market", ...
    code: str  # the code that has no row, exactly as it was seen
    label: str = ""  # what the source calls it, to help a person choose: "Wool coat, black, M"
    gtin: str = ""  # where the source gave one: the best suggestion there is


def _as_said(kind: str) -> str:
    return "SKU" if kind == "sku" else kind.replace("_", " ")


class MappingError(HubError):
    """Codes with no mapping row, all of them at once."""

    def __init__(self, missing: Sequence[MissingMapping]) -> None:
        self.missing = tuple(missing)
        codes = ", ".join(f"{_as_said(item.kind)} {item.code}" for item in self.missing)
        super().__init__(f"No mapping for {codes}.", code="unmapped")


@dataclass(frozen=True, kw_only=True)
class Problem:
    field: str  # the payload's own path: "order_lines[0].price"
    message: str  # a full sentence
    record: str = ""  # the record's identifier, where known


class DataError(HubError):
    """A payload that breaks our invariants; names every field at fault, not only the first."""

    def __init__(self, problems: Sequence[Problem], *, record: str = "") -> None:
        self.problems = tuple(problems)
        self.record = record
        detail = "; ".join(f"{problem.field}: {problem.message}" for problem in self.problems)
        super().__init__(f"{record or 'The record'} cannot be read. {detail}", code="unreadable")
