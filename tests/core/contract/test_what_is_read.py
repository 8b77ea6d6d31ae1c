"""A question reads what it needs of the log and of the views, and no more."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderledger import Ledger, UnreadableEvent
from orderledger.infrastructure.storage.database import ROWS_PER_BATCH, Session
from orderledger.infrastructure.storage.postgres.tables import PostgresSession
from orderledger.infrastructure.storage.sqlite.tables import SQLiteSession
from orderledger.projections.view import Row, RowType, Table
from tests.core.contract.streams import fill, lives, opened, parsed, report, request
from tests.core.contract.test_damaged_events import spoil

LATER = datetime(2100, 1, 1, tzinfo=UTC)
MOMENTS: tuple[dict[str, Any], ...] = (
    {"as_of": LATER},
    {"as_of": 100},
    {"effective_at": LATER},
    {"as_of": 100, "effective_at": LATER},
)


MOMENTS_OR_NOW: tuple[dict[str, Any], ...] = ({}, {"as_of": LATER})


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows of views each reading of the database made."""
    counts: list[int] = []
    for kind in (SQLiteSession, PostgresSession):
        make = kind._rows_from

        def counted(
            self: Session, table: Table[RowType], found: Sequence[Any], make: Any = make
        ) -> list[RowType]:
            counts.append(len(found))
            rows: list[Row] = make(self, table, found)
            return rows

        monkeypatch.setattr(kind, "_rows_from", counted)
    return counts


@pytest.fixture
def ledger(durable_store_url: str) -> Iterator[Ledger]:
    """Three orders of four events; the seventh event, of the second order, cannot be read."""
    unknown = fill(None, "F-U", 9, venue_order_id="V-U")
    with opened(durable_store_url, update_views=False) as ledger:
        ledger.record_many(
            parsed(
                *lives(3),
                unknown,
                request("U", 8),
                report("acknowledged", "U", 9, venue_order_id="V-U"),
            )
        )
        ledger.views.catch_up()
    spoil(durable_store_url, 7, None, b"{")
    with opened(durable_store_url, update_views=False) as ledger:
        yield ledger


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_one_order_as_of_another_time_reads_its_own_events(
    ledger: Ledger, moment: dict[str, Any]
) -> None:
    for name in ("C-0", "V-0", "C-2", "V-2"):
        for account in (None, "sim:main"):
            assert ledger.order(name, account=account, **moment)["cum_quantity"] == 10
            assert len(ledger.history(name, account=account, **moment)) == 4
    with pytest.raises(UnreadableEvent):
        ledger.order("C-1", **moment)
    with pytest.raises(UnreadableEvent):
        ledger.orders(**moment)


def test_one_order_as_of_another_time_reads_what_was_attributed_to_it_since(ledger: Ledger) -> None:
    positions = {event["name"]: event["position"] for event in ledger.events(after=12)}
    before = ledger.order("V-U", as_of=positions["order_attributed.v1"] - 5)
    assert (before["client_order_id"], before["origin"], before["cum_quantity"]) == (
        None,
        "external",
        1,
    )
    assert ledger.order("V-U", as_of=positions["order_attributed.v1"])["client_order_id"] == "U"
    assert next(row["at"] for row in ledger.history("U", effective_at=LATER)) < LATER


def test_as_of_a_position_the_log_is_read_up_to_it(ledger: Ledger) -> None:
    assert [len(ledger.orders(as_of=position)) for position in (0, 1, 4, 6)] == [0, 1, 1, 2]
    assert len(ledger.trades(as_of=6)) == 2
    with pytest.raises(UnreadableEvent):
        ledger.orders(as_of=7)


def test_as_of_a_position_no_row_behind_it_is_fetched(
    durable_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(3)))
        fetched = []
        recorder = type(ledger._store.recorder)
        rows_after = recorder.rows_after

        def counted(self: Any, position: int, limit: int) -> Any:
            fetched.append(rows_after(self, position, limit))
            return fetched[-1]

        monkeypatch.setattr(recorder, "rows_after", counted)
        assert len(ledger.orders(as_of=6)) == 2
        assert sum(map(len, fetched)) == 6


def test_as_of_a_time_an_event_counts_that_a_clock_behind_has_recorded_later(
    durable_store_url: str,
) -> None:
    """So the whole log is read: of a later event nothing else tells that it was not recorded by
    then."""
    with opened(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(request("C-1")))
        known_at = next(ledger.events())["recorded_at"]
    with Ledger.open(durable_store_url, update_views=False, clock=_Behind(known_at)) as behind:
        behind.record_many(parsed(request("C-2")))
        assert [
            row["client_order_id"] for row in behind.orders(as_of=known_at - timedelta(seconds=1))
        ] == ["C-2"]
        assert (
            behind.order("C-2", as_of=known_at - timedelta(seconds=1))["client_order_id"] == "C-2"
        )


class _Behind:
    """A clock that is behind by a minute."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment - timedelta(minutes=1)

    def now(self) -> datetime:
        return self._moment


def test_a_limit_of_orders_reads_so_many_rows(durable_store_url: str, rows_read: list[int]) -> None:
    with opened(durable_store_url, update_views=False) as ledger:
        ledger.record_many(
            parsed(*lives(20), *(request(f"O-{number}", number) for number in range(30)))
        )
        ledger.views.catch_up()
        rows_read.clear()
        assert [row["client_order_id"] for row in ledger.open_orders(limit=3)] == [
            "O-27",
            "O-28",
            "O-29",
        ]
        assert [row["client_order_id"] for row in ledger.orders(limit=2, status="filled")] == [
            "C-18",
            "C-19",
        ]
        assert rows_read == [3, 2]


MANY = 2 * ROWS_PER_BATCH + 1


@pytest.fixture
def many(durable_store_url: str) -> Iterator[Ledger]:
    with opened(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*(request(f"C-{number:05}", number) for number in range(MANY))))
        ledger.views.catch_up()
        yield ledger


def test_a_stream_of_rows_is_read_in_batches(many: Ledger, rows_read: list[int]) -> None:
    rows = many.views.stream("orders", side="buy")
    assert rows_read == []
    assert next(rows)["client_order_id"] == "C-00000"
    assert rows_read == [ROWS_PER_BATCH]
    assert [row["client_order_id"] for row in rows] == [
        f"C-{number:05}" for number in range(1, MANY)
    ]
    assert rows_read == [ROWS_PER_BATCH, ROWS_PER_BATCH, 1]


def test_a_stream_shows_one_state_while_its_thread_asks_and_records(many: Ledger) -> None:
    rows = many.views.stream("orders", open_only=True)
    first = next(rows)
    for name in ("C-00001", f"C-{MANY - 1:05}", "new"):
        many.record(parsed(request("new") if name == "new" else report("canceled", name, 9_000))[0])
    assert many.order(f"C-{MANY - 1:05}")["status"] == "canceled"
    seen = [first, *rows]
    assert (len(seen), {row["status"] for row in seen}) == (MANY, {"pending_new"})
    assert len(list(many.views.stream("orders", open_only=True))) == MANY - 1


def test_a_stream_may_be_read_by_several_threads_in_turn(many: Ledger) -> None:
    rows = many.views.stream("orders")
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        seen = [pool.submit(next, rows).result()["client_order_id"] for pool in (one, other, one)]
        other.submit(rows.close).result()
    assert seen == ["C-00000", "C-00001", "C-00002"]


@pytest.mark.slow
def test_a_stream_that_is_left_early_holds_nothing(many: Ledger) -> None:
    for _ in range(40):  # more than a pool of connections has
        rows = many.views.stream("orders")
        next(rows)
        rows.close()
    assert many.record(parsed(request("new"))[0]).outcome == "recorded"


def test_a_stream_shows_the_rows_of_the_question(store_url: str) -> None:
    with opened(store_url) as other:
        other.record_many(parsed(*lives(3), report("fill_busted", "C-1", 90, fill_id="F-1-1")))
        for view, ask in (
            ("orders", other.orders),
            ("trades", other.trades),
            ("anomalies", other.anomalies),
        ):
            for moment in MOMENTS_OR_NOW:
                assert list(other.views.stream(view, **moment)) == ask(**moment)
        assert list(other.views.stream("trades", include_busted=True)) == other.trades(
            include_busted=True
        )
        assert (
            list(other.views.stream("trades", state="busted")) == other.trades(state="busted") != []
        )


@pytest.mark.parametrize(
    ("view", "asked", "sentence"),
    [
        (
            "moon",
            {},
            (
                "'moon' is not a view that is streamed: orders, trades, anomalies, marks, "
                "account_events, certificates"
            ),
        ),
        ("orders", {"moon": 1}, "'moon' is not a column of orders"),
        (
            "trades",
            {"since": LATER, "until": LATER - timedelta(days=1)},
            "since 2100-01-01T00:00:00+00:00 is after until",
        ),
    ],
)
def test_what_a_stream_does_not_take_is_said_at_once(
    durable_store_url: str, view: str, asked: dict[str, Any], sentence: str
) -> None:
    with opened(durable_store_url) as ledger, pytest.raises(ValueError, match=re.escape(sentence)):
        ledger.views.stream(view, **asked)
