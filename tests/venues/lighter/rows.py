"""Rows as Lighter writes them, of account 1234, and what is asked of their translation."""

from datetime import UTC, datetime, timedelta
from typing import Any

from orderledger import Request
from orderledger.infrastructure.messages.registry import Message
from orderledger.venues.base.translation import Translation
from orderledger.venues.lighter.context import LighterContext
from orderledger.venues.lighter.markets import Markets
from orderledger.venues.lighter.translate import translated

ACCOUNT = "lighter:main"
INDEX = 1234
MARKETS = Markets({0: "ETH", 1: "BTC", 2048: "ETH/USDC"}, 1)
CONTEXT = LighterContext(account=ACCOUNT, account_index=INDEX, markets=MARKETS)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Document = dict[str, Any]


def moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def order(**fields: Any) -> Document:
    """An order to buy 0.5 ETH at 2500, on the book. A field given as ... is left out."""
    row = {
        "order_index": 281480000000101,
        "client_order_index": 9001,
        "order_id": "281480000000101",
        "client_order_id": "9001",
        "market_index": 0,
        "owner_account_index": INDEX,
        "initial_base_amount": "0.5000",
        "price": "2500.00",
        "remaining_base_amount": "0.5000",
        "is_ask": False,
        "filled_base_amount": "0.0000",
        "filled_quote_amount": "0.000000",
        "side": "",
        "type": "limit",
        "time_in_force": "good-till-time",
        "reduce_only": False,
        "trigger_price": "0.00",
        "order_expiry": 1792419200000,
        "status": "open",
        "trigger_status": "na",
        "timestamp": 1790000000,
        "created_at": 1790000000,
        "updated_at": 1790000000,
        "transaction_time": 1790000000123456,
        **fields,
    }
    return {name: value for name, value in row.items() if value is not ...}


def trade(**fields: Any) -> Document:
    """Our bid of 0.2 ETH at 2500 met an ask; ours was the maker."""
    row = {
        "trade_id": 19300000001,
        "trade_id_str": "19300000001",
        "type": "trade",
        "market_id": 0,
        "size": "0.2000",
        "price": "2500.00",
        "usd_amount": "500.000000",
        "ask_id": 562950000000777,
        "ask_id_str": "562950000000777",
        "bid_id": 281480000000101,
        "bid_id_str": "281480000000101",
        "ask_client_id": 77,
        "ask_client_id_str": "77",
        "bid_client_id": 9001,
        "bid_client_id_str": "9001",
        "ask_account_id": 4321,
        "bid_account_id": INDEX,
        "is_maker_ask": False,
        "timestamp": 1790000004000,
        "taker_fee": 196,
        "maker_fee": 28,
        "transaction_time": 1790000004123456,
        **fields,
    }
    return {name: value for name, value in row.items() if value is not ...}


def request(client_order_id: str, client_order_index: int, **fields: Any) -> Request:
    """Our request for that order, with the index under which the venue will know it."""
    return Request.model_validate(
        {
            "account": ACCOUNT,
            "client_order_id": client_order_id,
            "aliases": {"lighter.client_order_index": str(client_order_index)},
            "instrument": "ETH",
            "side": "buy",
            "quantity": "0.5",
            "order_type": "limit",
            "limit_price": "2500",
            **fields,
        }
    )


def read(document: Any, context: LighterContext = CONTEXT) -> Translation:
    return translated(document, context)


def only(document: Any, context: LighterContext = CONTEXT) -> Message:
    """The one message that the payload gives, without a fault."""
    told = read(document, context)
    assert told.faults == ()
    (message,) = told.messages
    return message


def shown(message: Message) -> Document:
    """What the message says, the evidence aside."""
    return message.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"evidence"})
