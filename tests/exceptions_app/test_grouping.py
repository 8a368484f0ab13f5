import pytest

from connectors.canonical.errors import PermanentError, Problem
from exceptions_app.grouping import bug_key, fitted, problems_key, refusal_key


def key(words: str, *, code: str = "", target_id: int = 7, operation: str = "create_order") -> str:
    return refusal_key(PermanentError("x", platform_words=words, code=code), target_id=target_id, operation=operation)


def test_refusals_for_one_reason_share_a_key_whatever_the_records_numbers() -> None:
    assert key("Order MK-10023-A: product 'AB-1' not found (id 991)") == key(
        "Order MK-99-B: product 'ZZ-7' not found (id 12)"
    )


def test_other_reasons_targets_and_operations_are_kept_apart() -> None:
    told = {
        key("Product not found"),
        key("Address incomplete"),
        key("Product not found", target_id=8),
        key("Product not found", operation="cancel_order"),
    }
    assert len(told) == 4


def test_a_code_says_more_than_words() -> None:
    assert key("Produkt nicht gefunden", code="-1") == key("Product not found", code="-1")
    assert key("Product not found", code="-1") != key("Product not found", code="-2")


def test_records_that_break_the_same_rules_in_the_same_fields_share_a_key() -> None:
    first = [Problem(field="lines[0].price", message="is 'abc'"), Problem(field="total", message="is missing")]
    second = [Problem(field="total", message="is missing"), Problem(field="lines[4].price", message="is 'xyz'")]
    other = [Problem(field="total", message="is missing")]
    keys = [problems_key(problems, source_id=3, kind="order") for problems in (first, second, other)]
    assert keys[0] == keys[1] != keys[2]


def _fail(number: int) -> None:
    raise ValueError(f"number {number}")


def test_a_fault_of_ours_is_known_by_its_type_and_place() -> None:
    keys = set()
    for number in (1, 2):
        with pytest.raises(ValueError) as failed:
            _fail(number)
        keys.add(bug_key(failed.value))
    assert keys == {"ValueError@test_grouping.py:_fail"}
    assert bug_key(KeyError("never raised")) == "KeyError@"


def test_a_key_that_is_too_long_is_cut_and_stays_unlike_its_neighbours() -> None:
    long, longer = fitted("a" * 300), fitted("a" * 301)
    assert len(long) == len(longer) == 255
    assert long != longer
    assert fitted("a\x00b") == "ab"
