"""settings.md and python.md, from the source: signatures and docstrings as they are written there."""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from itertools import pairwise
from typing import Annotated, Any, get_args, get_origin

from markdown import code, table
from pages_of_brakes import brakes, rate_limits
from pages_of_rows import fields_of, row_classes
from pages_of_trades import pages_of_trades
from pydantic import BaseModel

import orderledger
from orderledger import rows
from orderledger.analytics.tables import Tables
from orderledger.async_ledger import AsyncLedger
from orderledger.audit.proof.methods import Proofs
from orderledger.audit.queries import Audit
from orderledger.domain import values
from orderledger.gateway import connecting
from orderledger.gateway.gateway import Gateway
from orderledger.gateway.limits import Limits
from orderledger.gateway.results import Sending
from orderledger.gateway.settings import Breaker, DeadMansSwitch, GatewaySettings
from orderledger.infrastructure import errors
from orderledger.infrastructure.engine import resolving, streams, writer
from orderledger.infrastructure.messages import facts, parsing
from orderledger.infrastructure.messages.registry import MESSAGES
from orderledger.infrastructure.recording_methods import RecordingMethods
from orderledger.infrastructure.settings import Settings
from orderledger.infrastructure.views import parameters
from orderledger.infrastructure.views.balance_queries import BalanceQueries
from orderledger.infrastructure.views.check import Checked, Difference
from orderledger.infrastructure.views.internals import Internals
from orderledger.infrastructure.views.log_methods import LogMethods
from orderledger.infrastructure.views.metric_methods import MetricMethods
from orderledger.infrastructure.views.pnl_queries import PnlQueries
from orderledger.infrastructure.views.queries import Queries
from orderledger.infrastructure.views.rebuild import Rebuilt
from orderledger.infrastructure.views.reconciliation_methods import ReconciliationMethods
from orderledger.infrastructure.views.view_methods import ViewMethods
from orderledger.ledger import Ledger
from orderledger.serve.sections import ServeSection
from orderledger.venues.base.adapter import Adapter
from orderledger.venues.base.order_entry import EntryAbilities, OrderEntry
from orderledger.venues.base.registry import adapters, installed
from orderledger.venues.base.settings import Secret, Section, VenueSection
from orderledger.venues.collecting.settings import CollectSettings

WIDTH = 100

SETTINGS_INTRODUCTION = """# Settings

A setting comes from the argument of `Ledger.open`, or else from the environment, or else from the default. The command line takes `--db`, and all
other settings from the environment.
"""

PYTHON_INTRODUCTION = """# Python

`import orderledger` imports none of the modules that do its work; each name is imported at its first use. Sending orders, venues, audit,
archives, the service and simulated venues have packages of their own, with public names of their own: see [packages.md](packages.md). Everything
else is private and may change. Any number of threads may use one ledger. Rows are dictionaries with the fields of [views.md](views.md). Rows and messages are typed for mypy and pyright, without a
plugin: see [Types](#types).

## Ledger
"""

PARAMETERS_INTRODUCTION = """A parameter is declared once, with its type and meaning. The command line and the HTTP API offer the same ones. Several
queries share these:
"""

ASYNC_INTRODUCTION = """## AsyncLedger

Every method of `Ledger` and of its namespaces is a coroutine of `AsyncLedger`, with the same parameters and results; `async_ledger.pyi` has the
types. Iterators are asynchronous iterators: `async for event in ledger.events()`. `views.in_one_state` is for `run`.
"""

CONNECT_INTRODUCTION = """## connect

See [Send your first order](../how-to/send-your-first-order.md).
"""

GATEWAY_INTRODUCTION = """## Gateway

`Gateway` sends orders; `Limits`, `GatewaySettings`, `Sending` and `SendingState` are in `orderledger.gateway`, `OrderEntry` and `EntryAbilities`
in `orderledger.venues`: see [Put a bot on it](../how-to/put-a-bot-on-it.md). The file of `limits` is described in
[settings.md](settings.md#the-gateway): a table `[[limits]]` is a `Limits`. `SendingState` is the type of the words of `Sending.state`.
"""

NAMES_INTRODUCTION = """## Messages

There is one class per type of [messages.md](messages.md), created with keyword arguments. Enumerated fields take their words; numbers take
text, `Decimal` or `int`; times take text, integers or aware `datetime`. A message is immutable. `model_copy(update={...})` creates
a changed copy, and validates it like a new message.

For mypy and pyright a constructor takes what is said here, and an attribute has the type that it holds: `Decimal`, aware `datetime`, an
enumeration (`Side.BUY`).
"""

TYPES_INTRODUCTION = """## Types

`import orderledger` gives mypy, in its strict mode, and pyright all types; no plugin is needed. All programs of these pages are
checked with both.

A query returns `RowList`, a list that a notebook shows as a table, of rows of one class. The class is a `TypedDict`: at run time a row is a
plain dictionary. `RowList` and these classes are in `orderledger.rows`; those of an auditor's questions are in `orderledger.audit`.
"""

WORDS_INTRODUCTION = """The enumerations of messages. Each is a `StrEnum`: its words are equal to text. Rows hold the text.
"""


def settings() -> str:
    docs = _attribute_docs(inspect.getsource(Settings))
    rows = [
        (f"`{f.name}`", f"`ORDERLEDGER_{f.name.upper()}`", f"`{f.default}`", docs[f.name])
        for f in fields(Settings)
    ]
    limits = (
        ("Longest line", f"{parsing.LINE_LIMIT:,} bytes", "A longer one is invalid."),
        ("Levels of evidence and tags", f"{facts.NESTING_LIMIT:,}", "A deeper nesting is invalid."),
        ("Messages in one commit", f"{writer.GROUP_LIMIT:,}", "Further messages go into the next commit."),
        ("Messages in the queue", f"{writer.QUEUE_LIMIT:,}", "A caller with more messages waits."),
        ("Attempts at a commit", f"{writer.ATTEMPTS:,}", "After conflicts with other processes. Then the group is halved; in the end StoreUnreachable is raised."),
        ("Ended orders in memory", f"at most {3 * streams.ENDED_KEPT:,}", "In the writer. It reads other orders from the log when a message names them."),
        ("Streams in memory", f"{streams.STREAMS_KEPT:,}", "In the writer, approximately, with open orders. It reads other streams from the log."),
        ("Ids in memory", f"{resolving.NAMES_KEPT:,}", "In the writer. It looks up other ids in the store."),
    )  # fmt: skip
    return "\n".join(
        [
            SETTINGS_INTRODUCTION,
            table(("setting", "environment", "default", "meaning"), rows),
            "An impossible value raises `InvalidSetting`.\n",
            *_collecting(),
            *_gateway(),
            "For developers: `ORDERLEDGER_TEST_DSN` names a PostgreSQL server that the tests use instead of a private one.",
            "`ORDERLEDGER_WRITE_GOLDEN=1` lets `python -m tests.core.test_golden` write missing golden files.\n",
            "## Limits\n",
            "These limits are fixed in the code.\n",
            table(("limit", "value", "note"), limits),
        ]
    )


def _collecting() -> list[str]:
    """The file of `collect` and `reconcile`."""
    parts = [
        "## The venues\n",
        "One TOML file has the settings of `connect`, `collect`, `reconcile`, `serve`, `watch` and the gateway. These keys, at its top, are those of",
        "the collector; the environment overrides them. `[[venues]]`, `[gateway]`, `[serve]` and `[alerts]` follow. The file holds no secret: it names",
        "the place of each. `orderledger config check FILE` checks it, `orderledger config show FILE` shows the effective settings with their sources.\n",
        _fields(CollectSettings, "ORDERLEDGER_"),
    ]
    for one in our_adapters():
        parts += [
            f"### {one.name}\n",
            f"{inspect.getdoc(one.settings)}\n",
            _fields(one.settings, ""),
        ]
        for name, section in _inner_sections(one.settings):
            parts += [
                f"### {name} of {one.name}\n",
                f"{inspect.getdoc(section)}\n",
                _fields(section, ""),
            ]
    parts += ["### token\n", f"{inspect.getdoc(Secret)}\n", _fields(Secret, "")]
    return parts


def _gateway() -> list[str]:
    """The file of limits."""
    parts = [
        "## The gateway\n",
        "The table `[gateway]` of the settings file, or a file of its own for `Gateway(limits=...)`. Numbers are exact. An unknown key, an impossible",
        "value and a contradiction are refused with the file, the line and the key.\n",
        f"{inspect.getdoc(GatewaySettings)}\n",
        _fields(GatewaySettings, ""),
    ]
    kinds = {"limits": Limits, "breakers": Breaker, "dead_mans_switches": DeadMansSwitch}
    for name, kind in kinds.items():
        parts += [f"### [[gateway.{name}]]\n", _described(kind)]
    parts += [*rate_limits(), *brakes(), *pages_of_trades()]
    parts += ["## The service\n", f"{inspect.getdoc(ServeSection)}\n", _fields(ServeSection, "")]
    parts += ["The table `[alerts]` has the settings of [alerts.md](alerts.md).\n"]
    return parts


def our_adapters() -> list[Adapter]:
    """Those that this package registers: others may be installed beside it."""
    return [one for one in adapters(installed()) if one.build.__module__.startswith("orderledger.")]


def _inner_sections(settings: type[VenueSection]) -> Iterator[tuple[str, type[Section]]]:
    """The tables inside a venue's table, but for secrets, which all venues share."""
    for name, field in settings.model_fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Section) and kind is not Secret:
                yield name, kind


def _fields(model: type[BaseModel], prefix: str) -> str:
    rows = []
    for name, field in model.model_fields.items():
        value = field.get_default(call_default_factory=True)
        is_empty = value in (None, (), "", {})
        default = "needed" if field.is_required() else "" if is_empty else f"`{value}`"
        said = field.description or "Name of the venue."
        if name == "network" and issubclass(model, VenueSection):
            default, said = (
                f"`{next(iter(model.networks.known))}`",
                f"{said} One of {', '.join(model.networks.known)}.",
            )
        rows.append(
            (f"`{name}`", *([f"`{prefix}{name.upper()}`"] if prefix else []), default, said)
        )
    heads = (
        ("setting", "environment", "default", "meaning")
        if prefix
        else ("setting", "default", "meaning")
    )
    return table(heads, rows)


def _attribute_docs(source: str) -> dict[str, str]:
    """The string below each attribute of a class."""
    (body,) = [node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    docs = {}
    for node, following in pairwise(body):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(following, ast.Expr)
        ):
            docs[node.target.id] = str(ast.literal_eval(following.value))
    return docs


def python() -> str:
    parts = [PYTHON_INTRODUCTION, inspect.cleandoc(Ledger.__doc__ or "") + "\n", *_methods(Ledger)]
    parts += [
        "## Queries\n",
        inspect.cleandoc(Queries.__doc__ or "") + "\n",
        PARAMETERS_INTRODUCTION,
        table(("type", "takes", "meaning"), _parameters()),
        *_methods(Queries),
        *_methods(PnlQueries),
        *_methods(BalanceQueries),
    ]
    for title, kind in (
        ("ledger.views", ViewMethods),
        ("ledger.log", LogMethods),
        ("ledger.reconciliations", ReconciliationMethods),
        ("ledger.metrics", MetricMethods),
        ("ledger.recording", RecordingMethods),
        ("ledger.internals", Internals),
        ("ledger.audit", Audit),
        ("ledger.proof", Proofs),
        ("ledger.tables", Tables),
    ):
        parts += [f"## {title}\n", inspect.cleandoc(kind.__doc__ or "") + "\n", *_methods(kind)]
    parts += [ASYNC_INTRODUCTION, inspect.cleandoc(AsyncLedger.__doc__ or "") + "\n"]
    parts += [CONNECT_INTRODUCTION, *functions(connecting, ["connect"])]
    parts += ["### Desk\n", inspect.cleandoc(connecting.Desk.__doc__ or "") + "\n"]
    parts += [
        GATEWAY_INTRODUCTION,
        code("python", _constructor(Gateway)),
        inspect.cleandoc(Gateway.__doc__ or "") + "\n",
        *_methods(Gateway),
    ]
    parts += [
        "### Sending\n",
        _described(Sending),
        "### OrderEntry\n",
        _described(OrderEntry),
        *_methods(OrderEntry, level=4),
    ]
    parts += ["### EntryAbilities\n", _described(EntryAbilities)]
    parts += [
        "## Outcome\n",
        _record(orderledger.Outcome),
        "The outcomes are explained in [errors.md](errors.md#outcomes).\n",
    ]
    parts += [
        "## Results of recover, rebuild and check\n",
        *map(_record, (rows.Recovery, Rebuilt, Checked, Difference)),
        *fields_of(rows.DoubtRow),
    ]
    parts += [
        NAMES_INTRODUCTION,
        ", ".join(f"`{model.__name__}`" for model in MESSAGES.values()) + ".\n",
    ]
    parts += [
        "`LinksTo` and `ReportedClaims` are the objects `links` and `reported`, `OpenBreak` is an item of `open_breaks`, `CertifiedBalance` of `balances`, `Fee` of `fees`, `Leg` of `legs`, and `Cause` is the object `cause`, `CashInLieu` of a split, `OtherLeg` the object `into` of a settlement. A dictionary works as well. `Message` is the base of all messages.\n"
    ]
    parts += [
        TYPES_INTRODUCTION,
        table(("row", "meaning"), row_classes()),
        WORDS_INTRODUCTION,
        table(("enumeration", "words", "meaning"), _words()),
    ]
    parts += ["## Parsing text\n", *functions(parsing, parsing.__all__)]
    parts += [
        "## Exceptions\n",
        f"In [errors.md](errors.md#exceptions): {', '.join(f'`{name}`' for name in _exceptions())}.\n",
    ]
    return "\n".join(parts)


def _parameters() -> Iterator[tuple[str, str, str]]:
    """The parameters that several questions have."""
    for name in parameters.__all__:
        declared = getattr(parameters, name)
        if get_origin(declared) is Annotated:
            takes, meaning = get_args(declared)[:2]
            shown = takes.__name__ if isinstance(takes, type) else str(takes)
            plain = re.sub(r"\b(?:datetime|typing|collections\.abc)\.", "", shown)
            yield f"`{name}`", f"`{plain}`".replace("|", "\\|"), meaning


def _words() -> Iterator[tuple[str, str, str]]:
    for name in values.__all__:
        kind = getattr(orderledger, name)
        yield (
            f"`{name}`",
            ", ".join(f"`{word.value}`" for word in kind),
            inspect.cleandoc(kind.__doc__ or ""),
        )


def _exceptions() -> list[str]:
    return list(errors.__all__)


def _constructor(kind: type) -> str:
    (tree,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(tree, ast.ClassDef)
    (made,) = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    ]
    made.returns = None
    return _signature(made).removeprefix("def ").replace("__init__", kind.__name__)


def _described(kind: type) -> str:
    return inspect.cleandoc(kind.__doc__ or "") + "\n"


def _methods(kind: type, level: int = 3) -> Iterator[str]:
    (tree,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(tree, ast.ClassDef)
    for node in tree.body:
        is_method = isinstance(
            node, (ast.FunctionDef, ast.AsyncFunctionDef)
        ) and not node.name.startswith("_")
        if is_method and "overload" not in map(ast.unparse, node.decorator_list):
            yield f"{'#' * level} {node.name}\n"
            yield code("python", _signature(node))
            yield inspect.cleandoc(ast.get_docstring(node) or "") + "\n"


def functions(module: Any, names: list[str]) -> Iterator[str]:
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in names:
            yield f"### {node.name}\n"
            yield code("python", _signature(node))
            yield inspect.cleandoc(ast.get_docstring(node) or "") + "\n"


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    arguments = _each_argument(node.args)
    returns = f" -> {ast.unparse(node.returns)}".replace("'", "") if node.returns else ""
    line = f"{word} {node.name}({', '.join(arguments)}){returns}"
    if len(line) <= WIDTH:
        return line
    return (
        f"{word} {node.name}(\n"
        + "".join(f"    {argument},\n" for argument in arguments)
        + f"){returns}"
    )


def _each_argument(given: ast.arguments) -> list[str]:
    """Each argument by itself, with its default."""
    defaults: list[ast.expr | None] = [None] * (len(given.args) - len(given.defaults)) + list(
        given.defaults
    )
    by_place = [_argument(one, None) for one in given.posonlyargs if one.arg not in ("self", "cls")]
    named = [
        _argument(one, default)
        for one, default in zip(given.args, defaults, strict=True)
        if one.arg not in ("self", "cls")
    ]
    shown = [*by_place, "/", *named] if by_place else named
    if given.vararg:
        shown.append(f"*{_argument(given.vararg, None)}")
    if given.kwonlyargs:
        shown += [
            *([] if given.vararg else ["*"]),
            *(
                _argument(one, default)
                for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
            ),
        ]
    return shown + ([f"**{ast.unparse(given.kwarg)}"] if given.kwarg else [])


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    shown = re.sub(r"'([A-Z][^']*)'", r"\1", ast.unparse(argument).replace("parameters.", ""))
    return shown + (f" = {ast.unparse(default)}".replace("'", '"') if default else "")


def _record(kind: type) -> str:
    """A class of named fields: its docstring and its fields."""
    shown = "\n".join(f"{name}: {_word(told)}" for name, told in kind.__annotations__.items())
    return "\n".join(
        [f"`{kind.__name__}`: {' '.join((kind.__doc__ or '').split())}\n", code("python", shown)]
    )


def _word(kind: Any) -> str:
    name = (
        kind.__name__ if isinstance(kind, type) and not getattr(kind, "__args__", ()) else str(kind)
    )
    return re.sub(r"\b[a-z_]+\.", "", name).replace("'", '"')
