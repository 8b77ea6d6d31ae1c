"""The command `report`: the statement of a period."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from orderledger.cli import options
from orderledger.cli.output import progress, say, writing
from orderledger.cli.times import Day, DayOrTime, Moment, timezone, zone_name

FORMATS = ("html", "md", "csv", "json")
FIELDS = {"since": "--since", "until": "--until", "timezone": "--timezone"}


METHOD = click.option(
    "--method",
    type=click.Choice(["average", "fifo", "lifo"]),
    default="average",
    show_default=True,
    help="Lots that a fill closes first.",
)


@click.command()
@click.option("--day", type=Day(), metavar="D", help="The day, e.g. 2026-11-20.")
@options.period(
    "From this day or time on.",
    "To the end of this day, or before this time.",
    DayOrTime(),
)
@timezone
@options.account
@METHOD
@click.option(
    "--as-of",
    type=Moment(),
    metavar="T",
    help="Show what was known at T, by the time of recording.",
)
@click.option(
    "--position",
    type=click.IntRange(min=0),
    metavar="N",
    help="Use the log up to position N.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Form of the statement. Default: by the name of FILE, else md.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File to write, whole or not at all.",
)
@options.db
@options.example(
    "orderledger report --day 2026-11-20 --timezone America/New_York --out friday.html",
    "orderledger report --since 2026-11-01 --until 2026-11-30 --account sim:main --format csv",
)
def report(db: str, form: str | None, out: Path | None, **asked: Any) -> None:
    """Write the statement of a day or a period.

    One file, which needs no other, has orders, trades, realized and unrealized P&L, fees and
    funding, equity and drawdown. It also has positions at both ends, breaks, unresolved orders and
    certificates. CSV and JSON have every digit of the views. HTML and Markdown round amounts to the
    last digit of their currency, and have long sections in an annex. The same log gives the same
    bytes: to make a statement again, give the log position that it shows with --position.
    """
    from orderledger.extend.runtime import files
    from orderledger.serve.statement import formats

    period, as_of = _period(asked), _as_of(asked)
    form = form or _form_of(out)
    with options.open_ledger(db) as ledger, progress("reading the log", None) as show:
        statement = _statement(ledger, period, as_of, asked, show)
    content = formats.FORMATS[form](statement).encode()
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()  # a closed pipe shows here
    else:
        with writing(out):
            files.write_whole(out, content)
    if statement.account is not None and not any(section.rows for section in statement.sections):
        say(
            [
                (
                    f"orderledger: nothing is known of the account {statement.account!r} in this "
                    "period, or before it"
                )
            ]
        )


def _period(asked: dict[str, Any]) -> tuple[datetime | date, datetime | date]:
    day, since, until = asked.pop("day"), asked.pop("since"), asked.pop("until")
    if day is not None:
        if since is not None or until is not None:
            raise click.UsageError("give --day, or --since and --until, not both")
        return day, day
    if since is None or until is None:
        missing = (
            "--until"
            if since is not None
            else "--since"
            if until is not None
            else "--day, or --since and --until"
        )
        raise click.UsageError(f"of which period? Give {missing}")
    return since, until


def _as_of(asked: dict[str, Any]) -> Any:
    as_of, position = asked.pop("as_of"), asked.pop("position")
    if as_of is not None and position is not None:
        raise click.UsageError("give --as-of or --position, not both")
    return as_of if position is None else position


def _form_of(out: Path | None) -> str:
    ending = "" if out is None else out.suffix.removeprefix(".").lower()
    if out is not None and ending not in FORMATS:
        raise click.UsageError(
            f"{out.name!r} does not end in {', '.join(f'.{name}' for name in FORMATS)}: give "
            "--format"
        )
    return ending or "md"


def _statement(
    ledger: Any, period: tuple[Any, Any], as_of: Any, asked: dict[str, Any], show: Any
) -> Any:
    from orderledger import InvalidSetting

    try:
        return ledger.statement(
            *period,
            timezone=zone_name(),
            as_of=as_of,
            progress=lambda done, total: show(done),
            **asked,
        )
    except InvalidSetting as error:
        raise click.BadParameter(
            error.fault, param_hint=FIELDS.get(error.field, error.field)
        ) from None
