"""Options that several commands share."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

if TYPE_CHECKING:
    from orderledger.infrastructure.views.follower import Follow

Command = TypeVar("Command", bound=Callable[..., Any])
Answer = TypeVar("Answer")

db = click.option(
    "--db",
    envvar="ORDERLEDGER_DB",
    default="orderledger.db",
    show_default=True,
    help="Store: a path or a URL.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print NDJSON, one object per row.")
account = click.option("--account", help="Only this account.")
instrument = click.option("--instrument", help="Only this instrument.")
side = click.option("--side", type=click.Choice(["buy", "sell"]), help="Only this side.")
strategy = click.option("--strategy", help="Only this strategy.")


def example(*lines: str) -> Callable[[Command], Command]:
    """Add examples to the help of the command."""

    def shown(command: Command) -> Command:
        command.__doc__ = "\n".join(
            [cleandoc(command.__doc__ or ""), "", "\b", *(f"  {line}" for line in lines)]
        )
        return command

    return shown


class Input(click.File):
    """A file of bytes, or - for standard input."""

    def __init__(self) -> None:
        super().__init__("rb")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "-" and sys.stdin is None:
            self.fail("standard input is closed", param, ctx)
        return super().convert(value, param, ctx)


class VenueName(click.Choice[str]):
    """The name of an installed adapter. The registry is read when a name or a help text needs it,
    not at start-up."""

    def __init__(self) -> None:
        super().__init__(())

    @property
    def choices(self) -> tuple[str, ...]:
        from orderledger.venues.base.registry import installed

        return installed()

    @choices.setter
    def choices(self, choices: tuple[str, ...]) -> None:
        """click sets it at construction."""


@contextmanager
def reading() -> Iterator[None]:
    """Report a failed read as a fault of the input, not of the output or the store."""
    try:
        yield
    except OSError as error:
        from orderledger.infrastructure.errors import InvalidSetting

        raise InvalidSetting("FILE", f"cannot be read: {error.strerror}") from error


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of the file."""
    with reading():
        yield from file


class Time(click.ParamType[datetime]):
    """A time: RFC 3339 with an offset, or a count of s, ms, us or ns."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        from orderledger.infrastructure.messages.fields import parse_time

        if isinstance(value, datetime):
            return value
        try:
            return parse_time(int(value) if value.isdecimal() else value)
        except ValueError as fault:
            self.fail(f"{value!r} {fault}, such as 2026-11-20T09:00:00Z", param, ctx)


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


def at_another_time(command: Command) -> Command:
    """Add `--as-of` and `--effective-at`."""
    known = click.option(
        "--as-of",
        type=Time(),
        metavar="T",
        help="Show what was known at T, by the time of recording.",
    )
    happened = click.option(
        "--effective-at",
        type=Time(),
        metavar="T",
        help="Show what had happened by T, by the venue's time.",
    )
    return known(happened(command))


def period(of: str) -> Callable[[Command], Command]:
    """Add `--since` and `--until`. `of` says what a row's time means."""

    def of_period(command: Command) -> Command:
        since = click.option("--since", type=Time(), metavar="T", help=f"{of} at T or later.")
        until = click.option("--until", type=Time(), metavar="T", help=f"{of} before T.")
        return since(until(command))

    return of_period


def of_events(command: Command) -> Command:
    """Add the filters of events."""
    actor = click.option("--actor", help="Only this actor.")
    source = click.option(
        "--source", metavar="SOURCE", help="Only this source: strategy, operator, venue_push, ..."
    )
    name = click.option(
        "--name", metavar="NAME", help="Only events of this name, e.g. fill_recorded."
    )
    return actor(source(name(period("Happened")(command))))


def ask(question: Callable[..., Answer], *names: str, **asked: Any) -> Answer:
    """The result of a query. A ValueError becomes wrong usage."""
    try:
        return question(*names, **asked)
    except UnicodeError:  # an argument that is not UTF-8
        raise
    except ValueError as fault:
        raise click.UsageError(str(fault)) from None


def say_new(url: str) -> None:
    """Say that a ledger was created: the user may have meant another."""
    click.echo(f"orderledger: a new ledger at {url}", err=True)


def open_ledger(url: str) -> Any:
    """Open the ledger for a query or for maintenance. No thread updates the views: each query does.
    Raises StoreUnreachable if there is no ledger, and creates none."""
    from orderledger.infrastructure.errors import StoreUnreachable
    from orderledger.infrastructure.storage.store import is_there
    from orderledger.infrastructure.storage.urls import public
    from orderledger.ledger import Ledger

    if not is_there(url):
        raise StoreUnreachable(
            f"there is no ledger at {public(url)}: `orderledger record` and `collect` create one"
        )
    return Ledger.open(url, update_views=False)


def make_ledger(
    url: str, *, update_views: "Follow" = False, say_new: Callable[[str], None] = say_new
) -> Any:
    """Open the ledger for a command that records. Creates a missing ledger and says so."""
    from orderledger.infrastructure.storage.store import is_there
    from orderledger.infrastructure.storage.urls import public
    from orderledger.ledger import Ledger

    is_new = not is_there(url)
    ledger = Ledger.open(url, update_views=update_views)
    if is_new:
        say_new(public(url))
    return ledger
