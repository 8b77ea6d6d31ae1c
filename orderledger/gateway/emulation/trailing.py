"""Trailing stops: the best mark of each since it became active."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from orderledger.extend.events import accounts
from orderledger.extend.store import Store
from orderledger.extend.values import stream_names
from orderledger.gateway.emulation.marking import request_of
from orderledger.gateway.emulation.members import Group, Leg
from orderledger.gateway.unsettled import Key


class Trails:
    """The trailing stops of a gateway. `extremes`: by order, its best mark."""

    def __init__(self, store: Store) -> None:
        self.extremes: dict[Key, Decimal] = {}
        self._store = store

    def follow(self, account: str, leg: Leg, marks: Iterable[Decimal]) -> None:
        """Move the extreme of a trailing stop."""
        if leg.trigger is None or leg.trigger.trail_offset is None:
            return
        name = (account, leg.name)
        for mark in marks:
            trigger = replace(leg.trigger, extreme=self.extremes.get(name))
            self.extremes[name] = trigger.better(mark)

    def restore(self, account: str, group: Group) -> None:
        """Read the marks since each trailing stop became active, after a restart."""
        for leg in group.legs:
            if leg.trigger is None or leg.trigger.trail_offset is None:
                continue
            parent, requested_at = group.parent, leg.order.terms.requested_at
            since = requested_at if parent is None else parent.first_fill_at
            if since is None or not is_active(group, leg):
                continue
            marks = self._marks_since(account, request_of(leg.order).instrument, since)
            self.follow(account, leg, marks)

    def _marks_since(self, account: str, instrument: str, since: datetime) -> list[Decimal]:
        stream = stream_names.account_stream(account, accounts.MarkRecorded.stream_kind, instrument)
        return [
            recorded.event.price
            for recorded in self._store.events_of([stream]).get(stream, ())
            if isinstance(recorded.event, accounts.MarkRecorded) and recorded.at >= since
        ]


def is_active(group: Group, leg: Leg) -> bool:
    """Whether the trigger price of a leg is watched: its parent, if any, has a fill."""
    if leg.is_fired:
        return False
    return not group.has_parent or (group.parent is not None and bool(group.parent.cum_quantity))
