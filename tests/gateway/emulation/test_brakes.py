"""Halts and limits hold for the orders that the gateway sends by itself."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Gateway, Halt, Ledger, ResumeTrading
from orderledger.simulation.local import LocalVenue
from tests.gateway.desk import ACCOUNT, BTC, buy, hear, in_a_loop, sell, trading, venue_of
from tests.gateway.emulation.test_brackets import held, mark, settled, trade, works
from tests.gateway.emulation.test_denied_members import rows

OTHERS = "others"


def rests(venue: LocalVenue, side: str, quantity: str, price: str) -> None:
    """The order of another trader, which stays in the book."""
    venue.exchange.submit(OTHERS, instrument=BTC, side=side, quantity=quantity, limit_price=price)


def stop(name: str, side: str = "buy", price: str = "65000", quantity: str = "0.5") -> Any:
    terms: dict[str, Any] = {
        "price": None,
        "order_type": "stop",
        "stop_price": price,
        "quantity": quantity,
    }
    return (buy if side == "buy" else sell)(name, **terms)


def trailing(name: str, offset: str = "500") -> Any:
    terms = {"trail_offset": offset, "trail_offset_type": "amount"}
    return buy(name, price=None, order_type="trailing_stop", **terms)


def halt(ledger: Ledger, venue: LocalVenue, mode: str) -> None:
    ledger.record(Halt(account=ACCOUNT, at=venue.now, mode=mode, reason="test"))


def resume(ledger: Ledger, venue: LocalVenue) -> None:
    ledger.record(ResumeTrading(account=ACCOUNT, at=venue.now))


async def marked(ledger: Ledger, venue: LocalVenue, price: str, times: int = 5) -> None:
    """Some seconds with this mark."""
    for _ in range(times):
        hear(ledger, venue)
        mark(ledger, venue, price)
        await asyncio.sleep(0.25)


def position(ledger: Ledger) -> Decimal:
    return sum((row["position_quantity"] or Decimal(0) for row in ledger.positions()), Decimal(0))


def reasons(ledger: Ledger) -> dict[str | None, str | None]:
    return {name: reason for name, (_, reason) in rows(ledger).items()}


async def long(gateway: Gateway, ledger: Ledger, venue: LocalVenue, quantity: str = "0.5") -> None:
    rests(venue, "sell", quantity, "64000")
    await gateway.submit(buy("P", quantity=quantity, price="64000"))
    for _ in range(3):
        hear(ledger, venue)
        await asyncio.sleep(0.05)
    assert position(ledger) == Decimal(quantity)


@pytest.mark.parametrize("mode", ["stop", "reduce"])
@in_a_loop
async def test_a_price_that_is_reached_during_a_halt_sends_nothing(
    ledger: Ledger, mode: str
) -> None:
    venue = venue_of()
    rests(venue, "sell", "3", "65100")
    async with trading(ledger, venue) as gateway:
        await marked(ledger, venue, "64000", 1)
        for one in (stop("S"), trailing("T")):
            assert (await gateway.submit(one)).state == "held"
        await marked(ledger, venue, "64000", 2)
        halt(ledger, venue, mode)
        await marked(ledger, venue, "65050")
        assert held(gateway) == {"S": "halted", "T": "halted"}
        await marked(ledger, venue, "64000", 2)
        resume(ledger, venue)
        await marked(ledger, venue, "64000")
        assert held(gateway) == {"S": "trigger", "T": "trigger"}
        assert position(ledger) == 0


@in_a_loop
async def test_a_price_that_is_still_reached_after_a_halt_sends_the_order(ledger: Ledger) -> None:
    venue = venue_of()
    rests(venue, "sell", "3", "65100")
    async with trading(ledger, venue) as gateway:
        await marked(ledger, venue, "64000", 1)
        await gateway.submit(stop("S"))
        halt(ledger, venue, "reduce")
        await marked(ledger, venue, "65050", 3)
        resume(ledger, venue)
        await marked(ledger, venue, "65050")
        assert position(ledger) == Decimal("0.5")


@pytest.mark.parametrize("mode", ["stop", "reduce"])
@in_a_loop
async def test_a_held_order_is_denied_during_a_halt_unless_it_may_pass(
    ledger: Ledger, mode: str
) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await long(gateway, ledger, venue)
        halt(ledger, venue, mode)
        found = [await gateway.submit(one) for one in (stop("S"), stop("SL", "sell", "62000"))]
        passed = ("held", None) if mode == "reduce" else ("denied", "halted")
        assert [(one.state, one.reason) for one in found] == [("denied", "halted"), passed]


@in_a_loop
async def test_a_stop_that_only_reduces_passes_a_reduce_halt_and_all_limits(
    ledger: Ledger,
) -> None:
    venue, rule = venue_of(), {"orders_per_day": 1, "daily_loss": "100", "gross_notional": "33000"}
    rests(venue, "buy", "3", "61900")
    async with trading(ledger, venue, {"limits": [rule]}) as gateway:
        await long(gateway, ledger, venue)
        await gateway.submit(stop("SL", "sell", "62000"))
        halt(ledger, venue, "reduce")
        await marked(ledger, venue, "61950")
        assert position(ledger) == 0


@in_a_loop
async def test_a_take_profit_works_on_while_a_halt_holds_back_its_stop(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        rests(venue, "sell", "0.5", "64000")
        await gateway.submit_bracket(buy("E"), take_profit="66000", stop_loss="62000")
        await settled(ledger, venue, gateway, {"E-tp": "0.5"})
        halt(ledger, venue, "stop")
        await marked(ledger, venue, "61950")
        assert (works(venue), held(gateway)) == ({"E-tp": "0.5"}, {"E-sl": "halted"})
        rests(venue, "buy", "3", "61900")
        resume(ledger, venue)
        await marked(ledger, venue, "61950", 12)
        assert (position(ledger), works(venue)) == (0, {})


@in_a_loop
async def test_a_stop_of_a_bracket_replaces_its_take_profit_during_a_reduce_halt(
    ledger: Ledger,
) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        rests(venue, "sell", "0.5", "64000")
        await gateway.submit_bracket(buy("E"), take_profit="66000", stop_loss="62000")
        await settled(ledger, venue, gateway, {"E-tp": "0.5"})
        halt(ledger, venue, "reduce")
        rests(venue, "buy", "3", "61900")
        await marked(ledger, venue, "61950", 12)
        assert (position(ledger), works(venue)) == (0, {})


@in_a_loop
async def test_an_exit_that_would_grow_a_position_waits_for_the_end_of_a_reduce_halt(
    ledger: Ledger,
) -> None:
    venue = venue_of()
    rests(venue, "buy", "1", "64000")
    async with trading(ledger, venue) as gateway:
        await gateway.submit(sell("S", quantity="1", price="64000"))
        await gateway.submit_bracket(
            buy("E", price="63000"), take_profit="66000", stop_loss="62000"
        )
        hear(ledger, venue)
        halt(ledger, venue, "reduce")
        trade(venue, "sell", "0.2", "63000")
        await marked(ledger, venue, "63000")
        assert (position(ledger), works(venue)) == (Decimal("-0.8"), {"E": "0.3"})
        assert held(gateway)["E-tp"] == "halted"
        resume(ledger, venue)
        await settled(ledger, venue, gateway, {"E": "0.3", "E-tp.1": "0.2"})


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("position_quantity", "0.6"),
        ("gross_notional", "40000"),
        ("orders_per_day", 1),
        ("open_orders", 1),
    ],
)
@in_a_loop
async def test_a_triggered_order_that_would_break_a_limit_is_denied(
    ledger: Ledger, name: str, limit: Any
) -> None:
    venue = venue_of()
    rests(venue, "sell", "3", "65100")
    async with trading(ledger, venue, {"limits": [{name: limit}]}) as gateway:
        await marked(ledger, venue, "64000", 1)
        for number in range(3):
            assert (await gateway.submit(stop(f"S{number}"))).state == "held"
        await marked(ledger, venue, "65050", 8)
        assert position(ledger) == Decimal("0.5")
        assert [reasons(ledger)[f"S{number}"] for number in range(3)].count(name) == 2
        assert held(gateway) == {}


@in_a_loop
async def test_a_held_order_that_is_too_large_is_denied_at_once(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue, {"limits": [{"order_quantity": "0.4"}]}) as gateway:
        sent = await gateway.submit(stop("S"))
        assert (sent.state, sent.reason) == ("denied", "order_quantity")


@in_a_loop
async def test_a_group_that_closes_the_position_once_passes_a_reduce_halt(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await long(gateway, ledger, venue)
        halt(ledger, venue, "reduce")
        limit, watched = sell("A", price="66000"), stop("B", "sell", "62000")
        found = await gateway.submit_oco(limit, watched)
        assert [one.state for one in found] == ["acknowledged", "held"]
        rests(venue, "buy", "3", "61900")
        await marked(ledger, venue, "61950", 12)
        assert (position(ledger), works(venue)) == (0, {})
