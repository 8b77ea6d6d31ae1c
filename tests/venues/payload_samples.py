"""The venues, each with documents of all its kinds, and its translation beside a ledger."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from orderledger.infrastructure.messages.registry import Message
from orderledger.testing.samples import UNKNOWN, PayloadSamples, Read
from orderledger.venues.base.translation import Fault, Translation
from orderledger.venues.base.venue import Records
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.translate import translated as ccxt_translated
from orderledger.venues.hyperliquid.recording import translate_recorded
from orderledger.venues.lighter.context import LighterContext
from orderledger.venues.lighter.markets import Markets
from orderledger.venues.lighter.settling import settled
from orderledger.venues.lighter.translate import translated as lighter_translated
from orderledger.venues.polled.order_rows import RowContext
from orderledger.venues.polled.reader import Reader
from orderledger.venues.tradier.context import TradierContext, TradierMemory
from orderledger.venues.tradier.translate import translated as tradier_translated
from tests.venues.ccxt import rows as ccxt
from tests.venues.hyperliquid import payloads as hyperliquid
from tests.venues.invex import payloads as invex
from tests.venues.lighter import rows as lighter
from tests.venues.nobitex import payloads as nobitex
from tests.venues.tables import TABLES
from tests.venues.tradier import payloads as tradier
from tests.venues.wallex import payloads as wallex

HEARD_AT = datetime(2026, 11, 20, tzinfo=UTC)


def _read_hyperliquid(
    document: Any, account: str, records: Records
) -> tuple[Sequence[Message], Sequence[Fault]]:
    told = translate_recorded(document, account, records=records)
    return told.messages, told.faults


def _read_lighter(
    document: Any, account: str, records: Records
) -> tuple[Sequence[Message], Sequence[Fault]]:
    markets = Markets({0: "ETH", 1: "BTC"}, 1)
    told = lighter_translated(
        document,
        LighterContext(
            account=account, account_index=lighter.INDEX, markets=markets, received_at=HEARD_AT
        ),
    )
    return settled(told.messages, account, records, markets), told.faults


def _read_tradier(
    document: Any, account: str, records: Records
) -> tuple[Sequence[Message], Sequence[Fault]]:
    context = TradierContext(
        account=account, records=records, memory=TradierMemory(), received_at=HEARD_AT
    )
    told = tradier_translated(document, context)
    return told.messages, told.faults


def _read_rows(translate: Callable[[Any, RowContext], Translation]) -> Read:
    def read(
        document: Any, account: str, records: Records
    ) -> tuple[Sequence[Message], Sequence[Fault]]:
        told = translate(
            document,
            RowContext(
                account=account, received_at=HEARD_AT, first_seen_at=lambda name, is_end: HEARD_AT
            ),
        )
        return told.messages, told.faults

    return read


def _read_ccxt(
    document: Any, account: str, records: Records
) -> tuple[Sequence[Message], Sequence[Fault]]:
    told = ccxt_translated(
        document, CcxtContext(account=account, records=records, received_at=HEARD_AT)
    )
    return told.messages, told.faults


def _frame(channel: str, **data: Any) -> Any:
    return {"channel": channel, "data": {"user": hyperliquid.ADDRESS, **data}}


T = hyperliquid.T
_FUNDING = {
    "time": T,
    "coin": "ETH",
    "usdc": "-1.5",
    "szi": "2",
    "fundingRate": "0.0001",
    "nSamples": None,
}
_POSITION = {
    "type": "oneWay",
    "position": {
        "coin": "ETH",
        "szi": "-1.5",
        "entryPx": "2500.1",
        "leverage": {"type": "cross", "value": 20},
    },
}
_STATE = {"assetPositions": [_POSITION], "time": T, "withdrawable": "1000.0"}
_TOKEN = {"coin": "USDC", "token": 0, "hold": "0.0", "total": "14.625485", "entryNtl": "0.0"}
_TRIGGER = hyperliquid.listed(
    oid=104,
    cloid=None,
    isTrigger=True,
    triggerPx="2400.0",
    orderType="Stop Market",
    tif=None,
    reduceOnly=True,
    isPositionTpsl=True,
)
_LIQUIDATED = hyperliquid.fill(
    tid=415,
    oid=109,
    dir="Liquidated Isolated Long",
    liquidation={"liquidatedUser": hyperliquid.ADDRESS, "markPx": "2300"},
)

HYPERLIQUID = PayloadSamples(
    name="hyperliquid",
    read=_read_hyperliquid,
    alias=("hyperliquid.cloid", hyperliquid.CLOID),
    instrument="ETH",
    unknown=hyperliquid.order_updates(hyperliquid.reported(UNKNOWN)),
    documents=[
        hyperliquid.order_updates(
            hyperliquid.reported("open"), hyperliquid.reported("filled", T + 5, oid=155, sz="0.0")
        ),
        hyperliquid.order_updates(
            hyperliquid.reported("canceled", T + 9), hyperliquid.reported("open", T + 9, oid=155)
        ),
        hyperliquid.order_updates(
            hyperliquid.reported("minTradeNtlRejected"),
            hyperliquid.reported("triggered", T + 1, oid=7),
        ),
        hyperliquid.open_orders(
            hyperliquid.listed(children=[_TRIGGER]),
            hyperliquid.listed(oid=102, cloid=None, sz="0.2"),
        ),
        hyperliquid.user_fills(
            hyperliquid.fill(),
            hyperliquid.fill(oid=0, tid=0, dir="Spot Dust Conversion"),
            _LIQUIDATED,
        ),
        _frame("userFundings", fundings=[_FUNDING, {**_FUNDING, "time": T + 1}], isSnapshot=True),
        _frame("user", nonUserCancel=[{"coin": "ETH", "oid": 1}]),
        _frame("user", fills=[hyperliquid.fill()], funding=_FUNDING),
        _frame(
            "userTwapSliceFills", twapSliceFills=[{"fill": hyperliquid.fill(twapId=3), "twapId": 3}]
        ),
        _frame(
            "webData2",
            openOrders=[hyperliquid.listed(sz="0.7")],
            serverTime=T,
            clearinghouseState=_STATE,
        ),
        _frame("clearinghouseState", dex="", clearinghouseState=_STATE),
        _frame(
            "post",
            id=1,
            response={
                "type": "info",
                "payload": {"type": "userFills", "data": [hyperliquid.fill()]},
            },
        ),
        [hyperliquid.reported("open"), hyperliquid.reported("canceled", str(T + 9), oid="101")],
        {"status": "order", "order": hyperliquid.reported("filled", sz="0.0")},
        {
            "status": "ok",
            "response": {
                "type": "order",
                "data": {"statuses": [{"resting": {"oid": 1}}, {"error": "no"}, "success"]},
            },
        },
        [{"time": T, "hash": "0x0", "delta": {"type": "funding", **_FUNDING}}],
        [_LIQUIDATED, hyperliquid.fill(tid=416, side="A", startPosition="0.5")],
        _STATE,
        {"balances": [_TOKEN]},
        _frame("spotState", spotState={"balances": [_TOKEN]}),
        _frame("allDexsClearinghouseState", clearinghouseStates=[["", _STATE], ["xyz", _STATE]]),
        _frame(
            "userHistoricalOrders",
            orderHistory=[
                hyperliquid.reported("internalCancel", T + 9),
                hyperliquid.reported("open"),
            ],
        ),
    ],
    rows={
        "spot balances": (
            lambda rows: {"balances": rows},
            _TOKEN,
            {"coin": "PURR", "token": 1, "total": "7.5"},
        ),
        "statuses": (
            lambda rows: hyperliquid.order_updates(*rows),
            hyperliquid.reported("open"),
            hyperliquid.reported("open", T + 3, oid=900, cloid=None, coin="SOL"),
        ),
        "open orders": (
            lambda rows: hyperliquid.open_orders(*rows),
            hyperliquid.listed(children=[_TRIGGER]),
            hyperliquid.listed(oid=900, cloid=None, coin="SOL"),
        ),
        "fills": (
            lambda rows: hyperliquid.user_fills(*rows),
            hyperliquid.fill(),
            hyperliquid.fill(oid=900, tid=900, coin="SOL"),
        ),
        "fundings": (
            lambda rows: _frame("userFundings", fundings=rows),
            _FUNDING,
            {**_FUNDING, "coin": "SOL", "time": T - 9},
        ),
        "positions": (
            lambda rows: {"assetPositions": rows, "time": T},
            _POSITION,
            {"type": "oneWay", "position": {"coin": "SOL", "szi": "3"}},
        ),
    },
)

_LIGHTER_FUNDING = {
    "timestamp": 1790000000,
    "market_id": 0,
    "funding_id": 5,
    "change": "-0.12",
    "rate": "0.0001",
}
_LIGHTER_POSITION = {
    "market_id": 0,
    "symbol": "ETH",
    "sign": -1,
    "position": "1.5000",
    "avg_entry_price": "2500.1",
}
_ASSET = {"symbol": "USDC", "asset_id": 3, "balance": "100.5", "locked_balance": "0"}

_OUTCOME = {
    "market_id": 70000,
    "size": "100.0000",
    "sign": -1,
    "avg_entry_price": "0.51",
    "entry_quote": "51.0",
}
LIGHTER = PayloadSamples(
    name="lighter",
    read=_read_lighter,
    alias=("lighter.client_order_index", "9001"),
    instrument="ETH",
    unknown={"code": 200, "orders": [lighter.order(status=UNKNOWN)]},
    documents=[
        {
            "type": "update/account_all_orders",
            "channel": "account_all_orders:1234",
            "orders": {"0": [lighter.order()]},
        },
        {
            "code": 200,
            "orders": [
                lighter.order(
                    status="canceled-reduce-only", type="stop-loss", trigger_price="2400.00"
                )
            ],
        },
        {
            "code": 200,
            "orders": [
                lighter.order(
                    status="pending",
                    trigger_status="parent-order",
                    parent_order_index=281480000000100,
                )
            ],
        },
        {
            "type": "update/account_all_trades",
            "channel": "account_all_trades:1234",
            "trades": {"0": [lighter.trade()]},
        },
        {
            "code": 200,
            "trades": [
                lighter.trade(ask_account_id=1234, type="liquidation"),
                lighter.trade(trade_id=2, trade_id_str="2"),
            ],
        },
        {
            "code": 200,
            "position_fundings": [_LIGHTER_FUNDING, {**_LIGHTER_FUNDING, "funding_id": 6}],
        },
        {
            "type": "update/account_all",
            "channel": "account_all:1234",
            "positions": {"0": _LIGHTER_POSITION},
            "assets": {"3": _ASSET},
            "trades": {"0": [lighter.trade()]},
            "funding_histories": {"0": [_LIGHTER_FUNDING]},
        },
        {
            "code": 200,
            "accounts": [
                {
                    "index": 1234,
                    "collateral": "1.5",
                    "positions": [_LIGHTER_POSITION],
                    "assets": [_ASSET],
                }
            ],
        },
        {
            "type": "update/account_market",
            "channel": "account_market/0/1234",
            "account": 1234,
            "assets": None,
            "funding_history": _LIGHTER_FUNDING,
            "orders": [lighter.order()],
            "position": [_LIGHTER_POSITION],
            "trades": [lighter.trade(type="buy")],
            "liquidation_trades": [lighter.trade(type="liquidation", trade_id=2, trade_id_str="2")],
            "timestamp": 1790000005123,
        },
        {
            "account": 1234,
            "bo_position": [_OUTCOME],
            "channel": "account_market/70000/1234",
            "type": "update/account_market",
        },
        {
            "code": 200,
            "trades": [lighter.trade(market_id=2048, market_kind="spot", integrator_maker_fee=150)],
        },
        {
            "code": 200,
            "trades": [
                lighter.trade(
                    type="deleverage",
                    bid_id=0,
                    bid_id_str="0",
                    bid_client_id=0,
                    bid_client_id_str="",
                )
            ],
        },
        lighter.order(),
    ],
    rows={
        "orders": (
            lambda rows: {"type": "update/account_all_orders", "orders": {"0": rows}},
            lighter.order(),
            lighter.order(
                order_index=281480000000900,
                order_id="281480000000900",
                client_order_index=0,
                client_order_id="0",
            ),
        ),
        "trades": (
            lambda rows: {"code": 200, "trades": rows},
            lighter.trade(),
            lighter.trade(
                trade_id=900,
                trade_id_str="900",
                bid_id=281480000000900,
                bid_id_str="281480000000900",
                bid_client_id=0,
                bid_client_id_str="0",
            ),
        ),
        "fundings": (
            lambda rows: {"position_fundings": rows},
            _LIGHTER_FUNDING,
            {**_LIGHTER_FUNDING, "funding_id": 900, "market_id": 1},
        ),
        "positions": (
            lambda rows: {"accounts": [{"index": 1234, "positions": rows}]},
            _LIGHTER_POSITION,
            {**_LIGHTER_POSITION, "market_id": 1, "symbol": "BTC"},
        ),
    },
)

_SPREAD = tradier.spread(
    "filled",
    tradier.leg(900111, tradier.SELL_PUT, "sell_to_open", 1, "2.6"),
    tradier.leg(900112, tradier.BUY_PUT, "buy_to_open", 1, "1.5"),
)
_BRACKET = tradier.spread(
    "open",
    tradier.leg(900131, None, "buy", 1, "500.2"),
    tradier.leg(900132, None, "sell", status="held", price="510"),
    tradier.leg(900133, None, "sell", status="held", stop_price="490"),
    **{"id": 900130, "class": "otoco"},
)
_HELD = {
    "cost_basis": 207.01,
    "date_acquired": "2018-08-08T14:41:11.405Z",
    "id": 130089,
    "quantity": 1.0,
    "symbol": "AAPL",
}

TRADIER = PayloadSamples(
    name="tradier",
    read=_read_tradier,
    alias=("tradier.tag", tradier.TAG),
    instrument="SPY",
    unknown=tradier.orders(tradier.row(status=UNKNOWN)),
    documents=[
        tradier.orders(tradier.row()),
        tradier.orders(tradier.filled_row(4, "500.2", (4, "500.2")), _SPREAD),
        tradier.orders(_BRACKET),
        tradier.orders(
            tradier.row(status="rejected", reason_description="no", tag=None),
            tradier.row(id=900102, status="held"),
        ),
        {"order": tradier.filled_row(10, "500.2")},
        tradier.event(),
        tradier.event(
            status="filled", exec_quantity=10, avg_fill_price="500.2", id=900111, parent_id=900110
        ),
        {
            "positions": {
                "position": [
                    _HELD,
                    {**_HELD, "symbol": tradier.SELL_PUT, "quantity": -1, "cost_basis": -260},
                ]
            }
        },
        {"positions": "null"},
        {
            "accounts": {
                "account": [
                    {
                        "account_number": "6YA1",
                        "orders": {"order": tradier.filled_row(4, "500.2")},
                        "positions": {"position": _HELD},
                    },
                    {"account_number": "6YA2", "orders": "null"},
                ]
            }
        },
        {"balances": {"account_number": "6YA1", "total_cash": 6363.86, "margin": {"fed_call": 0}}},
        {"errors": {"error": ["no", "never"]}},
        {"fault": {"faultstring": "Invalid Access Token", "detail": {"errorcode": "x"}}},
        _SPREAD,
    ],
    rows={
        "orders": (
            lambda rows: {"orders": {"order": rows}},
            tradier.filled_row(4, "500.2"),
            tradier.filled_row(4, "500.2", id=900900, symbol="XYZ", tag="another"),
        ),
        "spreads": (
            lambda rows: {"orders": {"order": rows}},
            _SPREAD,
            tradier.filled_row(4, "500.2", id=900900, symbol="XYZ", tag="another"),
        ),
        "positions": (
            lambda rows: {"positions": {"position": rows}},
            _HELD,
            {**_HELD, "id": 7, "symbol": "MSFT"},
        ),
    },
)

NOBITEX = PayloadSamples(
    name="nobitex",
    read=_read_rows(Reader(TABLES["nobitex"]).translated),
    alias=("nobitex.clientOrderId", nobitex.CLIENT_ID),
    instrument="BTC/IRR",
    unknown=nobitex.orders(nobitex.order(status=UNKNOWN)),
    documents=[
        nobitex.orders(
            nobitex.order(), nobitex.order(id=70002, clientOrderId=None, status="Canceled")
        ),
        nobitex.orders(
            nobitex.order(execution="stop_limit", param1="88200", status="Inactive", pairId=70003)
        ),
        {
            "status": "ok",
            "order": nobitex.order(
                price="market", execution="Market", status="New", matchedAmount="0E-10"
            ),
        },
        {"status": "ok", "updatedStatus": "Canceled", "order": nobitex.order(status="Canceled")},
        nobitex.trades(nobitex.trade(), nobitex.trade(id=810002, type="sell", market="NEW-USDT")),
        nobitex.wallets(nobitex.WALLET),
        nobitex.FRAME,
        {
            "status": "failed",
            "code": "DuplicateClientOrderId",
            "message": "no",
            "clientOrderId": "led-000001",
        },
        nobitex.OPTIONS,
    ],
    rows={
        "orders": (
            lambda rows: nobitex.orders(*rows),
            nobitex.order(),
            nobitex.order(id=70900, clientOrderId=None, market="X-RLS"),
        ),
        "trades": (
            lambda rows: nobitex.trades(*rows),
            nobitex.trade(),
            nobitex.trade(id=810900, orderId=70900, market="X-RLS"),
        ),
        "wallets": (
            lambda rows: nobitex.wallets(*rows),
            nobitex.WALLET,
            {**nobitex.WALLET, "currency": "rls"},
        ),
    },
)

INVEX = PayloadSamples(
    name="invex",
    read=_read_rows(Reader(TABLES["invex"]).translated),
    alias=("invex.client_order_id", invex.CLIENT_ID),
    instrument="BTC/IRR",
    unknown=invex.order(status=UNKNOWN),
    documents=[
        invex.order(),
        invex.order(
            symbol=invex.SYMBOL,
            status="CANCELED_BY_USER",
            cancel_order_id=invex.OTHER_ID,
            quantity=0.002,
        ),
        invex.orders(invex.order(status="FULL_FILLED", type="MARKET", price=None, trades=None)),
        {"order_id": invex.ID},
        {"cancel_order_id": invex.OTHER_ID},
        {"detail": [{"loc": ["body", "quantity"], "msg": "no", "type": "x"}]},
        {"accounts": [invex.HELD]},
        invex.MARKETS,
    ],
    rows={
        "orders": (
            lambda rows: invex.orders(*rows),
            invex.order(),
            invex.order(order_id=invex.OTHER_ID, client_order_id=None),
        ),
        "accounts": (
            lambda rows: {"accounts": rows},
            invex.HELD,
            {**invex.HELD, "currency": "BTC"},
        ),
    },
)

WALLEX = PayloadSamples(
    name="wallex",
    read=_read_rows(Reader(TABLES["wallex"]).translated),
    alias=("wallex.clientOrderId", wallex.NAME),
    instrument="BTC/IRT",
    unknown=wallex.orders(wallex.order(status=UNKNOWN)),
    documents=[
        wallex.answer(wallex.order()),
        wallex.orders(
            wallex.order(active=False, status="FILLED"),
            wallex.order(clientOrderId="b", fills=[], updated_at=None),
        ),
        wallex.answer([wallex.order(price=91000.5, origQty=12, executedQty=0, fills=[])]),
        wallex.answer({"balances": {"BTC": wallex.HELD}}),
        wallex.answer({"AccountLatestTrades": [wallex.fill()]}),
        {"success": False, "message": "no", "result": {"quantity": ["no"]}, "code": 422},
        wallex.MARKETS,
    ],
    rows={
        "orders": (
            lambda rows: wallex.orders(*rows),
            wallex.order(),
            wallex.order(clientOrderId="another", symbol="X"),
        ),
        "balances": (
            lambda rows: wallex.answer({"balances": dict(enumerate(rows))}),
            wallex.HELD,
            {**wallex.HELD, "asset": "TMN"},
        ),
    },
)


CCXT = PayloadSamples(
    name="ccxt",
    read=_read_ccxt,
    alias=("ccxt.clientOrderId", ccxt.CLIENT_ID),
    instrument="ETH/USDT",
    unknown={"exchange": "kraken", "order": ccxt.order(status=UNKNOWN)},
    documents=[
        {"exchange": "binance", "order": ccxt.order()},
        {"exchange": "binance", "trade": ccxt.trade()},
        {
            "exchange": "bitstamp",
            "orders": [
                ccxt.order(trades=[ccxt.trade()]),
                ccxt.order(id="102", status="canceled", filled="0"),
            ],
        },
        {
            "exchange": "kraken",
            "order": ccxt.order(info={"cl_ord_id": ccxt.CLIENT_ID}, status="closed", filled="1.2"),
        },
        {
            "exchange": "gate",
            "order": ccxt.order(
                status="canceled", lastUpdateTimestamp=None, info={"finish_as": "ioc"}
            ),
        },
        {
            "exchange": "hyperliquid",
            "trades": [ccxt.trade(), ccxt.trade(id=None), ccxt.trade(order=None, fees=None)],
        },
        {
            "exchange": "bybit",
            "order": ccxt.order(type="market", triggerPrice="2400", status="rejected"),
        },
        {
            "exchange": "okx",
            "positions": [ccxt.position(), ccxt.position(side="long", symbol="BTC/USD:BTC")],
        },
        {
            "exchange": "okx",
            "balance": {
                "info": {},
                "USDT": {"free": "1", "used": "0", "total": "1"},
                "free": {"USDT": "1"},
            },
        },
        {"exchange": "okx", "fundings": [ccxt.funding(), ccxt.funding(id=None)]},
        {"market": ccxt.market()},
        [{"exchange": "okx", "order": {**dict.fromkeys(ccxt.order()), "id": "7"}}],
    ],
    rows={
        "orders": (
            lambda rows: {"orders": rows},
            ccxt.order(),
            ccxt.order(id="900", symbol="SOL/USDT", clientOrderId="another"),
        ),
        "trades": (
            lambda rows: {"trades": rows},
            ccxt.trade(),
            ccxt.trade(id="900", order="900", symbol="SOL/USDT"),
        ),
        "positions": (
            lambda rows: {"positions": rows},
            ccxt.position(),
            ccxt.position(symbol="SOL/USDT:USDT"),
        ),
        "fundings": (
            lambda rows: {"fundings": rows},
            ccxt.funding(),
            ccxt.funding(id="f-2", symbol="SOL/USDT:USDT"),
        ),
    },
)

PAYLOAD_SAMPLES = {
    samples.name: samples
    for samples in (CCXT, HYPERLIQUID, INVEX, LIGHTER, NOBITEX, TRADIER, WALLEX)
}
