"""The fills of one order: which of them stand, and their exact sums, whatever the order they arrived in."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from orderledger.domain.events import FillCorrected, FillRecorded
from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.values import Liquidity, Reported, Side, later


@dataclass(slots=True, kw_only=True)
class Fill:
    """One fill as the venue told it. It stands unless it was busted, or corrected by another."""

    fill_id: str
    quantity: Decimal
    price: Decimal
    at: datetime
    fee: Decimal | None
    fee_currency: str | None
    liquidity: Liquidity | None
    instrument: str | None
    side: Side | None
    corrects: str | None
    reported: Reported | None
    fee_at: datetime | None = None
    currency_at: datetime | None = None
    is_standing: bool = False

    def is_same_as(self, event: FillRecorded) -> bool:
        """Whether a report of the same fill id tells the same numbers. What one of the two left out does not differ."""
        return (
            self.is_same_trade_as(event)
            and not _differ(self.fee, event.fee)
            and not _differ(self.fee_currency, event.fee_currency)
        )

    def is_same_trade_as(self, event: FillRecorded) -> bool:
        """The same but for the fee."""
        return (
            self.quantity == event.quantity
            and self.price == event.price
            and not _differ(self.side, event.side)
            and not _differ(self.instrument, event.instrument)
            and self.corrects == (event.corrects if isinstance(event, FillCorrected) else None)
        )

    def is_completed_by(self, event: FillRecorded) -> bool:
        """Whether a report of the same fill knows what was not known of it."""
        names = ("fee", "fee_currency", "liquidity", "instrument", "side")
        return any(getattr(self, name) is None and getattr(event, name) is not None for name in names)

    def complete(self, event: FillRecorded, at: datetime) -> None:
        """Take over what another report of the same fill knows. Of several fees the one told first counts, of several
        currencies likewise."""
        if event.fee is not None and (self.fee_at is None or at < self.fee_at):
            self.fee, self.fee_at = event.fee, at
        if event.fee_currency is not None and (self.currency_at is None or at < self.currency_at):
            self.fee_currency, self.currency_at = event.fee_currency, at
        self.liquidity = self.liquidity or event.liquidity
        self.instrument = self.instrument or event.instrument
        self.side = self.side or event.side


def _differ(one: object, other: object) -> bool:
    return one is not None and other is not None and one != other


class Fills:
    """All fills an order has heard of, by fill id."""

    __slots__ = ("_busted", "_corrections", "_uncounted", "by_id", "cum_quantity", "last_fill_at", "notional")

    def __init__(self) -> None:
        self.by_id: dict[str, Fill] = {}
        self.cum_quantity = ZERO
        self.notional = ZERO
        self.last_fill_at: datetime | None = None
        self._uncounted: tuple[Fill, ...] = ()
        self._busted: frozenset[str] = frozenset()
        self._corrections: dict[str, list[Fill]] = {}

    def standing(self) -> list[Fill]:
        return [fill for fill in self.by_id.values() if fill.is_standing]

    @property
    def has_reused_id(self) -> bool:
        """Whether two fills with different numbers have claimed one id."""
        return bool(self._uncounted)

    def is_contested(self, fill_id: str) -> bool:
        """Whether this id has come with different numbers."""
        return any(other.fill_id == fill_id for other in self._uncounted)

    def knows(self, event: FillRecorded) -> bool:
        """Whether this very fill is recorded, and the report adds nothing to it."""
        fill = self.by_id.get(event.fill_id)
        if fill is not None and fill.is_same_as(event):
            return not fill.is_completed_by(event)
        return any(other.fill_id == event.fill_id and other.is_same_as(event) for other in self._uncounted)

    def is_busted(self, fill_id: str) -> bool:
        return fill_id in self._busted

    def add(self, event: FillRecorded, at: datetime) -> None:
        """Count a fill. Of two that claim one id with other numbers, the earlier counts and the other is kept beside."""
        known = self.by_id.get(event.fill_id)
        if known is None:
            self._take(_fill(event, at))
        elif known.is_same_as(event):
            known.complete(event, at)
        elif known.is_same_trade_as(event):  # with another fee: the one that counts may be taken over, both stay known
            self._uncounted += (replace(known), _fill(event, at))
            known.complete(event, at)
        elif known.at <= at:
            self._uncounted += (_fill(event, at),)
        else:
            self._uncounted += (known,)
            self._count(known, stands=False)
            self._replace(known, _fill(event, at))
            self._settle_family(known)

    def _take(self, fill: Fill) -> None:
        self.by_id[fill.fill_id] = fill
        if fill.corrects is not None:
            self._corrections.setdefault(fill.corrects, []).append(fill)
        if self._corrections:
            self._settle_family(fill)
        else:
            self._settle(fill.fill_id)

    def _replace(self, known: Fill, fill: Fill) -> None:
        """Another has the id, at the same place among all fills."""
        self.by_id[known.fill_id] = fill
        for corrected in (known.corrects, fill.corrects):
            if corrected is not None:
                self._corrections[corrected] = [one for one in self.by_id.values() if one.corrects == corrected]
        self._settle_family(fill)

    def bust(self, fill_id: str) -> None:
        """Take a fill back, now or when it arrives."""
        self._busted |= {fill_id}
        self._settle(fill_id)

    def cum_quantity_range(
        self, at: datetime, is_counted: Callable[[Reported], bool] = lambda _: False
    ) -> tuple[Decimal, Decimal]:
        """The least and the most that the sum may have been at that moment: with the standing fills before it and those whose
        own claims are counted, and with all fills of that moment, also those that have been taken back since."""
        is_after_all = self.last_fill_at is None or at > self.last_fill_at
        if is_after_all and not (self._busted or self._corrections):
            return self.cum_quantity, self.cum_quantity
        least = most = ZERO
        for fill in self.by_id.values():
            is_before, is_of_moment = fill.at < at and fill.is_standing, fill.at == at
            is_told = is_of_moment and fill.is_standing and fill.reported is not None and is_counted(fill.reported)
            if is_before or is_told:
                least = EXACT.add(least, fill.quantity)
            if is_before or is_of_moment:
                most = EXACT.add(most, fill.quantity)
        return least, most

    def _corrections_of(self, fill_id: str | None) -> list[Fill]:
        """All that a fill was corrected to, in the order in which it was told."""
        return self._corrections.get(fill_id, []) if fill_id is not None else []

    def _correction_of(self, fill_id: str) -> Fill | None:
        """What a fill was corrected to. Of several corrections the latest counts."""
        corrections = self._corrections_of(fill_id)
        return max(reversed(corrections), key=lambda fill: fill.at) if corrections else None

    def _is_outdone(self, fill: Fill) -> bool:
        """Whether another correction counts instead: of the same fill, or of one that this one comes from by way of others."""
        seen = {fill.fill_id}
        known: Fill | None = fill
        while known is not None and known.corrects is not None:
            if self._correction_of(known.corrects) is not known:
                return True
            if known.corrects in seen:
                return False
            seen.add(known.corrects)
            known = self.by_id.get(known.corrects)
        return False

    def _settle(self, fill_id: str) -> None:
        fill = self.by_id.get(fill_id)
        if fill is not None:
            correction = self._correction_of(fill_id)
            is_corrected = correction is not None and correction is not fill
            is_outdone = fill.corrects is not None and self._is_outdone(fill)
            self._count(fill, stands=not (fill_id in self._busted or is_corrected or is_outdone))

    def _settle_family(self, fill: Fill) -> None:
        """A fill has come or gone: so may have what it corrects, the other corrections of that, and what corrects these."""
        if fill.corrects is not None:
            self._settle(fill.corrects)
        family = [fill.fill_id, *(one.fill_id for one in self._corrections_of(fill.corrects))]
        for fill_id in family:
            self._settle(fill_id)
            family += [one.fill_id for one in self._corrections_of(fill_id) if one.fill_id not in family]

    def _count(self, fill: Fill, *, stands: bool) -> None:
        if fill.is_standing == stands:
            return
        fill.is_standing = stands
        change = EXACT.add if stands else EXACT.subtract
        self.cum_quantity = change(self.cum_quantity, fill.quantity)
        self.notional = change(self.notional, EXACT.multiply(fill.quantity, fill.price))
        if stands:
            self.last_fill_at = later(self.last_fill_at, fill.at)
        elif fill.at == self.last_fill_at:
            self.last_fill_at = max((other.at for other in self.standing()), default=None)


def _fill(event: FillRecorded, at: datetime) -> Fill:
    return Fill(
        fill_id=event.fill_id,
        quantity=event.quantity,
        price=event.price,
        at=at,
        fee=event.fee,
        fee_currency=event.fee_currency,
        liquidity=event.liquidity,
        instrument=event.instrument,
        side=event.side,
        corrects=event.corrects if isinstance(event, FillCorrected) else None,
        reported=event.reported,
        fee_at=at if event.fee is not None else None,
        currency_at=at if event.fee_currency is not None else None,
    )
