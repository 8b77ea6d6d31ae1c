"""Maintenance of a store and of its messages: rebuild, check, roles, schema."""

import sys
from typing import Any

import click

from orderledger.cli import options
from orderledger.cli.output import json_line, print_json, progress


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Number of processes."
)
@options.as_json
@options.db
@options.example("orderledger rebuild positions --jobs 4")
def rebuild(names: tuple[str, ...], jobs: int, as_json: bool, db: str) -> None:
    """Rebuild views from the log.

    Builds new tables beside the live ones, then replaces them. Without NAME: all views.
    """
    with options.open_ledger(db) as ledger, progress("rebuilding", None) as show:
        built = ledger.views.rebuild(names, jobs=jobs, progress=lambda done, total: show(done))
    result = {
        "views": list(built.names),
        "events": built.events,
        "seconds": f"{built.seconds:.3f}",
        "events_per_second": round(built.events_per_second),
        "is_equal": built.is_equal,
    }
    if as_json:
        click.echo(json_line(result))
    else:
        verdict = (
            "equal to the live views"
            if built.is_equal
            else "DIFFERENT from the live views; the new rows are in place"
        )
        speed = (
            f"{built.events:,} events in {built.seconds:.2f} s ({built.events_per_second:,.0f} "
            "events/s)"
        )
        click.echo(f"{', '.join(built.names)}: {speed}, {verdict}")


@click.command()
@options.as_json
@options.db
@options.example("orderledger check --json")
def check(as_json: bool, db: str) -> None:
    """Compare the log with streams and views.

    Exit status: 0 all agrees, 1 there is a difference, 2 wrong usage, 3 the store cannot be used.
    """
    with options.open_ledger(db) as ledger, progress("checking", None) as show:
        checked = ledger.views.check(progress=lambda done, total: show(done))
    differences = [
        {"where": difference.where, "what": difference.what} for difference in checked.differences
    ]
    if as_json:
        counts = {"events": checked.events, "streams": checked.streams, "rows": checked.rows}
        print_json([*differences, {"summary": {**counts, "differences": len(differences)}}])
    else:
        for difference in differences:
            click.echo(f"{difference['where']}: {difference['what']}")
        verdict = (
            f"{len(differences)} differences" if differences else "log, streams and views agree"
        )
        click.echo(
            f"{checked.events:,} events, {checked.streams:,} streams, {checked.rows:,} rows: "
            f"{verdict}"
        )
    if differences:
        sys.exit(1)


@click.command()
@click.option("--check", "is_checked", is_flag=True, help="Show what would change; change nothing.")
@options.as_json
@options.db
@options.example("orderledger upgrade --check", "orderledger upgrade")
def upgrade(is_checked: bool, as_json: bool, db: str) -> None:
    """Upgrade a ledger that an older version made.

    Every command upgrades the ledger that it opens, except this one with --check. It brings the
    tables up to date and rebuilds the views that have changed. Events stay as they are. From then
    on, processes of older versions can append nothing. Make a backup first.

    Exit status: 0 done, or nothing to upgrade; 1 with --check: something would change; 2 wrong
    usage; 3 the store cannot be used, or a newer version made it.
    """
    from orderledger.infrastructure.storage.store import open_store, reaching
    from orderledger.infrastructure.storage.upgrading import changes

    options.refuse_missing(db)
    store = open_store(db, upgrades=False)
    try:
        with reaching(db), store.database.reading() as session:
            found, position = changes(session), session.last_position()
            connected = session.connected()
    finally:
        store.close()
    if found and not is_checked:
        options.open_ledger(db).close()
    if as_json:
        summary = {"changes": len(found), "position": position, "connected": connected}
        print_json([*(change._asdict() for change in found), {"summary": summary}])
    else:
        _print_changes(found, position, connected)
    if found and is_checked:
        sys.exit(1)


def _print_changes(found: list[Any], position: int, connected: list[dict[str, Any]] | None) -> None:
    for change in found:
        click.echo(change.sentence)
    for one in connected or ():
        shown = ", ".join(f"{name} {value}" for name, value in one.items() if value)
        click.echo(f"connected: {shown}")
    if connected is None:
        click.echo("SQLite does not know which processes have the file open")
    if not found:
        click.echo("nothing to upgrade")
        return
    click.echo(
        f"The log ends at position {position}. The way back: stop all processes, install the "
        "former version, and use a backup that was made before, or an archive: `orderledger "
        f"restore ARCHIVE --up-to {position} --db NEW`"
    )


@click.command()
@click.option(
    "--prefix", default="orderledger", show_default=True, help="First part of the roles' names."
)
@click.option("--apply", "is_applied", is_flag=True, help="Run the SQL too, in one transaction.")
@options.db
@options.example("orderledger roles --apply --db postgresql://localhost/orders")
def roles(prefix: str, is_applied: bool, db: str) -> None:
    """Print SQL that makes roles for a ledger in PostgreSQL.

    PREFIX_owner owns the tables. PREFIX_recorder records and updates views, and cannot change or
    delete events. PREFIX_reader can only query. Grant them to users who log in. Run the SQL again
    after an upgrade. It also takes all other rights on these tables away from PUBLIC.
    """
    from orderledger.infrastructure.errors import InvalidSetting
    from orderledger.infrastructure.storage.urls import POSTGRES

    if not db.startswith(POSTGRES):
        raise InvalidSetting("db", "is not in PostgreSQL: only a server has roles")
    from orderledger.infrastructure.storage.postgres.roles import statements
    from orderledger.infrastructure.storage.store import reaching

    with (
        options.open_ledger(db) as ledger,
        reaching(db),
        ledger.internals.store.database.writing() as session,
    ):
        made = statements(session, prefix)
        for statement in made if is_applied else ():
            session.execute(statement)
    click.echo(";\n".join(made) + ";")


@click.command()
@click.argument("kind", required=False)
@options.example("orderledger schema fill")
def schema(kind: str | None) -> None:
    """Print the JSON Schema of messages."""
    import json

    from pydantic import TypeAdapter

    from orderledger.infrastructure.messages.registry import BY_WORD, MESSAGES, AnyMessage

    if kind is not None and kind not in BY_WORD:
        raise click.BadParameter(
            f"{kind!r} is not a message type. The types are: {', '.join(MESSAGES)}",
            param_hint="KIND",
        )
    found = BY_WORD[kind].model_json_schema() if kind else TypeAdapter(AnyMessage).json_schema()
    click.echo(json.dumps(found, indent=2))
