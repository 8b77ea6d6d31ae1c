"""Commands of questions: options, arguments and help follow from the signature and the docstring of
the query method."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from datetime import timedelta
from typing import Any

import click

from orderledger.cli import options
from orderledger.cli.columns import Columns
from orderledger.cli.completing import completing
from orderledger.cli.formats import form, print_listing
from orderledger.cli.output import print_json
from orderledger.cli.tables import print_record
from orderledger.cli.times import Moment, Time, timezone, zone_name
from orderledger.infrastructure.views.arguments import LARGEST
from orderledger.infrastructure.views.asking import bound_to
from orderledger.infrastructure.views.questions import (
    Parameter,
    description_of,
    parameters_of,
    row_of,
)

Method = Callable[..., Any]
Show = Callable[[Any, str], None]

OF_COLUMNS = "Only rows with this value"
FEW_WORDS = 4
"""The most words that the name of an option's value lists; the help lists more."""


class Seconds(click.ParamType[timedelta]):
    """A number of seconds."""

    name = "seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        return timedelta(seconds=click.FloatRange(min=0).convert(value, param, ctx))


class Number(click.ParamType[Any]):
    """A decimal."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from orderledger.infrastructure.numbers_and_times import parse_number

        try:
            return parse_number(value)
        except ValueError as fault:
            self.fail(f"{value!r} {fault}", param, ctx)


class Question(click.Command):
    """A command whose help lists the filters of columns below its other options."""

    columns: frozenset[str] = frozenset()
    method: Callable[..., Any] | None = None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        options = (one for one in self.get_params(ctx) if isinstance(one, click.Option))
        shown = [(one, one.get_help_record(ctx)) for one in options]
        sections: dict[str, list[tuple[str, str]]] = {}
        for one, line in shown:
            if line is not None:
                title = OF_COLUMNS if one.name in self.columns else "Options"
                sections.setdefault(title, []).append(line)
        for title in filter(sections.get, ("Options", OF_COLUMNS)):
            with formatter.section(title):
                formatter.write_dl(sections[title])


def question(
    method: Method,
    show: Show,
    *examples: str,
    name: str | None = None,
    view: str | None = None,
    arguments: Sequence[str] = (),
    add: Sequence[Callable[[Any], Any]] = (),
    prepare: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    exits: str = "",
    is_listing: bool = True,
) -> Question:
    """The command of a question. `show` prints the result in the form that is asked for.

    `view`: read its rows one after the other. `arguments`: optional parameters that are arguments
    here. `add`: more options, whose values `prepare` turns into arguments of the method.
    """
    parameters = parameters_of(method)
    has_zone = any(one.kind == "zone" for one in parameters)

    def run(db: str, form: str = "table", as_json: bool = False, **given: Any) -> None:
        zone = {"timezone": zone_name()} if has_zone else {}
        asked = prepare({name: value for name, value in given.items() if value is not None} | zone)
        names = [asked.pop(one.becomes) for one in parameters if one.is_positional]
        with options.open_ledger(db) as ledger, ExitStack() as opened:
            if view is not None and not asked.keys() & {"limit", "search"}:
                found = opened.enter_context(
                    closing(options.ask(ledger.views.stream, view, **asked))
                )
            else:
                found = options.ask(bound_to(method, ledger), *names, **asked)
            show(found, "ndjson" if as_json else form)

    output = (form if is_listing else options.as_json, timezone, options.db)
    made = Question(
        name or method.__name__.replace("_", "-"),
        params=[*parameters_in(method, arguments), *_made_by(*add, *output)],
        callback=run,
        help=_help(method, parameters, examples, exits),
    )
    made.columns = frozenset(one.becomes for one in parameters if one.is_column)
    made.method = method
    return made


def listing(columns: Columns, title: str, method: Method) -> Show:
    """Prints the rows of a method as a table, or in another form."""

    def show(found: Iterable[Any], form: str) -> None:
        from orderledger.projections.view import kinds_of

        print_listing(found, form, columns, title, lambda: kinds_of(row_of(method)))

    return show


def show_record(found: Any, form: str) -> None:
    """Print one row."""
    if form == "table":
        print_record(found)
    else:
        print_json([found])


def parameters_in(
    method: Method, arguments: Sequence[str] = (), left_out: Sequence[str] = ()
) -> list[click.Parameter]:
    """The options and arguments of a question."""
    return [
        _parameter(one, is_argument=one.name in arguments)
        for one in parameters_of(method)
        if one.kind != "zone" and one.name not in left_out
    ]


def _parameter(one: Parameter, *, is_argument: bool) -> click.Parameter:
    if one.is_positional or is_argument:
        shown = one.name.upper() if one.is_positional else f"[{one.name.upper()}]"
        return click.Argument(
            [one.becomes],
            metavar=None if one.words else shown,
            type=_type(one),
            required=one.is_positional,
            help=_meaning(one),
            shell_complete=completing(one.name),
        )
    word = f"--{one.name.replace('_', '-')}"
    more: Any = {"required": True} if one.is_needed else {"default": _default(one)}
    return click.Option(
        [word, one.becomes],
        type=_type(one),
        metavar=_metavar(one),
        help=_meaning(one),
        show_default=one.default not in (None, False, (), 0),
        is_flag=one.kind == "flag" and not one.is_column,
        multiple=one.kind == "texts",
        **more,
        shell_complete=completing(one.name),
    )


def _type(one: Parameter) -> Any:
    if one.words and one.kind == "text":
        return options.Word(lambda: one.words)
    if one.kind == "count":
        most = None if one.most == LARGEST else one.most
        least = None if one.is_column else one.least
        return click.INT if least is most is None else click.IntRange(least, most)
    return TYPES.get(one.kind, click.STRING)


TYPES: dict[str, Any] = {
    "time": Time(),
    "moment": Moment(),
    "seconds": Seconds(),
    "number": Number(),
    "flag": click.BOOL,
}
METAVARS = {"time": "T", "moment": "T", "count": "N", "seconds": "SECONDS", "file": "FILE"}


def _metavar(one: Parameter) -> str | None:
    if one.words and one.kind == "text":
        return one.name.upper() if len(one.words) > FEW_WORDS else None
    if one.kind == "flag":
        return "[true|false]" if one.is_column else None
    return METAVARS.get(one.kind)


def _meaning(one: Parameter) -> str:
    many = one.kind == "names" or len(one.words) > FEW_WORDS
    words = [word for word in one.words if "." not in word]  # names without their versions
    is_named = all(word in one.meaning for word in words)
    more = "" if is_named or not many else f" Words: {', '.join(words)}."
    at = " @N: after the event at log position N." if one.kind == "moment" else ""
    return f"{one.meaning}{more}{at}{' Repeatable.' if one.kind == 'texts' else ''}"


def _default(one: Parameter) -> Any:
    if isinstance(one.default, timedelta):
        return one.default.total_seconds()
    is_several = one.kind == "names" and isinstance(one.default, tuple)
    return ",".join(one.default) if is_several else one.default


def _help(
    method: Method, parameters: Sequence[Parameter], examples: Sequence[str], exits: str
) -> str:
    """The docstring, with the names of the options instead of those of the arguments."""
    text = description_of(method)
    for one in parameters:
        name = one.name.replace("_", "-")
        shown = name.upper() if one.is_positional else f"--{name}"
        text = text.replace(f"`{one.becomes}`", shown)
    shown_examples = "\n".join(["\b", *(f"  {line}" for line in examples)])
    return "\n\n".join(filter(None, (text, exits, shown_examples)))


def _made_by(*decorators: Callable[[Any], Any]) -> list[click.Parameter]:
    """The options that these decorators add."""

    def command() -> None: ...

    for decorator in reversed(decorators):
        decorator(command)
    found: list[click.Parameter] = getattr(command, "__click_params__", [])
    return found[::-1]
