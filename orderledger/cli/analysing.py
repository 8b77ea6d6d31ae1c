"""Commands that analyse a ledger: `sql` and `analyse`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orderledger.cli import options
from orderledger.cli.results import format_option, print_result

if TYPE_CHECKING:
    from orderledger.infrastructure.analytics.table import LedgerTable

ARCHIVE = click.option(
    "--archive",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Read the archive in this folder instead of the ledger.",
)
TIMEZONE = click.option("--timezone", default="UTC", show_default=True, metavar="ZONE", help="Time zone of days and hours.")


def _check_archive(as_of: datetime | None, effective_at: datetime | None) -> None:
    if as_of is not None or effective_at is not None:
        raise click.UsageError("an archive has one state: --as-of and --effective-at need a ledger, see `orderledger restore`")


@click.command()
@click.argument("query", metavar="QUERY")
@format_option
@TIMEZONE
@click.option("--memory-limit", default="2GB", show_default=True, metavar="SIZE", help="Memory for sorting and grouping.")
@ARCHIVE
@options.at_another_time
@options.db
@options.example(
    'orderledger sql "SELECT instrument, sum(notional) FROM trades GROUP BY ALL"',
    'orderledger sql "SELECT * FROM marks ORDER BY at" --format parquet > marks.parquet',
    'orderledger sql "SHOW TABLES"',
)
def sql(
    query: str,
    db: str,
    shape: str,
    timezone: str,
    memory_limit: str,
    archive: Path | None,
    as_of: datetime | None,
    effective_at: datetime | None,
) -> None:
    """Answer a question in SQL over the views and the log.

    QUERY is one statement that reads, in DuckDB's dialect. All tables are in one state of the ledger. Numbers are exact decimals.
    Needs the extra `analytics`.
    """
    if archive is None:
        with options.open_ledger(db) as ledger:
            settings = {"timezone": timezone, "memory_limit": memory_limit}
            found: LedgerTable = options.ask(ledger.sql, query, as_of=as_of, effective_at=effective_at, **settings)
    else:
        from orderledger.infrastructure.analytics.archive import ArchiveTables
        from orderledger.infrastructure.analytics.sql import answer

        _check_archive(as_of, effective_at)
        found = options.ask(lambda: answer(ArchiveTables(archive), query, timezone=timezone, memory_limit=memory_limit))
    print_result(found, shape)


COMMANDS = (sql,)
