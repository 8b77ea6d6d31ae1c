"""The positions of one account, as the fills add up and as the venue states them."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.values import Source
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
        """Compare all positions. Fills were asked for from `since` on."""
        for look in range(LOOKS):
            told = await self._venue.positions(self._findings.account)
            rows = await self._rows()
            wrong = self._wrong(told, rows)
            if not wrong:
                break
            if look < LOOKS - 1:
                await asyncio.sleep(self._pause)
                await self._findings.learn(await self._venue.fills_since(self._findings.account, since))
        self.fills = sum(row["fills"] for row in rows.values())
        await self._keep(told)
        for instrument, here, there in wrong:
            await self._add(instrument, here, there, rows.get(instrument), since, asked_at)

    async def _rows(self) -> dict[str, Row]:
        rows = await apart(self._findings.book.positions, account=self._findings.account)
        return {row["instrument"]: row for row in rows}

    def _wrong(self, told: Sequence[Balance], rows: dict[str, Row]) -> list[tuple[str, Decimal, Balance | None]]:
        stated = {balance.instrument: balance for balance in told}
        wrong: list[tuple[str, Decimal, Balance | None]] = []
        self.agreed = 0
        for instrument in sorted({*stated, *rows}):
            here = rows[instrument]["position_quantity"] if instrument in rows else ZERO
            here = EXACT.add(here, self._findings.unrecorded_position(instrument))
            there = stated.get(instrument)
            if not self._is_comparable(instrument, there, is_traded=instrument in rows and is_traded(rows[instrument])):
                continue
            if here == (there.quantity if there else ZERO):
                self.agreed += 1
            else:
                wrong.append((instrument, here, there))
        return wrong

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
        self, instrument: str, here: Decimal, there: Balance | None, row: Row | None, since: datetime, asked_at: datetime
    ) -> None:
        stated = there.quantity if there else ZERO
        missing = EXACT.subtract(stated, here)
        is_opening = self._may_open and there is not None
        kind = Kind.OPENING_POSITION if is_opening else Kind.POSITION_DIFFERS
        price = there.average_price if there and there.average_price is not None else ZERO
        told = Adjust(
            account=self._findings.account,
            instrument=instrument,
            quantity=missing if is_opening else stated,
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
            text=f"{here:f} here, {stated:f} at the venue",
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
