"""The fills of one order: which of them stand, and their exact sums, in whatever order the reports arrive.

A fill id may come with different numbers. The version that happened first counts; the others are kept as contested.
Fills that correct each other, or that were busted, form families: see `fill_families`.
"""

from bisect import bisect_left, insort
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.orders.families import Family
from orderledger.domain.orders.fill import Fill, Numbers, When
from orderledger.domain.orders.reports import FillCorrected, FillRecorded
from orderledger.domain.values import Reported, Side


class Fills:
    """All fills that an order has heard of, by fill id, and the sums of those that stand.

    `changed` holds the ids of the fills that the last event has added or changed. `last_told` is the latest time that counts of a
    fill, a detail of one, or a bust, and which fact of the order gave it.
    """

    __slots__ = (
        "_busts",
        "_contested",
        "_families",
        "_fees",
        "_instruments",
        "_sides",
        "_timeline",
        "_times",
        "_versions",
        "by_id",
        "changed",
        "cum_quantity",
        "last_told",
        "notional",
    )

    def __init__(self) -> None:
        self.by_id: dict[str, Fill] = {}
        self.cum_quantity = ZERO
        self.notional = ZERO
        self.changed: dict[str, None] = {}
        self._versions: dict[str, dict[Numbers, Fill]] = {}
        self._contested: set[str] = set()
        self._busts: dict[str, When] = {}
        self._families: dict[str, Family] = {}
        self._fees: dict[str, tuple[Decimal, int]] = {}
        self._sides: dict[Side, int] = {}
        self._instruments: dict[str, int] = {}
        self._times: list[datetime] = []
        self._timeline: list[tuple[datetime, str]] | None = None
        self.last_told: When | None = None

    # What is known

    @property
    def last_fill_at(self) -> datetime | None:
        """When the latest of the fills that stand happened."""
        return self._times[-1] if self._times else None

    @property
    def fees(self) -> dict[str, Decimal]:
        """Fees of the fills that stand, by currency. A fee that came without one is listed under an empty name."""
        return {currency: self._fees[currency][0] for currency in sorted(self._fees)}

    @property
    def has_reused_id(self) -> bool:
        """Whether a fill id has come with different numbers."""
        return bool(self._contested)

    def is_contested(self, fill_id: str) -> bool:
        """Whether this id has come with different numbers."""
        return fill_id in self._contested

    def contradict(self, side: Side | None, instrument: str | None) -> bool:
        """Whether a fill that stands was told to be of another side or another instrument than these."""
        is_other_side = side is not None and bool(self._sides) and any(known != side for known in self._sides)
        return is_other_side or (
            instrument is not None and bool(self._instruments) and any(known != instrument for known in self._instruments)
        )

    def knows(self, event: FillRecorded) -> bool:
        """Whether this very fill is recorded, and the report adds nothing to it."""
        version = self._version_of(event)
        return version is not None and version.has_all_of(event)

    def knows_bust(self, fill_id: str, at: datetime | None) -> bool:
        """Whether this bust is recorded, of that time or an earlier one."""
        known = self._busts.get(fill_id)
        return known is not None and (at is None or known[0] <= at)

    def state_of(self, fill: Fill) -> str:
        """active, busted or corrected. A correction that the bust of what it corrects has taken down is busted too."""
        if fill.is_standing:
            return "active"
        family = self._families.get(fill.fill_id)
        is_busted = fill.fill_id in self._busts or (family is not None and family.tip is fill)
        return "busted" if is_busted else "corrected"

    def cum_quantity_range(
        self, at: datetime, is_counted: Callable[[Reported], bool] = lambda _: False
    ) -> tuple[Decimal, Decimal]:
        """The least and the most that a claim of that time may have counted.

        The fills that stand and were told of an earlier time count. Those of that very time may be in it or not, also if they
        were taken back since; but a fill whose own claims `is_counted` accepts is in it.
        """
        least = most = self.cum_quantity
        if self.last_told is None or at > self.last_told[0]:
            return least, most
        if self._timeline is None:
            self._timeline = sorted((fill.told_at, fill_id) for fill_id, fill in self.by_id.items())
        met: set[str] = set()
        for told_at, fill_id in reversed(self._timeline):
            if told_at < at:
                break
            fill = self.by_id[fill_id]
            if fill_id in met or fill.told_at < at:
                continue
            met.add(fill_id)
            is_of_moment = fill.told_at == at
            if fill.is_standing:
                is_sure = is_of_moment and fill.reported is not None and is_counted(fill.reported)
                least = least if is_sure else EXACT.subtract(least, fill.quantity)
                most = most if is_of_moment else EXACT.subtract(most, fill.quantity)
            elif is_of_moment:
                most = EXACT.add(most, fill.quantity)
        return least, most

    # What happens

    def add(self, event: FillRecorded, at: datetime, turn: int) -> None:
        """Take in a report of a fill. If two versions claim one id, the earlier counts and the other is kept as contested.

        `turn` is the place of the report among all facts of the order.
        """
        self.changed = {event.fill_id: None}
        counted, version = self.by_id.get(event.fill_id), self._version_of(event)
        if counted is None:
            self._count_in(Fill(event, at, turn))
            return
        if version is None:
            version = Fill(event, at, turn)
            self._versions.setdefault(counted.fill_id, {counted.numbers: counted})[version.numbers] = version
            self._contested.add(event.fill_id)
            self._note_time(version)
        else:
            self._complete(version, event, at, turn, is_counted=version is counted)
        if version.is_contested:
            self._contested.add(event.fill_id)
        if version.told_at < counted.told_at:
            self._displace(counted, version)

    def bust(self, fill_id: str, at: datetime, turn: int) -> None:
        """Take a fill back, now or when it arrives."""
        self.changed = {fill_id: None} if fill_id in self.by_id else {}
        known = self._busts.get(fill_id)
        if known is None or at < known[0]:
            self._busts[fill_id] = (at, turn)
        family = self._family_of(fill_id)
        self._suspend(family)
        family.bust(fill_id, self._busts[fill_id][0])
        if known is not None and at < known[0] and known == self.last_told:
            self._find_last_told()
        self.last_told = max(self.last_told or self._busts[fill_id], self._busts[fill_id])
        self._settle(family)

    # How it is kept

    def _version_of(self, event: FillRecorded) -> Fill | None:
        """The version that has the numbers of this report."""
        counted = self.by_id.get(event.fill_id)
        if counted is None:
            return None
        corrects = event.corrects if isinstance(event, FillCorrected) else None
        if counted.quantity == event.quantity and counted.price == event.price and counted.corrects == corrects:
            return counted
        versions = self._versions.get(event.fill_id)
        return None if versions is None else versions.get((event.quantity, event.price, corrects))

    def _count_in(self, fill: Fill) -> None:
        """A fill id that was not known before."""
        self.by_id[fill.fill_id] = fill
        self._note_time(fill)
        if fill.fill_id in self._families or fill.corrects_another:
            self._join(fill)
        else:
            self._stand(fill)

    def _complete(self, fill: Fill, event: FillRecorded, at: datetime, turn: int, *, is_counted: bool) -> None:
        """Another report of the same numbers."""
        family = self._families.get(fill.fill_id) if is_counted else None
        if family is not None:
            self._suspend(family)
        elif is_counted:
            self._fall(fill)
        before, told_at = fill.last_told, fill.told_at
        fill.complete(event, at, turn)
        if fill.last_told < before == self.last_told:
            self._find_last_told()
        self._note_time(fill)
        if family is not None:
            if fill.told_at != told_at:
                family.reconsider()
            self._pass_on(family, fill)
            self._settle(family)
        elif is_counted:
            self._stand(fill)

    def _displace(self, counted: Fill, version: Fill) -> None:
        """Another version of this id happened earlier: it counts, at the same place among all fills."""
        self.by_id[counted.fill_id] = version
        if counted.is_standing:
            self._fall(counted)
        if counted.fill_id in self._families or version.corrects_another:
            self._form_families_anew()
        else:
            self._stand(version)

    def _join(self, fill: Fill) -> None:
        """A fill enters the family of those that correct it, and of what it corrects."""
        family = self._family_of(fill.fill_id)
        self._suspend(family)
        family.enter(fill)
        if fill.corrects_another:
            assert fill.corrects is not None
            above = self._family_of(fill.corrects)
            self._suspend(above)
            family = self._united(above, family, fill)
            corrected = self.by_id.get(fill.corrects)
            fill.inherited = None if corrected is None else corrected.effective
        self._pass_on(family, fill)
        self._settle(family)

    def _united(self, above: Family, below: Family, fill: Fill) -> Family:
        """One family of two. The ids of the smaller one move."""
        if above is below:
            above.close_cycle()
            return above
        larger, smaller = (above, below) if len(above.ids) >= len(below.ids) else (below, above)
        for fill_id in smaller.ids:
            self._families[fill_id] = larger
        larger.take_in(smaller, above=above, below=below, link=fill)
        return larger

    def _family_of(self, fill_id: str) -> Family:
        """The family of an id, a new one where it had none."""
        family = self._families.get(fill_id)
        if family is None:
            family = self._families[fill_id] = Family(fill_id, self.by_id.get(fill_id))
        return family

    def _pass_on(self, family: Family, fill: Fill) -> None:
        """Corrections take over what has become known of the fill that they correct."""
        waiting = [fill]
        while waiting:
            corrected = waiting.pop()
            effective = corrected.effective
            for correction in family.corrections_of(corrected.fill_id):
                if correction.inherited != effective:
                    correction.inherited = effective
                    self.changed[correction.fill_id] = None
                    waiting.append(correction)

    def _form_families_anew(self) -> None:
        """Rare: a version that displaced another has, or had, a part in a family."""
        for fill in self.by_id.values():
            if fill.is_standing:
                self._fall(fill)
            fill.inherited = None
        self._families = {}
        for fill in self.by_id.values():
            if fill.fill_id in self._families or fill.corrects_another:
                self._join(fill)
            else:
                self._stand(fill)
        for fill_id, (at, _) in self._busts.items():
            family = self._family_of(fill_id)
            self._suspend(family)
            family.bust(fill_id, at)
            self._settle(family)
        self.changed = dict.fromkeys(self.by_id)

    def _suspend(self, family: Family) -> None:
        """Before a family changes: what stands of it does not count for now."""
        if family.standing is not None and family.standing.is_standing:
            self._fall(family.standing)

    def _settle(self, family: Family) -> None:
        """After a family has changed: what stands of it counts."""
        if family.standing is not None:
            self._stand(family.standing)
        if family.tip is not None:
            self.changed[family.tip.fill_id] = None

    def _stand(self, fill: Fill) -> None:
        self._change_sums(fill, EXACT.add, 1)
        at = fill.at
        if not self._times or at >= self._times[-1]:
            self._times.append(at)
        else:
            insort(self._times, at)

    def _fall(self, fill: Fill) -> None:
        self._change_sums(fill, EXACT.subtract, -1)
        del self._times[bisect_left(self._times, fill.at)]
        self.changed[fill.fill_id] = None

    def _change_sums(self, fill: Fill, change: Callable[[Decimal, Decimal], Decimal], count: int) -> None:
        fill.is_standing = count > 0
        self.cum_quantity = change(self.cum_quantity, fill.quantity)
        self.notional = change(self.notional, EXACT.multiply(fill.quantity, fill.price))
        told = fill if fill.inherited is None else fill.effective
        if told.fee is not None:
            currency = told.fee_currency or ""
            fees, fills = self._fees.get(currency, (ZERO, 0))
            self._fees[currency] = change(fees, told.fee), fills + count
            if not fills + count:
                del self._fees[currency]
        if told.side is not None:
            _tally(self._sides, told.side, count)
        if told.instrument is not None:
            _tally(self._instruments, told.instrument, count)

    def _note_time(self, fill: Fill) -> None:
        """A fill has come, or another report of it has changed when it was told."""
        if self.last_told is None or fill.last_told > self.last_told:
            self.last_told = fill.last_told
        if self._timeline is not None:
            insort(self._timeline, (fill.told_at, fill.fill_id))

    def _find_last_told(self) -> None:
        """A later time of the same fact may count no more: look for the latest that does."""
        versions = [fill for versions in self._versions.values() for fill in versions.values()]
        told = [fill.last_told for fill in (*self.by_id.values(), *versions)]
        self.last_told = max([*told, *self._busts.values()])


def _tally(counts: dict[Any, int], name: object, count: int) -> None:
    counts[name] = counts.get(name, 0) + count
    if not counts[name]:
        del counts[name]
