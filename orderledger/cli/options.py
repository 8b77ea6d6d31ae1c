"""Options that several commands share."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

from orderledger.cli.output import say
from orderledger.cli.times import Moment, Time, timezone

if TYPE_CHECKING:
    from orderledger.infrastructure.views.follower import Follow

Command = TypeVar("Command", bound=Callable[..., Any])
Result = TypeVar("Result")

db = click.option(
    "--db",
    envvar="ORDERLEDGER_DB",
    default="orderledger.db",
    show_default=True,
    help="Store: a path or a URL.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print NDJSON, one object per row.")
account = click.option("--account", help="Only this account.")


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


class Word(click.Choice[str]):
    """One of some words. A wrong one is answered with the words that are similar.

    `words` is called when a word or a help text needs them, not at start-up.
    """

    def __init__(self, words: Callable[[], Iterable[str]]) -> None:
        super().__init__(())
        self._words = words

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(self._words())

    @choices.setter
    def choices(self, choices: tuple[str, ...]) -> None:
        """click sets it at construction."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        from orderledger.infrastructure.similar import did_you_mean

        sentence = super().get_invalid_choice_message(value, ctx)
        return f"{sentence}{did_you_mean(str(value), self.choices)}"


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


def at_another_time(command: Command) -> Command:
    """Add `--as-of` and `--effective-at`."""
    known = click.option(
        "--as-of",
        type=Moment(),
        metavar="T",
        help="Show what was known at T, by the time of recording. @N: after the event at log "
        "position N.",
    )
    happened = click.option(
        "--effective-at",
        type=Time(),
        metavar="T",
        help="Show what had happened by T, by the venue's time.",
    )
    return known(happened(timezone(command)))


def period(since: str, until: str, kind: Time | None = None) -> Callable[[Command], Command]:
    """Add `--since` and `--until`, with these meanings. The words `--from` and `--to` still
    work."""

    def of_period(command: Command) -> Command:
        for word, old, meaning in (("until", "to", until), ("since", "from", since)):
            shown = click.option(f"--{word}", word, type=kind or Time(), metavar="T", help=meaning)
            hidden = click.option(f"--{old}", word, type=kind or Time(), hidden=True)
            command = shown(hidden(command))
        return command

    return of_period


def ask(question: Callable[..., Result], *names: str, **asked: Any) -> Result:
    """The result of a query. A ValueError becomes wrong usage."""
    try:
        return question(*names, **asked)
    except UnicodeError:  # an argument that is not UTF-8
        raise
    except ValueError as fault:
        raise click.UsageError(str(fault)) from None


log = click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    help="Form of the log on stderr.",
)


def logging_as(form: str | None) -> Callable[[str], None]:
    """Set up the log of a command that runs long, if a form is given. Returns what reports a
    sentence."""
    if form is None:
        return lambda sentence: say([f"orderledger: {sentence}"])
    from orderledger.infrastructure.logs import EventLogger

    set_up_log(form)
    return EventLogger("orderledger").info


def set_up_log(form: str | None) -> None:
    """Log to stderr, as JSON lines or as text."""
    from orderledger.infrastructure import logs

    logs.set_up_log("json" if form == "json" else "text")


def log_new_ledger(url: str) -> None:
    """Log that a missing ledger was created."""
    from orderledger.infrastructure import logs

    logs.log_new_ledger(url)


def say_new(url: str) -> None:
    """Say that a ledger was created: the user may have meant another."""
    click.echo(f"orderledger: a new ledger at {url}", err=True)


def given_store() -> str:
    """The option `--db` as it stands on this command line, for a command line that is printed,
    without a password. Empty if the store comes from the environment or is the default."""
    from shlex import quote

    from click.core import ParameterSource

    from orderledger.infrastructure.storage.urls import without_password

    context = click.get_current_context()
    if context.get_parameter_source("db") is not ParameterSource.COMMANDLINE:
        return ""
    url = without_password(context.params["db"])
    return f" --db={quote(url)}" if url.startswith("-") else f" --db {quote(url)}"


def open_ledger(url: str) -> Any:
    """Open the ledger for a query or for maintenance. No thread updates the views: each query does.
    Raises StoreUnreachable if there is no ledger, and creates none."""
    from orderledger.ledger import Ledger

    refuse_missing(url)
    return Ledger.open(url, update_views=False)


def refuse_missing(url: str) -> None:
    """Raise StoreUnreachable if there is no ledger."""
    from orderledger.infrastructure.errors import StoreUnreachable
    from orderledger.infrastructure.storage.store import is_there
    from orderledger.infrastructure.storage.urls import MEMORY, public

    if url == MEMORY:
        raise StoreUnreachable(f"{MEMORY} is a new, empty ledger: give the path or the URL of one")
    if not is_there(url):
        raise StoreUnreachable(
            f"there is no ledger at {public(url)}: `orderledger record` and `collect` create one"
        )


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
