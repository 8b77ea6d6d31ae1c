"""A gateway on a local venue: one virtual clock, and the venue's own book as the judge."""

import asyncio
import dataclasses
import functools
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from orderledger import Gateway, Ledger, Request
from orderledger.gateway import GatewaySettings
from orderledger.infrastructure.messages.parsing import parse_document
from orderledger.simulation.local import CALM, LocalVenue
from orderledger.simulation.local.order_entry import ABSENCE, LocalOrderEntry
from orderledger.venues.base.absence import Absence

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
ACCOUNT, BTC = "sim:main", "BTC-USD"


def venue_of(account: str = ACCOUNT, seed: int = 1, **faults: Any) -> LocalVenue:
    """A venue without background traders, so that only our orders are there."""
    line = dataclasses.replace(CALM, **{"latency_seconds": (0.001, 0.002), **faults})
    return LocalVenue(seed, start=START, account=account, faults=line, flow_interval_seconds=None)


def buy(
    name: str,
    *,
    account: str = ACCOUNT,
    quantity: str = "0.5",
    price: str | None = "64000",
    **terms: Any,
) -> Request:
    return Request(
        **{
            "account": account,
            "client_order_id": name,
            "instrument": BTC,
            "side": "buy",
            "quantity": quantity,
            "order_type": "limit" if price is not None else "market",
            "limit_price": price,
            **terms,
        }
    )


def sell(name: str, **terms: Any) -> Request:
    return buy(name, side="sell", **terms)


@asynccontextmanager
async def trading(
    ledger: Ledger,
    venue: LocalVenue,
    limits: Mapping[str, Any] | None = None,
    *,
    absence: Absence | None = ABSENCE,
    conditions: Iterable[str] = (),
    resizes: bool = True,
    entry_of: Callable[[LocalVenue], LocalOrderEntry] = LocalOrderEntry,
    **more: Any,
) -> AsyncIterator[Gateway]:
    """A gateway that trades one account of the venue. Orders that only reduce, or have these
    conditions, are sent as others."""
    entry = entry_of(venue)
    sent = frozenset({"post_only", "reduce_only", *conditions})
    entry.abilities = dataclasses.replace(
        entry.abilities, absence=absence, conditions=sent, resizes=resizes
    )
    settings = GatewaySettings.model_validate({"lease_seconds": 2.0, **(limits or {})})
    async with Gateway(
        ledger, {venue.account: entry}, limits=settings, clock=entry, **more
    ) as gateway:
        yield gateway


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Another writer holds the log."""
    is_held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with (
            Ledger.open(url, update_views=False) as other,
            other.internals.store.database.writing() as session,
        ):
            if url.startswith("postgresql"):
                session.execute("LOCK TABLE orderledger_events IN EXCLUSIVE MODE")
            is_held.set()
            may_end.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    is_held.wait(60)
    try:
        yield
    finally:
        may_end.set()
        thread.join()


def in_a_loop(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is a coroutine, as a plain function."""

    @functools.wraps(story)
    def run(**fixtures: Any) -> None:
        asyncio.run(story(**fixtures))

    return run


def hear(ledger: Ledger, venue: LocalVenue) -> None:
    """Let a second pass, and record what the venue has pushed by then."""
    ledger.record_many(
        [parse_document(message) for message in venue.advance(venue.now + timedelta(seconds=1))]
    )


def worked(venue: LocalVenue, name: str) -> int:
    """How often the venue has ever worked this client order id."""
    return len(venue.exchange.orders_by_client_id(venue.account, name))


async def until(condition: Any, seconds: float = 60.0) -> None:
    """Wait for a condition of this process."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
