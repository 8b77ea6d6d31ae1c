"""What tells the positions of one account apart: the instrument, and the side and id where the
venue keeps several."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Self

from orderledger import Balance, PositionSide
from orderledger.extend.values import (
    HEDGE,
    NAMED,
    NET,
    UNKNOWN,
    Part,
    modes_of,
    part_now,
    part_words,
)
from orderledger.extend.views import Row


class PositionName(NamedTuple):
    """A position of an account."""

    instrument: str
    side: str = NET
    position_id: str = ""

    @classmethod
    def of(cls, row: Row) -> Self:
        """The position of a row of `positions`."""
        return cls(row["instrument"], row["position_side"], row["position_id"])

    @property
    def part(self) -> Part:
        return self.side, self.position_id

    @property
    def subject(self) -> str:
        """The name in a break."""
        return ":".join((self.instrument, *part_words(self.part)))

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a message about it."""
        side = None if self.side == NET else PositionSide(self.side)
        return {
            "instrument": self.instrument,
            "position_side": side,
            "position_id": self.position_id or None,
        }


class Named:
    """The positions that balances of the venue are about, by the position modes of the
    instruments."""

    def __init__(self, instruments: Iterable[Row]) -> None:
        self._modes = {row["instrument"]: modes_of(row) for row in instruments}

    def name(self, instrument: str, side: str | None, position_id: str | None) -> PositionName:
        modes = self._modes.get(instrument, ())
        named = part_now({"position_side": side, "position_id": position_id}, modes)
        return PositionName(instrument, *named)

    def of_balance(self, balance: Balance) -> PositionName:
        side = balance.position_side
        return self.name(
            balance.instrument, None if side is None else str(side), balance.position_id
        )

    def doubts(
        self, balances: Sequence[Balance], rows: dict[PositionName, Row]
    ) -> dict[PositionName, str]:
        """Positions that cannot be compared, each with a sentence: no adjustment could be true."""
        stated = [self.of_balance(balance) for balance in balances]
        names = list(dict.fromkeys((*rows, *stated)))
        sided = {name.instrument: None for name in names if name.side in NAMED}
        unknown = {
            name.instrument: None for name, row in rows.items() if row["position_quantity"] is None
        }
        filled = (
            name.instrument for name, row in rows.items() if name.side == NET and row["fills"]
        )
        unsided = [instrument for instrument in filled if self._mode(instrument) == UNKNOWN]
        found: dict[PositionName, str] = {}
        for name in names:
            if name.instrument in unknown:
                found[name] = "unknown here, because a fill has no position side"
            elif name not in rows and name.side in NAMED and name.instrument in unsided:
                found[name] = (
                    "the fills here name no position side, and the venue keeps two positions"
                )
            elif stated.count(name) > 1:
                found[name] = "the venue states it more than once"
        for name, balance in zip(stated, balances, strict=True):
            if name.side == NET and balance.quantity and self._is_hedge(name.instrument, sided):
                found[name] = (
                    f"the venue states {balance.quantity:f} without a position side, and keeps two "
                    "positions"
                )
        return found

    def _is_hedge(self, instrument: str, sided: dict[str, None]) -> bool:
        mode = self._mode(instrument)
        return mode == HEDGE or (mode == UNKNOWN and instrument in sided)

    def _mode(self, instrument: str) -> str:
        modes = self._modes.get(instrument, ())
        return modes[-1][2] if modes else UNKNOWN
