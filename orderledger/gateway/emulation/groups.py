"""The emulated groups of a gateway, found in its book and in the log.

The log is their state: the requests with their tags, their fills and ends.
"""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal

from orderledger import OrderStatus
from orderledger.extend.events import Order
from orderledger.extend.values import stream_names
from orderledger.extend.views import StoredViews, tables
from orderledger.gateway.book import folded
from orderledger.gateway.emulation.leg_parts import NOT_REACHED, WAITED
from orderledger.gateway.emulation.marking import EMULATED, PART_OF, request_of, tags_of
from orderledger.gateway.emulation.members import Group, Members, group_of_parent
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.unsettled import Key

GroupKey = tuple[str, str]
"""Account, and the group or the name of a single order."""
FILLS_SECONDS = 2.0
"""How long fills may be reported after the end of their order, if the venue does not state the
filled quantity with it. No venue documents this time."""

ENDS_OF_GROUPS = tables.ORDERS.narrowed(("account", "status", "reason", "linked_group"))
REFUSED_LATELY = timedelta(days=1)
"""How long after its refusal an exit is tried again by a gateway that begins. A later one leaves it
to an operator, who may have closed the position."""


class Groups:
    """The groups of which an order is open, each with its orders."""

    def __init__(self, parts: GatewayParts) -> None:
        self.members: dict[GroupKey, Members] = {}
        self._book = parts.book
        self._entries = parts.entries
        self._clock = parts.clock
        self._ended: dict[Key, float] = {}

    def load(self) -> None:
        """Find the groups of all open orders, and those with an order that was refused lately.
        The last gateway may have ended before it sent another one."""
        self.members = {}
        for order in list(self._book.orders.values()):
            if order.is_requested and EMULATED in tags_of(order) and not order.is_ended:
                self.members_of((order.account, group_name(order)))
        for key in self._refused():
            self.members_of(key)

    def _refused(self) -> set[GroupKey]:
        """The groups of which the venue lately refused an order, or was not reached."""
        since = self._clock.now() - REFUSED_LATELY
        with self._book.store.database.reading() as session:
            values = (session.to_sql("flag", True), session.to_sql("time", since))
            rows = session.select(ENDS_OF_GROUPS, "is_grouped = ? AND ended_at >= ?", values)
        return {
            (row["account"], row["linked_group"] or "")
            for row in rows
            if row["account"] in self._entries
            and (row["status"] == OrderStatus.REJECTED or row["reason"] in NOT_REACHED | WAITED)
        }

    def state(self, members: Members, extremes: Mapping[Key, Decimal]) -> Group:
        """The state of a group now. `extremes`: of its trailing stops."""
        for name, order in members.orders.items():
            stream = stream_names.order_stream(members.account, name)
            members.orders[name] = self._book.orders.get(stream, order)
        by_name = {
            name: extremes[members.account, name]
            for name in members.orders
            if (members.account, name) in extremes
        }
        abilities = self._entries[members.account].abilities
        return members.group(by_name, abilities, self._ended_lately(members))

    def keys_of(self, order: Order) -> Iterator[GroupKey]:
        """The groups of which an order is a member: by its mark, or as the parent of one."""
        if EMULATED in tags_of(order):
            yield order.account, group_name(order)
            return
        if (group := group_of_parent(order)) is not None:
            yield order.account, group

    def members_of(self, key: GroupKey) -> Members:
        """The orders of a group, found at the first call."""
        if key not in self.members:
            self.members[key] = self._found(key)
        return self.members[key]

    def _found(self, key: GroupKey) -> Members:
        """A group with all its orders, from the views and the log."""
        account, name = key
        members = Members(account, name)
        store = self._book.store
        with store.database.reading() as session:
            rows = StoredViews(session).rows(
                tables.ORDERS, is_grouped=True, linked_group=name, account=account
            )
        streams = [row["stream"] for row in rows]
        for stream, events in store.events_of(streams).items():
            order = self._book.orders.get(stream) or folded(stream, events)
            members.orders[order.client_order_id or ""] = order
        self._add_open(members)
        return members

    def _add_open(self, members: Members) -> None:
        """Add what the views do not have yet, and the orders that work for a single one."""
        for order in list(self._book.orders.values()):
            if order.account == members.account and order.is_requested:
                links = request_of(order).links
                of_group = links is not None and links.group == members.key
                if of_group or group_name(order) == members.key:
                    members.orders[order.client_order_id or ""] = order
        if members.key in members.orders:
            self._add_parts(members)

    def _add_parts(self, members: Members) -> None:
        for number in range(1, 10_000):
            name = f"{members.key}.{number}"
            stream = stream_names.order_stream(members.account, name)
            events = self._book.store.events_of([stream]).get(stream)
            if not events:
                return
            members.orders[name] = self._book.orders.get(stream) or folded(stream, events)

    def known(self, key: Key) -> Order | None:
        """An order of one of the groups."""
        return next(
            (
                members.orders[key[1]]
                for (account, _), members in self.members.items()
                if account == key[0] and key[1] in members.orders
            ),
            None,
        )

    def order(self, account: str, name: str) -> Order:
        """An order of the book, or of one of the groups."""
        order = self._book.order(account, name) or self.known((account, name))
        assert order is not None
        return order

    def _ended_lately(self, members: Members) -> set[str]:
        """The orders that this process has known as ended for a short time only."""
        now, found = asyncio.get_running_loop().time(), set[str]()
        for name, order in members.orders.items():
            key = (members.account, name)
            if not order.is_ended:
                self._ended.pop(key, None)
            elif self._ended.setdefault(key, now) > now - FILLS_SECONDS:
                found.add(name)
        return found

    def forget(self, key: GroupKey) -> list[Key]:
        """Forget a group that is done. Returns its orders."""
        keys = [(key[0], name) for name in self.members.pop(key).orders]
        for one in keys:
            self._ended.pop(one, None)
        return keys


def group_name(order: Order) -> str:
    """The group of an order; of a single one, its own name, or that of the order it works for."""
    request = request_of(order)
    if request.links is not None and request.links.group is not None and request.links.kind:
        return request.links.group
    return str(tags_of(order).get(PART_OF, order.client_order_id))
