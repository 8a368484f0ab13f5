"""What can be wrong with a connection as a whole."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from connectors.base import CAPABILITY_LABELS
from exceptions_app.causes import ADMIN, Cause, Fix, Severity
from exceptions_app.facts import Facts
from exceptions_app.words import counted


def _jobs_wait(facts: Facts, comfort: str) -> str:
    if not facts.count:
        return ""
    return f" {counted(facts.count, 'job is', 'jobs are')} waiting; {comfort}."


def _connection_refused(facts: Facts) -> SafeString:
    return format_html(
        "The {} connection <b>{}</b>{} was refused: {}.{}",
        facts.target_platform if facts.target else "platform",
        facts.target_name,
        f" of {facts.brand}" if facts.brand else "",
        facts.text("reason", "the key is no longer valid").rstrip("."),
        _jobs_wait(facts, "nothing is lost"),
    )


def _operation(name: str) -> str:
    """ "CREATE_ORDERS" → "create orders sold elsewhere"; other names as they are."""
    labels = {capability.value: label.lower() for capability, label in CAPABILITY_LABELS.items()}
    return labels.get(name, name)


def _operation_refused(facts: Facts) -> SafeString:
    return format_html(
        "{} doesn't let us <b>{}</b>: {}.{}",
        facts.target_name,
        _operation(facts.text("operation")),
        facts.text("reason", "the key lacks the right").rstrip("."),
        _jobs_wait(facts, "everything else goes on"),
    )


def _webhook_forged(facts: Facts) -> SafeString:
    turned_away = facts.integer("turned_away")
    what = counted(turned_away, "message", "messages") if turned_away else "Messages"
    verb = "was" if turned_away == 1 else "were"
    return format_html(
        "{} in the name of {} {} turned away{}: the signature is wrong.",
        what,
        facts.target_name,
        verb,
        f" {during}" if (during := facts.text("during")) else "",
    )


CONNECTION_CAUSES = (
    Cause(
        code="connection_refused",
        label="Connection refused",
        team=ADMIN,
        severity=Severity.URGENT,
        sentence=_connection_refused,
        why="{target} no longer accepts our key. Usually it expired, or somebody replaced or withdrew it.",
        if_nobody_acts="Nothing goes to or comes from {target}. Orders there may pass their acceptance window.",
        next_step="Enter a new key",
        fix=Fix.CONNECTION,
        playbook="connection-refused",
    ),
    Cause(
        code="operation_refused",
        label="Operation refused",
        team=ADMIN,
        severity=Severity.NORMAL,
        sentence=_operation_refused,
        why="The key works, but not for this. Usually a right of the key is missing, or the feature is switched off.",
        if_nobody_acts="Only this stands still; everything else with {target} goes on.",
        next_step="Check the connection",
        fix=Fix.CONNECTION,
        playbook="operation-refused",
        needs=frozenset({"operation"}),
    ),
    Cause(
        code="webhook_forged",
        label="Forged messages",
        team=ADMIN,
        severity=Severity.NORMAL,
        sentence=_webhook_forged,
        why="Either the signing secret was changed at {target} and not here, or somebody is trying to deceive us.",
        if_nobody_acts="Changes at {target} are noticed later, when the hub asks by itself. Nothing forged is let in.",
        next_step="Compare the signing secret",
        fix=Fix.CONNECTION,
        playbook="forged-messages",
        comes_and_goes=True,
    ),
)
