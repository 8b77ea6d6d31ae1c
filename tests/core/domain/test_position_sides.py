"""Long and short of one instrument as two positions: worked out by hand, after the books of
Binance, Bybit and OKX."""

import json
from decimal import Decimal
from fractions import Fraction
from itertools import islice, permutations
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.messages.parsing import parse_document
from orderledger.projections.view import Row
from tests.core.domain.positions import METHODS, START, of_account, record
from tests.core.domain.positions import trade as trade_of
from tests.scenarios import ACCOUNT, Document, at, request


def trade(second: float, side: str, quantity: str, price: str, **fields: Any) -> Document:
    """A fill of an order of its own: fills of one order are of one position."""
    return trade_of(second, side, quantity, price, **{"client_order_id": f"C-{second}", **fields})


HEDGE = of_account("instrument", currency="USD", position_mode="hedge", at=at(-1_000))
NET = of_account("instrument", currency="USD", position_mode="net", at=at(-1_000))
DEFINED = of_account("instrument", currency="USD", at=at(-1_000))

LONG = trade(1, "buy", "1", "2000", position_side="long")
SHORT = trade(2, "sell", "1", "2100", position_side="short")
UNSIDED = (trade(1, "buy", "1", "2000"), trade(2, "sell", "1", "2100"))
CORRECTS = {
    "type": "fill_corrected",
    "client_order_id": "C-1",
    "fill_id": "F-1b",
    "corrects": "F-1",
}
FIGURES = ("position_quantity", "average_open_price", "realized_pnl", "net_pnl")
UNKNOWN = (None, None, None, None, "position_side_unknown")


def figures(ledger: Ledger, **asked: Any) -> dict[str, tuple[Any, ...]]:
    """The figures of each position of the instrument, by its side and id."""
    rows = ledger.pnl(instrument="BTC-USD", **asked)
    return {
        " ".join(filter(None, (row["position_side"], row["position_id"]))): _shown(row)
        for row in rows
    }


def _shown(row: Row) -> tuple[Any, ...]:
    numbers = (
        None if row[name] is None else format(row[name].normalize(), "f") for name in FIGURES
    )
    return *numbers, row["reason"]


def codes(ledger: Ledger) -> list[str]:
    return [
        row["code"] for row in ledger.anomalies(open_only=True) if row["code"] != "unknown_order"
    ]


def test_a_long_and_a_short_are_never_netted_into_a_profit(ledger: Ledger) -> None:
    record(ledger, HEDGE, LONG, SHORT)
    assert figures(ledger) == {
        "long": ("1", "2000", "0", "0", None),
        "short": ("-1", "2100", "0", "0", None),
    }
    assert codes(ledger) == []


@pytest.mark.parametrize("method", METHODS)
def test_sides_open_and_close_on_their_own(ledger: Ledger, method: Any) -> None:
    """Binance, what is hedge mode: buy long opens, sell long closes, sell short opens, buy short
    closes."""
    record(
        ledger, HEDGE,
        trade(1, "buy", "1", "22000", position_side="long"), trade(2, "sell", "0.5", "22000",
        position_side="short"),
        trade(3, "sell", "0.4", "23000", position_side="long"), trade(4, "buy", "0.5", "21000",
        position_side="short"),
        of_account("mark", price="24000", at=at(5)),
    )  # fmt: skip
    assert figures(ledger, method=method) == {
        "long": ("0.6", "22000", "400", "400", None),
        "short": ("0", "0", "500", "500", None),
    }
    long, short = ledger.pnl(method=method)
    assert (long["unrealized_pnl"], short["unrealized_pnl"]) == (1200, 0)


def test_a_position_id_tells_two_positions_of_one_side_apart(ledger: Ledger) -> None:
    """OKX keeps an isolated and a cross position of one instrument."""
    record(
        ledger, HEDGE, {**LONG, "position_id": "cross"},
        trade(2, "buy", "2", "2100", position_side="long", position_id="isolated"),
    )  # fmt: skip
    assert figures(ledger) == {
        "long cross": ("1", "2000", "0", "0", None),
        "long isolated": ("2", "2100", "0", "0", None),
    }


def test_a_side_that_is_closed_too_far_goes_through_zero_as_a_net_position_does(
    ledger: Ledger,
) -> None:
    record(ledger, HEDGE, LONG, trade(3, "sell", "3", "2050", position_side="long"))
    assert figures(ledger) == {"long": ("-2", "2050", "50", "50", None)}


# What nobody has said


def test_fills_without_a_side_in_hedge_mode_have_no_position_and_no_profit(ledger: Ledger) -> None:
    record(
        ledger,
        HEDGE,
        *({**told, "fee": "12", "fee_currency": "USD"} for told in UNSIDED),
        SHORT | {"fill_id": "F-3", "client_order_id": "C-3"},
    )
    assert figures(ledger) == {"net": UNKNOWN, "short": UNKNOWN}
    (net, _) = ledger.pnl()
    assert (net["fees"], net["fills"]) == ({"USD": 24}, 2)
    assert codes(ledger) == ["position_side_unknown"] * 2
    assert [row["reason"] for row in ledger.pnl(by=["instrument", "day"])] == [
        "position_side_unknown"
    ] * 2
    assert [row["equity"] for row in ledger.equity()] == [None] * 3
    assert {row["realized_pnl_fifo"] for row in ledger.pnl_of_fills()} == {None}
    assert [row["position_quantity_most"] for row in ledger.exposure()] == [None, None]


def test_a_later_report_of_the_same_fill_names_its_side(ledger: Ledger) -> None:
    record(ledger, HEDGE, *UNSIDED)
    record(ledger, {**UNSIDED[0], "position_side": "long"})
    assert figures(ledger)["long"] == UNKNOWN
    record(ledger, {**UNSIDED[1], "position_side": "short"})
    assert figures(ledger) == {
        "long": ("1", "2000", "0", "0", None),
        "short": ("-1", "2100", "0", "0", None),
    }
    assert codes(ledger) == []
    outcome = ledger.record(parse_document({**UNSIDED[1], "position_side": "short"}))
    assert outcome.outcome == "duplicate"
    assert [row["position_side"] for row in ledger.trades()] == ["long", "short"]


def test_a_fill_takes_the_side_of_its_order_also_when_that_is_known_later(ledger: Ledger) -> None:
    """Bybit's executions have no position side, its orders do."""
    fills = [
        trade(2, "buy", "2", "140", client_order_id="L-1"),
        trade(3, "sell", "1", "141", client_order_id="S-1"),
    ]
    record(ledger, HEDGE, *fills)
    assert figures(ledger) == {"net": UNKNOWN}
    record(ledger, request(client_order_id="L-1", quantity="2", position_side="long", at=at(1)))
    record(
        ledger,
        {
            "type": "acknowledged",
            "account": ACCOUNT,
            "client_order_id": "S-1",
            "position_side": "short",
            "at": at(1),
        },
    )
    assert figures(ledger) == {
        "long": ("2", "140", "0", "0", None),
        "short": ("-1", "141", "0", "0", None),
    }
    assert {row["client_order_id"]: row["position_side"] for row in ledger.orders()} == {
        "L-1": "long",
        "S-1": "short",
    }


def test_of_two_sides_of_one_fill_the_first_stands(ledger: Ledger) -> None:
    record(ledger, HEDGE, LONG, {**LONG, "position_side": "short", "at": at(9)})
    assert list(figures(ledger)) == ["long"]
    assert codes(ledger) == ["position_side_conflict"]


def test_a_fill_of_another_position_than_its_order_counts_as_told(ledger: Ledger) -> None:
    record(
        ledger,
        HEDGE,
        request(client_order_id="C-1", quantity="1", position_side="short", at=at(0)),
        LONG,
    )
    assert list(figures(ledger)) == ["long"]
    assert codes(ledger) == ["position_side_conflict"]


def test_a_correction_keeps_the_position_of_the_fill_that_it_corrects(ledger: Ledger) -> None:
    corrected = {**trade(9, "buy", "1", "1990"), **CORRECTS}
    record(ledger, HEDGE, {**LONG, "position_id": "7"}, SHORT, corrected)
    assert figures(ledger) == {
        "long 7": ("1", "1990", "0", "0", None),
        "short": ("-1", "2100", "0", "0", None),
    }


# Modes


def test_without_a_known_mode_a_named_side_tells_that_there_are_two_positions(
    ledger: Ledger,
) -> None:
    record(ledger, DEFINED, LONG, SHORT)
    assert list(figures(ledger)) == ["long", "short"]


def test_an_account_that_was_flat_when_it_switched_keeps_its_net_row(ledger: Ledger) -> None:
    record(ledger, DEFINED, *UNSIDED, trade(3, "buy", "1", "2200", position_side="long"))
    assert figures(ledger) == {
        "long": ("1", "2200", "0", "0", None),
        "net": ("0", "0", "100", "100", None),
    }


@pytest.mark.parametrize("second", [0.5, 2.5], ids=["before", "after"])
def test_a_fill_without_a_side_that_a_switch_does_not_explain_leaves_every_row_unknown(
    ledger: Ledger, second: float
) -> None:
    record(ledger, DEFINED, LONG, SHORT)
    unsided = trade(second, "buy", "1", "2000")
    record(ledger, unsided)
    assert figures(ledger) == {"long": UNKNOWN, "net": UNKNOWN, "short": UNKNOWN}
    record(ledger, {**unsided, "position_side": "long"})
    assert figures(ledger) == {
        "long": ("2", "2000", "0", "0", None),
        "short": ("-1", "2100", "0", "0", None),
    }


def test_net_named_says_nothing_about_the_mode(ledger: Ledger) -> None:
    record(ledger, DEFINED, *({**told, "position_side": "net"} for told in UNSIDED))
    assert figures(ledger) == {"net": ("0", "0", "100", "100", None)}


def test_a_side_named_in_a_net_account_counts_in_its_one_position(ledger: Ledger) -> None:
    record(ledger, NET, UNSIDED[0], SHORT)
    assert figures(ledger) == {"net": ("0", "0", "100", "100", None)}
    assert codes(ledger) == ["position_side_conflict"]
    assert ledger.pnl()[0]["anomalies"] == ["position_side_conflict"]


def test_a_fill_takes_the_mode_in_force_at_its_time(ledger: Ledger) -> None:
    switched = of_account("instrument", position_mode="hedge", at=at(2.5))
    record(ledger, *UNSIDED, trade(3, "buy", "1", "2200", position_side="long"), NET, switched)
    assert figures(ledger) == {
        "long": ("1", "2200", "0", "0", None),
        "net": ("0", "0", "100", "100", None),
    }
    record(ledger, trade(2.7, "buy", "1", "2200"))
    assert set(figures(ledger).values()) == {UNKNOWN}


@pytest.mark.parametrize("step", [23, pytest.param(1, marks=pytest.mark.long)])
def test_the_order_of_recording_changes_nothing(step: int) -> None:
    told = (
        DEFINED, *UNSIDED, trade(3, "buy", "1", "2200", position_side="long"), {**UNSIDED[0],
        "position_side": "long"},
        {**UNSIDED[1], "position_side": "long"},
    )  # fmt: skip
    found = []
    for shuffled in islice(permutations(told), 0, None, step):
        with Ledger.open("memory://", clock=SteppingClock(START), update_views=False) as ledger:
            for one in shuffled:
                ledger.record(parse_document(one))
                ledger.views.catch_up()
            found.append(figures(ledger))
    assert all(one == {"long": ("1", "2200", "100", "100", None)} for one in found)


# Adjustments and funding


def test_an_adjustment_sets_one_side(ledger: Ledger) -> None:
    opened = [
        of_account("adjust", quantity="3", price="90", position_side="long", at=at(0)),
        of_account("adjust", quantity="-2", price="95", position_side="short", at=at(0.1)),
    ]
    record(ledger, HEDGE, *opened, LONG)
    assert figures(ledger) == {
        "long": ("4", "567.5", "0", "0", None),
        "short": ("-2", "95", "0", "0", None),
    }


def test_an_adjustment_of_nobody_knows_which_side_leaves_every_row_unknown(ledger: Ledger) -> None:
    record(ledger, HEDGE, LONG, of_account("adjust", quantity="3", price="90", at=at(2)))
    assert figures(ledger) == {"long": UNKNOWN, "net": UNKNOWN}
    assert codes(ledger) == ["position_side_unknown"]


def test_funding_without_a_side_stands_in_the_net_row(ledger: Ledger) -> None:
    paid = {"amount": "-2.5", "currency": "USD"}
    record(
        ledger,
        HEDGE,
        LONG,
        of_account("funding", **paid, at=at(2)),
        of_account("funding", **paid, position_side="long", at=at(3)),
    )
    assert figures(ledger) == {
        "long": ("1", "2000", "0", "-2.5", None),
        "net": ("0", "0", "0", "-2.5", None),
    }


def test_two_balances_of_one_instrument_are_two_sides(ledger: Ledger) -> None:
    said = [
        of_account("balance", quantity=quantity, position_side=side, at=at(3))
        for side, quantity in (("long", "1"), ("short", "-1"))
    ]
    record(ledger, HEDGE, LONG, SHORT, *said)
    assert {row["position_side"]: row["reported_quantity"] for row in ledger.positions()} == {
        "long": 1,
        "short": -1,
    }


def test_open_orders_count_in_the_position_that_they_open_or_close(ledger: Ledger) -> None:
    orders = [request(client_order_id="C-1", quantity="1", position_side="long", at=at(0.1)), LONG]
    record(
        ledger,
        HEDGE,
        *orders,
        request(client_order_id="C-9", side="sell", quantity="3", position_side="short", at=at(5)),
    )
    rows = {row["position_side"]: row for row in ledger.exposure()}
    assert {side: (row["position_quantity_least"], row["position_quantity_most"]) for side,
    row in rows.items()} == {
        "long": (1, 1), "short": (-3, 0),
    }  # fmt: skip


# Prices that cannot be


def test_an_inverse_instrument_has_no_result_at_a_price_of_nothing_until_it_is_corrected(
    ledger: Ledger,
) -> None:
    inverse = of_account("instrument", currency="BTC", inverse=True, at=at(-1))
    record(ledger, trade(1, "buy", "100", "0"), trade(2, "sell", "100", "50"))
    assert [row["reason"] for row in ledger.pnl()] == ["currency_unknown"]
    record(ledger, inverse)
    assert figures(ledger) == {"net": ("0", None, None, None, "impossible_price")}
    assert codes(ledger) == ["impossible_price"]
    record(ledger, {**trade(9, "buy", "100", "40"), **CORRECTS})
    assert figures(ledger) == {"net": ("0", "0", "0.5", "0.5", None)}
    assert codes(ledger) == []


# Worked cases


@pytest.mark.shared
def test_the_worked_cases_of_hedge_mode(ledger: Ledger, shared: Path) -> None:
    """The figures of positions and orders, and the anomalies. What the cases say about cash is not
    asked here."""
    cases = [
        one
        for one in json.loads((shared / "data/account_cases.json").read_text())["cases"]
        if one["kind"] == "hedge_mode"
    ]
    assert len(cases) == 10
    for case in cases:
        account = f"{case['account']}:{case['id']}"
        record(
            ledger,
            *(
                _without_cash({**told, "account": account})
                for told in case["input"]
                if "amount" not in told or "instrument" in told
            ),
        )
        rows = {
            row["position_side"]: row
            for row in ledger.positions(account=account, method=case["method"])
        }
        for expected in case["expected"]["positions"]:
            assert _agrees(rows[expected["position_side"]], expected), (case["id"], rows)
        orders = {row["client_order_id"]: row for row in ledger.orders(account=account)}
        for expected in case["expected"].get("orders", []):
            assert _agrees(orders[expected["client_order_id"]], expected), (case["id"], orders)
        found = {row["code"] for row in ledger.anomalies(account=account, open_only=True)} - {
            "unknown_order"
        }
        assert found == set(case["expected"]["anomalies"]), case["id"]


def _without_cash(told: Document) -> Document:
    """A message without the terms that only cash needs, and with its one fee in the older form."""
    currency = {"currency": told["settlement"]} if "settlement" in told else {}
    fees = [{"fee": fee["amount"], "fee_currency": fee["currency"]} for fee in told.get("fees", ())]
    return (
        {name: value for name, value in told.items() if name not in ("kind", "settlement", "fees")}
        | currency
        | dict(*fees)
    )


def _agrees(row: Row, expected: Row) -> bool:
    return all(_same(row[name], expected[name]) for name in expected if name != "lots")


def _same(found: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return {name: Fraction(amount) for name, amount in found.items() if amount} == {
            name: Fraction(amount) for name, amount in expected.items()
        }
    if expected is None and isinstance(
        found, Decimal
    ):  # of a flat position null and 0 are the same
        return not found
    try:
        return Fraction(str(found)) == Fraction(expected)
    except (TypeError, ValueError):
        return bool(found == expected)
