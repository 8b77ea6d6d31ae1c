"""Loads a `Book`: positions, open orders, marks and halts from the views, and the day so far from
the log.

The events of today are folded twice. The first pass sums what they changed, which gives the
positions at midnight; the second follows the day from there, so that the high of the day is known
after a restart.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from orderledger import Anomaly
from orderledger.extend.events import Recorded, accounts, codec
from orderledger.extend.store import Store, stored_position
from orderledger.extend.values import EXACT, ZERO, sides, stream_names
from orderledger.extend.views import Renames, StoredViews, Table, instruments, queries, tables
from orderledger.gateway.book import Book, folded
from orderledger.gateway.day import DayPnl, Key
from orderledger.gateway.working import Instrument
from orderledger.rows import HaltRow

Definitions = dict[Instrument, instruments.StoredInstrumentRow]
Found = TypeVar("Found", bound=Mapping[str, object])


def load(book: Book) -> None:
    """Read the state. The views must be at the end of the log, or near it: the book follows the log
    from there.
    """
    with book.store.database.reading() as session:
        views = StoredViews(session)
        book.log_position = stored_position(session)
        open_streams = [row["stream"] for row in _rows(book, views, tables.ORDERS)]
        open_streams += _claiming(book, views)
        definitions = {
            (row["account"], row["instrument"]): row
            for row in _rows(book, views, tables.INSTRUMENTS)
        }
        positions, unknown = _positions(book, views), _unknown(book, views)
        halts = _halts(book, views)
        book.open_breaks = _open_breaks(book, views)
        book.positions.set_at = _last_settings(book, views)
        book.instruments.renames = {
            name: Renames(views.rows(tables.RENAMES, account=name)) for name in book.accounts
        }
    book.day_began = book.midnight()
    _load_day(book, open_streams, definitions, positions)
    book.instruments.rows = definitions
    book.positions.held, book.positions.unknown = positions, unknown
    book.positions.sided = {key[:2]: None for key in positions if key[3] in sides.NAMED}
    book.halts = halts


def _load_day(
    book: Book, open_streams: list[str], definitions: Definitions, positions: dict[Key, Decimal]
) -> None:
    """Fold the events of today twice. `positions`: those of now."""
    first = _last_position_before(book)
    rows = book.store.all_rows(after=first, up_to=book.log_position)
    today = [one for one in map(decode_row, rows) if _is_replayed(book, one)]
    of_today = (one.stream for one in today if stream_names.is_order_stream(one.stream))
    histories = book.store.events_of(list(dict.fromkeys([*open_streams, *of_today])))
    held = book.positions
    book.instruments.rows, held.held, held.day = _unmarked(definitions), {}, DayPnl({}, {})
    _replay(book, histories, today, first)
    opened = {
        key: EXACT.subtract(positions.get(key, ZERO), held.held.get(key, ZERO))
        for key in {**positions, **held.held}
    }
    split = {
        (stream_names.account_of(one.stream), one.event.instrument)
        for one in today
        if isinstance(one.event, accounts.InstrumentSplit)
    }
    marks = {
        scope: mark
        for scope, mark in _marks_at(book.store, definitions, first).items()
        if scope not in split  # it is of another unit
    }
    book.instruments.rows = _unmarked(definitions)
    held.held, held.day = dict(opened), DayPnl(opened, marks)
    _replay(book, histories, today, first)


RELOADING = (
    accounts.PositionAdjusted
    | accounts.InstrumentSplit
    | accounts.InstrumentSettled
    | accounts.InstrumentRenamed
    | accounts.SettlementBusted
)
"""Events that change positions otherwise than by trades. The day's P&L leaves them out."""


def decode_row(row: tuple[str, int, str, bytes, int]) -> Recorded:
    return codec.decode(*row)


def _rows(book: Book, views: StoredViews, table: Table[Found]) -> Iterator[Found]:
    for name in book.accounts:
        yield from (
            views.rows(table, account=name, is_open=True)
            if table is tables.ORDERS
            else views.rows(table, account=name)
        )


def _claiming(book: Book, views: StoredViews) -> list[str]:
    """Orders whose numbers the venue reports differently. Among them are those that have ended, and
    have filled more than was reported: they count until the fills come."""
    return [
        row["stream"]
        for name in book.accounts
        for row in views.rows(
            tables.ANOMALIES, account=name, code=Anomaly.QUANTITY_MISMATCH, cleared_at=None
        )
    ]


def _positions(book: Book, views: StoredViews) -> dict[Key, Decimal]:
    """Positions by strategy; the rest of an account's position belongs to no strategy."""
    positions: dict[Key, Decimal] = {
        (row["account"], row["instrument"], None, row["position_side"], row["position_id"]): row[
            "position_quantity"
        ]
        or ZERO
        for row in _rows(book, views, tables.POSITIONS)
        if row["method"] == "average"
    }
    for name in book.accounts:
        for row in queries.grouped_pnl(
            views, by=("account", "instrument", "strategy"), account=name
        ):
            strategy, quantity = row["strategy"], row["position_quantity"]
            if strategy is not None and quantity:
                of, part = (
                    (row["account"], row["instrument"]),
                    (row["position_side"], row["position_id"]),
                )
                positions[*of, strategy, *part] = quantity
                rest = positions.get((*of, None, *part), ZERO)
                positions[*of, None, *part] = EXACT.subtract(rest, quantity)
    return positions


def _unknown(book: Book, views: StoredViews) -> dict[Instrument, None]:
    return {
        (row["account"], row["instrument"]): None
        for row in _rows(book, views, tables.POSITIONS)
        if row["reason"] == sides.SIDE_UNKNOWN
    }


def _halts(book: Book, views: StoredViews) -> dict[int, HaltRow]:
    return {
        row["position"]: row
        for name in (*book.accounts, accounts.EVERY_ACCOUNT)
        for row in views.rows(tables.HALTS, account=name)
        if row["resumed_at"] is None
    }


def _open_breaks(book: Book, views: StoredViews) -> dict[str, int]:
    """How many breaks the last certificate of each account shows."""
    return {
        name: len(row["open_breaks"])
        for name in book.accounts
        for row in views.rows(tables.CERTIFICATES, account=name)[-1:]
    }


SETTING = ("adjust", "split", "settle", "delivery")
"""Kinds of account events that set or change a position otherwise than by trades."""


def _last_settings(book: Book, views: StoredViews) -> dict[Instrument, datetime]:
    found: dict[Instrument, datetime] = {}
    for name in book.accounts:
        for kind in SETTING:
            for row in views.each(tables.ACCOUNT_EVENTS, account=name, kind=kind):
                if row["instrument"] is not None:
                    scope = (name, row["instrument"])
                    found[scope] = max(row["at"], found.get(scope, row["at"]))
    return found


def _unmarked(definitions: Definitions) -> Definitions:
    """The instruments as defined before today's marks."""
    return {
        scope: {**row, "mark_price": None, "marked_at": None} for scope, row in definitions.items()
    }


def _is_replayed(book: Book, recorded: Recorded) -> bool:
    return stream_names.account_of(recorded.stream) in book.accounts


def _replay(
    book: Book, histories: Mapping[str, list[Recorded]], today: list[Recorded], first: int
) -> None:
    """Replay the orders up to midnight, then through today's events."""
    book.forget_orders()
    for stream, events in histories.items():
        earlier = (one for one in events if (one.position or 0) <= first)
        book.keep(stream, folded(stream, earlier))
    on_event, book.on_event = book.on_event, lambda recorded: None
    for recorded in today:
        if not isinstance(recorded.event, RELOADING):
            book.take(recorded)
    book.on_event = on_event


def _last_position_before(book: Book) -> int:
    """The last log position that was recorded before midnight."""
    low, high = 0, book.log_position
    while low < high:
        middle = (low + high + 1) // 2
        rows = book.store.recorder.rows_after(middle - 1, 1)
        if rows and rows[0].position <= high and decode_row(rows[0]).recorded_at < book.day_began:
            low = max(middle, rows[0].position)
        else:
            high = middle - 1
    return low


def _marks_at(store: Store, definitions: Definitions, position: int) -> dict[Instrument, Decimal]:
    """The last mark of each instrument up to a log position."""
    streams = {
        scope: stream_names.account_stream(scope[0], accounts.MarkRecorded.stream_kind, scope[1])
        for scope in definitions
    }
    versions = store.recorder.versions_of(list(streams.values()))
    marks: dict[Instrument, Decimal] = {}
    for scope, stream in streams.items():
        low, high = 0, versions.get(stream, 0)
        while low < high:
            middle = (low + high + 1) // 2
            (row,) = store.recorder.rows_at([(stream, middle)])
            if row.position <= position:
                low, event = middle, decode_row(row).event
                if isinstance(event, accounts.MarkRecorded):
                    marks[scope] = event.price
            else:
                high = middle - 1
    return marks
