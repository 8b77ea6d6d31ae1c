"""A simulated venue with a settings file that `connect` opens as it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from orderledger import Request
from orderledger.extend.values import SystemClock
from orderledger.simulation.servers.faults import Faults
from orderledger.simulation.servers.simulated import TOKEN_VARIABLE, SimulatedVenue, simulated
from orderledger.venues.base.registry import adapter

SMALL = 10
"""Lots of an order."""


@asynccontextmanager
async def served(
    venue: str, folder: Path, monkeypatch: pytest.MonkeyPatch, gateway: str = ""
) -> AsyncIterator[tuple[SimulatedVenue, Path]]:
    """The simulated venue while it serves, and its settings file with a table `[gateway]`."""
    made = simulated(venue, Faults(), SystemClock())
    monkeypatch.setenv(TOKEN_VARIABLE, made.token or "unused")
    async with made.server as server:
        addresses = f'url = "{server.http_url}{made.path}"'
        if "websocket_url" in adapter(venue).settings.model_fields:
            addresses += f'\nwebsocket_url = "{server.websocket_url}"'
        path = folder / "orderledger.toml"
        path.write_text(
            f'db = "{folder / "orders.db"}"\n\n[[venues]]\nvenue = "{venue}"\n{addresses}\n'
            f"{made.section}\n\n[gateway]\n{gateway}\n"
        )
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
