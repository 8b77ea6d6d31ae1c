"""The positions of one account, as the fills add up and as the venue states them."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from orderledger.domain.exact import EXACT, ZERO, plain, total
from orderledger.domain.values import Source
from orderledger.infrastructure.errors import VenueUnavailable
from orderledger.infrastructure.reconciliation.breaks import Break, Kind, repairing
from orderledger.infrastructure.reconciliation.findings import Findings, apart
from orderledger.infrastructure.venues.venue import Venue
from orderledger.infrastructure.wire.messages import Adjust, Balance
from orderledger.projections.tables import Row

LOOKS = 3
"""A fill may lie between the two questions: positions and fills are asked for again before they are found to differ."""

JUST = timedelta(microseconds=1)


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
        looks = []
        for look in range(LOOKS):
            told = await self._venue.positions(self._findings.account)
            missing = self._missing(told, await self._rows())
            possible = {instrument: {quantity} for instrument, quantity in missing.items()}
            if any(missing.values()) and look < LOOKS - 1:
                await asyncio.sleep(self._pause)
                await self._findings.ask_fills(self._venue, since)
                # A fill that was learned now may lie before the answer, or behind it.
                for instrument, quantity in self._missing(told, await self._rows()).items():
                    possible.setdefault(instrument, set()).add(quantity)
            looks.append(possible)
            wrong = sorted(instrument for instrument, quantities in possible.items() if ZERO not in quantities)
            if not wrong:
                break
        rows = await self._rows()
        self.agreed = len(possible) - len(wrong)
        self.fills = sum(row["fills"] for row in rows.values()) + len(self._findings.unrecorded_fills)
        await self._keep(told)
        stated = {balance.instrument: balance for balance in told}
        for instrument in wrong:
            steady = set.intersection(*(possible.get(instrument, set()) for possible in looks))
            await self._add(instrument, steady, stated.get(instrument), rows.get(instrument), since, asked_at)

    async def _rows(self) -> dict[str, Row]:
        rows = await apart(self._findings.book.positions, account=self._findings.account)
        return {row["instrument"]: row for row in rows}

    def _missing(self, told: Sequence[Balance], rows: dict[str, Row]) -> dict[str, Decimal]:
        """What of each position is at the venue and not here."""
        stated = {balance.instrument: balance for balance in told}
        missing: dict[str, Decimal] = {}
        traded = {instrument for instrument, row in rows.items() if is_traded(row)}
        traded |= {fill.instrument for fill in self._findings.unrecorded_fills if fill.instrument is not None}
        for instrument in sorted({*stated, *rows, *traded}):
            there = stated.get(instrument)
            if self._is_comparable(instrument, there, is_traded=instrument in traded):
                here = self._held(rows.get(instrument), instrument)
                missing[instrument] = EXACT.subtract(there.quantity if there else ZERO, here)
        return missing

    def _held(self, row: Row | None, instrument: str) -> Decimal:
        held: Decimal = row["position_quantity"] if row is not None else ZERO
        return EXACT.add(held, self._findings.unrecorded_position(instrument))

    async def _opened(self, instrument: str, steady: set[Decimal], moment: datetime) -> Decimal:
        """What was held at that moment: what is missing, and what fills from before the looking back make of it. Raises
        VenueUnavailable where no number was missing in every look."""
        if not steady:
            raise VenueUnavailable(f"the position in {instrument} moves while it is asked for")
        asked = {"account": self._findings.account, "instrument": instrument, "effective_at": moment}
        rows = await apart(self._findings.book.positions, **asked)
        return EXACT.add(min(steady), total(row["position_quantity"] for row in rows))

    def _is_comparable(self, instrument: str, there: Balance | None, *, is_traded: bool) -> bool:
        """A balance of a currency, which has no price and is not traded here, moves with deposits: nothing to hold it against."""
        if there is None:
            return self._venue.tells_position_of(instrument)
        return is_traded or there.average_price is not None

    async def _keep(self, told: Sequence[Balance]) -> None:
        """What the venue states, as evidence, where it states something new."""
        known = await apart(self._findings.book.instruments, account=self._findings.account)
        stated = {row["instrument"]: row["reported_quantity"] for row in known}
        news = [balance for balance in told if stated.get(balance.instrument) != balance.quantity]
        held = {balance.instrument for balance in told}
        at = max((balance.at for balance in told if balance.at), default=None)
        gone = [
            Balance(account=self._findings.account, instrument=instrument, quantity=ZERO, at=at)
            for instrument, quantity in stated.items()
            if quantity and instrument not in held and self._venue.tells_position_of(instrument)
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
        """`steady`: what was missing in every look."""
        stated, here = there.quantity if there else ZERO, self._held(row, instrument)
        is_opening = self._may_open and there is not None
        kind = Kind.OPENING_POSITION if is_opening else Kind.POSITION_DIFFERS
        price = there.average_price if there and there.average_price is not None else ZERO
        told = Adjust(
            account=self._findings.account,
            instrument=instrument,
            quantity=await self._opened(instrument, steady, since - JUST) if is_opening else stated,
            price=price,
            at=since - JUST if is_opening else asked_at,
            reason=kind.value,
        )
        is_settled = is_opening or self._may_adjust
        found = Break(
            kind=kind,
            account=self._findings.account,
            subject=instrument,
            since=asked_at,
            text=f"{plain(here)} here, {plain(stated)} at the venue",
            ours=row,
            theirs=there.evidence if there else None,
            repairs=repairing([told], kind, instrument),
            is_settled=is_settled,
        )
        self._findings.breaks[found.id] = found
        if is_settled:
            self.agreed += 1
            await self._findings.record(found.repairs)


def is_traded(row: Row) -> bool:
    """Whether anything was ever booked for it. Rows also stand for what the venue once stated a balance of."""
    return bool(row["fills"] or row["position_quantity"] or row["realized_pnl"])
