"""The road for the layers above: everything that is done to a case."""

from exceptions_app.deciding import (
    assign,
    close_case,
    close_open_case,
    comment,
    end_snooze,
    hand_over,
    reopen_case,
    request_retry,
    snooze,
)
from exceptions_app.opening import lock_case, open_case, open_unmapped, roll_up, wake_due_cases

__all__ = [
    "assign",
    "close_case",
    "close_open_case",
    "comment",
    "end_snooze",
    "hand_over",
    "lock_case",
    "open_case",
    "open_unmapped",
    "reopen_case",
    "request_retry",
    "roll_up",
    "snooze",
    "wake_due_cases",
]
