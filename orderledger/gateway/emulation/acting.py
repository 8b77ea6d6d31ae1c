"""Carries out the actions of the emulator: sends, changes and ends orders, queries the venue, and
keeps what each order waits for."""

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from functools import partial
from typing import Any

from orderledger import Deny, Request
from orderledger.extend.runtime import EventLogger
from orderledger.gateway.canceling import Canceler
from orderledger.gateway.emulation import actions
from orderledger.gateway.emulation.actions import Action, Ask, Wait
from orderledger.gateway.emulation.checking import EmulatedChecks, ends
from orderledger.gateway.emulation.groups import Groups
from orderledger.gateway.emulation.leg_parts import RESIZE, Part
from orderledger.gateway.emulation.members import Leg
from orderledger.gateway.emulation.requests import part_of, repeated
from orderledger.gateway.limits import Denial
from orderledger.gateway.look_ups import LookUps
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.proposed import proposed_of
from orderledger.gateway.replacing import Replacer
from orderledger.gateway.sending import Sender
from orderledger.gateway.unsettled import Key

PAUSE_SECONDS = 1.0
"""Seconds before an action that was not taken is tried again."""
EXPECTED = frozenset({"parent", "trigger", "sibling", "answer"})
"""Reasons of waiting that are not logged as warnings."""

HELD_BACK = "an emulated order is held back"

log = EventLogger("orderledger.gateway")


class Actor:
    """Carries out actions. `waits`: by order, the reason and the sentence. `start`: runs a
    coroutine as a task of the gateway."""

    def __init__(
        self,
        parts: GatewayParts,
        checks: EmulatedChecks,
        sender: Sender,
        canceler: Canceler,
        replacer: Replacer,
        look_ups: LookUps,
        groups: Groups,
        start: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self.waits: dict[Key, tuple[str, str]] = {}
        self._parts = parts
        self._checks = checks
        self._sender = sender
        self._canceler = canceler
        self._replacer = replacer
        self._look_ups = look_ups
        self._groups = groups
        self._start = start
        self._asked: dict[Key, float] = {}

    async def carry_out(self, account: str, action: Action) -> bool:
        """Carry out one action. Returns whether it was taken."""
        match action:
            case actions.Send(leg=leg, part=part):
                return await self._send(leg, repeated(self._groups.order(account, part.name)))
            case actions.Create(leg=leg, quantity=quantity, waits=waits):
                request = part_of(leg, quantity, is_held=waits)
                if waits:
                    await self._parts.ledger.recording.arecord_together(
                        [request.model_copy(update={"at": self._parts.clock.now()})],
                        fence=self._parts.keeper.fence(account),
                    )
                    return True
                return await self._send(leg, request)
            case actions.Resize(leg=leg, part=part, quantity=quantity):
                return await self._resize(leg, part, quantity)
            case actions.Cancel(part=part):
                sent = await self._canceler.cancel((account, part.name), purpose=RESIZE)
            case actions.End(part=part, reason=reason, text=text):
                return await self.deny((account, part.name), reason, text)
            case Ask() | Wait():
                return True
        return sent.state in ("acknowledged", "received")

    async def _send(self, leg: Leg, request: Request) -> bool:
        """Send an order, unless a halt or a limit forbids it now."""
        denial = self._checks.why_not(leg, proposed_of(request))
        if denial is not None:
            return await self._not_sent(leg, denial)
        (sent,) = await self._sender.send(request.account, [request], releases=True)
        return sent.state in ("acknowledged", "received")

    async def _resize(self, leg: Leg, part: Part, quantity: Decimal) -> bool:
        """Change the quantity of an order, unless a halt or a limit forbids it to grow."""
        sent = await self._replacer.replace(
            (leg.order.account, part.name),
            {"quantity": quantity},
            why_not=partial(self._checks.why_not, leg),
            is_smaller=quantity < part.quantity,
        )
        if sent.state == "denied":
            key = (leg.order.account, leg.name)
            self._note(key, HELD_BACK, sent.reason or "", sent.text or "")
        return sent.state in ("acknowledged", "received")

    async def _not_sent(self, leg: Leg, denial: Denial) -> bool:
        """End a leg that a limit forbids, or hold it back. Returns whether it has ended."""
        key = (leg.order.account, leg.name)
        if ends(leg, denial):
            return await self.deny(key, denial.reason, denial.text)
        self._note(key, HELD_BACK, denial.reason, denial.text)
        return False

    async def deny(self, key: Key, reason: str, text: str) -> bool:
        """End an order that was never sent. Returns whether the ledger recorded it."""
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

    def note_wait(self, action: Action) -> bool:
        """Whether the action is only to wait."""
        if isinstance(action, Ask):
            self._ask((action.leg.order.account, action.part.name))
            return True
        if not isinstance(action, Wait):
            return False
        key = (action.leg.order.account, action.leg.name)
        self._note(key, "an emulated order waits", action.reason, action.text)
        return True

    def _note(self, key: Key, event: str, reason: str, text: str) -> None:
        """Keep what an order waits for, and log a warning when that is new."""
        is_new = self.waits.get(key, ("", ""))[0] != reason
        self.waits[key] = (reason, text)
        if is_new and reason not in EXPECTED:
            order = {"account": key[0], "client_order_id": key[1]}
            log.warning(event, **order, reason=reason, text=text)

    def _ask(self, key: Key) -> None:
        """Query the venue about an order, at most once a second."""
        if self._asked.get(key, 0.0) <= asyncio.get_running_loop().time() - PAUSE_SECONDS:
            self._asked[key] = asyncio.get_running_loop().time()
            self._start(self._look_up(key))

    async def _look_up(self, key: Key) -> None:
        messages = await self._look_ups.look_up(key)
        if messages:
            await self._parts.ledger.recording.arecord_together(messages)

    def forget(self, key: Key) -> None:
        """Forget an order whose group is done."""
        self.waits.pop(key, None)
        self._asked.pop(key, None)
