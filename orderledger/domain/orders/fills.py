"""The fills of one order, and which of them are active. The result does not depend on the order in
which reports arrive.

If two fills share an id but differ in numbers, the earlier counts and the other is kept as
contested. Fills that are linked by corrections and busts form a family: see `families`.
"""

from bisect import insort
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import msgspec

from orderledger.domain.exact import EXACT
from orderledger.domain.orders.claims import Latest
from orderledger.domain.orders.families import Family
from orderledger.domain.orders.fill import Fill, Numbers
from orderledger.domain.orders.fill_sums import FillSums
from orderledger.domain.orders.fill_terms import FillTerms
from orderledger.domain.orders.when import When, last
from orderledger.domain.values import Reported


class Fills(msgspec.Struct, gc=False, eq=False):
    """All reported fills by fill id. `sums` adds up the active ones.

    `changed` holds the ids of the fills that the last event added or changed. `last_reported` is
    the latest time reported for a fill, a detail of one, or a bust, and the number of the fact that
    gave it.
    """

    by_id: dict[str, Fill] = {}
    sums: FillSums = msgspec.field(default_factory=FillSums)
    changed: dict[str, None] = {}
    last_reported: When | None = None
    _versions: dict[str, dict[Numbers, Fill]] = {}
    _contested: set[str] = set()
    _two_sided: set[str] = set()
    _busts: dict[str, When] = {}
    _families: dict[str, Family] = {}
    _timeline: list[tuple[datetime, str]] | None = None
    _terms: dict[str, FillTerms] = {}

    # Queries

    @property
    def has_reused_id(self) -> bool:
        """Whether a fill id has come with different numbers."""
        return bool(self._contested)

    @property
    def has_two_sides(self) -> bool:
        """Whether the reports of one fill name different position sides."""
        return bool(self._two_sided)

    def is_contested(self, fill_id: str) -> bool:
        """Whether this id has come with different numbers."""
        return fill_id in self._contested

    def version_of(self, report: Fill) -> Fill | None:
        """The recorded version with the numbers of this report."""
        counted = self.by_id.get(report.fill_id)
        if counted is None or counted.numbers == report.numbers:
            return counted
        versions = self._versions.get(report.fill_id)
        return None if versions is None else versions.get(report.numbers)

    def latest_of(self, name: str) -> Latest[object]:
        """The latest value of an identifying term in the reports of all fills, each at its earliest
        time."""
        if name not in self._terms:
            self._terms[name] = FillTerms(name, self._all())
        return self._terms[name].latest()

    def knows(self, report: Fill) -> bool:
        """Whether the fill is recorded, and the report adds nothing to it."""
        version = self.version_of(report)
        return version is not None and version.has_all_of(report)

    def knows_bust(self, fill_id: str, at: datetime | None) -> bool:
        """Whether the bust is recorded with this time or an earlier one."""
        known = self._busts.get(fill_id)
        return known is not None and (at is None or known.at <= at)

    def state_of(self, fill: Fill) -> str:
        """active, busted or corrected. A correction is busted too if the bust of its original is
        later than the correction."""
        if fill.is_active:
            return "active"
        family = self._families.get(fill.fill_id)
        is_busted = fill.fill_id in self._busts or (family is not None and family.tip is fill)
        return "busted" if is_busted else "corrected"

    def cum_quantity_range(
        self, at: datetime, is_counted: Callable[[Reported], bool] = lambda _: False
    ) -> tuple[Decimal, Decimal]:
        """The least and the most that a cumulative quantity claimed for that time may include.

        Active fills of an earlier time are included. A fill of exactly that time may or may not be,
        even if it was busted later; it is if `is_counted` accepts the claims in its own report.
        """
        least = most = self.sums.cum_quantity
        if self.last_reported is None or at > self.last_reported.at:
            return least, most
        if self._timeline is None:
            self._timeline = sorted(
                (fill.reported_at, fill_id) for fill_id, fill in self.by_id.items()
            )
        met: set[str] = set()
        for reported_at, fill_id in reversed(self._timeline):
            if reported_at < at:
                break
            fill = self.by_id[fill_id]
            if fill_id in met or fill.reported_at < at:
                continue
            met.add(fill_id)
            is_of_moment = fill.reported_at == at
            if fill.is_active:
                is_sure = is_of_moment and fill.reported is not None and is_counted(fill.reported)
                least = least if is_sure else EXACT.subtract(least, fill.quantity)
                most = most if is_of_moment else EXACT.subtract(most, fill.quantity)
            elif is_of_moment:
                most = EXACT.add(most, fill.quantity)
        return least, most

    # Changes

    def add(self, report: Fill) -> None:
        """Add a report of a fill."""
        self.changed = {report.fill_id: None}
        counted, version = self.by_id.get(report.fill_id), self.version_of(report)
        if counted is None:
            self._count_in(report)
            return
        if version is None:
            version = report
            self._versions.setdefault(counted.fill_id, {counted.numbers: counted})[
                version.numbers
            ] = version
            self._contested.add(report.fill_id)
            self._note_time(version)
        else:
            self._complete(version, report, is_counted=version is counted)
        if version.is_contested:
            self._contested.add(report.fill_id)
        if version.has_two_sides:
            self._two_sided.add(report.fill_id)
        if version.when < counted.when:
            self._displace(counted, version)

    def bust(self, fill_id: str, when: When) -> None:
        """Bust a fill, now or when it arrives."""
        self.changed = {fill_id: None} if fill_id in self.by_id else {}
        known = self._busts.get(fill_id)
        if known is None or when < known:
            self._busts[fill_id] = when
        family = self._family_of(fill_id)
        self._suspend(family)
        family.bust(fill_id, self._busts[fill_id])
        if known is not None and when < known == self.last_reported:
            self._find_last_reported()
        self.last_reported = max(self.last_reported or self._busts[fill_id], self._busts[fill_id])
        self._settle(family)

    # Internals

    def _count_in(self, fill: Fill) -> None:
        """Add the first fill of an id."""
        self.by_id[fill.fill_id] = fill
        self._note_time(fill)
        if fill.fill_id in self._families or fill.corrects_another:
            self._join(fill)
        else:
            self._activate(fill)

    def _complete(self, fill: Fill, report: Fill, *, is_counted: bool) -> None:
        """Add another report of the same numbers."""
        family = self._families.get(fill.fill_id) if is_counted else None
        if family is not None:
            self._suspend(family)
        elif is_counted:
            self._deactivate(fill)
        before, was = fill.last_reported, fill.when
        fill.complete(report)
        if fill.last_reported < before == self.last_reported:
            self._find_last_reported()
        self._note_time(fill)
        if family is not None:
            if fill.when != was:
                family.reconsider()
            self._pass_on(family, fill)
            self._settle(family)
        elif is_counted:
            self._activate(fill)

    def _displace(self, counted: Fill, version: Fill) -> None:
        """Replace the version that counts by one that happened earlier. Its place among the fills
        stays."""
        self.by_id[counted.fill_id] = version
        if counted.is_active:
            self._deactivate(counted)
        if counted.fill_id in self._families or version.corrects_another:
            self._form_families_anew()
        else:
            self._activate(version)

    def _join(self, fill: Fill) -> None:
        """Add a fill to the family of its corrections, and of the fill that it corrects."""
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
        """Unite two families. The ids of the smaller one move: linear in all
        (benchmarks/bench_growth.py)."""
        if above is below:
            above.close_cycle()
            return above
        larger, smaller = (above, below) if len(above.ids) >= len(below.ids) else (below, above)
        for fill_id in smaller.ids:
            self._families[fill_id] = larger
        larger.take_in(smaller, above=above, below=below, link=fill)
        return larger

    def _family_of(self, fill_id: str) -> Family:
        family = self._families.get(fill_id)
        if family is None:
            family = self._families[fill_id] = Family(fill_id, self.by_id.get(fill_id))
        return family

    def _pass_on(self, family: Family, fill: Fill) -> None:
        """Update what corrections inherit from the fill that they correct."""
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
        """Rebuild all families. Rare: a version that belongs to a family was replaced."""
        for fill in self.by_id.values():
            if fill.is_active:
                self._deactivate(fill)
            fill.inherited = None
        self._families = {}
        for fill in self.by_id.values():
            if fill.fill_id in self._families or fill.corrects_another:
                self._join(fill)
            else:
                self._activate(fill)
        for fill_id, when in self._busts.items():
            family = self._family_of(fill_id)
            self._suspend(family)
            family.bust(fill_id, when)
            self._settle(family)
        self.changed = dict.fromkeys(self.by_id)

    def _suspend(self, family: Family) -> None:
        """Take the active fill of a family out of the sums while the family changes."""
        if family.active is not None and family.active.is_active:
            self._deactivate(family.active)

    def _settle(self, family: Family) -> None:
        """Put the active fill of a changed family back into the sums."""
        if family.active is not None:
            self._activate(family.active)
        if family.tip is not None:
            self.changed[family.tip.fill_id] = None

    def _activate(self, fill: Fill) -> None:
        fill.is_active = True
        self.sums.add(fill)

    def _deactivate(self, fill: Fill) -> None:
        fill.is_active = False
        self.sums.remove(fill)
        self.changed[fill.fill_id] = None

    def _note_time(self, fill: Fill) -> None:
        """Note the time of a new fill, or of another report of a known one."""
        self.last_reported = last(self.last_reported, fill.last_reported)
        if self._timeline is not None:
            insort(self._timeline, (fill.reported_at, fill.fill_id))
        for terms in self._terms.values():
            terms.note(fill)

    def _find_last_reported(self) -> None:
        """Recompute `last_reported` after an earlier report replaced the time that set it."""
        self.last_reported = max(
            [*(fill.last_reported for fill in self._all()), *self._busts.values()]
        )

    def _all(self) -> list[Fill]:
        return [
            *self.by_id.values(),
            *(fill for versions in self._versions.values() for fill in versions.values()),
        ]
