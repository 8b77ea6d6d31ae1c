"""A simulated venue with a settings file that `connect` opens as it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from orderledger import Request
from orderledger.extend.values import SystemClock
from orderledger.simulation.servers.faults import Faults
from orderledger.simulation.servers.simulated import SimulatedVenue, simulated
from orderledger.simulation.serving import secrets_in_files, settings_of

SMALL = 10
"""Lots of an order."""


@asynccontextmanager
async def served(
    venue: str, folder: Path, gateway: str = ""
) -> AsyncIterator[tuple[SimulatedVenue, Path]]:
    """The simulated venue while it serves, and its settings file with a table `[gateway]`."""
    made = simulated(venue, Faults(), SystemClock())
    with secrets_in_files(made) as section:
        async with made.server:
            text = settings_of(venue, made, section).replace("fake.db", str(folder / "orders.db"))
            path = folder / "orderledger.toml"
            path.write_text(f"{text}\n[gateway]\n{gateway}\n")
            yield made, path


def buy(made: SimulatedVenue, account: str, name: str, **terms: Any) -> Request:
    """A small limit order at the price of the venue's first instrument."""
    traded = made.instruments[0]
    return Request(
        **{
            "account": account,
            "client_order_id": name,
            "instrument": traded.name,
            "side": "buy",
            "quantity": str(traded.lot * SMALL),
            "order_type": "limit",
            "limit_price": str(traded.price),
            **terms,
        }
    )
