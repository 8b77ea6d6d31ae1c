"""Rows of the market in Hyperliquid's format: orders, fills, fundings and positions as in its
`/info` and its websocket.

Numbers are text with all digits (`px` price, `sz` what is left, `origSz` the quantity), times are
whole milliseconds since 1970, and coins are the instruments. Each row is made from the market's
row. Shapes: the venue's pages "Info endpoint" and "Subscriptions".
"""

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from orderledger import Liquidity, OrderType, Side, TimeInForce
from orderledger.extend.values import ZERO
from orderledger.simulation.market import (
    OrderStatus,
    SimulatedFill,
    SimulatedFunding,
    SimulatedOrder,
    SimulatedPosition,
    SimulatedTransfer,
)
from orderledger.venues.hyperliquid.rows import milliseconds
from orderledger.venues.hyperliquid.vocabulary import SETTLEMENT_CURRENCY

STEP = Decimal("0.000001")
NO_HASH = "0x" + "0" * 64
OUTSIDE = "0x" + "ee" * 20
"""The other party of transfers of tokens."""
DUST = "Spot Dust Conversion"
LIQUIDATION = "liquidation"
SIDES = {Side.BUY: "B", Side.SELL: "A"}
KINDS = {
    OrderType.MARKET: "Market",
    OrderType.LIMIT: "Limit",
    OrderType.STOP: "Stop Market",
    OrderType.STOP_LIMIT: "Stop Limit",
    OrderType.TAKE_PROFIT: "Take Profit Market",
    OrderType.TAKE_PROFIT_LIMIT: "Take Profit Limit",
    OrderType.OTHER: "Take Profit Limit",
}
FORCES = {TimeInForce.GTC: "Gtc", TimeInForce.IOC: "Ioc"}
REASONS = {
    "margin": "perpMarginRejected",
    LIQUIDATION: "liquidatedCanceled",
    "modified": "canceled",
}


def basic(order: SimulatedOrder) -> dict[str, Any]:
    """The form of `orderUpdates`: no type, no time in force."""
    row = {
        "coin": order.instrument,
        "side": SIDES[order.side],
        "limitPx": order.limit_price if order.limit_price is not None else Decimal("0.0"),
        "sz": max(order.unfilled, Decimal("0.0")),
        "oid": order.order_id,
        "timestamp": milliseconds(order.created_at),
        "origSz": order.quantity,
    }
    return row | ({"cloid": order.client_id} if order.client_id is not None else {})


def full(order: SimulatedOrder, children: list[SimulatedOrder]) -> dict[str, Any]:
    """The form of the lists."""
    is_trigger = order.stop_price is not None
    return basic(order) | {
        "triggerCondition": f"Price above {order.stop_price}" if is_trigger else "N/A",
        "isTrigger": is_trigger,
        "triggerPx": order.stop_price if is_trigger else Decimal("0.0"),
        "children": [full(child, []) for child in children],
        "isPositionTpsl": False,
        "reduceOnly": order.reduce_only,
        "orderType": KINDS[order.order_type],
        "tif": "Alo" if order.post_only else FORCES.get(order.time_in_force),
        "cloid": order.client_id,
    }


def reported(row: dict[str, Any], status: str, at: datetime) -> dict[str, Any]:
    """An order's row with its status word and time, in the form of `orderUpdates` and
    `orderStatus`.
    """
    return {"order": row, "status": status, "statusTimestamp": milliseconds(at)}


def status_word(order: SimulatedOrder) -> str:
    """The venue's status word. There is none for an expiry: the rest of an immediate order is
    refused or canceled.
    """
    reason = REASONS.get(order.reason or "", order.reason)
    match order.status:
        case OrderStatus.FILLED:
            return "filled"
        case OrderStatus.CANCELED:
            return reason if reason is not None and "Cancel" in reason else "canceled"
        case OrderStatus.REJECTED:
            return reason if reason is not None and reason.endswith("Rejected") else "rejected"
        case OrderStatus.EXPIRED:
            return "canceled" if order.filled else "iocCancelRejected"
        case _:
            return "open"


def fill(row: SimulatedFill) -> dict[str, Any]:
    """A row of `userFills`. `startPosition` is signed, `fee` negative for a rebate; a conversion of
    dust has no ids."""
    is_dust = row.reason == DUST
    document: dict[str, Any] = {
        "coin": row.instrument,
        "px": row.price,
        "sz": row.quantity,
        "side": SIDES[row.side],
        "time": milliseconds(row.at),
        "startPosition": row.position_before,
        "dir": DUST if is_dust else _direction(row),
        "closedPnl": row.realized,
        "hash": NO_HASH if is_dust else f"0x{row.fill_id:064x}",
        "oid": 0 if is_dust else row.order_id,
        "crossed": row.liquidity is Liquidity.TAKER,
        "fee": row.fee,
        "tid": 0 if is_dust else row.fill_id,
        "feeToken": row.fee_currency,
        "twapId": None,
    }
    if row.client_id is not None and not is_dust:
        document["cloid"] = row.client_id
    if row.reason == LIQUIDATION:
        document["liquidation"] = {
            "liquidatedUser": row.account,
            "markPx": row.price,
            "method": "market",
        }
    return document


def _direction(row: SimulatedFill) -> str:
    after = row.position_before + row.signed_quantity
    if row.position_before * row.signed_quantity >= ZERO:
        return "Open Long" if row.side is Side.BUY else "Open Short"
    if row.position_before * after < ZERO:
        return "Short > Long" if row.side is Side.BUY else "Long > Short"
    return "Close Short" if row.side is Side.BUY else "Close Long"


def pushed_funding(row: SimulatedFunding) -> dict[str, Any]:
    """A row of the channel `userFundings`: `usdc` is positive if received, `szi` the signed
    position."""
    rate = Decimal("0.0000125")
    return {
        "time": milliseconds(row.at),
        "coin": row.instrument,
        "usdc": row.amount,
        "szi": row.position,
        "fundingRate": rate,
        "nSamples": None,
    }


def asked_funding(row: SimulatedFunding) -> dict[str, Any]:
    """The same payment in the form of the query `userFunding`: under `delta`."""
    flat = pushed_funding(row)
    delta = {"type": "funding", **{name: value for name, value in flat.items() if name != "time"}}
    return {"time": flat["time"], "hash": NO_HASH, "delta": delta}


def transfer(row: SimulatedTransfer) -> dict[str, Any]:
    """A row of `userNonFundingLedgerUpdates`: a deposit or a withdrawal of USDC, a transfer of
    another token."""
    hashed = f"0x{row.transfer_id:064x}"
    delta: dict[str, Any] = {"type": "deposit" if row.amount > 0 else "withdraw"}
    if row.currency == SETTLEMENT_CURRENCY:
        delta |= {"usdc": abs(row.amount)}
    else:
        parties = (OUTSIDE, row.account) if row.amount > 0 else (row.account, OUTSIDE)
        delta = {"type": "spotTransfer", "token": row.currency, "amount": abs(row.amount)}
        delta |= dict(zip(("user", "destination"), parties, strict=True))
    return {"time": milliseconds(row.at), "hash": hashed, "delta": delta}


def _rounded(average: Decimal | None) -> Decimal | None:
    """The venue rounds averages that have no finite decimal form."""
    return None if average is None else average.quantize(STEP, rounding=ROUND_HALF_EVEN)


def state(positions: list[SimulatedPosition], at: datetime) -> dict[str, Any]:
    """A `clearinghouseState`, without sums that are not used here."""
    rows = [
        {
            "type": "oneWay",
            "position": {
                "coin": row.instrument,
                "szi": row.quantity,
                "entryPx": _rounded(row.average_price),
            },
        }
        for row in positions
    ]
    return {"assetPositions": rows, "time": milliseconds(at)}
