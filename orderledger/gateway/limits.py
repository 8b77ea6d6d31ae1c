"""Limits of orders: their rules, an order as they see it, and the state that they check."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import msgspec

from orderledger import OrderType, PositionSide, Side
from orderledger.extend.values import exposure

__all__ = ["Limits"]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits of one rule. A limit that is None does not apply.

    `account`, `instrument` and `strategy` select the orders that the rule applies to; None means
    all. `name` is shown in denials.

    - `order_quantity`, `order_notional`: of one order. Notional is in the settlement currency.
    - `price_collar`: distance of the limit price from the mark, as a share of the mark, on the side
      that loses money.
    - `position_quantity`: absolute position of an instrument, with all open and unresolved orders
      of the order's side filled. If an instrument has a long and a short position, each is checked
      alone.
    - `open_orders`: open orders in the scope of the rule, this one included.
    - `gross_notional`: absolute positions and open orders in the scope, long and short added up,
      valued at the marks.
    - `orders_per_second`, `orders_per_day`: submissions in the scope. A day begins at midnight in
      the time zone of the settings.
    - `self_crossing`: False denies an order that would trade with an open order of the same
      account.
    - `daily_loss`: loss since the day's start, realized and unrealized, with fees and funding.
      `drawdown`: loss since the day's high. Both are checked per settlement currency. Orders that
      only reduce a position are exempt.
    - `mark_age_seconds`: age of the mark that the order is valued at.
    """

    name: str = ""
    account: str | None = None
    instrument: str | None = None
    strategy: str | None = None
    order_quantity: Decimal | None = None
    order_notional: Decimal | None = None
    price_collar: Decimal | None = None
    position_quantity: Decimal | None = None
    open_orders: int | None = None
    gross_notional: Decimal | None = None
    orders_per_second: int | None = None
    orders_per_day: int | None = None
    self_crossing: bool | None = None
    daily_loss: Decimal | None = None
    drawdown: Decimal | None = None
    mark_age_seconds: Decimal | None = None

    def covers(self, account: str, instrument: str, strategy: str | None) -> bool:
        """Check whether the rule applies to such an order."""
        return (
            self.account in (None, account)
            and self.instrument in (None, instrument)
            and self.strategy in (None, strategy)
        )


SCOPE = ("name", "account", "instrument", "strategy")
NAMES = tuple(name for name in Limits.__struct_fields__ if name not in SCOPE)
"""The names of the limits, in the order in which they are checked."""


CLOSING = ((Side.SELL, PositionSide.LONG), (Side.BUY, PositionSide.SHORT))
"""The orders that close a position in hedge mode."""


class Proposed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order that is about to be sent, or a change of one. `added`: what it may fill beyond what
    it could before. Both are None if only a quote quantity is given. `is_new`: this is one more
    order, not a change.
    """

    account: str
    instrument: str
    side: Side
    quantity: Decimal | None
    added: Decimal | None
    order_type: OrderType
    limit_price: Decimal | None = None
    strategy: str | None = None
    reduce_only: bool = False
    is_new: bool = True
    position_side: PositionSide | None = None
    position_id: str | None = None

    @property
    def reduces(self) -> bool:
        """Whether the venue fills it only against an open position. Either it is `reduce_only`,
        or its side closes a long or a short position (hedge mode, where venues take no
        `reduce_only`).
        """
        return self.reduce_only or (self.side, self.position_side) in CLOSING


class Situation(Protocol):
    """The state that an order is checked against. Methods that take a rule answer for its scope."""

    def at(self) -> datetime: ...
    def mark(self, order: Proposed) -> tuple[Decimal, datetime] | None:
        """The last mark of the instrument, and its time."""

    def notional(self, order: Proposed, quantity: Decimal, price: Decimal) -> Decimal:
        """The absolute value of a quantity of the order's instrument at a price, in its settlement
        currency."""

    def position(self, order: Proposed, rule: Limits) -> exposure.Interval:
        """The position that the order opens or closes; of the rule's strategy, if it names one."""

    def open_orders(self, rule: Limits) -> int: ...
    def gross_notional(self, rule: Limits) -> Decimal | None:
        """None if something in the scope has no mark and no limit price."""

    def sent_in_last_second(self, rule: Limits) -> int: ...
    def sent_today(self, rule: Limits) -> int: ...
    def crossed(self, order: Proposed) -> str | None:
        """The open order of the same account that this order would trade with."""

    def losses(self, rule: Limits) -> Mapping[str, Decimal]:
        """The loss since the day's start by settlement currency. Negative for a gain."""

    def drawdowns(self, rule: Limits) -> Mapping[str, Decimal]:
        """The loss since the day's high by settlement currency."""


class Denial(msgspec.Struct, frozen=True):
    """Why an order is not sent: the limit as a code, and a sentence with the limit and the value
    beyond it.
    """

    reason: str
    text: str
