"""Amounts with their taxes, in both of Mirakl's tax modes, and the parts of them that are given back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

TAX_INCLUDED = "TAX_INCLUDED"
TAX_EXCLUDED = "TAX_EXCLUDED"
PROPORTIONAL = "PROPORTIONAL_TO_AMOUNT"
NO_RULE = "NONE"

ZERO = Decimal(0)
CENT = Decimal("0.01")


def rounded(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, kw_only=True)
class Tax:
    code: str
    amount: Decimal  # for all units together
    rate: Decimal | None = None  # percent
    rule: str = PROPORTIONAL


@dataclass(frozen=True, kw_only=True)
class Amount:
    net: Decimal
    taxes: tuple[Tax, ...] = ()

    @property
    def tax(self) -> Decimal:
        return sum((tax.amount for tax in self.taxes), ZERO)

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax

    def shown(self, mode: str) -> Decimal:
        """What OR11 prints in this mode: taxes inside (TAX_INCLUDED) or on top (TAX_EXCLUDED)."""
        return self.gross if mode == TAX_INCLUDED else self.net

    def minus(self, other: "Amount") -> "Amount":
        return Amount(
            net=self.net - other.net,
            taxes=tuple(replace(tax, amount=tax.amount - other.tax_of(tax.code)) for tax in self.taxes),
        )

    def tax_of(self, code: str) -> Decimal:
        return sum((tax.amount for tax in self.taxes if tax.code == code), ZERO)

    @property
    def has_negative_part(self) -> bool:
        return self.net < 0 or any(tax.amount < 0 for tax in self.taxes)


def total(amounts: Iterable[Amount]) -> Amount:
    """The sum; taxes are added by code."""
    net, taxes = ZERO, dict[str, Tax]()
    for amount in amounts:
        net += amount.net
        for tax in amount.taxes:
            known = taxes.get(tax.code)
            taxes[tax.code] = tax if known is None else replace(known, amount=known.amount + tax.amount)
    return Amount(net=net, taxes=tuple(taxes.values()))


def priced(unit: Decimal, *, quantity: int, taxes: Sequence[Mapping[str, Any]], mode: str) -> Amount:
    """`quantity` units at `unit` in `mode`. Each tax is {"code", "rate"} or {"code", "amount" of all units, "rule"?}.

    A tax by rate is rounded per unit, so that quantity x unit price holds in both modes.
    """
    rates = sum((Decimal(str(tax["rate"])) for tax in taxes if "amount" not in tax), ZERO)
    base = 100 + rates if mode == TAX_INCLUDED else Decimal(100)
    made = tuple(_made(tax, unit=unit, quantity=quantity, base=base) for tax in taxes)
    whole = unit * quantity
    inside = sum((tax.amount for tax in made), ZERO) if mode == TAX_INCLUDED else ZERO
    return Amount(net=whole - inside, taxes=made)


def _made(tax: Mapping[str, Any], *, unit: Decimal, quantity: int, base: Decimal) -> Tax:
    rate = Decimal(str(tax["rate"])) if "rate" in tax else None
    by_rate = rounded(unit * (rate or ZERO) / base) * quantity
    amount = Decimal(str(tax["amount"])) if "amount" in tax else by_rate
    return Tax(code=str(tax["code"]), amount=amount, rate=rate, rule=str(tax.get("rule", PROPORTIONAL)))


def share(whole: Amount, *, spent: Amount, part: Decimal, mode: str, given: Mapping[str, Decimal]) -> Amount:
    """The piece of `whole` worth `part` in `mode`, after `spent` was given back before.

    Proportional taxes are computed on the running total, so that all pieces add up to the whole. Taxes with rule NONE
    go back only as `given` by code.
    """
    base, done = whole.shown(mode), spent.shown(mode) + part
    taxes = tuple(
        replace(tax, amount=given.get(tax.code, ZERO) if tax.rule == NO_RULE else _grown(tax, spent, done, base))
        for tax in whole.taxes
    )
    inside = sum((tax.amount for tax in taxes), ZERO) if mode == TAX_INCLUDED else ZERO
    return Amount(net=part - inside, taxes=taxes)


def _grown(tax: Tax, spent: Amount, done: Decimal, base: Decimal) -> Decimal:
    """What of this tax is due after `done` of `base`, less what went back; rounding in the other mode costs no cent."""
    due = rounded(tax.amount * done / base) if base else ZERO
    return max(ZERO, due - spent.tax_of(tax.code))
