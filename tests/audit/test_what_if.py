"""The same log under other assumptions: the difference to what is, and nothing written."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger import AmbiguousOrder, InvalidSetting, Ledger, UnknownOrder, parse_document
from tests.audit.odd_orders import ODD_ORDERS, SetClock, fill, record, request, said
from tests.command_line import run

LOTS = [
    said(0, "instrument", order=None, instrument="BTC-USD", currency="USD"),
    said(0, "mark", order=None, instrument="BTC-USD", price="130"),
    request(1),
    fill(2, "F-1", "1", "100", liquidity="maker"),
    fill(3, "F-2", "1", "110", liquidity="taker"),
    request(4, order="C-2", side="sell", quantity="1"),
    fill(5, "F-3", "1", "120", order="C-2"),
    request(6, order="C-3", quantity="2", limit_price="125"),
    said(7, "submit", order="C-3"),
    said(8, "unresolved", order="C-3", reason="timeout"),
]


def opened(url: str | Path, messages: list[Any]) -> Ledger:
    clock = SetClock()
    ledger = Ledger.open(url, clock=clock, update_views=False, synchronous="OFF")
    record(lambda message: ledger.record(parse_document(message)), clock, messages)
    return ledger


def of(rows: list[Any], view: str) -> Any:
    (row,) = [row for row in rows if row["view"] == view]
    return row


def test_without_an_assumption_nothing_differs(store_url: str) -> None:
    with opened(store_url, LOTS) as ledger:
        assert ledger.audit.what_if() == []


def test_another_method_realizes_another_amount(store_url: str) -> None:
    with opened(store_url, LOTS) as ledger:
        rows = ledger.audit.what_if(method="fifo", than="lifo")
        (expected,) = ledger.pnl(method="fifo")
        pnl = of(rows, "pnl")
        assert (pnl["is_now"]["realized_pnl"], pnl["would_be"]["realized_pnl"]) == (
            Decimal(10),
            Decimal(20),
        )
        assert pnl["difference"]["realized_pnl"] == Decimal(10)
        assert all(pnl["would_be"][name] == expected[name] for name in pnl["would_be"])  # type: ignore[literal-required]
        assert "orders" not in {row["view"] for row in rows}


def test_another_fee_changes_fees_and_net_pnl(store_url: str) -> None:
    with opened(store_url, LOTS) as ledger:
        pnl = of(ledger.audit.what_if(fee_rate="0.001"), "pnl")
        assert pnl["is_now"]["fees"] == {"USD": Decimal("0.3")}
        assert pnl["would_be"]["fees"] == {"USD": Decimal("0.33")}
        assert pnl["difference"]["net_pnl"] == Decimal("-0.03")


def test_a_schedule_tells_makers_from_takers_and_instruments_from_each_other(
    tmp_path: Path,
) -> None:
    schedule = tmp_path / "fees.toml"
    schedule.write_text(
        '[[fees]]\ninstrument = "ETH-USD"\nmaker = "1"\ntaker = "1"\n'
        '[[fees]]\naccount = "sim:main"\nmaker = "-0.001"\ntaker = "0.01"\n'
    )
    with opened(tmp_path / "a.db", LOTS) as ledger:
        pnl = of(ledger.audit.what_if(fees=schedule), "pnl")
    assert pnl["would_be"]["fees"] == {"USD": Decimal("-0.1") + Decimal("1.1") + Decimal("1.2")}


def test_without_an_order_its_fills_are_gone(store_url: str) -> None:
    with opened(store_url, LOTS) as ledger:
        rows = ledger.audit.what_if(without=["C-2"])
        order, pnl = of(rows, "orders"), of(rows, "pnl")
        assert (order["change"], order["client_order_id"]) == ("removed", "C-2")
        assert (pnl["is_now"]["position_quantity"], pnl["would_be"]["position_quantity"]) == (
            Decimal(1),
            Decimal(2),
        )


def test_without_an_order_its_reports_under_other_names_are_gone_too(store_url: str) -> None:
    with opened(store_url, ODD_ORDERS["late_id_mapping"]) as ledger:
        rows = ledger.audit.what_if(without=["V-1"])
        assert [row["view"] for row in rows] == ["orders", "positions", "pnl"]
        assert {row["change"] for row in rows} == {"removed"}


def test_without_an_account_all_of_it_is_gone(store_url: str) -> None:
    with opened(store_url, LOTS) as ledger:
        rows = ledger.audit.what_if(without_accounts=["sim:main"])
        assert {row["change"] for row in rows} == {"removed"}
        assert sorted(str(row["client_order_id"]) for row in rows if row["view"] == "orders") == [
            "C-1",
            "C-2",
            "C-3",
        ]


def test_an_unresolved_order_may_be_taken_as_filled_or_not(store_url: str) -> None:
    with opened(store_url, LOTS) as ledger:
        filled = ledger.audit.what_if(filled=["C-3"])
        order, position = of(filled, "orders"), of(filled, "positions")
        assert (order["is_now"]["certainty"], order["would_be"]["status"]) == (
            "unresolved",
            "filled",
        )
        assert order["would_be"]["average_price"] == Decimal(125)
        assert position["difference"]["position_quantity"] == Decimal(2)
        assert position["would_be"]["unresolved_orders"] == 0
        not_filled = ledger.audit.what_if(not_filled=["C-3"])
        assert of(not_filled, "orders")["would_be"]["status"] == "canceled"
        assert of(not_filled, "positions")["difference"] == {"open_buy_quantity": Decimal(-2)}
        assert not [row for row in not_filled if row["view"] == "pnl"]


def test_a_market_order_is_filled_at_the_mark_and_pays_the_assumed_fee(store_url: str) -> None:
    market = [request(9, order="C-4", order_type="market", limit_price=None, quantity="1")]
    with opened(store_url, [*LOTS, *market]) as ledger:
        (order,) = [
            row
            for row in ledger.audit.what_if(filled=["C-4"], fee_rate="0.01")
            if row["client_order_id"] == "C-4"
        ]
        assert order["would_be"]["average_price"] == Decimal(130)
        assert order["would_be"]["fees"] == {"": "1.3"}


def test_nothing_is_written(durable_store_url: str) -> None:
    with opened(durable_store_url, LOTS) as ledger:
        before = (list(ledger.events()), ledger.orders(), ledger.pnl())
        ledger.audit.what_if(filled=["C-3"], without=["C-2"], fee_rate="0.5", method="lifo")
        assert (list(ledger.events()), ledger.orders(), ledger.pnl()) == before


def test_an_impossible_assumption_says_why(tmp_path: Path) -> None:
    other = said(
        9, "request", order="C-1", instrument="X", side="buy", quantity="1", order_type="market"
    )
    elsewhere = (9, {**other[1], "account": "sim:other"})
    with opened(tmp_path / "a.db", [*LOTS, elsewhere]) as ledger:
        with pytest.raises(UnknownOrder):
            ledger.audit.what_if(without=["C-9"])
        with pytest.raises(AmbiguousOrder):
            ledger.audit.what_if(without=["C-1"])
        with pytest.raises(ValueError, match="C-2 has ended"):
            ledger.audit.what_if(filled=["C-2"])
        with pytest.raises(
            ValueError,
            match="cannot be taken as filled: it has no limit price, nor its instrument a mark",
        ):
            ledger.audit.what_if(filled=["C-1"], account="sim:other")
        with pytest.raises(ValueError, match="both as filled and as not filled"):
            ledger.audit.what_if(filled=["C-3"], not_filled=["C-3"])
        with pytest.raises(ValueError, match="nothing is recorded of the account 'sim:none'"):
            ledger.audit.what_if(without_accounts=["sim:none"])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("fees = 1", "fees: "),
        ('[[fees]]\nmaker = "x"\ntaker = "1"', "fees.0.maker: is not a decimal number"),
        ('[[fees]]\nmaker = "1"', "fees.0.taker: "),
        ('[[fees]]\nmaker = 1\ntaker = 1\nrate = 1', "fees.0.rate: "),
        ("[[", "is not TOML"),
        (None, "cannot be read"),
    ],
)  # fmt: skip
def test_a_faulty_schedule_names_the_key_and_the_fault(
    tmp_path: Path, text: str | None, fault: str
) -> None:
    path = tmp_path / "fees.toml"
    if text is not None:
        path.write_text(text)
    with (
        opened(tmp_path / "a.db", LOTS) as ledger,
        pytest.raises(InvalidSetting, match=fault.replace(".", r"\.")),
    ):
        ledger.audit.what_if(fees=path)
    assert run("what-if", "--db", tmp_path / "a.db", "--fees", path).status == 2


def test_the_command_shows_what_is_and_what_would_be(tmp_path: Path) -> None:
    opened(tmp_path / "a.db", LOTS).close()
    asked = ("what-if", "--db", tmp_path / "a.db", "--filled", "C-3")
    done = run(*asked)
    assert (done.status, done.err) == (0, "")
    assert "orders, changed: sim:main C-3 BTC-USD" in done.out
    assert "position quantity: is 1, would be 3 (+2)" in done.out
    rows = [json.loads(line) for line in run(*asked, "--json").out.splitlines()]
    assert {row["view"] for row in rows} == {"orders", "positions", "pnl"}
    assert "nothing would differ" in run("what-if", "--db", tmp_path / "a.db").out
    assert run("what-if", "--db", tmp_path / "a.db", "--filled", "nowhere").status == 1
    assert run("what-if", "--db", tmp_path / "a.db", "--fee-rate", "free").status == 2
