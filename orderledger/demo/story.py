"""The story: a process trades and is killed, the next one recovers, asks the venue, trades on and shows the books."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from orderledger.demo import tables
from orderledger.demo.desk import Desk
from orderledger.demo.orders import decided, order_for, propose
from orderledger.demo.proof import prove
from orderledger.demo.reconciling import Answer, ask, ask_for_fills, note_gap, settle
from orderledger.demo.words import clock, number
from orderledger.demo.world import ACCOUNT, OPENING, memory_in, open_ledger, store_in
from orderledger.domain.values import Role
from orderledger.infrastructure.venues.simulated import SimulatedVenue
from orderledger.infrastructure.wire.parsing import parse_document
from orderledger.projections.recovery import Recovery

DOWNTIME = timedelta(seconds=75)


def run(folder: Path, seed: int, console: Console) -> None:
    """Tell the story in an empty folder. The same seed gives the same output, to the byte.

    Raises FileExistsError if the folder holds a store already.
    """
    for path in (store_in(folder), memory_in(folder)):
        if path.exists():
            raise FileExistsError(f"the demo needs a folder without {path.name}, found one in {folder}")
    told = Narrator(console)
    trade_until_killed(told, folder, seed)
    venue = pass_time(told, SimulatedVenue.load(memory_in(folder)))
    with open_ledger(store_in(folder), venue) as ledger:
        desk = Desk(ledger, venue, told.line)
        last_heard_at = max(event["recorded_at"] for event in ledger.events())
        recovery = recover(told, desk)
        names = resolve(told, desk, recovery, since=last_heard_at)
        trade_on(told, desk)
        show_books(told, desk)
        tell_one_order(told, desk, names, killed_at=last_heard_at)
        prove(told.heading, console, desk)


class Narrator:
    """Headings, sentences and tables on a console, as plain as they are written."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._chapter = 0

    def heading(self, text: str) -> None:
        """The next chapter."""
        self._chapter += 1
        self.console.print(f"\n[bold]{self._chapter}. {text}[/bold]", highlight=False)

    def line(self, text: str) -> None:
        """One sentence."""
        self.console.print(text, markup=False, highlight=False)


def trade_until_killed(told: Narrator, folder: Path, seed: int) -> None:
    """Let the trading process live and die."""
    told.heading("A process trades: every order is recorded before it is sent")
    told.line(f"Seed {seed}. Times are the venue's, {OPENING:%d %B %Y}, and virtual: nobody waits for them.")
    command = [sys.executable, "-m", "orderledger.demo.trader", "--seed", str(seed)]
    command += ["--db", str(store_in(folder)), "--venue", str(memory_in(folder))]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment) as trader:
        assert trader.stdout is not None
        for line in trader.stdout:
            told.line(line.rstrip("\n"))
    if trader.returncode != -signal.SIGKILL:
        raise RuntimeError(f"the trading process was to die by SIGKILL, it ended with {trader.returncode}")
    told.line("--------  The process is dead: signal 9, SIGKILL. No handler ran, nothing was flushed or closed.")


def pass_time(told: Narrator, venue: SimulatedVenue) -> SimulatedVenue:
    """The venue trades on while nobody listens, and somebody trades there by hand."""
    venue.submit(client_order_id="SCREEN-1", instrument="SOL-USD", side="buy", quantity="25", limit_price="140.5")
    venue.drop(DOWNTIME.total_seconds())
    venue.advance(venue.now + DOWNTIME)
    told.line(
        f"The venue trades on without us for {DOWNTIME.seconds} seconds. Meanwhile the operator buys 25 SOL-USD by hand, on the"
        " venue's own screen."
    )
    return venue


def recover(told: Narrator, desk: Desk) -> Recovery:
    """What the ledger alone knows, before anybody is asked."""
    told.heading("The next process recovers: what the ledger knows before anybody is asked")
    recovery = desk.ledger.recover(account=ACCOUNT)
    log = sum(1 for _ in desk.ledger.events())
    told.line(
        f"{len(recovery.open)} orders have not ended: {len(recovery.in_flight)} in flight, {len(recovery.unresolved)} unresolved,"
        f" {len(recovery.pending)} with a cancel or replace outstanding."
        f" Finding them took {recovery.events_read} events of the {log} in the log."
    )
    told.console.print(tables.recovered(recovery.open))
    return recovery


def resolve(told: Narrator, desk: Desk, recovery: Recovery, *, since: object) -> list[str]:
    """Ask the venue about each of them, and settle what is left."""
    return []
