"""What a cause's words may draw on. Plain values: words are made from facts, never from models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.html import format_html
from django.utils.safestring import SafeString

from connectors.canonical.money import Money, parse_amount
from exceptions_app import deadlines
from exceptions_app.words import counted, listed

SOMEWHERE = "the other side"
SOME_CHANNEL = "the marketplace"


@dataclass(frozen=True, kw_only=True)
class Party:
    """A connection as people know it."""

    name: str  # "Northgate"
    platform: str  # "Mirakl"

    def __str__(self) -> str:
        return self.name if self.name == self.platform else f"{self.name} ({self.platform})"


@dataclass(frozen=True, kw_only=True)
class Facts:
    count: int  # records that wait; 0 when nothing waits, or nothing was rolled up yet
    code: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    channels: Sequence[Party] = ()
    target: Party | None = None
    brand: str = ""
    deadline: datetime | None = None
    now: datetime
    zone: ZoneInfo

    # --- who ---
    @property
    def channel(self) -> str:
        """ "Northgate", or "Northgate and Harbour & Co"."""
        return listed(party.name for party in self.channels) or self.text("marketplace", SOME_CHANNEL)

    @property
    def channel_with_platform(self) -> str:
        return listed(str(party) for party in self.channels) or self.channel

    @property
    def target_name(self) -> str:
        return self.target.name if self.target else self.text("target", SOMEWHERE)

    @property
    def target_platform(self) -> str:
        return self.target.platform if self.target else self.target_name

    def channels_do(self, one: str, many: str) -> str:
        """The verb that goes with the channels: "sells" for one, "sell" for several."""
        return many if len(self.channels) > 1 else one

    # --- how many ---
    def some(self, one: str, many: str) -> str:
        """ "1 order", "37 orders"; "Orders" when nothing was counted yet, to begin a sentence with."""
        return counted(self.count, one, many) if self.count else many[:1].upper() + many[1:]

    def do(self, one: str, many: str) -> str:
        """The verb that goes with `some`."""
        return one if self.count == 1 else many

    def waiting(self, one: str = "order", many: str = "orders") -> str:
        """ "37 orders wait: ", to begin a sentence with; "" when nothing was counted yet."""
        return f"{counted(self.count, one, many)} {self.do('waits', 'wait')}: " if self.count else ""

    # --- what ---
    def text(self, key: str, default: str = "") -> str:
        value = self.context.get(key)
        return default if value in (None, "") else str(value)

    def integer(self, key: str) -> int:
        """The number in the context, 0 where there is none."""
        value = self.context.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    def texts(self, key: str) -> list[str]:
        """The texts in the context; of things with a message, the messages."""
        value = self.context.get(key)
        items = value if isinstance(value, list | tuple) else []
        return [str(item.get("message", "")) if isinstance(item, Mapping) else str(item) for item in items]

    def money(self, key: str) -> Money | None:
        """An amount that `stored` put into the context, or None."""
        value = self.context.get(key)
        if not isinstance(value, Mapping):
            return None
        try:
            return Money(parse_amount(value.get("amount")), str(value.get("currency")))
        except ValueError:
            return None

    # --- when ---
    @property
    def deadline_time(self) -> str:
        """ "14:20", "tomorrow 09:00"; "" without a deadline."""
        return deadlines.clock(self.deadline, self.now, self.zone) if self.deadline else ""

    @property
    def deadline_away(self) -> str:
        return deadlines.away(self.deadline, self.now) if self.deadline else ""

    @property
    def when_time_is_up(self) -> str:
        """ "after 14:20 (in 2 h 05 min)", to end a sentence with what the marketplace then does."""
        return f"after {self.deadline_time} ({self.deadline_away})" if self.deadline else "when the time is up"

    def fill(self, template: str) -> SafeString:
        """Put the facts that any template may name into it, escaped."""
        slots = {
            "brand": self.brand,
            "channel": self.channel,
            "target": self.target_name,
            "platform": self.target_platform,
            "code": self.code,
            "when": self.when_time_is_up,
        }
        return begun(format_html(template, **slots))


def begun(sentence: SafeString) -> SafeString:
    """The sentence with a capital at its beginning, where one of our own stand-ins came to stand there."""
    for standin in (SOMEWHERE, SOME_CHANNEL):
        if sentence.startswith(standin):
            return SafeString(standin[0].upper() + sentence[1:])  # a slice of what is safe, and a letter
    return sentence


def stored(amount: Money) -> dict[str, str]:
    """An amount as a case's context keeps it; `Facts.money` reads it."""
    return {"amount": str(amount.amount), "currency": amount.currency}
