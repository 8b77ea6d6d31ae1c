"""Serves a simulated venue, with a settings file for it that `connect` and `collect` read as it
is."""

import asyncio
import os
import random
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from orderledger import InvalidSetting
from orderledger.extend.values import SystemClock
from orderledger.simulation.market.happenings import step
from orderledger.simulation.market.rows import OrderStatus
from orderledger.simulation.servers.faults import ANSWER_FAULTS, FRAME_FAULTS, Faults
from orderledger.simulation.servers.simulated import SimulatedVenue, simulated
from orderledger.venues.base.registry import adapter
from orderledger.venues.base.transport import happens_within

LOOK_SECONDS = 0.05
SETTINGS = """# Instruments of this simulated venue, and their prices:
{instruments}
db = "fake.db"

[[venues]]
venue = "{venue}"
{addresses}
{section}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How a simulated venue is served. `every`: seconds between two events of its own.
    `fills_after`: seconds until each open order is filled, instead of such events. `faults`: the
    chance of each fault. `deposit`: an amount and a currency that the account has at the start.
    """

    venue: str
    port: int = 0
    seed: int = 0
    every: float = 1.0
    fills_after: float | None = None
    faults: float = 0.0
    deposit: tuple[str, str] | None = None


async def serve(serving: Serving, show: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. `show` is given the settings file. Raises InvalidSetting."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    chances = dict.fromkeys((*FRAME_FAULTS, *ANSWER_FAULTS), serving.faults)
    made = simulated(serving.venue, Faults(serving.seed, **chances), SystemClock())
    made.server.port = serving.port
    if serving.deposit is not None:
        _deposit(made, *serving.deposit)
    with secrets_in_files(made) as section:
        async with made.server:
            show(settings_of(serving.venue, made, section))
            await _live(serving, made, stop)


def settings_of(venue: str, made: SimulatedVenue, section: str) -> str:
    """The settings file of a simulated venue that serves now."""
    addresses = f'url = "{made.server.http_url}{made.path}"'
    if "websocket_url" in adapter(venue).settings.model_fields:
        addresses += f'\nwebsocket_url = "{made.server.websocket_url}"'
    return SETTINGS.format(
        instruments=_instruments(made), venue=venue, addresses=addresses, section=section
    )


def _instruments(made: SimulatedVenue) -> str:
    """A comment for each instrument: its name, price and steps."""
    return "".join(
        f"#   {one.name} at {one.price:f}, price step {one.tick:f}, quantity step {one.lot:f}\n"
        for one in made.instruments
    )


@contextmanager
def secrets_in_files(made: SimulatedVenue) -> Iterator[str]:
    """The venue's section, with its secrets in files that only their owner can read. They are
    deleted at the end."""
    with tempfile.TemporaryDirectory(prefix="orderledger-fake-") as folder:
        section = made.section
        for variable, secret in made.secrets.items():
            path = Path(folder, variable.lower())
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(f"{secret}\n")
            section = section.replace(f'env = "{variable}"', f'file = "{path}"')
        yield section


def _deposit(made: SimulatedVenue, amount: str, currency: str) -> None:
    try:
        made.server.exchange.transfer(made.account, currency, amount)
    except (ValueError, ArithmeticError):
        raise InvalidSetting("deposit", f"{amount!r} is not an amount") from None


async def _live(serving: Serving, made: SimulatedVenue, stop: asyncio.Event) -> None:
    """Let the venue's own events happen until `stop`."""
    chance = random.Random(serving.seed)
    pause = serving.every if serving.fills_after is None else LOOK_SECONDS
    while not await happens_within(stop, pause):
        if serving.fills_after is not None:
            _fill_open_orders(made, serving.fills_after)
            continue
        step(
            made.server.exchange,
            chance,
            [made.account],
            made.instruments,
            happenings=made.happenings,
            client_id=made.client_id,
            with_new_id=made.with_new_id,
        )


def _fill_open_orders(made: SimulatedVenue, after: float) -> None:
    """Fill each order that has been open for `after` seconds, at its limit or the instrument's
    price. A fill may end other orders of its group, or place them."""
    exchange = made.server.exchange
    until = exchange.clock.now() - timedelta(seconds=after)
    prices = {traded.name: traded.price for traded in made.instruments}
    for order in exchange.open_orders(made.account):
        now = exchange.order(order.order_id)
        if order.created_at > until or now.status is not OrderStatus.OPEN or not now.left:
            continue
        exchange.fill(order.order_id, price=order.limit_price or prices.get(order.instrument))
