"""The group of commands, and the exit status of failures."""

import errno
import io
import os
import sys
from typing import Any

import click

from orderledger import __version__
from orderledger.cli.table import GROUPS, TABLE, command_named

USUAL_QUESTION = "orders"
"""The command in the hint for an option placed before the command, if it takes that option."""

USUAL_EXITS = "Exit status: 0 done, 2 wrong usage, 3 the store cannot be used."
UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
OUTPUT_FAILED = 4
INTERRUPTED = 130
READER_LEFT = 141
"""The last two are the statuses that shells give to SIGINT and SIGPIPE."""


class Group(click.Group):
    """The commands of the table. Turns the package's exceptions into one sentence and an exit
    status."""

    @property
    def commands(self) -> dict[str, click.Command]:
        """Every command of the table. This imports their modules."""
        return {name: self._needed(name) for name in TABLE}

    @commands.setter
    def commands(self, commands: object) -> None:
        """click sets it at construction."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(TABLE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = command_named(cmd_name)
        if command is not None and "Exit status" not in (command.help or ""):
            command.epilog = USUAL_EXITS
        return command

    def _needed(self, name: str) -> click.Command:
        command = self.get_command(click.Context(self), name)
        assert command is not None
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if (command := self.get_command(ctx, name)) is None and not name.startswith("-"):
            raise click.NoSuchCommand(name, possibilities=TABLE, ctx=ctx)
        return (name, command, args[1:]) if command else super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """The commands that begin so, from the table."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=entry.line)
            for name, entry in TABLE.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        widest = max(map(len, TABLE))
        for group, entries in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl(
                    [(name.ljust(widest), entry.line) for name, entry in entries.items()]
                )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            option = error.option_name
            taking = [
                name
                for name, command in self.commands.items()
                if any(option in known.opts for known in command.params)
            ]
            if not taking:
                raise
            command = USUAL_QUESTION if USUAL_QUESTION in taking else taking[0]
            raise click.UsageError(
                f"{option} goes after the command: orderledger {command} {option} ...", ctx
            ) from None

    def main(self, *arguments: Any, **settings: Any) -> Any:
        _open_what_is_closed()
        _print_unicode()
        try:
            return super().main(*arguments, **settings)
        except OSError as error:  # also from a help text, or from closing a file at the end
            if error.errno not in UNWRITABLE:
                raise
            _drop_output()
            where = error.filename or "the output"
            click.echo(f"orderledger: {where} cannot be written: {error.strerror}", err=True)
            sys.exit(OUTPUT_FAILED)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _drop_output()
            ctx.exit(READER_LEFT)
        except KeyboardInterrupt:
            click.echo("orderledger: interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except UnicodeEncodeError:  # from an argument: input is decoded before it is used
            click.echo("orderledger: an argument is not UTF-8 text", err=True)
            ctx.exit(2)
        except Exception as error:
            from orderledger.infrastructure.errors import (
                InvalidMessage,
                InvalidQuery,
                InvalidSetting,
                LedgerError,
                StoreError,
            )

            if not isinstance(error, LedgerError):
                raise
            click.echo(f"orderledger: {error}", err=True)
            ctx.exit(
                3
                if isinstance(error, StoreError)
                else 2
                if isinstance(error, (InvalidMessage, InvalidQuery, InvalidSetting))
                else 1
            )


def _open_what_is_closed() -> None:
    """Open a substitute for each standard stream that the shell has closed (`>&-`), or the next
    file would get its number. Printing to the substitute of stdout fails, as in any program; text
    for stderr is lost. For stdin see `options.Input`."""
    if sys.stdin is None:
        _take(0, os.O_RDONLY)
    if sys.stdout is None:
        _take(1, os.O_RDONLY)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        _take(2, os.O_WRONLY)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


def _print_unicode() -> None:
    """Print UTF-8 whatever the terminal is set to: ids may contain any character, and JSON is
    UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _take(number: int, way: int) -> None:
    """Open `/dev/null` under the number of a standard stream."""
    opened = os.open(os.devnull, way)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)


def _drop_output() -> None:
    """Discard buffered output, which Python would otherwise try to write again at its end, and
    fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}
)
@click.version_option(__version__, "-V", "--version", prog_name="orderledger")
def main() -> None:
    """An order ledger that you can trust after a crash.

    Every request, acknowledgement, fill and cancel is appended as an event to one stream per client
    order id. Open orders, trades, positions and P&L are folds of that log.

    \b
    A first session:
      orderledger demo                                   see it record, crash and recover in a minute
      echo '{"type":"request","account":"sim:main","client_order_id":"C-1",' \\
           '"instrument":"BTC-USD","side":"buy","quantity":"0.5",' \\
           '"order_type":"limit","limit_price":"64000"}' | orderledger record -
      orderledger orders --open
      orderledger history C-1

    \b
    Exit status: 0 done, 1 some messages were refused or invalid, or an order is missing, or
    something does not agree; 2 wrong usage; 3 the store cannot be used or there is none; 4 the
    output cannot be written; 130 interrupted; 141 the reader of the output has closed it.

    The store is --db, else ORDERLEDGER_DB, else orderledger.db here: a path, sqlite:///path or
    postgresql://... Recording creates a missing ledger; queries never do. Times in options and
    tables are in the zone of --timezone, else ORDERLEDGER_TIMEZONE, else UTC.
    """  # noqa: E501 (SQL)
