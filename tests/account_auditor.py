"""The oracle of accounts: positions, lots, balances, equity and valuation, from messages alone.

Built like `tests.auditor`, whose reading of orders and fills it uses: naive, exact, and without
code of the package. "Page" refers to the forms of the account cases. Questions are answered for
one account, as of `moment`: the latest time of its facts unless `seen` chose another.
"""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from tests.auditing.account import AccountFacts
from tests.auditing.assets import opened_at_zero, row_of_asset, step_of, steps_of
from tests.auditing.disposals import Disposals, FeeOf, row_of_disposal
from tests.auditing.facts import Fact, Row, When, number
from tests.auditing.holdings import Holding
from tests.auditing.positions import Lot, open_price, sum_by_currency, worth
from tests.auditing.rows import anomalies
from tests.auditing.sides import quantity_of
from tests.auditing.terms import Terms
from tests.auditing.transfers import counted_transfers, has_reused_id

REASONS = ("no_opening_balance", "currency_unknown", "position_side_unknown", "impossible_price")


def rank_of_reason(reason: str) -> tuple[int, str]:
    """The page's order of reasons: missing marks come last, by instrument."""
    return (REASONS.index(reason) if reason in REASONS else len(REASONS)), reason


def has_value_at(mark: Fraction, terms: Terms) -> bool:
    """An inverse instrument has a value at prices above 0 only."""
    return mark > 0 or not terms.is_inverse


def unrealized(lots: list[Lot], mark: Fraction, terms: Terms) -> Fraction | None:
    if lots and not has_value_at(mark, terms):
        return None
    gains = (
        worth(lot._replace(price=mark), terms.is_inverse) - worth(lot, terms.is_inverse)
        for lot in lots
    )
    return sum(gains, Fraction()) * terms.multiplier


class AccountAuditor(AccountFacts):
    """Answers the questions about one account."""

    def positions(self, method: str = "average") -> list[Row]:
        """A row for each position that a fill, an adjustment or a funding belongs to."""
        return [
            self._position(instrument, holding, method)
            for instrument, holding in self.each_holding()
        ]

    def lots(self, method: str = "fifo") -> list[Row]:
        """The open lots, oldest first; none by average, and none of an unknown position."""
        known = [(name, held) for name, held in self.each_holding() if not held.reason]
        return [
            {
                **self._name(instrument, holding),
                **lot._asdict(),
                "cost": None
                if holding.terms.kind == "margined"
                else worth(lot, is_inverse=False) * holding.terms.multiplier,
            }
            for instrument, holding in (known if method != "average" else [])
            for lot in holding.lots(method)[0]
        ]

    def disposals(self, method: str = "fifo", year: int | None = None) -> list[Row]:
        """The lots that were closed, by position and time; in a year, if one is given. A position
        without figures, or with a fee that no rate converts, has none."""
        rows = []
        for instrument, held in self.each_holding():
            if not self._net(held, Fraction(), method)[1] and not held.reason:
                terms, lots = held.terms, Disposals(method, held.terms.is_inverse)
                rows += [
                    self._name(instrument, held)
                    | row_of_disposal(one, terms.kind, terms.multiplier, terms.is_inverse)
                    for one in lots.of(held.by(method), self.fees_by(terms))
                ]
        return [row for row in rows if year in {None, row["disposed"].year}]

    def fees_by(self, terms: Terms) -> FeeOf:
        def fee_of(when: When, row: Row) -> Fraction:
            return sum(
                (
                    amount * (self._fee_rate(when, row, name, terms) or 0)
                    for name, amount in row["fees"]
                ),
                Fraction(),
            )

        return fee_of

    def balances(self) -> list[Row]:
        """A row for each currency of a move, a statement or a position."""
        stated = self._latest_statements()
        named = {holding.terms.currency for _, holding in self.each_holding()} - {None}
        return [
            self._balance(currency, stated.get(currency))
            for currency in sorted({*self.cash.currencies, *stated, *map(str, named)})
        ]

    def valuation(self, currency: str, parities: Sequence[str] = ()) -> Row:
        """Equity in one currency. Parities of the settings come before those of the question."""
        rows = self.balances()
        held = {row["currency"]: row["equity"] for row in rows if row["equity"] != 0}
        ways = {
            name: self.rates.path(name, currency, self.moment, (*self.parities, *parities))
            for name in held
        }
        lost = [f"no_rate:{name}->{currency}" for name, way in ways.items() if way is None]
        reasons = [row["equity_reason"] for row in rows if row["equity_reason"]]
        reason = min(reasons, key=rank_of_reason, default=None) or min(lost, default=None)
        if not rows:
            reason = self._account_reason()
        amounts = [way.rate * (held[name] or 0) for name, way in ways.items() if way]
        return {
            "account": self.account,
            "currency": currency,
            "amount": None if reason else sum(amounts, Fraction()),
            "reason": reason,
            "paths": {
                name: way and {"rate": way.rate, "path": way.steps} for name, way in ways.items()
            },
        }

    def assets(
        self, currency: str, method: str = "average", parities: Sequence[str] = ()
    ) -> list[Row]:
        """P&L by asset, in one currency: a row for each other coin that was ever moved. Without its
        balance, nothing is known of a coin."""
        facts, known = self.of_account(), (*self.parities, *parities)

        def rate_at(name: str, at: datetime) -> Fraction | None:
            path = self.rates.path(name, currency, at, known)
            return path and path.rate

        moved = [*counted_transfers(facts), *self.openings]
        steps = [step_of(fact, rate_at) for fact in moved]
        steps += [step for _, held in self.each_holding() for step in steps_of(held, rate_at)]
        rows = []
        for name in sorted({step.asset for step in steps} - {currency}):
            own = [step for step in steps if step.asset == name]
            row = row_of_asset(name, [*opened_at_zero(self.openings, name), *own], method)
            is_known = self._total(name) is not None
            rows.append(row if is_known else dict.fromkeys(row) | {"asset": name})
        return rows

    def codes(self) -> set[str]:
        """The anomalies of the account, those of its orders included."""
        found = {code for order in self.resolved_orders() for code in anomalies(order)}
        found |= {held.reason for _, held in self.each_holding() if held.reason}
        if any(held.has_conflict for _, held in self.each_holding()):
            found.add("position_side_conflict")
        return found | ({"transfer_id_reused"} if has_reused_id(self.of_account()) else set())

    def _name(self, instrument: str, holding: Holding) -> Row:
        side, position_id = holding.part
        return {
            "account": self.account,
            "instrument": instrument,
            "position_side": side,
            "position_id": position_id,
        }

    def _position(self, instrument: str, holding: Holding, method: str) -> Row:
        terms, mark = holding.terms, self._mark(self.account, instrument)
        lots, realized = ([], Fraction()) if holding.reason else holding.lots(method)
        realized *= terms.multiplier
        net, missing = self._net(holding, realized, method)
        figures: Row = {
            "average_open_price": open_price(lots, terms.is_inverse),
            "realized_pnl": realized,
            "unrealized_pnl": None if mark is None else unrealized(lots, mark, terms),
            "net_pnl": net,
        }
        if holding.reason:
            figures = dict.fromkeys(figures)
        elif mark is not None and figures["unrealized_pnl"] is None:
            missing = missing or "impossible_price"
        is_counted = holding.reason != "position_side_unknown"
        return {
            **self._name(instrument, holding),
            "position_quantity": quantity_of(holding.steps) if is_counted else None,
            **figures,
            "fees": sum_by_currency(fee for _, row in holding.trades for fee in row["fees"]),
            "funding": sum_by_currency(
                (fact.get("currency"), fact.get("amount")) for fact in holding.fundings
            ),
            "mark_price": mark,
            "currency": terms.currency,
            "reason": holding.reason or missing,
            "method": method,
        }

    def _net(
        self, holding: Holding, realized: Fraction, method: str
    ) -> tuple[Fraction | None, str | None]:
        """Realized P&L after fees and funding, in its currency, or the reason why it is unknown. A
        fee in the base coin has the price of its fill, another the rate at the time of its fill."""
        terms, amounts, lost = holding.terms, [realized], []
        if terms.currency is None:
            return None, "currency_unknown"
        paid: list[tuple[str, Fraction, Fraction | None]] = [
            (
                name,
                -amount,
                self._fee_rate(when, row, name, terms),
            )
            for when, row in holding.by(method)
            if isinstance(row, dict)
            for name, amount in row["fees"]
        ]
        paid += [
            (
                f.get("currency"),
                number(f.get("amount")),
                self._rate_at(f.at, f.get("currency"), terms),
            )
            for f in holding.fundings
        ]
        for name, amount, rate in paid:
            if amount and rate is None:
                lost.append(f"no_rate:{name}->{terms.currency}")
            amounts.append(amount * (rate or 0))
        return (None, min(lost)) if lost else (sum(amounts, Fraction()), None)

    def _fee_rate(self, when: When, row: Row, name: str | None, terms: Terms) -> Fraction | None:
        """What a unit of a fee's currency was worth."""
        is_base = name == terms.base
        return row["price"] if is_base else self._rate_at(when[0], str(name), terms)

    def _rate_at(self, at: datetime, name: str, terms: Terms) -> Fraction | None:
        path = self.rates.path(name, str(terms.currency), at, self.parities)
        return path and path.rate

    def _latest_statements(self) -> dict[str, Fact]:
        """The venue's latest statement of each currency."""
        stated = (f for f in self.of_account() if f.type == "balance" and f.get("currency"))
        return {f.get("currency"): f for f in sorted(stated, key=lambda fact: fact.when)}

    def _total(self, currency: str) -> Fraction | None:
        """The balance. Null where a margined position is unknown, where an instrument contradicts
        itself or a side, also of its coin, and everywhere where it is unknown which currency an
        instrument moves."""
        unknown: set[str | None] = set()
        for _, holding in self.each_holding():
            terms = holding.terms
            if terms.currency is None or (holding.reason and terms.kind == "margined"):
                unknown.add(terms.currency)
            if terms.currency and holding.is_contradictory:
                unknown |= {terms.currency, terms.base or terms.currency, *terms.rivals}
        return None if {currency, None} & unknown else self.cash.total(currency)

    def _balance(self, currency: str, stated: Fact | None) -> Row:
        total = self._total(currency)
        owed = self.cash.owed(currency)
        reason = self._equity_reason(currency)
        reported = None if stated is None else number(stated.get("amount"))
        is_known = stated is not None and total is not None
        then = self.seen(effective_at=stated.at)._total(currency) if is_known and stated else None
        return {
            "account": self.account,
            "currency": currency,
            "total": total,
            "owed": owed,
            "equity": None
            if reason or total is None
            else total - owed + self._value_of_positions(currency),
            "equity_reason": reason,
            "reported": reported,
            "difference": None if reported is None or then is None else reported - then,
        }

    def _account_reason(self) -> str | None:
        return None if self.cash.is_opened else "no_opening_balance"

    def _equity_reason(self, currency: str) -> str | None:
        """The reason why the equity is null: the first in the page's order."""
        reasons = [self._account_reason()]
        for name, holding in self.each_holding():
            if holding.terms.currency is None:
                reasons.append("currency_unknown")
                continue
            if holding.is_contradictory and currency in {holding.terms.base, *holding.terms.rivals}:
                reasons += [holding.reason, "kind_conflict"]
            if holding.terms.currency == currency:
                is_unmarked = holding.needs_mark and not self._serving_mark(name)
                reasons += [holding.reason, f"no_mark:{name}" if is_unmarked else None]
                mark = self._serving_mark(name)
                if mark and holding.needs_mark:
                    is_valued = has_value_at(number(mark.get("price")), holding.terms)
                    reasons.append(None if is_valued else "impossible_price")
        return min(filter(None, reasons), key=rank_of_reason, default=None)

    def _serving_mark(self, instrument: str) -> Fact | None:
        """The latest mark, unless it is too old."""
        marks = self.marks_of(instrument)
        is_new = marks and self.moment - marks[-1].at <= self.mark_life
        return marks[-1] if is_new else None

    def _value_of_positions(self, currency: str) -> Fraction:
        """Unrealized P&L of margined positions, by average, and the market value of others."""
        value = Fraction()
        for name, holding in self.each_holding():
            if holding.terms.currency != currency or not holding.needs_mark:
                continue
            fact, lots = self._serving_mark(name), holding.booked_lots()
            mark = number(fact.get("price")) if fact else Fraction()
            if holding.terms.kind == "margined":
                value += unrealized(lots, mark, holding.terms) or 0
            else:
                value += sum(lot.quantity for lot in lots) * mark * holding.terms.multiplier
        return value
