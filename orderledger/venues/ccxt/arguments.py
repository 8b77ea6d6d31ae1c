"""`Arguments`: the arguments passed to ccxt for an order, and the terms refused before ccxt is
called.
"""

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence, Set
from decimal import Decimal
from functools import partial
from typing import Any

from orderledger import OrderType, PositionSide, Side, TimeInForce
from orderledger.extend.values import plain
from orderledger.extend.views import Row
from orderledger.rows import OrderRow
from orderledger.venues.ccxt.importing import ccxt
from orderledger.venues.ccxt.quirks import Quirks
from orderledger.venues.ccxt.sending.tables import language_of
from orderledger.venues.ccxt.sending.terms import (
    POST_ONLY,
    Product,
    Term,
    terms_of,
    waits_for_trigger,
)
from orderledger.venues.ccxt.sending.terms import TYPES as ROW_TYPES
from orderledger.venues.ccxt.vocabulary import CLIENT_ID
from orderledger.venues.errors import NotSent

LONGEST_DERIVED = 26
"""Characters of a derived text, without its prefix: every exchange accepts this many."""
LARGEST_INTEGER = 2**45

TYPES = {
    OrderType.LIMIT: "limit",
    OrderType.MARKET: "market",
    OrderType.STOP: "market",
    OrderType.STOP_LIMIT: "limit",
    OrderType.TAKE_PROFIT: "market",
    OrderType.TAKE_PROFIT_LIMIT: "limit",
    OrderType.TRAILING_STOP: "market",
}
"""ccxt's order types. A stop order is one with a trigger price."""
REDUCE_ONLY = "reduce_only"
PLAIN_TYPES = frozenset({OrderType.LIMIT, OrderType.MARKET})
NEEDED: Mapping[str, Sequence[str]] = {
    OrderType.LIMIT: ("limit_price",),
    OrderType.MARKET: (),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("limit_price", "stop_price"),
    OrderType.TAKE_PROFIT: ("stop_price",),
    OrderType.TAKE_PROFIT_LIMIT: ("limit_price", "stop_price"),
    OrderType.TRAILING_STOP: ("trail_offset",),
}
IN_FORCE: Mapping[str | None, str | None] = {
    None: None,
    TimeInForce.GTC: None,
    TimeInForce.IOC: "IOC",
    TimeInForce.FOK: "FOK",
}
"""Times in force that ccxt unifies. The others need a row (`sending.terms`)."""


class Arguments:
    """The arguments of createOrder for the orders of one account. `exchange`: ccxt's, with numbers
    as text."""

    def __init__(self, exchange: Any, quirks: Quirks, account: str) -> None:
        self._exchange = exchange
        self._quirks = quirks
        self._account = account
        self._language = language_of(exchange.id)

    def of(self, order: Row) -> tuple[str, str, str, Any, str | None, dict[str, Any]]:
        """The arguments of createOrder."""
        kind, price = self.type_of(order), order.get("limit_price")
        rows = self._rows(order)
        params = {
            **self._names(order),
            **self._unified(order, {row.term for row in rows}),
            **self._closing(order),
            **self._trigger(order),
            **{name: value for row in rows for name, value in row.given(order).items()},
        }
        is_cost = any(row.as_amount for row in rows)
        return (
            order["instrument"],
            kind,
            str(order["side"]),
            plain(order["quote_quantity"]) if is_cost else self._amount(order),
            None if price is None else plain(price),
            params,
        )

    def _names(self, order: Row) -> dict[str, Any]:
        """The client id, under the names that the exchange uses for it."""
        language, client_id = self._language, self.client_id(order)
        given = int(client_id) if self._quirks.id_form == "integer" else client_id
        names = [self._quirks.id_param]
        if language is not None and language.contract_id and self._is_contract(order):
            names = [language.contract_id]
        if language is not None and language.stop_id and waits_for_trigger(order):
            names.append(language.stop_id)
        return dict.fromkeys(names, given)

    def _closing(self, order: Row) -> dict[str, Any]:
        """Reduce-only, or in hedge mode the position: an order on its other side closes it."""
        position = order.get("position_side")
        if position not in (PositionSide.LONG, PositionSide.SHORT):
            return {"reduceOnly": True} if order.get("reduce_only") else {}
        hedge = None if self._language is None else self._language.hedge
        if hedge is None:
            raise NotSent(
                "position_side",
                f"{self._exchange.id} has one position for each instrument, or none that an order "
                "can name",
            )
        closes = (order["side"] == Side.SELL) is (position == PositionSide.LONG)
        return {
            **(hedge.long if position == PositionSide.LONG else hedge.short),
            **(hedge.closes if closes else {}),
        }

    def _trigger(self, order: Row) -> dict[str, Any]:
        """The trigger price of a stop order. Take-profit orders have a row (`sending.terms`)."""
        if order.get("stop_price") is None or str(order["order_type"]) in ROW_TYPES:
            return {}
        language = self._language
        if language is None:
            return {"triggerPrice": plain(order["stop_price"])}
        by_side = {**language.stop, **(language.contract_stop if self._is_contract(order) else {})}
        return {language.trigger: plain(order["stop_price"]), **by_side.get(str(order["side"]), {})}

    def _unified(self, order: Row, replaced: Set[str]) -> dict[str, Any]:
        """The terms that ccxt unifies, without those that a row replaces."""
        word = order.get("time_in_force")
        in_force = None if str(word) in replaced else IN_FORCE.get(word)
        is_post_only = order.get("post_only") and POST_ONLY not in replaced
        return {
            **({"timeInForce": in_force} if in_force else {}),
            **({"postOnly": True} if is_post_only else {}),
        }

    def _rows(self, order: Row) -> list[Term]:
        """The rows of the terms that need one. Raises NotSent for a term without one."""
        rows = () if self._language is None else self._language.terms
        return terms_of(order, self._exchange.id, self._product(order), rows)

    def _check_reducing(self, order: OrderRow) -> None:
        """Raise NotSent for a reduce-only order where the exchange has none of this product. It
        would be filled without a position, too."""
        name, product = self._exchange.id, self._product(order)
        if not order.get("reduce_only") or self._language is None:
            return
        if REDUCE_ONLY not in self._language.sends(name, product):
            raise NotSent(
                "unsupported_term",
                f"reduce_only is not sent through ccxt to {name} for {product} orders",
            )

    def _amount(self, order: Row) -> Any:
        """The quantity as text; whole contracts as an integer if ccxt compares them with
        numbers.
        """
        if order["quantity"] is None:
            return None
        is_whole = (
            self._language is not None
            and self._language.whole_contracts
            and self._is_contract(order)
        )
        return int(order["quantity"]) if is_whole else plain(order["quantity"])

    def _product(self, order: OrderRow) -> Product:
        return "contract" if self._is_contract(order) else "spot"

    def _is_contract(self, order: Row) -> bool:
        return bool((self._exchange.markets or {}).get(order["instrument"], {}).get("contract"))

    def type_of(self, order: Row) -> str:
        """ccxt's type. Raises NotSent for terms that ccxt cannot send."""
        kind = TYPES.get(order["order_type"])
        if kind is None:
            raise NotSent("order_type", f"{order['order_type']} orders are not sent through ccxt")
        if self._exchange.markets or self._language is None:
            self._rows(order)
            self._check_reducing(order)
        if order["order_type"] == OrderType.TRAILING_STOP and order.get("limit_price") is not None:
            raise NotSent("limit_price", "a trailing stop is a market order when it triggers")
        for name in NEEDED[order["order_type"]]:
            if order.get(name) is None or order[name] <= 0:
                raise NotSent(name, f"a {order['order_type']} order needs a {name} above 0")
        return kind

    def check_steps(self, order: Row) -> None:
        """ccxt would round silently, and send other terms than the recorded ones."""
        symbol = order["instrument"]
        if symbol not in self._exchange.markets:
            raise NotSent("unknown_instrument", f"{self._exchange.id} has no market {symbol}")
        for name, rounded, reason in (
            ("quantity", self._exchange.amount_to_precision, "quantity_step"),
            ("limit_price", self._exchange.price_to_precision, "price_step"),
            ("stop_price", self._exchange.price_to_precision, "price_step"),
        ):
            value = order.get(name)
            if value is not None and not _is_exact(partial(rounded, symbol), value):
                raise NotSent(
                    reason, f"{name} {plain(value)} is not a multiple of the step of {symbol}"
                )

    def client_id(self, order: Row) -> str:
        """The client id that the exchange receives."""
        recorded: str | None = (order.get("aliases") or {}).get(CLIENT_ID)
        return recorded or client_id_for(self._quirks, self._account, order["client_order_id"])


def client_id_for(quirks: Quirks, account: str, client_order_id: str) -> str:
    """The client id that the exchange receives: our own if it fits. The same order has the same
    id in every process.
    """
    if quirks.fits(client_order_id):
        return client_order_id
    digest = hashlib.sha256(f"{account}\n{client_order_id}".encode()).digest()
    match quirks.id_form:
        case "hex":
            return f"0x{digest[:16].hex()}"
        case "integer":
            return str(int.from_bytes(digest[:8]) % (LARGEST_INTEGER - 1) + 1)
        case "uuid":
            return str(uuid.UUID(bytes=digest[:16], version=4))
        case _:
            return f"{quirks.id_prefix}{digest.hex()[:LONGEST_DERIVED]}"


def _is_exact(rounded: Callable[[str], str], value: Decimal) -> bool:
    try:
        return Decimal(rounded(plain(value))) == value
    except (
        ccxt.BaseError,
        ArithmeticError,
    ):  # below the smallest step, or too long
        return False
