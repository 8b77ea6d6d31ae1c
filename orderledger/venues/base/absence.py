"""`Absence`: when a venue's answer "unknown order" proves that an order never arrived."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Absence"]

EXPIRED = "request_expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """The rule of one venue. The venue refuses a request after its expiry, so a later "unknown
    order" proves that the order never arrived.

    - `expires_seconds`: how long after it was recorded a request may take effect at the venue. The
      request is sent with an expiry that is not later.
    - `margin_seconds`: the wait after the expiry, until a query shows every order that arrived in
      time. It covers the lag of queries and the time in the matching engine.
    - `queries`, `pause_seconds`: how many answers "unknown order" are needed, and the least time
      between two of them.
    - `retention_seconds`: how long queries find an order with fills after it was sent. A later
      answer proves nothing. None: without end.
    - `unfilled_seconds`: how long they find an order that ended without a fill. After that, the
      order may also have ended without a fill. None: as `retention_seconds`.
    - `is_new_id`: whether a second sending takes a new id at the venue. False if the venue refuses
      a used id for ever, so that the old id is safer.
    - `order_types`: the types that the queries find. None: all. `is_on_changes`: whether requests
      to change an order carry an expiry, too.
    - `expiry`: the venue's name of the expiry. `checked`: where the venue compares it with its
      clock, `door` or `engine`. `source`: where the venue documents this.
    """

    expires_seconds: float
    margin_seconds: float
    queries: int = 1
    pause_seconds: float = 2.0
    retention_seconds: float | None = None
    unfilled_seconds: float | None = None
    is_new_id: bool = True
    order_types: frozenset[str] | None = None
    is_on_changes: bool = True
    expiry: str = ""
    checked: str = "door"
    source: str = ""

    @property
    def margin(self) -> timedelta:
        return timedelta(seconds=self.margin_seconds)

    @property
    def least_seconds(self) -> float:
        """The least time from the recording of a request to the proof."""
        return self.expires_seconds + self.margin_seconds + self.pause_seconds * (self.queries - 1)

    def covers(self, order_type: str | None) -> bool:
        """Whether the rule holds for orders of this type."""
        return self.order_types is None or order_type in self.order_types

    def is_kept(self, sent_at: datetime, asked_at: datetime) -> bool:
        """Whether a query at that time finds every order that was sent then and has a fill."""
        return _is_within(self.retention_seconds, asked_at - sent_at)

    def is_kept_unfilled(self, sent_at: datetime, asked_at: datetime) -> bool:
        """Whether a query at that time also finds an order that ended without a fill."""
        kept = self.retention_seconds if self.unfilled_seconds is None else self.unfilled_seconds
        return _is_within(kept, asked_at - sent_at)


def _is_within(seconds: float | None, age: timedelta) -> bool:
    return seconds is None or age <= timedelta(seconds=seconds)


def sent_ids(aliases: Mapping[str, str] | None, name: str) -> list[str]:
    """The ids under which an order was sent to its venue, the latest first. An order that was sent
    again has the earlier ones as `name.1`, `name.2`, …"""
    known = aliases or {}
    earlier = sorted(
        (one for one in known if one.startswith(f"{name}.") and one[len(name) + 1 :].isdecimal()),
        key=lambda one: -int(one.rpartition(".")[2]),
    )
    return [known[one] for one in (name, *earlier) if one in known]


def new_aliases(aliases: Mapping[str, str], name: str, new_id: str) -> dict[str, str]:
    """The aliases of a second sending: the new id, and the id before it under its own name."""
    number = len(sent_ids(aliases, name))
    return {name: new_id, f"{name}.{number}": aliases[name]} if name in aliases else {name: new_id}
