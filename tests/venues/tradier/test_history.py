"""The history of an account: transfers, with days instead of times, and without ids."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.testing import VenueHarness
from orderledger.venues.tradier.translate import TradierRecording
from tests.venues.harness import played

DAY = "2018-10-25T00:00:00Z"


def event(kind: str, amount: Any, **other: Any) -> dict[str, Any]:
    return {"amount": amount, "date": DAY, "type": kind, **other}


def read(*rows: Any) -> Any:
    return TradierRecording("tradier:main").read({"history": {"event": list(rows)}})


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (event("dividend", Decimal("0.12")), ("dividend", "0.12")),
        (event("ach", 500), ("deposit", "500")),
        (event("wire", Decimal("-20.5")), ("withdrawal", "-20.5")),
        (event("interest", Decimal("-0.01")), ("interest", "-0.01")),
        (event("journal", 7), ("internal", "7")),
        (event("fee", -1), ("other", "-1")),
    ],
)
def test_an_event_is_a_transfer_of_dollars(row: Any, expected: tuple[str, str]) -> None:
    told = read(row)
    (message,) = told.messages
    assert (message.kind, message.amount, message.currency) == (
        expected[0],
        Decimal(expected[1]),
        "USD",
    )
    assert not told.faults


def test_trades_are_left_to_their_orders_and_an_unknown_event_is_shown() -> None:
    """An option that expires moves no money."""
    told = read(event("trade", 10), event("option", 0), event("option", 5), event("new", 1), 7)
    assert (list(told.messages), len(told.faults)) == ([], 3)


def test_two_equal_events_of_a_day_are_two_and_a_repeated_history_changes_nothing() -> None:
    rows = [event("ach", 500), event("ach", 500)]
    with Ledger.open("memory://") as ledger:
        ledger.record_many([*read(*rows).messages, *read(*rows).messages])
        (balance,) = ledger.balances()
    assert balance["total"] == 1000


def test_transfers_are_collected() -> None:
    async def story(harness: VenueHarness) -> None:
        harness.exchange.transfer(harness.there, "USD", "250.25")
        async with harness.collected() as counters:
            await harness.settle(counters)
        (balance,) = harness.ledger.balances()
        assert (balance["currency"], balance["total"]) == ("USD", Decimal("250.25"))

    played("tradier", story)
