"""The fold of the name index with its rows in a table. A rebuild uses it to make the index again
from the log.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, TypedDict

from orderledger.domain.orders.identity import OUR_IDS, Name, NameKind
from orderledger.domain.recorded import Recorded
from orderledger.domain.stream_names import account_of, order_stream
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.recorder import LAST_POSITION
from orderledger.infrastructure.storage.table_names import EVENTS_TABLE
from orderledger.projections.names import (
    ORDER_NAMES,
    NameKey,
    NamesFold,
    OrderNameRow,
    key_of,
    names_in,
)
from orderledger.projections.view import Table
from orderledger.projections.whole_order import WholeOrder

KEYS_AT_ONCE = 500
EVENTS_AT_ONCE = 2_000


class BorneRow(TypedDict):
    """One row per name that an order got, and per attribution."""

    position: Annotated[int, "Log position."]
    account: Annotated[str, "Trading account."]
    kind: Annotated[str, "Kind of the name, or `attributed`."]
    name: Annotated[str, "The name, or the stream of the other order."]
    stream: Annotated[str, "Stream of the order."]
    is_plain: Annotated[
        int, "1 if the name can only belong to another order if another order has it too."
    ]


BORNE = Table(
    "order_names_borne",
    "While names are built by stream: each name at the first event of each order with it, and "
    "the attributions.",
    ("position",),
    BorneRow,
    ("position",),
)

ATTRIBUTED = "attributed"


def borne_rows(order: WholeOrder) -> Iterator[BorneRow]:
    """The rows of `BORNE` for one order."""
    account, stream, is_another = account_of(order.stream), order.stream, bool(order.attributed)
    for position, (kind, name) in {
        name: (position, name) for position, name in reversed(order.names)
    }.values():
        is_plain = int(not is_another and kind not in OUR_IDS)
        yield _borne_row(position, account, kind.value, name, stream, is_plain)
    for position, to in order.attributed:
        yield _borne_row(position, account, ATTRIBUTED, to, stream, 0)


def _borne_row(
    position: int, account: str, kind: str, name: str, stream: str, is_plain: int
) -> BorneRow:
    return {
        "position": position,
        "account": account,
        "kind": kind,
        "name": name,
        "stream": stream,
        "is_plain": is_plain,
    }


def bind_plain(session: Session, suffix: str) -> None:
    """Bind the names that only one order has had, and that no attribution can have moved: nearly
    all. Their result does not depend on the order of events.
    """
    names = ", ".join(ORDER_NAMES.key)
    session.execute(
        f"INSERT INTO {ORDER_NAMES.name}{suffix} ({names}, stream) SELECT {names}, MIN(stream) "
        f"FROM {BORNE.name}{suffix} GROUP BY {names} HAVING COUNT(*) = 1 AND MIN(is_plain) = 1"
    )


class NameTable:
    """The fold with its rows in a table with a suffix, over any number of transactions."""

    def __init__(self, suffix: str, position: int = 0) -> None:
        self._suffix = suffix
        self._rows = _SqlNames(suffix)
        self._fold = NamesFold(self._rows)
        self.position = position

    def take(self, session: Session, events: Sequence[Recorded]) -> None:
        """Take the next events of the log, and write the results. Skips events that it has taken
        already.
        """
        events = [event for event in events if (event.position or 0) > self.position]
        with self._rows.within(
            session,
            [(account_of(event.stream), name) for event in events for name in names_in(event)],
        ):
            for recorded in events:
                self._fold.take(recorded)
        if events:
            self.position = events[-1].position or self.position

    def bind_others(self, session: Session) -> None:
        """Bind the names that `bind_plain` left, in the order of the log."""
        same = " AND ".join(f"bound.{name} = borne.{name}" for name in ORDER_NAMES.key)
        rest = session.execute_in_batches(
            f"SELECT position, account, kind, name, stream FROM {BORNE.name}{self._suffix} AS "
            f"borne WHERE NOT EXISTS (SELECT 1 FROM {ORDER_NAMES.name}{self._suffix} AS bound "
            f"WHERE {same}) ORDER BY position"
        )
        for batch in rest:
            named = [
                (account, (NameKind(kind), name))
                for _, account, kind, name, _ in batch
                if kind != ATTRIBUTED
            ]
            with self._rows.within(session, named):
                for position, _, kind, name, stream in batch:
                    if kind == ATTRIBUTED:
                        self._fold.attribute(stream, name, position)
                    else:
                        self._fold.bear(stream, ((NameKind(kind), name),), position)

    def advance(self, session: Session, up_to: int = LAST_POSITION) -> bool:
        """Take the next events of the log from the session. Returns False if there were none."""
        events = session.events_after(self.position, EVENTS_AT_ONCE, up_to)
        self.take(session, events)
        return bool(events)


class _SqlNames:
    """Rows of a batch of events: read together before it, written together after it."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix
        self._session: Session | None = None
        self._bound: dict[NameKey, str | None] = {}
        self._begun_at: dict[str, int | None] = {}
        self._changed: set[NameKey] = set()

    @contextmanager
    def within(self, session: Session, named: Sequence[tuple[str, Name]]) -> Iterator[None]:
        """`named`: the names of the batch, each with its account."""
        self._session = session
        self._read([key_of(account, name) for account, name in named])
        self._read_begun(
            [order_stream(account, name[1]) for account, name in named if name[0] in OUR_IDS]
        )
        yield
        rows: list[OrderNameRow] = [
            {"account": key[0], "kind": key[1], "name": key[2], "stream": stream}
            for key in sorted(self._changed)
            if (stream := self._bound[key]) is not None
        ]
        if rows:
            session.upsert(ORDER_NAMES, rows, self._suffix)
        for known in (self._bound, self._begun_at, self._changed):
            known.clear()

    def get(self, key: NameKey) -> str | None:
        if key not in self._bound:
            self._read([key])
        return self._bound[key]

    def put(self, key: NameKey, stream: str) -> None:
        self._bound[key] = stream
        self._changed.add(key)

    def has_begun(self, stream: str, before: int | None) -> bool:
        if stream not in self._begun_at:
            self._read_begun([stream])
        begun_at = self._begun_at[stream]
        return begun_at is not None and begun_at < (before or LAST_POSITION)

    def names_of(self, stream: str, before: int | None) -> Iterable[Name]:
        assert self._session is not None
        events = (
            event
            for event in self._session.events_of(stream)
            if (event.position or 0) < (before or 0)
        )
        return [name for event in events for name in names_in(event)]

    def note(self, recorded: Recorded) -> None:
        """Nothing to do: the events are in the log."""

    def _read(self, keys: Iterable[NameKey]) -> None:
        assert self._session is not None
        asked: dict[tuple[str, str], dict[str, None]] = {}
        for account, kind, name in keys:
            if (account, kind, name) not in self._bound:
                self._bound[account, kind, name] = None
                asked.setdefault((account, kind), {})[name] = None
        for (account, kind), names in asked.items():
            for chunk in _chunks(list(names)):
                statement = (
                    f"SELECT name, stream FROM {ORDER_NAMES.name}{self._suffix} WHERE account = ? "
                    "AND kind = ? AND name"
                )
                found = self._session.execute(
                    f"{statement} IN ({_marks(chunk)})", (account, kind, *chunk)
                )
                self._bound.update(((account, kind, name), stream) for name, stream in found)

    def _read_begun(self, streams: Iterable[str]) -> None:
        assert self._session is not None
        asked = [stream for stream in dict.fromkeys(streams) if stream not in self._begun_at]
        self._begun_at.update(dict.fromkeys(asked))
        for chunk in _chunks(asked):
            statement = (
                f"SELECT originator_id, MIN(notification_id) FROM {EVENTS_TABLE} WHERE "
                "originator_id"
            )
            self._begun_at.update(
                self._session.execute(
                    f"{statement} IN ({_marks(chunk)}) GROUP BY originator_id", chunk
                )
            )


def _chunks(items: Sequence[str]) -> Iterator[Sequence[str]]:
    return (items[start : start + KEYS_AT_ONCE] for start in range(0, len(items), KEYS_AT_ONCE))


def _marks(items: Sequence[str]) -> str:
    return ", ".join("?" * len(items))
