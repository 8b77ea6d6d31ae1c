"""Compare a ledger's file with the simulated exchange, by SQL and arithmetic of its own: uses no
code of the ledger."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from orderledger.simulation.market import (
    ExchangeSimulator,
    OrderStatus,
    SimulatedFill,
    SimulatedOrder,
)
from orderledger.testing import VenueUnderTest

Row = Any
Sent = Mapping[tuple[str, str], str | None]

NOTHING = Decimal(0)
ROUNDING = Decimal("0.0000001")
"""Where prices are made of averages, by how much the notional of one unit may be off."""

ENDED = {
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELED: "canceled",
    OrderStatus.REJECTED: "rejected",
    OrderStatus.EXPIRED: "expired",
}
HARMLESS = frozenset({"unknown_order", "late_report", "fill_after_end"})
"""What is odd about the way something was heard, and not about what is known now."""
OPEN = frozenset({"new", "partially_filled", "suspended", "stopped", "pending_new"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueStory:
    """One order as a ledger should have it: all its legs at the venue, the last one in force."""

    legs: tuple[SimulatedOrder, ...]
    name: str | None
    venue_id: Callable[[SimulatedOrder], str]

    @property
    def last(self) -> SimulatedOrder:
        return self.legs[-1]

    @property
    def ids(self) -> set[str]:
        return {self.venue_id(leg) for leg in self.legs}

    @property
    def filled(self) -> Decimal:
        return sum((leg.filled for leg in self.legs), NOTHING)

    @property
    def quantity(self) -> Decimal:
        return self.last.quantity + sum((leg.filled for leg in self.legs[:-1]), NOTHING)

    @property
    def status(self) -> str:
        """`open`, or how it ended. What was filled in part and then refused or expired at
        Hyperliquid was canceled."""
        return ENDED.get(self.last.status, "open")


class Judge:
    """`faults` is all that is wrong, in sentences. `is_whole`: whether the collector heard
    everything as it happened, so that even an order of somebody else's that came and went unfilled
    has to be there. `had_gaps`: whether every feed was down."""

    def __init__(
        self,
        database: Path,
        kind: VenueUnderTest,
        exchange: ExchangeSimulator,
        sent: Sent,
        *,
        is_whole: bool,
        had_gaps: bool = False,
    ) -> None:
        self._database = database
        self._kind = kind
        self._exchange = exchange
        self._sent = sent
        self._is_whole = is_whole or not kind.reports_fills
        self._had_gaps = had_gaps
        self._faults: list[str] = []

    def faults(self) -> list[str]:
        self._faults = []
        with closing(sqlite3.connect(self._database)) as connection:
            connection.row_factory = sqlite3.Row
            for account, name in self._kind.names.items():
                self._judge_orders(connection, account, name)
                self._judge_fills(connection, account, name)
                self._judge_positions(connection, account, name)
                self._judge_reconciliation(connection, account)
            self._judge_strangers(connection)
        return self._faults

    def log_length(self) -> int:
        """How many events there are."""
        with closing(sqlite3.connect(self._database)) as connection:
            return int(connection.execute("SELECT count(*) FROM orderledger_events").fetchone()[0])

    # Orders

    def _judge_orders(self, connection: sqlite3.Connection, account: str, name: str) -> None:
        rows = _rows(connection, "SELECT * FROM orders WHERE account = ?", account)
        ids = {id(row): set(json.loads(row["venue_order_ids"] or "[]")) for row in rows}
        left = {id(row) for row in rows}
        for story in self._stories(account, name):
            found = [row for row in rows if ids[id(row)] & story.ids]
            left -= {id(row) for row in found}
            if len(found) == 1:
                self._judge_order(found[0], ids[id(found[0])], story)
            elif found or not self._may_be_unknown(story):
                told = [
                    (row["client_order_id"], row["venue_order_ids"], row["aliases"])
                    for row in found
                ]
                self._say(account, story, f"is there {len(found)} times: {told}")
        for row in rows:
            if id(row) in left:
                self._judge_unsent(account, row)

    def _judge_order(self, row: Row, ids: set[str], story: TrueStory) -> None:
        account = row["account"]
        expected = {
            "client_order_id": story.name,
            "instrument": story.last.instrument,
            "side": str(story.last.side),
            "status": story.status,
            "is_open": int(story.status == "open"),
            "quantity": story.quantity,
            "limit_price": story.last.limit_price,
            "cum_quantity": story.filled,
            "certainty": "confirmed",
        }
        told = {column: row[column] for column in expected}
        for column in ("quantity", "limit_price", "cum_quantity"):
            told[column] = None if told[column] is None else Decimal(told[column])
        told["status"] = "open" if told["status"] in OPEN else told["status"]
        for column, value in expected.items():
            if told[column] != value and not (
                column == "status" and self._means(story, told[column])
            ):
                self._say(account, story, f"{column} is {told[column]}, and should be {value}")
        if story.venue_id(story.last) not in ids or not ids <= story.ids:
            self._say(
                account,
                story,
                f"its ids are {sorted(ids)}, and should be among {sorted(story.ids)}",
            )
        refused_late = (
            {"status_conflict"} if row["status"] == "rejected" else set()
        )  # it rested before it was refused
        odd = sorted(set(json.loads(row["anomalies"] or "[]")) - HARMLESS - refused_late)
        if odd:
            self._say(account, story, f"is odd: {odd}")

    def _means(self, story: TrueStory, told: str) -> bool:
        """What was filled in part, and then refused or expired, some venues can only tell as
        canceled."""
        is_partial = story.filled > 0 and story.status in ("expired", "rejected")
        return told == "canceled" and is_partial and self._kind.name != "tradier"

    def _may_be_unknown(self, story: TrueStory) -> bool:
        """Somebody else's order that came and went unfilled, while nobody listened."""
        return (
            not self._is_whole
            and story.name is None
            and story.last.status.is_ended
            and not story.filled
        )

    def _judge_unsent(self, account: str, row: Row) -> None:
        name = row["client_order_id"]
        if self._sent.get((account, name), "") is not None:
            self._faults.append(
                f"{account}: order {name} {row['venue_order_ids']} {row['aliases']} is not one of "
                "the venue's"
            )
            return
        told = (row["status"], row["certainty"], row["is_open"], Decimal(row["cum_quantity"]))
        if told != ("pending_new", "unresolved", 1, NOTHING):
            self._faults.append(f"{account}: order {name} never reached the venue, and is {told}")

    def _stories(self, account: str, name: str) -> Iterator[TrueStory]:
        ours = {
            client_id: own
            for (whose, own), client_id in self._sent.items()
            if whose == account and client_id is not None
        }
        rows = self._exchange.orders(name)
        for order in rows:
            is_chained = self._kind.new_ids and order.client_id is not None
            if order.replaced_by is not None and is_chained:
                continue
            legs = (
                tuple(self._exchange.order(leg) for leg in order.legs) if is_chained else (order,)
            )
            yield TrueStory(
                legs=legs, name=ours.get(order.client_id or ""), venue_id=self._kind.venue_id
            )
        for own in sorted(
            set(ours.values()) - {ours.get(order.client_id or "") for order in rows}, key=str
        ):
            self._faults.append(
                f"{account}: {own} was sent, and is not at the venue: this world is wrong"
            )

    # Fills, positions, the rest

    def _judge_fills(self, connection: sqlite3.Connection, account: str, name: str) -> None:
        rows = _rows(
            connection, "SELECT * FROM trades WHERE account = ? AND state = 'active'", account
        )
        fills = self._exchange.fills(name)
        if not self._kind.reports_fills:
            self._judge_sums(account, rows, fills)
            return
        told = Counter(_identity(row) for row in rows)
        expected = Counter(_true_identity(self._kind.venue_id(fill), fill) for fill in fills)
        for missing in (expected - told).elements():
            self._faults.append(f"{account}: a fill is missing: {missing}")
        for extra in (told - expected).elements():
            self._faults.append(f"{account}: a fill is not one of the venue's: {extra}")

    def _judge_sums(
        self, account: str, rows: Sequence[Row], fills: Sequence[SimulatedFill]
    ) -> None:
        told: dict[tuple[str, str, str], list[Decimal]] = {}
        expected: dict[tuple[str, str, str], list[Decimal]] = {}
        for row in rows:
            key = (row["venue_order_id"], row["instrument"], row["side"])
            _add(told, key, Decimal(row["quantity"]), Decimal(row["price"]))
        for fill in fills:
            _add(
                expected,
                (self._kind.venue_id(fill), fill.instrument, str(fill.side)),
                fill.quantity,
                fill.price,
            )
        for key in sorted({*told, *expected}):
            (quantity, notional), (true_quantity, true_notional) = (
                told.get(key, [NOTHING] * 2),
                expected.get(key, [NOTHING] * 2),
            )
            if quantity != true_quantity or abs(notional - true_notional) > ROUNDING * max(
                true_quantity, quantity
            ):
                self._faults.append(
                    f"{account}: fills of {key} are {quantity} for {notional}, and should be "
                    f"{true_quantity} for {true_notional}"
                )

    def _judge_positions(self, connection: sqlite3.Connection, account: str, name: str) -> None:
        rows = _rows(
            connection, "SELECT * FROM positions WHERE account = ? AND method = 'average'", account
        )
        held = {row["instrument"]: row for row in rows}
        for instrument in sorted(
            {*held, *(fill.instrument for fill in self._exchange.fills(name))}
        ):
            row = held.get(instrument)
            told = Decimal(row["position_quantity"]) if row else NOTHING
            expected = sum(
                (_kept(f) for f in self._exchange.fills(name) if f.instrument == instrument),
                NOTHING,
            )
            if told != expected:
                self._faults.append(
                    f"{account}: the position in {instrument} is {told}, and should be {expected}"
                )
            fundings = [
                one.amount for one in self._exchange.fundings(name) if one.instrument == instrument
            ]
            paid = sum(
                (
                    Decimal(str(paid))
                    for paid in json.loads((row or {}).get("funding") or "{}").values()
                ),
                NOTHING,
            )
            if paid != sum(fundings, NOTHING):
                self._faults.append(
                    f"{account}: fundings of {instrument} are {paid}, and should be "
                    f"{sum(fundings, NOTHING)}"
                )

    def _judge_reconciliation(self, connection: sqlite3.Connection, account: str) -> None:
        events = _rows(connection, "SELECT * FROM account_events WHERE account = ?", account)
        if self._had_gaps and not any(
            row["kind"] == "gap" and row["reason"] != "collector_stopped" for row in events
        ):
            self._faults.append(f"{account}: its feed was down, and there is no gap")
        for row in events:
            if row["kind"] == "gap" and row["to_at"] is None:
                self._faults.append(
                    f"{account}: the gap of {row['from_at']} is open: {row['reason']}"
                )
            if row["kind"] == "adjust" and row["instrument"] is not None:
                self._faults.append(
                    f"{account}: the position in {row['instrument']} was adjusted to "
                    f"{row['quantity']}"
                )
        certificates = _rows(
            connection, "SELECT * FROM certificates WHERE account = ? ORDER BY position", account
        )
        told = (
            {left["id"] for left in json.loads(certificates[-1]["open_breaks"])}
            if certificates
            else {"no certificate"}
        )
        lost = {
            f"absent_order:{own}"
            for (whose, own), client_id in self._sent.items()
            if whose == account and client_id is None
        }
        if told != lost:
            self._faults.append(
                f"{account}: open breaks are {sorted(told)}, and should be {sorted(lost)}"
            )

    def _judge_strangers(self, connection: sqlite3.Connection) -> None:
        for table in ("orders", "trades", "positions", "account_events", "certificates"):
            for row in _rows(connection, f"SELECT DISTINCT account FROM {table}"):
                if row["account"] not in self._kind.names:
                    self._faults.append(
                        f"{table}: account {row['account']} is not one of this world's"
                    )

    def _say(self, account: str, story: TrueStory, what: str) -> None:
        ids = ", ".join(map(story.venue_id, story.legs))
        self._faults.append(
            f"{account}: order {story.name or '(not ours)'} {ids} ({story.last.status}): {what}"
        )


def _rows(connection: sqlite3.Connection, question: str, *parameters: str) -> list[Row]:
    return [dict(row) for row in connection.execute(question, parameters)]


def _identity(row: Row) -> tuple[Any, ...]:
    fee = None if row["fee"] is None else Decimal(row["fee"])
    numbers = Decimal(row["quantity"]), Decimal(row["price"]), fee or NOTHING
    return (row["venue_order_id"], row["instrument"], row["side"], *numbers)


def _true_identity(name: str, fill: SimulatedFill) -> tuple[Any, ...]:
    return (name, fill.instrument, str(fill.side), fill.quantity, fill.price, fill.fee)


def _add(
    sums: dict[tuple[str, str, str], list[Decimal]],
    key: tuple[str, str, str],
    quantity: Decimal,
    price: Decimal,
) -> None:
    held = sums.setdefault(key, [NOTHING, NOTHING])
    held[0] += quantity
    held[1] += quantity * price


def _kept(fill: SimulatedFill) -> Decimal:
    """What a fill adds to its position: at spot, a fee in the coin has left it."""
    base, is_spot, _ = fill.instrument.partition("/")
    is_paid_in_coin = bool(is_spot) and fill.fee_currency == base and ":" not in fill.instrument
    return fill.signed_quantity - fill.fee if is_paid_in_coin else fill.signed_quantity
