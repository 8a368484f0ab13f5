"""Once a working day, when it begins: what is open, by brand. No letter where nothing is."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage

from connectors import ports
from connectors.models import Brand, RoleGrant
from exceptions_app import letters
from exceptions_app.models import DigestDay, ExceptionCase
from exceptions_app.words import counted


def send_digests() -> int:
    """Send what is due, once for each brand and day, whoever looks. Returns how many letters left."""
    if not settings.CASE_DIGEST_BY_EMAIL:
        return 0
    now = ports.now()
    due = [brand for brand in Brand.objects.all() if _begun(brand, now) and _claim(brand, now)]
    written = [digest for brand in due if (digest := digest_of(brand)) is not None]
    return len(written) if letters.send(written) else 0


def digest_of(brand: Brand) -> EmailMessage | None:
    """What everybody at the brand is told of its open cases; None when there are none, or nobody to tell."""
    waiting = ExceptionCase.objects.filter(brand=brand, state=ExceptionCase.State.OPEN)
    count = waiting.count()
    to = letters.addresses(brand, [role for role in RoleGrant.Role.values if role != RoleGrant.Role.VIEWER])
    if not count or not to:
        return None
    cases = list(waiting.with_words().in_queue_order()[: letters.NAMED_AT_MOST])
    late = waiting.overdue(ports.now()).count()
    told = counted(count, "open case", "open cases")
    return letters.letter(
        f"{brand}: {told}",
        f"{told}{f', {late} past the target of the team' if late else ''}. The most urgent first:",
        cases,
        to=to,
        count=count,
        where="Cases",
        page=letters.CASES,
    )


def _begun(brand: Brand, now: datetime) -> bool:
    """Whether it is a working day there, and has begun."""
    there = now.astimezone(ZoneInfo(brand.timezone))
    return str(there.isoweekday()) in brand.working_days and there.time() >= brand.working_from


def _claim(brand: Brand, now: datetime) -> bool:
    """One letter a day: whoever writes the row sends it. A row that is written and not sent is a letter less, never two."""
    day = now.astimezone(ZoneInfo(brand.timezone)).date()
    _, mine = DigestDay.objects.get_or_create(brand=brand, defaults={"day": day})
    return mine or DigestDay.objects.filter(brand=brand, day__lt=day).update(day=day) == 1
