"""The same trade in other forms: without its order, with ids in other letters, with its time in
other units."""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import pytest

from orderledger import Fill, Ledger
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.translate import CcxtRecording, translated
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.ccxt.rows import T, order, trade
from tests.venues.ccxt.telling import ACCOUNT

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER_UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://") as ledger:
        yield ledger


def record(
    ledger: Ledger, *rows: dict[str, Any], exchange: str = "bitstamp", is_known: bool = False
) -> list[str]:
    """Record each row as an answer of its own, translated in one run. Returns the faults."""
    recording = CcxtRecording(ACCOUNT, BookRecords(ledger) if is_known else None)
    translations = [recording.read({"exchange": exchange, "trade": row}) for row in rows]
    for translation in translations:
        ledger.record_many(translation.messages)
    return [fault.fault for translation in translations for fault in translation.faults]


@pytest.mark.parametrize("rows", list(permutations([trade(), trade(order=None), trade(order="")])))
def test_a_trade_that_comes_with_and_without_its_order_is_one_fill(
    ledger: Ledger, rows: Any
) -> None:
    assert record(ledger, *rows) == []
    assert [row["fill_id"] for row in ledger.trades()] == ["9001"]


def test_a_trade_that_the_ledger_has_without_its_order_is_not_recorded_again_with_it(
    ledger: Ledger,
) -> None:
    record(ledger, trade(order=None))
    assert record(ledger, trade(), is_known=True) == []
    assert [row["venue_order_id"] for row in ledger.trades()] == ["none:9001"]


def test_a_trade_in_its_order_and_in_the_list_is_one_fill(ledger: Ledger) -> None:
    listed = {
        key: value for key, value in trade().items() if key not in ("order", "symbol", "side")
    }
    context = CcxtContext(account=ACCOUNT)
    for document in ({"order": order(trades=[listed])}, {"trade": trade(order=None)}):
        ledger.record_many(translated(document, context).messages)
    assert [row["venue_order_id"] for row in ledger.trades()] == ["101"]


def test_trades_of_two_orders_with_one_id_are_two_fills(ledger: Ledger) -> None:
    assert record(ledger, trade(), trade(order="102"), trade(side="sell", order="103")) == []
    assert len(ledger.trades()) == 3


def test_a_trade_without_an_id_is_refused_if_it_may_have_come_with_its_order(
    ledger: Ledger,
) -> None:
    rows = [trade(id=None), trade(id=None), trade(id=None, order=None)]
    assert record(ledger, *rows) == [
        (
            "order and id are missing: the trade may be one of order 101, which was reported "
            "with its order"
        )
    ]
    assert len(ledger.trades()) == 1


@pytest.mark.parametrize("is_known", [False, True])
def test_a_trade_without_an_id_is_refused_if_it_may_have_come_without_its_order(
    ledger: Ledger, is_known: bool
) -> None:
    rows = [trade(id=None, order=None), trade(id=None, order=None), trade(id=None)]
    faults = (
        record(ledger, *rows[:2]) + record(ledger, *rows[2:], is_known=True)
        if is_known
        else record(ledger, *rows)
    )
    assert faults == [
        "order is 101, and id is missing: the trade may be one that was reported without an order"
    ]
    assert len(ledger.trades()) == 1


@pytest.mark.parametrize("change", [str.upper, str.title])
@pytest.mark.parametrize("known", ["tid-7ab", UUID, "0xab12"])
def test_an_id_in_other_letters_is_the_same_trade(
    ledger: Ledger, known: str, change: Callable[[str], str]
) -> None:
    assert record(ledger, trade(id=known), trade(id=change(known))) == []
    assert [row["fill_id"] for row in ledger.trades()] == [known]


@pytest.mark.parametrize("id_", ["9001", None])
@pytest.mark.parametrize("known", ["oid-7ab", UUID])
def test_an_order_in_other_letters_is_the_same_order(
    ledger: Ledger, known: str, id_: str | None
) -> None:
    assert record(ledger, trade(id=id_, order=known), trade(id=id_, order=known.upper())) == []
    assert [row["venue_order_id"] for row in ledger.trades()] == [known]


def test_other_trades_whose_ids_differ_by_case_alone_are_two_fills(ledger: Ledger) -> None:
    assert (
        record(
            ledger,
            trade(id="aB"),
            trade(id="Ab", timestamp=T + 9000),
            trade(id="AB", price="2500.2"),
        )
        == []
    )
    assert len(ledger.trades()) == 3


def test_an_id_that_is_a_number_is_the_same_in_two_runs(ledger: Ledger) -> None:
    for id_, order_id in ((UUID, OTHER_UUID), (UUID.upper(), OTHER_UUID.upper())):
        record(ledger, trade(id=id_, order=order_id))
        ledger.record_many(
            translated({"order": order(id=order_id)}, CcxtContext(account=ACCOUNT)).messages
        )
    assert [(row["fill_id"], row["venue_order_id"]) for row in ledger.trades()] == [
        (UUID, OTHER_UUID)
    ]
    assert len(ledger.orders()) == 1


def test_ids_that_the_ledger_has_in_capitals_keep_them(ledger: Ledger) -> None:
    fill_id, order_id = UUID.upper(), OTHER_UUID.upper()
    terms: dict[str, Any] = {
        "instrument": "ETH/USDT",
        "side": "buy",
        "quantity": "0.5",
        "price": "2500.1",
        "at": T + 4000,
    }
    ledger.record(Fill(account=ACCOUNT, venue_order_id=order_id, fill_id=fill_id, **terms))
    document = {"trade": trade(id=fill_id, order=order_id), "order": order(id=order_id)}
    ledger.record_many(
        translated(document, CcxtContext(account=ACCOUNT, records=BookRecords(ledger))).messages
    )
    assert [row["fill_id"] for row in ledger.trades()] == [fill_id]
    assert len(ledger.orders()) == 1


TIMES: list[dict[str, Any]] = [
    {"timestamp": T + 4123, "datetime": None},
    {"timestamp": str(T + 4123)},
    {"timestamp": float(T + 4123)},
    {"timestamp": (T + 4123) * 1000 + 456},
    {"timestamp": None, "datetime": "2026-09-21T14:13:24.123Z"},
    {"timestamp": None, "datetime": "2026-09-21T16:13:24.123456+02:00"},
    {"timestamp": T // 1000 + 4, "datetime": "2026-09-21T14:13:24.123Z"},
]


@pytest.mark.parametrize("exchange", ["bitstamp", "hyperliquid"])
@pytest.mark.parametrize("id_", ["9001", None])
@pytest.mark.parametrize("time", TIMES)
def test_the_form_of_a_time_makes_no_other_trade(
    ledger: Ledger, exchange: str, id_: str | None, time: Any
) -> None:
    assert record(ledger, trade(id=id_, **TIMES[0]), trade(id=id_, **time), exchange=exchange) == []
    assert len(ledger.trades()) == 1


@pytest.mark.parametrize(
    ("time", "fault"),
    [
        ({"timestamp": T // 1000 + 4, "datetime": None}, "timestamp has no milliseconds"),
        ({"timestamp": None, "datetime": "2026-09-21T14:13:24Z"}, "datetime has no milliseconds"),
        ({"timestamp": None, "datetime": "2026-09-21T14:13:24.1Z"}, "datetime has no milliseconds"),
        ({"timestamp": None, "datetime": None}, "timestamp is missing"),
    ],
)
def test_a_time_that_is_not_exact_identifies_no_trade(
    ledger: Ledger, time: Any, fault: str
) -> None:
    for exchange, id_ in (("bitstamp", None), ("hyperliquid", "9001")):
        (found,) = record(ledger, trade(id=id_, **time), exchange=exchange)
        assert found == f"{fault}: they are needed to make an id for the trade"
    assert record(ledger, trade(**time)) == []
