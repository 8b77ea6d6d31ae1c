"""Options that several commands share."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

if TYPE_CHECKING:
    from orderledger.infrastructure.views.follower import Follow

Command = TypeVar("Command", bound=Callable[..., Any])
Answer = TypeVar("Answer")

db = click.option(
    "--db", envvar="ORDERLEDGER_DB", default="orderledger.db", show_default=True, help="The store: a path or a URL."
)
as_json = click.option("--json", "as_json", is_flag=True, help="NDJSON on stdout, one object per row.")
account = click.option("--account", help="Of this account only.")
instrument = click.option("--instrument", help="Of this instrument only.")
side = click.option("--side", type=click.Choice(["buy", "sell"]), help="Of this side only.")
strategy = click.option("--strategy", help="Of this strategy only.")


def example(*lines: str) -> Callable[[Command], Command]:
    """Shown in the help of the command, below what it does."""

    def shown(command: Command) -> Command:
        command.__doc__ = "\n".join([cleandoc(command.__doc__ or ""), "", "\b", *(f"  {line}" for line in lines)])
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


@contextmanager
def reading() -> Iterator[None]:
    """What goes wrong with an input is no fault of the output, nor of the store."""
    try:
        yield
    except OSError as error:
        from orderledger.infrastructure.errors import InvalidSetting

        raise InvalidSetting("FILE", f"cannot be read: {error.strerror}") from error


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Its lines."""
    with reading():
        yield from file


class Time(click.ParamType[datetime]):
    """RFC 3339 with an offset, or a count of s, ms, us or ns."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        from orderledger.infrastructure.messages.fields import parse_time

        if isinstance(value, datetime):
            return value
        try:
            return parse_time(int(value) if value.isdecimal() else value)
        except ValueError as fault:
            self.fail(f"{value!r} {fault}, such as 2026-11-20T09:00:00Z", param, ctx)


def at_another_time(command: Command) -> Command:
    """`--as-of` and `--effective-at`."""
    known = click.option("--as-of", type=Time(), metavar="T", help="As known at T, by the time of recording.")
    happened = click.option("--effective-at", type=Time(), metavar="T", help="As it had happened by T, by the venue's time.")
    return known(happened(command))


def period(of: str) -> Callable[[Command], Command]:
    """`--since` and `--until`, about rows of which this is said."""

    def of_period(command: Command) -> Command:
        since = click.option("--since", type=Time(), metavar="T", help=f"{of} at T or later.")
        until = click.option("--until", type=Time(), metavar="T", help=f"{of} before T.")
        return since(until(command))

    return of_period


def of_events(command: Command) -> Command:
    """The filters of events."""
    actor = click.option("--actor", help="Of this actor only.")
    source = click.option("--source", metavar="SOURCE", help="From this source only: strategy, operator, venue_push, ...")
    name = click.option("--name", metavar="NAME", help="Of this name only, e.g. fill_recorded.")
    return actor(source(name(period("That happened")(command))))


def ask(question: Callable[..., Answer], *names: str, **asked: Any) -> Answer:
    """The answer. What the question does not take is wrong usage."""
    try:
        return question(*names, **asked)
    except UnicodeError:  # an argument that is no text
        raise
    except ValueError as fault:
        raise click.UsageError(str(fault)) from None


def say_new(url: str) -> None:
    """A ledger that was not there: perhaps another was meant."""
    click.echo(f"orderledger: a new ledger at {url}", err=True)


def open_ledger(url: str) -> Any:
    """The ledger for a question, or for a command that takes care of one. It needs no thread that keeps the views up to date:
    each question does. Raises StoreUnreachable where there is none, and makes none."""
    from orderledger.infrastructure.errors import StoreUnreachable
    from orderledger.infrastructure.storage.store import is_there, public
    from orderledger.ledger import Ledger

    if not is_there(url):
        raise StoreUnreachable(f"there is no ledger at {public(url)}: `orderledger record` and `collect` make one")
    return Ledger.open(url, update_views=False)


def make_ledger(url: str, *, update_views: "Follow" = False, say_new: Callable[[str], None] = say_new) -> Any:
    """The ledger for a command that records: made where there is none, which is said."""
    from orderledger.infrastructure.storage.store import is_there, public
    from orderledger.ledger import Ledger

    is_new = not is_there(url)
    ledger = Ledger.open(url, update_views=update_views)
    if is_new:
        say_new(public(url))
    return ledger
