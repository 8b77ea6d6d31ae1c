"""Each analysis, with numbers worked out by hand."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.analytics.questions import questions
from tests.analytics.test_marks import mark
from tests.core.contract.streams import START, fill, of_account, parsed, report, request

A = "sim:main"


@pytest.fixture
def ledger(tmp_path: Any) -> Any:
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        ledger.record_many(
            parsed(of_account("instrument", 0, instrument="BTC-USD", currency="USD"))
        )
        yield ledger


def record(ledger: Ledger, *documents: dict[str, Any]) -> None:
    outcomes = ledger.record_many(parsed(*documents))
    assert {outcome.outcome for outcome in outcomes} == {"recorded"}


def trade(
    number: int, second: float, side: str, quantity: str, price: str, fee: str = "0", **fields: Any
) -> list[dict[str, Any]]:
    """An order that is sent a second before it is filled."""
    order, terms = f"C-{number}", {"side": side, "quantity": quantity, **fields}
    numbers = {
        "side": side,
        "quantity": quantity,
        "price": price,
        "fee": fee,
        "fee_currency": "USD",
    }
    return [
        request(order, second - 2, **terms),
        report("submit", order, second - 1),
        report("acknowledged", order, second - 0.5),
        fill(order, f"F-{number}", second, **numbers),
    ]


def rows(ledger: Ledger, name: str, **asked: Any) -> list[dict[str, Any]]:
    return ledger.tables.analyse(name, **asked).to_rows()


def only(found: list[dict[str, Any]]) -> dict[str, Any]:
    (row,) = found
    return row


def told(row: dict[str, Any], *names: str) -> list[Any]:
    """Values, with decimals and floating-point numbers as numbers that compare."""
    return [
        round(float(value), 8) if isinstance(value, (float, Decimal)) else value
        for value in map(row.__getitem__, names)
    ]


DAY = 86_400


def test_pnl_by_day_week_month_and_hour(ledger: Ledger) -> None:
    """Monday 2 March 2026: bought 2 at 100, fee 1. Sunday 8: sold 1 at 110, fee 0.5, funding 3. 1
    April: sold 1 at 90."""
    record(
        ledger,
        *trade(1, 10, "buy", "2", "100", "1"),
        *trade(2, 6 * DAY, "sell", "1", "110", "0.5", strategy="s"),
        of_account("funding", 6 * DAY, instrument="BTC-USD", amount="3", currency="USD"),
        *trade(3, 30 * DAY, "sell", "1", "90"),
    )
    names = ("realized_pnl", "fees", "funding", "net_pnl", "fills")
    by_day = {row["day"]: told(row, *names) for row in rows(ledger, "pnl")}
    assert by_day == {
        "2026-03-02": [0, 1, 0, -1, 1],
        "2026-03-08": [10, 0.5, 3, 12.5, 1],
        "2026-04-01": [-10, 0, 0, -10, 1],
    }
    assert {row["week"]: row["net_pnl"] for row in rows(ledger, "pnl", by="week")} == {
        "2026-W10": Decimal("11.5"), "2026-W14": -10,
    }  # fmt: skip
    assert {row["month"]: row["net_pnl"] for row in rows(ledger, "pnl", by=["month"])} == {
        "2026-03": Decimal("11.5"), "2026-04": -10,
    }  # fmt: skip
    assert rows(ledger, "pnl", by="hour", timezone="Asia/Kolkata")[0]["hour"] == "2026-03-02 15:00"
    assert [row["currency"] for row in rows(ledger, "pnl")] == ["USD"] * 3


def test_pnl_keeps_currencies_apart_and_takes_the_method(ledger: Ledger) -> None:
    """Bought 1 at 100 and 1 at 110, sold 1 at 120: 15 on average, 20 fifo, 10 lifo. A fee of 0.1
    BNB is no part of the USD."""
    paid = trade(3, 30, "sell", "1", "120")
    paid[-1] |= {"fee": "0.1", "fee_currency": "BNB"}
    record(ledger, *trade(1, 10, "buy", "1", "100"), *trade(2, 20, "buy", "1", "110"), *paid)
    assert {row["currency"]: row["net_pnl"] for row in rows(ledger, "pnl", by="account")} == {
        "USD": 15,
        "BNB": Decimal("-0.1"),
    }
    for method, realized in (("fifo", 20), ("lifo", 10)):
        assert {
            row["currency"]: row["net_pnl"]
            for row in rows(ledger, "pnl", by="account", method=method)
        }["USD"] == realized


def test_equity_and_drawdown(ledger: Ledger) -> None:
    """Bought 2 at 100, fee 1: equity -1. Mark 110: 19. Mark 95: -11, 30 below the peak. Sold 2 at
    105: 9. Funding 5: 14."""
    record(ledger, *trade(1, 10, "buy", "2", "100", "1"), mark(20, "110"), mark(30, "95"))
    record(ledger, *trade(2, 3_600, "sell", "2", "105"))
    record(ledger, of_account("funding", 3_700, instrument="BTC-USD", amount="5", currency="USD"))
    first, second = rows(ledger, "equity", by="account,hour")
    assert told(first, "hour", "equity", "peak", "drawdown", "drawdown_most") == [
        "2026-03-02 09:00",
        -11,
        19,
        30,
        30,
    ]
    assert told(second, "hour", "equity", "peak", "drawdown", "drawdown_most") == [
        "2026-03-02 10:00",
        14,
        19,
        5,
        10,
    ]
    assert told(only(rows(ledger, "equity")), "day", "equity", "drawdown_most") == [
        "2026-03-02",
        14,
        30,
    ]
    assert told(
        only(rows(ledger, "equity", effective_at=START + timedelta(seconds=25))),
        "equity",
        "drawdown",
    ) == [19, 0]


def test_equity_of_inverse_instruments_and_after_an_adjustment(ledger: Ledger) -> None:
    """Sold 10 contracts of 100 at 50,000; at 40,000 they have gained 1000/40,000 - 1000/50,000 =
    0.005. The adjustment to 1 at 100 of the other instrument drops what was unrealized there (2 x
    10); at 103 it has made 3, 17 below the peak."""
    record(
        ledger,
        of_account(
            "instrument", 0, instrument="XBT", multiplier="100", inverse=True, currency="XBT"
        ),
    )
    record(ledger, *trade(1, 10, "sell", "10", "50000", instrument="XBT")[:-1])
    record(
        ledger,
        fill("C-1", "F-1", 10, instrument="XBT", side="sell", quantity="10", price="50000"),
        mark(11, "40000", "XBT"),
    )
    assert told(only(rows(ledger, "equity", by="account,instrument")), "currency", "equity") == [
        "XBT",
        0.005,
    ]
    record(ledger, *trade(2, 20, "buy", "2", "100"), mark(21, "110"))
    record(
        ledger,
        of_account("adjust", 22, instrument="BTC-USD", quantity="1", price="100", reason="x"),
        mark(23, "103"),
    )
    by_currency = {row["currency"]: row for row in rows(ledger, "equity")}
    assert told(by_currency["USD"], "equity", "drawdown_most") == [3, 17]


def test_round_trips(ledger: Ledger) -> None:
    """Long 1 from 100 to 110: +10 less 2 fees. Then short 1 from 110 to 115 (the sale of 2 crosses
    zero): -5 less 1. Then long 1 from 100 to 101: +1. Then long 1, still open."""
    record(
        ledger,
        *trade(1, 10, "buy", "1", "100", "1"),
        *trade(2, 20, "sell", "2", "110", "2"),
        *trade(3, 50, "buy", "1", "115"),
        *trade(4, 60, "buy", "1", "100"),
        *trade(5, 70, "sell", "1", "101"),
        *trade(6, 80, "buy", "1", "100"),
    )
    trips = rows(ledger, "trips")
    names = (
        "direction",
        "largest_quantity",
        "fills",
        "realized_pnl",
        "fees",
        "net_pnl",
        "holding_seconds",
    )
    assert [told(row, *names) for row in trips] == [
        ["long", 1, 2, 10, 2, 8, 10],
        ["short", 1, 2, -5, 1, -6, 30],
        ["long", 1, 2, 1, 0, 1, 10],
    ]
    row = only(rows(ledger, "round-trips"))
    assert told(row, "trips", "wins", "losses", "gross_profit", "gross_loss", "expectancy") == [
        3,
        2,
        1,
        9,
        6,
        1,
    ]
    assert told(row, "win_rate", "profit_factor") == [0.66666667, 1.5]
    assert told(row, "holding_seconds_p50", "holding_seconds_max") == [10, 30]
    assert told(row, "longest_winning_streak", "longest_losing_streak") == [1, 1]


def test_round_trips_by_strategy_have_positions_of_their_own(ledger: Ledger) -> None:
    """Together flat after each pair; by strategy nothing is closed until the last fill."""
    record(
        ledger,
        *trade(1, 10, "buy", "1", "100", strategy="a"),
        *trade(2, 20, "sell", "1", "110", strategy="b"),
    )
    assert len(rows(ledger, "trips")) == 1
    assert rows(ledger, "trips", by="account,strategy,instrument") == []
    record(ledger, *trade(3, 30, "sell", "1", "120", strategy="a"))
    assert told(
        only(rows(ledger, "round-trips", by="strategy")), "strategy", "trips", "gross_profit"
    ) == ["a", 1, 20]


def test_turnover(ledger: Ledger) -> None:
    """1 at 100 and 2 at 50.5, times a multiplier of 10: 1000 bought, 1010 sold."""
    record(ledger, of_account("instrument", 1, instrument="BTC-USD", multiplier="10"))
    taken, made = trade(1, 10, "buy", "1", "100"), trade(2, 20, "sell", "2", "50.5")
    taken[-1]["liquidity"], made[-1]["liquidity"] = "taker", "maker"
    record(ledger, *taken, *made)
    row = only(rows(ledger, "turnover"))
    assert told(row, "fills", "bought", "sold", "turnover") == [2, 1000, 1010, 2010]
    assert told(row, "maker_share") == [round(1010 / 2010, 8)]


def test_fees_and_rebates(ledger: Ledger) -> None:
    """Paid 0.5 and received 0.2 on 100 and 200: 0.3 of 300 are 10 basis points."""
    record(
        ledger, *trade(1, 10, "buy", "1", "100", "0.5"), *trade(2, 20, "sell", "2", "100", "-0.2")
    )
    row = only(rows(ledger, "fees"))
    assert told(row, "fills", "fees", "rebates", "net_fees", "notional", "fee_bps") == [
        2,
        0.5,
        0.2,
        0.3,
        300,
        10,
    ]
    assert row["fee_currency"] == "USD"


def test_fill_cancel_reject_and_amend_ratios(ledger: Ledger) -> None:
    """Of four orders over 10 each: one filled, one filled by half and canceled, one rejected, one
    amended and open."""
    record(
        ledger,
        *trade(1, 10, "buy", "10", "100"),
        request("P-1", 20),
        fill("P-1", "F-P", 21, quantity="5"),
        report("canceled", "P-1", 22),
        request("R-1", 30),
        report("rejected", "R-1", 31),
        request("M-1", 40),
        report("acknowledged", "M-1", 41),
        report("replaced", "M-1", 42, quantity="10", limit_price="99"),
    )
    row = only(rows(ledger, "fill-ratio"))
    assert told(
        row, "orders", "filled", "partly_filled", "canceled", "rejected", "denied", "amended"
    ) == [4, 1, 1, 1, 1, 0, 1]
    ratios = ("fill_ratio", "quantity_ratio", "cancel_ratio", "reject_ratio", "amend_ratio")
    assert told(row, *ratios) == [0.5, 0.375, 0.25, 0.25, 0.25]


def test_order_life(ledger: Ledger) -> None:
    """Requested, and filled 2 s later; requested, filled in part after 1 s and canceled after 9 s;
    requested and open."""
    record(
        ledger,
        *trade(1, 10, "buy", "10", "100"),
        request("P-1", 20),
        fill("P-1", "F-P", 21),
        report("canceled", "P-1", 29),
    )
    record(ledger, request("O-1", 40))
    row = only(rows(ledger, "order-life"))
    assert told(
        row, "orders", "ended", "life_seconds_p50", "life_seconds_p90", "life_seconds_max"
    ) == [3, 2, 2, 9, 9]
    assert told(row, "filled", "first_fill_seconds_p50", "first_fill_seconds_p90") == [2, 1, 2]


def test_latency_by_our_clock(ledger: Ledger) -> None:
    """It is the latency that `Ledger.latency` tells, from the events."""
    record(ledger, *trade(1, 10, "buy", "1", "100"))
    steps = {row["step"]: row["ms_max"] for row in rows(ledger, "latency")}
    (latency,) = ledger.metrics.latency()
    ours = {
        step["step"]: step["latency_us_max"] / 1000
        for step in latency["steps"]
        if step["clock"] == "ours"
    }
    assert steps == {
        name: ours[name]
        for name in ("request_to_submit", "submit_to_acknowledge", "acknowledge_to_first_fill")
    }


def test_slippage_against_the_mark_on_arrival(ledger: Ledger) -> None:
    """Sent at 9 with the mark at 100 (that of 9.5 is too late): 2 bought at 101 cost 2, 1 sold at
    98 costs 2. 4 of 300 are 133.3 basis points."""
    record(ledger, mark(1, "100"), mark(9.5, "200"), *trade(1, 10, "buy", "2", "101"))
    record(ledger, mark(15, "100"), *trade(2, 20, "sell", "1", "98"))
    row = only(rows(ledger, "slippage"))
    assert told(row, "orders", "without_mark", "arrival_value", "slippage") == [2, 0, 300, 4]
    assert row["slippage_bps"] == pytest.approx(133.333333)
    sides = {row["side"]: row["slippage"] for row in rows(ledger, "slippage", by="side")}
    assert sides == {"buy": 2, "sell": 2}
    assert (
        only(
            rows(ledger, "slippage", effective_at=START + timedelta(seconds=0)) or [{"orders": 0}]
        )["orders"]
        == 0
    )


def test_markouts_after_1_10_and_60_seconds(ledger: Ledger) -> None:
    """Bought 2 at 100 at second 10. The mark of 9 is older; 101 at 10.5 and 99 at 15 make +2 after
    1 s and -2 after 10 and 60."""
    record(
        ledger, mark(9, "500"), *trade(1, 10, "buy", "2", "100"), mark(10.5, "101"), mark(15, "99")
    )
    record(ledger, *trade(2, 100, "sell", "1", "50"))
    found = {
        row["seconds"]: told(row, "fills", "without_mark", "markout", "markout_bps")
        for row in rows(ledger, "markouts")
    }
    assert found == {1: [1, 1, 2, 100], 10: [1, 1, -2, -100], 60: [1, 1, -2, -100]}


def test_exposure_over_time(ledger: Ledger) -> None:
    """Bought 3, sold 5: -2 at the end of the first day, worth 2 x 10 x 100."""
    record(
        ledger, of_account("instrument", 1, instrument="BTC-USD", multiplier="10"), mark(1, "100")
    )
    record(
        ledger,
        *trade(1, 10, "buy", "3", "100"),
        *trade(2, 20, "sell", "5", "100"),
        *trade(3, DAY, "buy", "2", "100"),
    )
    names = (
        "fills",
        "position_quantity",
        "position_quantity_least",
        "position_quantity_most",
        "notional",
    )
    assert [told(row, *names) for row in rows(ledger, "exposure")] == [
        [2, -2, -2, 3, 2000],
        [1, 0, 0, 0, 0],
    ]


def test_who_canceled(ledger: Ledger) -> None:
    """One cancel that an operator asked for, before the strategy did; one by the venue."""
    record(
        ledger,
        request("A-1", 1),
        report("acknowledged", "A-1", 2),
        report("request_cancel", "A-1", 3, source="operator", actor="anna", request_id="X-1"),
        report("request_cancel", "A-1", 3.5, request_id="X-2"),
        report("canceled", "A-1", 4),
        request("B-1", 5),
        fill("B-1", "F-B", 6, quantity="5"),
        report("canceled", "B-1", 7, reason="self_trade"),
    )
    found = {
        (row["canceled_by"], row["actor"], row["reason"]): told(row, "orders", "filled_part")
        for row in rows(ledger, "cancels")
    }
    assert found == {("operator", "anna", None): [1, 0], ("venue", None, "self_trade"): [1, 0.5]}


def test_anomalies_and_unresolved_orders_per_venue(ledger: Ledger) -> None:
    record(
        ledger,
        request("A-1", 1),
        report("submit", "A-1", 2),
        report("unresolved", "A-1", 3, reason="timeout"),
    )
    record(ledger, request("B-1", 1, "other:x"), fill("B-1", "F-B", 2, "other:x", quantity="11"))
    found = {
        (row["venue"], row["code"]): told(row, "found", "still_open", "orders")
        for row in rows(ledger, "anomalies")
    }
    assert found == {("sim", "unresolved"): [1, 1, 1], ("other", "overfill"): [1, 1, 1]}


def test_orders_placed_moved_and_gone_per_hour(ledger: Ledger) -> None:
    record(
        ledger,
        request("A-1", 1, quantity="4"),
        report("acknowledged", "A-1", 2),
        report("replaced", "A-1", 3, limit_price="98"),
    )
    record(ledger, report("canceled", "A-1", 3_600), *trade(1, 10, "buy", "6", "100"))
    first, second = rows(ledger, "order-flow")
    names = ("hour", "placed", "moved", "gone", "gone_filled", "placed_quantity")
    assert told(first, *names) == ["2026-03-02 09:00", 2, 1, 1, 1, 10]
    assert told(second, *names) == ["2026-03-02 10:00", 0, 0, 1, 0, 0]


def test_resting_time_and_size_against_the_usual(ledger: Ledger) -> None:
    for number, (quantity, seconds) in enumerate((("1", 10), ("1", 20), ("4", 30))):
        order = f"A-{number}"
        record(
            ledger,
            request(order, 1, quantity=quantity),
            report("acknowledged", order, 2),
            report("canceled", order, 2 + seconds),
        )
    row = only(rows(ledger, "resting"))
    assert told(row, "orders", "resting_seconds_p50", "resting_seconds_p90") == [3, 20, 30]
    assert told(row, "usual_quantity", "largest_quantity", "largest_to_usual") == [1, 4, 4]


@pytest.mark.slow
def test_every_analysis_answers_every_group_and_shows_its_columns(ledger: Ledger) -> None:
    record(
        ledger,
        mark(1, "100"),
        mark(11, "101"),
        *trade(1, 10, "buy", "1", "100"),
        *trade(2, 20, "sell", "1", "110"),
    )
    for name, question in questions().items():
        for by in (question.default, question.by):
            assert ledger.tables.analyse(name, by=by).column_names == [*by, *question.columns]
        assert question.sql(question.default) == question.text
        assert question.sentence.endswith(".")


def test_wrong_names_groups_and_methods_are_named(ledger: Ledger) -> None:
    for asked, fault in (
        ({"name": "moon"}, "'moon' is not an analysis: anomalies, cancels"),
        ({"name": "pnl", "by": "moon"}, "'moon' is not a group of pnl: account, strategy"),
        ({"name": "pnl", "by": "account; drop table x"}, "is not a group of pnl"),
        ({"name": "pnl", "by": ""}, "pnl needs a group"),
        (
            {"name": "exposure", "by": "account"},
            "exposure needs the group instrument: by account, instrument",
        ),
        ({"name": "pnl", "method": "hifo"}, "method: 'hifo' is not one of average, fifo, lifo"),
        ({"name": "pnl", "timezone": "Mars"}, "'Mars' is not a time zone"),
    ):
        with pytest.raises(ValueError, match=fault):
            ledger.tables.analyse(**asked)  # type: ignore[arg-type]


def test_an_account_can_be_chosen(ledger: Ledger) -> None:
    record(
        ledger,
        *trade(1, 10, "buy", "1", "100"),
        request("B-1", 1, "other:x"),
        fill("B-1", "F-B", 2, "other:x"),
    )
    assert [row["account"] for row in rows(ledger, "turnover", account="other:x")] == ["other:x"]


def test_an_unknown_method_is_refused_by_its_name(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="'middle' is not"):
        rows(ledger, "pnl", by=("day",), method="middle")
