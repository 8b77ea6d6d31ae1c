"""events.md and views.md, from the stored names, the events and the tables."""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import get_type_hints

import meanings
from markdown import code, stored_word, table

from orderledger.domain.log_event import LogEvent
from orderledger.domain.orders.events import OrderEvent, OrderReport
from orderledger.domain.orders.reports import FillRecorded
from orderledger.domain.recorded import KINDS, Recorded
from orderledger.infrastructure.messages.derived import meaning
from orderledger.infrastructure.messages.registry import MESSAGES, Fill, Propose, Transfer
from orderledger.infrastructure.storage.codec import UPCASTS, Envelope, encode, readable_payload
from orderledger.infrastructure.storage.postgres.tables import PostgresSession
from orderledger.infrastructure.storage.sqlite.tables import SQLiteSession
from orderledger.ledger import Ledger
from orderledger.projections.balances import BALANCES
from orderledger.projections.disposals import DISPOSALS
from orderledger.projections.equity import EQUITY
from orderledger.projections.exposure import ExposureOrder, ExposureRow
from orderledger.projections.history import event_row
from orderledger.projections.latency import LatencyRow, LatencyStep
from orderledger.projections.open_lots import LOTS_SHOWN
from orderledger.projections.pnl_of_fills import PNL_OF_FILLS
from orderledger.projections.proposals import PROPOSALS
from orderledger.projections.recovery import Recovery
from orderledger.projections.tables import TABLES
from orderledger.projections.valuation import VALUATION
from orderledger.projections.view import Table

AT = datetime(2026, 11, 20, 9, 0, 1, tzinfo=UTC)
EXAMPLE = Recorded(
    stream="sim:main/C-1",
    version=4,
    event=FillRecorded(
        at=AT, venue_order_id="V-1", fill_id="F-1", quantity=Decimal("0.2"), price=Decimal(63990)
    ),
    recorded_at=AT + timedelta(milliseconds=12),
    at=AT,
    source="venue_push",
    position=5,
    evidence=b'{"px":"63990","sz":"0.2"}',
)

EVENTS_INTRODUCTION = """# Events

Events are stored once and never change. A stored name is written by hand and never changes its meaning. A new shape gets a new version
(`.v2`), and the ledger still reads the old one. Files in `tests/core/golden` pin the bytes of every name.

Events are in the table `orderledger_events`, which refuses UPDATE and DELETE:

| column | meaning |
|---|---|
| `originator_id` | Stream of the event: see below. |
| `originator_version` | Number of the event in its stream, from 1, without holes. |
| `topic` | Name of the event. |
| `state` | The envelope as JSON text in UTF-8. |
| `notification_id` | Log position: `position` in the views. |

## Streams

| stream | holds |
|---|---|
| `ACCOUNT/CLIENT_ORDER_ID` | One order. |
| `ACCOUNT#venue/VENUE_ORDER_ID`, `ACCOUNT#alias/NAME=VALUE` | An order known by that id only, until it is attributed. |
| `ACCOUNT#proposal/PROPOSAL_ID` | One proposal. |
| `ACCOUNT#instrument/…`, `#mark/…`, `#funding/…`, `#adjust/…`, `#balance/INSTRUMENT` | One kind of fact about one instrument of an account. |
| `ACCOUNT#gap/` | Gaps of the account's streams. |
| `ACCOUNT#certificate/` | Certificates of the account's reconciliations. |

In the account name, `%`, `/` and `#` are written `%25`, `%2F` and `%23`.

## Envelope
"""

VIEWS_INTRODUCTION = """# Views

A view is a fold of the log, kept in a table of the same database. You can rebuild it at any time. Read the tables; never write them.
`--json` and the Python API show the columns below in this order. Numbers are decimal strings without exponent or trailing
zeros; in Python they are `Decimal`, except in columns of JSON text. Times are RFC 3339 in UTC with microseconds (aware `datetime` in Python).

`SELECT position FROM view_positions` gives the log position that the tables have reached. An open ledger updates them
in the background. A query through the command line or the API updates them to the end of the log first; a query in SQL
does not.
"""

OTHER_TABLES = """## Other tables

| table | holds |
|---|---|
| `orderledger_events` | The log: see [events.md](events.md). |
| `order_names` | Every id that an order has ever had: `account`, `kind` (client, request, venue, alias), `name`, and the `stream` of the order. |
| `account_facts` | Keys to detect a duplicate fact about an account (instrument, mark, funding, adjust, gap, balance, certify): its `stream`, and a `key` of the time and a digest of the fact, or `=` and its message id. Written with the event. |
| `view_positions` | `name` (always `views`), `position` (the log position that the views have reached), `fold_version` (12: `view_versions` has the versions). |
| `view_versions` | `name` of a view, `version` of the fold that made its rows. Opening a ledger rebuilds a view of an older version. |
| `collectors` | The last status of each `orderledger collect`: `name`, `status` (JSON). `orderledger status` shows it. It is not part of the log. |
| `sending_leases` | Who sends the orders of an account: `account`, `holder` (null after a release), `process`, `fence` (grows with every change of the holder), `beat` (raised by the holder while it lives). It is not part of the log; each change of the holder is recorded by a `sender` message. |
| `alerts` | One row per alert that was ever raised: see [alerts.md](alerts.md#tables). It is not part of the log. |
| `alert_notices` | One row per notice of an alert to a target: see [alerts.md](alerts.md#alert_notices). |
| `alert_cursors` | The log position up to which each `watcher` has looked at orders. |
| `ledger_schema` | `version`: schema version of the tables. |

While `rebuild` runs, there are also tables named `…__rebuilt_…`.
"""


def events() -> str:
    shown = [(f"`{name}`", meanings.ENVELOPE[name]) for name in Envelope.__struct_fields__]
    name, state = encode(EXAMPLE)
    parts = [
        EVENTS_INTRODUCTION,
        table(("field", "meaning"), shown),
        f"Example of a `{name}`:\n",
        code("json", state.decode()),
    ]
    parts += [
        "Numbers are text with their digits unchanged; times are RFC 3339 in UTC. Null and empty fields are omitted.\n"
    ]
    parts += [
        "## Payloads\n",
        "Every event about an order may have these fields; reports also `instrument` and `side`.\n",
        _payload(OrderEvent, ()),
    ]
    by_event = {model.fact.stored_name: kind for kind, model in MESSAGES.items()}
    for name, kind in KINDS.items():
        base = (
            OrderReport
            if issubclass(kind, OrderReport)
            else OrderEvent
            if issubclass(kind, OrderEvent)
            else LogEvent
        )
        said = (
            f"From [{by_event[name]}](messages.md#{by_event[name]}). "
            if name in by_event
            else "Added by the ledger. "
        )
        inherited = [*base.__struct_fields__]
        parts += [f"### {name}\n", (said + _said(kind)).rstrip() + "\n"]
        parts += [_payload(kind, inherited) or "No fields of its own.\n"]
    parts += [
        "## Older names\n",
        "\n".join(f"- `{old}` is read as `{new}`" for old, (new, _) in UPCASTS.items())
        or "None yet.\n",
    ]
    return "\n".join(parts)


def _said(kind: type) -> str:
    text = " ".join((kind.__doc__ or "").split())
    return (
        "" if text.startswith(f"{kind.__name__}(") else text
    )  # what dataclass writes where nobody has


def _payload(kind: type[LogEvent], inherited: Iterable[str]) -> str:
    hints, declared = get_type_hints(kind), get_type_hints(kind, include_extras=True)
    own = [name for name in kind.__struct_fields__ if name not in inherited]
    stored = dict(zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True))
    rows = [
        (
            f"`{stored[field]}`",
            stored_word(hints[field]),
            meaning(kind, field, declared[field]),
        )
        for field in own
    ]
    return table(("field", "type", "meaning"), rows) if rows else ""


def views() -> str:
    parts = [
        VIEWS_INTRODUCTION,
        *map(_table, TABLES),
        _pnl(),
        _pnl_of_fills(),
        _equity(),
        _of_accounts(),
        _exposure(),
        _latency(),
        _proposals(),
        _event_view(),
        _recovery(),
        OTHER_TABLES,
    ]
    return "\n".join(parts)


def _table(view: Table) -> str:
    rows = [
        (f"`{column.name}`", SQLiteSession.types[column.kind], PostgresSession.types[column.kind], column.meaning + ("" if column.is_shown else " Only in the table."))
        for column in view.columns
    ]  # fmt: skip
    keys = ", ".join(f"`{name}`" for name in view.key)
    indexes = "; ".join(", ".join(f"`{name}`" for name in index) for index in view.indexes)
    told = f"{view.meaning} Key: {keys}." + (f" Indexes: {indexes}." if indexes else "")
    listed = ", ".join(f"`{name}`" for name in view.order_by)
    return "\n".join(
        [
            f"## {view.name}\n",
            f"{told} Sorted by {listed}.\n",
            table(("column", "SQLite", "PostgreSQL", "meaning"), rows),
        ]
    )


def _pnl() -> str:
    """From what the ledger answers, so that no field is missed."""
    with Ledger.open("memory://") as ledger:
        ledger.record(Fill(account="sim:main", client_order_id="C-1", instrument="BTC-USD", side="buy", fill_id="F-1", quantity="1", price="1"))  # type: ignore[arg-type]  # fmt: skip
        ledger.record(Transfer(account="sim:other", currency="USD", amount="1", kind="deposit"))  # type: ignore[arg-type]  # fmt: skip
        pnl = {
            **ledger.pnl(by="asset", account="sim:other")[0],
            **ledger.pnl(by=("strategy", "day"), account="sim:main")[0],
            **ledger.pnl()[0],
        }
        extras = [name for name in ledger.positions()[0] if name not in pnl]
    ordered = [name for name in meanings.PNL_VIEW if name in pnl] + [
        name for name in pnl if name not in meanings.PNL_VIEW
    ]
    return "\n".join(
        [
            "## pnl and positions as views\n",
            "`orderledger pnl` and `Ledger.pnl` combine rows of the table `positions` with the marks, and sum them by any of account,",
            "instrument, strategy and day. A row has those of the four that you asked for. A field without a sum (position and mark without `instrument`) is null.",
            "Each settlement currency has its own row.\n",
            "`--by asset` gives a row for each coin of an account: see [P&L by asset](../explanation/how-figures-are-made.md#pl-by-asset).\n",
            _named(ordered, meanings.PNL_VIEW),
            "`orderledger positions` and `Ledger.positions` add the exposure of open orders. They also have a row for every instrument with open orders, or with a position reported by the venue:\n",
            _named(extras, meanings.POSITIONS_VIEW),
        ]
    )


def _pnl_of_fills() -> str:
    told = f"{PNL_OF_FILLS.meaning} It is no table: `Ledger.pnl_of_fills` computes it from `trades` and `account_events`. See [P&L arithmetic](../explanation/pnl.md)."
    return "\n".join(
        [
            f"## {PNL_OF_FILLS.name}\n",
            f"{told}\n",
            table(
                ("field", "meaning"),
                [(f"`{one.name}`", one.meaning) for one in PNL_OF_FILLS.columns],
            ),
        ]
    )


def _equity() -> str:
    told = f"{EQUITY.meaning} It is no table: `orderledger equity` and `Ledger.equity` compute it from `trades`, `account_events` and `marks`. See [Equity](../explanation/pnl.md#equity)."
    return "\n".join(
        [
            f"## {EQUITY.name}\n",
            f"{told}\n",
            table(("field", "meaning"), [(f"`{one.name}`", one.meaning) for one in EQUITY.columns]),
        ]
    )


def _of_accounts() -> str:
    """The views of what an account has."""
    parts = []
    for view in (LOTS_SHOWN, DISPOSALS, BALANCES, VALUATION):
        told = f"{view.meaning} `orderledger {view.name}` and `Ledger.{view.name}` have it."
        columns = [(f"`{one.name}`", one.meaning) for one in view.columns]
        parts += [f"## {view.name}\n", f"{told}\n", table(("field", "meaning"), columns)]
    return "\n".join(parts)


def _exposure() -> str:
    return "\n".join(
        [
            "## exposure\n",
            "`orderledger exposure` and `Ledger.exposure` have a row for each account and instrument with a position or an open order. See [How much may I lose](../how-to/exposure-and-latency.md#how-much-may-i-lose).\n",
            _named(ExposureRow.__annotations__, meanings.EXPOSURE_VIEW),
            "Each of its `orders`:\n",
            _named(ExposureOrder.__annotations__, meanings.EXPOSURE_ORDER),
        ]
    )


def _latency() -> str:
    return "\n".join(
        [
            "## latency\n",
            "`orderledger latency` and `ledger.metrics.latency` follow from the table `orders`. A row has those of account, strategy, hour and instrument that you asked for. See [How fast is my venue](../how-to/exposure-and-latency.md#how-fast-is-my-venue).\n",
            _named(LatencyRow.__annotations__, meanings.LATENCY_VIEW),
            "Each of its `steps`, in microseconds; the percentiles have four significant digits:\n",
            _named(
                LatencyStep.__annotations__,
                {**meanings.LATENCY_STEP, **meanings.LATENCY, "buckets": meanings.LATENCY_BUCKETS},
            ),
        ]
    )


def _proposals() -> str:
    with Ledger.open("memory://") as ledger:
        ledger.record(Propose(account="sim:main", proposal_id="P-1", kind="entry", strategy="momentum", instrument="BTC-USD", side="buy", quantity="1", order_type="market"))  # type: ignore[arg-type]  # fmt: skip
        extras = [name for name in ledger.proposals()[0] if name not in PROPOSALS.names]
    told = "`orderledger proposals` and `Ledger.proposals` add to a row of the table the orders that carry it out. Its trades are those with the\nsame `proposal_id` in their `links`:\n"
    return "\n".join(["## proposals as a view\n", told, _named(extras, meanings.PROPOSALS_VIEW)])


def _event_view() -> str:
    shown = event_row(EXAMPLE, readable_payload(EXAMPLE.event))
    return "\n".join(
        [
            "## event\n",
            "A row of `orderledger history` and `orderledger events`.\n",
            _named(shown, meanings.EVENT_VIEW),
        ]
    )


def _recovery() -> str:
    names = [field.name for field in fields(Recovery)]
    told = "`Ledger.recover` returns lists of rows of `orders`. `orderledger recover --json` prints every open order once, with its `finding` (`open`, `in_flight` or `unresolved`), then a `summary` with the counts."
    return "\n".join(["## recovery\n", told + "\n", _named(names, meanings.RECOVERY)])


def _named(names: Iterable[str], words: Mapping[str, str]) -> str:
    return table(("field", "meaning"), [(f"`{name}`", words[name]) for name in names])
