"""What ccxt would send of an order, at 19 exchanges: each term as it was meant, or nothing."""

import asyncio
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from orderledger.venues import NotSent, Unanswered
from orderledger.venues.ccxt.sending.tables import languages
from tests.venues.ccxt.offline import entry, order, outcome_of, sent

STOP, TERM = Decimal(2400), "term_not_sent"
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "limit": {},
    "sell": {"side": "sell"},
    "market": {"order_type": "market", "limit_price": None},
    "ioc": {"time_in_force": "ioc"},
    "fok": {"time_in_force": "fok"},
    "post_only": {"post_only": True},
    "reduce_only": {"side": "sell", "reduce_only": True},
    "stop_limit": {"order_type": "stop_limit", "stop_price": STOP},
    "stop": {"order_type": "stop", "side": "sell", "limit_price": None, "stop_price": STOP},
}
PLAIN = ("limit", "sell")
SENT: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]] = {
    ("binance", "spot"): {
        "market": ("type=MARKET",), "ioc": ("timeInForce=IOC",), "fok": ("timeInForce=FOK",),
        "post_only": ("type=LIMIT_MAKER",),
        "stop_limit": ("type=STOP_LOSS_LIMIT", "stopPrice=2400"), "stop": ("type=STOP_LOSS",
        "stopPrice=2400"),
    },
    ("binanceusdm", "swap"): {
        "market": ("type=MARKET",), "ioc": ("timeInForce=IOC",), "fok": ("timeInForce=FOK",),
        "post_only": ("timeInForce=GTX",),
        "reduce_only": ("reduceOnly=true",), "stop_limit": ("type=STOP&", "triggerPrice=2400"),
        "stop": ("type=STOP_MARKET",),
    },
    ("bybit", "spot"): {
        "market": ("baseCoin",), "ioc": ('"IOC"',), "fok": ('"FOK"',), "post_only": ('"PostOnly"',),
        "reduce_only": ('"reduceOnly":true',), "stop_limit": ('"StopOrder"',
        '"triggerPrice":"2400"'), "stop": ('"StopOrder"',),
    },
    ("bybit", "swap"): {
        "market": ('"Market"',), "ioc": ('"IOC"',), "fok": ('"FOK"',), "post_only": ('"PostOnly"',),
        "reduce_only": ('"reduceOnly":true',), "stop_limit": ('"triggerDirection":1',),
        "stop": ('"triggerDirection":2',),
    },
    ("okx", "spot"): {
        "market": ('"market"', "base_ccy"), "ioc": ('"ordType":"ioc"',), "fok": ('"ordType":"fok"',
        ),
        "post_only": ('"post_only"',),
        "stop_limit": ('"algoClOrdId":"led1"', '"slOrdPx":"2500.5"', '"tdMode":"cash"'),
        "stop": ('"slTriggerPx":"2400"', '"slOrdPx":"-1"', '"tdMode":"cash"'),
    },
    ("okx", "swap"): {
        "market": ('"market"',), "ioc": ('"ordType":"ioc"',), "fok": ('"ordType":"fok"',),
        "post_only": ('"post_only"',),
        "reduce_only": ('"reduceOnly":true',), "stop_limit": ('"slTriggerPx":"2400"',
        '"slOrdPx":"2500.5"'),
        "stop": ('"slTriggerPx":"2400"', '"slOrdPx":"-1"'),
    },
    ("kraken", "spot"): {
        "market": ("ordertype=market",), "ioc": ("timeinforce=IOC",), "fok": ("timeinforce=FOK",),
        "post_only": ("oflags=post",),
        "reduce_only": ("reduce_only=true",), "stop_limit": ("ordertype=stop-loss-limit",
        "price=2400", "price2=2500.5"),
        "stop": ("ordertype=stop-loss&", "price=2400"),
    },
    ("krakenfutures", "swap"): {
        "market": ("orderType=mkt",), "post_only": ("orderType=post",),
        "ioc": ("orderType=ioc", "limitPrice=2500.5"), "fok": ("orderType=fok",),
        "reduce_only": ("reduceOnly=true",),
        "stop_limit": ("orderType=stp", "stopPrice=2400", "limitPrice=2500.5"),
        "stop": ("orderType=stp",),
    },
    ("gate", "spot"): {"ioc": ('"ioc"',), "fok": ('"fok"',), "post_only": ('"poc"',)},
    ("gate", "swap"): {
        "market": ('"price":"0"',), "ioc": ('"tif":"ioc"',), "fok": ('"fok"',),
        "post_only": ('"poc"',),
        "reduce_only": ('"reduce_only":true', '"size":-2'), "stop_limit": ('"rule":1',),
        "stop": ('"rule":2',),
    },
    ("bitget", "spot"): {
        "ioc": ('"IOC"',), "fok": ('"FOK"',), "post_only": ('"post_only"',),
    },
    ("bitget", "swap"): {
        "market": ('"market"',), "ioc": ('"IOC"',), "fok": ('"FOK"',), "post_only": ('"post_only"',
        ),
        "reduce_only": ('"reduceOnly":"YES"',),
    },
    ("kucoin", "spot"): {
        "market": ('"market"',), "ioc": ('"IOC"',), "fok": ('"FOK"',),
        "post_only": ('"postOnly":true',),
    },
    ("kucoinfutures", "swap"): {
        "market": ('"market"',), "ioc": ('"IOC"',), "fok": ('"FOK"',),
        "post_only": ('"postOnly":true',),
        "reduce_only": ('"reduceOnly":true',),
    },
    ("deribit", "swap"): {
        "market": ("type=market",), "ioc": ("immediate_or_cancel",), "fok": ("fill_or_kill",),
        "post_only": ("post_only=true&reject_post_only=true",), "reduce_only": ("/private/sell?",
        "reduce_only=true"),
    },
    ("coinbase", "spot"): {
        "ioc": ("sor_limit_ioc",), "fok": ("limit_limit_fok",), "post_only": ('"post_only":true',),
        "stop_limit": ('"STOP_DIRECTION_STOP_UP"',),
    },
    ("mexc", "spot"): {
        "market": ("type=MARKET",), "ioc": ("IMMEDIATE_OR_CANCEL",), "fok": ("FILL_OR_KILL",),
        "post_only": ("LIMIT_MAKER",),
    },
    ("mexc", "swap"): {"market": ('"type":6',), "post_only": ('"type":2',),
    "reduce_only": ('"side":4',)},
    ("htx", "spot"): {
        "ioc": ('"buy-ioc"',), "fok": ('"buy-limit-fok"',), "post_only": ('"buy-limit-maker"',),
        "stop_limit": ('"buy-stop-limit"', '"operator":"gte"'),
    },
    ("htx", "swap"): {
        "market": ('"market"',), "ioc": ('"ioc"',), "fok": ('"fok"',), "post_only": ('"post_only"',
        ),
        "reduce_only": ('"reduce_only":1',),
    },
    ("hyperliquid", "swap"): {
        "ioc": ('"Ioc"',), "post_only": ('"Alo"',), "reduce_only": ('"r":true',),
        "stop_limit": ('"tpsl":"sl"',),
    },
    ("bitfinex", "spot"): {
        "stop_limit": ('"EXCHANGE STOP LIMIT"', '"price":"2400"', '"price_aux_limit":"2500.5"'),
        "stop": ('"EXCHANGE STOP"', '"price":"2400"'),
        "market": ('"EXCHANGE MARKET"',), "ioc": ('"EXCHANGE IOC"',), "fok": ('"EXCHANGE FOK"',),
        "post_only": ('"flags":4096',),
        "reduce_only": ('"flags":1024',),
    },
    ("alpaca", "spot"): {"market": ('"market"',), "ioc": ('"ioc"',), "fok": ('"fok"',),
    "stop_limit": ('"stop_price":"2400"',)},
    ("blofin", "swap"): {
        "market": ('"market"',), "reduce_only": ('"reduceOnly":"true"',),
        "ioc": ('"orderType":"ioc"', '"price":"2500.5"'), "fok": ('"orderType":"fok"',),
        "post_only": ('"orderType":"post_only"',),
    },
    ("hollaex", "spot"): {
        "market": ('"market"',), "post_only": ('"post_only":true',), "stop_limit": ('"stop":"2400"',
        ), "stop": ('"stop":"2400"',),
    },
    ("bigone", "spot"): {
        "ioc": ('"immediate_or_cancel":true',), "post_only": ('"post_only":true',),
        "stop_limit": ('"GTE"',), "stop": ('"LTE"',),
    },
}  # fmt: skip
"""By exchange and kind of market: the orders that can be sent, and what stands in the request
besides the plain terms."""


def told(name: str, kind: str, **terms: Any) -> tuple[str, str]:
    """`sent` and the request, or the reason why nothing was sent, and its sentence."""

    async def whole() -> tuple[str, str]:
        sender = entry(name, kind)
        outcome, text = await outcome_of(sender, sender.submit(order(kind, **terms)))
        assert outcome == "sent" or not any(
            method != "GET" and not url.endswith("/info") for method, url, _, _ in sent(sender)
        ), "something has left"
        return outcome, text

    return asyncio.run(whole())


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("name", "kind"), SENT)
def test_an_order_is_sent_as_it_was_meant_or_not_at_all(name: str, kind: str, variant: str) -> None:
    outcome, text = told(name, kind, **VARIANTS[variant])
    if variant in PLAIN or variant in SENT[name, kind]:
        assert outcome == "sent", text
        for part in SENT[name, kind].get(variant, ()):
            assert part in text
    else:
        assert outcome in (TERM, "invalid_order", "not_sent", "unsupported_term"), text


@pytest.mark.parametrize(
    ("name", "kind", "variant", "term"),
    [
        ("hollaex", "spot", "ioc", "time_in_force"),
        ("hollaex", "spot", "fok", "time_in_force"),
        ("bigone", "spot", "fok", "time_in_force"),
        ("mexc", "swap", "ioc", "time_in_force"),
        ("mexc", "spot", "stop_limit", "stop_price"),
        ("deribit", "swap", "stop", "stop_price"),
        ("alpaca", "spot", "post_only", "post_only"),
        ("hyperliquid", "swap", "fok", "t.limit.tif"),
    ],
)
def test_a_term_that_ccxt_drops_is_named(name: str, kind: str, variant: str, term: str) -> None:
    outcome, text = told(name, kind, **VARIANTS[variant])
    assert (outcome, term in text) == (TERM, True), text


OTHERS: Mapping[type, Any] = {str: "other1", int: 7}
Asked = tuple[str, str, str, Any, str | None, dict[str, Any]]
FAULTS: Mapping[str, Callable[[Asked], Asked]] = {
    "another side": lambda a: (a[0], a[1], "sell", *a[3:]),
    "another quantity": lambda a: (*a[:3], type(a[3])(3), *a[4:]),
    "another price": lambda a: (*a[:4], "2500.6", a[5]),
    "another type": lambda a: (a[0], "market", *a[2:]),
    "another client id": lambda a: (
        *a[:5],
        {name: OTHERS.get(type(value)) for name, value in a[5].items()},
    ),
    "reduce-only unasked": lambda a: (*a[:5], {**a[5], "reduceOnly": True}),
    "post-only unasked": lambda a: (*a[:5], {**a[5], "postOnly": True}),
    "immediate or cancel unasked": lambda a: (*a[:5], {**a[5], "timeInForce": "IOC"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("name", "kind"), SENT)
def test_a_request_that_differs_from_its_order_does_not_leave(
    name: str, kind: str, fault: str
) -> None:
    """A request builder of ccxt with one fault each. What the builder drops by itself changes
    nothing."""

    async def whole() -> None:
        sender = entry(name, kind)
        exchange = sender._exchange
        made, spoiled = exchange.create_order, FAULTS[fault]

        async def faulty(*asked: Any) -> Any:
            return await made(*spoiled(asked))

        exchange.create_order = faulty
        try:
            with pytest.raises((NotSent, Unanswered)) as raised:
                await sender.submit(order(kind))
            if isinstance(raised.value, Unanswered):
                ours = await request_of(name, kind)
                assert without_time(sent(sender)[-1]) == without_time(ours), (
                    "another request has left"
                )
        finally:
            await sender.aclose()

    asyncio.run(whole())


async def request_of(name: str, kind: str) -> Any:
    sender = entry(name, kind)
    with pytest.raises(Unanswered):
        await sender.submit(order(kind))
    await sender.aclose()
    return sent(sender)[-1]


def without_time(request: Any) -> set[str]:
    """The terms of a request, without its time and signature, and without what no exchange takes
    for a term."""
    _, url, _, body = request
    text = re.sub(r"(timestamp|nonce|signature|Timestamp|Signature)=[^& ]*", "", f"{url} {body}")
    text = re.sub(r'"(nonce|signature)":(\d+|\{[^}]*\})', "", text)
    unknown = r'"?(reduceOnly|postOnly|timeInForce|type)"?[:=]"?(true|IOC|post_only)"?[,&]?'
    return set(re.findall(r"[\w.\-\"]+", re.sub(unknown, "", text)))


@pytest.mark.parametrize("name", ["bitstamp", "whitebit", "hitbtc", "poloniex", "woo", "toobit"])
def test_an_exchange_without_a_table_gets_plain_orders_only(name: str) -> None:
    assert name not in languages()
    for variant, terms in VARIANTS.items():
        outcome, text = told(name, "spot", **terms)
        assert outcome == "sent" or variant not in PLAIN, (variant, text)
        assert outcome != "sent" or variant in (*PLAIN, "market"), (variant, text)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"limit_price": None}, "limit_price"),
        ({"limit_price": Decimal(0)}, "limit_price"),
        ({"limit_price": Decimal(-1)}, "limit_price"),
        ({"order_type": "stop", "limit_price": None}, "stop_price"),
        ({"order_type": "stop_limit", "stop_price": Decimal(0)}, "stop_price"),
        ({"order_type": "other"}, "order_type"),
        ({"time_in_force": "gtd"}, "time_in_force"),
    ],
)
def test_a_term_that_is_missing_or_unknown_is_refused_before_anything_is_recorded(
    terms: dict[str, Any], reason: str
) -> None:
    sender = entry("binance")
    with pytest.raises(NotSent) as raised:
        sender.prepare(order(**terms))
    assert raised.value.reason == reason
    asyncio.run(sender.aclose())


@pytest.mark.parametrize("name", sorted(languages()))
def test_every_table_is_tried(name: str) -> None:
    families = {
        "binanceus": "binance",
        "binancecoinm": "binanceusdm",
        "bybiteu": "bybit",
        "bybitid": "bybit",
        "gateeu": "gate",
    }
    families |= {"okxus": "okx", "myokx": "okx"}
    assert families.get(name, name) in {exchange for exchange, _ in SENT}
