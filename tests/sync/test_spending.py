from datetime import timedelta

import pytest

from connectors import ports
from connectors.models import Link
from integrationhub.sync.models import SyncCall
from integrationhub.sync.spending import spent_since


@pytest.mark.django_db
def test_what_was_spent_is_read_from_the_recorded_calls_of_the_same_budget(
    link: Link, virtual_clock: ports.VirtualClock
) -> None:
    for place, minutes, costs in (
        (link.target, 5, {"requests": 1, "mutations": 2}),
        (link.target, 90, {"requests": 1}),
        (link.source, 5, {"OR11": 1}),
    ):
        SyncCall.objects.create(
            connection=place,
            operation="x",
            write=False,
            method="POST",
            url="/",
            started_at=virtual_clock.now() - timedelta(minutes=minutes),
            seconds=0.1,
            costs=costs,
        )
    told = list(spent_since("centra:http://127.0.0.1:9", virtual_clock.now() - timedelta(hours=1)))
    at = virtual_clock.now() - timedelta(minutes=5)
    assert sorted(told) == [("mutations", at, 2), ("requests", at, 1)]
