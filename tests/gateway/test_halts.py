"""Halts with a way out: what reduces a position passes, judged in the worst case and by side."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from orderledger import Fill, Halt, Ledger, PositionMode, ResumeTrading, parse_document
from orderledger.simulation.local import LocalVenue
from tests.gateway.desk import (
    ACCOUNT,
    BTC,
    START,
    buy,
    hear,
    sell,
    trading,
    until,
    venue_of,
    worked,
)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://") as ledger:
        yield ledger


def held(ledger: Ledger, quantity: str, side: str = "buy", **terms: Any) -> None:
    """A position from a fill of an earlier day."""
    at = START - timedelta(days=2)
    ledger.record(
        Fill(
            account=ACCOUNT,
            client_order_id=f"old-{side}",
            fill_id=f"F-{side}",
            instrument=BTC,
            side=side,
            quantity=quantity,
            price="60000",
            at=at,
            **terms,
        )
    )


def halt(ledger: Ledger, mode: str = "reduce", **fields: Any) -> None:
    ledger.record(Halt(account=ACCOUNT, at=START, mode=mode, **fields))


def states(ledger: Ledger, *requests: Any, conditions: tuple[str, ...] = ()) -> list[str]:
    async def story() -> list[str]:
        async with trading(ledger, venue_of(), conditions=conditions) as gateway:
            found = [await gateway.submit(one) for one in requests]
            return [one.reason or one.state for one in found]

    return asyncio.run(story())


def is_canceled(ledger: Ledger, venue: LocalVenue, name: str) -> bool:
    hear(ledger, venue)
    return ledger.order(name, account=ACCOUNT)["status"] == "canceled"


def test_an_order_passes_if_its_whole_quantity_reduces_the_position(ledger: Ledger) -> None:
    held(ledger, "1")
    halt(ledger)
    assert states(
        ledger,
        buy("B-1", quantity="0.1"),
        sell("S-1", quantity="0.6", price="90000"),
        sell("S-2", quantity="0.6", price="90000"),
        sell("S-3", quantity="0.4", price="90000"),
        sell("S-4", quantity="0.1", price="90000", reduce_only=True),
    ) == ["halted", "acknowledged", "halted", "acknowledged", "acknowledged"], (
        "the open sells would leave 0.4, then nothing"
    )


def test_a_short_position_is_reduced_by_buys(ledger: Ledger) -> None:
    held(ledger, "1", "sell")
    halt(ledger)
    assert states(
        ledger,
        sell("S-1", quantity="0.1", price="90000"),
        buy("B-1", quantity="1", price="60000"),
        buy("B-2", quantity="0.1", price="60000"),
    ) == ["halted", "acknowledged", "halted"]


def test_without_a_position_nothing_passes_but_what_the_venue_limits(ledger: Ledger) -> None:
    halt(ledger)
    assert states(
        ledger,
        buy("B-1"),
        sell("S-1"),
        sell("S-2", price="90000", reduce_only=True),
    ) == ["halted", "halted", "acknowledged"]


def test_each_position_side_is_judged_alone(ledger: Ledger) -> None:
    ledger.record(
        parse_document(
            {
                "type": "instrument",
                "account": ACCOUNT,
                "instrument": BTC,
                "position_mode": PositionMode.HEDGE,
                "at": (START - timedelta(days=3)).isoformat(),
            }
        )
    )
    held(ledger, "1", position_side="long")
    halt(ledger)
    assert states(
        ledger,
        sell("S-1", quantity="1", price="90000", position_side="long"),
        sell("S-2", quantity="0.1", price="90000", position_side="short"),
        buy("B-1", quantity="0.1", price="60000", position_side="long"),
        conditions=("position_side",),
    ) == ["acknowledged", "halted", "halted"]


def test_a_halt_that_stops_takes_precedence_and_each_ends_alone(ledger: Ledger) -> None:
    held(ledger, "1")
    halt(ledger, reason="feed_age_seconds")
    halt(ledger, mode="stop", reason="review")
    assert states(ledger, sell("S-1", quantity="0.1", price="90000")) == ["halted"]
    ledger.record(ResumeTrading(account=ACCOUNT, at=START, halt_reason="review"))
    assert states(
        ledger, sell("S-2", quantity="0.1", price="90000"), buy("B-1", quantity="0.1")
    ) == ["acknowledged", "halted"]
    ledger.record(ResumeTrading(account=ACCOUNT, at=START + timedelta(seconds=1)))
    assert states(ledger, buy("B-2", quantity="0.1", price="60000")) == ["acknowledged"]


def test_a_halt_without_a_mode_stops_everything(ledger: Ledger) -> None:
    held(ledger, "1")
    ledger.record(parse_document({"type": "halt", "account": ACCOUNT, "at": START.isoformat()}))
    assert ledger.halts()[0]["mode"] == "stop"
    assert states(ledger, sell("S-1", quantity="0.1", price="90000", reduce_only=True)) == [
        "halted"
    ]


def test_a_halt_that_lets_reducing_orders_pass_cancels_the_others(ledger: Ledger) -> None:
    held(ledger, "1")

    async def story() -> list[str]:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            await gateway.submit(buy("B-1", quantity="0.1", price="60000"))
            await gateway.submit(sell("S-1", quantity="0.1", price="90000", reduce_only=True))
            halt(ledger, cancels_orders=True)
            await until(lambda: is_canceled(ledger, venue, "B-1"))
            assert (worked(venue, "B-1"), worked(venue, "S-1")) == (1, 1)
            return [
                row["status"] for row in sorted(
                    (row for row in ledger.orders() if row["client_order_id"] in ("B-1", "S-1")),
                    key=lambda row: row["client_order_id"] or "",
                )
            ]  # fmt: skip

    assert asyncio.run(story()) == ["canceled", "new"]
