"""One comparison of the balances of an account, by currency. Pure functions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from orderledger import Balance, BalanceState, CertifiedBalance
from orderledger.extend.values import EXACT, ONE, ZERO, plain
from orderledger.rows import BalanceRow, CertificateRow

HALF = Decimal("0.5")
MOST_DECIMALS = 28
"""Of a number in a message."""
CONFLICT = "balance_conflict"
NEAR_FILLS = (
    "a fill, funding or transfer near the time of each answer may be in it or not, and the next "
    "run tries again"
)
NO_OPENING = "no_opening_balance"


class Printed(NamedTuple):
    """The bound of the residual of a currency. `place`: the last place that the venue prints.
    `rows`: those booked up to a log position. `rounded`: those that the venue may have rounded."""

    place: Decimal
    rows: int
    rounded: int
    counted_to: int

    @property
    def residual(self) -> Decimal:
        """The largest difference that rounding these rows to the place explains."""
        return EXACT.multiply(EXACT.multiply(self.place, HALF), Decimal(self.rounded))


class Certified(NamedTuple):
    """A balance in the last certificate, where the next residual begins."""

    rows: int
    rounded: int
    counted_to: int | None
    place: Decimal | None
    is_open: bool

    @classmethod
    def of(cls, last: CertificateRow | None) -> dict[str, "Certified"]:
        """By currency."""
        if last is None:
            return {}
        left = {one["id"] for one in last["open_breaks"]}
        return {
            one["currency"]: cls(
                one["rows"],
                one.get("rounded", 0),
                one.get("counted_to"),
                None if one["place"] is None else Decimal(one["place"]),
                f"balance_differs:{one['currency']}" in left,
            )
            for one in last["balances"] or ()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """The venue's balances beside those of the ledger.

    `missing`: currencies that the ledger has and the venue does not state. `is_still`: nothing that
    moves a balance was recorded between the beginning of the query and the reading of the ledger.
    `unsure_from`: time from which it is unknown whether a fill is inside. `is_sure`: no such fill
    is known and every fill could be read, or no balance is to be set.
    """

    stated: Mapping[str, Sequence[Balance]]
    rows: Mapping[str, BalanceRow]
    missing: Sequence[str]
    is_still: bool
    unsure_from: datetime
    balances: Mapping[str, CertifiedBalance]
    is_sure: bool = True

    @property
    def is_settled(self) -> bool:
        """Check that a further comparison would not change the result."""
        differs = (one.state == BalanceState.DIFFERS for one in self.balances.values())
        return not self.balances or (self.is_known and not any(differs))

    @property
    def is_known(self) -> bool:
        """Whether it is known which fills are inside."""
        return self.is_still and self.is_sure

    def amount(self, currency: str) -> Decimal | None:
        """The balance at the venue. None if it states two."""
        amounts = {one.amount or ZERO for one in self.stated.get(currency, ())} or {ZERO}
        return amounts.pop() if len(amounts) == 1 else None


def by_currency(balances: Sequence[Balance]) -> dict[str, list[Balance]]:
    """The venue's statements, by currency. Those of 0 too."""
    found: dict[str, list[Balance]] = {}
    for one in balances:
        found.setdefault(one.currency or "", []).append(one)
    return found


def to_compare(
    stated: Mapping[str, Sequence[Balance]],
    rows: Mapping[str, BalanceRow],
    reports_balance: Callable[[str], bool],
) -> tuple[list[str], list[str]]:
    """The currencies to compare, and those that the ledger has and the venue does not state."""
    held = {name for name, row in rows.items() if row["total"] is None or row["total"]}
    nonzero = {name for name, found in stated.items() if name in held or any(map(_amount, found))}
    missing = sorted(held - {*stated})
    compared = sorted(nonzero.union(filter(reports_balance, missing)))
    return compared, [name for name in missing if not reports_balance(name)]


def compared(
    currency: str,
    amount: Decimal | None,
    row: BalanceRow | None,
    printed: Printed,
    *,
    is_opened: bool,
) -> CertifiedBalance:
    """Compare one currency. `amount`: the venue's balance, None if it states two. `is_opened`:
    whether the account is."""
    total = ZERO if row is None else row["total"]
    unknown = None
    if amount is None:
        unknown = CONFLICT
    elif not is_opened:
        unknown = NO_OPENING
    elif row is not None and total is None:
        unknown = row["equity_reason"]
    base: dict[str, Any] = {"currency": currency, "reported": amount, **printed._asdict()}
    if unknown is not None or amount is None or total is None:
        state = BalanceState.UNKNOWN
        return CertifiedBalance(**base, state=state, total=_short(total), reason=unknown)
    difference, residual = EXACT.subtract(amount, total), printed.residual
    closes = abs(difference) <= residual
    return CertifiedBalance(
        **base,
        state=BalanceState.CLOSES if closes else BalanceState.DIFFERS,
        total=_short(total),
        difference=_short(difference),
        residual=_short(residual),
    )


def unstable(found: CertifiedBalance, reason: str | None = None) -> CertifiedBalance:
    """A balance for which nothing is certified."""
    return CertifiedBalance(
        currency=found.currency,
        state=BalanceState.UNSTABLE,
        place=found.place,
        rows=found.rows,
        rounded=found.rounded,
        counted_to=found.counted_to,
        reason=reason,
    )


def adjusted(found: CertifiedBalance) -> CertifiedBalance:
    """The balance after an adjustment to the venue's."""
    return CertifiedBalance(
        currency=found.currency,
        state=BalanceState.CLOSES,
        total=found.reported,
        reported=found.reported,
        difference=ZERO,
        residual=ZERO,
        place=found.place,
        counted_to=found.counted_to,
    )


def place_of(amounts: Sequence[Decimal], known: Decimal | None) -> Decimal:
    """The finest last place of these numbers, and of what the venue printed before."""
    printed = (_exponent(amount) for amount in amounts)
    finest = min([0, *printed, *([] if known is None else [_exponent(known)])])
    return ONE.scaleb(finest)


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _amount(balance: Balance) -> Decimal | None:
    return balance.amount


def _short(number: Decimal | None) -> Decimal | None:
    """The number without zeros at its end, which are not printed by the venue. A sum of profits by
    average cost may not end: it has as many digits as a message may have."""
    if number is None:
        return None
    if _exponent(number) < -MOST_DECIMALS:
        number = EXACT.quantize(number, ONE.scaleb(-MOST_DECIMALS))
    return Decimal(plain(number))
