"""What is played with the command: stories of processes and made-up venues, each with what came of
it."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from orderledger.projections.view import Row
from tests.command_line import run
from tests.venues.collecting.processes import (
    ACCOUNTS,
    ADDRESS,
    LIGHTER_TOKEN,
    NUMBER,
    ORDER,
    Process,
    Said,
    World,
    made_up_venues,
)

BURST = 300


@dataclass(slots=True)
class Collected:
    """Of one collector of all three venues, from its start to its clean stop."""

    while_it_ran: Said
    said: Said
    afterwards: Said
    shown: Row
    trades: list[Row]
    gaps: list[Row]
    stored: bytes


async def collected_everywhere(command: Path, folder: Path) -> Collected:
    async with made_up_venues(command, folder) as world:
        world.write_config(more='log = "json"')
        process = await world.collecting(*ACCOUNTS)
        world.lighter.cut_all()
        await world.until(
            lambda: (
                world.shown("lighter:main")["gaps"]
                and world.shown("lighter:main")["reconciled"] > 1
            ),
            process,
        )
        placed = _trade_everywhere(world)
        await world.until(lambda: _are_filled(world, placed), process)
        while_it_ran = world.run_here("status", "--json")
        await _have_a_token_refused(world, process)
        burst = [world.hyperliquid.exchange.place(ADDRESS, **ORDER).order_id for _ in range(BURST)]
        await world.until(lambda: world.is_recorded(burst[0]), process)
        process.send(signal.SIGTERM)
        said = await process.said()
        afterwards = world.run_here("status", "--json")
        shown = afterwards.rows[0]["collectors"]["collector"]
        files = [path for path in folder.iterdir() if path.name.startswith("orders.db")]
        stored = b"".join(path.read_bytes() for path in files)
        with world.ledger() as ledger:
            gaps = ledger.log.account_events(kind="gap")
            return Collected(while_it_ran, said, afterwards, shown, ledger.trades(), gaps, stored)


async def _have_a_token_refused(world: World, process: Process) -> None:
    """A frame that cannot be read has the account asked for, and the answer says which token it
    does not like."""
    world.lighter.refused_tokens.add(LIGHTER_TOKEN)
    world.lighter.faults.plan_frames("malformed")
    world.lighter.exchange.place("lighter:main", client_id="9002", **{**ORDER, "instrument": "ETH"})
    await world.until(lambda: world.shown("lighter:main")["fault"], process)


def _trade_everywhere(world: World) -> list[int]:
    """An order that is filled, at each venue."""
    orders = [
        (world.hyperliquid.exchange, world.hyperliquid.exchange.place(ADDRESS, **ORDER)),
        (
            world.lighter.exchange,
            world.lighter.exchange.place(
                "lighter:main", client_id="9001", **{**ORDER, "instrument": "ETH"}
            ),
        ),
        (
            world.tradier.exchange,
            world.tradier.exchange.place(NUMBER, **{**ORDER, "instrument": "SPY"}),
        ),
    ]
    for exchange, order in orders:
        exchange.fill(order)
    return [order.order_id for _, order in orders]


def _are_filled(world: World, placed: list[int]) -> bool:
    with world.ledger() as ledger:
        return {str(name) for name in placed} <= {
            row["venue_order_id"] for row in ledger.orders(status="filled")
        }


@dataclass(slots=True)
class NeverUp:
    """Of a collector none of whose accounts came up, and one of them in the end. `shown`: what
    `status` said of each."""

    said: Said
    shown: dict[str, Row]
    fault_when_up: str | None


async def never_up(command: Path, folder: Path) -> NeverUp:
    """One venue is not where the file says, one does not like the token any more, and one never
    did."""
    async with made_up_venues(command, folder) as world:
        world.write_config(more='log = "json"')
        world.config.write_text(
            world.config.read_text().replace(world.hyperliquid.websocket_url, "ws://127.0.0.1:1/ws")
        )
        world.lighter.refused_tokens.add(LIGHTER_TOKEN)
        world.tradier.token = "another"
        process = await world.start("collect", world.config)
        await world.until(
            lambda: all(world.shown(account).get("fault") for account in ACCOUNTS), process
        )
        await world.until(
            lambda: world.lighter.connections > 3 and world.tradier.requests.total() > 3, process
        )
        shown = {account: world.shown(account) for account in ACCOUNTS}
        world.lighter.refused_tokens.clear()
        await world.until(lambda: world.shown("lighter:main")["is_up"], process)
        fault_when_up = world.shown("lighter:main")["fault"]
        process.send(signal.SIGTERM)
        return NeverUp(await process.said(), shown, fault_when_up)


@dataclass(slots=True)
class Killed:
    """Of a collector that was killed, and one that was started after it. `filled`: what was, before
    and in between."""

    said: Said
    filled: dict[str, str]
    trades: list[Row]
    gaps: list[Row]
    events: list[tuple[str, str, str]]


async def killed_and_started_again(command: Path, folder: Path) -> Killed:
    async with made_up_venues(command, folder) as world:
        world.write_config(venues=("hyperliquid",))
        exchange = world.hyperliquid.exchange
        process = await world.collecting("hyperliquid:main")
        before, away = exchange.place(ADDRESS, **ORDER), exchange.place(ADDRESS, **ORDER)
        exchange.fill(before, "1")
        await world.until(lambda: _fills(world) == 1 and world.is_recorded(away.order_id), process)
        process.send(signal.SIGKILL)
        await process.said()
        exchange.fill(away)
        again = await world.start("collect", world.config)
        await world.until(
            lambda: world.shown("hyperliquid:main")["gaps"] == 1 and _fills(world) == 2, again
        )
        await world.until(lambda: world.shown("hyperliquid:main")["reconciled"] > 0, again)
        again.send(signal.SIGTERM)
        said = await again.said()
        with world.ledger() as ledger:
            events = [(row["stream"], row["name"], str(row["payload"])) for row in ledger.events()]
            filled = {str(before.order_id): "1", str(away.order_id): "2"}
            return Killed(
                said, filled, ledger.trades(), ledger.log.account_events(kind="gap"), events
            )


def _fills(world: World) -> int:
    return int(
        world.ask("SELECT count(*) FROM orderledger_events WHERE topic LIKE 'fill_recorded%'")
    )


@dataclass(slots=True)
class ViewsKilled:
    """Of a collector whose views lost the process that kept them."""

    said: Said
    cum_quantity: str


async def views_killed(command: Path, folder: Path) -> ViewsKilled:
    """Nobody asks the ledger anything: the table is looked at."""
    async with made_up_venues(command, folder) as world:
        world.write_config(venues=("hyperliquid",))
        process = await world.collecting("hyperliquid:main")
        placed = world.hyperliquid.exchange.place(ADDRESS, **ORDER)
        await world.until(lambda: _shown_cum_quantity(world, placed.order_id) == "0", process)
        (killed,) = process.children()
        os.kill(killed, signal.SIGKILL)
        world.hyperliquid.exchange.fill(placed)
        await world.until(lambda: _shown_cum_quantity(world, placed.order_id) == "2", process)
        process.send(signal.SIGTERM)
        return ViewsKilled(await process.said(), _shown_cum_quantity(world, placed.order_id))


def _shown_cum_quantity(world: World, venue_order_id: int) -> str:
    return str(
        world.ask(
            "SELECT max(cum_quantity) FROM orders WHERE venue_order_id = ?", str(venue_order_id)
        )
    )


@dataclass(slots=True)
class Twice:
    """Of a collector that was started beside another one by mistake, and of the first one, told to
    stop again and again."""

    second: Said
    first: Said


async def started_twice(command: Path, folder: Path) -> Twice:
    async with made_up_venues(command, folder) as world:
        world.write_config(venues=("hyperliquid",))
        process = await world.collecting("hyperliquid:main")
        second = await world.run("collect", world.config)
        while not process.has_ended:
            process.send(signal.SIGTERM)
            await asyncio.sleep(0.002)
        return Twice(second, await process.said())


async def store_that_fails(command: Path, folder: Path) -> Said:
    """Under a running collector, the log is taken away."""
    async with made_up_venues(command, folder) as world:
        world.write_config(venues=("hyperliquid",))
        process = await world.collecting("hyperliquid:main")
        with sqlite3.connect(world.db) as connection:
            connection.execute("ALTER TABLE orderledger_events RENAME TO elsewhere")
        world.hyperliquid.exchange.place(ADDRESS, **ORDER)
        return await process.said()


@dataclass(slots=True)
class Reconciled:
    """A dry run without a ledger, and the files that it made; then, on an empty ledger, a dry run,
    a real run, another, and a repair that is taken back, and how long the log was after each."""

    without_ledger: Said | None = None
    made_by_dry_run: list[Path] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    trades: list[Row] = field(default_factory=list)


async def reconciled_by_hand(command: Path, folder: Path) -> Reconciled:
    async with made_up_venues(command, folder) as world:
        world.write_config(venues=("hyperliquid",))
        exchange = world.hyperliquid.exchange
        exchange.fill(exchange.place(ADDRESS, **ORDER), "1")
        found = Reconciled()
        by_hand: tuple[str | Path, ...] = ("reconcile", "--json", "--config", world.config)
        runs: tuple[Callable[[], tuple[str | Path, ...]], ...] = (
            lambda: by_hand,
            lambda: by_hand,
            lambda: (
                "revert",
                next(
                    row["break"] for row in found.said[1].rows if row.get("kind") == "missing_fill"
                ),
            ),
        )
        found.without_ledger = await world.run(*by_hand, "--dry-run")
        found.made_by_dry_run = list(folder.glob(f"{world.db.name}*"))
        world.ledger().close()
        found.said.append(await world.run(*by_hand, "--dry-run"))
        for arguments in runs:
            found.said.append(await world.run(*arguments()))
            found.events.append(
                int(world.ask("SELECT coalesce(max(notification_id), 0) FROM orderledger_events"))
            )
        with world.ledger() as ledger:
            found.trades = ledger.trades()
        return found


def _line_of(venue: str, path: Path) -> str:
    """A sample as `translate` reads it. Unified rows of ccxt do not say what they are."""
    text = path.read_text()
    if venue != "ccxt":
        return text
    kind = "trades" if path.stem == "my_trades" else "order"
    return f'{{"exchange": "binance", "{kind}": {text.strip()}}}\n'


def samples_translated(venue: str, folder: Path, samples: Path) -> tuple[Said, Said]:
    """The samples of a venue, translated and then recorded."""
    lines, messages = folder / "payloads", folder / "messages"
    texts = [_line_of(venue, path) for path in sorted((samples / venue).iterdir())]
    lines.write_text("".join(texts))
    told = run("translate", venue, lines, "--account", f"{venue}:main", "--number", "1234")
    messages.write_text(told.out)
    return Said(*told), Said(*run("record", messages, "--db", folder / "orders.db", "--ack"))
