"""A made-up Lighter, the real adapter, and a ledger that records all that the adapter tells."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from orderledger.simulation.lighter.server import FIRST_ORDER_ID, LighterServer
from orderledger.simulation.market import ExchangeSimulator, FeeSchedule
from orderledger.simulation.servers import Faults
from orderledger.testing.listener import Listener
from orderledger.venues.base.transport import Backoff
from orderledger.venues.base.venue import Up
from orderledger.venues.lighter.pace import LighterPace
from orderledger.venues.lighter.rest import STANDARD, Allowance, http_for
from orderledger.venues.lighter.venue import LighterAccount, LighterVenue
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.lighter.rows import ACCOUNT, INDEX

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
ROOMY = Allowance(per_minute=100_000)


class World(Listener):
    """The three of them. `told` is what was listened to, in order; what is heard is recorded as it
    comes."""

    def __init__(
        self,
        *,
        faults: Faults | None = None,
        allowance: Allowance = STANDARD,
        token_life: timedelta = timedelta(hours=8),
        attempts: int = 4,
        step: timedelta = timedelta(milliseconds=1),
        venue: dict[str, Any] | None = None,
        **fake: Any,
    ) -> None:
        self.clock = SteppingClock(START, step)
        self.exchange = ExchangeSimulator(
            clock=self.clock,
            accounts=[ACCOUNT],
            first_order_id=FIRST_ORDER_ID + 101,
            first_fill_id=19_300_000_001,
            fees=FeeSchedule(maker=Decimal("0.000028"), taker=Decimal("0.000196")),
        )
        self.fake = LighterServer(
            self.exchange, {ACCOUNT: INDEX}, clock=self.clock, faults=faults, **fake
        )
        super().__init__(Ledger.open("memory://", update_views=False))
        self.token_life = token_life
        self.tokens: list[str] = []
        self.venue: LighterVenue
        self._allowance = allowance
        self._attempts = attempts
        self._more = venue or {}

    def token(self) -> str:
        """A token of its own each time it is asked for."""
        ends_at = int((self.clock.now() + self.token_life).timestamp())
        self.tokens.append(f"{ends_at}:{INDEX}:2:{len(self.tokens):040x}")
        return self.tokens[-1]

    async def reconcile(self, since: datetime = START) -> list[str]:
        """What has to be asked for after an interruption."""
        outcomes = self.record((await self.venue.fills_since(ACCOUNT, since)).messages)
        listing = await self.venue.open_orders(ACCOUNT)
        outcomes += self.record(listing.messages)
        for order in self.ledger.open_orders(account=ACCOUNT):
            if (
                order["venue_order_id"] not in listing.venue_order_ids
                and order["updated_at"] <= listing.at  # type: ignore[operator]
            ):
                outcomes += self.record(await self.venue.order(ACCOUNT, order))
        return outcomes

    def place(self, client_id: str = "9001", **terms: Any) -> Any:
        """An order at the venue, to buy 0.5 ETH at 2500."""
        usual = {"instrument": "ETH", "side": "buy", "quantity": "0.5", "limit_price": "2500"}
        return self.exchange.place(ACCOUNT, client_id=client_id, **{**usual, **terms})

    def assert_true(self) -> None:
        """The ledger holds what the venue knows. It may lack orders made elsewhere that ended
        unfilled and unheard."""
        fills = {
            f"{self.fake.markets.index(fill.instrument)}:{fill.fill_id}:{fill.side}": fill
            for fill in self.exchange.fills(ACCOUNT)
        }
        trades = {
            row["fill_id"]: (row["quantity"], row["price"], row["side"], row["liquidity"])
            for row in self.ledger.trades()
        }
        assert trades == {
            name: (fill.quantity, fill.price, fill.side, fill.liquidity)
            for name, fill in fills.items()
        }
        known = {name for row in self.ledger.orders() for name in row["venue_order_ids"]}
        for true in self.exchange.orders(ACCOUNT):
            if true.status.is_ended and not true.filled and str(true.order_id) not in known:
                continue
            seen = self.ledger.order(str(true.order_id))
            working = "partially_filled" if true.filled else "new"
            status = {"open": working, "waiting": working}.get(true.status, true.status.value)
            odd = set(seen["anomalies"]) - (
                {"status_conflict"} if status == "rejected" else set()
            )  # it rested before
            assert (seen["status"], seen["cum_quantity"], odd) == (
                status,
                true.filled,
                {"unknown_order"},
            )
            if (
                not true.status.is_ended
            ):  # new terms of an order that ended unheard are told by nobody
                assert (seen["quantity"], seen["limit_price"]) == (true.quantity, true.limit_price)

    async def up(self, times: int = 1) -> None:
        await self.until(lambda: sum(isinstance(told, Up) for told in self.received) >= times)

    @contextlib.asynccontextmanager
    async def open(self, *, listens: bool = True) -> AsyncIterator["World"]:
        """Served, and listened to."""
        async with self.fake:
            backoff = Backoff(Random(2), first=0.002, most=0.02)
            http = http_for(
                self.fake.http_url,
                self._allowance,
                attempts=self._attempts,
                backoff=backoff,
            )
            self.venue = LighterVenue(
                {ACCOUNT: LighterAccount(account_index=INDEX, token=self.token)},
                url=self.fake.http_url,
                http=http,
                records=BookRecords(self.ledger),
                clock=self.clock,
                backoff=backoff,
                pace=LighterPace(**{"ping_every": 0.05, "rest_lag": timedelta(0), **self._more}),
            )
            listening = self.listen_to(self.venue) if listens else None
            try:
                yield self
            finally:
                await self.venue.aclose()
                if listening is not None:
                    await listening
                self.ledger.close()
