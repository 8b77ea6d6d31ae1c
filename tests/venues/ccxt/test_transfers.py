"""Deposits, withdrawals and transfers of ccxt's unified structures."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.testing import VenueHarness
from orderledger.venues import VenueRefused
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.lists import rows_since
from orderledger.venues.ccxt.transfers import transfer_messages
from tests.venues.ccxt.rows import T
from tests.venues.harness import played

CONTEXT = CcxtContext(account="ccxt:main", exchange="kraken")


def transaction(**changed: Any) -> dict[str, Any]:
    row = {"id": "D-1", "type": "deposit", "currency": "BTC", "amount": "0.5", "status": "ok"}
    return {**row, "timestamp": T, "fee": None, **changed}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, [("deposit", "0.5", "BTC", "D-1")]),
        (
            {"type": "withdrawal", "fee": {"cost": "0.01", "currency": "BTC"}},
            [("withdrawal", "-0.5", "BTC", "D-1"), ("other", "-0.01", "BTC", "D-1:fee")],
        ),
        ({"type": "transfer", "direction": "in"}, [("internal", "0.5", "BTC", "D-1")]),
        ({"type": "transfer", "direction": "out"}, [("internal", "-0.5", "BTC", "D-1")]),
        ({"status": "pending"}, []),
        ({"status": "failed"}, []),
    ],
)
def test_a_transaction_moves_its_amount_once_it_is_complete(
    changed: dict[str, Any], expected: list[tuple[str, str, str, str]]
) -> None:
    told = transfer_messages([transaction(**changed)], CONTEXT)
    assert not told.faults
    assert [
        (one.kind, one.amount, one.currency, one.venue_id)  # type: ignore[attr-defined]
        for one in told.messages
    ] == [(kind, Decimal(amount), *names) for kind, amount, *names in expected]


@pytest.mark.parametrize(
    "changed",
    [{"type": "margin"}, {"type": "transfer"}, {"amount": None}, {"id": None}, {"type": 7}],
)
def test_a_row_of_another_form_is_shown(changed: dict[str, Any]) -> None:
    told = transfer_messages([transaction(**changed), 7], CONTEXT)
    assert (list(told.messages), len(told.faults)) == ([], 2)


def test_a_repeated_transaction_counts_once() -> None:
    told = transfer_messages([transaction(), transaction()], CONTEXT)
    with Ledger.open("memory://") as ledger:
        ledger.record_many(told.messages)
        (balance,) = ledger.balances()
    assert balance["total"] == Decimal("0.5")


def test_transfers_into_the_wallet_of_contracts_are_collected() -> None:
    async def story(harness: VenueHarness) -> None:
        harness.exchange.transfer(harness.there, "USDT", "250.25")
        harness.exchange.transfer(harness.there, "USDT", "-0.25")
        async with harness.collected() as counters:
            await harness.settle(counters)
        (balance,) = harness.ledger.balances()
        assert (balance["currency"], balance["total"]) == ("USDT", 250)

    played("ccxt", story)


def test_more_fundings_than_a_page_holds_are_collected() -> None:
    """Binance lists 100 unless more are asked for."""

    async def story(harness: VenueHarness) -> None:
        order = harness.place()
        harness.exchange.fill(order)
        for _ in range(250):
            harness.exchange.fund(harness.there, order.instrument, "0.5")
        async with harness.collected() as counters:
            await harness.settle(counters)
        assert len(harness.ledger.log.account_events(kind="funding")) == 250

    played("ccxt", story)


def pages(*, size: int, is_newest_first: bool, has_until: bool = True) -> Any:
    """A list of 45 rows, two of them in each of the first milliseconds."""
    rows = [{"id": number, "timestamp": number // 2} for number in range(2, 47)]

    async def page(begin: int, more: dict[str, Any]) -> list[Any]:
        if more and not has_until:
            raise VenueRefused(400, "until is not a parameter")
        end = more.get("until", 10**9)
        found = [row for row in rows if begin <= row["timestamp"] <= end]
        return found[-size:] if is_newest_first else found[:size]

    return page


@pytest.mark.parametrize("is_newest_first", [False, True])
@pytest.mark.parametrize("size", [10, 44, 45, 100])
def test_a_list_is_whole_whatever_its_pages_and_their_order(
    size: int, is_newest_first: bool
) -> None:
    rows = asyncio.run(rows_since(pages(size=size, is_newest_first=is_newest_first), 1))
    assert sorted(row["id"] for row in rows) == list(range(2, 47))


def test_a_list_that_knows_no_end_is_taken_as_it_is_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = asyncio.run(rows_since(pages(size=20, is_newest_first=True, has_until=False), 1))
    assert [row["id"] for row in rows] == list(range(27, 47))
    assert "list_may_be_cut" in caplog.text
