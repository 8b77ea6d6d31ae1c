"""Times as people type them, in the time zone of `--timezone`."""

import re
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import click

ZONE: ContextVar[tzinfo | None] = ContextVar("ZONE", default=None)
"""The time zone of this command. None: UTC, and a time needs an offset."""

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
AGO = re.compile(r"-([0-9]{1,6})([smhdw])")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DAYS = {"today": 0, "yesterday": 1}
LEAST_COUNT = 100_000_000
"""Seconds since 1970. A smaller number is a year, a day without hyphens or a log position."""
EXAMPLES = "such as 2026-11-20T09:00:00Z, 2026-11-20, today, yesterday, -2h or -1d"


def time_typed(text: str, now: datetime) -> datetime:
    """The time: RFC 3339, a date, `today`, `yesterday`, or `-2h` for two hours ago. A day means its
    beginning. Raises ValueError for other text."""
    from orderledger.infrastructure.numbers_and_times import parse_time

    if (ago := AGO.fullmatch(text)) is not None:
        return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    if text in DAYS or DAY.fullmatch(text):
        return _beginning(day_typed(text, now))
    if text.isdecimal():
        if int(text) < LEAST_COUNT:
            raise ValueError("is not a time: a count of seconds has at least nine digits")
        return parse_time(int(text))
    zone = ZONE.get()
    if zone is not None:
        try:
            typed = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("is not a time") from None
        if typed.tzinfo is None:
            return typed.replace(tzinfo=zone)
    return parse_time(text)


def day_typed(text: str, now: datetime) -> date:
    """The day: a date, `today` or `yesterday`. Raises ValueError for other text."""
    if text in DAYS:
        return _local(now).date() - timedelta(days=DAYS[text])
    try:
        return date.fromisoformat(text if DAY.fullmatch(text) else "")
    except ValueError:
        raise ValueError("is not a day") from None


def shown(moment: datetime) -> str:
    """The time to the millisecond, in the time zone of the command. With its offset, if that is
    not UTC."""
    local = moment if ZONE.get() is None else _local(moment)
    text = local.isoformat(sep=" ", timespec="milliseconds")
    return text if local.utcoffset() else text.removesuffix("+00:00")


def zone_name() -> str:
    """The name of the time zone of the command."""
    return str(ZONE.get() or "UTC")


def _local(moment: datetime) -> datetime:
    from datetime import UTC

    return moment.astimezone(ZONE.get() or UTC)


def _beginning(day: date) -> datetime:
    from datetime import UTC

    return datetime.combine(day, time(), ZONE.get() or UTC)


def _now() -> datetime:
    from orderledger.infrastructure.clock import SystemClock

    return SystemClock().now()


class Time(click.ParamType[Any]):
    """A time, as people type it."""

    name = "time"
    examples = EXAMPLES

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self.typed(value)
        except (ValueError, OverflowError) as fault:
            self.fail(f"{value!r} {fault}, {self.examples}", param, ctx)

    def typed(self, text: str) -> Any:
        return time_typed(text, _now())


class Moment(Time):
    """A time of recording, or `@` and a log position."""

    examples = f"{EXAMPLES}, or @7 for log position 7"

    def typed(self, text: str) -> Any:
        position = text.removeprefix("@")
        if text.startswith("@") and position.isdecimal():
            return int(position)
        return super().typed(text)


class Day(Time):
    """A day."""

    name = "day"
    examples = "such as 2026-11-20, today or yesterday"

    def typed(self, text: str) -> Any:
        return day_typed(text, _now())


class DayOrTime(Time):
    """A day as such, or a time."""

    name = "day or time"

    def typed(self, text: str) -> Any:
        is_day = text in DAYS or DAY.fullmatch(text)
        return day_typed(text, _now()) if is_day else super().typed(text)


class Zone(click.ParamType[tzinfo]):
    """The name of a time zone."""

    name = "zone"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tzinfo:
        from orderledger.infrastructure.time_zones import zone_named

        try:
            return value if isinstance(value, tzinfo) else zone_named(value)
        except ValueError as fault:
            self.fail(str(fault), param, ctx)


def _use_zone(ctx: click.Context, parameter: click.Parameter, zone: tzinfo | None) -> None:
    if zone is not None:
        before = ZONE.set(zone)
        ctx.call_on_close(lambda: ZONE.reset(before))


timezone = click.option(
    "--timezone",
    type=Zone(),
    envvar="ORDERLEDGER_TIMEZONE",
    metavar="ZONE",
    is_eager=True,
    expose_value=False,
    callback=_use_zone,
    help="Time zone of the days and times in options and tables, e.g. Europe/Berlin. Default: "
    "ORDERLEDGER_TIMEZONE, else UTC.",
)
