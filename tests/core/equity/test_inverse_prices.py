"""Inverse instruments: which lot is closed first, and prices of 0 and below."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from orderledger import Ledger
from tests.account_auditor import AccountAuditor
from tests.core.contract.streams import MADE_AT, fill, of_account, opened, parsed
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


def oracle(documents: list[Document]) -> AccountAuditor:
    auditor = AccountAuditor("sim:main")
    for second, document in enumerate(documents):
        auditor.offer(document, MADE_AT + timedelta(seconds=second))
    return auditor


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


@pytest.mark.parametrize("price", ["0", "-5"])
def test_a_mark_of_0_or_less_values_no_open_inverse_position(ledger: Ledger, price: str) -> None:
    documents = [INVERSE, OPENING, traded(2, "buy", "1000")]
    documents.append(of_account("mark", 3, instrument="INV", price=price))
    ledger.record_many(parsed(*documents))
    (balance,) = ledger.balances()
    assert (balance["total"], balance["equity"]) == (1, None)
    assert balance["equity_reason"] == "impossible_price"
    (row,) = ledger.pnl()
    assert (row["mark_price"], row["unrealized_pnl"]) == (Decimal(price), None)
    assert (row["net_pnl"], row["reason"]) == (0, "impossible_price")
    (exposed,) = ledger.exposure()
    assert (exposed["notional"], exposed["total_pnl"]) == (None, None)
    assert exposed["reason"] == "impossible_price"
    assert ledger.equity()[-1]["equity"] is None
    assert ledger.equity(in_currency="BTC")[-1]["reason"] == "impossible_price"
    (told,) = oracle(documents).balances()
    assert (told["equity"], told["equity_reason"]) == (None, "impossible_price")
    (position,) = oracle(documents).positions()
    assert (position["unrealized_pnl"], position["reason"]) == (None, "impossible_price")
    closed = [traded(4, "sell", "1000")]  # what is flat needs no mark
    ledger.record_many(parsed(*closed))
    (row,) = ledger.pnl()
    assert (row["unrealized_pnl"], row["reason"]) == (0, None)
    assert ledger.balances()[0]["equity"] == 1


@pytest.mark.parametrize("price", ["0", "-5"])
def test_an_adjustment_at_0_or_less_has_no_pnl_until_another_corrects_it(
    ledger: Ledger, price: str
) -> None:
    documents = [INVERSE, OPENING, adjusted(2, "10", price)]
    ledger.record_many(parsed(*documents))
    assert unknown_figures(ledger, documents)
    assert [row["code"] for row in ledger.anomalies()] == ["impossible_price"]
    corrected = adjusted(2, "10", "1000")
    ledger.record_many(parsed(corrected))
    assert not unknown_figures(ledger, [*documents, corrected])
    assert ledger.anomalies() == []
    ledger.record_many(parsed(traded(3, "sell", "500")))
    (row,) = ledger.pnl()
    assert row["realized_pnl"] == -1  # 1000 USD cost 1 BTC, and are worth 2


def test_what_an_adjustment_at_0_realized_stays_unknown(ledger: Ledger) -> None:
    documents = [INVERSE, OPENING, adjusted(2, "10", "0"), traded(3, "sell", "500")]
    ledger.record_many(parsed(*documents))
    assert unknown_figures(ledger, documents)
    later = [adjusted(4, "10", "1000")]
    ledger.record_many(parsed(*later))
    assert unknown_figures(ledger, documents + later)
    ledger.views.rebuild()
    assert unknown_figures(ledger, documents + later)
    early = [adjusted(2, "0", "0")]  # recorded late: it is the adjustment that the fill follows
    ledger.record_many(parsed(*early))
    assert not unknown_figures(ledger, [*documents, *later, *early])


def test_a_settlement_at_0_is_an_anomaly(ledger: Ledger) -> None:
    settled = of_account("settle", 3, instrument="INV", kind="expiry", price="0")
    ledger.record_many(parsed(INVERSE, traded(2, "buy", "1000"), settled))
    (found,) = (row for row in ledger.anomalies() if row["code"] != "unknown_order")
    assert (found["code"], found["detail"][:12]) == ("impossible_price", "settlement: ")


def unknown_figures(ledger: Ledger, documents: list[Document]) -> bool:
    """Whether the figures are null for an impossible price. The oracle must say the same."""
    (row,), (balance,) = ledger.pnl(), ledger.balances()
    (told,), (owned,) = oracle(documents).positions(), oracle(documents).balances()
    assert (row["realized_pnl"] is None) is (told["realized_pnl"] is None)
    assert (row["reason"], balance["equity"]) == (told["reason"], owned["equity"])
    assert (balance["total"] is None) is (row["realized_pnl"] is None)
    is_unknown = row["realized_pnl"] is None
    assert is_unknown is (row["reason"] == "impossible_price")
    return is_unknown
