"""Causes that only stock flows find. Registered with the case queue when the app starts."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from exceptions_app.causes import ECOMMERCE, OPS, Cause, Fix, Severity, register
from exceptions_app.facts import Facts
from exceptions_app.words import counted, listed, number


def _stopped(facts: Facts) -> SafeString:
    zeroed, moved, live = facts.integer("zeroed"), facts.integer("moved"), facts.integer("live")
    told = f"{number(moved)} of {number(live)} SKUs for sale would change"
    empty = f", {number(zeroed)} of them to 0" if zeroed else ""
    return format_html("Stock for {} is held back: {}{}.", facts.channel, told, empty)


def _source_empty(facts: Facts) -> SafeString:
    answered, known = facts.integer("answered"), facts.integer("known")
    return format_html(
        "{} was asked for {} SKUs it knows and named {}. The figures from before stand.",
        facts.target_platform,
        number(known),
        number(answered) if answered else "none",
    )


def _two_owners(facts: Facts) -> SafeString:
    names = facts.context.get("owners") or []
    told = " and by ".join(str(name) for name in names)
    return format_html("{} would be told its stock by {}. Nothing is sent.", facts.text("channel"), told)


def _drift(facts: Facts) -> SafeString:
    left, healed = facts.integer("left"), facts.integer("healed")
    return format_html(
        "{} offers of {} show something else than they were told. {} were sent again; the others wait.",
        number(left + healed),
        facts.target_name,
        number(healed),
    )


def _overwritten(facts: Facts) -> SafeString:
    count, where = facts.integer("skus"), facts.text("where")
    told = format_html("{} was told {} and shows {}", facts.text("example"), facts.text("told"), facts.text("shown"))
    return format_html(
        "Somebody else keeps changing the stock of {} in {}{}: {}.",
        "1 SKU" if count == 1 else f"{number(count)} SKUs",
        facts.target_name,
        f", {where}" if where else "",
        told,
    )


def _unknown(facts: Facts) -> SafeString:
    count = facts.integer("count")
    told = "1 SKU that is for sale is" if count == 1 else f"{number(count)} SKUs that are for sale are"
    return format_html("{} not known to {}, {} for one.", told, facts.target_name, facts.text("example"))


def _product_unreadable(facts: Facts) -> SafeString:
    count, named = facts.integer("count"), [str(name) for name in facts.context.get("names") or []]
    more = count - len(named)
    names = f"{', '.join(named)} and {number(more)} more" if more > 0 else listed(named, at_most=len(named))
    return format_html(
        "{} of {} can't be read{}. {}",
        counted(count, "product", "products") if count else "Products",
        facts.target_name,
        f": {names}" if named else "",
        facts.text("problem", "What it says of them contradicts itself."),
    )


register(
    Cause(
        code="stock_stopped",
        label="Stock held back",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_stopped,
        why="More of the channel's stock would change at once than is usual. A broken count or import at the source looks"
        " like this; so does a big delivery or the end of a sale.",
        if_nobody_acts="{channel} keeps showing what it shows now: units that are gone may be sold.",
        next_step="Look at what would be sent",
        fix=Fix.BREAKER,
        playbook="stock-held-back",
        needs=frozenset({"hold", "live", "zeroed", "moved"}),
        comes_and_goes=True,
    ),
    Cause(
        code="stock_source_empty",
        label="Stock could not be believed",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_source_empty,
        why="A source that suddenly names far fewer SKUs is more often broken than sold out.",
        if_nobody_acts="Channels keep showing the figures from before. The hub asks again every few minutes.",
        next_step="Check the source",
        fix=Fix.NONE,
        playbook="stock-not-believed",
        needs=frozenset({"known", "answered"}),
        comes_and_goes=True,
    ),
    Cause(
        code="stock_two_owners",
        label="Two owners of stock",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_two_owners,
        why="One system owns the stock of a channel. With two active links the figures of one would overwrite those of the"
        " other.",
        if_nobody_acts="It keeps showing what it shows now: units that are gone may be sold.",
        next_step="Switch off one of the links",
        fix=Fix.NONE,
        playbook="stock-two-owners",
        needs=frozenset({"channel", "owners"}),
        comes_and_goes=True,
    ),
    Cause(
        code="stock_drift",
        label="Stock differs",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_drift,
        why="Somebody changed quantities at the channel by hand, another system writes there too, or it loses what it took.",
        if_nobody_acts="The hub sends some of them again after each scan, until all agree.",
        next_step="Look who else writes there",
        fix=Fix.NONE,
        playbook="stock-differs",
        needs=frozenset({"left", "healed"}),
        comes_and_goes=True,
    ),
    Cause(
        code="stock_overwritten",
        label="Stock overwritten",
        team=OPS,
        severity=Severity.URGENT,
        sentence=_overwritten,
        why="The hub put these figures back three times within an hour. Another system still writes there: an ERP or a"
        " warehouse system that was connected before, an import that runs on a schedule, or a person in the back office.",
        if_nobody_acts="Each SKU is put back three times an hour at most. In between {target} shows figures that are not true:"
        " it may sell units that are gone.",
        next_step="Find who else writes there, and stop it",
        fix=Fix.NONE,
        playbook="stock-overwritten",
        needs=frozenset({"skus", "times", "example", "told", "shown"}),
        comes_and_goes=True,
    ),
    Cause(
        code="stock_sku_unknown",
        label="SKU not known",
        team=OPS,
        severity=Severity.NORMAL,
        sentence=_unknown,
        why="A mapping names a SKU that does not exist there: a typing mistake, or a product that is not made yet.",
        if_nobody_acts="Channels are told nothing of these SKUs. The hub looks for them once a day; one that appears sells"
        " by itself.",
        next_step="Correct the mapping, or make the product",
        fix=Fix.NONE,
        playbook="stock-sku-not-known",
        needs=frozenset({"count", "example"}),
        comes_and_goes=True,
    ),
    Cause(
        code="product_unreadable",
        label="Products can't be read",
        team=ECOMMERCE,
        severity=Severity.NORMAL,
        sentence=_product_unreadable,
        why="What {target} says of them breaks a rule of the hub: most often a size has no SKU. The other products are read.",
        if_nobody_acts="What is known of them stands; new ones can be neither mapped nor listed. They are read again by"
        " themselves, and the case closes when the last of them can be.",
        next_step="Correct the products there",
        fix=Fix.NONE,
        playbook="product-not-readable",
        needs=frozenset({"count", "names", "problem"}),
        comes_and_goes=True,
    ),
)
