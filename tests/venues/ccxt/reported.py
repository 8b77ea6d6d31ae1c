"""Orders as the exchanges report them, for ccxt's own parsers: the fields of the documents that are
quoted in the source of ccxt 4.5.90 (`parse_order` of each exchange), with the terms of a desk.
"""

from collections.abc import Mapping
from typing import Any

MILLISECONDS, SECONDS = 1_763_458_576_201, 1_763_458_576
GOOD_TILL = 1_798_761_600

BINANCE: dict[str, Any] = {
    "symbol": "ETHUSDT", "orderId": 7, "clientOrderId": "led1", "price": "2500.5",
    "origQty": "2", "executedQty": "0", "cummulativeQuoteQty": "0", "status": "NEW",
    "timeInForce": "GTC", "type": "LIMIT", "side": "BUY", "stopPrice": "0", "time": MILLISECONDS,
    "updateTime": MILLISECONDS,
}  # fmt: skip
ALGO: dict[str, Any] = {
    "algoId": 7, "clientAlgoId": "led1", "algoType": "CONDITIONAL", "orderType": "STOP",
    "symbol": "ETHUSDT", "side": "SELL", "positionSide": "BOTH", "timeInForce": "GTC",
    "quantity": "2", "algoStatus": "NEW", "triggerPrice": "0", "price": "0",
    "createTime": MILLISECONDS, "updateTime": MILLISECONDS,
}  # fmt: skip
BYBIT: dict[str, Any] = {
    "orderId": "7", "orderLinkId": "led1", "symbol": "ETHUSDT", "side": "Buy", "orderType": "Limit",
    "price": "2500.5", "qty": "2", "leavesQty": "2", "cumExecQty": "0", "cumExecValue": "0",
    "orderStatus": "Untriggered", "stopOrderType": "Stop", "triggerPrice": "2400",
    "triggerDirection": 2, "reduceOnly": False, "timeInForce": "GTC", "positionIdx": 0,
    "createdTime": str(MILLISECONDS), "updatedTime": str(MILLISECONDS),
}  # fmt: skip
OKX: dict[str, Any] = {
    "algoId": "7", "algoClOrdId": "led1", "instId": "ETH-USDT-SWAP", "instType": "SWAP",
    "side": "sell", "sz": "2", "actualSz": "0", "state": "live", "ordType": "conditional",
    "tpTriggerPx": "", "tpOrdPx": "", "slTriggerPx": "", "slOrdPx": "", "triggerPx": "",
    "ordPx": "", "callbackRatio": "", "callbackSpread": "", "moveTriggerPx": "",
    "cTime": str(MILLISECONDS), "uTime": str(MILLISECONDS),
}  # fmt: skip
KRAKEN: dict[str, Any] = {
    "id": "OABC-DEF", "cl_ord_id": "0263c34d-350d-4712-9f2f-57e2a0f417e1", "status": "open",
    "opentm": SECONDS, "expiretm": 0, "vol": "2", "vol_exec": "0", "cost": "0", "fee": "0",
    "price": "0", "stopprice": "0", "limitprice": "0", "oflags": "fciq",
}  # fmt: skip
KRAKEN_DESCR: dict[str, Any] = {
    "pair": "ETHUSDT", "type": "sell", "ordertype": "limit", "price": "2500.5", "price2": "0",
}  # fmt: skip
KRAKENFUTURES: dict[str, Any] = {
    "order_id": "7", "cliOrdId": "led1", "symbol": "PF_ETHUSD", "side": "sell",
    "orderType": "take_profit", "stopPrice": 2600, "unfilledSize": 2, "filledSize": 0,
    "status": "untouched", "reduceOnly": False, "receivedTime": "2025-11-18T09:36:16.201Z",
    "lastUpdateTime": "2025-11-18T09:36:16.201Z", "triggerSignal": "mark",
}  # fmt: skip
GATE: dict[str, Any] = {
    "user": 1, "id": 7, "status": "open", "create_time": SECONDS, "finish_time": 0,
    "trigger": {"strategy_type": 0, "price_type": 0, "price": "2400", "rule": 2},
    "initial": {"contract": "ETH_USDT", "size": 2, "price": "2500.5", "tif": "gtc",
                "text": "t-led1", "is_reduce_only": False},
}  # fmt: skip
KUCOIN: dict[str, Any] = {
    "id": "7", "clientOid": "led1", "symbol": "ETH-USDT", "type": "limit", "side": "buy",
    "price": "2500.5", "size": "2", "stop": "loss", "stopPrice": "2400", "status": "NEW",
    "timeInForce": "GTC", "createdAt": MILLISECONDS,
}  # fmt: skip
COINBASE: dict[str, Any] = {
    "order_id": "7", "client_order_id": "led1", "product_id": "ETH-USDT", "side": "BUY",
    "status": "OPEN", "order_type": "STOP_LIMIT", "filled_size": "0", "average_filled_price": "0",
    "created_time": "2025-11-18T09:36:16.201Z", "time_in_force": "GOOD_UNTIL_CANCELLED",
}  # fmt: skip
HTX: dict[str, Any] = {
    "id": "7", "client-order-id": "led1", "symbol": "ethusdt", "type": "buy-stop-limit",
    "operator": "lte", "stop-price": "2400", "price": "2500.5", "amount": "2", "filled-amount": "0",
    "filled-cash-amount": "0", "state": "created", "created-at": MILLISECONDS,
}  # fmt: skip
DERIBIT: dict[str, Any] = {
    "order_id": "7", "label": "led1", "instrument_name": "ETH_USDT-PERPETUAL", "direction": "buy",
    "order_type": "limit", "order_state": "open", "price": 2500.5, "amount": 2, "filled_amount": 0,
    "time_in_force": "good_til_day", "creation_timestamp": MILLISECONDS,
    "last_update_timestamp": MILLISECONDS,
}  # fmt: skip
HYPERLIQUID: dict[str, Any] = {
    "order": {
        "coin": "ETH", "oid": 7, "cloid": "0x0263c34d350dc712df2f57e2a0f417e1", "side": "B",
        "limitPx": "2500.5", "sz": "2", "origSz": "2", "isTrigger": True, "triggerPx": "2400",
        "orderType": "Take Profit Limit", "tif": None, "reduceOnly": False,
        "timestamp": MILLISECONDS,
    },
    "status": "open", "statusTimestamp": MILLISECONDS,
}  # fmt: skip
BITFINEX: list[Any] = [
    7, None, 3630137465393, "tETHUSDT", MILLISECONDS, MILLISECONDS, 2, 2, "EXCHANGE TRAILING STOP",
    None, None, None, 0, "ACTIVE", None, None, 2500.5, 0, 1.5, 0, None, None, None, 0, 0, None,
    None, None, "API>BFX", None, None, {},
]  # fmt: skip


def limits(direction: str, name: str = "stop_limit_stop_limit_gtc", **more: Any) -> Any:
    """An order configuration of Coinbase."""
    terms = {"base_size": "2", "limit_price": "2500.5", "stop_price": "2400", **more}
    return {name: {**terms, "stop_direction": direction}}


DOWN = "STOP_DIRECTION_STOP_DOWN"
UNTIL = {"end_time": "2027-01-01T00:00:00Z"}
REPORTED: Mapping[tuple[str, str, str], Any] = {
    ("binance", "spot", "trailing_stop"): {
        **BINANCE, "type": "STOP_LOSS", "price": "0", "trailingDelta": 150, "side": "SELL"},
    ("binance", "spot", "take_profit"): {
        **BINANCE, "type": "TAKE_PROFIT", "stopPrice": "2400", "price": "0"},
    ("binance", "spot", "take_profit_limit"): {
        **BINANCE, "type": "TAKE_PROFIT_LIMIT", "stopPrice": "2400"},
    ("binanceusdm", "swap", "trailing_stop"): {
        **ALGO, "orderType": "TRAILING_STOP_MARKET", "callbackRate": "1.5"},
    ("binanceusdm", "swap", "take_profit"): {
        **ALGO, "orderType": "TAKE_PROFIT_MARKET", "triggerPrice": "2400"},
    ("binanceusdm", "swap", "take_profit_limit"): {
        **ALGO, "orderType": "TAKE_PROFIT", "triggerPrice": "2400", "price": "2500.5"},
    ("binanceusdm", "swap", "gtd"): {
        **BINANCE, "timeInForce": "GTD", "goodTillDate": GOOD_TILL * 1000, "avgPrice": "0"},
    ("bybit", "swap", "take_profit_limit"): BYBIT,
    ("bybit", "swap", "take_profit"): {**BYBIT, "orderType": "Market", "price": "0"},
    ("bybit", "swap", "stop_limit"): {**BYBIT, "triggerDirection": 1},
    ("okx", "swap", "take_profit_limit"): {**OKX, "tpTriggerPx": "2400", "tpOrdPx": "2500.5"},
    ("okx", "swap", "stop_limit"): {**OKX, "slTriggerPx": "2400", "slOrdPx": "2500.5"},
    ("okx", "swap", "stop"): {**OKX, "slTriggerPx": "2400", "slOrdPx": "-1"},
    ("okx", "swap", "take_profit"): {**OKX, "tpTriggerPx": "2400", "tpOrdPx": "-1"},
    ("okx", "swap", "trailing_stop"): {
        **OKX, "ordType": "move_order_stop", "callbackRatio": "0.015", "moveTriggerPx": "2390"},
    ("kraken", "spot", "take_profit"): {
        **KRAKEN, "descr": {**KRAKEN_DESCR, "ordertype": "take-profit", "price": "2400"}},
    ("kraken", "spot", "take_profit_limit"): {
        **KRAKEN, "descr": {**KRAKEN_DESCR, "ordertype": "take-profit-limit", "price": "2400",
                            "price2": "2500.5"}},
    ("kraken", "spot", "trailing_stop"): {
        **KRAKEN, "descr": {**KRAKEN_DESCR, "ordertype": "trailing-stop", "price": "+1.5%"}},
    ("kraken", "spot", "limit"): {
        **KRAKEN, "descr": {**KRAKEN_DESCR, "ordertype": "iceberg"}, "displayvol": "1"},
    ("kraken", "spot", "gtd"): {**KRAKEN, "expiretm": GOOD_TILL, "descr": KRAKEN_DESCR},
    ("krakenfutures", "swap", "take_profit"): KRAKENFUTURES,
    ("krakenfutures", "swap", "take_profit_limit"): {**KRAKENFUTURES, "limitPrice": 2500.5},
    ("krakenfutures", "swap", "trailing_stop"): {
        **KRAKENFUTURES, "orderType": "trailing_stop", "stopPrice": 2390},
    ("gate", "swap", "take_profit_limit"): GATE,
    ("gate", "swap", "take_profit"): {
        **GATE, "initial": {**GATE["initial"], "price": "0", "size": -2},
        "trigger": {**GATE["trigger"], "rule": 1}},
    ("gate", "swap", "stop_limit"): {**GATE, "trigger": {**GATE["trigger"], "rule": 1}},
    ("kucoin", "spot", "take_profit_limit"): KUCOIN,
    ("kucoin", "spot", "take_profit"): {**KUCOIN, "side": "sell", "stop": "entry",
                                        "type": "market", "price": None},
    ("kucoin", "spot", "stop_limit"): {**KUCOIN, "stop": "entry"},
    ("kucoinfutures", "swap", "take_profit_limit"): {
        **KUCOIN, "symbol": "ETHUSDTM", "stop": "down", "size": 2, "isActive": True},
    ("coinbase", "spot", "take_profit_limit"): {**COINBASE, "order_configuration": limits(DOWN)},
    ("coinbase", "spot", "stop_limit"): {
        **COINBASE, "order_configuration": limits("STOP_DIRECTION_STOP_UP")},
    ("coinbase", "spot", "gtd"): {
        **COINBASE, "order_type": "LIMIT", "time_in_force": "GOOD_UNTIL_DATE_TIME",
        "order_configuration": {
            "limit_limit_gtd": {"base_size": "2", "limit_price": "2500.5", **UNTIL}}},
    ("htx", "spot", "take_profit_limit"): HTX,
    ("htx", "spot", "stop_limit"): {**HTX, "operator": "gte"},
    ("deribit", "swap", "day"): DERIBIT,
    ("hyperliquid", "swap", "take_profit_limit"): HYPERLIQUID,
    ("bitfinex", "spot", "stop_limit"): {
        "result": [*BITFINEX[:8], "EXCHANGE STOP LIMIT", *BITFINEX[9:16], 2400, 0, 0, 2500.5,
                   *BITFINEX[20:]]},
    ("bitfinex", "spot", "stop"): {
        "result": [*BITFINEX[:8], "EXCHANGE STOP", *BITFINEX[9:16], 2400, 0, 0, 0, *BITFINEX[20:]]},
    ("bitfinex", "spot", "trailing_stop"): {"result": BITFINEX},
}  # fmt: skip
"""By exchange, kind of market and the term under test: the order type or the time in force."""
