"""Brackets and OCO groups that a gateway emulates: what works at the venue, and what is held."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import (
    Fill,
    Gateway,
    Halt,
    InvalidSetting,
    Ledger,
    Mark,
    ResumeTrading,
    parse_document,
)
from orderledger.simulation.local import LocalVenue
from tests.gateway.desk import (
    ACCOUNT,
    BTC,
    buy,
    hear,
    in_a_loop,
    sell,
    trading,
    until,
    venue_of,
)

OTHERS = "others"


def trade(venue: LocalVenue, side: str, quantity: str, price: str) -> None:
    """Another trader takes what rests at this price."""
    venue.exchange.submit(
        OTHERS,
        instrument=BTC,
        side=side,
        quantity=quantity,
        limit_price=price,
        time_in_force="ioc",
    )


def mark(ledger: Ledger, venue: LocalVenue, price: str) -> None:
    ledger.record(Mark(account=ACCOUNT, instrument=BTC, price=price, at=venue.now))


def listen(ledger: Ledger, venue: LocalVenue) -> None:
    """Record what the venue pushes, without a time in which marks grow old."""
    ledger.record_many(map(parse_document, venue.advance(venue.now + timedelta(milliseconds=20))))


def works(venue: LocalVenue) -> dict[str, str]:
    """What each of our orders may still fill at the venue."""
    return {
        str(order.client_id): format(order.left.normalize(), "f")
        for order in venue.exchange.open_orders(ACCOUNT)
    }


def held(gateway: Gateway) -> dict[str, str]:
    return {one.client_order_id: one.reason for one in gateway.held()}


async def settled(ledger: Ledger, venue: LocalVenue, gateway: Gateway, expected: Any) -> None:
    """Until the venue works exactly this."""
    try:
        async with asyncio.timeout(10):
            while works(venue) != expected:
                listen(ledger, venue)
                await asyncio.sleep(0.02)
    except TimeoutError:
        rows = {
            row["client_order_id"]: (row["status"], row["reason"], str(row["cum_quantity"]))
            for row in ledger.orders()
        }
        raise AssertionError(f"{works(venue)} is not {expected}; {held(gateway)}; {rows}") from None


async def heard(ledger: Ledger, venue: LocalVenue, condition: Any) -> None:
    """Until the reports of the venue make this true."""
    async with asyncio.timeout(10):
        while not condition():
            listen(ledger, venue)
            await asyncio.sleep(0.05)


async def bracket(gateway: Gateway, **more: Any) -> list[str]:
    sent = await gateway.submit_bracket(
        buy("E", quantity="5", price="64000"), take_profit="66000", stop_loss="62000", **more
    )
    return [one.state for one in sent]


@in_a_loop
async def test_the_exits_are_held_until_the_entry_fills(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        assert await bracket(gateway) == ["acknowledged", "held", "held"]
        assert works(venue) == {"E": "5"}
        await until(lambda: held(gateway) == {"E-tp": "parent", "E-sl": "parent"})
        rows = {row["client_order_id"]: row for row in ledger.open_orders()}
        assert rows["E-sl"]["status"] == "pending_new" and rows["E-sl"]["submitted_at"] is None
        (exposed,) = ledger.exposure()
        assert [order["client_order_id"] for order in exposed["orders"]] == ["E"]


@in_a_loop
async def test_a_filled_entry_sends_the_take_profit_and_watches_the_stop(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await bracket(gateway)
        trade(venue, "sell", "5", "64000")
        await settled(ledger, venue, gateway, {"E-tp": "5"})
        assert held(gateway) == {"E-sl": "no_mark"}
        mark(ledger, venue, "63000")
        await until(lambda: held(gateway) == {"E-sl": "trigger"})


@in_a_loop
async def test_the_exits_grow_with_each_fill_of_the_entry(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await bracket(gateway)
        trade(venue, "sell", "2", "64000")
        await settled(ledger, venue, gateway, {"E": "3", "E-tp.1": "2"})
        trade(venue, "sell", "1", "64000")
        await settled(ledger, venue, gateway, {"E": "2", "E-tp.1": "3"})
        await gateway.cancel("E")
        await asyncio.sleep(0.6)
        assert works(venue) == {"E-tp.1": "3"}


@in_a_loop
async def test_a_reached_stop_cancels_the_take_profit_first_and_sells_the_rest(
    ledger: Ledger,
) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await bracket(gateway)
        trade(venue, "sell", "5", "64000")
        await settled(ledger, venue, gateway, {"E-tp": "5"})
        trade(venue, "buy", "2", "66000")
        await settled(ledger, venue, gateway, {"E-tp": "3"})
        venue.exchange.submit(OTHERS, instrument=BTC, side="buy", quantity="9", limit_price="61900")
        hear(ledger, venue)
        mark(ledger, venue, "61950")
        await settled(ledger, venue, gateway, {})
        hear(ledger, venue)
        await heard(ledger, venue, lambda: ledger.positions()[0]["position_quantity"] == 0)
        rows = {row["client_order_id"]: row for row in ledger.orders()}
        assert rows["E-sl.1"]["order_type"] == "market"
        assert rows["E-sl.1"]["cum_quantity"] == Decimal(3)
        assert rows["E-tp"]["status"] == "canceled"
        await heard(ledger, venue, lambda: ledger.order("E-sl")["status"] == "denied")
        assert ledger.order("E-sl")["reason"] == "group_done"
        assert not ledger.open_orders()
        assert not [row for row in ledger.orders() if row["anomalies"]]


@in_a_loop
async def test_a_filled_take_profit_ends_the_held_stop(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await bracket(gateway)
        trade(venue, "sell", "5", "64000")
        await settled(ledger, venue, gateway, {"E-tp": "5"})
        trade(venue, "buy", "5", "66000")
        await settled(ledger, venue, gateway, {})
        await heard(ledger, venue, lambda: not ledger.open_orders())
        assert ledger.order("E-sl")["reason"] == "group_done"


@in_a_loop
async def test_an_entry_that_ends_unfilled_ends_its_exits(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await bracket(gateway)
        await gateway.cancel("E")
        await heard(ledger, venue, lambda: not ledger.open_orders())
        assert ledger.order("E-tp")["reason"] == "parent_ended"


@in_a_loop
async def test_a_canceled_exit_is_never_sent_and_the_other_stays(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await bracket(gateway)
        canceled = await gateway.cancel("E-tp")
        assert (canceled.state, canceled.reason) == ("denied", "withdrawn")
        trade(venue, "sell", "5", "64000")
        hear(ledger, venue)
        await until(lambda: held(gateway) == {"E-sl": "no_mark"})
        assert works(venue) == {}


@in_a_loop
async def test_a_restart_finds_the_bracket_and_goes_on(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await bracket(gateway)
        trade(venue, "sell", "2", "64000")
        await settled(ledger, venue, gateway, {"E": "3", "E-tp.1": "2"})
    trade(venue, "sell", "3", "64000")
    hear(ledger, venue)
    async with trading(ledger, venue) as gateway:
        await settled(ledger, venue, gateway, {"E-tp.1": "5"})
        assert "E-sl" in held(gateway)


@in_a_loop
async def test_without_replace_another_order_is_added_for_each_fill(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue, resizes=False) as gateway:
        await bracket(gateway)
        trade(venue, "sell", "2", "64000")
        await settled(ledger, venue, gateway, {"E": "3", "E-tp.1": "2"})
        trade(venue, "sell", "3", "64000")
        await settled(ledger, venue, gateway, {"E-tp.1": "2", "E-tp.2": "3"})


@in_a_loop
async def test_a_fill_of_one_order_of_an_oco_reduces_the_other(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        sent = await gateway.submit_oco(
            sell("A", quantity="5", price="66000"), sell("B", quantity="5", price="67000")
        )
        assert [one.state for one in sent] == ["acknowledged", "acknowledged"]
        trade(venue, "buy", "2", "66000")
        await settled(ledger, venue, gateway, {"A": "3", "B": "3"})
        await asyncio.sleep(0.6)
        assert works(venue) == {"A": "3", "B": "3"}
        trade(venue, "buy", "3", "66000")
        await settled(ledger, venue, gateway, {})
        await heard(ledger, venue, lambda: not ledger.open_orders())
        assert ledger.order("B")["status"] == "canceled"


@in_a_loop
async def test_a_fill_of_one_order_reduces_the_other_without_replace(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue, resizes=False) as gateway:
        await gateway.submit_oco(
            sell("A", quantity="5", price="66000"), sell("B", quantity="5", price="67000")
        )
        trade(venue, "buy", "2", "66000")
        await settled(ledger, venue, gateway, {"A": "3", "B.1": "3"})
        trade(venue, "buy", "1", "66000")
        await settled(ledger, venue, gateway, {"A": "2", "B.2": "2"})
        trade(venue, "buy", "2", "66000")
        await settled(ledger, venue, gateway, {})


@in_a_loop
async def test_the_end_of_one_order_of_an_oco_cancels_the_other(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await gateway.submit_oco(
            sell("A", quantity="5", price="66000"), sell("B", quantity="5", price="67000")
        )
        await gateway.cancel("A")
        await settled(ledger, venue, gateway, {})
        await heard(ledger, venue, lambda: not ledger.open_orders())


@in_a_loop
async def test_a_trailing_stop_follows_the_best_mark_through_a_restart(ledger: Ledger) -> None:
    venue = venue_of()
    venue.exchange.submit(OTHERS, instrument=BTC, side="buy", quantity="9", limit_price="60000")
    trailing = sell(
        "T",
        quantity="1",
        price=None,
        order_type="trailing_stop",
        trail_offset="500",
        trail_offset_type="amount",
    )
    async with trading(ledger, venue) as gateway:
        assert (await gateway.submit(trailing)).state == "held"
        for price in ("64000", "65000", "64600"):
            mark(ledger, venue, price)
            await until(lambda: "T" in held(gateway) and held(gateway)["T"] == "trigger")
    async with trading(ledger, venue) as gateway:
        await asyncio.sleep(0.5)
        assert held(gateway) == {"T": "trigger"}
        mark(ledger, venue, "64500")
        await heard(ledger, venue, lambda: ledger.order("T")["status"] == "denied")
        hear(ledger, venue)
        assert ledger.order("T.1")["cum_quantity"] == Decimal(1)


@in_a_loop
async def test_a_stale_mark_triggers_nothing_and_is_shown(ledger: Ledger) -> None:
    venue = venue_of()
    stop = sell("S", quantity="1", price=None, order_type="stop", stop_price="62000")
    async with trading(ledger, venue) as gateway:
        mark(ledger, venue, "63000")
        await gateway.submit(stop)
        await until(lambda: held(gateway) == {"S": "trigger"})
        for _ in range(15):
            hear(ledger, venue)
        await until(lambda: held(gateway) == {"S": "no_mark"})
        assert ledger.order("S")["status"] == "pending_new"


@in_a_loop
async def test_all_orders_canceled_ends_what_is_held(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await bracket(gateway)
        await gateway.cancel_all(account=ACCOUNT)
        await heard(ledger, venue, lambda: not ledger.open_orders())
        assert works(venue) == {}


@in_a_loop
async def test_a_halt_holds_exits_back_and_they_go_out_after_it(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await bracket(gateway)
        ledger.record(Halt(account=ACCOUNT, at=venue.now, reason="test"))
        trade(venue, "sell", "5", "64000")
        hear(ledger, venue)
        await asyncio.sleep(0.5)
        assert works(venue) == {}
        ledger.record(ResumeTrading(account=ACCOUNT, at=venue.now))
        await settled(ledger, venue, gateway, {"E-tp": "5"})


@in_a_loop
async def test_a_late_fill_of_an_ended_entry_is_protected(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await bracket(gateway)
        await gateway.cancel("E")
        await heard(ledger, venue, lambda: not ledger.open_orders())
        ledger.record(late_fill("E", venue))
        await until(lambda: works(venue) == {"E-tp.1": "1"})


@pytest.mark.parametrize("call", ["bracket", "oco", "many"])
@in_a_loop
async def test_nothing_of_a_group_is_sent_if_one_order_is_denied(ledger: Ledger, call: str) -> None:
    venue = venue_of()
    linked: dict[str, Any] = {"links": {"group": "G"}} if call == "many" else {}
    entry = buy("E", quantity="5", price="64000", **linked)
    child = sell("E-sl", quantity="5", price="0", **linked)
    async with trading(ledger, venue) as gateway:
        if call == "bracket":
            sent = await gateway.submit_bracket(entry, take_profit="66000", stop_loss="0")
        elif call == "oco":
            sent = await gateway.submit_oco(entry, child)
        else:
            sent = await gateway.submit_many([entry, child, buy("other", price="60000")])
            assert sent.pop().state == "acknowledged"
        rows = {row["client_order_id"]: row for row in ledger.orders()}
        faulty = rows["E-sl"]
        assert {one.state for one in sent} == {"denied"}
        fault = str(faulty["reason"])
        assert faulty["status"] == "denied" and fault.startswith("incorrect_")
        for one in sent:
            if one.client_order_id != "E-sl":
                assert one.reason == rows[one.client_order_id]["reason"] == "group_denied"
                assert f"order E-sl of group {'G' if call == 'many' else 'E'}" in str(one.text)
                assert fault in str(one.text)
        assert works(venue).keys() == ({"other"} if call == "many" else set())
        assert not gateway.held()


def late_fill(name: str, venue: LocalVenue) -> Fill:
    return Fill(
        account=ACCOUNT,
        client_order_id=name,
        fill_id="late",
        quantity="1",
        price="64000",
        at=venue.now,
    )


@pytest.mark.parametrize(
    ("exits", "named"),
    [
        ({}, "take_profit"),
        ({"take_profit": buy("X")}, "take_profit"),
        ({"stop_loss": sell("X", quantity="9", price="62000")}, "stop_loss"),
    ],
)
@in_a_loop
async def test_an_exit_that_does_not_fit_is_refused(
    ledger: Ledger, exits: dict[str, Any], named: str
) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        with pytest.raises(InvalidSetting, match=named):
            await gateway.submit_bracket(buy("E", quantity="5"), **exits)
    assert not ledger.orders()
