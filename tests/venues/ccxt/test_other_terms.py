"""A gateway at simulated exchanges whose orders have other terms than ours: another order with our
client id, and changes whose result is not known yet."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger import Gateway, Ledger, RequestReplace
from orderledger.gateway import replaces
from orderledger.infrastructure.clock import SystemClock
from orderledger.venues.reconciliation.reconciler import Reconciler
from orderledger.venues.reconciliation.rules import Rules
from tests.gateway.desk import until
from tests.venues.ccxt.braked import ACCOUNT, SYMBOLS, entry, order, server, venue

NAME = "bybit"
TERMS = {"instrument": SYMBOLS[NAME], "order_type": "limit"}


@dataclass
class Desk:
    """A gateway, its ledger and its exchange."""

    gateway: Gateway
    ledger: Ledger
    exchange: Any
    reading: Any

    async def reconcile(self) -> None:
        rules = Rules(grace=timedelta(0))
        await Reconciler(self.ledger, self.reading, SystemClock(), rules).run(ACCOUNT)

    def row(self, name: str = "C1") -> Any:
        return self.ledger.order(name)


@asynccontextmanager
async def desk(simulated: Any, ledger: Ledger, name: str = NAME) -> AsyncIterator[Desk]:
    """Opens a gateway at the exchange."""
    sending = entry(name, simulated.http_url)
    reading = venue(name, simulated.http_url, ledger)
    async with Gateway(ledger, {ACCOUNT: sending}, venues={ACCOUNT: reading}) as gateway:
        yield Desk(gateway, ledger, simulated.exchange, reading)
    await sending.aclose()
    await reading.aclose()


def test_an_order_whose_client_id_is_used_by_another_one_is_rejected_and_not_that_one() -> None:
    async def story() -> None:
        async with server(NAME) as simulated:
            with Ledger.open("memory://") as ledger:
                async with desk(simulated, ledger) as one:
                    terms = {"side": "sell", "quantity": "0.02", "limit_price": "2900", **TERMS}
                    simulated.exchange.submit("main", client_id="C1", **terms)
                    sent = await one.gateway.submit(order(NAME, 1))
                    assert (sent.state, sent.reason) == ("unresolved", "duplicate_order")
                    await until(lambda: one.row()["status"] == "rejected", 10)
                    row = one.row()
                    assert row["reason"] == "duplicate_order"
                    assert (row["side"], row["quantity"]) == ("buy", Decimal("0.01"))
                    assert row["anomalies"] == ["terms_conflict"]
                    (conflict,) = ledger.anomalies(client_order_id="C1")
                    assert conflict["cleared_at"] is None
                    assert "side sell, ours buy" in conflict["detail"]
                    (other,) = [found for found in ledger.orders() if found["origin"] == "external"]
                    assert (other["side"], other["quantity"]) == ("sell", Decimal("0.02"))
                    assert (await one.gateway.submit(order(NAME, 2))).state == "acknowledged"

    asyncio.run(story())


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_change_that_was_only_received_is_pending_until_the_exchange_shows_it(
    is_lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaces, "LATE_SECONDS", 1.0)

    async def story() -> None:
        async with server(NAME) as simulated:
            simulated.loses_amends = is_lost
            with Ledger.open("memory://") as ledger:
                async with desk(simulated, ledger) as one:
                    assert (await one.gateway.submit(order(NAME, 1))).state == "acknowledged"
                    sent = await one.gateway.replace("C1", quantity="0.03")
                    assert sent.state == "received"
                    assert (one.row()["pending"], one.row()["quantity"]) == (
                        "replace",
                        Decimal("0.01"),
                    )
                    await until(lambda: one.row()["pending"] is None, 30)
                    expected = "0.01" if is_lost else "0.03"
                    assert one.row()["quantity"] == Decimal(expected)

    asyncio.run(story())


@pytest.mark.parametrize("name", ["binanceusdm", "kraken"])
def test_a_change_whose_process_was_killed_before_the_answer_is_learned_after_its_fill(
    name: str, tmp_path: Path
) -> None:
    """The exchange has enlarged the order, and fills it while nobody is there."""

    async def story() -> None:
        database = f"sqlite:///{tmp_path}/ledger.db"
        async with server(name) as simulated:
            market, change = simulated.exchange, dict[str, Any](quantity="0.03")
            terms = {"instrument": SYMBOLS[name], "order_type": "limit", "limit_price": "2000"}
            with Ledger.open(database) as ledger:
                async with desk(simulated, ledger, name) as one:
                    assert (await one.gateway.submit(order(name, 1))).state == "acknowledged"
            with Ledger.open(database) as ledger:
                named: dict[str, Any] = {"account": ACCOUNT, "client_order_id": "C1"}
                ledger.record(RequestReplace(**named, request_id="R-1", **change))
            (working,) = market.open_orders("main")
            market.request_replace("main", order_id=working.order_id, **change)
            market.submit("others", side="sell", **change, **terms)
            with Ledger.open(database) as ledger:
                async with desk(simulated, ledger, name) as one:
                    await one.reconcile()
                    await until(lambda: one.row()["status"] == "filled", 20)
                    row, whole = one.row(), Decimal("0.03")
                    assert (row["quantity"], row["cum_quantity"]) == (whole, whole)
                    assert (row["pending"], row["anomalies"]) == (None, [])

    asyncio.run(story())
