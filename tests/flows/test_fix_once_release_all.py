"""One missing fact is one case; putting it right releases everything that waits for it, once."""

from collections import Counter
from decimal import Decimal

import pytest

from connectors.models import AuditEntry
from exceptions_app.models import ExceptionCase
from integrationhub.sync import drain
from mappings_app.models import MappingVersion
from tests.flows.world import LANES, World

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_one_mapping_brings_sixty_orders_to_centra_once_and_leaves_ten_others(world: World) -> None:
    world.roomy()
    world.centra.set_stock("TEE-BLK-M", 1000)
    scarves = [world.sell(("NG-SCARF", 1, "19.90"), to="SHIPPING") for _ in range(60)]
    gloves = [world.sell(("NG-TEE-BLK-M", 1, "29.90"), ("NG-GLOVE", 1, "9.90"), to="SHIPPING") for _ in range(10)]
    world.poll()
    assert world.cases() == [("unmapped_sku", 10), ("unmapped_sku", 60)]
    case = ExceptionCase.objects.get(code="NG-SCARF")
    charged = sum((world.order(reference).total for reference in scarves), Decimal(0))
    assert (case.waiting_value, case.oldest_at is not None) == (charged, True)
    assert world.centra.orders == []

    world.map("sku", "NG-SCARF", "TEE-BLK-M")
    for _ in range(2):
        drain.drain(world.centra_row.pk, lanes=LANES, threads=4)
    assert Counter(order.status for order in world.centra.orders) == {"CONFIRMED": 60}
    assert {reference for reference in scarves if len(world.in_centra(reference)) == 1} == set(scarves)
    assert [world.in_centra(reference) for reference in gloves] == [[]] * 10
    assert world.cases() == [("unmapped_sku", 10)]
    version = MappingVersion.objects.get(from_code="NG-SCARF")
    audited = AuditEntry.objects.filter(subject_kind="mappingversion", subject_id=str(version.pk))
    assert [(entry.actor, entry.action) for entry in audited] == [("olivia", "mapping.saved")]
    used = {line.mapping_version_id for reference in scarves for line in world.order(reference).lines.all()}
    assert used == {version.pk}


def test_an_order_that_misses_three_codes_is_told_of_all_of_them_at_once(bare_world: World) -> None:
    bare_world.sell(("NG-TEE-BLK-M", 1, "29.90"), ("NG-SCARF", 1, "19.90"), to="SHIPPING")
    bare_world.poll()
    missing = ExceptionCase.objects.unresolved().order_by("cause", "code").values_list("cause", "code")
    assert list(missing) == [
        ("unmapped_market", "GB"),
        ("unmapped_shipping_service", "STD"),
        ("unmapped_sku", "NG-SCARF"),
        ("unmapped_sku", "NG-TEE-BLK-M"),
    ]
    assert bare_world.centra.journal.count("POST /order") == 0


def test_an_order_gets_the_mapping_that_held_when_it_was_sold_however_late_it_comes_in(world: World) -> None:
    waiting = world.sell(("NG-SCARF", 1, "19.90"), to="SHIPPING")
    world.poll()
    late = world.sell(("NG-SCARF", 1, "19.90"), to="SHIPPING", visible_after=600)
    world.map("sku", "NG-SCARF", "TEE-BLK-M")  # the first one speaks for all that was sold before, too
    world.work()
    world.advance(60)
    world.map("sku", "NG-SCARF", "TEE-BLK-L", effective_from=world.clock.now())
    world.advance(600)
    after = world.sell(("NG-SCARF", 1, "19.90"), to="SHIPPING")
    world.poll()
    bought = [[line.sku for line in world.in_centra(reference)[0].lines] for reference in (waiting, late, after)]
    assert bought == [["TEE-BLK-M"], ["TEE-BLK-M"], ["TEE-BLK-L"]]
    assert world.cases() == []
