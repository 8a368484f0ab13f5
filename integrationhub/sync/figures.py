"""Rolling up what pages show as pictures: how many jobs each flow finished in each hour."""

from datetime import timedelta

from django.db import connection

from connectors import ports
from integrationhub.sync.models import FlowHour

KEPT = timedelta(days=14)
_FIRST_LOOK = timedelta(hours=24)
# Jobs that finish just before the hour may commit just after it.
_LATE_COMMITS = timedelta(minutes=5)

_ROLL_UP = """
INSERT INTO sync_flowhour (schedule_id, hour, finished)
SELECT j.schedule_id, date_trunc('hour', j.finished_at, 'UTC'), count(*)
FROM sync_syncjob j
WHERE j.finished_at >= %s
GROUP BY 1, 2
ON CONFLICT (schedule_id, hour) DO UPDATE SET finished = excluded.finished
WHERE sync_flowhour.finished IS DISTINCT FROM excluded.finished
"""


def roll_up_hours() -> None:
    """Count the current hour afresh, and the one before where jobs may still have come in. Old hours are let go."""
    now = ports.now()
    last = FlowHour.objects.order_by("-hour").values_list("hour", flat=True).first()
    since = min(last, now - _LATE_COMMITS) if last else now - _FIRST_LOOK
    since = max(since, now - _FIRST_LOOK).replace(minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(_ROLL_UP, [since])
    FlowHour.objects.filter(hour__lt=now - KEPT).delete()
