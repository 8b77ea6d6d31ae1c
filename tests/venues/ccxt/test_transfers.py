"""Deposits, withdrawals and transfers of ccxt's unified structures."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.testing import VenueHarness
from orderledger.venues.ccxt.context import CcxtContext
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
