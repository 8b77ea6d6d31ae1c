"""The story: a process trades and is killed; the next one recovers, queries the venue, continues
to trade and shows the books.
"""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from orderledger import Role, Source
from orderledger.demo import books, tables
from orderledger.demo.desk import Desk
from orderledger.demo.narrator import Narrator
from orderledger.demo.orders import decided, order_for, propose
from orderledger.demo.proof import prove
from orderledger.demo.reconciling import ask, ask_for_fills, settle
from orderledger.demo.words import clock, number, sentence, terms
from orderledger.demo.world import ACCOUNT, OPENING, memory_in, open_ledger, store_in
from orderledger.extend.views import Row
from orderledger.simulation.local import LocalVenue

SEED = 71
"""A seed whose story shows all kinds of events."""
DOWNTIME = timedelta(seconds=75)
REPORT_SOURCES = (Source.VENUE_PUSH, Source.RECONCILIATION)


def run(folder: Path, seed: int, console: Console) -> None:
    """Tell the story in an empty folder. The same seed gives the same output, to the byte.

    Raises FileExistsError if the folder already holds a store.
    """
    for path in (store_in(folder), memory_in(folder)):
        if path.exists():
            raise FileExistsError(
                f"the demo needs a folder without {path.name}, found one in {folder}"
            )
    narrator = Narrator(console)
    trade_until_killed(narrator, folder, seed)
    venue = pass_time(narrator, LocalVenue.load(memory_in(folder)))
    with open_ledger(store_in(folder), venue) as ledger:
        desk = Desk(ledger, venue, narrator.line)
        log = list(ledger.events())
        found = recover(narrator, desk, log)
        resolve(narrator, desk, found, log)
        trade_on(narrator, desk)
        books.show(narrator, desk)
        books.show_order(narrator, desk, order_to_show(desk, found), killed_at=len(log))
        prove(narrator, desk)


def trade_until_killed(narrator: Narrator, folder: Path, seed: int) -> None:
    """Run the trading process until it dies."""
    narrator.heading("A process trades: every order is recorded before it is sent")
    narrator.line(
        f"Seed {seed}. Times are the venue's, {OPENING:%d %B %Y}, and virtual: nothing waits for "
        "them."
    )
    narrator.line(
        "Two strategies: momentum trades BTC-USD (M- orders, P- proposals), maker quotes ETH-USD "
        "(Q- orders)."
    )
    command = [sys.executable, "-m", "orderledger.demo.trader", "--seed", str(seed)]
    command += ["--db", str(store_in(folder)), "--venue", str(memory_in(folder))]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment
    ) as trader:
        assert trader.stdout is not None
        for line in trader.stdout:
            narrator.line(line.rstrip("\n"))
    if trader.returncode != -signal.SIGKILL:
        raise RuntimeError(
            f"the trading process should have died by SIGKILL, but ended with {trader.returncode}"
        )
    death = f"signal {-trader.returncode}, {signal.Signals(-trader.returncode).name}"
    narrator.line(
        f"--------  The process is dead: {death}. No handler ran, nothing was flushed or closed."
    )


def pass_time(narrator: Narrator, venue: LocalVenue) -> LocalVenue:
    """Let the venue continue without a connection, and a person trade there by hand."""
    venue.submit(
        client_order_id="SCREEN-1",
        instrument="SOL-USD",
        side="buy",
        quantity="25",
        limit_price="140.5",
    )
    venue.drop(DOWNTIME.total_seconds())
    venue.advance(venue.now + DOWNTIME)
    narrator.line(
        f"For {DOWNTIME.seconds} seconds the venue continues without us. Meanwhile the operator "
        "buys 25 SOL-USD by hand on its screen."
    )
    return venue


def recover(narrator: Narrator, desk: Desk, log: list[Row]) -> list[Row]:
    """Show the state of the ledger before any query. Returns the orders that have not ended."""
    narrator.heading("The next process recovers: the state of the ledger before any query")
    recovery = desk.ledger.recover(account=ACCOUNT)
    narrator.line(
        f"The last recorded event is #{log[-1]['position']} at {clock(log[-1]['at'])}: "
        f"{log[-1]['stream'].rpartition('/')[2]} {sentence(log[-1])}. The answer died with the "
        "process."
    )
    narrator.line(
        f"{len(recovery.open)} orders have not ended. In flight: {len(recovery.in_flight)}."
        f" Unresolved: {len(recovery.unresolved)}. With a cancel or replace outstanding: "
        f"{len(recovery.pending)}."
    )
    narrator.show(tables.recovered(recovery.open))
    narrator.line(
        f"To find them it read {recovery.events_read} of the {len(log)} events in the log; the "
        "rest was already in the views."
    )
    return recovery.open


def resolve(narrator: Narrator, desk: Desk, found: list[Row], log: list[Row]) -> None:
    """Query the venue about each of these orders, and settle what is left."""
    narrator.heading("It queries the venue, and records the answers")
    last_report_at = max(event["at"] for event in log if event["source"] in REPORT_SOURCES)
    desk.note_gap(last_report_at, desk.venue.now, reason="process_killed")
    answers = [ask(desk, order) for order in found]
    narrator.show(tables.answered(answers))
    recorded, known = ask_for_fills(desk, since=OPENING)
    narrator.line(
        f"A query for every fill of the day returns {recorded + known}. New to the ledger: "
        f"{recorded}. Known already: {known}."
    )
    for order in desk.ledger.orders(account=ACCOUNT, origin="external"):
        quantity = f"{number(order['cum_quantity'])} {order['instrument']}"
        narrator.line(
            f"{order['client_order_id']} is not one of our orders: marked external, its "
            f"{quantity} count at once."
        )
    for order in found:
        done = settle(desk, str(order["client_order_id"]))
        if done is not None:
            narrator.line(f"{order['client_order_id']}: {done}")
    left = desk.ledger.recover(account=ACCOUNT)
    narrator.line(
        f"Unresolved now: {len(left.unresolved)}. In flight: {len(left.in_flight)}. Outstanding: "
        f"{len(left.pending)}."
    )


def trade_on(narrator: Narrator, desk: Desk) -> None:
    """Sell what momentum bought, and end the day."""
    narrator.heading("It trades to the end of the day")
    desk.wait(20)
    for order in desk.ledger.open_orders(account=ACCOUNT, strategy="momentum"):
        name = str(order["client_order_id"])
        desk.print_line(
            f"{name} momentum cancels the rest: {desk.cancel(name, request_id=f'{name}-cancel')}"
        )
    desk.wait(2)
    _sell_two_thirds(desk)
    desk.wait(30)
    for order in desk.ledger.open_orders(account=ACCOUNT):
        name = str(order["client_order_id"])
        desk.print_line(
            f"{name} is canceled for the night: {desk.cancel(name, request_id=f'{name}-night')}"
        )
    desk.wait(2)
    desk.record_reports(desk.venue.marks())


def _sell_two_thirds(desk: Desk) -> None:
    [row] = desk.ledger.pnl(
        by=("instrument", "strategy"), instrument="BTC-USD", strategy="momentum"
    )
    held = row["position_quantity"] or Decimal(0)
    quantity = held // Decimal("0.15") * Decimal("0.1")
    if quantity <= 0:
        desk.print_line("momentum holds too little to sell")
        return
    proposal = propose(
        "P-6",
        Role.EXIT,
        trade_id="T-1",
        quantity=quantity,
        limit_price=desk.price("BTC-USD", ticks=-12),
    )
    desk.record(proposal, decided(proposal))
    sold = f"sell {number(quantity)} BTC-USD of {number(held)}"
    desk.print_line(f"P-6 momentum proposes an exit ({sold}); the operator approves")
    desk.print_line(
        f"M-6 momentum {terms(proposal.model_dump())}: {desk.place(order_for(proposal, 'M-6'))}"
    )


def order_to_show(desk: Desk, found: list[Row]) -> str:
    """Choose an order to show: unresolved when the process was killed, filled since, with many
    kinds of events."""

    def merits(name: str) -> tuple[bool, int]:
        kinds = {
            event["name"].partition(".")[0] for event in desk.ledger.history(name, account=ACCOUNT)
        }
        return {"submission_unresolved", "fill_recorded"} <= kinds, len(kinds)

    names: list[str] = [order["client_order_id"] for order in found]
    return max(names, key=merits)
