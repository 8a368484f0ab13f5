"""How one product, or one price, stands in one channel, in words: coloured only where somebody should look."""

from dataclasses import dataclass

from exceptions_app.words import counted
from integrationhub.catalogue.models import Listing, ListingPrice

State, PriceState = Listing.State, ListingPrice.State


@dataclass(frozen=True, kw_only=True)
class Standing:
    tone: str  # "bad" | "warn" | ""
    words: str
    why: str = ""


def standing(listing: Listing, *, unread: str = "") -> Standing:
    """`unread`: why the products of its owner are not read now."""
    before = " The channel shows what it was told before." if listing.acknowledged else ""
    if listing.state == State.INCOMPLETE:
        more = f" And {counted(listing.problems - 1, 'problem', 'problems')} more." if listing.problems > 1 else ""
        return Standing(tone="bad", words="Incomplete", why=f"{listing.reason}{more}{before}")
    if listing.state == State.REFUSED:
        return Standing(tone="bad", words="Rejected by the channel", why=f"{listing.reason}{before}")
    if listing.state == State.SKIPPED:
        return Standing(tone="", words="Skipped", why=f"{listing.reason}{before}")
    if listing.state == State.UNREAD:
        asked = "The channel is being asked what it wants here."
        why = asked if listing.category else unread or "The product was not read yet."
        return Standing(tone="", words="Not read yet", why=why)
    if listing.state == State.SENT:
        return Standing(tone="", words="Sent", why="The channel works on it.")
    if listing.state == State.PENDING:
        return Standing(tone="", words="Waiting", why="Goes out with the next delivery." + before)
    return Standing(tone="", words="Live", why="")


def price_standing(price: ListingPrice, *, held: bool) -> Standing:
    if price.state == PriceState.REFUSED:
        return Standing(tone="bad", words="Refused by the channel", why=price.reason)
    if price.state == PriceState.SKIPPED:
        return Standing(tone="warn", words="Skipped", why=price.reason)
    if price.state == PriceState.UNREAD:
        return Standing(tone="", words="Not read yet", why="Nothing is sent until a price list has said what it costs.")
    if price.state == PriceState.SENT:
        return Standing(tone="", words="Sent", why="The channel works on it.")
    if price.state == PriceState.PENDING:
        why = "Held back until somebody decides." if held else "Goes out with the next delivery."
        return Standing(tone="warn" if held else "", words="Waiting to be sent", why=why)
    if price.drifted_at is not None and price.shown is not None and price.shown != price.acknowledged:
        return Standing(tone="warn", words="Asks something else", why="The channel shows another price than it took.")
    return Standing(tone="", words="As it should be")
