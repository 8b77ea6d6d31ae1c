"""What dates a unified row of ccxt, and which position it is about."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.orders import is_doubtful
from orderledger.venues.ccxt.translate import translated
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.ccxt.rows import T, order, position, trade
from tests.venues.ccxt.telling import ACCOUNT, only, seen_in, told


def test_an_answer_confirms_at_the_time_of_asking_and_says_what_dates_it() -> None:
    heard, asked = datetime(2026, 9, 22, tzinfo=UTC), datetime(2026, 9, 21, 23, 59, tzinfo=UTC)
    context = CcxtContext(account=ACCOUNT, exchange="bitstamp", received_at=heard, asked_at=asked)
    acknowledged: Any
    seen: Any
    acknowledged, seen = translated({"order": order()}, context).messages
    assert (acknowledged.type, seen.type, seen.status) == (
        "acknowledged",
        "status_observed",
        "partially_filled",
    )
    assert (seen.asked_at, seen.at.timestamp(), seen.dated_by) == (asked, T / 1000 + 5, "venue")
    _, seen = translated({"order": order(lastUpdateTimestamp=None)}, context).messages
    assert (seen.asked_at, seen.at, seen.dated_by) == (asked, heard, "receipt")
    listed = replace(context, asked_at=None)
    assert [one.type for one in translated({"order": order()}, listed).messages] == ["acknowledged"]
    filled = seen_in(
        order(status="closed", filled="1.2", remaining="0", lastUpdateTimestamp=None), listed
    )
    assert (filled.status, filled.dated_by, filled.asked_at) == ("filled", "receipt", None)


def test_a_row_that_shows_an_ended_order_working_is_an_observation_with_its_date() -> None:
    with Ledger.open("memory://") as ledger:
        ledger.record_many(told("bitstamp", BookRecords(ledger), order=order()))
        ledger.record_many(
            told(
                "bitstamp",
                BookRecords(ledger),
                order=order(status="canceled", lastUpdateTimestamp=T + 6000),
            )
        )
        heard = datetime(2026, 9, 22, tzinfo=UTC)
        context = CcxtContext(
            account=ACCOUNT, exchange="bitstamp", records=BookRecords(ledger), received_at=heard
        )
        old = seen_in(order(lastUpdateTimestamp=None), context)
        assert (old.type, old.status, old.dated_by, old.at) == (
            "status_observed",
            "partially_filled",
            "receipt",
            heard,
        )
        assert is_doubtful(order(lastUpdateTimestamp=None), context)
        dated = seen_in(order(lastUpdateTimestamp=T + 9000), context)
        assert (dated.type, dated.dated_by, dated.at.timestamp()) == (
            "status_observed",
            "venue",
            T / 1000 + 9,
        )
        assert not is_doubtful(order(lastUpdateTimestamp=T + 9000), context)


def test_trades_that_are_numbered_in_their_order_have_a_sequence() -> None:
    assert only("binance", trade=trade()).sequence == 9001
    assert only("kraken", trade=trade()).sequence is None


HEDGED: list[tuple[str, str, dict[str, Any], str, str | None]] = [
    ("binanceusdm", "trade", {"positionSide": "LONG", "side": "BUY"}, "buy", "long"),
    ("binanceusdm", "trade", {"positionSide": "BOTH", "side": "BUY"}, "buy", None),
    ("binanceusdm", "order", {"ps": "SHORT", "S": "BUY"}, "buy", "short"),
    ("bybit", "order", {"positionIdx": 2, "side": "Buy"}, "buy", "short"),
    ("bybit", "order", {"positionIdx": 0, "side": "Buy"}, "buy", None),
    ("bybit", "trade", {"side": "Buy", "closedSize": "0"}, "buy", None),
    ("okx", "trade", {"posSide": "long"}, "buy", "long"),
    ("okx", "trade", {"posSide": "net"}, "buy", None),
    (
        "bitget",
        "trade",
        {"side": "buy", "tradeSide": "close", "posMode": "hedge_mode"},
        "sell",
        "long",
    ),
    (
        "bitget",
        "trade",
        {"side": "buy", "tradeSide": "open", "posMode": "hedge_mode"},
        "buy",
        "long",
    ),
    (
        "bitget",
        "order",
        {"side": "sell", "tradeSide": "close", "posMode": "hedge_mode", "posSide": "short"},
        "buy",
        "short",
    ),
    (
        "bitget",
        "trade",
        {"side": "buy", "tradeSide": "buy_single", "posMode": "one_way_mode"},
        "buy",
        None,
    ),
    ("kucoinfutures", "trade", {"positionSide": "SHORT"}, "buy", "short"),
    ("mexc", "trade", {"side": "2", "positionMode": "1"}, "buy", "short"),
    ("mexc", "trade", {"side": "3", "positionMode": "1"}, "sell", "short"),
    ("mexc", "trade", {"side": "4", "positionMode": "1"}, "sell", "long"),
    ("mexc", "trade", {"side": "2", "positionMode": "2"}, "buy", None),
    (
        "htx",
        "order",
        {"position_mode": "dual_side", "direction": "buy", "offset": "close"},
        "buy",
        "short",
    ),
    (
        "htx",
        "order",
        {"position_mode": "single_side", "direction": "buy", "offset": "both"},
        "buy",
        None,
    ),
]
"""Fields as the exchanges report them: sample answers in the sources of ccxt 4.5.90, and the
exchanges' own pages."""


@pytest.mark.parametrize(("name", "part", "info", "side", "position"), HEDGED)
def test_a_position_has_a_side_in_hedge_mode(
    name: str, part: str, info: Any, side: str, position: str | None
) -> None:
    said = {"mexc": info.get("side"), "bitget": info.get("side")}.get(name) or "buy"
    row = {"order": order, "trade": trade}[part](side=said, info=info, clientOrderId=None)
    parts: dict[str, Any] = {part: row}
    (message,) = told(name, **parts)
    assert (message.side, message.position_side) == (side, position)


@pytest.mark.parametrize(
    ("name", "info", "expected"),
    [
        ("binanceusdm", {"positionSide": "SHORT"}, "short"),
        ("binanceusdm", {"positionSide": "BOTH"}, None),
        ("bybit", {"positionIdx": 2}, "short"),
        ("okx", {"posSide": "short"}, "short"),
        ("gate", {"mode": "dual_short"}, "short"),
        ("gate", {"mode": "single"}, None),
        ("bitget", {"holdSide": "short", "posMode": "hedge_mode"}, "short"),
        ("bitget", {"holdSide": "short", "posMode": "one_way_mode"}, None),
        ("kucoinfutures", {"positionSide": "SHORT"}, "short"),
    ],
)
def test_a_reported_position_has_its_side(
    name: str, info: dict[str, Any], expected: str | None
) -> None:
    (held,) = told(name, position=position(info=info))
    assert (held.position_side, held.quantity) == (expected, -15)


def test_two_positions_of_one_instrument_are_its_two_sides() -> None:
    held = told("mexc", positions=[position(), position(side="long", contracts="7")])
    assert [(one.position_side, one.quantity) for one in held] == [("short", -15), ("long", 7)]
    assert only("mexc", position=position()).position_side is None
