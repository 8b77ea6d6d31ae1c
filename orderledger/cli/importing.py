"""`import`: files of other programs and brokers."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orderledger.cli import options
from orderledger.cli.output import json_line, progress, say

if TYPE_CHECKING:
    from orderledger.infrastructure.importers.importing import Imported
    from orderledger.infrastructure.importers.source import Importer, Options

FAULTS_SHOWN = 10


class Kind(click.Choice[str]):
    """The name of an importer. The importers are loaded when a name or a help text needs them."""

    def __init__(self) -> None:
        super().__init__(())

    @property
    def choices(self) -> tuple[str, ...]:
        from orderledger.infrastructure.importers.kinds import KINDS

        return tuple(KINDS)

    @choices.setter
    def choices(self, choices: tuple[str, ...]) -> None:
        """click sets it at construction."""


def _show_kinds(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if not value:
        return
    from orderledger.infrastructure.importers.csv_mapping import mapping_at, ready
    from orderledger.infrastructure.importers.kinds import KINDS

    for importer in KINDS.values():
        click.echo(f"{importer.name}\n  {importer.meaning}\n  Gives: {importer.gives}\n  Lacks: {importer.lacks}")
    click.echo("ready mappings for csv")
    for name in ready():
        click.echo(f"  {name}: {mapping_at(Path(name)).meaning}")
    context.exit()


@click.command("import")
@click.argument("kind", type=Kind())
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", required=True, metavar="NAME", help="The account's name in the ledger.")
@click.option("--mapping", type=click.Path(path_type=Path), metavar="NAME", help="For csv: a ready mapping, or a TOML file.")
@click.option("--instrument", "instruments", multiple=True, metavar="THEIRS=OURS", help="Rename an instrument. Repeatable.")
@click.option(
    "--timezone",
    "zone",
    type=options.Zone(),
    metavar="ZONE",
    help="Of times without an offset, e.g. Europe/Berlin. Default: what such files have.",
)
@click.option("--exchange", default="", metavar="ID", help="For ccxt: its id of the exchange, e.g. binance.")
@click.option("--dry-run", is_flag=True, help="Print the messages, and record nothing.")
@click.option(
    "--rejects", type=click.File("w", lazy=True), metavar="FILE", help="Write rows that cannot be read, with place and reason."
)
@click.option(
    "--list", is_flag=True, is_eager=True, expose_value=False, callback=_show_kinds, help="Show what each kind gives and lacks."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on stdout.")
@options.db
@options.example(
    "orderledger import freqtrade tradesv3.sqlite --account freqtrade:main",
    "orderledger import csv trades.csv --mapping kraken-trades --account kraken:main --timezone UTC",
    "orderledger import fix session.log --account broker:A1 --dry-run",
)
def import_file(
    kind: str,
    file: Path,
    instruments: tuple[str, ...],
    dry_run: bool,
    rejects: Any,
    as_json: bool,
    db: str,
    **given: Any,
) -> None:
    """Import FILE, which another program or a broker made.

    KIND says what the file is. `orderledger import --list` shows what each kind gives, and what it lacks. Every row becomes
    messages with the source `import` and the row as evidence. A second import of the same file changes nothing; an import of a
    longer file adds what is new. Rows that cannot be read are listed with their place and the reason; the others are recorded.

    Import a bot's own database into an account of its own, and compare it with the venue's account: `orderledger compare`.

    Exit status: 0 all recorded or duplicate, 1 some rows could not be read, or a command was refused, 2 wrong usage, or the
    file is of another kind, 3 the store cannot be used.
    """
    from orderledger.infrastructure.importers.kinds import KINDS
    from orderledger.infrastructure.importers.source import Options

    chosen = Options(**given, instruments=_renamed(instruments))
    imported = _printed(KINDS[kind], file, chosen) if dry_run else _recorded(KINDS[kind], file, chosen, db)
    if rejects is not None:
        for row in imported.unreadable:
            rejects.write(json_line(row._asdict()) + "\n")
    _report(imported, as_json=as_json, is_dry_run=dry_run, has_rejects=rejects is not None)
    if not imported.is_whole:
        sys.exit(1)


def _renamed(pairs: tuple[str, ...]) -> dict[str, str]:
    named = dict(pair.partition("=")[::2] for pair in pairs)
    for theirs, ours in named.items():
        if not theirs or not ours:
            raise click.BadParameter(f"{theirs!r}: give THEIRS=OURS", param_hint="--instrument")
    return named


def _recorded(importer: "Importer", file: Path, chosen: "Options", db: str) -> "Imported":
    from orderledger.infrastructure.importers.importing import import_rows

    with options.reading(), options.make_ledger(db) as ledger, progress("importing rows", None) as show:
        imported = import_rows(ledger, importer.read(file, chosen), show=lambda so_far: show(so_far.rows))
        ledger.catch_up()
    return imported


def _printed(importer: "Importer", file: Path, chosen: "Options") -> "Imported":
    from orderledger.infrastructure.importers.importing import Imported
    from orderledger.infrastructure.importers.source import Readable
    from orderledger.infrastructure.messages.document import message_line

    imported = Imported()
    with options.reading():
        for row in importer.read(file, chosen):
            imported.rows += 1
            if isinstance(row, Readable):
                click.echo("\n".join(map(message_line, row.messages)))
            else:
                imported.unreadable.append(row)
    return imported


def _report(imported: "Imported", *, as_json: bool, is_dry_run: bool, has_rejects: bool) -> None:
    counts = {word: imported.outcomes[word] for word in ("recorded", "duplicate", "refused")}
    if as_json and not is_dry_run:
        faults = [{"place": row.place, "field": row.field, "fault": row.fault} for row in imported.unreadable]
        refused = [{"place": place, "type": kind, "reason": told.reason} for place, kind, told in imported.refused]
        anomalies = dict(imported.anomalies)
        told = {"rows": imported.rows, **counts, "unreadable": faults, "refusals": refused, "anomalies": anomalies}
        click.echo(json_line(told))
        return
    say(f"{row.place}: {row.field + ': ' if row.field else ''}{row.fault}" for row in imported.unreadable[:FAULTS_SHOWN])
    say(f"{place}: {kind} refused: {told.reason}: {told.text}" for place, kind, told in imported.refused[:FAULTS_SHOWN])
    if len(imported.unreadable) > FAULTS_SHOWN and not has_rejects:
        say([f"{len(imported.unreadable) - FAULTS_SHOWN:,} more rows could not be read: --rejects FILE lists them all"])
    words = ", ".join(f"{count:,} {word}" for word, count in counts.items())
    done = "nothing was recorded" if is_dry_run else words
    odd = ", ".join(f"{count} {code}" for code, count in sorted(imported.anomalies.items()))
    say(
        [
            f"{imported.rows:,} rows: {done}; {len(imported.unreadable):,} could not be read"
            + (f"; anomalies: {odd}" if odd else "")
        ]
    )


COMMANDS = (import_file,)
