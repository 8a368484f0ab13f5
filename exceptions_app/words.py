"""Plain words for counts, names and money. Pure."""

from collections.abc import Iterable
from decimal import Decimal

from connectors.canonical.money import Money

_SYMBOLS = {
    "GBP": "£",
    "EUR": "€",
    "USD": "$",
    "AUD": "A$",
    "CAD": "C$",
    "NZD": "NZ$",
    "HKD": "HK$",
    "SGD": "S$",
    "JPY": "¥",
    "CNY": "CN¥",
    "INR": "₹",
    "KRW": "₩",
    "PLN": "zł",
    "ILS": "₪",
    "TRY": "₺",
}
_SYMBOL_AFTER = frozenset({"PLN"})
NO_BREAK = "\u00a0"  # keeps a number and its unit on one line


def number(value: int) -> str:
    """4212 → "4,212"."""
    return f"{value:,}"


def counted(count: int, one: str, many: str) -> str:
    """(1, "order", "orders") → "1 order"; (1200, …) → "1,200 orders"."""
    return f"{number(count)} {one if count == 1 else many}"


def listed(names: Iterable[str], *, at_most: int = 3) -> str:
    """["A", "B", "C"] → "A, B and C"; what is more than `at_most` is counted: "A, B, C and 4 more"."""
    everything = list(names)
    shown = everything[:at_most] if len(everything) > at_most else everything
    if more := len(everything) - len(shown):
        return f"{', '.join(shown)} and {number(more)} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def money(amount: Money) -> str:
    """£4,212.00, −£0.01, ¥1,200, 12.500 KWD: the currency's own digits, its symbol where people know it."""
    rounded = amount.rounded()
    return _with_currency(rounded.amount, f"{abs(rounded.amount):,}", amount.currency)


def money_at_stake(amount: Money) -> str:
    """£4,212: whole units from 100 up, since nobody decides by pence there; below, as `money`."""
    if abs(amount.amount) < 100:
        return money(amount)
    return _with_currency(amount.amount, f"{abs(amount.amount):,.0f}", amount.currency)


def _with_currency(amount: Decimal, digits: str, currency: str) -> str:
    sign = "−" if amount < 0 else ""
    symbol = _SYMBOLS.get(currency, currency)
    if symbol == currency or currency in _SYMBOL_AFTER:
        return f"{sign}{digits}{NO_BREAK}{symbol}"
    return f"{sign}{symbol}{digits}"
