"""`Emulator`: watches the emulated groups of a gateway, and carries out what `decisions` decides.

Its state is the log: the requests with their tags, their fills and ends, and the marks. It keeps
nothing that a restart would lose.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger import LedgerError
from orderledger.extend.events import Recorded, accounts
from orderledger.extend.runtime import EventLogger
from orderledger.extend.values import stream_names
from orderledger.gateway.emulation.acting import PAUSE_SECONDS, Actor
from orderledger.gateway.emulation.actions import Action
from orderledger.gateway.emulation.checking import EmulatedChecks
from orderledger.gateway.emulation.decisions import Situation, decide
from orderledger.gateway.emulation.groups import GroupKey, Groups, group_name
from orderledger.gateway.emulation.marking import EMULATED, PART_OF, request_of, tags_of
from orderledger.gateway.emulation.trailing import Trails, is_active
from orderledger.gateway.emulation.triggers import Marks
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.results import Held, Sending
from orderledger.gateway.unsettled import Key

MOST_ROUNDS = 20
MOST_MARKS = 1_000

log = EventLogger("orderledger.gateway")


class Emulator:
    """Holds the orders that a venue cannot hold, in the gateway's event loop.

    `start`: runs a coroutine as a task of the gateway.
    """

    def __init__(
        self,
        parts: GatewayParts,
        groups: Groups,
        actor: Actor,
        checks: EmulatedChecks,
        start: Callable[[Coroutine[Any, Any, None]], object],
        *,
        mark_age_seconds: float,
    ) -> None:
        self._parts = parts
        self._book = parts.book
        self._groups = groups
        self._actor = actor
        self._checks = checks
        self._start = start
        self._mark_age_seconds = mark_age_seconds
        self._trails = Trails(parts.book.store)
        self._seen: dict[GroupKey, dict[str, list[Decimal]]] = {}
        self._busy: set[GroupKey] = set()
        self._paused: dict[GroupKey, float] = {}
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
            for key in self._groups.keys_of(order):
                self._groups.members_of(key).orders[order.client_order_id or ""] = order
                self.work(key)

    def tick(self) -> None:
        """Decide about every group: times pass without an event."""
        if self._must_load:
            self._load()
        for key in list(self._groups.members):
            self.work(key)

    def work(self, key: GroupKey) -> None:
        """Decide about one group, unless that is being done."""
        if key not in self._busy and self._paused.get(key, 0.0) <= self._time():
            self._busy.add(key)
            self._start(self._work(key))

    def keys_for_cancel(self, key: Key) -> list[Key]:
        """The orders that work for this one, and it itself."""
        account, name = key
        order = self._book.order(*key) or self._groups.known(key)
        if order is None or EMULATED not in tags_of(order):
            return [key]
        members = self._groups.members.get((account, group_name(order)))
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
        order = self._book.order(*key) or self._groups.known(key)
        return order is not None and order.is_held and not order.is_ended

    async def withdraw(self, key: Key) -> Sending:
        """End an order that is held. It is never sent."""
        await self._actor.deny(key, "withdrawn", "it was canceled before it was sent")
        return Sending("denied", *key, "withdrawn", "it was canceled before it was sent")

    def held(self) -> list[Held]:
        """The orders that are held now, and what each waits for."""
        found: list[Held] = []
        for (account, _), members in self._groups.members.items():
            for name, order in members.orders.items():
                if order.is_held and not order.is_ended:
                    reason, text = self._actor.waits.get((account, name), ("parent", ""))
                    found.append(Held(account, name, reason, text))
        return sorted(found, key=lambda one: (one.account, one.client_order_id))

    def scope(self, held: Held) -> Mapping[str, object]:
        """The account, instrument and strategy of a held order."""
        order = self._groups.order(held.account, held.client_order_id)
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
                actions = [one for one in self._decided(key) if not self._actor.note_wait(one)]
                # in a halt that lets pass what reduces a position, stops come before take-profits
                actions.sort(key=lambda one: not one.leg.is_stop)
                if not actions:
                    return
                results = await asyncio.gather(
                    *(self._actor.carry_out(key[0], one) for one in actions)
                )
                if not all(results):
                    self._paused[key] = self._time() + PAUSE_SECONDS
                    return
        except LedgerError as error:
            self._paused[key] = self._time() + PAUSE_SECONDS
            log.warning("an emulated group cannot be followed", group=key[1], error=str(error))
        finally:
            self._busy.discard(key)

    def _decided(self, key: GroupKey) -> list[Action]:
        members = self._groups.members.get(key)
        group = None if members is None else self._groups.state(members, self._trails.extremes)
        if members is None or group is None or not group.legs:
            return []
        abilities = self._parts.entries[key[0]].abilities
        seen, marks = self._seen.pop(key, {}), dict[str, Marks]()
        for leg in group.legs:
            account, instrument = self._book.instruments.of_order(leg.order)
            latest = self._book.instruments.mark_of(account, instrument)
            marks[leg.name] = Marks.of(seen.get(instrument, ()), latest)
            if is_active(group, leg):
                self._trails.follow(account, leg, marks[leg.name].seen)
        situation = Situation(
            now=self._parts.clock.now(),
            marks=marks,
            mark_age_seconds=self._mark_age_seconds,
            resizes=abilities.replaces and abilities.resizes,
            resizes_waiting=abilities.replaces_waiting,
            halted=self._checks.halt_of_trigger,
        )
        actions = decide(self._groups.state(members, self._trails.extremes), situation)
        if not actions and all(order.is_ended for order in members.orders.values()):
            self._forget(key)
        return actions

    def _note_mark(self, account: str, mark: accounts.MarkRecorded, at: datetime) -> None:
        """Keep a mark for the groups of its instrument, unless it is an old one."""
        if self._parts.clock.now() - at > timedelta(seconds=self._mark_age_seconds):
            return
        for key, members in self._groups.members.items():
            instruments = (request_of(one).instrument for one in members.orders.values())
            if key[0] == account and mark.instrument in instruments:
                seen = self._seen.setdefault(key, {}).setdefault(mark.instrument, [])
                seen.append(mark.price)
                del seen[:-MOST_MARKS]
                self.work(key)

    def _load(self) -> None:
        """Find the groups of all open orders, and the extremes of trailing stops."""
        self._must_load = False
        self._groups.load()
        for members in self._groups.members.values():
            group = self._groups.state(members, self._trails.extremes)
            self._trails.restore(members.account, group)

    def _forget(self, key: GroupKey) -> None:
        for one in self._groups.forget(key):
            self._trails.extremes.pop(one, None)
            self._actor.forget(one)
        self._paused.pop(key, None)

    def _time(self) -> float:
        return asyncio.get_running_loop().time()
