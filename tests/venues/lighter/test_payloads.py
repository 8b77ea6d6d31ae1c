"""Any payload of the venue: recognised by its shape, read row by row, never raising, never losing
what can be read."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Message
from orderledger.venues.base.translation import Translation
from orderledger.venues.base.transport import parsed
from orderledger.venues.lighter.translate import from_recorded, orders_named
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.lighter.rows import ACCOUNT, INDEX, MARKETS, moment, order, read, shown, trade

SAMPLES = {
    "rest_error": [],
    "rest_inactive_page": [("reject", "281480000000090", "2026-09-21T11:26:40Z", "venue_poll")],
    "ws_connected": [],
    "ws_error_flat_tx": [],
    "ws_error_nested": [],
    "ws_sendtx_ack": [],
    "ws_subscribed_all_orders": [
        ("acknowledge", "281480000000101", "2026-09-21T14:13:20.123456Z", "venue_push")
    ],
    "ws_trade_update": [("fill", "281480000000101", "2026-09-21T14:13:24.123456Z", "venue_push")],
    "ws_trades_snapshot_list": [],
    "ws_update_canceled_after_partial": [
        ("cancel", "281480000000101", "2026-09-21T14:13:29.123456Z", "venue_push")
    ],
    "ws_update_partial": [
        ("acknowledge", "281480000000101", "2026-09-21T14:13:24.123456Z", "venue_push")
    ],
}


def recorded(document: Any) -> list[dict[str, Any]]:
    return [shown(message) for message in from_recorded(document, ACCOUNT, INDEX, MARKETS)]


@pytest.mark.shared
def test_there_is_no_sample_but_these(shared: Path) -> None:
    assert {path.stem for path in (shared / "venues/samples/lighter").iterdir()} == SAMPLES.keys()


@pytest.mark.shared
@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_gives_its_messages(shared: Path, name: str) -> None:
    document = parsed((shared / f"venues/samples/lighter/{name}.json").read_bytes())
    told = recorded(document)
    assert [
        (one["type"], one["venue_order_id"], one["at"], one["source"]) for one in told
    ] == SAMPLES[name]
    assert recorded(document) == told
    assert read(document).faults == ()


@pytest.mark.shared
def test_the_samples_tell_the_story_of_one_order(shared: Path) -> None:
    with Ledger.open("memory://") as ledger:
        for _ in range(2):
            for name in (
                "ws_subscribed_all_orders",
                "ws_update_partial",
                "ws_trade_update",
                "ws_update_canceled_after_partial",
            ):
                document = parsed((shared / f"venues/samples/lighter/{name}.json").read_bytes())
                outcomes = ledger.record_many(from_recorded(document, ACCOUNT, INDEX, {0: "ETH"}))
        assert [outcome.outcome for outcome in outcomes] == ["duplicate"]
        seen = ledger.order("281480000000101")
    assert (seen["status"], seen["quantity"], seen["cum_quantity"], seen["leaves_quantity"]) == (
        "canceled",
        Decimal("0.5"),
        Decimal("0.2"),
        0,
    )
    assert (seen["instrument"], seen["side"], seen["order_type"], seen["limit_price"]) == (
        "ETH",
        "buy",
        "limit",
        Decimal(2500),
    )
    assert (seen["aliases"], seen["fees"]) == (
        {"lighter.client_order_index": "9001"},
        {"USDC": "0.014"},
    )
    assert seen["anomalies"] == ["unknown_order"]


SILENT = [
    {"type": "ping"},
    {"type": "pong"},
    {"type": "shutdown", "close_in_ms": 1000},
    {"type": "connected", "session_id": "x"},
    {"type": "unsubscribed", "channel": "account_all_orders:1234", "code": 200},
    {"type": "jsonapi/sendtxbatch", "code": 200, "tx_hash": ["a", "b"]},
    {"code": 200, "nonce": 7},
    {"code": 200, "tx_hash": "aa", "predicted_execution_time_ms": 1, "volume_quota_remaining": 3},
    {"code": 200, "order_book_details": [{"market_id": 0, "symbol": "ETH"}]},
    {
        "type": "update/account_tx",
        "channel": "account_tx:1234",
        "txs": [{"hash": "aa", "status": 0}],
    },
    {"type": "update/notification", "channel": "notification:1234", "notifs": []},
    {"type": "update/account_all_orders", "channel": "account_all_orders:1234", "orders": {}},
    {
        "type": "update/account_all_orders",
        "channel": "account_all_orders:99",
        "orders": {"0": [order()]},
    },
    {
        "type": "update/account_orders",
        "channel": "account_orders:0",
        "account": 99,
        "orders": {"0": [order()]},
    },
    {"code": 200, "orders": None},
    {
        "code": 200,
        "hash": "aa",
        "type": 14,
        "info": "{}",
        "event_info": '{"ae": "x"}',
        "status": 0,
        "nonce": 55,
    },
    [],
]


@pytest.mark.parametrize("document", SILENT, ids=lambda document: json.dumps(document)[:50])
def test_what_is_not_about_orders_says_nothing(document: Any) -> None:
    told = read(document)
    assert (list(told.messages), list(told.faults)) == ([], [])


def test_an_acknowledgement_of_sending_acknowledges_no_order() -> None:
    """It says that the transaction was queued. Whether the book took the order, its own rows
    tell."""
    assert (
        recorded({"type": "jsonapi/sendtx", "code": 200, "id": "C-1", "tx_hash": "aa00bb11"}) == []
    )


@pytest.mark.parametrize(
    "rows",
    [
        {"0": [order()]},
        {"0": order()},
        [order()],
        order(),
        [[order()]],
        {"0": [order()], "1": []},
        {"0": [order()], "1": None},
    ],
)
def test_orders_come_as_a_list_by_market_or_alone(rows: Any) -> None:
    expected = recorded({"type": "update/account_all_orders", "orders": {"0": [order()]}})
    assert len(expected) == 1
    assert recorded({"type": "update/account_all_orders", "orders": rows}) == expected


@pytest.mark.parametrize("rows", [{"0": [trade()]}, {"0": trade()}, [trade()], trade()])
def test_trades_come_as_a_list_by_market_or_alone(rows: Any) -> None:
    expected = recorded({"type": "update/account_all_trades", "trades": {"0": [trade()]}})
    assert len(expected) == 1
    assert (
        recorded({"type": "subscribed/account_all_trades", "trades": rows, "total_volume": 0})
        == expected
    )
    assert (
        recorded(
            {"type": "update/account_market", "channel": "account_market:0:1234", "trades": rows}
        )
        == expected
    )


def test_a_row_by_itself_is_a_payload() -> None:
    assert recorded(order()) == recorded({"code": 200, "orders": [order()]})
    assert recorded([trade(), order()]) == recorded({"trades": [trade()]}) + recorded(
        {"orders": [order()]}
    )


def test_a_snapshot_and_an_update_say_the_same() -> None:
    for rows in ({"orders": {"0": [order()]}}, {"trades": {"0": [trade()]}}):
        name = f"account_all_{next(iter(rows))}"
        assert recorded({"type": f"subscribed/{name}", **rows}) == recorded(
            {"type": f"update/{name}", **rows}
        )


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ("text", "is not a JSON object"),
        (None, "is not a JSON object"),
        ({}, "is not a payload of this venue"),
        ({"foo": 1}, "is not a payload of this venue"),
        ({"type": 5}, "is not a payload of this venue"),
        ({"type": "hello"}, "is not a payload of this venue"),
        ({"type": "update/account_all_orders"}, "has no orders"),
        ({"type": "update/account_all_trades", "orders": {}}, "has no trades"),
        ({"orders": "many"}, "is not a row"),
        ({"orders": {"0": [7]}}, "is not a row"),
        ({"orders": {"0": [[[[order()]]]]}}, "is not a row"),
        ({"accounts": [3]}, "is not a row"),
    ],
)
def test_what_is_no_payload_of_this_venue_is_told_as_such(document: Any, fault: str) -> None:
    told = read(document)
    assert (list(told.messages), [found.fault for found in told.faults]) == ([], [fault])
    assert recorded(document) == []


def test_positions_are_as_of_the_time_of_the_recording() -> None:
    document = {"positions": {"0": {"market_id": 0, "position": "1", "sign": 1}}}
    assert [message.at for message in from_recorded(document, ACCOUNT, INDEX, MARKETS)] == [None]
    assert [
        message.at for message in from_recorded(document, ACCOUNT, INDEX, MARKETS, at=moment(5))
    ] == [moment(5)]


def test_beside_a_ledger_the_same_row_in_seconds_is_the_same_fact() -> None:
    exact = order(status="canceled")
    coarse = {name: value for name, value in exact.items() if name != "transaction_time"}
    with Ledger.open("memory://") as ledger:
        for row, outcome in ((exact, "recorded"), (coarse, "duplicate")):
            (message,) = from_recorded(row, ACCOUNT, INDEX, MARKETS, records=BookRecords(ledger))
            assert ledger.record(message).outcome == outcome


def test_a_list_names_its_orders_even_where_a_row_cannot_be_read() -> None:
    rows = [
        order(order_id="1"),
        order(order_id="2", status=None),
        order(order_id=None, order_index=3),
        {"status": "open"},
        5,
    ]
    assert orders_named({"orders": rows}) == {"1", "2", "3"}
    assert orders_named("nothing") == frozenset()


ODD = st.one_of(
    st.just(...),
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        [
            "0",
            "-1",
            "1e400",
            "0x1",
            "NaN",
            "١٢",
            " 5",
            "5\n",
            "\ud800",
            "\0",
            "x" * 300,
            10**30,
            -(10**5),
            2**63,
        ]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
ORDER_FIELDS, TRADE_FIELDS = st.sampled_from(sorted(order())), st.sampled_from(sorted(trade()))


def changed(row: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**row, **changes}.items() if value is not ...}


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.dictionaries(ORDER_FIELDS, ODD, min_size=1, max_size=4),
    st.dictionaries(TRADE_FIELDS, ODD, min_size=1, max_size=4),
)
def test_whatever_a_row_holds_the_others_are_told_and_all_can_be_recorded(
    in_order: Any, in_trade: Any
) -> None:
    good_order, good_trade = order(order_id="1", client_order_id="1"), trade(trade_id_str="1")
    orders = {
        "0": [
            good_order,
            changed(order(), in_order),
            {**good_order, "order_id": "3", "client_order_id": "3"},
        ]
    }
    trades = [good_trade, changed(trade(), in_trade), {**good_trade, "trade_id_str": "3"}]
    told = read({"type": "update/account_all", "orders": orders, "trades": trades})
    assert [
        shown(message)["venue_order_id"]
        for message in of_rows(told, orders["0"][0], orders["0"][2])
    ] == ["1", "3"]
    assert [shown(message)["fill_id"] for message in of_rows(told, trades[0], trades[2])] == [
        "0:1:buy",
        "0:3:buy",
    ]
    with Ledger.open("memory://", update_views=False) as ledger:
        assert all(
            outcome.outcome in ("recorded", "duplicate")
            for outcome in ledger.record_many(told.messages)
        )


def of_rows(told: Translation, *rows: dict[str, Any]) -> list[Message]:
    """By identity: there are numbers that refuse to be compared."""
    return [message for message in told.messages if any(message.evidence is row for row in rows)]


def named(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(
        [
            "orders",
            "trades",
            "positions",
            "accounts",
            "assets",
            "type",
            "channel",
            "code",
            "0",
            "order_id",
            "trade_id",
        ]
    )
    return st.dictionaries(names, inner, max_size=4)


JSON = st.recursive(
    ODD.filter(lambda value: value is not ...),
    lambda inner: st.lists(inner, max_size=3) | named(inner),
    max_leaves=8,
)


@pytest.mark.slow
@given(JSON)
def test_no_document_can_break_the_translation(document: Any) -> None:
    told = read(document)
    assert len(from_recorded(document, ACCOUNT, INDEX, MARKETS)) == len(told.messages)
    orders_named(document)
