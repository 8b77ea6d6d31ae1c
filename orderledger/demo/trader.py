"""The process that trades until it kills itself: `python -m orderledger.demo.trader --db PATH
--venue PATH --seed N`.

It prints its actions. At the end it sends itself SIGKILL, after it recorded two orders and before
both are sent.
"""

import os
import random
import signal
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import click

from orderledger import Deny, Propose, Request, Role, Side, Source
from orderledger.demo.desk import Desk
from orderledger.demo.orders import decided, order_for, propose, quote
from orderledger.demo.words import clock, number
from orderledger.demo.world import ACCOUNT, LIMIT_NOTIONAL, new_venue, open_ledger

MARGIN = timedelta(seconds=5)
"""Overlap of the query for fills: reports in flight when the connection dropped are lost too."""


class Trader:
    """A morning of two strategies. The seed decides sizes, rounds and the moment of the kill; the
    venue decides the rest."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk = desk
        self.chance = random.Random(seed)

    def trade_until_killed(self) -> NoReturn:
        """Trade the whole morning."""
        self.open_day()
        self.enter()
        self.meet_refusals()
        for number_of_round in range(1, self.chance.randint(2, 4)):
            self.quote_anew(number_of_round)
        self.exit_through_a_dropped_connection()
        self.lose_answers()
        self.send_a_pair_and_die()

    def open_day(self) -> None:
        """Define the instruments and quote both sides."""
        self.desk.record_reports(self.desk.venue.definitions())
        self.desk.print_line(f"connected to {ACCOUNT}; BTC-USD, ETH-USD and SOL-USD defined")
        self._quote("Q-1", Side.BUY, ticks=-3)
        self._quote("Q-2", Side.SELL, ticks=3)
        self.desk.wait(5)

    def enter(self) -> None:
        """Enter: a proposal, an approval, an order."""
        proposal = self._propose(
            "P-1", Role.ENTRY, trade_id="T-1", quantity=self._lots(14, 18), ticks=4
        )
        self._place(order_for(proposal, "M-1"))
        self.desk.wait(20)

    def meet_refusals(self) -> None:
        """Show a refusal by the operator, one by our own risk check, and one by the venue."""
        self._propose(
            "P-2",
            Role.ENTRY,
            trade_id="T-2",
            quantity=self._lots(16, 18),
            ticks=5,
            reason="enough_for_today",
        )
        too_large = quote(
            "Q-3",
            Side.SELL,
            quantity=Decimal(40),
            limit_price=self.desk.price("ETH-USD", ticks=4),
            group="quotes",
        )
        assert (
            too_large.quantity is not None
            and too_large.limit_price is not None
            and too_large.quantity * too_large.limit_price > LIMIT_NOTIONAL
        )
        deny = Deny(
            account=ACCOUNT,
            client_order_id="Q-3",
            reason="max_notional",
            text=f"over {number(LIMIT_NOTIONAL)} USD",
        )
        self.desk.record(too_large, deny)
        self.desk.print_line(
            "Q-3 maker sell 40 ETH-USD: denied by our own risk check, over "
            f"{number(LIMIT_NOTIONAL)} USD; never sent"
        )
        self._quote("Q-4", Side.BUY, ticks=30)

    def quote_anew(self, number_of_round: int) -> None:
        """Move the quotes with the market, and replace finished ones by new orders."""
        for name, side, ticks in (("Q-1", Side.BUY, -3), ("Q-2", Side.SELL, 3)):
            if self.desk.is_open(name):
                limit_price = self.desk.price("ETH-USD", ticks=ticks)
                if limit_price == self.desk.ledger.order(name, account=ACCOUNT)["limit_price"]:
                    continue
                answer = self.desk.replace(
                    name, limit_price=limit_price, request_id=f"{name}-replace-{number_of_round}"
                )
                self.desk.print_line(
                    f"{name} maker moves its price to {number(limit_price)}: {answer}"
                )
            else:
                self._quote(f"{name}{'abc'[number_of_round - 1]}", side, ticks=ticks)
        self.desk.wait(30)

    def exit_through_a_dropped_connection(self) -> None:
        """Exit while the connection drops, right after the order. The lost reports are queried
        later."""
        proposal = self._propose(
            "P-3", Role.EXIT, trade_id="T-1", quantity=self._lots(8, 10), ticks=1
        )
        self._place(order_for(proposal, "M-2"))
        self.desk.venue.drop(15)
        self.desk.print_line("the connection drops")
        self.desk.wait(35)
        down_at, up_at = self.desk.venue.outages[-1]
        self.desk.note_gap(down_at, up_at, reason="connection_dropped")
        self.desk.record_reports(
            [self.desk.venue.order_status("M-2")], source=Source.RECONCILIATION
        )
        for anomaly in self.desk.ledger.anomalies(account=ACCOUNT, client_order_id="M-2"):
            self.desk.print_line(f"M-2 {anomaly['code']}: {anomaly['detail']}")
        missed = self.desk.venue.fills_since(down_at - MARGIN)
        count = self.desk.record_reports(missed, source=Source.RECONCILIATION)["recorded"]
        self.desk.print_line(
            f"gap {clock(down_at)} to {clock(up_at)} recorded; the query for the venue's fills "
            f"returns {count} that were missed"
        )
        self.desk.print_fills(missed)

    def lose_answers(self) -> None:
        """Let four calls time out. Only the venue knows which of them it executed."""
        self._quote("Q-5", Side.BUY, ticks=-40)
        self._quote("Q-6", Side.SELL, ticks=40)
        venue = self.desk.venue
        venue.lose_next_answer("answer_lost")
        limit_price = self.desk.price("ETH-USD", ticks=-30)
        answer = self.desk.replace("Q-5", limit_price=limit_price, request_id="Q-5-replace")
        self.desk.print_line(f"Q-5 maker moves its price to {number(limit_price)}: {answer}")
        venue.lose_next_answer("request_lost")
        self.desk.print_line(
            f"Q-6 maker cancels: {self.desk.cancel('Q-6', request_id='Q-6-cancel')}"
        )
        proposal = self._propose(
            "P-4", Role.ENTRY, trade_id="T-1", quantity=self._lots(10, 16), ticks=-2
        )
        venue.lose_next_answer("answer_lost")
        self._place(order_for(proposal, "M-3"))
        venue.lose_next_answer("request_lost")
        self._quote("Q-7", Side.BUY, ticks=-4)

    def send_a_pair_and_die(self) -> NoReturn:
        """Record two orders together, and send them one by one. The seed decides how many are sent
        before the kill."""
        proposal = self._propose(
            "P-5", Role.ENTRY, trade_id="T-1", quantity=self._lots(8, 16), ticks=3
        )
        assert proposal.quantity is not None
        half = proposal.quantity // Decimal("0.1") * Decimal("0.05")
        first = order_for(proposal, "M-4", quantity=half, group="pair")
        second = order_for(proposal, "M-5", quantity=proposal.quantity - half, group="pair")
        self.desk.record(first, second)
        self.desk.print_line(
            "M-4 and M-5 momentum, a pair for P-5: both recorded, now sent one by one ..."
        )
        orders_sent = self.chance.randint(1, 2)
        for order in (first, second)[:orders_sent]:
            answer = self.desk.send(order)
            if order is not (first, second)[orders_sent - 1]:
                self.desk.record_answer(order.client_order_id, answer)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("SIGKILL cannot be survived")

    def _quote(self, name: str, side: Side, *, ticks: int) -> None:
        limit_price = self.desk.price("ETH-USD", ticks=ticks)
        quantity = Decimal(self.chance.randint(4, 10)) / 2
        self._place(quote(name, side, quantity=quantity, limit_price=limit_price, group="quotes"))

    def _place(self, request: Request) -> None:
        terms = (
            f"{request.side} {number(request.quantity)} {request.instrument} at "
            f"{number(request.limit_price)}"
        )
        self.desk.print_line(
            f"{request.client_order_id} {request.strategy} {terms}: {self.desk.place(request)}"
        )

    def _propose(
        self,
        proposal_id: str,
        role: Role,
        *,
        trade_id: str,
        quantity: Decimal,
        ticks: int,
        reason: str | None = None,
    ) -> Propose:
        limit_price = self.desk.price("BTC-USD", ticks=ticks)
        proposal = propose(
            proposal_id, role, trade_id=trade_id, quantity=quantity, limit_price=limit_price
        )
        self.desk.record(proposal, decided(proposal, reason=reason))
        terms = f"{proposal.side} {number(quantity)} BTC-USD"
        verdict = "the operator approves" if reason is None else f"the operator declines: {reason}"
        self.desk.print_line(f"{proposal_id} momentum proposes an {role} ({terms}); {verdict}")
        return proposal

    def _lots(self, least: int, most: int) -> Decimal:
        return Decimal(self.chance.randint(least, most)) / 20


@click.command()
@click.option("--db", required=True, type=click.Path(path_type=Path), help="The ledger's store.")
@click.option(
    "--venue", "memory", required=True, type=click.Path(path_type=Path), help="The venue's memory."
)
@click.option("--seed", required=True, type=int)
def main(db: Path, memory: Path, seed: int) -> None:
    """Trade until this process kills itself."""
    venue = new_venue(seed, memory)
    with open_ledger(db, venue) as ledger:
        Trader(Desk(ledger, venue, lambda line: print(line, flush=True)), seed).trade_until_killed()


if __name__ == "__main__":
    main(prog_name="python -m orderledger.demo.trader")
