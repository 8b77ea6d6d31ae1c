"""`import`: files of other programs and brokers."""

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orderledger.cli import options
from orderledger.cli.output import json_line, progress, say
from orderledger.cli.times import Zone

if TYPE_CHECKING:
    from orderledger.venues.importers.importing import Imported
    from orderledger.venues.importers.source import Importer, Options

FAULTS_SHOWN = 10


def _kinds() -> Iterable[str]:
    from orderledger.venues.importers.kinds import KINDS

    return KINDS


def _show_kinds(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if not value:
        return
    from orderledger.venues.importers.csv_mapping import mapping_at, ready
    from orderledger.venues.importers.kinds import KINDS

    for importer in KINDS.values():
        click.echo(
            f"{importer.name}\n  {importer.meaning}\n  Gives: {importer.gives}\n  Lacks: "
            f"{importer.lacks}"
        )
        if importer.checked_with is not None:
            click.echo(f"  Checked with: {importer.checked_with or 'nothing (unchecked)'}")
    click.echo("ready mappings for csv")
    for name in ready():
        mapping = mapping_at(Path(name))
        click.echo(
            f"  {name}: {mapping.meaning}\n    Checked with: "
            f"{mapping.checked_with or 'nothing (unchecked)'}"
        )
    context.exit()


@click.command("import")
@click.argument("kind", type=options.Word(_kinds))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", required=True, metavar="NAME", help="The account's name in the ledger.")
@click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    metavar="NAME",
    help="For csv: a ready mapping, or a TOML file.",
)
@click.option(
    "--unchecked",
    is_flag=True,
    help="For csv: accept a mapping that names no real export that it was compared with "
    "(checked_with).",
)
@click.option(
    "--date-format",
    default="",
    metavar="FORMAT",
    help="For csv: how the file writes times, e.g. '%m/%d/%Y %H:%M:%S'. Needed where its times "
    "can be read in several ways.",
)
@click.option(
    "--instrument",
    "instruments",
    multiple=True,
    metavar="THEIRS=OURS",
    help="Rename an instrument. Repeatable.",
)
@click.option(
    "--timezone",
    "zone",
    type=Zone(),
    metavar="ZONE",
    help="Of times without an offset, e.g. Europe/Berlin. Needed where neither the file nor its "
    "maker says it.",
)
@click.option(
    "--exchange", default="", metavar="ID", help="For ccxt: its id of the exchange, e.g. binance."
)
@click.option("--dry-run", is_flag=True, help="Print the messages, and record nothing.")
@click.option(
    "--rejects",
    type=click.File("w", lazy=True),
    metavar="FILE",
    help="Write rows that cannot be read, with place and reason.",
)
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_kinds,
    help="Show what each kind gives and lacks.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on stdout.")
@options.db
@options.example(
    "orderledger import freqtrade tradesv3.sqlite --account freqtrade:main",
    "orderledger import csv trades.csv --mapping kraken-trades --account kraken:main",
    "orderledger import csv fills.csv --mapping hyperliquid-trades --account hl:main --timezone "
    "Europe/Berlin --date-format '%d/%m/%Y - %H:%M:%S'",
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

    KIND says what the file is. `orderledger import --list` shows what each kind gives and lacks,
    and what it was checked with. Every row becomes messages with the source `import` and the row as
    evidence. A second import of the same file changes nothing; an import of a longer file adds what
    is new.

    Rows that cannot be read, and rows whose own figures contradict each other, are listed with
    their place and the reason; the others are recorded. Rows that hold nothing to record are
    counted by reason. A CSV file has one format of times. If its times can be read in several ways,
    nothing is recorded until --date-format says which.

    Import a bot's own database into an account of its own, and compare it with the venue's account:
    `orderledger compare`.

    Exit status: 0 all recorded, duplicate or left out; 1 some rows could not be read, or a command
    was refused; 2 wrong usage, or the file is of another kind; 3 the store cannot be used.
    """
    from orderledger.venues.importers.kinds import KINDS
    from orderledger.venues.importers.source import Options

    for name in ("mapping", "date_format", "unchecked"):
        if given[name] and kind != "csv":
            raise click.BadParameter("is for csv only", param_hint=f"--{name.replace('_', '-')}")
    chosen = Options(**given, instruments=_renamed(instruments))
    imported = (
        _printed(KINDS[kind], file, chosen) if dry_run else _recorded(KINDS[kind], file, chosen, db)
    )
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
    from orderledger.venues.importers.importing import KnownTo, import_rows

    with (
        options.reading(),
        options.make_ledger(db) as ledger,
        progress("importing rows", None) as show,
    ):
        chosen = replace(chosen, known=KnownTo(ledger, chosen.account))
        imported = import_rows(
            ledger, importer.read(file, chosen), show=lambda so_far: show(so_far.rows)
        )
        ledger.views.catch_up()
    return imported


def _printed(importer: "Importer", file: Path, chosen: "Options") -> "Imported":
    from orderledger.extend.messages import message_line
    from orderledger.venues.importers.importing import Imported

    imported = Imported()
    with options.reading():
        for row in importer.read(file, chosen):
            messages = imported.count(row)
            if messages:
                click.echo("\n".join(map(message_line, messages)))
    return imported


def _report(imported: "Imported", *, as_json: bool, is_dry_run: bool, has_rejects: bool) -> None:
    counts = {word: imported.outcomes[word] for word in ("recorded", "duplicate", "refused")}
    if as_json and not is_dry_run:
        faults = [
            {"place": row.place, "field": row.field, "fault": row.fault}
            for row in imported.unreadable
        ]
        refused = [
            {"place": place, "type": kind, "reason": outcome.reason}
            for place, kind, outcome in imported.refused
        ]
        anomalies = dict(imported.anomalies)
        left_out = dict(sorted(imported.left_out.items()))
        document = {
            "rows": imported.rows,
            **counts,
            "unreadable": faults,
            "left_out": left_out,
            "refusals": refused,
            "anomalies": anomalies,
        }
        click.echo(json_line(document))
        return
    say(
        f"{row.place}: {row.field + ': ' if row.field else ''}{row.fault}"
        for row in imported.unreadable[:FAULTS_SHOWN]
    )
    say(
        f"{place}: {kind} refused: {outcome.reason}: {outcome.text}"
        for place, kind, outcome in imported.refused[:FAULTS_SHOWN]
    )
    if len(imported.unreadable) > FAULTS_SHOWN and not has_rejects:
        say(
            [
                (
                    f"{len(imported.unreadable) - FAULTS_SHOWN:,} more rows could not be read: "
                    "--rejects FILE lists them all"
                )
            ]
        )
    say(_summary(imported, counts, is_dry_run=is_dry_run))


def _summary(imported: "Imported", counts: dict[str, int], *, is_dry_run: bool) -> list[str]:
    words = ", ".join(f"{count:,} {word}" for word, count in counts.items())
    done = "nothing was recorded" if is_dry_run else words
    odd = ", ".join(f"{count} {code}" for code, count in sorted(imported.anomalies.items()))
    lines = [f"{imported.rows:,} rows: {done}; {len(imported.unreadable):,} could not be read"]
    if imported.left_out:
        lines[0] += f"; {imported.left_out.total():,} left out"
    if odd:
        lines[0] += f"; anomalies: {odd}"
    reasons = sorted(imported.left_out.items(), key=lambda counted: (-counted[1], counted[0]))
    lines += [f"{count:,} left out: the row {reason}" for reason, count in reasons[:FAULTS_SHOWN]]
    if len(reasons) > FAULTS_SHOWN:
        lines.append(f"{len(reasons) - FAULTS_SHOWN:,} more reasons: --json lists them all")
    return lines
