"""`OrderEntry`: the protocol for sending orders to a venue. The gateway records before it calls,
and records the returned messages.

An implementation signs, sends and translates the answer. It retries nothing and remembers nothing:
the gateway decides whether to send again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from orderledger import Message
from orderledger.extend.views import Row
from orderledger.venues.base.absence import Absence
from orderledger.venues.errors import NotSent, Unanswered

__all__ = ["CancelsAll", "EntryAbilities", "HasSwitch", "OrderEntry", "Sent", "SwitchTerms"]

Sent: TypeAlias = Sequence[Message]
"""The venue's answer as messages: acknowledged, rejected, fill, canceled, cancel_rejected,
replaced, replace_rejected.

Empty if the venue has only confirmed receipt.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAbilities:
    """The abilities of a venue's order entry.

    - `batch`: the most orders in one call; 1 if the venue takes them one by one.
    - `replaces`: whether an order can be changed without canceling it.
    - `resizes`: whether such a change may be one of the quantity.
    - `replaces_waiting`: whether an order that waits for its trigger can be changed, too.
    - `cancels_by_client_id`: whether an order can be canceled before its venue id is known.
    - `absence`: when the venue's "unknown order" proves that it never received an order. None: it
      never proves that.
    - `resends_safely`: whether the venue takes an id only once, for ever. An order that was sent
      twice is then worked once at most.
    - `orders_per_second`: the venue's own limit, if it states one.
    - `order_types`, `times_in_force`: the supported values. An order may always leave the time in
      force to the venue.
    - `conditions`: the further terms that are supported, such as `post_only` and `reduce_only`.
    - `needs_limit`: further order types that need a `limit_price`: the worst price at which they
      may trade.
    - `trail_offset_types`: the units of the trail offset in which it takes a trailing stop.
    - `groups`: the kinds of `links` that the venue takes as one order of several: `oco`, `oto`,
      `bracket`. The gateway emulates the others. Such an entry has the methods of `SendsGroups`.
    - `groups_by_setting`: the kinds that the setting `native_groups` of the venue adds to `groups`.

    The gateway denies an order with a term that is not among these, before it is recorded as
    submitted.
    """

    batch: int = 1
    replaces: bool = False
    resizes: bool = True
    replaces_waiting: bool = True
    cancels_by_client_id: bool = False
    absence: Absence | None = None
    resends_safely: bool = False
    orders_per_second: float | None = None
    order_types: frozenset[str] = frozenset({"market", "limit"})
    times_in_force: frozenset[str] = frozenset({"gtc"})
    conditions: frozenset[str] = frozenset()
    needs_limit: frozenset[str] = frozenset()
    trail_offset_types: frozenset[str] = frozenset({"amount", "percent"})
    groups: frozenset[str] = frozenset()
    groups_by_setting: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchTerms:
    """A venue's dead man's switch: it cancels orders unless it is renewed.

    `shortest` and `longest`: seconds that the venue takes. `by_instrument`: each instrument has a
    switch of its own; otherwise one switch covers the account. `covers`: the orders that it
    cancels, in words. `source`: the venue's page.
    """

    shortest: float
    longest: float
    by_instrument: bool
    covers: str
    source: str


@runtime_checkable
class CancelsAll(Protocol):
    """An order entry whose venue can cancel all open orders in one request.

    `cancel_all_scope`: `account`, or `instrument` if the request must name one; None if the venue
    of this entry has no such request.
    """

    cancel_all_scope: Literal["account", "instrument"] | None

    async def cancel_all_orders(self, instrument: str | None) -> Sent:
        """Request to cancel all open orders of an instrument, or of the account. Raises as
        `OrderEntry.cancel`. The messages are the ends that the answer states, mostly none.
        """


@runtime_checkable
class HasSwitch(Protocol):
    """An order entry whose venue has a dead man's switch. `switch_terms`: None without one."""

    switch_terms: SwitchTerms | None

    async def set_switch(self, seconds: float | None, instrument: str | None) -> None:
        """Restart the switch, or switch it off with None. Raises NotSent and Unanswered; a
        refusal is NotSent with the venue's sentence.
        """


EVERY_TYPE = frozenset({"market", "limit", "stop", "stop_limit"})
NEEDS_WORST_PRICE = frozenset({"market", "stop", "take_profit"})
"""Where a venue has no orders without a price: they are sent as immediate-or-cancel at a limit."""
BOTH_CONDITIONS = frozenset({"post_only", "reduce_only"})


class OrderEntry(Protocol):
    """Sends the orders of one account. Orders are rows of the order view (`OrderRow`).

    With `abilities.absence`, a new order and the request of a replace have `request_expires_at`:
    the request is sent with this expiry or an earlier one. NotSent with `request_expired` if that
    cannot be. Such an entry also has `clock`, the venue's `VenueClock`. Where `absence.is_new_id`,
    it has `prepare_again(order) -> aliases`: the new id of an order that is sent again. An entry
    may have a proof of its own, `async absence_proof(order) -> sentence or None`. One whose venue
    may refuse an order after its receipt has `async outcome(order) -> Sent`: the refusal of an
    order that no query shows, or nothing. Both raise VenueError.

    Every sending method raises NotSent if the request certainly did not reach the venue, and
    Unanswered if the outcome is unknown. A refusal by the venue is an answer: it is returned as a
    message.
    """

    abilities: EntryAbilities

    def prepare(self, order: Row) -> Mapping[str, str]:
        """The aliases under which the venue will report this order, by name, e.g.
        `{"lighter.client_order_index": "81274"}`.

        Called before the order is recorded; the client order id never changes. `order` has the
        terms of the request: the fields `account`, `client_order_id`, `instrument`, `side`,
        `quantity`, `order_type`, `limit_price` and so on. The same order has the same aliases.
        Raises NotSent if the venue cannot take such an order.
        """

    async def submit(self, order: Row) -> Sent:
        """Send a new order."""

    async def submit_many(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        """Send at most `abilities.batch` new orders in one call. For each, returns or raises the
        same as `submit`.
        """

    async def cancel(self, order: Row, request_id: str) -> Sent:
        """Request to cancel an order, by its client order id or its venue's id."""

    async def replace(self, order: Row, request: Row) -> Sent:
        """Request to change an order. `request` has `request_id` and the new `quantity`,
        `limit_price`, `stop_price`, each None if it stays.
        """

    async def aclose(self) -> None:
        """Close all connections."""


async def submitted_one_by_one(
    entry: OrderEntry, orders: Iterable[Row]
) -> list[Sent | NotSent | Unanswered]:
    """Send orders one after the other. For each, the answer or the exception of `submit`."""
    found: list[Sent | NotSent | Unanswered] = []
    for order in orders:
        try:
            found.append(await entry.submit(order))
        except (NotSent, Unanswered) as error:
            found.append(error)
    return found
