"""Commands that analyse a ledger: `sql` and `analyse`."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import click

from orderledger.analytics.cli.results import print_result
from orderledger.cli import options
from orderledger.cli.formats import form
from orderledger.cli.times import zone_name

if TYPE_CHECKING:
    from orderledger.analytics.archive_tables import ArchiveTables
    from orderledger.analytics.table import LedgerTable

ARCHIVE = click.option(
    "--archive",
    metavar="DIR",
    help="Read the archive in this folder, or at s3://bucket/name, instead of the ledger.",
)


def _archived(url: str, as_of: datetime | None, effective_at: datetime | None) -> "ArchiveTables":
    """The tables of an archive."""
    from orderledger.analytics.archive.place import Place
    from orderledger.analytics.archive_tables import ArchiveTables
    from orderledger.extend.runtime import Settings

    if as_of is not None or effective_at is not None:
        raise click.UsageError(
            "an archive has one state: --as-of and --effective-at need a ledger, see `orderledger "
            "restore`"
        )
    return options.ask(lambda: ArchiveTables(Place(url), Settings.read().rate_rules))


@click.command()
@click.argument("query", metavar="QUERY")
@form
@click.option(
    "--memory-limit",
    default="2GB",
    show_default=True,
    metavar="SIZE",
    help="Memory for sorting and grouping.",
)
@ARCHIVE
@options.at_another_time
@options.db
@options.example(
    'orderledger sql "SELECT instrument, sum(notional) FROM trades GROUP BY ALL"',
    'orderledger sql "SELECT * FROM marks ORDER BY marks.at" --format parquet > marks.parquet',
    'orderledger sql "SHOW TABLES"',
)
def sql(
    query: str,
    db: str,
    form: str,
    memory_limit: str,
    archive: str | None,
    as_of: datetime | None,
    effective_at: datetime | None,
) -> None:
    """Answer a question in SQL over the views and the log.

    QUERY is one statement that reads, in DuckDB's dialect. All tables are in one state of the
    ledger. Numbers are exact decimals. Needs the extra `analytics`.
    """
    if archive is None:
        with options.open_ledger(db) as ledger:
            settings = {"timezone": zone_name(), "memory_limit": memory_limit}
            found: LedgerTable = options.ask(
                ledger.tables.sql, query, as_of=as_of, effective_at=effective_at, **settings
            )
    else:
        from orderledger.analytics.sql import answer

        tables = _archived(archive, as_of, effective_at)
        found = options.ask(
            lambda: answer(tables, query, timezone=zone_name(), memory_limit=memory_limit)
        )
    print_result(found, form)


def _analyses() -> Iterable[str]:
    from orderledger.analytics.questions import questions

    return questions()


@click.command()
@click.argument("name", metavar="NAME", type=options.Word(_analyses))
@click.option(
    "--by",
    metavar="GROUPS",
    help="Groups, such as account,strategy,instrument,day. Each analysis has its own.",
)
@click.option(
    "--method",
    type=click.Choice(["average", "fifo", "lifo"]),
    default="average",
    show_default=True,
    help="Of the P&L.",
)
@form
@ARCHIVE
@options.account
@options.at_another_time
@options.db
@options.example(
    "orderledger analyse equity --by account,day",
    "orderledger analyse pnl --by strategy,week --timezone Europe/Berlin",
    "orderledger analyse round-trips --by strategy --format csv > trips.csv",
)
def analyse(
    name: str,
    by: str | None,
    method: str,
    db: str,
    form: str,
    archive: str | None,
    account: str | None,
    as_of: datetime | None,
    effective_at: datetime | None,
) -> None:
    """Answer a ready-made question.

    NAME is one of anomalies, cancels, equity, exposure, fees, fill-ratio, latency, markouts,
    order-flow, order-life, pnl, resting, round-trips, slippage, trips, turnover. Needs the extra
    `analytics`.
    """
    if archive is None:
        with options.open_ledger(db) as ledger:
            asked = {"by": by, "method": method, "account": account, "timezone": zone_name()}
            found: LedgerTable = options.ask(
                ledger.tables.analyse, name, as_of=as_of, effective_at=effective_at, **asked
            )
    else:
        from orderledger.analytics import questions

        tables = _archived(archive, as_of, effective_at)
        where = {} if account is None else {"account": account}
        found = options.ask(
            lambda: questions.analyse(
                tables, name, by, method=method, timezone=zone_name(), where=where
            )
        )
    print_result(found, form)
