"""What a timeline is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class CallRow:
    """One request to a platform; its bodies are fetched when it is unfolded."""

    id: int
    title: str
    seconds: float
    tone: str


@dataclass(frozen=True, kw_only=True)
class Reference:
    text: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    at: datetime
    who: str  # a connection's name, a person, or the hub
    text: str
    detail: str = ""
    tone: str = ""  # good | warn | bad | ""
    until: datetime | None = None
    references: Sequence[Reference] = ()
    calls: Sequence[CallRow] = ()
    record_id: int | None = None  # what was received, for whoever may read it
