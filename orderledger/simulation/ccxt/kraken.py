"""A simulated Kraken on loopback: spot, by REST and the websocket of executions. Needs the extra
`fake`."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from orderledger import Side, TransferKind
from orderledger.extend.values import ZERO
from orderledger.simulation.ccxt import kraken_ledger, kraken_switch
from orderledger.simulation.ccxt.failings import Failings, free_ids_of_ended_orders
from orderledger.simulation.ccxt.kraken_terms import WORDS as WORDS_OF_TYPES
from orderledger.simulation.ccxt.kraken_terms import bought_for, chosen, order_terms, row_of_terms
from orderledger.simulation.market import (
    Change,
    ExchangeSimulator,
    Kind,
    OrderStatus,
    Reason,
    Refusal,
    SimulatedFill,
    SimulatedInstrument,
    SimulatedOrder,
)
from orderledger.simulation.servers import Faults, documents
from orderledger.simulation.servers.server import VenueServer
from orderledger.simulation.servers.socket import VenueSocket

KEY, SECRET, WEBSOCKET_TOKEN = (
    "key-of-the-fake",
    base64.b64encode(b"secret-of-the-fake").decode(),
    "token-of-the-socket",
)
SENDING_KEY = "second-key-of-the-fake"
"""Each key has its own nonces, so each program needs its own key (blog.kraken.com, API Unlocked
6, process isolation). Both have the same secret here.
"""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = 50
WORDS = {
    OrderStatus.RECEIVED: "pending",
    OrderStatus.WAITING: "pending",
    OrderStatus.OPEN: "open",
    OrderStatus.FILLED: "closed",
    OrderStatus.CANCELED: "canceled",
    OrderStatus.EXPIRED: "expired",
    OrderStatus.REJECTED: "canceled",
}
REFUSALS = {
    Reason.DUPLICATE_ORDER: "EOrder:Duplicate cl_ord_id",
    Reason.UNKNOWN_INSTRUMENT: "EQuery:Unknown asset pair",
    Reason.INCORRECT_EXPIRE_AT: "EOrder:Invalid expiretm",
    Reason.INCORRECT_PRICE: "EOrder:Invalid price:Invalid price argument",
    Reason.INCORRECT_QUANTITY: "EGeneral:Invalid arguments:volume",
    Reason.POST_ONLY_WOULD_MATCH: "EOrder:Post only order",
    Reason.UNKNOWN_ORDER: "EOrder:Unknown order",
    Reason.TOO_LATE_TO_CANCEL: "EOrder:Unknown order",
    Reason.TOO_LATE_TO_REPLACE: "EOrder:Unknown order",
    "insufficient_margin": "EOrder:Insufficient funds",
}
ALTERNATIVES = {"BTC": "XBT"}


class Denied(Exception):
    """A refusal in Kraken's format. It comes with the HTTP status 200."""


class KrakenServer(VenueServer):
    """The account `account` of a simulated exchange, whose instruments are named as ccxt names
    them: `ETH/USD`.

    `page`: the number of trades in one answer, the newest first.
    """

    websocket_path = "/v2"

    def __init__(
        self,
        exchange: ExchangeSimulator,
        account: str,
        instruments: Iterable[SimulatedInstrument],
        *,
        faults: Faults | None = None,
        port: int = 0,
        page: int = PAGE,
    ) -> None:
        super().__init__(exchange, faults=faults, port=port)
        self.account = account
        self.page = page
        self.instruments = {pair_of(one.name): one for one in instruments}
        self._nonces = dict.fromkeys((KEY, SENDING_KEY), 0)
        self.failings = Failings()
        self.too_late = 0
        self._costs: dict[int, Decimal] = {}
        self.countdowns = kraken_switch.countdowns(exchange, account)
        free_ids_of_ended_orders(exchange)
        self._handlers: Mapping[str, Callable[[Mapping[str, str]], Any]] = {
            "OpenOrders": self._open_orders,
            "ClosedOrders": self._closed_orders,
            "QueryOrders": self._query_orders,
            "TradesHistory": self._trades,
            "BalanceEx": self._balances,
            "Ledgers": lambda asked: kraken_ledger.ledgers(self.exchange, self.account, asked),
            "DepositStatus": lambda asked: kraken_ledger.transactions(
                self.exchange, self.account, TransferKind.DEPOSIT
            ),
            "WithdrawStatus": lambda asked: kraken_ledger.transactions(
                self.exchange, self.account, TransferKind.WITHDRAWAL
            ),
            "GetWebSocketsToken": lambda asked: {"token": WEBSOCKET_TOKEN, "expires": 900},
            "AddOrder": self._add,
            "AmendOrder": self._amend,
            "CancelOrder": self._cancel,
            **kraken_switch.handlers(self.exchange, self.account, self.countdowns),
        }

    def routes(self) -> Iterable[web.RouteDef]:
        return (
            web.get("/0/public/Time", self._server_time),
            web.get("/0/public/Assets", self._assets),
            web.get("/0/public/AssetPairs", self._pairs),
            web.post("/0/private/{call}", self._private),
        )

    def decimal(self, number: Decimal) -> str:
        """Numbers of the websocket, and times. Those of REST are text."""
        return documents.as_number(number)

    # The stream

    async def converse(self, socket: VenueSocket) -> None:
        """One client: it subscribes to executions with its token, and gets the open orders
        first.
        """
        unsubscribe: Callable[[], None] | None = None
        try:
            async for text in socket.texts():
                asked = json.loads(text)
                params = asked.get("params", {})
                if asked.get("method") == "ping":
                    self.push(socket, {"method": "pong"})
                elif params.get("token") != WEBSOCKET_TOKEN:
                    self.push(
                        socket,
                        {
                            "error": "EGeneral:Invalid arguments",
                            "success": False,
                            "req_id": asked.get("req_id"),
                        },
                    )
                elif unsubscribe is None:
                    unsubscribe = self.exchange.subscribe(
                        lambda change: self._push_change(socket, change)
                    )
                    self._push(
                        socket,
                        "snapshot",
                        [
                            self._report(one, "new")
                            for one in self.exchange.open_orders(self.account)
                        ],
                    )
        finally:
            if unsubscribe is not None:
                unsubscribe()

    def _push_change(self, socket: VenueSocket, change: Change) -> None:
        if change.order is None or change.account != self.account:
            return
        if change.fill is not None:
            self._push(socket, "update", [self._execution(change.order, change.fill)])
        kinds = {
            Kind.PLACED: "new",
            Kind.MODIFIED: "amended",
            Kind.CANCELED: "canceled",
            Kind.EXPIRED: "expired",
        }
        if change.fill is None:
            self._push(
                socket, "update", [self._report(change.order, kinds.get(change.kind, "status"))]
            )
        elif change.order.status is OrderStatus.FILLED:
            self._push(socket, "update", [self._report(change.order, "filled")])

    def _push(self, socket: VenueSocket, kind: str, data: list[Any]) -> None:
        self.push(
            socket,
            {
                "channel": "executions",
                "type": kind,
                "data": data,
                "sequence": self.exchange.sequence,
            },
        )

    def _report(self, order: SimulatedOrder, kind: str) -> dict[str, Any]:
        """The content of an order's update: after the first one, only what has changed."""
        status = {"closed": "filled", "open": "partially_filled" if order.filled else "new"}
        word = WORDS[order.status]
        row = {
            "order_id": order_name(order.order_id),
            "cl_ord_id": self.failings.reported(order.client_id or ""),
            "order_userref": 0,
            "exec_type": kind,
            "order_status": status.get(word, word),
            "cum_qty": order.filled,
            "cum_cost": order.notional,
            "avg_price": _rounded(order.average_price),
            "fee_usd_equiv": ZERO,
            "timestamp": _written(order.updated_at),
        }
        if kind == "canceled":
            return {
                **row,
                "reason": order.reason or "User requested",
                "cancel_reason": order.reason or "User requested",
            }
        return row | {
            "symbol": order.instrument,
            "side": str(order.side),
            "order_type": WORDS_OF_TYPES[order.order_type],
            "order_qty": order.quantity,
            "limit_price": order.limit_price or ZERO,
            "stop_price": order.stop_price or ZERO,
            "time_in_force": order.time_in_force.name,
        }

    def _execution(self, order: SimulatedOrder, fill: SimulatedFill) -> dict[str, Any]:
        return {
            "order_id": order_name(order.order_id),
            "exec_id": trade_name(fill.fill_id),
            "exec_type": "trade",
            "trade_id": fill.fill_id,
            "symbol": fill.instrument,
            "side": str(fill.side),
            "last_qty": fill.quantity,
            "last_price": fill.price,
            "liquidity_ind": "m" if fill.liquidity == "maker" else "t",
            "cost": fill.quantity * fill.price,
            "order_status": "filled" if order.status is OrderStatus.FILLED else "partially_filled",
            "order_type": str(order.order_type),
            "fees": [{"asset": fill.fee_currency, "qty": fill.fee}],
            "timestamp": _written(fill.at),
        }

    # Queries

    async def _server_time(self, request: web.Request) -> web.Response:
        unix_time = int(self.exchange.clock.now().timestamp())
        return self.answer({"error": [], "result": {"unixtime": unix_time}})

    async def _assets(self, request: web.Request) -> web.Response:
        rows = {
            name: {
                "aclass": "currency",
                "altname": ALTERNATIVES.get(code, code),
                "decimals": 10,
                "status": "enabled",
            }
            for code, name in kraken_ledger.ASSETS.items()
        }
        return self.answer({"error": [], "result": rows})

    async def _pairs(self, request: web.Request) -> web.Response:
        rows = {}
        for pair, one in self.instruments.items():
            base, _, quote = one.name.partition("/")
            rows[pair] = {
                "altname": pair,
                "wsname": one.name,
                "base": kraken_ledger.ASSETS[base],
                "quote": kraken_ledger.ASSETS[quote],
                "pair_decimals": -int(one.tick.as_tuple().exponent),
                "lot_decimals": -int(one.lot.as_tuple().exponent),
                "ordermin": _text(one.lot),
                "status": "online",
                "tick_size": _text(one.tick),
            }
        return self.answer({"error": [], "result": rows})

    def _open_orders(self, asked: Mapping[str, str]) -> Any:
        listed = chosen(filter(self._is_listed, self.exchange.open_orders(self.account)), asked)
        return {"open": {order_name(one.order_id): self._row(one) for one in listed}}

    def _closed_orders(self, asked: Mapping[str, str]) -> Any:
        start = Decimal(asked.get("start", 0))
        listed = chosen(filter(self._is_listed, self.exchange.orders(self.account)), asked)
        orders = [
            one for one in listed if one.status.is_ended and _seconds(one.updated_at) >= start
        ]
        return {
            "closed": {order_name(one.order_id): self._row(one) for one in orders[-self.page :]},
            "count": len(orders),
        }

    def _query_orders(self, asked: Mapping[str, str]) -> Any:
        order = self._named(asked)
        if not self._is_listed(order):
            raise Denied("EOrder:Invalid order")
        return {
            order_name(order.order_id): self._row(order, has_trades=asked.get("trades") == "true")
        }

    def _is_listed(self, order: SimulatedOrder) -> bool:
        return self.failings.is_listed(order, self.exchange)

    def _trades(self, asked: Mapping[str, str]) -> Any:
        """The newest trades of the requested period, up to a page."""
        start, end = Decimal(asked.get("start", 0)), Decimal(asked.get("end", 10**12))
        fills = [
            one for one in self.exchange.fills(self.account) if start < _seconds(one.at) <= end
        ]
        offset = int(asked.get("ofs", 0))
        newest = fills[::-1][offset : offset + self.page]
        return {
            "trades": {trade_name(one.fill_id): _trade(one) for one in newest},
            "count": len(fills),
        }

    def _balances(self, asked: Mapping[str, str]) -> Any:
        rows = {"ZUSD": {"balance": "1000.0000", "hold_trade": "0"}}
        held = self.exchange.positions(self.account)
        return rows | {
            kraken_ledger.ASSETS[one.instrument.partition("/")[0]]: {
                "balance": _text(one.quantity),
                "hold_trade": "0",
            }
            for one in held
        }

    # Order entry

    def _add(self, asked: Mapping[str, str]) -> Any:
        deadline = asked.get("deadline")  # compared by the matching engine (docs, add_order)
        if deadline and self.exchange.clock.now() > datetime.fromisoformat(deadline):
            self.too_late += 1
            raise Denied("EService:Deadline elapsed")
        if asked["pair"] not in self.instruments:
            raise Denied(REFUSALS[Reason.UNKNOWN_INSTRUMENT])
        one, quantity = self.instruments[asked["pair"]], Decimal(asked["volume"])
        is_cost = "viqc" in asked.get("oflags", "")
        try:
            terms: Any = order_terms(asked)
        except ValueError as error:
            raise Denied(str(error)) from None
        if is_cost:
            offers = self.exchange.book(one.name).resting(Side.SELL)
            terms["quantity"] = bought_for(quantity, offers, one)
        named = {"client_id": asked.get("cl_ord_id"), "instrument": one.name, "quantity": quantity}
        order = self._done(self.exchange.submit(self.account, **{**named, **terms}))
        if is_cost:
            self._costs[order.order_id] = quantity
        if self.failings.fails():
            raise Denied("EService:Timeout")
        text = (
            f"{asked['type']} {asked['volume']} {asked['pair']} @ {asked['ordertype']} "
            f"{asked.get('price', '')}"
        ).strip()
        return {"descr": {"order": text}, "txid": [order_name(order.order_id)]}

    def _amend(self, asked: Mapping[str, str]) -> Any:
        order, quantity, price = (
            self._named(asked),
            asked.get("order_qty"),
            asked.get("limit_price"),
        )
        self._done(
            self.exchange.request_replace(
                self.account, order_id=order.order_id, quantity=quantity, limit_price=price
            )
        )
        return {"amend_id": f"TAMEND-{self.exchange.sequence:05d}-AAAAAA"}

    def _cancel(self, asked: Mapping[str, str]) -> Any:
        self._done(self.exchange.request_cancel(self.account, order_id=self._named(asked).order_id))
        return {"count": 1}

    @staticmethod
    def _done(result: SimulatedOrder | Refusal) -> SimulatedOrder:
        if isinstance(result, Refusal):
            raise Denied(REFUSALS.get(result.reason, f"EOrder:{result.reason}"))
        return result

    def _named(self, asked: Mapping[str, str]) -> SimulatedOrder:
        name = asked.get("txid", "")
        number = name[1:].replace("-", "")
        order_id = int(number) if name.startswith("O") and number.isdigit() else None
        order = self.exchange.named(
            self.account, order_id=order_id, client_id=asked.get("cl_ord_id")
        )
        if order is None:
            raise Denied("EOrder:Unknown order" if "cl_ord_id" in asked else "EOrder:Invalid order")
        return order

    def _row(self, order: SimulatedOrder, *, has_trades: bool = False) -> dict[str, Any]:
        row: dict[str, Any] = {
            "refid": None,
            "userref": 0,
            "cl_ord_id": self.failings.reported(order.client_id or ""),
            "status": WORDS[order.status],
            "reason": order.reason,
            "opentm": _seconds(order.created_at),
            "starttm": 0,
            **row_of_terms(order, pair_of(order.instrument), self._costs.get(order.order_id)),
            "vol_exec": _text(order.filled),
            "cost": _text(order.notional),
            "fee": "0.00000",
            "price": _text(_rounded(order.average_price)),
            "stopprice": "0.00000",
            "limitprice": "0.00000",
            "misc": "",
        }
        if order.status.is_ended:
            row["closetm"] = _seconds(order.updated_at)
        if has_trades:
            row["trades"] = [
                trade_name(one.fill_id)
                for one in self.exchange.fills(self.account, order_id=order.order_id)
            ]
        return row

    # Keys and signatures

    async def _private(self, request: web.Request) -> web.Response:
        """The signature covers the path, the nonce and the body. A nonce has to be greater than
        the previous one of the same key.
        """
        body, path = await request.text(), request.path
        asked = dict(parse_qsl(body, keep_blank_values=True))
        nonce = asked.get("nonce", "")
        digest = hashlib.sha256((nonce + body).encode()).digest()
        expected = hmac.new(
            base64.b64decode(SECRET), path.encode() + digest, hashlib.sha512
        ).digest()
        signature = request.headers.get("API-Sign", "")
        handler = self._handlers.get(request.match_info["call"])
        key = request.headers.get("API-Key", "")
        if key not in self._nonces or not hmac.compare_digest(
            signature, base64.b64encode(expected).decode()
        ):
            return self.answer({"error": ["EAPI:Invalid key"]})
        if int(nonce) <= self._nonces[key]:
            return self.answer({"error": ["EAPI:Invalid nonce"]})
        self._nonces[key] = int(nonce)
        if handler is None:
            return self.answer({"error": ["EGeneral:Unknown method"]})
        try:
            return self.answer({"error": [], "result": handler(asked)})
        except Denied as denied:
            return self.answer({"error": [str(denied)]})


def pair_of(instrument: str) -> str:
    """ccxt's `BTC/USD` in Kraken's notation: `XBTUSD`."""
    base, _, quote = instrument.partition("/")
    return ALTERNATIVES.get(base, base) + quote


def order_name(order_id: int) -> str:
    return f"O00000-{order_id // 10**6:05d}-{order_id % 10**6:06d}"


def trade_name(fill_id: int) -> str:
    return f"T00000-{fill_id // 10**6:05d}-{fill_id % 10**6:06d}"


def _seconds(at: datetime) -> Decimal:
    return Decimal((at - EPOCH) // timedelta(microseconds=1)).scaleb(-6)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _text(number: Decimal) -> str:
    return f"{number:f}"


def _rounded(price: Decimal | None) -> Decimal:
    return round(price, 8) if price else ZERO


def _trade(fill: SimulatedFill) -> dict[str, Any]:
    return {
        "ordertxid": order_name(fill.order_id),
        "postxid": "TKH2SE-M7IF5-CFI7LT",
        "pair": pair_of(fill.instrument),
        "time": _seconds(fill.at),
        "type": str(fill.side),
        "ordertype": "limit",
        "price": _text(fill.price),
        "cost": _text(fill.quantity * fill.price),
        "fee": _text(fill.fee),
        "vol": _text(fill.quantity),
        "margin": "0.00000",
        "misc": "",
        "trade_id": fill.fill_id,
        "maker": fill.liquidity == "maker",
    }
