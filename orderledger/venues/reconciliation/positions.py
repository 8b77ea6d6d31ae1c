"""Compares the positions of one account: the sum of the fills, and the venue's statement."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from orderledger import Adjust, Balance, Message, Source
from orderledger.extend.runtime import threads
from orderledger.extend.values import EXACT, ZERO, plain
from orderledger.venues.base.venue import PriorPosition
from orderledger.venues.errors import VenueUnavailable
from orderledger.venues.reconciliation.account import Mark, ReconciledAccount
from orderledger.venues.reconciliation.book import JUST
from orderledger.venues.reconciliation.breaks import Break, Kind, repairing
from orderledger.venues.reconciliation.facts import Facts
from orderledger.venues.reconciliation.fills import record_missed
from orderledger.venues.reconciliation.holdings import Holdings, Look, PositionName, look, steady
from orderledger.venues.reconciliation.opening import BY_RESULT, Opening, price_of_opening
from orderledger.venues.reconciliation.rules import Rules

LOOKS = 3
"""Attempts. A fill may come between the query for positions and the one for fills, so both are
repeated before a break."""


class PositionComparison:
    """The comparison of positions. `agreed` counts the positions that agree, `fills` the active
    fills of the ledger. `proposed`: the messages to record with the certificate.
    `not_reported`: the positions that the venue does not state. `mark`: before the last query."""

    def __init__(
        self,
        account: ReconciledAccount,
        facts: Facts,
        rules: Rules,
        since: datetime,
        asked_at: datetime,
    ) -> None:
        """Fills were queried from `since` on, the orders at `asked_at`."""
        self.breaks: list[Break] = []
        self.proposed: list[Message] = []
        self.agreed = 0
        self.fills = 0
        self.not_reported: list[str] = []
        self.mark = Mark(0, 0)
        self._looks: list[Look] = []
        self._account = account
        self._facts = facts
        self._rules = rules
        self._since = since
        self._asked_at = asked_at
        self._held: Holdings | None = None

    async def compare(self) -> None:
        """Compare all positions."""
        looks = self._looks = [await self._look(is_last=False)]
        if self._rules.may_open and await threads.to_thread(self._open_held_before, looks[0]):
            looks.clear()
        while not looks or (looks[-1].wrong and len(looks) < LOOKS):
            looks.append(await self._look(is_last=len(looks) == LOOKS - 1))

    async def look_again(self) -> None:
        """Query the positions once more, for the balances in the same answer."""
        self._looks.append(await self._look(is_last=True))

    async def _look(self, *, is_last: bool) -> Look:
        before = await self._held_now()
        self.mark = Mark(before.position, len(self._account.recorded))
        balances = await self._facts.positions()
        seen = [before, await self._held_now()]
        found = look(balances, seen, self._facts.reports_position)
        if found.is_equal or is_last:
            return found
        await asyncio.sleep(
            self._rules.opening_pause if self._rules.may_open else self._rules.pause
        )
        fills = await self._facts.fills(self._since)
        self.breaks += await threads.to_thread(record_missed, self._account, fills)
        return look(balances, [*seen, await self._held_now()], self._facts.reports_position)

    async def _held_now(self) -> Holdings:
        self._held = await threads.to_thread(self._account.holdings, self._held)
        return self._held

    def settle(self) -> None:
        """Propose to record the venue's statements, and adjustments to them.

        Raises VenueUnavailable if a position to be opened changes faster than it can be compared.
        """
        looks, last = self._looks, self._looks[-1]
        self.agreed, self.fills = last.agreed, last.held.fills
        self.not_reported = [
            f"position:{name.subject}"
            for name in sorted({*last.held.rows} - {*last.possible, *last.doubts})
            if last.held.quantity(name)
        ]
        found = [
            self._break(Kind.POSITION_DIFFERS, name, last.doubts[name], last, is_settled=False)
            if name in last.doubts  # no adjustment could settle it
            else self._differing(name, looks)
            for name in last.wrong
        ]
        settled = [one for one in found if one.is_settled]
        self.agreed += len(settled)
        repairs = (repair for one in settled for repair in one.repairs)
        statements = (
            one.model_copy(update={"source": Source.RECONCILIATION})
            for one in last.held.statements(last.balances, self._facts.reports_position)
        )
        self.proposed += [*statements, *repairs]
        self.breaks += found

    def _differing(self, name: PositionName, looks: Sequence[Look]) -> Break:
        """A position that differs, and the adjustment that settles it, if that is allowed.

        A position that changes too fast is not adjusted. Raises VenueUnavailable if it had to be
        opened: later runs never do that.
        """
        held, there, sure = looks[-1].held, looks[-1].stated.get(name), steady(looks, name)
        is_opening = self._may_be_opened(name, there)
        if is_opening and not sure:
            raise VenueUnavailable(f"the position in {name.instrument} changes during the query")
        is_settled = bool(sure) and (is_opening or self._rules.may_adjust)
        kind = Kind.OPENING_POSITION if is_opening else Kind.POSITION_DIFFERS
        moment = self._since - JUST if is_opening else self._asked_at
        quantity = quantity_there = (there.quantity if there else None) or ZERO
        if is_settled:
            quantity = EXACT.add(self._account.quantity_at(moment, name), min(sure))
        average = there.average_price if there else None
        price, how = average or ZERO, None
        if is_opening:
            opening = Opening(name, quantity, moment, average)
            price, how = price_of_opening(self._account, opening)
        adjustment = self._adjustment(Opening(name, quantity, moment, average), price, kind, how)
        text = f"{plain(held.quantity(name))} here, {plain(quantity_there)} at the venue"
        return self._break(kind, name, text, looks[-1], adjustment, is_settled=is_settled)

    def _break(
        self,
        kind: Kind,
        name: PositionName,
        text: str,
        last: Look,
        *repairs: Adjust,
        is_settled: bool,
    ) -> Break:
        there = last.stated.get(name)
        return Break(
            kind=kind,
            account=self._account.name,
            subject=name.subject,
            since=self._asked_at,
            text=text,
            ours=last.held.rows.get(name),
            theirs=there.evidence if there else None,
            repairs=repairing(repairs, kind, name.subject),
            is_settled=is_settled,
        )

    def _may_be_opened(self, name: PositionName, there: Balance | None) -> bool:
        """Check whether the difference may have been held before the first fill. No if the venue's
        fills report what was held.

        For a position that is flat now: yes if its fills alone would leave it open, unless the
        operator wants positions adjusted to the venue's.
        """
        if not self._rules.may_open or name.instrument in self._facts.prior_positions:
            return False
        if there is not None:
            return True
        before = self._since - JUST
        return not self._rules.may_adjust and self._account.quantity_at(before, name) == ZERO

    def _open_held_before(self, first: Look) -> bool:
        """Open positions held before the first fill of an instrument, if the venue's fills report
        them. Returns True if any was opened.

        That includes positions closed since, and does not depend on other differences.
        """
        stated = first.stated
        found = []
        for _, held in sorted(self._facts.prior_positions.items()):
            moment, name = held.at - JUST, PositionName(held.instrument)
            here = self._account.quantity_at(moment, name)
            if here != held.quantity and self._facts.reports_position(held.instrument):
                found.append(self._opened(held, here, stated.get(name)))
        self._account.record([repair for one in found for repair in one.repairs])
        self.breaks += found
        return bool(found)

    def _opened(self, held: PriorPosition, here: Decimal, there: Balance | None) -> Break:
        """A position that was held before, with the adjustment that opens it."""
        kind, name = Kind.OPENING_POSITION, PositionName(held.instrument)
        average = there.average_price if there else None
        opening = Opening(name, held.quantity, held.at - JUST, average)
        price, text = held.price, BY_RESULT
        if price is None:
            price, text = price_of_opening(self._account, opening)
        adjustment = self._adjustment(opening, price, kind, text)
        return Break(
            kind=kind,
            account=self._account.name,
            subject=held.instrument,
            since=held.at,
            text=f"{plain(here)} here before the first fill that the venue reports, "
            f"{plain(held.quantity)} at the venue",
            repairs=repairing([adjustment], kind, held.instrument),
        )

    def _adjustment(self, to: Opening, price: Decimal, kind: Kind, text: str | None) -> Adjust:
        """The adjustment to a quantity and average price, from a time on."""
        return Adjust(
            account=self._account.name,
            **to.name.fields,
            quantity=to.quantity,
            price=price,
            at=to.at,
            reason=kind.value,
            text=text,
        )
