"""How a simulated Lighter handles orders: transactions with consecutive nonces. Signatures are not
checked.

A transaction that passes the venue's checks is queued. Only the feed reports its result: a late
cancel, for instance, has the same answer as a successful one. An order that the sequencer refuses
is never listed; the query `tx` shows the refusal, as the application error `ae`.

Sources: apidocs.lighter.xyz, docs/trading (the sequencer may reject an order after code 200; its
nonce is used regardless). And docs/data-structures-constants-and-errors (`AppError`, Transaction
Status Mapping).
"""

import json
from collections import Counter
from decimal import Decimal

from orderledger import OrderType, TimeInForce
from orderledger.simulation.lighter.rows import PRICE_DECIMALS, SIZE_DECIMALS
from orderledger.simulation.market import (
    ExchangeSimulator,
    OrderStatus,
    Reason,
    Refusal,
    SimulatedOrder,
)
from orderledger.simulation.market.checks import WITH_LIMIT, WITH_STOP, OrderTerms
from orderledger.venues.base.fields import Document
from orderledger.venues.lighter.markets import Markets

CREATE_ORDER, CANCEL_ORDER, MODIFY_ORDER = 14, 15, 17
FIRST_ORDER_INDEX = 2**48
"""A smaller index is a client order index."""

IMMEDIATE, POST_ONLY = 0, 2
TYPES = (
    *(OrderType.LIMIT, OrderType.MARKET, OrderType.STOP, OrderType.STOP_LIMIT),
    *(OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT),
)
"""By the number of the type in a transaction."""
INVALID_NONCE = 21104
INVALID_EXPIRY = 21711
"""Of an expired transaction; no source was found for its code."""

CODES: dict[str, tuple[int, str]] = {
    Reason.DUPLICATE_ORDER: (21728, "client order index already exists"),
    Reason.INCORRECT_QUANTITY: (21701, "invalid order base amount"),
    Reason.INCORRECT_PRICE: (21702, "invalid order price"),
    Reason.INCORRECT_STOP_PRICE: (21702, "invalid order trigger price"),
    Reason.REDUCE_ONLY_WOULD_INCREASE: (21732, "reduce only increases position"),
    "insufficient_margin": (21739, "not enough margin to create the order"),
}
"""Refusals that are returned as answers, or as application errors. Nothing reports any other."""
BY_SEQUENCER = frozenset({Reason.REDUCE_ONLY_WOULD_INCREASE})
"""Refusals of orders that were queued. NautilusTrader documents it for reduce-only orders, in its
guide to Lighter."""
NO_ACTIVE_ORDER = 21600, "given order is not an active limit order"
TRANSACTION_NOT_FOUND = 21500, "transaction not found"
EXECUTED = 2


class Transactions:
    """`nonces`: the next one of each account index and API key index."""

    def __init__(self, exchange: ExchangeSimulator) -> None:
        self.exchange = exchange
        self.nonces: Counter[tuple[int, int]] = Counter()
        self.executed: dict[str, Document] = {}
        """By hash: transactions, as the query `tx` shows them."""
        self._worst_prices: dict[tuple[str, str | None], Decimal] = {}
        """By account and client id."""

    def worst_price(self, order: SimulatedOrder) -> Decimal | None:
        """The `price` of a stop-loss or take-profit order: the worst at which it may trade. None
        for other orders.

        Source: lighter-sdk 1.1.8, `create_sl_order`; each order has a price (`L2CreateOrder`).
        """
        return self._worst_prices.get((order.account, order.client_id))

    def done(self, account: str, markets: Markets, kind: int, order: Document) -> Document:
        """Execute a transaction, and return the answer: that it was queued, or a refusal."""
        refusal = self._why_expired(order) or self._why_not_nonce(order)
        error: tuple[int, str] | None = None
        if refusal is None and kind == CREATE_ORDER:
            refusal, error = self._created(account, markets, order)
        elif refusal is None and kind == CANCEL_ORDER:
            order_id, client_id = _named(int(order["Index"]))
            done = self.exchange.request_cancel(account, order_id=order_id, client_id=client_id)
            error = NO_ACTIVE_ORDER if isinstance(done, Refusal) else None
        elif refusal is None and kind == MODIFY_ORDER:
            self._modified(account, order)
        if refusal is not None:
            return refusal
        if "Nonce" in order:
            self.nonces[_key(order)] += 1
        tx_hash = self._executed(kind, order, error)
        return {"code": 200, "tx_hash": tx_hash, "predicted_execution_time_ms": 1}

    def shown(self, tx_hash: str) -> Document:
        """The answer to the query `tx` by hash: the transaction, or a refusal."""
        code, message = TRANSACTION_NOT_FOUND
        return self.executed.get(tx_hash, {"code": code, "message": message})

    def _executed(self, kind: int, order: Document, error: tuple[int, str] | None) -> str:
        """Keep a transaction, and return its hash. `event_info` is JSON in a string, and so is the
        application error in it, which is empty without one (lighter-sdk 1.1.8, `EnrichedTx`).
        """
        stated = "" if error is None else json.dumps({"code": error[0], "message": error[1]})
        tx_hash = f"{len(self.executed) + 1:080x}"
        self.executed[tx_hash] = {
            "code": 200,
            "hash": tx_hash,
            "type": kind,
            "info": json.dumps(order),
            "event_info": json.dumps({"ae": stated}),
            "status": EXECUTED,
            "nonce": order.get("Nonce", 0),
        }
        return tx_hash

    def _why_expired(self, order: Document) -> Document | None:
        """Refuse a transaction that arrives after its expiry."""
        expires_ms = order.get("ExpiredAt")
        if not expires_ms or self.exchange.clock.now().timestamp() * 1000 <= expires_ms:
            return None
        return {"code": INVALID_EXPIRY, "message": "transaction expired"}

    def _why_not_nonce(self, order: Document) -> Document | None:
        """Refuse a nonce that is not the next one. A missing nonce is not checked."""
        if "Nonce" not in order or order["Nonce"] == self.nonces[_key(order)]:
            return None
        return {"code": INVALID_NONCE, "message": "invalid nonce"}

    def _created(
        self, account: str, markets: Markets, order: Document
    ) -> tuple[Document | None, tuple[int, str] | None]:
        """Enter an order. Returns the refusal of its transaction, and its application error."""
        quantity, limit_price = _amounts(order)
        order_type, time_in_force = TYPES[order.get("Type", 0)], order.get("TimeInForce")
        is_limit = order_type in WITH_LIMIT
        is_market = order_type is OrderType.MARKET
        terms: OrderTerms = {
            "client_id": str(order["ClientOrderIndex"]),
            "instrument": markets.instrument(order["MarketIndex"]),
            "side": "sell" if order.get("IsAsk") else "buy",
            "quantity": quantity,
            "limit_price": limit_price if is_limit or is_market else None,
            # a market order never trades beyond its price
            "order_type": OrderType.LIMIT if is_market else order_type,
            "stop_price": _price(order["TriggerPrice"]) if order_type in WITH_STOP else None,
            "time_in_force": TimeInForce.IOC
            if time_in_force == IMMEDIATE and order_type not in WITH_STOP
            else TimeInForce.GTC,
            "post_only": time_in_force == POST_ONLY,
            "reduce_only": bool(order.get("ReduceOnly")),
        }
        self._worst_prices.pop((account, terms["client_id"]), None)
        if not is_limit and not is_market:
            self._worst_prices[account, terms["client_id"]] = limit_price
        done = self.exchange.submit(account, **terms)
        if not isinstance(done, Refusal) or done.reason not in CODES:
            return None, None
        code, message = CODES[done.reason]
        if done.reason in BY_SEQUENCER:
            return None, (code, message)
        return {"code": code, "message": message}, None

    def _modified(self, account: str, order: Document) -> None:
        """Change quantity, price and trigger price. Source: lighter-sdk 1.1.8,
        `sign_modify_order`.
        """
        order_id, client_id = _named(int(order["Index"]))
        quantity, price = _amounts(order)
        found = self.exchange.named(account, order_id=order_id, client_id=client_id)
        if found is None or found.status is not OrderStatus.WAITING:
            self.exchange.request_replace(
                account,
                order_id=order_id,
                client_id=client_id,
                quantity=quantity,
                limit_price=price,
            )
            return
        name = (account, found.client_id)
        is_at_market = name in self._worst_prices
        if is_at_market:
            self._worst_prices[name] = price
        self.exchange.modify(
            found,
            quantity=quantity,
            limit_price=None if is_at_market else price,
            stop_price=_price(order["TriggerPrice"]),
            with_new_id=False,
        )


def _key(order: Document) -> tuple[int, int]:
    return int(order["AccountIndex"]), int(order.get("ApiKeyIndex", -1))


def _named(index: int) -> tuple[int | None, str | None]:
    """The order that the venue's id or the client's id identifies."""
    return (index, None) if index >= FIRST_ORDER_INDEX else (None, str(index))


def _amounts(order: Document) -> tuple[Decimal, Decimal]:
    return Decimal(order["BaseAmount"]).scaleb(-SIZE_DECIMALS), _price(order["Price"])


def _price(steps: int) -> Decimal:
    return Decimal(steps).scaleb(-PRICE_DECIMALS)
