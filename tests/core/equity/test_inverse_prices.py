"""Inverse instruments: which lot is closed first, and prices of 0 and below."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from orderledger import Ledger
from tests.core.contract.streams import fill, of_account, opened, parsed
from tests.scenarios import Document

INVERSE = of_account(
    "instrument", 0, instrument="INV", kind="margined", settlement="BTC", base="BTC", quote="USD",
    inverse=True, multiplier="100",
)  # fmt: skip
OPENING = of_account("adjust", 1, currency="BTC", amount="1", reason="opening_balance")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with opened("memory://") as ledger:
        yield ledger


def adjusted(second: int, quantity: str, price: str) -> Document:
    return of_account(
        "adjust", second, instrument="INV", quantity=quantity, price=price, reason="opening"
    )


def traded(second: int, side: str, price: str) -> Document:
    return fill(
        None, f"F-{second}", second, venue_order_id=f"V-{second}", instrument="INV", side=side,
        quantity="10", price=price,
    )  # fmt: skip


@pytest.mark.parametrize("sign", ["", "-"])
def test_hifo_closes_the_lot_that_gains_least_also_after_an_adjustment(
    ledger: Ledger, sign: str
) -> None:
    opens, closes = ("sell", "buy") if sign else ("buy", "sell")
    prices = ("69755", "61330") if sign else ("61330", "69755")
    documents = (
        INVERSE, adjusted(1, f"{sign}10", prices[0]), traded(2, opens, prices[1]),
        traded(3, closes, "43058"),
    )  # fmt: skip
    ledger.record_many(parsed(*documents))
    (lot,) = ledger.lots(method="hifo")
    assert (lot["quantity"], lot["price"]) == (Decimal(f"{sign}10"), Decimal(prices[0]))
    (row,) = ledger.pnl(method="hifo")
    # a contract of 100 USD is worth 100 / price in BTC
    gain = 1000 / Decimal(prices[1]) - 1000 / Decimal(43058)
    assert row["realized_pnl"] == pytest.approx(-gain if sign else gain)
