"""The curve of short days, with every number worked out by hand."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Adjust, FillBusted, FillCorrected, Funding
from tests.core.equity.books import MAIN, SECOND, at, defined, fill, mark, recorded, shown

FIGURES = ("net_pnl", "equity", "peak", "drawdown")


def test_each_fill_payment_and_adjustment_is_a_point_with_the_equity_after_it() -> None:
    with recorded(
        defined("BTC-USD"),
        mark("100", 0),
        fill(1, "buy", "1", "100", 1, fee="1"),  # paid 1: net -1, open 1 at 100
        fill(2, "buy", "1", "110", 2, fee="1"),  # paid 1: net -2, open 2 at 105, valued at 100: -10
        mark("120", 3),  # valued at 120: +30
        fill(3, "sell", "1", "120", 4, fee="1"),  # realized 15, paid 1: net 12, open 1 at 105: +15
        Funding(
            account=MAIN, instrument="BTC-USD", amount="-2", currency="USD", at=at(5)
        ),  # net 10
        mark("90", 6),  # open 1 at 105: -15
        Adjust(
            account=MAIN,
            instrument="BTC-USD",
            quantity="0",
            price="90",
            reason="transfer",
            at=at(7),
        ),  # nothing open
    ) as ledger:
        rows = ledger.equity()
    assert shown(rows, "kind", "fill_id", "client_order_id", *FIGURES, "moments") == [
        ("fill", "F-1", "C-1", "-1", "-1", "0", "1", 1),
        ("fill", "F-2", "C-2", "-2", "-12", "0", "12", 1),
        ("mark", None, None, "-2", "28", "28", "0", 1),
        ("fill", "F-3", "C-3", "12", "27", "28", "1", 1),
        ("funding", None, None, "10", "25", "28", "3", 1),
        ("mark", None, None, "10", "-5", "28", "33", 1),
        ("adjust", None, None, "10", "10", "28", "18", 1),
    ]
    assert {(row["account"], row["instrument"], row["currency"]) for row in rows} == {
        (MAIN, "BTC-USD", "USD")
    }
    assert [row["at"] for row in rows] == [at(seconds) for seconds in range(1, 8)]


@pytest.mark.parametrize(("method", "net"), [("average", "15"), ("fifo", "20"), ("lifo", "10")])
def test_methods_differ_in_what_is_realized_and_agree_in_equity(method: str, net: str) -> None:
    bought = [
        fill(1, "buy", "1", "100", 1),
        fill(2, "buy", "1", "110", 2),
        fill(3, "sell", "1", "120", 3),
    ]
    with recorded(defined("BTC-USD"), mark("100", 0), *bought) as ledger:
        row = ledger.equity(method=method)[-1]  # type: ignore[arg-type]
    assert shown([row], "net_pnl", "equity") == [
        (net, "10")
    ]  # paid 210, sold for 120, and a lot is left at 100


def test_an_inverse_instrument_is_valued_in_its_base_currency() -> None:
    trades = [fill(1, "buy", "10", "50000", 1), fill(2, "sell", "5", "40000", 2)]
    with recorded(
        defined("BTC-USD", "BTC", inverse=True, multiplier="100"),
        mark("50000", 0),
        *trades,
        mark("40000", 3),
    ) as ledger:
        rows = ledger.equity()
    # 500/50,000 - 500/40,000 = -0.0025, and the same for the other half at the last mark.
    assert shown(rows, "kind", "net_pnl", "equity") == [
        ("fill", "0", "0"),
        ("fill", "-0.0025", "-0.0025"),
        ("mark", "-0.0025", "-0.005"),
    ]


def test_currencies_are_never_added_and_accounts_of_one_currency_are() -> None:
    trades = [
        fill(1, "buy", "1", "100", 1),
        fill(2, "sell", "1", "103", 2),
        fill(3, "buy", "1", "100", 3, account=SECOND),
        fill(4, "sell", "1", "104", 4, account=SECOND),
        fill(5, "buy", "1", "10", 5, instrument="BTC-EUR"),
        fill(6, "sell", "1", "9", 6, instrument="BTC-EUR"),
    ]
    books = [defined("BTC-USD"), defined("BTC-USD", account=SECOND), defined("BTC-EUR", "EUR")]
    with recorded(
        *books, mark("100", 0), mark("100", 0, account=SECOND), mark("10", 0, "BTC-EUR"), *trades
    ) as ledger:
        rows = ledger.equity()
        second = ledger.equity(account=SECOND)
        euros = ledger.equity(instrument="BTC-EUR")
    assert shown(rows, "fill_id", "currency", "equity") == [
        ("F-1", "USD", "0"), ("F-2", "USD", "3"), ("F-3", "USD", "3"), ("F-4", "USD", "7"),
        ("F-5", "EUR", "0"), ("F-6", "EUR", "-1"),
    ]  # fmt: skip
    assert shown(second, "fill_id", "equity") == [("F-3", "0"), ("F-4", "4")]
    assert shown(euros, "fill_id", "equity", "drawdown") == [("F-5", "0", "0"), ("F-6", "-1", "1")]


def test_equity_is_unknown_without_a_mark_and_net_pnl_without_a_currency() -> None:
    trades = [
        fill(1, "buy", "1", "100", 1),
        fill(2, "sell", "1", "103", 2),
        fill(3, "buy", "1", "100", 3, instrument="DOGE"),
    ]
    with recorded(defined("BTC-USD"), *trades) as ledger:
        rows = ledger.equity()
    assert shown(rows, "fill_id", "currency", *FIGURES) == [
        ("F-1", "USD", "0", None, "0", None),  # open, and nobody has said a price
        ("F-2", "USD", "3", "3", "3", "0"),  # flat: needs no mark
        ("F-3", None, None, None, "0", None),
    ]


def test_a_fee_in_another_currency_follows_its_rate() -> None:
    trades = [
        fill(1, "buy", "1", "100", 1, fee="2", fee_currency="BNB"),
        fill(2, "sell", "1", "110", 2),
    ]
    with recorded(
        defined("BTC-USD"),
        mark("100", 0),
        *trades,
        mark("3", 3, "BNB-USD"),
        mark("4", 4, "BNB-USD"),
    ) as ledger:
        rows = ledger.equity()
    assert shown(rows, "kind", "instrument", "net_pnl", "equity", "drawdown") == [
        ("fill", "BTC-USD", None, None, None),  # no rate
        ("fill", "BTC-USD", None, None, None),
        ("mark", "BNB-USD", "4", "4", "0"),  # 10 - 2 x 3
        ("mark", "BNB-USD", "2", "2", "2"),  # 10 - 2 x 4
    ]


def test_a_bust_and_a_correction_change_the_curve_from_their_time_on() -> None:
    """Until its bust had happened, the fill counted, as `pnl` says of that time."""
    order: dict[str, Any] = {"account": MAIN, "client_order_id": "C-2"}
    trades = [fill(1, "buy", "1", "100", 1), fill(2, "sell", "1", "103", 2)]
    with recorded(defined("BTC-USD"), mark("100", 0), *trades) as ledger:
        before = ledger.log.position()
        ledger.record(
            FillCorrected(
                **order, fill_id="F-3", corrects="F-2", quantity="1", price="105", at=at(3)
            )
        )
        corrected = ledger.equity()
        ledger.record(FillBusted(**order, fill_id="F-3", at=at(4)))
        busted, then = ledger.equity(), ledger.equity(as_of=before)
    columns = ("kind", "fill_id", "equity")
    assert shown(corrected, *columns) == [
        ("fill", "F-1", "0"),
        ("fill", "F-2", "3"),
        ("correction", "F-3", "5"),
    ]
    assert shown(busted, *columns) == [*shown(corrected, *columns), ("bust", "F-3", "0")]
    assert shown(then, *columns) == [("fill", "F-1", "0"), ("fill", "F-2", "3")]
    assert shown(busted, "drawdown")[-1] == ("5",)


def test_a_period_selects_moments_and_leaves_their_values() -> None:
    trades = [
        fill(1, "buy", "2", "100", 1),
        fill(2, "sell", "1", "150", 2),
        fill(3, "sell", "1", "130", 3),
        fill(4, "buy", "1", "1", 4),
    ]
    with recorded(defined("BTC-USD"), mark("100", 0), *trades) as ledger:
        whole, part = ledger.equity(), ledger.equity(since=at(3), until=at(4))
    assert part == whole[2:3]
    assert shown(part, *FIGURES, "moments") == [("80", "80", "80", "0", 1)]
    assert whole[1]["peak"] == Decimal(50)


def test_of_the_marks_between_two_fills_the_extremes_and_the_last_are_kept() -> None:
    prices = ["101", "104", "103", "102", "107", "90", "95", "99", "98"]
    marks = [mark(price, 10 + number) for number, price in enumerate(prices)]
    with recorded(
        defined("BTC-USD"),
        mark("100", 0),
        fill(1, "buy", "1", "100", 1),
        *marks,
        fill(2, "sell", "1", "98", 50),
    ) as ledger:
        rows = ledger.equity(points=None)
    assert shown(rows, "kind", "equity", "peak", "drawdown", "moments") == [
        ("fill", "0", "0", "0", 1),
        ("mark", "7", "7", "0", 5),  # the highest
        ("mark", "-10", "7", "17", 1),  # the lowest, and the deepest
        ("mark", "-2", "7", "9", 3),  # the last
        ("fill", "-2", "7", "9", 1),
    ]


@pytest.mark.parametrize(
    "asked", [{"points": 4}, {"method": "best"}, {"since": at(2), "until": at(1)}]
)
def test_a_wrong_argument_is_named(asked: dict[str, object]) -> None:
    with recorded(defined("BTC-USD")) as ledger, pytest.raises(ValueError, match=next(iter(asked))):
        ledger.equity(**asked)  # type: ignore[arg-type]
