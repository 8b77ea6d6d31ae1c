"""`Term`: how ccxt is given one term of an order, a row of an exchange's table. Needs no ccxt.

A row `[[term]]` in the file of an exchange has:

- `term`: the order type (`take_profit`, `take_profit_limit`, `trailing_stop`), the time in force
  (`day`, `gtd`) or the field of the order (`quote_quantity`, `display_quantity`,
  `trigger_source`). `source`: the page or the request builder that states it.
- `products` (`spot`, `contract`), `exchanges` of the file, order `types`, `sides`, and `unit` of a
  trail offset. The row holds for these only. Without them it holds for all.
- `param`: the parameter of createOrder that takes the value: the trigger price, the trail offset,
  the expiry or the field. Without `param`, `as_amount` passes the value as the amount.
- `form`: of an expiry: `s` or `ms` (Unix time) or `iso` (RFC 3339). `words`: the parameter's text
  for each value. `prefix` and `suffix`: around the value.
- `params`, `buy`, `sell`: further parameters, always or by side.

A term without a row is not sent: NotSent. A row for `ioc`, `fok` or `post_only` replaces the
parameter that ccxt unifies, where ccxt drops it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from orderledger import OrderType, TimeInForce
from orderledger.extend.values import plain
from orderledger.extend.views import Row
from orderledger.venues.errors import NotSent

Product = Literal["spot", "contract"]
PRODUCTS: tuple[Product, ...] = ("spot", "contract")
TRAILS = str(OrderType.TRAILING_STOP)
TYPES = frozenset({str(OrderType.TAKE_PROFIT), str(OrderType.TAKE_PROFIT_LIMIT), TRAILS})
"""Order types that need a row."""
IN_FORCE = frozenset({str(TimeInForce.DAY), str(TimeInForce.GTD)})
"""Times in force that need a row."""
UNIFIED = frozenset({str(TimeInForce.IOC), str(TimeInForce.FOK)})
POST_ONLY = "post_only"
FIELDS = ("quote_quantity", "display_quantity", "trigger_source")
"""Fields of the order that need a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One row. Its fields are those of the file."""

    term: str
    source: str
    products: Sequence[Product] = PRODUCTS
    exchanges: Sequence[str] = ()
    types: Sequence[str] = ()
    sides: Sequence[str] = ()
    unit: str | None = None
    param: str | None = None
    as_amount: bool = False
    form: Literal["s", "ms", "iso"] = "iso"
    words: Mapping[str, str | int] = field(default_factory=dict)
    prefix: str = ""
    suffix: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    buy: Mapping[str, Any] = field(default_factory=dict)
    sell: Mapping[str, Any] = field(default_factory=dict)

    def is_of(self, exchange: str, product: Product) -> bool:
        """Whether the row holds for this exchange and product."""
        return product in self.products and (not self.exchanges or exchange in self.exchanges)

    def takes(self, order: Row) -> bool:
        """Whether the row holds for the terms of this order."""
        has_unit = self.unit is None or self.unit == str(order.get("trail_offset_type"))
        is_word = (
            self.term != "trigger_source"
            or not self.words
            or str(order["trigger_source"]) in self.words
        )
        return (
            has_unit
            and is_word
            and (not self.types or str(order["order_type"]) in self.types)
            and (not self.sides or str(order["side"]) in self.sides)
        )

    def given(self, order: Row) -> dict[str, Any]:
        """The parameters for ccxt."""
        by_side = self.buy if str(order["side"]) == "buy" else self.sell
        value = {} if self.param is None else {self.param: self._written(order)}
        return {**value, **self.params, **by_side}

    def _written(self, order: Row) -> Any:
        value = order.get(_field_of(self.term))
        if isinstance(value, datetime):
            return self._time(value)
        if self.words:
            return self.words[str(value)]
        return value if value is None else f"{self.prefix}{plain(value)}{self.suffix}"

    def _time(self, at: datetime) -> Any:
        if at.microsecond:
            raise NotSent("expire_at", "the exchange takes whole seconds: expire_at has a fraction")
        if self.form == "iso":
            return at.isoformat(timespec="seconds").replace("+00:00", "Z")
        return int(at.timestamp()) * (1_000 if self.form == "ms" else 1)


def needed(order: Row) -> Iterator[str]:
    """The terms of an order that need a row."""
    kind, in_force = str(order["order_type"]), str(order.get("time_in_force"))
    if kind in TYPES:
        yield kind
    if in_force in IN_FORCE:
        yield in_force
    yield from (name for name in FIELDS if order.get(name) is not None)


def terms_of(order: Row, exchange: str, product: Product, rows: Sequence[Term]) -> list[Term]:
    """The row of each term that needs one, or has one. Raises NotSent for a term without one."""
    known = [row for row in rows if row.is_of(exchange, product)]
    unified = [name for name in _unified(order) if _is_known(name, known)]
    return [_row_of(name, order, exchange, known) for name in (*needed(order), *unified)]


def _unified(order: Row) -> Iterator[str]:
    """The terms of an order for which ccxt has a parameter."""
    in_force = str(order.get("time_in_force"))
    if in_force in UNIFIED:
        yield in_force
    if order.get("post_only"):
        yield POST_ONLY


def _row_of(name: str, order: Row, exchange: str, known: Sequence[Term]) -> Term:
    found = next((row for row in known if row.term == name and row.takes(order)), None)
    if found is not None:
        return found
    if name in TYPES:
        reason, what = "order_type", f"{name} orders"
    elif name in IN_FORCE | UNIFIED:
        reason, what = "time_in_force", f"{name} orders"
    else:
        reason, what = "unsupported_term", f"{name} {order[name]}"
    of_this_kind = f" with these terms ({order['order_type']})" if _is_known(name, known) else ""
    raise NotSent(reason, f"{what}{of_this_kind} are not sent through ccxt to {exchange}")


def _is_known(name: str, known: Sequence[Term]) -> bool:
    return any(row.term == name for row in known)


def waits_for_trigger(order: Row) -> bool:
    """Whether an order waits for a trigger at the exchange: a stop, a take-profit or a trailing
    stop."""
    return order.get("stop_price") is not None or str(order.get("order_type")) == TRAILS


def _field_of(term: str) -> str:
    """The field of the order that has the value of a term."""
    if term == TRAILS:
        return "trail_offset"
    if term in IN_FORCE:
        return "expire_at"
    return "stop_price" if term in TYPES else term
