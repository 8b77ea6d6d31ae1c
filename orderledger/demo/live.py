"""The live demo: a process that trades at the simulated venue until it is stopped, for the page to
show.

`python -m orderledger.demo.live --db PATH --seed N`. It first trades through the last half hour at
once, then in real time. It ends when its standard input is closed, which happens when its parent
dies.
"""

import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import click

from orderledger import Deny, Ledger, Role, Side
from orderledger.demo.desk import Desk
from orderledger.demo.orders import decided, order_for, propose, quote
from orderledger.demo.reconciling import ask
from orderledger.demo.world import ACCOUNT, INSTRUMENTS, VenueClock
from orderledger.simulation.local import CALM, LocalVenue

BEFORE = timedelta(minutes=30)
"""The period that is traded at once, before real time begins."""

ROUND_SECONDS = 15
STEP_SECONDS = 0.5
QUOTES = 3
"""Open quotes on each side."""


class LiveTrader:
    """Two strategies, round after round: maker quotes ETH-USD, momentum enters and exits BTC-USD.
    Some calls get no answer."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self._desk = desk
        self._chance = random.Random(seed)
        self._round = 0
        self._unresolved: list[str] = []

    def open_day(self) -> None:
        """Define the instruments."""
        self._desk.record_reports(self._desk.venue.definitions())
        self._desk.record_reports(self._desk.venue.marks())

    def trade(self) -> None:
        """One round."""
        self._round += 1
        self._resolve()
        self._quote()
        if self._round % 3 == 0:
            self._propose(Role.ENTRY if self._round % 2 else Role.EXIT)
        if self._round % 7 == 0:
            self._deny()
        self._desk.record_reports(self._desk.venue.marks())

    def _quote(self) -> None:
        """Keep a few quotes on each side: cancel the oldest, move another, and add a new one."""
        for side, sign in ((Side.BUY, -1), (Side.SELL, 1)):
            quotes = self._open_quotes(side)
            if len(quotes) >= QUOTES:
                self._desk.cancel(quotes[0], request_id=f"{quotes[0]}-cancel-{self._round}")
                price = self._desk.price("ETH-USD", ticks=sign * self._chance.randint(2, 20))
                self._desk.replace(
                    quotes[1], limit_price=price, request_id=f"{quotes[1]}-replace-{self._round}"
                )
            name = f"Q-{self._round}-{side}"
            limit_price = self._desk.price("ETH-USD", ticks=sign * self._chance.randint(1, 30))
            quantity = Decimal(self._chance.randint(2, 10)) / 2
            order = quote(name, side, quantity=quantity, limit_price=limit_price, group="quotes")
            self._send_with_luck(name, partial(self._desk.place, order))

    def _open_quotes(self, side: Side) -> list[str]:
        rows = self._desk.ledger.open_orders(
            account=ACCOUNT, strategy="maker", side=str(side), certainty="confirmed"
        )
        return [
            str(row["client_order_id"])
            for row in rows
            if row["pending"] is None and row["status"] != "pending_new"
        ]

    def _propose(self, role: Role) -> None:
        """A proposal, its approval, and its order."""
        ticks = self._chance.randint(1, 6) * (1 if role is Role.ENTRY else -1)
        trade_id = f"T-{(self._round + 3) // 6}"
        proposal = propose(
            f"P-{self._round}",
            role,
            trade_id=trade_id,
            quantity=Decimal(self._chance.randint(2, 12)) / 20,
            limit_price=self._desk.price("BTC-USD", ticks=ticks),
        )
        reason = "enough_for_now" if self._chance.random() < 0.2 else None
        self._desk.record(proposal, decided(proposal, reason=reason))
        if reason is None:
            name = f"M-{self._round}"
            self._send_with_luck(name, partial(self._desk.place, order_for(proposal, name)))

    def _send_with_luck(self, name: str, send: Callable[[], str]) -> None:
        """One call in ten gets no answer: the order is unresolved until the venue is queried, in
        the next round.
        """
        if self._chance.random() < 0.1:
            self._desk.venue.lose_next_answer(self._chance.choice(("answer_lost", "request_lost")))
            self._unresolved.append(name)
        send()

    def _resolve(self) -> None:
        for name in self._unresolved:
            row = self._desk.ledger.order(name, account=ACCOUNT)
            if row["certainty"] == "unresolved":
                ask(self._desk, dict(row))
                if self._desk.ledger.order(name, account=ACCOUNT)["certainty"] == "unresolved":
                    self._desk.record(
                        Deny(
                            account=ACCOUNT,
                            client_order_id=name,
                            reason="never_arrived",
                            not_sent=True,
                        )
                    )
        self._unresolved.clear()

    def _deny(self) -> None:
        name = f"D-{self._round}"
        too_large = quote(
            name,
            Side.SELL,
            quantity=Decimal(40),
            limit_price=self._desk.price("ETH-USD", ticks=5),
            group="quotes",
        )
        self._desk.record(
            too_large,
            Deny(
                account=ACCOUNT,
                client_order_id=name,
                reason="max_notional",
                text="over 100,000 USD",
            ),
        )


def trade(path: Path, seed: int, is_stopping: threading.Event) -> None:
    """Trade until `is_stopping`."""
    now = datetime.now(UTC)
    venue = LocalVenue(
        seed,
        start=now - BEFORE,
        instruments=INSTRUMENTS,
        account=ACCOUNT,
        faults=CALM,
        flow_interval_seconds=1.0,
    )
    with Ledger.open(path, clock=VenueClock(venue)) as ledger:
        desk = Desk(ledger, venue, lambda line: None)
        trader = LiveTrader(desk, seed)
        trader.open_day()
        while venue.now < datetime.now(UTC) - timedelta(seconds=ROUND_SECONDS):
            trader.trade()
            desk.wait(ROUND_SECONDS)
        next_round = time.monotonic()
        while not is_stopping.wait(STEP_SECONDS):
            desk.wait(max(0.0, (datetime.now(UTC) - venue.now).total_seconds()))
            if time.monotonic() >= next_round:
                trader.trade()
                next_round += ROUND_SECONDS / 5


@click.command()
@click.option("--db", required=True, type=click.Path(path_type=Path), help="The ledger's store.")
@click.option("--seed", required=True, type=int, help="The same seed chooses the same orders.")
def main(db: Path, seed: int) -> None:
    """Trade until standard input is closed."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is for the parent, which ends this process
    is_stopping = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        is_stopping.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    trade(db, seed, is_stopping)


if __name__ == "__main__":
    main()
