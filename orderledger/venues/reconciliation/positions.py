"""Compares the positions of one account: the sum of the fills, and the venue's statement."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orderledger import Adjust, Balance, Source
from orderledger.extend.values import EXACT, ZERO, plain
from orderledger.extend.views import Row, reported_quantities
from orderledger.venues.base.venue import PriorPosition, Venue
from orderledger.venues.errors import VenueUnavailable
from orderledger.venues.reconciliation.book import JUST, position_at
from orderledger.venues.reconciliation.breaks import Break, Kind, repairing
from orderledger.venues.reconciliation.findings import Findings, off_loop
from orderledger.venues.reconciliation.opening import BY_RESULT, price_of_opening
from orderledger.venues.reconciliation.position_name import Named, PositionName

LOOKS = 3
"""Attempts. A fill may come between the query for positions and the one for fills, so both are
repeated before a break."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One comparison. `balances`: the venue's positions. `possible`: the quantities that may be
    missing here, by position.

    `at_rest`: the missing quantity of each position for which nothing was recorded during the
    query. `doubts`: those that cannot be compared, with a sentence.
    """

    balances: Sequence[Balance]
    possible: dict[PositionName, set[Decimal]]
    at_rest: dict[PositionName, Decimal]
    doubts: dict[PositionName, str]
    named: Named

    @property
    def wrong(self) -> list[PositionName]:
        """The positions of which a quantity is certainly missing, or that cannot be compared."""
        missing = {
            name: None for name, quantities in self.possible.items() if ZERO not in quantities
        }
        return sorted({**missing, **dict.fromkeys(self.doubts)})

    def stated(self) -> dict[PositionName, Balance]:
        """The venue's balances, by position."""
        return {self.named.of_balance(balance): balance for balance in self.balances}


class PositionComparison:
    """The comparison of positions. `agreed` counts the positions that agree, `fills` the active
    fills of the ledger."""

    def __init__(
        self, findings: Findings, venue: Venue, *, pause: float, may_open: bool, may_adjust: bool
    ) -> None:
        self._findings = findings
        self._venue = venue
        self._pause = pause
        self._may_open = may_open
        self._may_adjust = may_adjust
        self.agreed = 0
        self.fills = 0

    async def compare(self, since: datetime, asked_at: datetime) -> None:
        """Compare all positions. Fills were queried from `since` on.

        Raises VenueUnavailable if a position to be opened changes faster than it can be compared.
        """
        looks = [await self._look(since, is_last=False)]
        if await self._open_held_before(looks[0]):
            looks = []
        while not looks or (looks[-1].wrong and len(looks) < LOOKS):
            looks.append(await self._look(since, is_last=len(looks) == LOOKS - 1))
        last, rows = looks[-1], await self._rows()
        self.agreed = len({**last.possible, **last.doubts}) - len(last.wrong)
        self.fills = sum(row["fills"] for row in rows.values()) + sum(
            move.fills for move in self._findings.moves
        )
        await self._keep(last)
        stated = last.stated()
        for name in last.wrong:
            if (doubt := last.doubts.get(name)) is not None:
                self._doubt(name, doubt, stated.get(name), rows.get(name), asked_at)
            else:
                await self._add(
                    name,
                    last.named,
                    _steady(looks, name),
                    stated.get(name),
                    rows.get(name),
                    since,
                    asked_at,
                )

    async def _look(self, since: datetime, *, is_last: bool) -> Look:
        before = await self._rows()
        balances = await self._venue.positions(self._findings.account)
        after, named = await self._rows(), await self._named()
        missing = self._missing(named, balances, after)
        # The venue's answer may or may not include a fill recorded during the query or below.
        seen = [self._missing(named, balances, before), missing]
        if any(missing.values()) and not is_last:
            await asyncio.sleep(self._pause)
            await self._findings.ask_fills(self._venue, since)
            seen.append(self._missing(named, balances, await self._rows()))
        return Look(
            balances=balances,
            possible={
                name: {quantities.get(name, ZERO) for quantities in seen}
                for name in set().union(*seen)
            },
            at_rest={
                name: quantity
                for name, quantity in missing.items()
                if _booked(before.get(name)) == _booked(after.get(name))
            },
            doubts=named.doubts(balances, after),
            named=named,
        )

    async def _rows(self) -> dict[PositionName, Row]:
        rows = await off_loop(self._findings.book.positions, account=self._findings.account)
        return {PositionName.of(row): row for row in rows}

    async def _named(self) -> Named:
        return Named(
            await off_loop(self._findings.book.instruments, account=self._findings.account)
        )

    def _missing(
        self, named: Named, balances: Sequence[Balance], rows: dict[PositionName, Row]
    ) -> dict[PositionName, Decimal]:
        """The quantity of each position at the venue minus the quantity here."""
        stated = {named.of_balance(balance): balance for balance in balances}
        missing: dict[PositionName, Decimal] = {}
        moves = (move for move in self._findings.moves if move.instrument is not None)
        traded = {name for name, row in rows.items() if is_traded(row)}
        traded |= {
            named.name(move.instrument or "", move.position_side, move.position_id)
            for move in moves
        }
        instruments = {name.instrument for name in traded}
        for name in sorted({*stated, *rows, *traded}):
            there, row = stated.get(name), rows.get(name)
            is_known = row is None or row["position_quantity"] is not None
            if is_known and self._is_comparable(
                name.instrument, there, is_traded=name.instrument in instruments
            ):
                missing[name] = EXACT.subtract(
                    there.quantity if there else ZERO, self._held(row, name, named)
                )
        return missing

    def _held(self, row: Row | None, name: PositionName, named: Named) -> Decimal:
        held: Decimal = row["position_quantity"] if row is not None else ZERO
        return EXACT.add(held, self._findings.unrecorded_position(name, named))

    async def _held_at(self, moment: datetime, name: PositionName, named: Named) -> Decimal:
        """The position at a moment, by all that is known now."""
        book, account = self._findings.book, self._findings.account
        position = await off_loop(position_at, book, account, name.instrument, moment, name.part)
        return EXACT.add(position.quantity, self._findings.unrecorded_position(name, named, moment))

    def _is_comparable(self, instrument: str, there: Balance | None, *, is_traded: bool) -> bool:
        """Check whether the position can be compared. A currency without price and trades here
        cannot: deposits change it."""
        if there is None:
            return self._venue.reports_position(instrument)
        return is_traded or there.average_price is not None

    async def _keep(self, look: Look) -> None:
        """Record the venue's statements as evidence, if they are new."""
        known = await off_loop(self._findings.book.instruments, account=self._findings.account)
        stated = {
            PositionName(row["instrument"], *part): quantity
            for row in known
            for part, quantity in reported_quantities(row).items()
        }
        held = look.stated()
        news = [
            balance
            for balance in look.balances
            if stated.get(look.named.of_balance(balance)) != balance.quantity
        ]
        at = max((balance.at for balance in look.balances if balance.at), default=None)
        gone = [
            Balance(account=self._findings.account, **name.fields, quantity=ZERO, at=at)
            for name, quantity in stated.items()
            if quantity and name not in held and self._venue.reports_position(name.instrument)
        ]
        await self._findings.record(
            [
                message.model_copy(update={"source": Source.RECONCILIATION})
                for message in [*news, *gone]
            ]
        )

    def _doubt(
        self,
        name: PositionName,
        text: str,
        there: Balance | None,
        row: Row | None,
        asked_at: datetime,
    ) -> None:
        """Add a break for a position that cannot be compared. No adjustment could settle it."""
        found = Break(
            kind=Kind.POSITION_DIFFERS,
            account=self._findings.account,
            subject=name.subject,
            since=asked_at,
            text=text,
            ours=row,
            theirs=there.evidence if there else None,
            is_settled=False,
        )
        self._findings.breaks[found.id] = found

    async def _add(
        self,
        name: PositionName,
        named: Named,
        steady: set[Decimal],
        there: Balance | None,
        row: Row | None,
        since: datetime,
        asked_at: datetime,
    ) -> None:
        """Add a break, and adjust the position if allowed.

        `steady`: see `_steady`. If it is empty, the position changes too fast and is not adjusted.
        Raises VenueUnavailable if the position had to be opened: later runs never do that.
        """
        instrument = name.instrument
        is_opening = await self._may_be_opened(name, named, there, since)
        if is_opening and not steady:
            raise VenueUnavailable(f"the position in {instrument} changes during the query")
        is_settled = bool(steady) and (is_opening or self._may_adjust)
        stated, here = there.quantity if there else ZERO, self._held(row, name, named)
        kind = Kind.OPENING_POSITION if is_opening else Kind.POSITION_DIFFERS
        moment = since - JUST if is_opening else asked_at
        quantity = (
            EXACT.add(await self._held_at(moment, name, named), min(steady))
            if is_settled
            else stated
        )
        price, text = (there.average_price or ZERO if there else ZERO), None
        if is_opening:
            price, text = await self._price_of(name, quantity, there, moment)
        found = Break(
            kind=kind,
            account=self._findings.account,
            subject=name.subject,
            since=asked_at,
            text=f"{plain(here)} here, {plain(stated)} at the venue",
            ours=row,
            theirs=there.evidence if there else None,
            repairs=repairing(
                [self._set(name, quantity, price, kind, moment, text)], kind, name.subject
            ),
            is_settled=is_settled,
        )
        self._findings.breaks[found.id] = found
        if is_settled:
            self.agreed += 1
            await self._findings.record(found.repairs)

    def _set(
        self,
        name: PositionName,
        quantity: Decimal,
        price: Decimal,
        kind: Kind,
        at: datetime,
        text: str | None,
    ) -> Adjust:
        """The adjustment to this quantity and average price, from `at` on."""
        return Adjust(
            account=self._findings.account,
            **name.fields,
            quantity=quantity,
            price=price,
            at=at,
            reason=kind.value,
            text=text,
        )

    async def _open_held_before(self, look: Look) -> bool:
        """Open positions held before the first fill of an instrument, if the venue's fills report
        them. Returns True if any was opened.

        That includes positions closed since, and does not depend on other differences.
        """
        before = (
            sorted(self._findings.prior_positions.values(), key=_instrument)
            if self._may_open
            else []
        )
        stated = look.stated()
        is_opened = False
        for held in before:
            moment, name = held.at - JUST, PositionName(held.instrument)
            here = await self._held_at(moment, name, look.named)
            if here == held.quantity or not self._venue.reports_position(held.instrument):
                continue
            price, text = held.price, BY_RESULT
            if price is None:
                price, text = await self._price_of(name, held.quantity, stated.get(name), moment)
            await self._open(
                held,
                here,
                self._set(name, held.quantity, price, Kind.OPENING_POSITION, moment, text),
            )
            is_opened = True
        return is_opened

    async def _open(self, held: PriorPosition, here: Decimal, adjustment: Adjust) -> None:
        kind, instrument = Kind.OPENING_POSITION, held.instrument
        found = Break(
            kind=kind,
            account=self._findings.account,
            subject=instrument,
            since=held.at,
            text=f"{plain(here)} here before the first fill that the venue reports, "
            f"{plain(held.quantity)} at the venue",
            repairs=repairing([adjustment], kind, instrument),
        )
        self._findings.set_position(
            PositionName(instrument), adjustment.at or held.at, EXACT.subtract(held.quantity, here)
        )
        await self._findings.add(found)

    async def _may_be_opened(
        self, name: PositionName, named: Named, there: Balance | None, since: datetime
    ) -> bool:
        """Check whether the difference may have been held before the first fill. No if the venue's
        fills report what was held.

        For a position that is flat now: yes if its fills alone would leave it open, unless the
        operator wants positions adjusted to the venue's.
        """
        if not self._may_open or name.instrument in self._findings.prior_positions:
            return False
        return there is not None or (
            not self._may_adjust and await self._held_at(since - JUST, name, named) == ZERO
        )

    async def _price_of(
        self, name: PositionName, quantity: Decimal, there: Balance | None, at: datetime
    ) -> tuple[Decimal, str]:
        """The price of the position at that time, and how it was found."""
        return await off_loop(
            price_of_opening,
            self._findings.book,
            self._findings.account,
            name.instrument,
            name.part,
            quantity=quantity,
            at=at,
            stated=there.average_price if there else None,
            thought_of=self._findings.unrecorded_fills(name.instrument, at),
        )


def _steady(looks: Sequence[Look], name: PositionName) -> set[Decimal]:
    """The quantities that may be missing in every comparison, and are certainly missing in one.

    If a fill of the same size arrives during each query, one fill too many seems to be recorded. A
    comparison without new fills does not have this error.
    """
    sure = {look.at_rest[name] for look in looks if name in look.at_rest}
    return sure.intersection(*(look.possible.get(name, set()) for look in looks))


def _instrument(held: PriorPosition) -> str:
    return held.instrument


def _booked(row: Row | None) -> tuple[int, Decimal | None]:
    return (row["fills"], row["position_quantity"]) if row is not None else (0, ZERO)


def is_traded(row: Row) -> bool:
    """Check whether any fill or adjustment was recorded. There are also rows for mere statements of
    the venue."""
    return bool(row["fills"] or row["position_quantity"] or row["realized_pnl"])
