"""An OCO group of two instruments, as Interactive Brokers' OCA groups may be: one chance of two."""

from decimal import Decimal

import pytest

from orderledger import Gateway, Ledger, Mark, Request
from orderledger.simulation.local import LocalVenue
from tests.gateway.desk import ACCOUNT, BTC, hear, in_a_loop, sell, trading, until, venue_of
from tests.gateway.emulation.test_brackets import heard, held, settled, trade, works

ETH = "ETH-USD"


def mark(ledger: Ledger, venue: LocalVenue, instrument: str, price: str) -> None:
    ledger.record(Mark(account=ACCOUNT, instrument=instrument, price=price, at=venue.now))


@in_a_loop
async def test_a_fill_of_one_order_reduces_and_cancels_the_other(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        sent = await gateway.submit_oco(
            sell("A", quantity="5", price="66000"),
            sell("B", quantity="5", price="3500", instrument=ETH),
        )
        assert [one.state for one in sent] == ["acknowledged", "acknowledged"]
        trade(venue, "buy", "2", "66000")
        await settled(ledger, venue, gateway, {"A": "3", "B": "3"})
        trade(venue, "buy", "3", "66000")
        await settled(ledger, venue, gateway, {})
        await heard(ledger, venue, lambda: not ledger.open_orders())
        assert [ledger.order(name)["status"] for name in ("A", "B")] == ["filled", "canceled"]


def stop(name: str, instrument: str, price: str) -> Request:
    return sell(
        name, quantity="1", price=None, order_type="stop", stop_price=price, instrument=instrument
    )


@pytest.mark.parametrize("reverse", [False, True])
@in_a_loop
async def test_a_stop_is_triggered_by_the_marks_of_its_own_instrument(
    ledger: Ledger, reverse: bool
) -> None:
    """A mark of 3,000 is far below the stop price of the other instrument."""
    venue = venue_of()
    venue.exchange.submit("others", instrument=ETH, side="buy", quantity="9", limit_price="2900")
    stops = [stop("A", BTC, "60000"), stop("B", ETH, "2950")]
    async with trading(ledger, venue) as gateway:
        mark(ledger, venue, BTC, "64000")
        mark(ledger, venue, ETH, "3000")
        sent = await gateway.submit_oco(*(stops[::-1] if reverse else stops))
        assert [one.state for one in sent] == ["held", "held"]
        for price in ("3000", "2990"):
            mark(ledger, venue, ETH, price)
            hear(ledger, venue)
        await until(lambda: held(gateway) == {"A": "trigger", "B": "trigger"})
        mark(ledger, venue, BTC, "64000")
        mark(ledger, venue, ETH, "2940")
        await _filled(ledger, venue, gateway)


async def _filled(ledger: Ledger, venue: LocalVenue, gateway: Gateway) -> None:
    await heard(ledger, venue, lambda: not ledger.open_orders())
    assert (works(venue), held(gateway)) == ({}, {})
    assert ledger.order("B.1")["cum_quantity"] == Decimal(1)
    assert ledger.order("A")["reason"] == "other_filled"
