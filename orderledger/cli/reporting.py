"""The command `report`: the statement of a period."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from orderledger.cli import options
from orderledger.cli.asking import METHOD
from orderledger.cli.output import progress, say, writing

FORMATS = ("html", "md", "csv", "json")
FIELDS = {"since": "--from", "until": "--to", "timezone": "--timezone"}


class Day(click.ParamType[date]):
    """A day, such as 2026-11-20."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            if len(value) != len("2026-11-20"):
                raise ValueError
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day, such as 2026-11-20", param, ctx)


class DayOrTime(options.Time):
    """A day, or a time."""

    name = "day or time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, date):
            return value
        is_day = len(value) == len("2026-11-20") and value[4] == value[7] == "-"
        return Day().convert(value, param, ctx) if is_day else super().convert(value, param, ctx)


@click.command()
@click.option("--day", type=Day(), metavar="D", help="The day, e.g. 2026-11-20.")
@click.option("--from", "since", type=DayOrTime(), metavar="T", help="From this day or time on.")
@click.option(
    "--to",
    "until",
    type=DayOrTime(),
    metavar="T",
    help="To the end of this day, or before this time.",
)
@click.option(
    "--timezone",
    default="UTC",
    show_default=True,
    metavar="ZONE",
    help="Where days begin, e.g. Europe/Berlin.",
)
@options.account
@METHOD
@click.option(
    "--as-of",
    type=options.Time(),
    metavar="T",
    help="Show what was known at T, by the time of recording.",
)
@click.option(
    "--position",
    type=click.IntRange(min=0),
    metavar="N",
    help="Show what the log told up to position N.",
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
    "orderledger report --from 2026-11-01 --to 2026-11-30 --account hyperliquid:main --format csv",
)
def report(db: str, form: str | None, out: Path | None, **asked: Any) -> None:
    """Write the statement of a day or a period.

    Orders, trades, realized and unrealized P&L, fees and funding, equity and drawdown, positions at
    both ends, breaks, unresolved orders and certificates, in one file that needs no other. CSV and
    JSON have every digit of the views. HTML and Markdown round amounts to the last digit of their
    currency, and have long sections in an annex. The same log gives the same bytes: to make a
    statement again, give the log position that it shows with --position.
    """
    from orderledger.infrastructure.files import write_whole
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
            write_whole(out, content)
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
            raise click.UsageError("give --day, or --from and --to, not both")
        return day, day
    if since is None or until is None:
        missing = (
            "--to"
            if since is not None
            else "--from"
            if until is not None
            else "--day, or --from and --to"
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
    from orderledger.infrastructure.errors import InvalidSetting

    try:
        return ledger.statement(
            *period, as_of=as_of, progress=lambda done, total: show(done), **asked
        )
    except InvalidSetting as error:
        raise click.BadParameter(
            error.fault, param_hint=FIELDS.get(error.field, error.field)
        ) from None


COMMANDS = (report,)
