"""The positions of one account, as the fills add up and as the venue states them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orderledger.domain.exact import EXACT, ZERO, plain
from orderledger.domain.values import Source
from orderledger.infrastructure.errors import VenueUnavailable
from orderledger.infrastructure.messages.registry import Adjust, Balance
from orderledger.infrastructure.sync.reconciliation.book import JUST, position_at
from orderledger.infrastructure.sync.reconciliation.breaks import Break, Kind, repairing
from orderledger.infrastructure.sync.reconciliation.findings import Findings, off_loop
from orderledger.infrastructure.sync.reconciliation.opening import BY_RESULT, price_of_opening
from orderledger.infrastructure.venues.base.venue import HeldBefore, Venue
from orderledger.projections.view import Row

LOOKS = 3
"""A fill may lie between the two questions: positions and fills are asked for again before they are found to differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the venue `told`, and by instrument what may be missing here. `at_rest`: what is, where nothing was booked while the
    venue was asked."""

    told: Sequence[Balance]
    possible: dict[str, set[Decimal]]
    at_rest: dict[str, Decimal]

    @property
    def wrong(self) -> list[str]:
        """The instruments of which something is missing for sure."""
        return sorted(name for name, quantities in self.possible.items() if ZERO not in quantities)


class PositionComparison:
    """`agreed` counts the positions of which both sides now say the same, `fills` those that stand in the ledger."""

    def __init__(self, findings: Findings, venue: Venue, *, pause: float, may_open: bool, may_adjust: bool) -> None:
        self._findings = findings
        self._venue = venue
        self._pause = pause
        self._may_open = may_open
        self._may_adjust = may_adjust
        self.agreed = 0
        self.fills = 0

    async def compare(self, since: datetime, asked_at: datetime) -> None:
        """Compare all positions. Fills were asked for from `since` on. Raises VenueUnavailable where a position that would have
        to be opened moves faster than it can be looked at."""
        looks = [await self._look(since, is_last=False)]
        if await self._open_held_before(looks[0]):
            looks = []
        while not looks or (looks[-1].wrong and len(looks) < LOOKS):
            looks.append(await self._look(since, is_last=len(looks) == LOOKS - 1))
        last, rows = looks[-1], await self._rows()
        self.agreed = len(last.possible) - len(last.wrong)
        self.fills = sum(row["fills"] for row in rows.values()) + sum(move.fills for move in self._findings.moves)
        await self._keep(last.told)
        stated = {balance.instrument: balance for balance in last.told}
        for instrument in last.wrong:
            await self._add(instrument, _steady(looks, instrument), stated.get(instrument), rows.get(instrument), since, asked_at)

    async def _look(self, since: datetime, *, is_last: bool) -> Look:
        before = await self._rows()
        told = await self._venue.positions(self._findings.account)
        after = await self._rows()
        missing = self._missing(told, after)
        # A fill that was booked while the venue was asked, or is learned below, may lie before the answer, or behind it.
        seen = [self._missing(told, before), missing]
        if any(missing.values()) and not is_last:
            await asyncio.sleep(self._pause)
            await self._findings.ask_fills(self._venue, since)
            seen.append(self._missing(told, await self._rows()))
        return Look(
            told=told,
            possible={name: {quantities.get(name, ZERO) for quantities in seen} for name in set().union(*seen)},
            at_rest={
                name: quantity for name, quantity in missing.items() if _booked(before.get(name)) == _booked(after.get(name))
            },
        )

    async def _rows(self) -> dict[str, Row]:
        rows = await off_loop(self._findings.book.positions, account=self._findings.account)
        return {row["instrument"]: row for row in rows}

    def _missing(self, told: Sequence[Balance], rows: dict[str, Row]) -> dict[str, Decimal]:
        """What of each position is at the venue and not here."""
        stated = {balance.instrument: balance for balance in told}
        missing: dict[str, Decimal] = {}
        traded = {instrument for instrument, row in rows.items() if is_traded(row)}
        traded |= {move.instrument for move in self._findings.moves if move.instrument is not None}
        for instrument in sorted({*stated, *rows, *traded}):
            there = stated.get(instrument)
            if self._is_comparable(instrument, there, is_traded=instrument in traded):
                here = self._held(rows.get(instrument), instrument)
                missing[instrument] = EXACT.subtract(there.quantity if there else ZERO, here)
        return missing

    def _held(self, row: Row | None, instrument: str) -> Decimal:
        held: Decimal = row["position_quantity"] if row is not None else ZERO
        return EXACT.add(held, self._findings.unrecorded_position(instrument))

    async def _held_at(self, moment: datetime, instrument: str) -> Decimal:
        """What was held by then, by all that is known now."""
        position = await off_loop(position_at, self._findings.book, self._findings.account, instrument, moment)
        return EXACT.add(position.quantity, self._findings.unrecorded_position(instrument, moment))

    def _is_comparable(self, instrument: str, there: Balance | None, *, is_traded: bool) -> bool:
        """A balance of a currency, which has no price and is not traded here, moves with deposits: nothing to hold it against."""
        if there is None:
            return self._venue.reports_position(instrument)
        return is_traded or there.average_price is not None

    async def _keep(self, told: Sequence[Balance]) -> None:
        """What the venue states, as evidence, where it states something new."""
        known = await off_loop(self._findings.book.instruments, account=self._findings.account)
        stated = {row["instrument"]: row["reported_quantity"] for row in known}
        news = [balance for balance in told if stated.get(balance.instrument) != balance.quantity]
        held = {balance.instrument for balance in told}
        at = max((balance.at for balance in told if balance.at), default=None)
        gone = [
            Balance(account=self._findings.account, instrument=instrument, quantity=ZERO, at=at)
            for instrument, quantity in stated.items()
            if quantity and instrument not in held and self._venue.reports_position(instrument)
        ]
        await self._findings.record([message.model_copy(update={"source": Source.RECONCILIATION}) for message in [*news, *gone]])

    async def _add(
        self,
        instrument: str,
        steady: set[Decimal],
        there: Balance | None,
        row: Row | None,
        since: datetime,
        asked_at: datetime,
    ) -> None:
        """`steady`: see `_steady`. A position that moves too fast for that stays as it is. Raises VenueUnavailable where it would
        have to be opened: later runs never do."""
        is_opening = await self._may_be_opened(instrument, there, since)
        if is_opening and not steady:
            raise VenueUnavailable(f"the position in {instrument} moves while it is asked for")
        is_settled = bool(steady) and (is_opening or self._may_adjust)
        stated, here = there.quantity if there else ZERO, self._held(row, instrument)
        kind = Kind.OPENING_POSITION if is_opening else Kind.POSITION_DIFFERS
        moment = since - JUST if is_opening else asked_at
        quantity = EXACT.add(await self._held_at(moment, instrument), min(steady)) if is_settled else stated
        price, text = (there.average_price or ZERO if there else ZERO), None
        if is_opening:
            price, text = await self._price_of(instrument, quantity, there, moment)
        found = Break(
            kind=kind,
            account=self._findings.account,
            subject=instrument,
            since=asked_at,
            text=f"{plain(here)} here, {plain(stated)} at the venue",
            ours=row,
            theirs=there.evidence if there else None,
            repairs=repairing([self._set(instrument, quantity, price, kind, moment, text)], kind, instrument),
            is_settled=is_settled,
        )
        self._findings.breaks[found.id] = found
        if is_settled:
            self.agreed += 1
            await self._findings.record(found.repairs)

    def _set(self, instrument: str, quantity: Decimal, price: Decimal, kind: Kind, at: datetime, text: str | None) -> Adjust:
        """From then on so much is held, at this average cost."""
        return Adjust(
            account=self._findings.account,
            instrument=instrument,
            quantity=quantity,
            price=price,
            at=at,
            reason=kind.value,
            text=text,
        )

    async def _open_held_before(self, look: Look) -> bool:
        """Open what was held before the first fill of an instrument, where the venue's fills say that: even of a position that
        was closed since, and whatever else is missing. Whether anything was opened."""
        before = sorted(self._findings.held_before.values(), key=_instrument) if self._may_open else []
        stated = {balance.instrument: balance for balance in look.told}
        is_opened = False
        for held in before:
            moment = held.at - JUST
            here = await self._held_at(moment, held.instrument)
            if here == held.quantity or not self._venue.reports_position(held.instrument):
                continue
            price, text = held.price, BY_RESULT
            if price is None:
                price, text = await self._price_of(held.instrument, held.quantity, stated.get(held.instrument), moment)
            await self._open(held, here, self._set(held.instrument, held.quantity, price, Kind.OPENING_POSITION, moment, text))
            is_opened = True
        return is_opened

    async def _open(self, held: HeldBefore, here: Decimal, adjustment: Adjust) -> None:
        kind, instrument = Kind.OPENING_POSITION, held.instrument
        found = Break(
            kind=kind,
            account=self._findings.account,
            subject=instrument,
            since=held.at,
            text=f"{plain(here)} here before the first fill that the venue tells, {plain(held.quantity)} there",
            repairs=repairing([adjustment], kind, instrument),
        )
        self._findings.set_position(instrument, adjustment.at or held.at, EXACT.subtract(held.quantity, here))
        await self._findings.add(found)

    async def _may_be_opened(self, instrument: str, there: Balance | None, since: datetime) -> bool:
        """Whether what differs may have been held before the first fill. It is known where the venue's fills say what was held.

        A position that is flat now was held before, if by its fills since then alone it would not be: unless the operator says
        that positions are to be adjusted to the venue's.
        """
        if not self._may_open or instrument in self._findings.held_before:
            return False
        return there is not None or (not self._may_adjust and await self._held_at(since - JUST, instrument) == ZERO)

    async def _price_of(self, instrument: str, quantity: Decimal, there: Balance | None, at: datetime) -> tuple[Decimal, str]:
        """What was held then had cost, and how that is known."""
        return await off_loop(
            price_of_opening,
            self._findings.book,
            self._findings.account,
            instrument,
            quantity=quantity,
            at=at,
            stated=there.average_price if there else None,
            thought_of=self._findings.unrecorded_fills(instrument, at),
        )


def _steady(looks: Sequence[Look], instrument: str) -> set[Decimal]:
    """What may be missing by every look, and is by one of them. Fills of one size that come while the venue is asked, each time
    one, look as if one were too many; but never while nothing is booked."""
    sure = {look.at_rest[instrument] for look in looks if instrument in look.at_rest}
    return sure.intersection(*(look.possible.get(instrument, set()) for look in looks))


def _instrument(held: HeldBefore) -> str:
    return held.instrument


def _booked(row: Row | None) -> tuple[int, Decimal]:
    return (row["fills"], row["position_quantity"]) if row is not None else (0, ZERO)


def is_traded(row: Row) -> bool:
    """Whether anything was ever booked for it. Rows also stand for what the venue once stated a balance of."""
    return bool(row["fills"] or row["position_quantity"] or row["realized_pnl"])
