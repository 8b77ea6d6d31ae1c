"""The checks of an order against the limits, before it is sent. Pure: the state of the account is
a `Situation`.

Every limit is one function, named like the limit. It returns what the order would reach, if that is
beyond the limit.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from orderledger import Side
from orderledger.extend.values import EXACT, ONE, QUOTIENT, plain
from orderledger.gateway.limits import NAMES, Denial, Limits, Proposed, Situation

UNKNOWN_QUANTITY = "the order states an amount of quote currency, so its quantity is unknown"


def check(
    order: Proposed, situation: Situation, rules: Iterable[Limits], names: Sequence[str] = NAMES
) -> Denial | None:
    """The first of these limits that the order would break, in the order of the rules and of
    `names`."""
    for rule in rules:
        if not rule.covers(order.account, order.instrument, order.strategy):
            continue
        for name in names:
            if (
                getattr(rule, name) is not None
                and (found := CHECKS[name](order, situation, rule)) is not None
            ):
                of_rule = f" of {rule.name}" if rule.name else ""
                return Denial(name, f"{name}{of_rule}: {found}")
    return None


def _beyond(value: Decimal | int, limit: Decimal | int | None, what: str) -> str | None:
    if limit is None or value <= limit:
        return None
    return f"{what} would become {plain(Decimal(value))}, the limit is {plain(Decimal(limit))}"


def _price(order: Proposed, situation: Situation) -> Decimal | None:
    if order.limit_price is not None:
        return order.limit_price
    mark = situation.mark(order)
    return mark[0] if mark is not None else None


def order_quantity(order: Proposed, situation: Situation, rule: Limits) -> str | None:
    if order.quantity is None:
        return UNKNOWN_QUANTITY
    return _beyond(order.quantity, rule.order_quantity, "the quantity")


def order_notional(order: Proposed, situation: Situation, rule: Limits) -> str | None:
    price = _price(order, situation)
    if price is None:
        return (
            f"the order has no limit price and {order.instrument} no mark, so its notional is "
            "unknown"
        )
    if order.quantity is None:
        return UNKNOWN_QUANTITY
    return _beyond(
        situation.notional(order, order.quantity, price), rule.order_notional, "the notional"
    )


def price_collar(order: Proposed, situation: Situation, rule: Limits) -> str | None:
    assert rule.price_collar is not None
    mark = situation.mark(order)
    if mark is None:
        return f"{order.instrument} has no mark to compare the price with"
    if order.limit_price is None or not mark[0]:
        return None
    ratio = QUOTIENT.divide(order.limit_price, mark[0])
    worse = EXACT.subtract(ratio, ONE) if order.side is Side.BUY else EXACT.subtract(ONE, ratio)
    if worse <= rule.price_collar:
        return None
    distance = (
        f"the price {plain(order.limit_price)} is {plain(round(worse, 6))} of the mark "
        f"{plain(mark[0])} away"
    )
    return f"{distance}, the limit is {plain(rule.price_collar)}"


def position_quantity(order: Proposed, situation: Situation, rule: Limits) -> str | None:
    if order.reduces:
        return None
    least, most = situation.position(order, rule)
    reached = most if order.side is Side.BUY else least
    if reached is None:
        return "an open order of unknown quantity makes the position unbounded"
    if order.added is None:
        return UNKNOWN_QUANTITY
    signed = order.added if order.side is Side.BUY else -order.added
    would_be = EXACT.add(reached, signed)
    extent = would_be if order.side is Side.BUY else -would_be
    return _beyond(extent, rule.position_quantity, "the worst-case position")


def open_orders(order: Proposed, situation: Situation, rule: Limits) -> str | None:
    if not order.is_new:
        return None
    return _beyond(situation.open_orders(rule) + 1, rule.open_orders, "the open orders")


def gross_notional(order: Proposed, situation: Situation, rule: Limits) -> str | None:
    if order.reduces:
        return None
    held, price = situation.gross_notional(rule), _price(order, situation)
    if held is None or price is None:
        return (
            "an instrument in its scope has neither a mark nor a limit price, so the gross "
            "notional is unknown"
        )
    if order.added is None:
        return UNKNOWN_QUANTITY
    added = situation.notional(order, order.added, price)
    return _beyond(EXACT.add(held, added), rule.gross_notional, "the gross notional")


def orders_per_second(order: Proposed, situation: Situation, rule: Limits) -> str | None:
    if not order.is_new:
        return None
    return _beyond(
        situation.sent_in_last_second(rule) + 1, rule.orders_per_second, "the orders of one second"
    )


def orders_per_day(order: Proposed, situation: Situation, rule: Limits) -> str | None:
    if not order.is_new:
        return None
    return _beyond(situation.sent_today(rule) + 1, rule.orders_per_day, "the orders of this day")


def self_crossing(order: Proposed, situation: Situation, rule: Limits) -> str | None:
    if rule.self_crossing or (other := situation.crossed(order)) is None:
        return None
    return f"it would trade with {other} of the same account"


def daily_loss(order: Proposed, situation: Situation, rule: Limits) -> str | None:
    return (
        None
        if order.reduces
        else _lost(situation.losses(rule), rule.daily_loss, "the loss of this day")
    )


def drawdown(order: Proposed, situation: Situation, rule: Limits) -> str | None:
    return (
        None
        if order.reduces
        else _lost(situation.drawdowns(rule), rule.drawdown, "the loss since the high of this day")
    )


def _lost(by_currency: Mapping[str, Decimal], limit: Decimal | None, what: str) -> str | None:
    for currency, amount in sorted(by_currency.items()):
        if limit is not None and amount > limit:
            return f"{what} is {plain(amount)} {currency}, the limit is {plain(limit)}"
    return None


def mark_age_seconds(order: Proposed, situation: Situation, rule: Limits) -> str | None:
    assert rule.mark_age_seconds is not None
    mark = situation.mark(order)
    if mark is None:
        return f"{order.instrument} has no mark"
    age = Decimal(str((situation.at() - mark[1]).total_seconds()))
    return (
        f"the mark is {plain(age)} s old, the limit is {plain(rule.mark_age_seconds)}"
        if age > rule.mark_age_seconds
        else None
    )


Check = Callable[[Proposed, Situation, Limits], str | None]

CHECKS: dict[str, Check] = {
    "order_quantity": order_quantity,
    "order_notional": order_notional,
    "price_collar": price_collar,
    "position_quantity": position_quantity,
    "open_orders": open_orders,
    "gross_notional": gross_notional,
    "orders_per_second": orders_per_second,
    "orders_per_day": orders_per_day,
    "self_crossing": self_crossing,
    "daily_loss": daily_loss,
    "drawdown": drawdown,
    "mark_age_seconds": mark_age_seconds,
}
