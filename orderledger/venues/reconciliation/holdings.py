"""The positions of one account, in the ledger and at the venue, and the quantities missing here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, Self

from orderledger import Balance, PositionSide
from orderledger.extend.values import EXACT, ZERO, sides, total
from orderledger.extend.views import instruments
from orderledger.rows import InstrumentRow, PositionRow, TradeRow


class PositionName(NamedTuple):
    """Key of a position of an account: the instrument, and the side and id where the venue keeps
    several positions."""

    instrument: str
    side: str = sides.NET
    position_id: str = ""

    @classmethod
    def of(cls, row: PositionRow) -> Self:
        """The position of a row of `positions`."""
        return cls(row["instrument"], row["position_side"], row["position_id"])

    @property
    def part(self) -> sides.Part:
        return self.side, self.position_id

    @property
    def subject(self) -> str:
        """The name in a break."""
        return ":".join((self.instrument, *sides.part_words(self.part)))

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a message about it."""
        side = None if self.side == sides.NET else PositionSide(self.side)
        return {
            "instrument": self.instrument,
            "position_side": side,
            "position_id": self.position_id or None,
        }


Missing = dict[PositionName, Decimal]
"""The quantity of each position at the venue minus the quantity here."""
Stated = Mapping[PositionName, Balance]
"""The venue's balances, by position."""


class Change(NamedTuple):
    """A change of a position in a dry run. `fills`: 1 for an added fill, -1 for one that no longer
    counts, 0 for an adjustment."""

    instrument: str | None
    position_side: str | None
    position_id: str | None
    at: datetime
    quantity: Decimal
    fills: int

    @classmethod
    def of_fill(cls, fill: TradeRow, fills: int) -> Self:
        is_added = (fill["side"] == "buy") == (fills > 0)
        return cls(
            fill["instrument"],
            fill["position_side"],
            fill["position_id"],
            fill["at"],
            fill["quantity"] if is_added else EXACT.copy_negate(fill["quantity"]),
            fills,
        )


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """The positions in the ledger at a log position. `changes`: those of a dry run."""

    account: str
    position: int
    rows: Mapping[PositionName, PositionRow]
    instruments: Sequence[InstrumentRow]
    changes: Sequence[Change] = ()

    @cached_property
    def _modes(self) -> dict[str, sides.Modes]:
        return {row["instrument"]: instruments.modes_of(row) for row in self.instruments}

    @property
    def fills(self) -> int:
        """The number of active fills."""
        return sum(row["fills"] for row in self.rows.values()) + sum(
            change.fills for change in self.changes
        )

    def name(self, instrument: str, side: str | None, position_id: str | None) -> PositionName:
        """The position of these fields of a message, by the mode of the instrument."""
        modes = self._modes.get(instrument, ())
        part = sides.part_now({"position_side": side, "position_id": position_id}, modes)
        return PositionName(instrument, *part)

    def names(self, balances: Sequence[Balance]) -> list[PositionName]:
        """The positions of the venue's balances."""
        return [
            self.name(
                one.instrument or "", one.position_side and str(one.position_side), one.position_id
            )
            for one in balances
        ]

    def quantity(self, name: PositionName) -> Decimal:
        """The quantity of a position."""
        row = self.rows.get(name)
        held = ZERO if row is None else row["position_quantity"] or ZERO
        return EXACT.add(held, self.changed(name)) if self.changes else held

    def changed(self, name: PositionName, until: datetime | None = None) -> Decimal:
        """The change of a position by a dry run, in total or until a time."""
        return total(
            change.quantity
            for change in self.changes
            if self._of(change) == name and (until is None or change.at <= until)
        )

    def missing(self, stated: Stated, reports_position: Callable[[str], bool]) -> Missing:
        """The missing quantity of each position that can be compared.

        A position that the venue does not state is flat there, if the venue would report it. A
        currency without price and trades here cannot be compared: deposits change it.
        """
        traded = self._traded()
        instruments = {name.instrument for name in traded}
        found: Missing = {}
        for name in sorted({*stated, *self.rows, *traded}):
            there, row = stated.get(name), self.rows.get(name)
            if row is not None and row["position_quantity"] is None:
                continue
            if there is None and reports_position(name.instrument):
                found[name] = EXACT.subtract(ZERO, self.quantity(name))
            elif there and (name.instrument in instruments or there.average_price is not None):
                found[name] = EXACT.subtract(there.quantity or ZERO, self.quantity(name))
        return found

    def statements(
        self, balances: Sequence[Balance], reports_position: Callable[[str], bool]
    ) -> list[Balance]:
        """The venue's statements that are new here, also of positions that it no longer lists."""
        known = {
            PositionName(row["instrument"], *part): quantity
            for row in self.instruments
            for part, quantity in instruments.reported_quantities(row).items()
        }
        stated = self.names(balances)
        news = [
            one
            for name, one in zip(stated, balances, strict=True)
            if known.get(name) != one.quantity
        ]
        at = max((one.at for one in balances if one.at), default=None)
        gone = [
            Balance(account=self.account, **name.fields, quantity=ZERO, at=at)
            for name, quantity in known.items()
            if quantity and name not in stated and reports_position(name.instrument)
        ]
        return [*news, *gone]

    def doubts(self, balances: Sequence[Balance]) -> dict[PositionName, str]:
        """Positions that cannot be compared, each with a sentence: no adjustment could be true."""
        rows, stated = self.rows, self.names(balances)
        names = list(dict.fromkeys((*rows, *stated)))
        sided = {name.instrument for name in names if name.side in sides.NAMED}
        unknown = {
            name.instrument for name, row in rows.items() if row["position_quantity"] is None
        }
        unsided = {
            name.instrument
            for name, row in rows.items()
            if name.side == sides.NET
            and row["fills"]
            and self._mode(name.instrument) == sides.UNKNOWN
        }
        found: dict[PositionName, str] = {}
        for name in names:
            if name.instrument in unknown:
                found[name] = "unknown here, because a fill has no position side"
            elif name not in rows and name.side in sides.NAMED and name.instrument in unsided:
                found[name] = (
                    "the fills here name no position side, and the venue keeps two positions"
                )
            elif stated.count(name) > 1:
                found[name] = "the venue states it more than once"
        for name, balance in zip(stated, balances, strict=True):
            mode = self._mode(name.instrument)
            is_hedge = mode == sides.HEDGE or (mode == sides.UNKNOWN and name.instrument in sided)
            if name.side == sides.NET and balance.quantity and is_hedge:
                found[name] = (
                    f"the venue states {balance.quantity:f} without a position side, and keeps two "
                    "positions"
                )
        return found

    def _traded(self) -> set[PositionName]:
        """The positions with a fill or an adjustment. Others are mere statements of the venue."""
        recorded = {
            name
            for name, row in self.rows.items()
            if row["fills"] or row["position_quantity"] or row["realized_pnl"]
        }
        return recorded | {self._of(one) for one in self.changes if one.instrument is not None}

    def _of(self, change: Change) -> PositionName:
        return self.name(change.instrument or "", change.position_side, change.position_id)

    def _mode(self, instrument: str) -> str:
        modes = self._modes.get(instrument, ())
        return modes[-1][2] if modes else sides.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One comparison. `balances`: the venue's positions. `held`: the ledger's. `is_equal`: whether
    nothing was missing after the query.

    `possible`: the quantities that may be missing here, by position. `at_rest`: the missing
    quantity of each position for which nothing was recorded during the query. `doubts`: those that
    cannot be compared, with a sentence.
    """

    balances: Sequence[Balance]
    held: Holdings
    is_equal: bool
    possible: Mapping[PositionName, set[Decimal]]
    at_rest: Missing
    doubts: Mapping[PositionName, str]

    @property
    def stated(self) -> Stated:
        """The venue's balances, by position."""
        return dict(zip(self.held.names(self.balances), self.balances, strict=True))

    @property
    def wrong(self) -> list[PositionName]:
        """The positions that certainly lack a quantity, or that cannot be compared."""
        missing = {name for name, quantities in self.possible.items() if ZERO not in quantities}
        return sorted(missing.union(self.doubts))

    @property
    def agreed(self) -> int:
        """The number of positions that agree."""
        return len({**self.possible, **self.doubts}) - len(self.wrong)


def look(
    balances: Sequence[Balance],
    seen: Sequence[Holdings],
    reports_position: Callable[[str], bool],
) -> Look:
    """Compare the venue's answer with the ledger before the query, after it, and perhaps later. The
    answer may or may not include a fill that was recorded meanwhile."""
    before, after = seen[:2]
    stated = dict(zip(after.names(balances), balances, strict=True))
    missing = [held.missing(stated, reports_position) for held in seen]
    return Look(
        balances=balances,
        held=seen[-1],
        is_equal=not any(missing[1].values()),
        possible={
            name: {quantities.get(name, ZERO) for quantities in missing}
            for name in set().union(*missing)
        },
        at_rest={
            name: quantity
            for name, quantity in missing[1].items()
            if _booked(before.rows.get(name)) == _booked(after.rows.get(name))
        },
        doubts=after.doubts(balances),
    )


def steady(looks: Sequence[Look], name: PositionName) -> set[Decimal]:
    """The quantities that may be missing in every comparison, and are certainly missing in one.

    If a fill of the same size arrives during each query, one fill too many seems to be recorded. A
    comparison without new fills does not have this error.
    """
    sure = {look.at_rest[name] for look in looks if name in look.at_rest}
    return sure.intersection(*(look.possible.get(name, set()) for look in looks))


def _booked(row: PositionRow | None) -> tuple[int, Decimal | None]:
    return (row["fills"], row["position_quantity"]) if row is not None else (0, ZERO)
