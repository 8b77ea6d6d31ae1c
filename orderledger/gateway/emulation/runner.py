"""`Emulator`: watches the emulated groups of a gateway, and carries out what `decisions` decides.

Its state is the log: the requests with their tags, their fills and ends, and the marks. It keeps
nothing that a restart would lose.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger import Deny, LedgerError, Request
from orderledger.extend.events import Order, Recorded, accounts
from orderledger.extend.runtime import EventLogger
from orderledger.extend.values import stream_names
from orderledger.extend.views import StoredViews, tables
from orderledger.gateway.book import folded
from orderledger.gateway.canceling import Canceler
from orderledger.gateway.emulation.decisions import (
    Action,
    Ask,
    Cancel,
    Create,
    End,
    Resize,
    Send,
    Situation,
    Wait,
    decide,
)
from orderledger.gateway.emulation.marking import EMULATED, PART_OF
from orderledger.gateway.emulation.members import (
    RESIZE,
    Group,
    Leg,
    Members,
    group_of_parent,
    request_of,
    tags_of,
)
from orderledger.gateway.emulation.requests import part_of, repeated
from orderledger.gateway.emulation.triggers import Marks
from orderledger.gateway.look_ups import LookUps
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.pre_trade import PreTradeChecks
from orderledger.gateway.proposed import proposed_of
from orderledger.gateway.replacing import Replacer
from orderledger.gateway.results import Held, Sending
from orderledger.gateway.sending import Sender
from orderledger.gateway.unsettled import Key

GroupKey = tuple[str, str]
"""Account, and the group or the name of a single order."""
MOST_ROUNDS = 20
MOST_MARKS = 1_000
FILLS_SECONDS = 2.0
"""How long fills may be reported after the end of their order, if the venue does not state the
filled quantity with it. No venue documents this time."""
PAUSE_SECONDS = 1.0
"""Seconds before an action that was not taken is tried again."""

log = EventLogger("orderledger.gateway")


class Emulator:
    """Holds the orders that a venue cannot hold, in the gateway's event loop.

    `start`: runs a coroutine as a task of the gateway.
    """

    def __init__(
        self,
        parts: GatewayParts,
        checks: PreTradeChecks,
        sender: Sender,
        canceler: Canceler,
        replacer: Replacer,
        look_ups: LookUps,
        start: Callable[[Coroutine[Any, Any, None]], object],
        *,
        mark_age_seconds: float,
    ) -> None:
        self._parts = parts
        self._book = parts.book
        self._checks = checks
        self._sender = sender
        self._canceler = canceler
        self._replacer = replacer
        self._look_ups = look_ups
        self._start = start
        self._mark_age_seconds = mark_age_seconds
        self._groups: dict[GroupKey, Members] = {}
        self._extremes: dict[Key, Decimal] = {}
        self._seen: dict[GroupKey, list[Decimal]] = {}
        self._busy: set[GroupKey] = set()
        self._paused: dict[GroupKey, float] = {}
        self._waits: dict[Key, tuple[str, str]] = {}
        self._ended: dict[Key, float] = {}
        self._asked: dict[Key, float] = {}
        self._must_load = True

    # Calls of the gateway

    def reload(self) -> None:
        """Find the groups again before the next decision: the book was loaded again."""
        self._must_load = True

    def note(self, recorded: Recorded) -> None:
        """Take an event of the log, after the book has taken it."""
        account = stream_names.account_of(recorded.stream)
        if isinstance(recorded.event, accounts.MarkRecorded):
            self._note_mark(account, recorded.event, recorded.at)
            return
        order = self._book.orders.get(recorded.stream)
        if order is not None and order.is_requested and not self._must_load:
            for key in self._keys_of(order):
                self._members(key).orders[order.client_order_id or ""] = order
                self.work(key)

    def tick(self) -> None:
        """Decide about every group: times pass without an event."""
        if self._must_load:
            self._load()
        for key in list(self._groups):
            self.work(key)

    def work(self, key: GroupKey) -> None:
        """Decide about one group, unless that is being done."""
        if key not in self._busy and self._paused.get(key, 0.0) <= self._time():
            self._busy.add(key)
            self._start(self._work(key))

    def keys_for_cancel(self, key: Key) -> list[Key]:
        """The orders that work for this one, and it itself."""
        account, name = key
        order = self._book.order(*key) or self._known(key)
        if order is None or EMULATED not in tags_of(order):
            return [key]
        members = self._groups.get((account, _group_name(order)))
        found = (
            []
            if members is None
            else [
                (account, other)
                for other, one in members.orders.items()
                if tags_of(one).get(PART_OF) == name and not one.is_ended
            ]
        )
        return [*([] if order.is_ended and found else [key]), *found]

    def is_held(self, key: Key) -> bool:
        """Whether the gateway holds this order."""
        order = self._book.order(*key) or self._known(key)
        return order is not None and order.is_held and not order.is_ended

    async def withdraw(self, key: Key) -> Sending:
        """End an order that is held. It is never sent."""
        await self._deny(key, "withdrawn", "it was canceled before it was sent")
        return Sending("denied", *key, "withdrawn", "it was canceled before it was sent")

    def held(self) -> list[Held]:
        """The orders that are held now, and what each waits for."""
        found: list[Held] = []
        for (account, _), members in self._groups.items():
            for name, order in members.orders.items():
                if order.is_held and not order.is_ended:
                    reason, text = self._waits.get((account, name), ("parent", ""))
                    found.append(Held(account, name, reason, text))
        return sorted(found, key=lambda one: (one.account, one.client_order_id))

    def scope(self, held: Held) -> Mapping[str, object]:
        """The account, instrument and strategy of a held order."""
        order = self._order(held.account, held.client_order_id)
        return {
            "account": held.account,
            "instrument": self._book.instruments.of_order(order)[1],
            "strategy": request_of(order).strategy,
        }

    # Deciding

    async def _work(self, key: GroupKey) -> None:
        try:
            for _ in range(MOST_ROUNDS):
                self._book.catch_up()
                if self._must_load:
                    self._load()
                actions = [one for one in self._decided(key) if not self._note_wait(one)]
                if not actions:
                    return
                results = await asyncio.gather(*(self._do(key[0], one) for one in actions))
                if not all(results):
                    self._paused[key] = self._time() + PAUSE_SECONDS
                    return
        except LedgerError as error:
            self._paused[key] = self._time() + PAUSE_SECONDS
            log.warning("an emulated group cannot be followed", group=key[1], error=str(error))
        finally:
            self._busy.discard(key)

    def _decided(self, key: GroupKey) -> list[Action]:
        members = self._groups.get(key)
        group = None if members is None else self._group(members)
        if members is None or group is None or not group.legs:
            return []
        abilities = self._parts.entries[key[0]].abilities
        latest = self._book.instruments.mark_of(
            key[0], self._book.instruments.of_order(group.legs[0].order)[1]
        )
        seen = [*self._seen.pop(key, []), *([] if latest is None else [latest[0]])]
        for leg in group.legs:
            if _is_active(group, leg):
                self._follow_trail(key[0], leg, seen)
        situation = Situation(
            now=self._parts.clock.now(),
            marks=Marks(at=None if latest is None else latest[1], seen=tuple(seen)),
            mark_age_seconds=self._mark_age_seconds,
            resizes=abilities.replaces and abilities.resizes,
        )
        actions = decide(self._group(members), situation)
        if not actions and all(order.is_ended for order in members.orders.values()):
            self._forget(key)
        return actions

    def _group(self, members: Members) -> Group:
        for name, order in members.orders.items():
            stream = stream_names.order_stream(members.account, name)
            members.orders[name] = self._book.orders.get(stream, order)
        extremes = {
            name: self._extremes[members.account, name]
            for name in members.orders
            if (members.account, name) in self._extremes
        }
        abilities = self._parts.entries[members.account].abilities
        return members.group(extremes, abilities, self._ended_lately(members))

    def _ended_lately(self, members: Members) -> set[str]:
        """The orders that this process has known as ended for a short time only."""
        now, found = self._time(), set[str]()
        for name, order in members.orders.items():
            key = (members.account, name)
            if not order.is_ended:
                self._ended.pop(key, None)
            elif self._ended.setdefault(key, now) > now - FILLS_SECONDS:
                found.add(name)
        return found

    def _note_wait(self, action: Action) -> bool:
        """Whether the action is only to wait."""
        if isinstance(action, Ask):
            self._ask((action.leg.order.account, action.part.name))
            return True
        if not isinstance(action, Wait):
            return False
        key = (action.leg.order.account, action.leg.name)
        if self._waits.get(key, ("", ""))[0] != action.reason and action.reason in WARNED:
            log.warning(
                "an emulated order waits",
                account=key[0],
                client_order_id=key[1],
                reason=action.reason,
                text=action.text,
            )
        self._waits[key] = (action.reason, action.text)
        return True

    def _ask(self, key: Key) -> None:
        """Query the venue about an order, at most once a second."""
        if self._asked.get(key, 0.0) <= self._time() - PAUSE_SECONDS:
            self._asked[key] = self._time()
            self._start(self._look_up(key))

    async def _look_up(self, key: Key) -> None:
        messages = await self._look_ups.look_up(key)
        if messages:
            await self._parts.ledger.recording.arecord_together(messages)

    # Doing

    async def _do(self, account: str, action: Action) -> bool:
        """Carry out one action. Returns whether it was taken."""
        match action:
            case Send(leg=leg, part=part):
                return await self._send(leg, repeated(self._order(account, part.name)))
            case Create(leg=leg, quantity=quantity, waits=waits):
                request = part_of(leg, quantity, is_held=waits)
                if waits:
                    await self._parts.ledger.recording.arecord_together(
                        [request.model_copy(update={"at": self._parts.clock.now()})],
                        fence=self._parts.keeper.fence(account),
                    )
                    return True
                return await self._send(leg, request)
            case Resize(part=part, quantity=quantity):
                sent = await self._replacer.replace((account, part.name), {"quantity": quantity})
            case Cancel(part=part):
                sent = await self._canceler.cancel((account, part.name), purpose=RESIZE)
            case End(part=part, reason=reason, text=text):
                return await self._deny((account, part.name), reason, text)
            case Ask() | Wait():
                return True
        return sent.state in ("acknowledged", "received")

    async def _send(self, leg: Leg, request: Request) -> bool:
        """Send an order, unless a halt or a limit forbids it now: then it is held further."""
        denial = self._checks.why_not(proposed_of(request, reduces=True), is_new=False)
        if denial is not None:
            self._waits[request.account, leg.name] = (denial.reason, denial.text)
            log.warning(
                "an emulated order is held back",
                account=request.account,
                client_order_id=leg.name,
                reason=denial.reason,
                text=denial.text,
            )
            return False
        (sent,) = await self._sender.send(request.account, [request], releases=True)
        return sent.state in ("acknowledged", "received")

    async def _deny(self, key: Key, reason: str, text: str) -> bool:
        account, name = key
        deny = Deny(
            account=account,
            client_order_id=name,
            at=self._parts.clock.now(),
            reason=reason,
            text=text,
        )
        (outcome,) = await self._parts.ledger.recording.arecord_together(
            [deny], fence=self._parts.keeper.fence(account)
        )
        return outcome.outcome == "recorded"

    # The groups

    def _keys_of(self, order: Order) -> Iterator[GroupKey]:
        """The groups of which an order is a member: by its mark, or as the parent of one."""
        if EMULATED in tags_of(order):
            yield order.account, _group_name(order)
            return
        if (group := group_of_parent(order)) is not None:
            yield order.account, group

    def _members(self, key: GroupKey) -> Members:
        if key not in self._groups:
            self._groups[key] = self._found(key)
        return self._groups[key]

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
                if of_group or _group_name(order) == members.key:
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

    def _load(self) -> None:
        """Find the groups of all open orders, and the extremes of trailing stops."""
        self._must_load = False
        self._groups = {}
        for order in list(self._book.orders.values()):
            if order.is_requested and EMULATED in tags_of(order) and not order.is_ended:
                self._members((order.account, _group_name(order)))
        for members in self._groups.values():
            self._restore_trails(members)

    def _forget(self, key: GroupKey) -> None:
        members = self._groups.pop(key)
        for name in members.orders:
            self._extremes.pop((key[0], name), None)
            for known in (self._waits, self._ended, self._asked):
                known.pop((key[0], name), None)
        self._paused.pop(key, None)

    # Marks

    def _note_mark(self, account: str, mark: accounts.MarkRecorded, at: datetime) -> None:
        """Keep a mark for the groups of its instrument, unless it is an old one."""
        age = self._parts.clock.now() - at
        if age > timedelta(seconds=self._mark_age_seconds):
            return
        for key, members in self._groups.items():
            instruments = (request_of(one).instrument for one in members.orders.values())
            if key[0] == account and mark.instrument in instruments:
                seen = self._seen.setdefault(key, [])
                seen.append(mark.price)
                del seen[:-MOST_MARKS]
                self.work(key)

    def _follow_trail(self, account: str, leg: Leg, marks: list[Decimal]) -> None:
        """Move the extreme of a trailing stop."""
        if leg.trigger is None or leg.trigger.trail_offset is None:
            return
        name = (account, leg.name)
        for mark in marks:
            trigger = replace(leg.trigger, extreme=self._extremes.get(name))
            self._extremes[name] = trigger.better(mark)

    def _restore_trails(self, members: Members) -> None:
        """Read the marks since each trailing stop became active, after a restart."""
        group = self._group(members)
        for leg in group.legs:
            if leg.trigger is None or leg.trigger.trail_offset is None:
                continue
            parent, requested_at = group.parent, leg.order.terms.requested_at
            since = requested_at if parent is None else parent.first_fill_at
            if since is None or not _is_active(group, leg):
                continue
            marks = self._marks_since(members.account, request_of(leg.order).instrument, since)
            self._follow_trail(members.account, leg, marks)

    def _marks_since(self, account: str, instrument: str, since: datetime) -> list[Decimal]:
        stream = stream_names.account_stream(account, accounts.MarkRecorded.stream_kind, instrument)
        return [
            recorded.event.price
            for recorded in self._book.store.events_of([stream]).get(stream, ())
            if isinstance(recorded.event, accounts.MarkRecorded) and recorded.at >= since
        ]

    # Internals

    def _known(self, key: Key) -> Order | None:
        return next(
            (
                members.orders[key[1]]
                for (account, _), members in self._groups.items()
                if account == key[0] and key[1] in members.orders
            ),
            None,
        )

    def _order(self, account: str, name: str) -> Order:
        order = self._book.order(account, name) or self._known((account, name))
        assert order is not None
        return order

    def _time(self) -> float:
        return asyncio.get_running_loop().time()


WARNED = frozenset({"no_mark", "failed", "retry"})
"""Reasons of waiting that are logged as warnings."""


def _group_name(order: Order) -> str:
    """The group of an order; of a single one, its own name, or that of the order it works for."""
    request = request_of(order)
    if request.links is not None and request.links.group is not None and request.links.kind:
        return request.links.group
    return str(tags_of(order).get(PART_OF, order.client_order_id))


def _is_active(group: Group, leg: Leg) -> bool:
    """Whether the trigger price of a leg is watched: its parent, if any, has a fill."""
    if leg.is_fired:
        return False
    return not group.has_parent or (group.parent is not None and bool(group.parent.cum_quantity))
