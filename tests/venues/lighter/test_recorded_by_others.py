"""Shapes that others have recorded, and those of the venue's own page: what they come to here. All
numbers are made up."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Balance, Fill
from orderledger.venues.lighter.translate import LighterRecording
from tests.venues.lighter.rows import ACCOUNT, INDEX, moment, order, read, shown, trade

FUNDING = {
    "timestamp": 1790000000,
    "market_id": 0,
    "funding_id": 2002,
    "change": "-0.5",
    "rate": "0.0001",
    "position_size": "0.5",
    "position_side": "long",
    "discount": "0",
}
POSITION = {
    "market_id": 0,
    "symbol": "ETH",
    "sign": -1,
    "position": "2.5000",
    "avg_entry_price": "2000.00",
    "margin_set_flag": 1,
}


def told(document: Any) -> list[Any]:
    translation = read(document)
    assert list(translation.faults) == []
    return list(translation.messages)


def test_the_channel_of_one_market_tells_its_funding_as_one_object() -> None:
    """apidocs.lighter.xyz/docs/websocket-reference: `funding_history` or `assets`, the other is
    null."""
    frame = {
        "account": INDEX,
        "assets": None,
        "channel": "account_market/0/1234",
        "funding_history": FUNDING,
        "orders": [order()],
        "position": [POSITION],
        "trades": [trade()],
        "type": "update/account_market",
    }
    assert [message.type for message in told(frame)] == [
        "fill",
        "acknowledged",
        "funding",
        "balance",
    ]
    spot = {
        **frame,
        "assets": [{"symbol": "LIT", "balance": "7"}],
        "funding_history": None,
        "orders": None,
        "position": None,
    }
    assert [message.type for message in told(spot)] == ["fill", "balance"]
    for named, count in ((str(INDEX), 4), (INDEX + 1, 0), (str(INDEX + 1), 0)):
        assert len(told({**frame, "account": named})) == count


def test_a_funding_is_the_same_in_every_channel_and_in_the_answer() -> None:
    forms = [
        {"type": "update/account_market", "account": INDEX, "funding_history": FUNDING},
        {"type": "update/account_all", "account": INDEX, "funding_histories": {"0": FUNDING}},
        {"type": "subscribed/pool_data", "account": INDEX, "funding_histories": {"0": [FUNDING]}},
        {"code": 200, "position_fundings": [FUNDING], "next_cursor": ""},
    ]
    with Ledger.open("memory://") as ledger:
        outcomes = [ledger.record(message).outcome for form in forms for message in told(form)]
    assert outcomes == ["recorded", *["duplicate"] * 3]


@pytest.mark.parametrize("kind", ["trade", "buy", "sell"])
def test_an_ordinary_trade_has_no_reason(kind: str) -> None:
    """The venue's page shows a trade of the type `buy` in `account_all`."""
    (fill,) = told({"trades": {"0": trade(type=kind)}})
    assert fill.reason is None


def test_a_liquidation_stands_beside_the_trades_of_its_market() -> None:
    frame = {
        "channel": "trade:0",
        "liquidation_trades": [
            trade(type="liquidation", trade_id=7, trade_id_str="7"),
            trade(bid_account_id=5),
        ],
        "nonce": 8630448841,
        "trades": [trade()],
        "type": "update/trade",
    }
    assert [(fill.fill_id, fill.reason) for fill in told(frame)] == [
        ("0:19300000001:buy", None),
        ("0:7:buy", "liquidation"),
    ]


@pytest.mark.parametrize(
    "nobody", [{"bid_id": 0, "bid_id_str": "0"}, {"bid_id": ..., "bid_id_str": ...}]
)
@pytest.mark.parametrize("kind", ["deleverage", "market-settlement"])
def test_a_position_that_the_venue_takes_away_is_a_fill_though_no_order_made_it(
    kind: str, nobody: dict[str, Any]
) -> None:
    row = trade(type=kind, bid_client_id=0, bid_client_id_str="0", **nobody)
    with Ledger.open("memory://") as ledger:
        for _ in range(2):
            ledger.record_many(told({"trades": {"0": [row]}}))
        (fill,), (seen,) = ledger.trades(), ledger.orders()
        assert (fill["venue_order_id"], fill["quantity"]) == (
            "none:0:19300000001:buy",
            Decimal("0.2"),
        )
        assert (seen["origin"], seen["cum_quantity"]) == ("external", Decimal("0.2"))
        assert (seen["status"], ledger.open_orders()) == ("filled", [])


def test_a_frame_with_a_time_of_its_own_dates_its_balances() -> None:
    frame = {
        "assets": {
            "3": {
                "symbol": "USDC",
                "asset_id": 3,
                "balance": "100.5",
                "locked_balance": "1",
                "margin_balance": "39.9",
            }
        },
        "channel": "account_all_assets:1234",
        "timestamp": 1790000005123,
        "type": "update/account_all_assets",
    }
    for timestamp, at in ((1790000005123, moment(1790000005123000)), ("soon", None), (None, None)):
        (balance,) = told({**frame, "timestamp": timestamp})
        assert isinstance(balance, Balance)
        assert (balance.at, str(balance.quantity)) == (at, "100.5")


def test_an_order_on_testnet_opens_and_ends_by_the_time_of_its_transactions() -> None:
    """As recorded there in 2026: seconds in `updated_at`, which lags; microseconds in
    `transaction_time`; fields of integrators that are empty first, and "0" later; nothing remains
    of a canceled order."""
    integrators = ("integrator_fee_collector_index", "integrator_taker_fee", "integrator_maker_fee")
    opened = order(
        time_in_force="post-only",
        order_flags=0,
        transaction_time=1790000005184833,
        **dict.fromkeys(integrators, ""),
    )
    ended = order(
        status="canceled",
        time_in_force="post-only",
        remaining_base_amount="0.0000",
        base_size=0,
        updated_at=1790000130,
        transaction_time=1790000136364320,
        **dict.fromkeys(integrators, "0"),
    )
    recording = LighterRecording(ACCOUNT, INDEX)
    kind, body = "account_all_orders", "orders"
    with Ledger.open("memory://") as ledger:
        for verb, row in (("subscribed", opened), ("update", ended)):
            frame = {"channel": f"{kind}:1234", body: {"0": [row]}, "type": f"{verb}/{kind}"}
            ledger.record_many(recording.read(frame).messages)
            ledger.record_many(recording.read({"code": 200, "orders": [row]}).messages)
        seen = ledger.order("281480000000101")
        assert (seen["status"], seen["cum_quantity"], seen["anomalies"]) == (
            "canceled",
            0,
            ["unknown_order"],
        )
        assert (seen["acknowledged_at"], seen["ended_at"]) == (
            moment(1790000005184833),
            moment(1790000136364320),
        )
        assert len(ledger.history("281480000000101")) == 3


@pytest.mark.parametrize(
    "document",
    [
        {
            "channel": "account_all_trades:1234",
            "daily_volume": 0,
            "trades": {},
            "type": "subscribed/account_all_trades",
        },
        {
            "type": "update/account_all",
            "account": INDEX,
            "assets": None,
            "funding_histories": None,
            "positions": None,
            "trades": None,
        },
        {
            "channel": "user_stats:1234",
            "stats": {"collateral": "40"},
            "timestamp": 1790000005123,
            "type": "subscribed/user_stats",
        },
        {
            "avg_entry_prices": {"1": {"asset_id": 1}},
            "type": "subscribed/account_spot_avg_entry_prices",
        },
        {
            "channel": "notification:1234",
            "notifs": [{"id": "n", "kind": "liquidation"}],
            "type": "update/notification",
        },
        {
            "channel": "height",
            "height": 301813997,
            "timestamp": 1790000005123,
            "type": "update/height",
        },
        {
            "error": {
                "code": 20001,
                "message": "invalid param : auth field is required: account_all_orders:1",
            }
        },
        {
            "type": "error",
            "code": 30012,
            "channel": "order_book:0",
            "message": "failed to subscribe",
        },
        {
            "code": 200,
            "user_tier": "standard",
            "current_maker_fee_tick": 0,
            "current_taker_fee_tick": 0,
        },
    ],
    ids=str,
)
def test_what_says_nothing_of_orders_is_no_fault(document: Any) -> None:
    assert told(document) == []


def test_a_position_is_short_by_its_sign_or_by_its_own() -> None:
    for position, sign in (("2.5", -1), ("-2.5", -1), ("-2.5", None)):
        (balance,) = told({"positions": {"0": [{**POSITION, "position": position, "sign": sign}]}})
        assert shown(balance)["quantity"] == "-2.5"


def instruments(recording: LighterRecording, document: Any) -> list[str | None]:
    translation = recording.read(document)
    assert list(translation.faults) == []
    return [
        message.instrument
        for message in translation.messages
        if isinstance(message, Fill | Balance)
    ]


@pytest.mark.parametrize(
    "naming",
    [
        {
            "type": "update/account_all_positions",
            "channel": "account_all_positions:1234",
            "positions": {"0": POSITION},
        },
        {"code": 200, "accounts": [{"index": INDEX, "positions": [POSITION]}]},
        {
            "type": "update/market_stats",
            "channel": "market_stats:0",
            "market_stats": {"market_id": 0, "symbol": "ETH"},
        },
        {
            "type": "update/market_stats",
            "channel": "market_stats:all",
            "market_stats": {"0": {"market_id": 0, "symbol": "ETH"}},
        },
        {"code": 200, "orders": [order(market_symbol="ETH", market_kind="perps")]},
        {
            "code": 200,
            "trades": [
                trade(market_symbol="ETH", market_kind="perps", trade_id=7, trade_id_str="7")
            ],
        },
    ],
    ids=["positions", "account", "one market", "all markets", "orders", "trades"],
)
def test_what_holds_the_symbol_of_a_market_names_it_for_what_follows(naming: Any) -> None:
    """Rows of orders and trades hold it since the version 1.1.8 of lighter-sdk on PyPI."""
    recording = LighterRecording(ACCOUNT, INDEX)
    assert set(instruments(recording, naming)) <= {"ETH"}
    assert instruments(recording, {"code": 200, "trades": [trade()]}) == ["ETH"]


def test_the_fills_of_a_frame_have_the_symbols_of_its_positions() -> None:
    frame = {
        "account": INDEX,
        "positions": {"0": POSITION},
        "trades": {"0": [trade()]},
        "type": "update/account_all",
    }
    assert instruments(LighterRecording(ACCOUNT, INDEX), frame) == ["ETH", "ETH"]


@pytest.mark.parametrize(
    "naming",
    [
        {"positions": {"0": POSITION}},
        {"code": 200, "order_book_details": [{"market_id": 0, "symbol": "ETH"}]},
    ],
    ids=["positions", "details"],
)
def test_a_market_that_was_told_without_a_symbol_keeps_that_name(naming: Any) -> None:
    """Else one fill would have two instruments, by the form it was read in."""
    recording = LighterRecording(ACCOUNT, INDEX)
    assert instruments(recording, {"code": 200, "trades": [trade()]}) == ["lighter:market:0"]
    assert set(instruments(recording, naming)) <= {"lighter:market:0"}
    assert instruments(recording, {"code": 200, "trades": [trade()]}) == ["lighter:market:0"]


def test_a_currency_that_was_told_keeps_its_name_and_its_perpetual_has_none() -> None:
    recording = LighterRecording(ACCOUNT, INDEX)
    assets = {
        "type": "update/account_all_assets",
        "assets": {"1": {"symbol": "ETH", "asset_id": 1, "balance": "2"}},
    }
    assert instruments(recording, assets) == ["ETH"]
    assert instruments(recording, {"positions": {"0": POSITION}}) == ["lighter:market:0"]
    assert instruments(recording, assets) == ["ETH"]


def test_a_name_among_the_markets_costs_none_of_their_rows() -> None:
    rows = {
        "trades": {
            "0": [trade()],
            "more": [trade(trade_id=19300000002, trade_id_str="19300000002")],
            "total": 2,
        }
    }
    translation = read(
        {"channel": "account_all_trades:1234", "type": "update/account_all_trades", **rows}
    )
    assert [shown(message)["fill_id"] for message in translation.messages] == [
        "0:19300000001:buy",
        "0:19300000002:buy",
    ]
    assert len(translation.faults) == 1


def test_a_binary_option_is_named_after_its_index_though_its_row_has_a_symbol() -> None:
    rows = [
        trade(market_id=70000, market_symbol="ETH", market_kind="bo"),
        trade(market_symbol="ETH", market_kind="perps"),
    ]
    assert instruments(LighterRecording(ACCOUNT, INDEX), {"code": 200, "trades": rows}) == [
        "lighter:market:70000",
        "ETH",
    ]


OUTCOME = {
    "market_id": 70000,
    "size": "100.0000",
    "sign": 1,
    "avg_entry_price": "0.5100",
    "entry_quote": "51.000000",
}


@pytest.mark.parametrize(
    "document",
    [
        {
            "type": "update/account_all_positions",
            "channel": "account_all_positions:1234",
            "positions": {},
            "bo_positions": ...,
        },
        {
            "type": "update/account_market",
            "channel": "account_market/70000/1234",
            "account": INDEX,
            "bo_position": ...,
        },
        {
            "code": 200,
            "accounts": [{"index": INDEX, "positions": [], "assets": [], "bo_positions": ...}],
        },
    ],
    ids=["all", "one", "account"],
)
def test_what_is_held_of_a_binary_option_is_told(document: Any) -> None:
    """apidocs.lighter.xyz/docs/binary-options-websocket, the fields as in the version 1.1.8 of
    lighter-sdk on PyPI."""
    for sign, quantity, average in ((1, "100.0000", "0.5100"), (-1, "-100.0000", "0.4900")):
        position = {**OUTCOME, "sign": sign}
        (balance,) = told(
            filled_in(document, {"70000": position} if "positions" in document else [position])
        )
        said = shown(balance)
        assert (said["instrument"], said["quantity"], said["average_price"]) == (
            "lighter:market:70000",
            quantity,
            average,
        )


def filled_in(document: Any, held: Any) -> Any:
    """The document with what is held where it says `...`."""
    if isinstance(document, dict):
        return {name: filled_in(value, held) for name, value in document.items()}
    if isinstance(document, list):
        return [filled_in(value, held) for value in document]
    return held if document is ... else document


def costs(**fields: Any) -> tuple[str | None, str | None]:
    (fill,) = told({"trades": [trade(**fields)]})
    return None if fill.fee is None else str(fill.fee), fill.fee_currency


@pytest.mark.parametrize(
    ("fields", "fee"),
    [
        ({"integrator_maker_fee": 150}, "0.089"),
        ({"integrator_maker_fee": "150", "maker_fee": ...}, "0.075"),
        ({"integrator_taker_fee": 150}, "0.014"),
        ({"integrator_maker_fee": 0}, "0.014"),
        ({"integrator_maker_fee": 0, "maker_fee": ...}, None),
    ],
)
def test_who_sends_an_order_on_may_take_a_fee_of_his_own(
    fields: dict[str, Any], fee: str | None
) -> None:
    """Rates of integrators stand beside the venue's: github.com/lev7finance/lighter-ts has recorded
    150 beside 50."""
    assert costs(**fields) == (fee, None if fee is None else "USDC")


SPOT = {"market_id": 2048, "size": "0.2000", "price": "2500.00", "usd_amount": "500.000000"}
SOLD = {"ask_account_id": INDEX, "bid_account_id": 4321}


def test_on_a_spot_market_the_fee_is_paid_in_what_is_received() -> None:
    """apidocs.lighter.xyz/docs/partner-integration: who buys ETH pays in ETH."""
    assert costs(**SPOT) == ("0.0000056", "ETH")
    assert costs(**SPOT, **SOLD) == ("0.098", "USDC")
    assert costs(**{**SPOT, "market_id": 2049}) == ("0.0000056", None)
    assert costs(**{**SPOT, "market_id": 0}, market_kind="perps") == ("0.014", "USDC")


def test_what_a_binary_option_cost_the_row_does_not_say() -> None:
    """apidocs.lighter.xyz/docs/binary-options-partner-attribution: it follows the price, less a
    discount of the account's."""
    assert costs(market_id=70000, price="0.51") == (None, None)
    assert costs(market_kind="bo", price="0.51") == (None, None)
