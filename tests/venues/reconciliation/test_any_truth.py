"""Whatever happened at the venue, and whatever of it was heard, in whatever order: once reconciled,
as was foreseen, ledger and venue agree, and a second run appends nothing."""

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.venues.reconciliation.reconciler import Reconciled
from tests.scenarios import ACCOUNT, at, request
from tests.seeds import of_seeds
from tests.typed import column
from tests.venues.reconciliation.desk import Desk, left
from tests.venues.reconciliation.plain_venue import Known, PlainVenue

Message = dict[str, Any]


@dataclass
class Life:
    """One order at the venue, and what could have been heard of it."""

    chance: Random
    venue: PlainVenue
    number: int
    commands: list[Message] = field(default_factory=list)
    reports: list[Message] = field(default_factory=list)

    def live(self) -> None:
        """It is ours, or made elsewhere. One of ours may never have reached the venue."""
        chance, number, begun_at = self.chance, self.number, self.chance.randint(1, 20)
        self.quantity, self.filled, self.side = (
            chance.choice((4, 10)),
            0,
            chance.choice(("buy", "sell")),
        )
        self.is_ours = chance.random() < 0.7
        self.cloid = f"0xc{number}" if self.is_ours else None
        if self.is_ours:
            self._request(begun_at)
            if chance.random() < 0.15:
                return
        self.known = Known(
            f"V-{number}",
            cloid=self.cloid,
            side=self.side,
            quantity=str(self.quantity),
            at=at(begun_at),
        )
        self.venue.orders[self.known.name] = self.known
        self.names: Message = {
            "venue_order_id": self.known.name,
            "instrument": "BTC-USD",
            "side": self.side,
        }
        if self.is_ours:
            self.names |= {"aliases": {"plain.cloid": self.cloid}} if chance.random() < 0.7 else {}
            self.names |= {"client_order_id": f"C-{number}"} if chance.random() < 0.3 else {}
        claims = {"quantity": str(self.quantity), "limit_price": "100", "cum_quantity": "0"}
        self._report("acknowledged", begun_at, reported=claims)
        second: float = begun_at
        for _ in range(chance.randint(0, 5)):
            if self.known.is_open:
                second += chance.choice((0.5, 1, 3))
                chance.choice((self._fill, self._fill, self._replace, self._cancel, self._ask))(
                    second
                )

    def _request(self, begun_at: float) -> None:
        names = {
            "client_order_id": f"C-{self.number}",
            "quantity": str(self.quantity),
            "side": self.side,
        }
        self.commands.append(
            request(**names, aliases={"plain.cloid": self.cloid}, at=at(begun_at - 0.5))
        )
        if self.chance.random() < 0.9:
            self._command("submit", begun_at - 0.4)
        if self.chance.random() < 0.3:
            self._command(
                "unresolved", begun_at + self.chance.choice((0.1, 5, 10)), reason="timeout"
            )

    def _command(self, kind: str, second: float, **fields: Any) -> None:
        self.commands.append(
            {
                "type": kind,
                "account": ACCOUNT,
                "client_order_id": f"C-{self.number}",
                "at": at(second),
                **fields,
            }
        )

    def _report(self, kind: str, second: float, **fields: Any) -> None:
        self.reports.append(
            {"type": kind, "account": ACCOUNT, **self.names, "at": at(second), **fields}
        )

    def _fill(self, second: float) -> None:
        quantity, price = (
            min(self.chance.choice((1, 2, 4)), int(self.known.quantity) - self.filled),
            self.chance.choice(("99", "100")),
        )
        fill_id = f"F-{self.number}-{self.filled}"
        self.filled += quantity
        self.venue.trade(self.known.name, fill_id, str(quantity), at(second), price)
        self._report("fill", second, fill_id=fill_id, quantity=str(quantity), price=price)
        if self.filled == int(self.known.quantity):
            self.known.is_open, self.known.at = False, at(second)

    def _replace(self, second: float) -> None:
        self.known.quantity, self.known.price = (
            str(self.filled + self.chance.randint(1, 8)),
            self.chance.choice(("101", "102")),
        )
        self.known.is_replaced, self.known.at = True, at(second)
        self._report("replaced", second, quantity=self.known.quantity, limit_price=self.known.price)

    def _cancel(self, second: float) -> None:
        self.known.is_open, self.known.at = False, at(second)
        self._report("canceled", second)

    def _ask(self, second: float) -> None:
        """What is asked for and never answered."""
        if self.is_ours:
            kind = self.chance.choice(("request_cancel", "request_replace"))
            self._command(kind, second, **({"quantity": "9"} if kind == "request_replace" else {}))


def told(chance: Random, lives: list[Life]) -> list[Message]:
    """What is recorded of it all: our commands, and of the reports some, some of them twice, late,
    or in another order."""
    commands = [command for life in lives for command in life.commands]
    share = chance.choice((0.2, 0.6, 0.9))
    heard = [report for life in lives for report in life.reports if chance.random() < share]
    heard += [report for report in heard if chance.random() < 0.15]
    if chance.random() < 0.4:
        chance.shuffle(heard)
    return (
        sorted(commands + heard, key=lambda message: message["at"])
        if chance.random() < 0.6
        else commands + heard
    )


def check_truth(seed: int) -> None:
    chance, clock = Random(seed), SteppingClock(at(0))
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        venue = PlainVenue(clock)
        venue.is_wordy = chance.random() < 0.2
        desk, lives = (
            Desk(ledger, venue, clock),
            [Life(chance, venue, number) for number in range(1, chance.randint(2, 4))],
        )
        for life in lives:
            life.live()
        for message in told(chance, lives):
            ledger.record(parse_document(message))
        foreseen = desk.reconcile(60, is_dry_run=True)
        assert breaks(foreseen) == breaks(desk.reconcile(61)), f"seed {seed}"
        again = desk.reconcile(120)
        assert again.appended == 0, f"seed {seed}"
        assert [one for one in left(again) if not one.startswith("absent_order:")] == [], (
            f"seed {seed}"
        )
        compare(ledger, venue, f"seed {seed}")
        assert ledger.views.check().differences == (), f"seed {seed}"


def breaks(found: Reconciled) -> list[tuple[str, bool]]:
    return sorted((one.id, one.is_settled) for one in found.breaks)


def compare(ledger: Ledger, venue: PlainVenue, seed: str) -> None:
    """Every order that works or has traded, with its terms, and the position."""
    rows = {name: row for row in ledger.orders() for name in row["venue_order_ids"]}
    for name, known in venue.orders.items():
        filled = sum(
            (Decimal(fill["quantity"]) for fill in venue.fills if fill["venue_order_id"] == name),
            Decimal(0),
        )
        if name in rows or known.is_open or filled:
            assert (rows[name]["is_open"], rows[name]["cum_quantity"]) == (known.is_open, filled), (
                f"{seed}: {name}"
            )
        if known.is_open:
            terms = (
                str(rows[name]["quantity"]),
                str(rows[name]["limit_price"]),
                rows[name]["certainty"],
            )
            assert terms == (known.quantity, known.price, "confirmed"), f"{seed}: {name}"
    held = sum(
        (Decimal(fill["quantity"]) * (1 if fill["side"] == "buy" else -1) for fill in venue.fills),
        Decimal(0),
    )
    assert sum(column(ledger.positions(), "position_quantity")) == held, seed


@pytest.mark.slow
@of_seeds
def test_once_reconciled_ledger_and_venue_agree(seeds: range) -> None:
    for seed in seeds:
        check_truth(seed)
