"""`export` and `compare`."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orderledger.cli import options
from orderledger.cli.columns import Columns, Row
from orderledger.cli.output import json_line, print_json, say, writing
from orderledger.cli.tables import print_rows
from orderledger.rows import AccountEventRow, InstrumentRow, TradeRow

if TYPE_CHECKING:
    from orderledger.audit.comparison import AccountRows

VIEWS = (
    "orders",
    "trades",
    "anomalies",
    "account_events",
    "certificates",
    "positions",
    "pnl",
    "instruments",
    "proposals",
    "halts",
)
WHOLE = ("positions", "pnl", "instruments", "proposals", "halts")
"""Views that are read at once: they have few rows."""

DIFFERENCES = Columns(("kind", "subject", "instrument", "missing_in", "field", "a", "b"))
COLUMNAR = ("parquet", "arrow")
"""Forms with types: numbers are exact decimals, times have a zone. They need --out."""


@click.command()
@click.argument("what", type=click.Choice(("messages", *VIEWS)))
@click.option(
    "--format",
    "to",
    type=click.Choice(("ndjson", "csv", "beancount", *COLUMNAR)),
    default="ndjson",
    show_default=True,
    help="Form of the rows.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, allow_dash=True),
    default="-",
    metavar="FILE",
    help="A file, written whole or not at all. Default: stdout.",
)
@options.account
@options.at_another_time
@options.db
@options.example(
    "orderledger export messages --out log.ndjson && orderledger record log.ndjson --db copy.db",
    "orderledger export trades --format csv --account kraken:main --out trades.csv",
    "orderledger export trades --format parquet --out trades.parquet",
    "orderledger export trades --format beancount --out trades.beancount && bean-check "
    "trades.beancount",
)
def export(what: str, to: str, out: str, account: str | None, db: str, **asked: Any) -> None:
    """Export messages or a view.

    `messages` are the log as input of `record`: recording them in a new ledger gives the same
    orders, trades, positions and P&L. `trades --format beancount` is a book of balanced
    transactions with fees, funding and adjustments; its last lines assert the positions. In CSV,
    lists and objects are JSON, and text that a spreadsheet would run as a formula gets an
    apostrophe.
    """
    if what == "messages" and (to != "ndjson" or any(asked.values())):
        raise click.UsageError(
            "messages are exported as ndjson, whole: give no --format, --as-of or --effective-at"
        )
    if to == "beancount" and what != "trades":
        raise click.UsageError("--format beancount is of trades")
    if to in COLUMNAR and (out == "-" or what == "pnl"):
        raise click.UsageError(
            f"--format {to} needs --out FILE, and is of every view but pnl: `orderledger sql` "
            "groups it"
        )
    with options.open_ledger(db) as ledger:
        if to in COLUMNAR:
            _write_columns(ledger, what, to, out, {"account": account, **asked})
            return
        if what == "messages":
            lines = _messages(ledger, account)
        elif to == "beancount":
            lines = _beancount(ledger, account, asked)
        else:
            lines = _rows(ledger, what, to, account, asked)
        if out == "-":
            sys.stdout.writelines(lines)
        else:
            _write(out, (line.encode() for line in lines))


def _write_columns(ledger: Any, what: str, to: str, out: str, where: dict[str, Any]) -> None:
    """Write a table of Arrow."""
    from io import BytesIO

    from orderledger.extend.runtime import needed

    table, buffer = ledger.tables.read(what, **where).to_arrow(), BytesIO()
    if to == "parquet":
        needed("pyarrow.parquet", "analytics").write_table(table, buffer)
    else:
        with needed("pyarrow.ipc", "analytics").new_file(buffer, table.schema) as writer:
            writer.write_table(table)
    _write(out, buffer.getvalue())


def _write(out: str, content: bytes | Iterable[bytes]) -> None:
    """Write the file, whole or not at all."""
    from orderledger.extend.runtime import files

    with writing(Path(out)):
        files.write_whole(Path(out), content)


def _messages(ledger: Any, account: str | None) -> Iterator[str]:
    from orderledger.audit.exports.messages import messages_in
    from orderledger.extend.messages import message_line

    for message in messages_in(ledger.internals.store, account):
        yield message_line(message) + "\n"


def _beancount(ledger: Any, account: str | None, asked: dict[str, Any]) -> Iterator[str]:
    from orderledger.audit.exports.beancount import beancount_lines

    class Books:
        def trades(self) -> Iterable[TradeRow]:
            return ledger.trades(account=account, **asked)  # type: ignore[no-any-return]

        def account_events(self) -> Iterable[AccountEventRow]:
            return ledger.log.account_events(account=account, **asked)  # type: ignore[no-any-return]

        def instruments(self) -> Iterable[InstrumentRow]:
            return ledger.instruments(account=account, **asked)  # type: ignore[no-any-return]

    for line in beancount_lines(Books()):
        yield line + "\n"


def _rows(
    ledger: Any, what: str, to: str, account: str | None, asked: dict[str, Any]
) -> Iterator[str]:
    from orderledger.extend.runtime import csv_lines

    where = {"account": account, **asked}
    with ExitStack() as opened:
        if what in WHOLE:
            rows: Iterable[Row] = getattr(ledger, what)(**where)
        else:
            rows = opened.enter_context(closing(ledger.views.stream(what, **where)))
        if to == "csv":
            names = _names(what)
            yield from csv_lines(chain((names,), ([row[name] for name in names] for row in rows)))
        else:
            yield from (json_line(row) + "\n" for row in rows)


def _names(what: str) -> tuple[str, ...]:
    """The columns of a view."""
    from typing import get_type_hints

    from orderledger import rows

    classes = {
        "orders": rows.OrderRow,
        "trades": rows.TradeRow,
        "anomalies": rows.AnomalyRow,
        "account_events": rows.AccountEventRow,
        "certificates": rows.CertificateRow,
        "positions": rows.PositionRow,
        "pnl": rows.PnlRow,
        "instruments": rows.InstrumentRow,
        "proposals": rows.ProposalRow,
        "halts": rows.HaltRow,
    }
    return tuple(get_type_hints(classes[what]))


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--other-db", metavar="URL", help="The store of B, if it is another.")
@click.option(
    "--instrument",
    "instruments",
    multiple=True,
    metavar="A=B",
    help="An instrument that B names otherwise. Repeatable.",
)
@click.option(
    "--within",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="Of fills without a common id.",
)
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger compare freqtrade:main binance:main --instrument BTC/USDT=BTC-USDT")
def compare(
    a: str,
    b: str,
    other_db: str | None,
    instruments: tuple[str, ...],
    within: float,
    as_json: bool,
    db: str,
    **asked: Any,
) -> None:
    """Compare two accounts that hold the same trading.

    A and B are accounts, e.g. the bot's own book and the venue's. Shows orders, fills, fees and
    positions that differ, or that one of them lacks, each with its row; with --json both rows
    whole. Orders match if they share a venue's id, a client order id or an alias. Otherwise they
    match if all their fills do. A book with one fill an order agrees with one that has all of them,
    if quantity and value agree.

    Exit status: 0 they agree, 1 they differ or both are empty, 2 wrong usage, 3 the store cannot be
    used.
    """
    from orderledger.audit.comparison import compare as compare_books

    with ExitStack() as opened:
        ledger = opened.enter_context(options.open_ledger(db))
        other = ledger if other_db is None else opened.enter_context(options.open_ledger(other_db))
        names = dict(pair.partition("=")[::2] for pair in instruments)
        books = _book(ledger, a, asked), _book(other, b, asked)
        found = compare_books(*books, names=names, within=timedelta(seconds=within))
    empty = [account for account, book in zip((a, b), books, strict=True) if book.is_empty]
    if as_json:
        agree = {"orders": found.orders, "fills": found.fills, "positions": found.positions}
        print_json(
            [
                *found.differences,
                {"agree": agree, "orders_with_other_fills": found.orders_with_other_fills},
            ]
        )
    else:
        if found.differences:
            print_rows(
                map(_short, found.differences), DIFFERENCES, as_json=False, title="differences"
            )
        others = (
            f" ({found.orders_with_other_fills} of them with other fills of the same total)"
            if found.orders_with_other_fills
            else ""
        )
        say(
            [
                (
                    f"{found.orders} orders{others}, {found.fills} fills and {found.positions} "
                    "positions agree"
                )
            ]
        )
    say(f"orderledger: {account!r} has no orders, fills or positions" for account in empty)
    if found.differences or len(empty) == len(books):
        sys.exit(1)


def _book(ledger: Any, account: str, asked: dict[str, Any]) -> "AccountRows":
    from orderledger.audit.comparison import AccountRows

    where = {"account": account, **asked}
    return AccountRows(ledger.orders(**where), ledger.trades(**where), ledger.positions(**where))


def _short(row: Row) -> Row:
    """The difference with short forms of missing rows."""
    return {**row, **{book: _named(row[book]) for book in ("a", "b")}}


def _named(value: Any) -> Any:
    if not isinstance(value, dict) or "side" not in value:
        return value
    names = ("side", "quantity", "price", "cum_quantity", "status", "at")
    return {name: value[name] for name in names if value.get(name) is not None}
