"""How one SKU stands in one channel, in words: coloured only where somebody should look."""

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.models import Link
from exceptions_app.words import counted
from integrationhub.console.stock.around import Channel
from integrationhub.inventory.models import ChannelStock, StockRule, StockSwitch
from integrationhub.inventory.rules import scopes

State = ChannelStock.State
Mode = StockSwitch.Mode


@dataclass(frozen=True, kw_only=True)
class Standing:
    tone: str  # "bad" | "warn" | ""
    words: str
    why: str = ""


def standing(stock: ChannelStock, channel: Channel | None) -> Standing:
    """What matters most about a row first: too many shown, refused, waiting, differing, in order."""
    why = _why(stock, channel)
    if too_many := more_than_it_may(stock):
        return Standing(tone="bad", words=f"Shows {too_many:,} too many", why=why)
    if stock.state == State.REFUSED:
        return Standing(tone="bad", words="Refused by the channel", why=stock.reason)
    if stock.state == State.SKIPPED:
        return Standing(tone="warn", words="Skipped", why=stock.reason)
    if stock.state in (State.PENDING, State.SENT):
        return Standing(tone="warn" if stopped(channel) else "", words=str(stock.get_state_display()), why=why)
    if stock.state == State.UNREAD:
        return Standing(
            tone="", words="Not read yet", why="Nothing is sent until its owner has said how many there are."
        )
    if differs(stock):
        return Standing(tone="warn", words="Shows something else", why=f"It took {stock.acknowledged}.")
    return Standing(tone="", words="No longer sold" if stock.retired else "As it should be")


def more_than_it_may(stock: ChannelStock) -> int:
    """By how many units the channel may be overselling; 0 for none."""
    if stock.computed is None:
        return 0
    shows = max((one for one in (stock.shown, stock.acknowledged) if one is not None), default=0)
    return max(0, shows - stock.computed)


def differs(stock: ChannelStock) -> bool:
    return stock.drifted_at is not None and stock.shown is not None and stock.shown != stock.acknowledged


def stopped(channel: Channel | None) -> bool:
    """Whether the channel is told nothing now."""
    if channel is None:
        return False
    return bool(channel.hold_id) or (channel.switch is not None and channel.switch.mode != Mode.ZERO)


def _why(stock: ChannelStock, channel: Channel | None) -> str:
    if stock.state in (State.REFUSED, State.SKIPPED):
        return stock.reason
    if stock.state == State.SENT:
        return f"{stock.sent} is on its way."
    if stock.state != State.PENDING:
        return "The channel counts differently." if differs(stock) else ""
    if channel is not None and channel.hold_id:
        return "Held back until somebody decides."
    if channel is not None and stopped(channel):
        return "The channel is switched off."
    return "Goes out with the next delivery."


# --- where the number comes from --------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Step:
    sign: str  # "", "−", "→", "="
    quantity: int
    words: str


def steps(stock: ChannelStock, rule: StockRule | None, channel: Channel | None) -> list[Step]:
    """The sum as it was computed: free 50 − reserved 3 − buffer 2 = 45."""
    zero = channel is not None and channel.switch is not None and channel.switch.mode == Mode.ZERO
    if stock.computed is None or stock.available is None:
        end = [] if stock.computed is None else [Step(sign="=", quantity=stock.computed, words="may show")]
        return [*_because_zero(stock, zero=zero), *end]
    return [*_sum(stock, rule, zero=zero), Step(sign="=", quantity=stock.computed, words="may show")]


def _sum(stock: ChannelStock, rule: StockRule | None, *, zero: bool) -> Iterator[Step]:
    yield Step(sign="", quantity=stock.available or 0, words="free")
    yield Step(sign="−", quantity=stock.reserved, words="reserved")
    yield Step(sign="−", quantity=stock.buffer, words="buffer")
    left = max(0, (stock.available or 0) - stock.reserved) - stock.buffer
    if stock.retired or zero:
        yield from _because_zero(stock, zero=zero)
        return
    if rule is not None and left < rule.floor:
        yield Step(sign="→", quantity=0, words=f"fewer than {rule.floor} are not shown")
        left = 0
    if rule is not None and rule.cap is not None and left > rule.cap:
        yield Step(sign="→", quantity=rule.cap, words="never more than that")


def _because_zero(stock: ChannelStock, *, zero: bool) -> list[Step]:
    if stock.retired:
        return [Step(sign="→", quantity=0, words="its mapping has ended")]
    return [Step(sign="→", quantity=0, words="the channel is switched to zero")] if zero else []


def rule_words(rule: StockRule | None) -> str:
    """What a rule keeps back: "2 units or 10 %, whichever is more; fewer than 3 are not shown; never more than 20"."""
    if rule is None:
        return "No rule: what other channels sell before the hub hears of it is kept back."
    percent = f"{rule.buffer_percent.normalize():f} %" if rule.buffer_percent else ""
    units = counted(rule.buffer_units, "unit", "units") if rule.buffer_units else ""
    both = f"{units} or {percent}, whichever is more" if units and percent else units or percent
    parts = [f"Keeps back {both}" if both else "Keeps nothing back"]
    parts += [f"fewer than {rule.floor} are not shown"] if rule.floor else []
    parts += [f"never more than {rule.cap}"] if rule.cap is not None else []
    return "; ".join(parts) + "."


def scope_words(rule: StockRule) -> str:
    """ "SKU TEE-1 at Northgate", "everything, every channel"."""
    what = f"SKU {rule.sku}" if rule.sku else f"category {rule.category}" if rule.category else "everything"
    return f"{what} at {rule.link.source.name}" if rule.link else f"{what}, every channel"


def rule_that_counts(rules: list[StockRule], stock: ChannelStock, link: Link) -> StockRule | None:
    by_scope = {(rule.link_id, rule.category, rule.sku): rule for rule in rules if rule.brand_id == link.brand_id}
    found = (by_scope.get(scope) for scope in scopes(link.pk, stock.category, stock.sku))
    return next((rule for rule in found if rule is not None), None)
