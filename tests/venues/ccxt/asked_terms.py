"""The requests of a desk's terms, in the words of each exchange's documents: what has to stand in
the request that ccxt 4.5.90 builds, apart from the tables in `sending`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

UNTIL = datetime(2027, 1, 1, tzinfo=UTC)
TRIGGER, OFFSET = Decimal(2600), Decimal("1.5")
TERMS: Mapping[str, Mapping[str, Any]] = {
    "take_profit": {"order_type": "take_profit", "stop_price": TRIGGER, "limit_price": None},
    "take_profit_limit": {"order_type": "take_profit_limit", "stop_price": TRIGGER},
    "trailing_stop:amount": {
        "order_type": "trailing_stop", "limit_price": None, "trail_offset": OFFSET,
        "trail_offset_type": "amount",
    },
    "trailing_stop:percent": {
        "order_type": "trailing_stop", "limit_price": None, "trail_offset": OFFSET,
        "trail_offset_type": "percent",
    },
    "gtd": {"time_in_force": "gtd", "expire_at": UNTIL},
    "gtd:stop_limit": {
        "order_type": "stop_limit", "stop_price": TRIGGER, "time_in_force": "gtd",
        "expire_at": UNTIL,
    },
    "day": {"time_in_force": "day"},
    "ioc": {"time_in_force": "ioc"},
    "fok": {"time_in_force": "fok"},
    "post_only": {"post_only": True},
    "quote_quantity": {
        "order_type": "market", "limit_price": None, "quantity": None,
        "quote_quantity": Decimal(100),
    },
    "display_quantity": {"display_quantity": Decimal(1)},
    "trigger_source:last": {
        "order_type": "stop_limit", "stop_price": TRIGGER, "trigger_source": "last"},
    "trigger_source:mark": {
        "order_type": "stop_limit", "stop_price": TRIGGER, "trigger_source": "mark"},
    "trigger_source:index": {
        "order_type": "stop_limit", "stop_price": TRIGGER, "trigger_source": "index"},
    "trigger_source:mark of a take-profit": {
        "order_type": "take_profit_limit", "stop_price": TRIGGER, "trigger_source": "mark"},
    "trigger_source:last of a trailing stop": {
        "order_type": "trailing_stop", "limit_price": None, "trail_offset": OFFSET,
        "trail_offset_type": "percent", "trigger_source": "last",
    },
}  # fmt: skip
"""The terms of an order, by the name under which a table row is tested."""

Both = tuple[str, ...] | Mapping[str, tuple[str, ...]]
PLAIN_STOP = '"orderType":"Limit"'
ASKED: Mapping[tuple[str, str], Mapping[str, Both]] = {
    ("binance", "spot"): {
        "take_profit": ("&type=TAKE_PROFIT&", "stopPrice=2600"),
        "take_profit_limit": ("type=TAKE_PROFIT_LIMIT", "stopPrice=2600", "price=2500.5"),
        "trailing_stop:percent": ("type=STOP_LOSS&", "trailingDelta=150&"),
        "quote_quantity": ("type=MARKET", "quoteOrderQty=100"),
        "display_quantity": ("icebergQty=1&",),
    },
    ("binanceusdm", "swap"): {
        "take_profit": ("/algoOrder ", "type=TAKE_PROFIT_MARKET", "triggerPrice=2600"),
        "take_profit_limit": ("/algoOrder ", "type=TAKE_PROFIT&", "triggerPrice=2600"),
        "trailing_stop:percent": (
            "/algoOrder ", "type=TRAILING_STOP_MARKET", "callbackRate=1.5&", "clientAlgoId=led1"),
        "gtd": ("timeInForce=GTD", "goodTillDate=1798761600000&"),
        "trigger_source:last": ("workingType=CONTRACT_PRICE",),
        "trigger_source:mark": ("workingType=MARK_PRICE",),
        "trigger_source:mark of a take-profit": ("workingType=MARK_PRICE", "type=TAKE_PROFIT&"),
        "trigger_source:last of a trailing stop": ("workingType=CONTRACT_PRICE", "callbackRate"),
    },
    ("bybit", "spot"): {"quote_quantity": ('"qty":"100"', '"marketUnit":"quoteCoin"')},
    ("bybit", "swap"): {
        "take_profit": {"buy": ('"triggerDirection":2', '"triggerPrice":"2600"', '"Market"'),
                        "sell": ('"triggerDirection":1', '"triggerPrice":"2600"', '"Market"')},
        "take_profit_limit": {"buy": ('"triggerDirection":2', PLAIN_STOP),
                              "sell": ('"triggerDirection":1', PLAIN_STOP)},
        "trigger_source:last": ('"triggerBy":"LastPrice"',),
        "trigger_source:mark": ('"triggerBy":"MarkPrice"',),
        "trigger_source:index": ('"triggerBy":"IndexPrice"',),
        "trigger_source:mark of a take-profit": ('"triggerBy":"MarkPrice"',),
    },
    ("okx", "spot"): {
        "quote_quantity": ('"sz":"100"', '"tgtCcy":"quote_ccy"'),
        "trailing_stop:amount": ('"ordType":"move_order_stop"', '"callbackSpread":"1.5"'),
        "trailing_stop:percent": ('"ordType":"move_order_stop"', '"callbackRatio":"0.015"'),
        "trigger_source:last": ('"slTriggerPxType":"last"',),
    },
    ("okx", "swap"): {
        "take_profit": ('"ordType":"conditional"', '"tpTriggerPx":"2600"', '"tpOrdPx":"-1"',
                        '"algoClOrdId":"led1"'),
        "take_profit_limit": ('"tpTriggerPx":"2600"', '"tpOrdPx":"2500.5"'),
        "trailing_stop:amount": ('"ordType":"move_order_stop"', '"callbackSpread":"1.5"'),
        "trailing_stop:percent": ('"ordType":"move_order_stop"', '"callbackRatio":"0.015"',
                                  '"algoClOrdId":"led1"'),
        "trigger_source:last": ('"slTriggerPxType":"last"',),
        "trigger_source:mark": ('"slTriggerPxType":"mark"',),
        "trigger_source:index": ('"slTriggerPxType":"index"',),
        "trigger_source:mark of a take-profit": ('"tpTriggerPxType":"mark"',),
    },
    ("kraken", "spot"): {
        "take_profit": ("ordertype=take-profit&", "price=2600"),
        "take_profit_limit": ("ordertype=take-profit-limit", "price=2600", "price2=2500.5"),
        "trailing_stop:amount": ("ordertype=trailing-stop&", "price=%2B1.5"),
        "trailing_stop:percent": ('"ordertype":"trailing-stop"', '"price":"+1.5%"'),
        "gtd": ("timeinforce=GTD", "expiretm=1798761600&"),
        "quote_quantity": {"buy": ("volume=100", "oflags=viqc")},
        "display_quantity": ("ordertype=iceberg", "displayvol=1&", "price=2500.5"),
        "trigger_source:last": ("trigger=last",),
        "trigger_source:index": ("trigger=index",),
        "trigger_source:last of a trailing stop": ('"trigger":"last"',),
    },
    ("krakenfutures", "swap"): {
        "take_profit": ("orderType=take_profit", "stopPrice=2600"),
        "take_profit_limit": ("orderType=take_profit", "stopPrice=2600", "limitPrice=2500.5"),
        "trailing_stop:amount": ("orderType=trailing_stop", "trailingStopMaxDeviation=1.5",
                                 "trailingStopDeviationUnit=QUOTE_CURRENCY"),
        "trailing_stop:percent": ("orderType=trailing_stop", "trailingStopMaxDeviation=1.5",
                                  "trailingStopDeviationUnit=PERCENT"),
        "ioc": ("orderType=ioc", "limitPrice=2500.5"),
        "fok": ("orderType=fok", "limitPrice=2500.5"),
        "trigger_source:last": ("triggerSignal=last",),
        "trigger_source:mark": ("triggerSignal=mark",),
        "trigger_source:index": ("triggerSignal=index",),
        "trigger_source:mark of a take-profit": ("triggerSignal=mark", "orderType=take_profit"),
        "trigger_source:last of a trailing stop": ("triggerSignal=last",),
    },
    ("bitget", "spot"): {
        "quote_quantity": {"buy": ('"orderType":"market"', '"size":"100"')},
    },
    ("gate", "spot"): {
        "quote_quantity": {"buy": ('"type":"market"', '"amount":"100"')},
        "display_quantity": ('"iceberg":"1"',),
    },
    ("gate", "swap"): {
        "take_profit": {"buy": ('"rule":2', '"price":"0"'), "sell": ('"rule":1', '"price":"0"')},
        "take_profit_limit": {"buy": ('"rule":2', '"price":"2600"'),
                              "sell": ('"rule":1', '"price":"2600"')},
        "display_quantity": ('"iceberg":"1"',),
        "trigger_source:last": ('"price_type":0',),
        "trigger_source:mark": ('"price_type":1',),
        "trigger_source:index": ('"price_type":2',),
        "trigger_source:mark of a take-profit": ('"price_type":1',),
    },
    ("kucoin", "spot"): {
        "quote_quantity": ('"type":"market"', '"funds":"100"'),
        "display_quantity": ('"iceberg":true', '"visibleSize":"1"'),
    },
    ("kucoinfutures", "swap"): {
        "display_quantity": ('"iceberg":true', '"visibleSize":"1"'),
    },
    ("blofin", "swap"): {
        "ioc": ('"orderType":"ioc"', '"price":"2500.5"'),
        "fok": ('"orderType":"fok"', '"price":"2500.5"'),
        "post_only": ('"orderType":"post_only"', '"price":"2500.5"'),
    },
    ("deribit", "swap"): {
        "day": ("time_in_force=good_til_day",),
        "display_quantity": ("display_amount=1",),
    },
    ("mexc", "spot"): {"quote_quantity": ("type=MARKET", "quoteOrderQty=100")},
    ("coinbase", "spot"): {
        "take_profit_limit": {"buy": ("STOP_DIRECTION_STOP_DOWN", '"stop_price":"2600"'),
                              "sell": ("STOP_DIRECTION_STOP_UP", '"stop_price":"2600"')},
        "gtd": ('"limit_limit_gtd"', '"end_time":"2027-01-01T00:00:00Z"'),
        "gtd:stop_limit": ('"stop_limit_stop_limit_gtd"', '"end_time":"2027-01-01T00:00:00Z"'),
        "quote_quantity": {"buy": ('"market_market_ioc"', '"quote_size":"100"')},
    },
    ("htx", "spot"): {
        "take_profit_limit": {"buy": ('"buy-stop-limit"', '"operator":"lte"'),
                              "sell": ('"sell-stop-limit"', '"operator":"gte"')},
        "quote_quantity": {"buy": ('"buy-market"', '"amount":"100"')},
    },
    ("hyperliquid", "swap"): {"take_profit_limit": ('"tpsl":"tp"', '"triggerPx":"2600"')},
    ("bitfinex", "spot"): {
        "trailing_stop:amount": ('"EXCHANGE TRAILING STOP"', '"price_trailing":"1.5"')},
}  # fmt: skip
"""By exchange and kind of market, and by term: what stands in the request, or in that of one side.
A term whose mapping lacks a side is not sent there on that side."""
