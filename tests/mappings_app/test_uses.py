"""What mappings shaped is let go of by age, some thousands at a time."""

from datetime import timedelta

import pytest

from connectors import ports
from connectors.models import Brand
from integrationhub.sync import sweep
from mappings_app import uses
from mappings_app.models import MappingUse
from mappings_app.saving import save_mapping
from mappings_app.uses import Use, keep_uses, prune_uses


@pytest.fixture
def aged(brand: Brand) -> None:
    """A record that was shaped 401 days ago, one 400 days ago, one today."""
    version = save_mapping(kind="sku", brand=brand, from_code="A", to_code="a", actor="alice")
    days = {"old": 401, "edge": 400, "new": 0}
    keep_uses(
        [
            Use(version_id=version.pk, record=name, used_at=ports.now() - timedelta(days=ago))
            for name, ago in days.items()
        ]
    )


def kept() -> list[str]:
    return sorted(MappingUse.objects.values_list("record", flat=True))


def test_what_is_older_than_it_is_kept_is_let_go(aged: None) -> None:
    assert (prune_uses(keep_days=400), kept()) == (1, ["edge", "new"])
    assert (prune_uses(keep_days=400), kept()) == (0, ["edge", "new"])


def test_zero_days_keeps_everything(aged: None) -> None:
    assert (prune_uses(keep_days=0), kept()) == (0, ["edge", "new", "old"])


def test_the_oldest_go_first_some_at_a_time(aged: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "PRUNED_AT_ONCE", 1)
    assert (prune_uses(keep_days=1), kept()) == (1, ["edge", "new"])
    assert (prune_uses(keep_days=1), kept()) == (1, ["new"])


def test_the_scheduler_does_it_with_its_other_chores(aged: None) -> None:
    sweep.keep_house()
    assert kept() == ["edge", "new"]
