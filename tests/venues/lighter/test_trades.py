"""What a row of a trade says: whose it is, which side, which role, what it cost."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Balance, Fill, Funding
from tests.venues.lighter.rows import (
    ACCOUNT,
    CONTEXT,
    INDEX,
    moment,
    only,
    order,
    read,
    shown,
    trade,
)


def fill(**fields: Any) -> Fill:
    message = only({"trades": [trade(**fields)]})
    assert isinstance(message, Fill)
    return message


def test_the_whole_of_a_fill_is_this() -> None:
    assert shown(fill()) == {
        "type": "fill",
        "account": ACCOUNT,
        "at": "2026-09-21T14:13:24.123456Z",
        "source": "venue_poll",
        "sequence": 19300000001,
        "fill_id": "0:19300000001:buy",
        "venue_order_id": "281480000000101",
        "aliases": {"lighter.client_order_index": "9001"},
        "instrument": "ETH",
        "side": "buy",
        "quantity": "0.2000",
        "price": "2500.00",
        "fee": "0.014",
        "fee_currency": "USDC",
        "fees": [],
        "liquidity": "maker",
    }
    assert fill().evidence == trade()


def test_a_trade_number_too_large_for_a_sequence_is_none() -> None:
    assert fill(trade_id=..., trade_id_str=str(2**63)).sequence is None
    assert fill(trade_id=..., trade_id_str=str(2**63 - 1)).sequence == 2**63 - 1


@pytest.mark.parametrize(
    ("is_ours_ask", "is_maker_ask", "side", "liquidity", "fee"),
    [
        (True, True, "sell", "maker", "0.014"),
        (True, False, "sell", "taker", "0.098"),
        (False, True, "buy", "taker", "0.098"),
        (False, False, "buy", "maker", "0.014"),
    ],
)
def test_side_role_and_fee_are_those_of_our_end(
    is_ours_ask: bool, is_maker_ask: bool, side: str, liquidity: str, fee: str
) -> None:
    ask, bid = (INDEX, 4321) if is_ours_ask else (4321, INDEX)
    told = fill(ask_account_id=ask, bid_account_id=bid, is_maker_ask=is_maker_ask)
    assert (told.side, told.liquidity, told.fee) == (side, liquidity, Decimal(fee))
    assert told.venue_order_id == ("562950000000777" if is_ours_ask else "281480000000101")
    assert told.aliases == {"lighter.client_order_index": "77" if is_ours_ask else "9001"}


def test_a_trade_with_oneself_is_two_fills() -> None:
    told = read({"trades": [trade(ask_account_id=INDEX)]})
    assert told.faults == ()
    assert [
        (one["fill_id"], one["side"], one["liquidity"], one["venue_order_id"], one["fee"])
        for one in map(shown, told.messages)
    ] == [
        ("0:19300000001:buy", "buy", "maker", "281480000000101", "0.014"),
        ("0:19300000001:sell", "sell", "taker", "562950000000777", "0.098"),
    ]
    with Ledger.open("memory://") as ledger:
        assert [
            outcome.outcome for outcome in ledger.record_many([*told.messages, *told.messages])
        ] == [
            "recorded",
            "recorded",
            "duplicate",
            "duplicate",
        ]
        assert len(ledger.trades()) == 2


def test_one_trade_id_in_two_markets_is_two_fills() -> None:
    assert fill(market_id=0).fill_id != fill(market_id=1).fill_id


@pytest.mark.parametrize(
    ("fields", "fee"),
    [
        ({}, "0.014"),
        ({"maker_fee": 28, "usd_amount": "333.333333"}, "0.009333333324"),
        ({"maker_fee": "28"}, "0.014"),
        ({"maker_fee": 0}, "0"),
        ({"maker_fee": -20}, "-0.01"),
        ({"maker_fee": ...}, None),
        ({"maker_fee": None}, None),
        ({"usd_amount": ...}, None),
        ({"is_maker_ask": ...}, None),
    ],
)
def test_a_fee_is_a_rate_in_millionths_and_an_absent_one_is_not_told(
    fields: dict[str, Any], fee: str | None
) -> None:
    told = fill(**fields)
    assert (told.fee, told.fee_currency) == (
        (None, None) if fee is None else (Decimal(fee), "USDC")
    )


@pytest.mark.parametrize(
    "kind", ["liquidation", "deleverage", "market-settlement", "something-new"]
)
def test_a_fill_that_the_venue_made_has_its_reason(kind: str) -> None:
    assert fill(type=kind).reason == kind
    assert fill(type="trade").reason is None
    assert fill(type=...).reason is None


def test_the_time_of_a_fill_is_the_most_exact_one() -> None:
    assert fill().at == moment(1790000004123456)
    assert fill(transaction_time=...).at == moment(1790000004000000)
    assert fill(transaction_time=0, timestamp=1790000004).at == moment(1790000004000000)


def test_a_trade_between_others_is_none_of_ours() -> None:
    told = read({"trades": [trade(bid_account_id=5)]})
    assert (told.messages, told.faults) == ((), ())


@pytest.mark.parametrize(
    "fields",
    [
        {"trade_id": ..., "trade_id_str": ...},
        {"trade_id": 0, "trade_id_str": ""},
        {"size": "0.0000"},
        {"size": None},
        {"price": ...},
        {"price": "much"},
        {"price": "0.00"},
        {"price": "-2500.00"},
        {"price": "-1", "type": "market-settlement"},
        {"timestamp": 4000, "transaction_time": 1_790_000},
        {"timestamp": "0001-01-01T00:00:00Z", "transaction_time": ...},
        {"market_id": "ETH"},
        {"market_id": ...},
        {"bid_account_id": ...},
        {"timestamp": None, "transaction_time": None},
        {"bid_id": ..., "bid_id_str": ..., "bid_client_id": ..., "bid_client_id_str": ...},
        {"text": "\ud800"},
    ],
)
def test_a_trade_that_cannot_be_read_costs_the_others_nothing(fields: dict[str, Any]) -> None:
    told = read({"trades": [trade(trade_id_str="1"), trade(**fields), trade(trade_id_str="2")]})
    assert [shown(message)["fill_id"] for message in told.messages] == ["0:1:buy", "0:2:buy"]
    assert [fault.payload for fault in told.faults] == [trade(**fields)]


def test_the_market_may_stand_above_the_rows() -> None:
    message = only({"type": "update/account_all_trades", "trades": {"1": [trade(market_id=...)]}})
    assert shown(message)["fill_id"] == "1:19300000001:buy"


def test_a_fill_and_its_order_agree_in_the_ledger() -> None:
    row = order(
        filled_base_amount="0.2000",
        filled_quote_amount="500.000000",
        remaining_base_amount="0.3000",
    )
    row["transaction_time"] = trade()["transaction_time"]
    for messages in ([fill(), only({"orders": [row]})], [only({"orders": [row]}), fill()]):
        with Ledger.open("memory://") as ledger:
            ledger.record_many(messages)
            seen = ledger.order("9001")
            assert (seen["cum_quantity"], seen["status"], seen["anomalies"]) == (
                Decimal("0.2000"),
                "partially_filled",
                ["unknown_order"],
            )


FUNDING = {
    "timestamp": 1790003600,
    "market_id": 0,
    "funding_id": 11,
    "change": "-0.125000",
    "rate": "0.0001",
    "position_side": "long",
}


def test_funding_is_what_it_did_to_the_account() -> None:
    message = only({"code": 200, "position_fundings": [FUNDING]})
    assert shown(message) == {
        "type": "funding",
        "account": ACCOUNT,
        "at": "2026-09-21T15:13:20Z",
        "source": "venue_poll",
        "message_id": "lighter.funding:0:11",
        "instrument": "ETH",
        "amount": "-0.125000",
        "currency": "USDC",
    }
    assert isinstance(
        only({"type": "update/account_all", "funding_histories": {"0": FUNDING}}), Funding
    )


@pytest.mark.parametrize(
    ("fields", "quantity"),
    [
        ({"sign": 1}, "1.5"),
        ({"sign": -1}, "-1.5"),
        ({}, "1.5"),
        ({"sign": -1, "position": "0.0000"}, "0"),
        ({"sign": 0, "position": "0"}, "0"),
    ],
)
def test_a_position_has_its_sign_beside_it(fields: dict[str, Any], quantity: str) -> None:
    row = {
        "market_id": 1,
        "symbol": "BTC",
        "position": "1.5",
        "avg_entry_price": "60000.1",
        **fields,
    }
    message = only({"type": "subscribed/account_all_positions", "positions": {"1": row}})
    assert isinstance(message, Balance)
    assert (message.instrument, message.quantity, message.average_price) == (
        "BTC",
        Decimal(quantity),
        Decimal("60000.1"),
    )


def test_an_account_has_positions_currencies_and_collateral() -> None:
    position = {"market_id": 0, "sign": -1, "position": "2.0000", "avg_entry_price": "2500.00"}
    account = {
        "index": INDEX,
        "collateral": "1000.5",
        "positions": [position],
        "assets": [{"symbol": "ETH", "balance": "3"}],
    }
    told = read({"code": 200, "total": 1, "accounts": [account, {**account, "index": 7}]})
    assert told.faults == ()
    assert [
        (message.instrument, message.quantity)
        for message in told.messages
        if isinstance(message, Balance)
    ] == [
        ("ETH", Decimal(-2)),
        ("lighter:asset:ETH", Decimal(3)),
        ("USDC", Decimal("1000.5")),
    ]
    assert all(message.at is CONTEXT.received_at for message in told.messages)


def test_a_trade_at_no_price_names_the_field() -> None:
    assert [fault.fault for fault in read({"trades": [trade(price="0.00")]}).faults] == [
        "price is 0.00: a price must be greater than 0"
    ]
    assert [fault.fault for fault in read({"orders": [order(price="-1")]}).faults] == [
        "price is negative"
    ]
    assert [fault.fault for fault in read({"orders": [order(trigger_price="-1")]}).faults] == [
        "trigger_price is negative"
    ]


def test_what_did_not_come_about_is_settled_at_0() -> None:
    assert [fill(type="market-settlement", price=price).price for price in ("0.0000", "1")] == [
        Decimal(0),
        Decimal(1),
    ]


def test_trades_of_the_market_are_no_fills_of_the_account() -> None:
    """As `recentTrades` answers: whose they are stands in them, and they are others'."""
    told = read(
        {
            "code": 200,
            "trades": [
                trade(bid_account_id=7),
                trade(bid_account_id=...),
                trade(ask_account_id=..., bid_account_id=7),
            ],
        }
    )
    assert list(told.messages) == []
    assert [fault.fault for fault in told.faults] == ["the owner of the trade is missing"] * 2


@pytest.mark.parametrize(
    ("fields", "unread"),
    [
        ({"is_maker_ask": "no"}, "is_maker_ask"),
        ({"usd_amount": "NaN"}, "fee"),
        ({"maker_fee": "much"}, "fee"),
        ({"bid_client_id_str": "x", "bid_client_id": ...}, "bid_client_id"),
    ],
)
def test_a_field_that_a_fill_can_do_without_never_costs_the_fill(
    fields: dict[str, Any], unread: str
) -> None:
    told = fill(**fields)
    assert (told.quantity, told.venue_order_id, told.text) == (
        Decimal("0.2000"),
        "281480000000101",
        f"cannot be read: {unread}",
    )
