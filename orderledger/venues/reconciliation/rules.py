"""The parameters of a reconciliation."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The parameters of a comparison.

    `lookback`: how far the first comparison of an account queries fills. `overlap`: how much of the
    last period is queried again, since venues report late. `grace`: changes this recent are left to
    the next run. `pause`: seconds before a differing position is queried again; `opening_pause`:
    the same for one that may have been held before the first fill, since fills may be reported
    late. `certifying`: longest time without a new certificate if nothing changes. `concluding`: how
    long the venue must not know an order made elsewhere before its end is concluded.
    `most_questions`: most orders that a run queries at the venue. `may_open`: whether positions
    held before the first fill are opened. `may_adjust`: whether a differing position is adjusted to
    the venue's.
    """

    lookback: timedelta = timedelta(days=7)
    overlap: timedelta = timedelta(minutes=10)
    grace: timedelta = timedelta(seconds=5)
    pause: float = 0.5
    opening_pause: float = 2.5
    certifying: timedelta = timedelta(days=1)
    concluding: timedelta = timedelta(hours=1)
    most_questions: int = 200
    may_open: bool = True
    may_adjust: bool = False
