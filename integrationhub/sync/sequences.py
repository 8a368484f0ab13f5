"""Numbers that a platform counts its deliveries by: a gap says that one never came.

Kept for each row of numbers as the highest one and those that are missing before it, so that nothing grows with what came.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from connectors import ports
from integrationhub.sync.models import Feed

REMEMBERED_HOURS = 24  # deliveries come out of order, but hardly later
WIDEST_GAP = 1_000  # a platform that is further ahead has begun to count anew
_PREFIX = "numbers:"
_NAME_LENGTH = 40


@dataclass
class _Seen:
    last: int | None = None
    missing: dict[int, datetime] = field(default_factory=dict)  # number → when it was missed

    @classmethod
    def decoded(cls, text: str) -> "_Seen":
        if not text:
            return cls()
        told = json.loads(text)
        missing = {int(number): datetime.fromisoformat(at) for number, at in told["missing"].items()}
        return cls(last=told["last"], missing=missing)

    def encoded(self) -> str:
        missing = {str(number): at.isoformat() for number, at in self.missing.items()}
        return json.dumps({"last": self.last, "missing": missing}, separators=(",", ":"))

    def take(self, number: int, *, now: datetime) -> int:
        """Count this one as come. Returns how many before it have not, of which nobody knew."""
        self.missing = {one: at for one, at in self._recent(now).items() if one != number}
        if self.last is None or abs(number - self.last) > WIDEST_GAP:
            self.last, self.missing = number, {}
            return 0
        fresh = range(self.last + 1, number)
        self.missing.update(dict.fromkeys(fresh, now))
        self.last = max(self.last, number)
        return len(fresh)

    def _recent(self, now: datetime) -> dict[int, datetime]:
        oldest = now - timedelta(hours=REMEMBERED_HOURS)
        return {number: at for number, at in self.missing.items() if at > oldest}


def take(connection_id: int, name: str, number: int) -> int:
    """A delivery of this number has come. Returns how many numbers before it have not and were not known to be missing.

    One that comes late, or twice, makes no gap.
    """
    with transaction.atomic():
        row, _ = Feed.objects.get_or_create(connection_id=connection_id, name=f"{_PREFIX}{name}"[:_NAME_LENGTH])
        row = Feed.objects.select_for_update().get(pk=row.pk)
        seen = _Seen.decoded(row.next_token)
        lost = seen.take(number, now=ports.now())
        row.next_token, row.last_read_at = seen.encoded(), ports.now()
        row.save(update_fields=["next_token", "last_read_at"])
    return lost


def missing(connection_id: int) -> int:
    """How many numbers of the last day have still not come."""
    rows = Feed.objects.filter(connection_id=connection_id, name__startswith=_PREFIX)
    oldest = ports.now() - timedelta(hours=REMEMBERED_HOURS)
    seen = (_Seen.decoded(text) for text in rows.values_list("next_token", flat=True))
    return sum(at > oldest for one in seen for at in one.missing.values())
