"""The oracle: what every view must show, worked out from the messages alone.

Naive on purpose. It keeps every recorded message and answers each question by reading all of them
again; it shares no code with the package it audits. Numbers are exact Fractions, times are aware
datetimes in UTC. "Rule" and "section" refer to the contract. Facts are always read in the order of
(`at`, `sequence`, log position), so that nothing here can depend on the order of arrival except
where two facts carry the same time. What it is made of stands in `auditing`, by subject.
"""

from datetime import datetime
from fractions import Fraction

from tests.auditing.comparing import differences
from tests.auditing.facts import (
    ACCOUNT_TYPES,
    ORDER_COMMANDS,
    PROPOSAL_TYPES,
    Fact,
    Message,
    Row,
    When,
    in_short_form,
    instant,
    number,
)
from tests.auditing.groups import add_groups
from tests.auditing.names import collect, resolve
from tests.auditing.order import Order
from tests.auditing.outcomes import (
    has_used_id,
    is_repetition,
    is_untimed,
    refusal_of_command,
    refusal_of_proposal,
)
from tests.auditing.positions import Step, open_price, positions, sum_by_currency, worth
from tests.auditing.rows import order_row, trade_row
from tests.auditing.sides import (
    Books,
    Part,
    books,
    mode_of,
    part_of,
    quantity_of,
    told,
)

__all__ = ["Auditor", "differences"]

PAIRS = ("-", "/", "_", "")


class Auditor:
    """Keeps every recorded message, and works out each view from all of them whenever asked."""

    def __init__(self) -> None:
        self.log: list[Fact] = []
        self.expected_reason: str | None = None

    def offer(self, message: Message, recorded_at: datetime) -> str:
        """The outcome a valid message must have; it joins the log only when `recorded`."""
        at = instant(recorded_at if message.get("at") is None else message["at"])
        message = in_short_form(message)
        fact = Fact(len(self.log) + 1, message, at, instant(recorded_at))
        orders = self._orders(message["account"]) if fact.is_of_order else []
        order = resolve(orders, message)
        kin = order.facts if order else self._kin(fact)
        self.expected_reason = None
        if is_repetition(fact, kin):
            self.expected_reason = "no_time_given" if is_untimed(fact) else None
            return "duplicate"
        self.expected_reason = (
            "message_id_reused" if has_used_id(fact, kin) else self._refusal(fact, order)
        )
        if self.expected_reason is None:
            self.log.append(fact)
        return "refused" if self.expected_reason else "recorded"

    def _kin(self, fact: Fact) -> list[Fact]:
        """The facts of the same account, or of the same proposal, when it is not of an order."""
        types = next(
            (types for types in (PROPOSAL_TYPES, ACCOUNT_TYPES) if fact.type in types), set()
        )
        same = [
            known
            for known in self.log
            if known.type in types and known.get("account") == fact.get("account")
        ]
        subjects = ("proposal_id", "instrument") if fact.type in ACCOUNT_TYPES else ("proposal_id",)
        return [
            known for known in same if all(known.get(name) == fact.get(name) for name in subjects)
        ]

    def _refusal(self, fact: Fact, order: Order | None) -> str | None:
        """Only commands are refused; reports and account messages never."""
        if fact.type in PROPOSAL_TYPES:
            return refusal_of_proposal(fact, self._kin(fact))
        if fact.type == "request":
            return "duplicate_client_order_id" if order and order.request else None
        if fact.type == "request_replace" and order and self._is_of_another(fact, order):
            return refusal_of_command(fact, order) or "duplicate_client_order_id"
        if fact.type not in ORDER_COMMANDS:
            return None
        return refusal_of_command(fact, order) if order else "unknown_order"

    def _is_of_another(self, fact: Fact, order: Order) -> bool:
        """Whether the id that a replacement is to have is one of another order of ours."""
        name = fact.get("replacement_client_order_id")
        named = resolve(
            self._orders(fact.get("account")), {"client_order_id": name, "type": "acknowledged"}
        )
        return bool(
            name is not None and named and named.request and named.request is not order.request
        )

    def _orders(self, account: str) -> list[Order]:
        return collect(
            fact for fact in self.log if fact.get("account") == account and fact.is_of_order
        )

    def orders(self) -> list[Row]:
        """The `order` view, in the order in which the orders were first heard of."""
        return add_groups([order_row(order) for order in self._all_orders()])

    def trades(self) -> list[Row]:
        """The `trade` view: the standing fills in the order of (`at`, log position)."""
        return [row for _, row in self._trades_in_sequence()]

    def _all_orders(self) -> list[Order]:
        accounts = dict.fromkeys(fact.get("account") for fact in self.log)
        orders = [order for account in accounts for order in self._orders(account)]
        return sorted(orders, key=lambda order: min(fact.position for fact in order.facts))

    def _trades_in_sequence(self) -> list[tuple[When, Row]]:
        pairs = [
            (fill.traded, trade_row(order, fill))
            for order in self._all_orders()
            for fill in order.fills
        ]
        return sorted(pairs, key=lambda pair: pair[0])

    def _about(self, type_: str, account: str, instrument: str | None) -> list[Fact]:
        """The account messages of one type about one instrument, by (`at`, log position)."""
        about = [
            f
            for f in self.log
            if (f.type, f.get("account"), f.get("instrument")) == (type_, account, instrument)
        ]
        return sorted(about, key=lambda fact: fact.when)

    def _definition(self, account: str, instrument: str | None) -> Message:
        """The definition of the instrument: of each term the latest that was given."""
        given = [fact.message for fact in self._about("instrument", account, instrument)]
        return {
            name: value for message in given for name, value in message.items() if value is not None
        }

    def _mark(self, account: str, instrument: str) -> Fraction | None:
        marks = self._about("mark", account, instrument)
        return number(marks[-1].get("price")) if marks else None

    def marks(self) -> list[Row]:
        """The `marks` view: of two marks for the same time the later in the log."""
        facts = {
            (fact.get("account"), fact.get("instrument"), fact.at): fact
            for fact in self.log
            if fact.type == "mark"
        }
        names = ("account", "instrument", "at", "price")
        return [
            dict(zip(names, (*key, number(fact.get("price"))), strict=True))
            for key, fact in facts.items()
        ]

    def _converted(
        self, account: str, currency: str | None, amounts: dict[str, Fraction]
    ) -> Fraction | None:
        """The sum in the settlement currency. None where an amount has no mark that converts it
        (`BNB-USDT`, `BNB/USDT`, ...)."""
        rates = {
            name: self._rate(account, name, currency) for name, amount in amounts.items() if amount
        }
        if any(rate is None for rate in rates.values()):
            return None
        return sum((amounts[name] * (rate or 0) for name, rate in rates.items()), Fraction())

    def _rate(self, account: str, name: str, currency: str | None) -> Fraction | None:
        if name == currency:
            return Fraction(1)
        if not name:
            return None
        marks = [self._mark(account, f"{name}{separator}{currency}") for separator in PAIRS]
        return next((mark for mark in marks if mark is not None), None)

    def pnl(self, method: str = "average") -> list[Row]:
        """The `pnl` view: one row per account and instrument that ever had a standing fill, a
        funding or an adjustment."""
        trades = self._trades_in_sequence()
        keys = {(row["account"], row["instrument"]) for _, row in trades if row["side"] is not None}
        keys |= {
            (fact.get("account"), fact.get("instrument"))
            for fact in self.log
            if fact.type in {"funding", "adjust"}
        }
        named = sorted(key for key in keys if key[1] is not None)
        return [row for key in named for row in self._pnl_rows(*key, method, trades)]

    def _pnl_rows(
        self, account: str, instrument: str, method: str, all_trades: list[tuple[When, Row]]
    ) -> list[Row]:
        """A row for each position of the instrument: where it is not known of a fill which one it
        changes, none is known."""
        trades = [
            pair
            for pair in all_trades
            if (pair[1]["account"], pair[1]["instrument"]) == (account, instrument)
        ]
        steps: list[Step] = [(when, row) for when, row in trades if row["side"] is not None]
        steps += [(fact.when, fact) for fact in self._about("adjust", account, instrument)]
        definitions = self._about("instrument", account, instrument)
        found, funding = books(steps, definitions), dict[Part, list[Fact]]()
        for fact in self._about("funding", account, instrument):
            part = part_of(*told((fact.when, fact)), mode_of(fact.when, definitions))
            funding.setdefault(part, []).append(fact)
        return [
            self._pnl_row(account, instrument, method, part, found, funding.get(part, []))
            for part in sorted({**found.parts, **funding})
        ]

    def _pnl_row(
        self,
        account: str,
        instrument: str,
        method: str,
        part: Part,
        found: Books,
        paid_out: list[Fact],
    ) -> Row:
        steps = found.parts.get(part, [])
        rows = [row for _, row in steps if isinstance(row, dict)]
        definition = self._definition(account, instrument)
        is_inverse = bool(definition.get("inverse"))
        multiplier = number(definition.get("multiplier") or 1)
        is_priced = not is_inverse or all(row["price"] > 0 for row in rows)
        lots, realized = positions(steps, method, is_inverse) if is_priced else ([], Fraction())
        funding = sum_by_currency((f.get("currency"), f.get("amount")) for f in paid_out)
        fees = sum_by_currency((row["fee_currency"], row["fee"]) for row in rows)
        currency = definition.get("currency")
        fees = sum_by_currency((name or currency, amount) for name, amount in fees.items())
        mark = self._mark(account, instrument)
        marked = [] if mark is None else [lot._replace(price=mark) for lot in lots]
        gains = sum((worth(lot, is_inverse) for lot in marked), Fraction()) - sum(
            (worth(lot, is_inverse) for lot in lots), Fraction()
        )
        paid, received = (
            self._converted(account, currency, fees),
            self._converted(account, currency, funding),
        )
        is_known = currency is not None and paid is not None and received is not None
        net = realized * multiplier - (paid or 0) + (received or 0)
        reason = None if found.is_known else "position_side_unknown"
        reason = reason or (None if is_priced else "impossible_price")
        missing = (
            "currency_unknown"
            if currency is None
            else None
            if is_known or reason
            else "rate_unknown"
        )
        codes = [
            *(["impossible_price"] if not is_priced else []),
            *(["position_side_unknown"] if not found.is_known else []),
        ]
        codes += ["position_side_conflict"] if found.conflicts and part[0] == "net" else []
        return {
            "account": account,
            "instrument": instrument,
            "position_side": part[0],
            "position_id": part[1],
            "position_quantity": quantity_of(steps) if found.is_known else None,
            "average_open_price": None if reason else open_price(lots, is_inverse),
            "realized_pnl": None if reason else realized * multiplier,
            "fees": fees,
            "funding": funding,
            "net_pnl": net if is_known and not reason else None,
            "unrealized_pnl": None if mark is None or reason else gains * multiplier,
            "mark_price": mark,
            "currency": currency,
            "anomalies": [*sorted(codes), *([missing] if missing else [])],
            "reason": reason or missing,
            "method": method,
            "fills": len(rows),
            "bought_quantity": sum(
                (row["quantity"] for row in rows if row["side"] == "buy"), Fraction()
            ),
            "sold_quantity": sum(
                (row["quantity"] for row in rows if row["side"] == "sell"), Fraction()
            ),
        }
