"""The audit trail's chain: sealed once, in the order of sealing, and every way of tampering shows."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from connectors import ports, sealing
from connectors.models import AuditEntry, AuditHead, Brand, record_audit
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def brand(db: None, virtual_clock: ports.VirtualClock) -> Brand:
    return factories.make_brand()


@pytest.fixture
def trail(brand: Brand) -> list[int]:
    """Ten sealed entries; their ids."""
    ids = [entry(brand, number).pk for number in range(10)]
    assert sealing.seal() == 10
    return ids


def entry(brand: Brand, number: int) -> AuditEntry:
    before, after = {"mode": "Live", "share": 0.1}, {"mode": "Held", "number": number, "name": "Åsa – £5"}
    return record_audit(
        actor="adam", action="sync.mode_changed", subject=brand, brand=brand, before=before, after=after, reason="Test"
    )


@contextmanager
def tampering() -> Iterator[Any]:
    """What somebody could do who owns the database: the triggers are out of the way."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE connectors_auditentry DISABLE TRIGGER append_only")
        yield cursor
        cursor.execute("ALTER TABLE connectors_auditentry ENABLE TRIGGER append_only")


def test_entries_are_inserted_unsealed_and_chained_by_the_sealer(trail: list[int]) -> None:
    rows = list(AuditEntry.objects.order_by("pk").values_list("position", "seal"))
    assert [position for position, _ in rows] == list(range(1, 11))
    assert len({seal for _, seal in rows}) == 10
    head = AuditHead.objects.get()
    assert (head.position, head.seal) == rows[-1]
    assert sealing.verify() == sealing.Checked(position=10, seal=head.seal)
    assert sealing.seal() == 0


def test_an_entry_that_committed_late_is_sealed_behind_those_that_were_first(brand: Brand, trail: list[int]) -> None:
    """Ids are given out before commits: position is the order of sealing, not of ids."""
    late = AuditEntry.objects.create(id=1_000_000, actor="x", action="y", subject_kind="z", subject_id="1", subject="z")
    assert late.position is None
    sealing.seal()
    early_id = entry(brand, 11)
    sealing.seal()
    late.refresh_from_db()
    early_id.refresh_from_db()
    assert (late.position, early_id.position) == (11, 12)
    assert late.pk > early_id.pk
    assert sealing.verify().finding is None


CHANGES = {
    "another reason": "UPDATE connectors_auditentry SET reason = 'Other' WHERE id = %s",
    "another person": "UPDATE connectors_auditentry SET actor = 'eve' WHERE id = %s",
    "another moment": "UPDATE connectors_auditentry SET at = at + interval '1 second' WHERE id = %s",
    "another value": 'UPDATE connectors_auditentry SET after = \'{"mode": "Live"}\' WHERE id = %s',
    "another seal": "UPDATE connectors_auditentry SET seal = repeat('0', 64) WHERE id = %s",
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_a_changed_entry_is_named(trail: list[int], change: str) -> None:
    with tampering() as cursor:
        cursor.execute(CHANGES[change], [trail[4]])
    found = sealing.verify()
    assert found.finding is not None
    assert (found.position, found.finding.entry_id, found.finding.position) == (4, trail[4], 5)
    assert found.finding.problem.startswith(f"Entry {trail[4]} (position 5) is not what was sealed")


def test_a_removed_entry_is_named_by_its_place(trail: list[int]) -> None:
    with tampering() as cursor:
        cursor.execute("DELETE FROM connectors_auditentry WHERE id = %s", [trail[4]])
    found = sealing.verify().finding
    assert found is not None
    assert (found.entry_id, found.position) == (None, 5)
    assert f"the next one there is, entry {trail[5]}, stands at 6" in found.problem


def test_entries_cut_off_at_the_end_are_missed(trail: list[int]) -> None:
    with tampering() as cursor:
        cursor.execute("DELETE FROM connectors_auditentry WHERE position > 8")
    found = sealing.verify().finding
    assert found is not None
    assert (found.position, found.problem) == (9, "The entry at position 9 is gone: the chain should go on to 10.")


def test_a_chain_that_was_cut_with_its_head_does_not_meet_the_head_that_was_kept(trail: list[int]) -> None:
    kept = AuditHead.objects.get()
    eight = AuditEntry.objects.get(position=8)
    with tampering() as cursor:
        cursor.execute("DELETE FROM connectors_auditentry WHERE position > 8")
    AuditHead.objects.update(position=8, seal=eight.seal)
    assert sealing.verify().finding is None
    found = sealing.verify(expected=(kept.position, kept.seal)).finding
    assert found is not None
    assert found.problem == "The chain ends at entry 8, before the head that was kept: entries were cut off."


def test_a_chain_that_was_rewritten_whole_does_not_meet_the_head_that_was_kept(trail: list[int]) -> None:
    kept = AuditHead.objects.get()
    with tampering() as cursor:
        cursor.execute("UPDATE connectors_auditentry SET position = NULL, seal = '', sealed_at = NULL")
        cursor.execute("UPDATE connectors_auditentry SET reason = 'Other' WHERE id = %s", [trail[0]])
    AuditHead.objects.all().delete()
    sealing.seal()
    assert sealing.verify().finding is None
    found = sealing.verify(expected=(kept.position, kept.seal)).finding
    assert found is not None
    assert (found.entry_id, found.position) == (trail[9], 10)


# --- what the database refuses ----------------------------------------------------------------------------------------
REFUSED = {
    "a change": "UPDATE connectors_auditentry SET reason = 'Other' WHERE id = %s",
    "a change while sealing": (
        "UPDATE connectors_auditentry SET position = 99, seal = 'x', sealed_at = at, reason = 'O' WHERE id = %s"
    ),
    "a second seal": "UPDATE connectors_auditentry SET seal = 'x' WHERE id = %s",
    "an unsealing": "UPDATE connectors_auditentry SET position = NULL, seal = '', sealed_at = NULL WHERE id = %s",
    "a deletion": "DELETE FROM connectors_auditentry WHERE id = %s",
}


@pytest.mark.parametrize("attempt", sorted(REFUSED))
def test_the_database_refuses(brand: Brand, trail: list[int], attempt: str) -> None:
    unsealed = entry(brand, 99).pk
    for pk in (trail[4], unsealed) if attempt != "an unsealing" else (trail[4],):
        before = list(AuditEntry.objects.order_by("pk").values_list())
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(REFUSED[attempt], [pk])
        assert list(AuditEntry.objects.order_by("pk").values_list()) == before


def test_the_database_refuses_to_empty_the_table(trail: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        # tests that commit need it out of the way: see conftest
        cursor.execute("ALTER TABLE connectors_auditentry ENABLE TRIGGER no_truncate")
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute("TRUNCATE connectors_auditentry CASCADE")
        cursor.execute("ALTER TABLE connectors_auditentry DISABLE TRIGGER no_truncate")
    assert AuditEntry.objects.count() == 10


# --- the standing check -----------------------------------------------------------------------------------------------
def test_the_standing_check_goes_on_where_it_stopped_and_begins_anew_after_an_hour(
    trail: list[int], virtual_clock: ports.VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "CHECKED_AT_ONCE", 4)
    reached = []
    for _ in range(3):
        sealing.check_some()
        reached.append(AuditHead.objects.get().checked_position)
    assert reached == [4, 8, 10]
    assert AuditHead.objects.get().checked_at == ports.now()
    with tampering() as cursor:
        cursor.execute("UPDATE connectors_auditentry SET reason = 'Other' WHERE position = 2")
    sealing.check_some()
    assert AuditHead.objects.get().broken == ""  # it has passed that place
    virtual_clock.advance(3600)
    sealing.check_some()
    assert "(position 2) is not what was sealed" in AuditHead.objects.get().broken
    assert sealing.chain_standing().broken


def test_entries_that_nobody_seals_are_told(brand: Brand, trail: list[int], virtual_clock: ports.VirtualClock) -> None:
    entry(brand, 11)
    virtual_clock.advance(180)
    assert (sealing.chain_standing().unsealed, sealing.chain_standing().late) == (1, False)
    virtual_clock.advance(1)
    assert sealing.chain_standing().late


def test_the_head_is_told_to_the_log_once_a_day(
    brand: Brand, virtual_clock: ports.VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(sealing.log, "info", lambda event, **values: told.append({"event": event, **values}))
    for number in range(3):
        entry(brand, number)
        sealing.seal()
    assert [one["position"] for one in told] == [1]
    virtual_clock.advance(24 * 3600)
    entry(brand, 4)
    sealing.seal()
    head = AuditHead.objects.get()
    assert told[-1] == {"event": "audit_head", "position": 4, "seal": head.seal}


# --- the command ------------------------------------------------------------------------------------------------------
@pytest.fixture
def run() -> Callable[..., tuple[int, str]]:
    def made(*arguments: str) -> tuple[int, str]:
        out = StringIO()
        try:
            call_command("verify_audit", *arguments, stdout=out)
        except SystemExit as ended:
            return int(str(ended.code)), out.getvalue()
        return 0, out.getvalue()

    return made


def test_verify_audit_says_that_the_chain_holds(trail: list[int], run: Callable[..., tuple[int, str]]) -> None:
    code, told = run()
    seal = AuditHead.objects.get().seal
    assert (code, told) == (0, f"The chain holds: 10 entries, head 10:{seal}.\n")
    assert run("--head", f"10:{seal}")[0] == 0


def test_verify_audit_names_the_entry_that_breaks_the_chain(
    trail: list[int], run: Callable[..., tuple[int, str]]
) -> None:
    with tampering() as cursor:
        cursor.execute(CHANGES["another person"], [trail[6]])
    code, told = run()
    assert code == 1
    assert f"broken after 6 entries. Entry {trail[6]} (position 7)" in told
    code, told = run("--json")
    found = json.loads(told)
    assert (code, found["intact"], found["entries"]) == (1, False, 6)
    assert (found["finding"]["entry_id"], found["finding"]["position"]) == (trail[6], 7)


def test_verify_audit_seals_what_waits_first(brand: Brand, run: Callable[..., tuple[int, str]]) -> None:
    entry(brand, 1)
    found = json.loads(run("--json")[1])
    assert (found["intact"], found["entries"], found["unsealed"]) == (True, 1, 0)


def test_verify_audit_refuses_a_head_it_cannot_read(db: None) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("verify_audit", "--head", "ten")
    assert caught.value.returncode == 2
