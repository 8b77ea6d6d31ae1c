"""An arbitrage bot: buys a coin where it is cheap and sells it where it is dear, at the same
moment.

It keeps nothing in memory that it would miss. What it has to do next follows from the orders in the
ledger: after a restart it goes on where it was.

    python -m examples.arbitrage.bot orderledger.toml
"""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from itertools import groupby, permutations
from pathlib import Path
from typing import Any

import orderledger
from orderledger import Gateway, Halt, Ledger, LinksTo, Request
from orderledger.extend.values import SystemClock
from orderledger.rows import OrderRow
from orderledger.venues import OrderBook, PriceLevel, ReportsOrderBooks, VenueError

INSTRUMENTS = {"nobitex:main": "BTC/IRR", "wallex:main": "BTC/IRT", "invex:main": "BTC/IRR"}
"""The market at each exchange, which calls it `BTCIRT`, `BTCTMN` and `BTC_IRR`."""
RIALS = {"IRR": 1, "IRT": 10}
"""A toman is ten rial."""
TICKS = {"IRR": Decimal(5_000_000), "IRT": Decimal(500_000)}
BOOK_SECONDS = {"nobitex:main": 1.0, "wallex:main": 1.0, "invex:main": 2.0}
"""Between two queries of an order book. Nobitex allows 300 a minute and repeats its answer within a
second. Wallex and Invex publish no number: the adapters keep to 120 and 60 requests a minute."""
STALE = timedelta(seconds=5)
"""An order book of this age is not traded on."""
QUANTITY = Decimal("0.01")
EDGE = Decimal("0.007")
"""The least difference of two prices: more than the fees of both legs."""
SLIPPAGE = Decimal("0.002")
PATIENCE, PAUSE = timedelta(seconds=6), timedelta(seconds=5)
"""The first is longer than the collector needs to hear of a fill."""
TRIES = 5
"""Orders that flatten one group, before trading is halted."""
GROUPS_OPEN = 4
"""Groups at a time."""
LEG, FLATTEN = "arbitrage", "flatten"


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What `QUANTITY` costs and brings at one exchange, in its own unit: the prices of the last
    level that an order would take. `rials`: what the unit is worth."""

    account: str
    instrument: str
    bid: Decimal
    ask: Decimal
    rials: int
    at: datetime

    def price(self, side: str) -> Decimal:
        """A limit a little beyond that, in whole ticks."""
        price = self.ask * (1 + SLIPPAGE) if side == "buy" else self.bid * (1 - SLIPPAGE)
        tick = TICKS[self.instrument.partition("/")[2]]
        return (price / tick).to_integral_value(ROUND_DOWN) * tick


def quote_of(account: str, book: OrderBook, at: datetime) -> Quote | None:
    """None if a side of the order book has less than `QUANTITY`."""
    instrument = INSTRUMENTS[account]
    bid, ask = last_price(book.bids), last_price(book.asks)
    if bid is None or ask is None:
        return None
    rials = RIALS[instrument.partition("/")[2]]
    return Quote(account=account, instrument=instrument, bid=bid, ask=ask, rials=rials, at=at)


def last_price(levels: Sequence[PriceLevel]) -> Decimal | None:
    """The price of the last level that an order of `QUANTITY` takes."""
    left = QUANTITY
    for level in levels:
        left -= level.quantity
        if left <= 0:
            return level.price
    return None


class Quotes:
    """The quotes of all exchanges, each from an order book that is queried at its own pace."""

    def __init__(self, venues: Mapping[str, Any], now: Any) -> None:
        self._venues, self._now = venues, now
        self._found: dict[str, Quote] = {}

    def fresh(self) -> dict[str, Quote]:
        """By account."""
        oldest = self._now() - STALE
        return {account: one for account, one in self._found.items() if one.at > oldest}

    async def follow(self, account: str) -> None:
        """Query one order book until canceled. Without an answer, its quote grows old."""
        venue = self._venues[account]
        assert isinstance(venue, ReportsOrderBooks)
        while True:
            asked_at = self._now()
            with suppress(VenueError):
                book = await venue.order_book(INSTRUMENTS[account])
                quote = quote_of(account, book, asked_at)
                self._found.pop(account, None)
                self._found.update({} if quote is None else {account: quote})
            await asyncio.sleep(BOOK_SECONDS[account])


class Bot:
    def __init__(self, ledger: Ledger, gateway: Gateway, now: Any) -> None:
        self._ledger, self._gateway, self._now = ledger, gateway, now
        self._opens_at: datetime = now()

    async def step(self, quoted: dict[str, Quote]) -> None:
        """Look after the groups that are not finished, and open another one if it pays."""
        groups = groups_of(self._ledger)
        unfinished = [legs for legs in groups if not is_finished(legs)]
        for legs in unfinished:
            await self._look_after(legs, quoted)
        if len(unfinished) < GROUPS_OPEN and self._now() >= self._opens_at:
            await self._open(quoted, f"A{len(groups) + 1:05d}")

    def _usable(self, quoted: dict[str, Quote], strategy: str) -> list[Quote]:
        """The exchanges that are not halted, and have no order of unknown outcome: the gateway
        would deny another."""
        halted = {
            halt["account"]
            for halt in self._ledger.halts(active_only=True)
            if halt["strategy"] in (None, strategy)
        }
        unknown = {order["account"] for order in self._ledger.open_orders(certainty="unresolved")}
        return [
            quote
            for quote in quoted.values()
            if not {quote.account, "*"} & halted and quote.account not in unknown
        ]

    async def _open(self, quoted: dict[str, Quote], group: str) -> None:
        """Send both legs at once."""
        pairs = permutations(self._usable(quoted, LEG), 2)
        gains = [
            (sell.bid * sell.rials / (buy.ask * buy.rials) - 1, buy, sell) for buy, sell in pairs
        ]
        gain, buy, sell = max(gains, key=lambda one: one[0], default=(Decimal(0), None, None))
        if buy is not None and sell is not None and gain > EDGE:
            legs = [leg(buy, "buy", group, self._now()), leg(sell, "sell", group, self._now())]
            results = await self._gateway.submit_many(legs)
            for sent in results:
                print(
                    f"{sent.client_order_id} {sent.account} {sent.state} "
                    f"{sent.text or sent.reason or ''}",
                    flush=True,
                )
            if any(
                sent.state == "denied" for sent in results
            ):  # a limit or a halt: that does not pass at once
                self._opens_at = self._now() + PAUSE

    async def _look_after(self, legs: list[OrderRow], quoted: dict[str, Quote]) -> None:
        """Cancel what did not fill in time. Then flatten what the legs have left, unless an outcome
        is unknown: wait for that."""
        for order in legs:
            is_late = self._now() - (order["updated_at"] or self._now()) > PATIENCE
            if (
                order["is_open"]
                and order["certainty"] != "unresolved"
                and order["pending"] is None
                and is_late
            ):
                await self._gateway.cancel(
                    str(order["client_order_id"]),
                    account=order["account"],
                    reason="not_filled_in_time",
                )
        usable = self._usable(quoted, FLATTEN)
        if any(order["is_open"] or lacks_fills(order) for order in legs) or not usable:
            return
        flattened = [order for order in legs if order["strategy"] == FLATTEN]
        if len(flattened) == TRIES:
            halt = Halt(
                account="*",
                at=self._now(),
                strategy=LEG,
                reason="not_flat",
                text=f"{group_of(legs[0])} is not flat",
            )
            if not any(row["reason"] == "not_flat" for row in self._ledger.halts(active_only=True)):
                await self._ledger.arecord(halt)
        elif (
            not flattened or self._now() - (flattened[-1]["requested_at"] or self._now()) > PATIENCE
        ):
            await self._flatten(group_of(legs[0]), len(flattened) + 1, net(legs), usable)

    async def _flatten(self, group: str, number: int, left: Decimal, usable: list[Quote]) -> None:
        """Trade what is left where it costs least. Every try is somewhere else than the one
        before."""
        side = "sell" if left > 0 else "buy"
        best = sorted(
            usable, key=lambda one: -one.bid * one.rials if side == "sell" else one.ask * one.rials
        )
        quote = best[(number - 1) % len(best)]
        order = Request(
            account=quote.account,
            client_order_id=f"{group}_flat{number}",
            instrument=quote.instrument,
            side=side,
            quantity=abs(left),
            order_type="market",
            strategy=FLATTEN,
            links=LinksTo(group=group, role="exit"),
            at=self._now(),
        )
        sent = await self._gateway.submit(order)
        print(
            f"{sent.client_order_id} {sent.account} {sent.state} {sent.text or sent.reason or ''}",
            flush=True,
        )


def leg(quote: Quote, side: str, group: str, at: datetime) -> Request:
    return Request(
        account=quote.account,
        client_order_id=f"{group}_{side}",
        instrument=quote.instrument,
        side=side,
        quantity=QUANTITY,
        order_type="limit",
        limit_price=quote.price(side),
        strategy=LEG,
        links=LinksTo(group=group, role="entry"),
        at=at,
    )


def groups_of(ledger: Ledger) -> list[list[OrderRow]]:
    """All orders of the bot, by group, as they are in the ledger."""
    orders = [order for name in (LEG, FLATTEN) for order in ledger.orders(strategy=name)]
    return [list(legs) for _, legs in groupby(sorted(orders, key=group_of), key=group_of)]


def group_of(order: OrderRow) -> str:
    return str((order["links"] or {}).get("group"))


def net(legs: list[OrderRow]) -> Decimal:
    """What the legs of a group have left."""
    return sum(
        (order["cum_quantity"] * (1 if order["side"] == "buy" else -1) for order in legs),
        Decimal(0),
    )


def lacks_fills(order: OrderRow) -> bool:
    """Whether the exchange says that more is filled than the collector has recorded yet."""
    return (order["reported_cum_quantity"] or 0) > order["cum_quantity"] or (
        order["status"] == "filled" and order["cum_quantity"] < (order["quantity"] or 0)
    )


def is_finished(legs: list[OrderRow]) -> bool:
    return not net(legs) and not any(order["is_open"] or lacks_fills(order) for order in legs)


async def run(settings: Path) -> None:
    now = SystemClock().now
    async with orderledger.connect(settings) as desk, asyncio.TaskGroup() as tasks:
        bot, quotes = Bot(desk.ledger.sync, desk.gateway, now), Quotes(desk.venues, now)
        for account in INSTRUMENTS:
            tasks.create_task(quotes.follow(account))
        print("trading", flush=True)
        while True:
            await bot.step(quotes.fresh())
            await asyncio.sleep(0.25)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Buys where a coin is cheap, sells where it is dear."
    )
    parser.add_argument("settings", type=Path, help="The settings of `connect`.")
    options = parser.parse_args()
    asyncio.run(run(options.settings))


if __name__ == "__main__":
    main()
