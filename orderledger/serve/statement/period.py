"""The period of a statement: days of a time zone, or two times."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from orderledger import InvalidSetting
from orderledger.extend.runtime import zone_named
from orderledger.extend.views import arguments

INSTANT = timedelta(microseconds=1)
HOURLY, DAILY, MONTHLY = timedelta(days=2), timedelta(days=400), timedelta(days=8000)
"""For a period up to this length, equity is listed by the hour, the day, or the month. For a
longer one, by the year.
"""


@dataclass(frozen=True)
class Period:
    """From `since` on, and before `until`. Both are UTC; `zone` is the time zone in which days
    begin and times are shown."""

    since: datetime
    until: datetime
    zone: ZoneInfo

    @property
    def before(self) -> datetime:
        """The last moment before the period: `effective_at` of the state at its start."""
        return self.since - INSTANT

    @property
    def last(self) -> datetime:
        """The last moment of the period: `effective_at` of the state at its end."""
        return self.until - INSTANT

    def ends(self) -> Iterator[datetime]:
        """The ends of the hours, days, months or years in the period, in UTC. The last is
        `until`."""
        moment = self.since
        while True:
            try:
                moment = self._next(moment)
            except (OverflowError, ValueError):
                break
            if moment >= self.until:
                break
            yield moment
        yield self.until

    def _next(self, moment: datetime) -> datetime:
        """The end of the hour, or the start of the next day, month or year in the zone."""
        length = self.until - self.since
        if length <= HOURLY:
            return moment + timedelta(hours=1)
        day = moment.astimezone(self.zone).date()
        if length <= DAILY:
            following = day + timedelta(days=1)
        elif length <= MONTHLY:
            following = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
        else:
            following = date(day.year + 1, 1, 1)
        return _midnight(following, self.zone)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name. Raises InvalidSetting."""
    arguments.check_argument("timezone", "text", name, is_needed=True)
    try:
        return zone_named(name)
    except ValueError as error:
        raise InvalidSetting("timezone", str(error)) from None


def period_of(since: datetime | date, until: datetime | date, timezone: str = "UTC") -> Period:
    """The period between two times, or from the beginning of one day to the end of another.

    Raises InvalidSetting if it ends before it begins, or is empty.
    """
    zone = zone_of(timezone)
    begin, end = _moment("since", since, zone), _moment("until", until, zone, is_end=True)
    if end <= begin:
        is_empty = end == begin and isinstance(until, datetime)
        fault = (
            "equals the beginning, so the period is empty"
            if is_empty
            else f"is before the beginning, {since}"
        )
        raise InvalidSetting("until", f"{until} {fault}")
    return Period(begin, end, zone)


def _moment(name: str, given: datetime | date, zone: ZoneInfo, *, is_end: bool = False) -> datetime:
    """The time in UTC. A date given as the end means the end of that day."""
    if not isinstance(given, date):
        raise TypeError(f"{name} takes a date, or a datetime with an offset, not {given!r:.100}")
    try:
        if not isinstance(given, datetime):
            return _midnight(given + timedelta(days=is_end), zone)
        if given.tzinfo is None:
            raise InvalidSetting(name, f"{given.isoformat()} has no offset, give a time with one")
        moment = given.astimezone(UTC)
        _ = moment - INSTANT, moment.astimezone(zone)
    except OverflowError:
        raise InvalidSetting(name, f"{given} is beyond the years 1 to 9999") from None
    return moment


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The start of a day in the zone. If midnight is skipped, the moment of the change; if it
    occurs twice, the first one.
    """
    moment = datetime.combine(day, time(), zone).astimezone(UTC)
    _ = moment - INSTANT
    return moment
