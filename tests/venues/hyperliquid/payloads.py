"""Rows of the venue, made by hand, and what becomes of them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from orderledger import Ledger
from orderledger.domain.values import Source
from orderledger.infrastructure.messages.registry import Message
from orderledger.projections.view import Row
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.message_context import MessageContext, Translated
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.translate import translate_frame

ACCOUNT = "hyperliquid:main"
ADDRESS = "0x" + "aa" * 20
CLOID = "0x" + "b01".zfill(32)
T = 1_790_000_000_000
PUSHED = MessageContext(account=ACCOUNT, source=Source.VENUE_PUSH, address=ADDRESS)
POLLED = MessageContext(account=ACCOUNT, source=Source.VENUE_POLL, address=ADDRESS)

Json = dict[str, Any]


def moment(count: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=count)


def basic(**fields: Any) -> Json:
    row = {
        "coin": "ETH",
        "side": "B",
        "limitPx": "2500.5",
        "sz": "1.2",
        "oid": 101,
        "timestamp": T,
        "origSz": "1.2",
        "cloid": CLOID,
    }
    return without_ellipses(row | fields)


def listed(**fields: Any) -> Json:
    row = basic() | {
        "triggerCondition": "N/A",
        "isTrigger": False,
        "triggerPx": "0.0",
        "children": [],
        "isPositionTpsl": False,
        "reduceOnly": False,
        "orderType": "Limit",
        "tif": "Gtc",
    }
    return without_ellipses(row | fields)


def reported(status: Any, at: Any = T, **fields: Any) -> Json:
    return {"order": basic(**fields), "status": status, "statusTimestamp": at}


def fill(**fields: Any) -> Json:
    row = {
        "coin": "ETH",
        "px": "2500.5",
        "sz": "0.5",
        "side": "B",
        "time": T + 4000,
        "startPosition": "0.0",
        "dir": "Open Long",
        "closedPnl": "0.0",
        "hash": "0x" + "1" * 64,
        "oid": 101,
        "crossed": False,
        "fee": "0.1875",
        "tid": 411,
        "cloid": CLOID,
        "feeToken": "USDC",
        "twapId": None,
    }
    return without_ellipses(row | fields)


def without_ellipses(row: Json) -> Json:
    """`...` takes a field away."""
    return {name: value for name, value in row.items() if value is not ...}


def order_updates(*rows: Json) -> Json:
    return {"channel": "orderUpdates", "data": list(rows)}


def user_fills(*rows: Json, **fields: Any) -> Json:
    return {"channel": "userFills", "data": {"user": ADDRESS, "fills": list(rows), **fields}}


def open_orders(*rows: Json) -> Json:
    return {"channel": "openOrders", "data": {"dex": "", "user": ADDRESS, "orders": list(rows)}}


def heard(frames: Iterable[Json], legs: AccountLegs | None = None) -> Translated:
    """What frames say, one after the other, and a while after the last of them."""
    legs = legs or AccountLegs(ACCOUNT)
    told = Translated()
    for frame in frames:
        told.add(translate_frame(frame, legs, PUSHED))
    told.add(payload_rows.release(legs.held, legs, PUSHED))
    return told


def said(message: Message) -> Json:
    """A message without what every message of these tests has in common."""
    common = {"account", "source", "evidence", "instrument", "side"}
    return message.model_dump(
        mode="json", exclude=common, exclude_none=True, exclude_defaults=True
    ) | {"type": message.type}


def orders_after(messages: Iterable[Message]) -> list[Row]:
    with Ledger.open("memory://") as ledger:
        outcomes = ledger.record_many(messages)
        assert {outcome.outcome for outcome in outcomes} <= {"recorded", "duplicate"}, outcomes
        return ledger.orders()


def only_order_after(messages: Iterable[Message]) -> Row:
    (row,) = orders_after(messages)
    return row
