"""The commands `config check` and `config show`: a settings file as a whole."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orderledger.cli import columns, options
from orderledger.cli.output import print_json
from orderledger.cli.tables import print_rows

if TYPE_CHECKING:
    from orderledger.venues import KeyPermissions

FILE = click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="ORDERLEDGER_CONFIG",
    default="orderledger.toml",
)


@click.group()
@options.example("orderledger config check orderledger.toml", "orderledger config show")
def config() -> None:
    """Check or show a settings file.

    One file has the settings of `connect`, `collect`, `reconcile`, `serve`, `watch` and the
    gateway.

    Exit status: 0 done, 1 there are faults, 2 wrong usage.
    """


@config.command()
@FILE
@click.option("--ask", is_flag=True, help="Also ask the venues what the keys may do.")
@options.as_json
@options.example(
    "orderledger config check orderledger.toml", "orderledger config check orderledger.toml --ask"
)
def check(file: Path, ask: bool, as_json: bool) -> None:
    """Check a settings file.

    Prints each fault with its line, its key, and what was perhaps meant. Then come warnings about
    settings that are allowed and probably wrong. Names of instruments are compared with those that
    the ledger knows. Reads the secrets, and asks nothing of a venue without --ask. With --ask, a
    key that can withdraw is a fault unless `gateway.allows_withdrawals` is true.

    Exit status: 0 no fault, 1 there are faults, 2 wrong usage.
    """
    from orderledger.serve.configuration import faults_of, warnings_of

    faults = faults_of(file)
    rows: list[Any] = [row.shown() for row in faults]
    warnings = [] if rows else [row.shown() for row in warnings_of(file)]
    keys, allows = ({}, False) if rows or not ask else _asked(file)
    rows += [
        {
            "file": str(file),
            "line": None,
            "key": "gateway.allows_withdrawals",
            "fault": f"the key of {account} can withdraw",
            "is_warning": False,
        }
        for account, key in keys.items()
        if key.can_withdraw and not allows
    ]
    if as_json:
        print_json([*rows, *warnings, *_key_rows(keys)])
    else:
        for row in (*rows, *warnings):
            click.echo(_line(row))
        if keys:
            print_rows(_key_rows(keys), columns.KEYS, as_json=False, title="keys")
        if not rows:
            count = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
            click.echo(f"{file}: no fault{f', {count}' if warnings else ''}")
    if rows:
        sys.exit(1)


def _line(row: dict[str, Any]) -> str:
    where = row["file"] if row["line"] is None else f"{row['file']}:{row['line']}"
    kind = "warning" if row["is_warning"] else ""
    return ": ".join(filter(None, (where, kind, row["key"], row["fault"])))


def _asked(file: Path) -> "tuple[dict[str, KeyPermissions], bool]":
    import asyncio

    from orderledger.gateway.connecting_keys import asked_keys
    from orderledger.gateway.connecting_settings import DeskSettings

    settings = DeskSettings.read(file)
    return asyncio.run(asked_keys(settings.senders)), settings.gateway.allows_withdrawals


def _key_rows(keys: "dict[str, KeyPermissions]") -> list[dict[str, Any]]:
    from orderledger.extend.values import SystemClock

    now = SystemClock().now()
    return [
        {"account": account, **key.words(now), "source": key.source}
        for account, key in keys.items()
    ]


@config.command()
@FILE
@options.as_json
@options.example("orderledger config show orderledger.toml")
def show(file: Path, as_json: bool) -> None:
    """Show the effective settings of a file.

    Each has its value and where it came from: a line of the file, a variable, or the default.
    Secrets show only where they are.

    Exit status: 0 done, 2 wrong usage, or the file has a fault.
    """
    from orderledger.serve.configuration import effective

    rows = [row.shown() for row in effective(file)]
    print_rows(rows, columns.SETTINGS, as_json=as_json, title="settings")
