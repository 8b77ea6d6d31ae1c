"""The one order of facts, which every rule about an order follows."""

from datetime import datetime

import msgspec

LAST_POSITION = (1 << 63) - 1
NO_SEQUENCE = -(1 << 63)
"""A fact without a sequence comes before those of its time that have one."""


class When(msgspec.Struct, frozen=True, order=True, gc=False):
    """The place of a fact among all facts: its time, the venue's sequence, and the log position at
    which it was first recorded.

    The later one counts. Facts of one time without a sequence are ordered by the log.
    """

    at: datetime
    sequence: int = NO_SEQUENCE
    position: int = 0

    @property
    def rank(self) -> str:
        """A text that orders facts of one time: by the sequence, then by the log position."""
        if self.sequence == NO_SEQUENCE:
            return rank_of(self.position)
        return f"1{self.sequence - NO_SEQUENCE:020d}{self.position:019d}"

    def is_dated_after(self, other: "When") -> bool:
        """Check for a later time, or for a later sequence at the same time. The log alone does not
        date a fact."""
        return self.at > other.at or (self.at == other.at and self.sequence > other.sequence)

    def is_dated_as(self, other: "When") -> bool:
        """Check for the same time and sequence."""
        return self.at == other.at and self.sequence == other.sequence


def rank_of(position: int) -> str:
    """The rank of a fact without a sequence. It comes before those of its time that have one."""
    return f"0{position:019d}"


def position_of_rank(rank: str) -> int:
    """The log position up to which facts without a sequence come before, or are, the fact with this
    rank."""
    return int(rank[1:]) if rank[0] == "0" else LAST_POSITION


def last(one: When | None, other: When | None) -> When | None:
    """The later of two places, either of which may be missing."""
    return one if other is None or (one is not None and one > other) else other
