"""Rules about orders, and about the size of orders and positions."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from orderledger import Anomaly
from orderledger.extend.messages import Identifier, Quantity
from orderledger.extend.values import EXACT, plain, stream_names
from orderledger.extend.views import StoredViews, derived_anomalies, tables
from orderledger.rows import AnomalyRow, OrderRow
from orderledger.serve.alerts.reading import State
from orderledger.serve.alerts.rule import Condition, NotNegativeSeconds, Page, Rule
from orderledger.serve.alerts.rules.amounts import exposures, position_name
from orderledger.serve.alerts.sizes import UsualSizes, instruments, place_of

OF_ORDER = ("client_order_id", "venue_order_id", "instrument", "side", "strategy", "status")


def unresolved_orders(views: StoredViews) -> list[OrderRow]:
    return views.rows(tables.ORDERS.public, is_open=True, certainty="unresolved")


def open_anomalies(views: StoredViews) -> list[AnomalyRow]:
    recorded = views.session.select(tables.ANOMALIES, "cleared_at IS NULL")
    return [*recorded, *derived_anomalies(views, tables.ANOMALIES)]


class UnresolvedRule(Rule):
    """An order whose outcome is unknown, `seconds` after it, or its pending change, was sent."""

    kind: Literal["unresolved"]
    seconds: NotNegativeSeconds = Field(description="How long an order may be unresolved.")

    subject: ClassVar = "the order"
    cleared: ClassVar = "its outcome is known"
    page: ClassVar[Page] = "orders"

    def conditions(self, state: State) -> Iterator[Condition]:
        for order in state.rows(unresolved_orders):
            since = order["pending_since"] or order["submitted_at"] or order["requested_at"]
            since = since or order["updated_at"] or state.now
            age = state.age(since)
            if age > self.seconds:
                text = (
                    f"{_named(order)}: the outcome is unknown {age:.0f} s after it was sent, the "
                    f"limit is {self.seconds:g} s"
                )
                details = {"age_seconds": age, "limit_seconds": self.seconds}
                yield _of_order(order, text, details)._replace(
                    since=since, cause="submission_unresolved."
                )


class AnomalyRule(Rule):
    """An anomaly that is not cleared."""

    kind: Literal["anomaly"]
    codes: tuple[Anomaly, ...] = Field(default=(), description="Codes that count. Default: all.")

    subject: ClassVar = "the order and the code"
    cleared: ClassVar = "the anomaly is cleared"
    page: ClassVar[Page] = "orders"

    def conditions(self, state: State) -> Iterator[Condition]:
        for row in state.rows(open_anomalies):
            if not self.codes or row["code"] in self.codes:
                yield Condition(
                    f"{row['stream']} {row['code']}",
                    row["account"],
                    f"{_named(row)}: {row['code']}: {row['detail']}",
                    {"code": row["code"], "client_order_id": row["client_order_id"]},
                    row["position"],
                    since=row["detected_at"],
                )


class LargeChangeRule(Rule):
    """An order or a position of unusual size.

    The notional of an order is its quantity at its limit price, else at its average price, its stop
    price or the mark. Its usual size is the median notional of the last `orders` orders of its
    account before it, by the time of request (else of acknowledgement); with fewer than `at_least`
    of known notional there is none. For a position the last orders of the account count. From the
    first start of the watcher on, every order is checked when it is recorded or changes. This
    includes orders that came and went while the watcher was down. An order raises at most one
    alert.
    """

    kind: Literal["large_change"]
    instrument: Identifier | None = Field(
        default=None, description="Only this instrument. Default: all."
    )
    of: tuple[Literal["orders", "positions"], ...] = Field(
        default=("orders", "positions"), min_length=1, description="orders, positions or both."
    )
    notional: Quantity | None = Field(
        default=None, description="Notional above which a change is large."
    )
    times_usual: Annotated[Decimal, Field(gt=1)] | None = Field(
        default=None, description="Multiple of the usual size above which a change is large."
    )
    orders: Annotated[int, Field(ge=2, le=1_000, strict=True)] = Field(
        default=50, description="Orders that the median is of."
    )
    at_least: Annotated[int, Field(ge=1, le=1_000, strict=True)] = Field(
        default=10, description="Orders that a median needs."
    )

    subject: ClassVar = "the order, or `position` with account, instrument, and side and id if any"
    cleared: ClassVar = "the order has ended, or the position is smaller"
    page: ClassVar[Page] = "orders"
    needs: ClassVar = ("notional", "times_usual")

    def conditions(self, state: State) -> Iterator[Condition]:
        sizes = state.kept(("sizes", self.title), lambda: UsualSizes(self.orders, self.at_least))
        yield from self._orders(state, sizes)
        if "positions" in self.of:
            yield from self._positions(state, sizes)

    def _orders(self, state: State, sizes: UsualSizes) -> Iterator[Condition]:
        raised = {stream for rule, stream in state.raised if rule == self.title}
        streams = state.changed | set(filter(stream_names.is_order_stream, raised))
        orders = sorted(state.orders(streams), key=place_of)
        sizes.load(state, {order["account"] for order in orders})
        notionals = [sizes.note(order, state.rows(instruments)) for order in orders]
        for order, notional in zip(orders, notionals, strict=True):
            usual = sizes.usual_before(order["account"], place_of(order))
            is_raised = order["stream"] in raised
            is_meant = "orders" in self.of and self.instrument in (None, order["instrument"])
            if is_meant and (is_raised or self._is_large(notional, usual)):
                text = f"{_named(order)}: the order has {_sentence(notional, usual)}"
                yield _of_order(order, text, _sizes(notional, usual))._replace(
                    since=order["requested_at"], is_once=True, is_over=not order["is_open"]
                )

    def _positions(self, state: State, sizes: UsualSizes) -> Iterator[Condition]:
        rows = state.rows(exposures)
        if self.times_usual is not None:
            sizes.load(state, {row["account"] for row in rows})
        for row in rows:
            if self.instrument not in (None, row["instrument"]):
                continue
            notional, usual = row["notional"], sizes.usual(row["account"])
            if self._is_large(notional, usual):
                name = position_name(row)
                text = f"{name}: the position has {_sentence(notional, usual)}"
                yield Condition(f"position {name}", row["account"], text, _sizes(notional, usual))

    def _is_large(self, notional: Decimal | None, usual: Decimal | None) -> bool:
        if notional is None:
            return False
        if self.notional is not None and notional > self.notional:
            return True
        times = self.times_usual
        return times is not None and usual is not None and notional > EXACT.multiply(usual, times)


def _of_order(order: OrderRow, text: str, details: dict[str, Any]) -> Condition:
    about = {name: value for name, value in order.items() if name in OF_ORDER}
    details = {**about, "quantity": _plain(order["quantity"]), **details}
    return Condition(order["stream"], order["account"], text, details, stream=order["stream"])


def _named(row: OrderRow | AnomalyRow) -> str:
    return f"{row['account']} {row['client_order_id'] or row['stream'].partition('/')[2]}"


def _sentence(notional: Decimal | None, usual: Decimal | None) -> str:
    beside = "" if usual is None else f", usual is {plain(usual)}"
    return f"a notional of {_plain(notional)}{beside}"


def _sizes(notional: Decimal | None, usual: Decimal | None) -> dict[str, Any]:
    return {"notional": _plain(notional), "usual": _plain(usual)}


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
