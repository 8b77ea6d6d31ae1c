"""Stories of the command `collect` that is stopped: in the middle, at once, while the store is
held."""

import contextlib
import signal
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from tests.typed import column
from tests.venues.collecting.processes import ADDRESS, ORDER, Said, made_up_venues

FEW = 30
"""As many as are told within the seconds that are allowed for it on a machine with much else to
do."""


@dataclass(slots=True)
class Stopped:
    """Of a collector that was stopped while much lay between the venue and the store. `ended`: how
    each order did there."""

    said: Said
    ended: dict[str, str]
    orders: dict[str, str]


async def stopped_in_the_middle(command: Path, folder: Path) -> Stopped:
    """Orders come and go unfilled, half of them by a cancel that may be the half of a modify: then
    at once SIGTERM."""
    async with made_up_venues(command, folder) as world:
        world.write_config(venues=("hyperliquid",))
        exchange = world.hyperliquid.exchange
        process = await world.collecting("hyperliquid:main")
        (socket,) = world.hyperliquid.sockets
        ended: dict[str, str] = {}
        for number in range(FEW):
            order = exchange.place(ADDRESS, client_id=f"0x{number:032x}", **ORDER)
            end = exchange.cancel if number % 2 else exchange.expire
            ended[str(order.order_id)] = str(end(order).status)
        sent = world.hyperliquid.push(socket, {"channel": "pong"})
        await sent
        await world.until(lambda: process.has_read_all(world.hyperliquid.http_url), process)
        process.send(signal.SIGTERM)
        said = await process.said()
        with world.ledger() as ledger:
            return Stopped(
                said,
                ended,
                {row["venue_order_id"]: row["status"] for row in ledger.orders()},  # type: ignore[misc]
            )


async def stopped_at_once(command: Path, folder: Path) -> tuple[Said, Said]:
    """While the store is still being opened; and what a check finds in it once it has been opened
    again, by who records."""
    async with made_up_venues(command, folder) as world:
        world.write_config(venues=("hyperliquid",))
        process = await world.start("collect", world.config)
        await world.until(lambda: process.has_open(world.db), process)
        process.send(signal.SIGTERM)
        said = await process.said()
        world.run_here("record", "/dev/null")
        return said, world.run_here("check")


@dataclass(slots=True)
class Held:
    """Of a collector that was stopped while another process held the store, and of one after it."""

    said: Said
    seconds: float
    placed: set[str]
    orders: set[str]


async def stopped_while_the_store_is_held(command: Path, folder: Path) -> Held:
    async with made_up_venues(command, folder) as world:
        world.write_config(venues=("hyperliquid",), more='log = "json"')
        exchange = world.hyperliquid.exchange
        process = await world.collecting("hyperliquid:main")
        (socket,) = world.hyperliquid.sockets
        with contextlib.closing(sqlite3.connect(world.db, isolation_level=None)) as holding:
            holding.execute("BEGIN IMMEDIATE")
            placed = {str(exchange.place(ADDRESS, **ORDER).order_id) for _ in range(FEW)}
            await world.hyperliquid.push(socket, {"channel": "pong"})
            await world.until(lambda: process.has_read_all(world.hyperliquid.http_url), process)
            began = time.monotonic()
            process.send(signal.SIGTERM)
            said = await process.said()
            seconds = time.monotonic() - began
        again = await world.start("collect", world.config)
        await world.until(lambda: all(world.is_recorded(int(name)) for name in placed), again)
        with world.ledger() as ledger:
            return Held(said, seconds, placed, set(column(ledger.open_orders(), "venue_order_id")))
