import pytest

from connectors import ports
from connectors.models import Link
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import plain
from integrationhub.sync.counters import count
from integrationhub.sync.standing import REFUSED_WEBHOOKS_TOLD, tell_of_refused_webhooks

pytestmark = pytest.mark.django_db


def test_a_wave_of_forged_webhooks_is_one_case(link: Link, virtual_clock: ports.VirtualClock) -> None:
    count("webhooks_refused", link.target_id, by=REFUSED_WEBHOOKS_TOLD)
    tell_of_refused_webhooks()
    count("webhooks_refused", link.target_id, by=5)
    tell_of_refused_webhooks()
    case = ExceptionCase.objects.get()
    assert plain(case) == (
        f"{REFUSED_WEBHOOKS_TOLD + 5} messages in the name of Centra were turned away in the last hour: "
        "the signature is wrong."
    )


def test_a_single_forged_webhook_is_noise(link: Link, virtual_clock: ports.VirtualClock) -> None:
    count("webhooks_refused", link.target_id)
    tell_of_refused_webhooks()
    assert ExceptionCase.objects.count() == 0
