"""The exchange's own cancel-all, and its dead man's switch, through the gateway."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import ccxt
import pytest

from orderledger import Gateway, Halt, InvalidSetting, Ledger, Request
from orderledger.gateway import GatewaySettings, mass_canceling
from orderledger.simulation.ccxt.binance import BinanceServer, quotas
from orderledger.venues.ccxt.brakes import BY_NAME, brakes_of
from tests.gateway.desk import until
from tests.venues.ccxt.harness import ACCOUNT, Account

ETH, BTC = "ETH/USDT:USDT", "BTC/USDT:USDT"
ALL, ONE = "DELETE /fapi/v1/allOpenOrders", "DELETE /fapi/v1/order"
SWITCH = {"dead_mans_switches": [{"account": ACCOUNT, "seconds": 1}]}
SLOWLY = {"dead_mans_switches": [{"account": ACCOUNT, "seconds": 40}]}


def order(name: str, instrument: str = ETH, **terms: Any) -> Request:
    fields: dict[str, Any] = {
        "account": ACCOUNT,
        "client_order_id": name,
        "instrument": instrument,
        "side": "buy",
        "quantity": "0.01",
        "order_type": "limit",
        "limit_price": "2000",
        "time_in_force": "gtc",
    }
    return Request(**{**fields, **terms})


def traded(
    monkeypatch: pytest.MonkeyPatch, story: Any, settings: dict[str, Any] | None = None
) -> Any:
    monkeypatch.setattr(mass_canceling, "REPORT_SECONDS", 0.3)

    async def whole() -> Any:
        account = Account("binanceusdm")
        async with account.open(monkeypatch):
            with Ledger.open("memory://") as ledger:
                async with (
                    asyncio.timeout(60),
                    Gateway(
                        ledger,
                        {ACCOUNT: account.entry},
                        venues={ACCOUNT: account.venue},
                        limits=GatewaySettings.model_validate(settings or {}),
                    ) as gateway,
                ):
                    return await story(account.server, gateway, ledger)

    return asyncio.run(whole())


def statuses(ledger: Ledger) -> dict[str | None, str]:
    ledger.views.catch_up()
    return {row["client_order_id"]: row["status"] for row in ledger.orders()}


def test_one_request_for_each_symbol_cancels_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(server: BinanceServer, gateway: Gateway, ledger: Ledger) -> None:
        names = [f"E-{one}" for one in range(4)]
        await gateway.submit_many([order(name) for name in names])
        await gateway.submit_many([order(f"B-{one}", BTC, limit_price="50000") for one in range(2)])
        found = await gateway.cancel_all(account=ACCOUNT)
        assert {one.state for one in found} == {"received"} and len(found) == 6
        assert (server.requests[ALL], server.requests[ONE]) == (2, 0)
        assert server.exchange.open_orders("main") == []
        assert set(statuses(ledger).values()) == {"new"}, "nothing is assumed to be canceled"
        await until(lambda: set(statuses(ledger).values()) == {"canceled"})

    traded(monkeypatch, story)


def test_a_refused_cancel_all_cancels_each_order(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(server: BinanceServer, gateway: Gateway, ledger: Ledger) -> None:
        await gateway.submit_many([order(f"E-{one}") for one in range(3)])
        server.faults.plan_answers("server_error")
        found = await gateway.cancel_all(account=ACCOUNT)
        assert [one.state for one in found] == ["acknowledged"] * 3
        assert (server.requests[ALL], server.requests[ONE]) == (1, 3)

    traded(monkeypatch, story)


@pytest.mark.parametrize(
    ("scope", "settings"),
    [
        ({"strategy": "grid"}, {}),
        ({"account": ACCOUNT}, {"venue_cancel_all": False}),
    ],
)
def test_a_strategy_is_canceled_order_by_order(
    monkeypatch: pytest.MonkeyPatch, scope: dict[str, str], settings: dict[str, Any]
) -> None:
    async def story(server: BinanceServer, gateway: Gateway, ledger: Ledger) -> None:
        await gateway.submit_many([order(f"E-{one}", strategy="grid") for one in range(3)])
        await gateway.cancel_all(**scope)
        assert (server.requests[ALL], server.requests[ONE]) == (0, 3)

    traded(monkeypatch, story, settings)


def test_a_switch_fires_only_when_nobody_renews_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(server: BinanceServer, gateway: Gateway, ledger: Ledger) -> None:
        await gateway.submit(order("E-1"))
        await until(lambda: server.countdowns.running == ["ETHUSDT"])
        await asyncio.sleep(1.5)
        assert (server.countdowns.fired.total(), len(server.exchange.open_orders("main"))) == (0, 1)
        assert server.countdowns.started["ETHUSDT"] >= 5
        gateway._wired.parts.keeper.lose(ACCOUNT)
        await until(lambda: server.countdowns.fired["ETHUSDT"] == 1, 5)
        assert server.exchange.open_orders("main") == []

    traded(monkeypatch, story, SWITCH)


def test_the_first_order_of_a_symbol_is_covered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next renewal is 10 s away."""

    async def story(server: BinanceServer, gateway: Gateway, ledger: Ledger) -> None:
        await gateway.submit(order("E-1"))
        await until(lambda: server.countdowns.running == ["ETHUSDT"], 3)
        await gateway.submit(order("B-1", BTC, limit_price="50000"))
        await until(lambda: sorted(server.countdowns.running) == ["BTCUSDT", "ETHUSDT"], 3)
        started = server.countdowns.started.total()
        await gateway.submit(order("E-2"))
        await asyncio.sleep(0.3)
        assert server.countdowns.started.total() == started, "the symbol is covered already"

    traded(monkeypatch, story, SLOWLY)


def test_a_protective_order_keeps_the_switch_off_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(server: BinanceServer, gateway: Gateway, ledger: Ledger) -> None:
        await gateway.submit(order("E-1"))
        await until(lambda: server.countdowns.running, 3)
        await gateway.submit(order("S-1", side="sell", limit_price="9000", reduce_only=True))
        await until(lambda: not server.countdowns.running, 3)
        await gateway.submit(order("B-1", BTC, limit_price="50000"))
        await asyncio.sleep(0.3)
        assert server.countdowns.running == []

    traded(monkeypatch, story, SLOWLY)


def test_a_gateway_that_ends_in_order_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = []

    async def story(server: BinanceServer, gateway: Gateway, ledger: Ledger) -> None:
        servers.append(server)
        await gateway.submit(order("E-1"))
        await until(lambda: server.countdowns.running)

    traded(monkeypatch, story, SWITCH)
    assert servers[0].countdowns.running == []
    assert servers[0].countdowns.fired.total() == 0


def test_a_protective_order_keeps_the_switch_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(server: BinanceServer, gateway: Gateway, ledger: Ledger) -> None:
        await gateway.submit(order("E-1"))
        await until(lambda: server.countdowns.running)
        await gateway.submit(order("S-1", side="sell", limit_price="9000", reduce_only=True))
        await until(lambda: not server.countdowns.running)
        await asyncio.sleep(0.6)
        assert (server.countdowns.running, server.countdowns.fired.total()) == ([], 0)
        await gateway.cancel("S-1")
        await until(lambda: server.countdowns.running)

    with caplog.at_level("WARNING"):
        traded(monkeypatch, story, SWITCH)
    assert "it would cancel a protective order" in caplog.text


@pytest.mark.parametrize(
    ("switch", "fault"),
    [
        ({"account": "other:main", "seconds": 60}, "is not an account of this gateway"),
        ({"account": ACCOUNT, "seconds": 0.5}, "takes 1 to 86400 s, not 0.5"),
    ],
)
def test_a_switch_that_the_venue_does_not_take_is_refused(
    monkeypatch: pytest.MonkeyPatch, switch: dict[str, Any], fault: str
) -> None:
    with pytest.raises(InvalidSetting, match=fault):
        traded(monkeypatch, None, {"dead_mans_switches": [switch]})


@pytest.mark.parametrize("name", sorted({*BY_NAME, "gate"}))
def test_the_brakes_of_every_exchange_are_methods_of_ccxt(name: str) -> None:
    exchange = getattr(ccxt, name)({"options": {"defaultType": "swap"}})
    brakes = brakes_of(exchange)
    assert brakes is not None and (brakes.cancel_all or brakes.switch)
    if brakes.cancel_all:
        assert exchange.has["cancelAllOrders"] and brakes.source
    if brakes.switch:
        exchange.market = lambda name: {"id": name}
        method, *_ = brakes.switch.call(exchange, 60.0, "X")
        assert callable(getattr(exchange, method)) and brakes.switch.terms.source


@pytest.mark.parametrize("how", ["cancel", "cancel_all", "stop", "reduce"])
def test_cancels_that_the_venue_turns_away_are_sent_after_the_pause(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Binance answers 418 with `Retry-After`, and has looked at nothing."""

    async def story(server: BinanceServer, gateway: Gateway, ledger: Ledger) -> None:
        names = [f"E-{one}" for one in range(3)]
        await gateway.submit_many([order(name) for name in names])
        server.quotas = limits = quotas()
        limits.ban(1.0)
        if how == "cancel":
            await asyncio.gather(*(gateway.cancel(name) for name in names))
        elif how == "cancel_all":
            await gateway.cancel_all(account=ACCOUNT)
        else:
            now, is_canceling = datetime.now(UTC), {"cancels_orders": True, "reason": "operator"}
            halt: dict[str, Any] = {"account": ACCOUNT, "at": now, "mode": how, **is_canceling}
            ledger.record(Halt(**halt))
        await until(lambda: set(statuses(ledger).values()) == {"canceled"})
        assert limits.refused[418] > 0

    traded(monkeypatch, story)
