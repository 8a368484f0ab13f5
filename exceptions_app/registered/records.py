"""What can be wrong with any record: it can't be read, it was refused, or its end is not known."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from exceptions_app.causes import ADMIN, OPS, Cause, Fix, Severity
from exceptions_app.facts import Facts
from exceptions_app.words import counted


def _some_records(facts: Facts) -> str:
    """ "3 orders", where the context says what they are (`record`, `records`); else "3 records"."""
    return facts.some(facts.text("record", "record"), facts.text("records", "records"))


def _such_as(facts: Facts) -> SafeString:
    example = facts.text("example")
    return format_html(" (such as <b>{}</b>)", example) if example else format_html("{}", "")


def _unreadable_record(facts: Facts) -> SafeString:
    more = len(facts.texts("problems")) - 1
    first = next(iter(facts.texts("problems")), "what it says contradicts itself.")
    rest = f" And {counted(more, 'more problem', 'more problems')}." if more > 0 else ""
    return format_html(
        "{}{} from {} can't be read: {}{}", _some_records(facts), _such_as(facts), facts.channel, first, rest
    )


def _refused_by_platform(facts: Facts) -> SafeString:
    explained = facts.text("explanation").rstrip(".")
    return format_html(
        "{}{} can't be {}: {} refuses {}{}",
        _some_records(facts),
        _such_as(facts),
        facts.text("done", "passed on"),
        facts.target_name,
        facts.do("it", "them"),
        f". {explained}." if explained else ", and will again.",
    )


def _outcome_unknown(facts: Facts) -> SafeString:
    return format_html(
        "{}{}: we can't tell whether {} {} {}. Nothing is sent again until we know.",
        _some_records(facts),
        _such_as(facts),
        facts.target_name,
        facts.text("did", "took"),
        facts.do("it", "them"),
    )


def _retries_spent(facts: Facts) -> SafeString:
    return format_html(
        "{}{} {} stopped after {}: {} did not take {}.",
        _some_records(facts),
        _such_as(facts),
        facts.do("was", "were"),
        counted(facts.integer("tries"), "try", "tries") if facts.integer("tries") else "many tries",
        facts.target_name,
        facts.do("it", "them"),
    )


def _our_bug(facts: Facts) -> SafeString:
    return format_html(
        "{}{} {} because of a fault in the hub. Your data is not the reason, and nothing is lost.",
        _some_records(facts),
        _such_as(facts),
        facts.do("waits", "wait"),
    )


RECORD_CAUSES = (
    Cause(
        code="unreadable_record",
        label="Can't be read",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_unreadable_record,
        why="What {channel} sent breaks a rule that keeps amounts and quantities right: it was kept, not passed on.",
        if_nobody_acts="It stays here. An order that is not read is not accepted: it is refused by {channel} {when}.",
        next_step="Correct and replay",
        fix=Fix.EDIT,
        playbook="cannot-be-read",
        needs=frozenset({"problems"}),
    ),
    Cause(
        code="refused_by_platform",
        label="Refused by the platform",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_refused_by_platform,
        why="{target} answered that it will not take this. Asking again unchanged gets the same answer.",
        if_nobody_acts="It stays here; nothing was created in {target}.",
        next_step="Correct and replay",
        fix=Fix.EDIT,
        playbook="refused-by-the-platform",
    ),
    Cause(
        code="outcome_unknown",
        label="Outcome unknown",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_outcome_unknown,
        why="No answer came, and looking it up at {target} has not settled it either.",
        if_nobody_acts="It stays undecided. If it did go through, customers notice before we do.",
        next_step="Look it up again",
        fix=Fix.RETRY,
        playbook="outcome-unknown",
    ),
    Cause(
        code="retries_spent",
        label="Gave up after retries",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_retries_spent,
        why="{target} was out of reach or overloaded for longer than the hub keeps trying by itself.",
        if_nobody_acts="It stays here; nothing is lost.",
        next_step="Try again",
        fix=Fix.RETRY,
        playbook="gave-up-after-retries",
    ),
    Cause(
        code="our_bug",
        label="Fault in the hub",
        team=ADMIN,
        severity=Severity.URGENT,
        sentence=_our_bug,
        why="The hub met something its makers did not foresee. What happened is kept for developers.",
        if_nobody_acts="These records stay here until the hub is corrected; everything else goes on.",
        next_step="Try again",
        fix=Fix.RETRY,
        playbook="fault-in-the-hub",
    ),
)
