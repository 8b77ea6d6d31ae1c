"""A damaged row from which positions continue is not used: they are folded from the first fill, and
`check` names the row."""

import logging
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.projections import lots, position_fold
from orderledger.projections.position_tables import CHECKPOINTS, LOTS
from orderledger.projections.view import AnyTable
from tests.core.contract.sql import connected, run_sql
from tests.core.contract.streams import fill, opened, parsed
from tests.typed import column

BROKEN: dict[str, dict[str, str]] = {
    "text": {"sqlite": "'other'", "postgresql": "'other'"},
    "count": {"sqlite": "{name} + 40", "postgresql": "{name} + 40"},
    "time": {"sqlite": "'2026-03-02T09:30:00.500000Z'", "postgresql": "'2026-03-02T09:30:00.5Z'"},
    "json": {
        "sqlite": "replace({name}, '1', '2')",
        "postgresql": "replace({name}::text, '1', '2')::jsonb",
    },
}
"""Another value that can be read, by the kind of a column."""

UNREADABLE = {
    "text": "x'ff'",
    "count": "'many'",
    "time": "'soon'",
    "json": "substr({name}, 1, length({name}) / 2)",
}
"""What SQLite may find in a file after a failure of the disk. PostgreSQL keeps the types of its
columns."""

PRICES = (100, 103, 99, 104, 98, 105)


@pytest.fixture(autouse=True)
def _many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after every third fill, and lots put away by twos."""
    monkeypatch.setattr(position_fold, "CHECKPOINT_EVERY", 3)
    monkeypatch.setattr(lots, "PACK", 2)


def bought_and_sold() -> list[dict[str, Any]]:
    """Twelve buys at several prices, then three sells, which close some of them."""
    return [
        fill(
            "S" if number >= 12 else "C",
            f"F-{number}",
            10 * number,
            side="sell" if number >= 12 else "buy",
        )
        | {"price": str(PRICES[number % 6]), "quantity": "2" if number >= 12 else "1"}
        for number in range(15)
    ]


LATE = fill("C", "F-late", 115, price="77")
"""After the fourth checkpoint, before the fifth."""

NEXT = fill("S", "F-next", 160, side="sell", quantity="7", price="101")
"""Closes lots that were put away."""


def figures(ledger: Ledger) -> dict[str, list[Any]]:
    shown: tuple[Any, ...] = ("average", "fifo", "lifo")
    return {method: [dict(row) for row in ledger.pnl(method=method)] for method in shown}


def expected(*messages: dict[str, Any]) -> dict[str, list[Any]]:
    """By a ledger that folds all of them at once, from the first."""
    with opened("memory://", update_views=False) as ledger:
        ledger.record_many(parsed(*messages))
        return figures(ledger)


@pytest.fixture
def url(durable_store_url: str) -> str:
    return filled(durable_store_url)


def filled(url: str) -> str:
    with opened(url, update_views=False) as ledger:
        ledger.record_many(parsed(*bought_and_sold()))
        assert ledger.views.check().differences == ()
    return url


def mended(url: str, table: AnyTable, *, is_reported: bool = True) -> None:
    """Check names the damage; the late fill and the next one are counted as on a fresh ledger; then
    nothing differs."""
    with opened(url, update_views=False) as ledger:
        found = ledger.views.check().differences
        assert is_reported == any(one.where.startswith(table.name) for one in found), found
        ledger.record_many(parsed(LATE))
        ledger.views.catch_up()
        ledger.record_many(parsed(NEXT))
        assert figures(ledger) == expected(*bought_and_sold(), LATE, NEXT)
        assert column(ledger.positions(), "fills") == [17]


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "orderledger"]


def where(table: AnyTable, name: str) -> str:
    """The checkpoint before the late fill. Of lots all rows, unless no two may have the same
    value."""
    if table is CHECKPOINTS:
        return "WHERE number = 4"
    return {
        "method": "WHERE method = 'fifo'",
        "number": "WHERE number = 1 AND method = 'fifo'",
    }.get(name, "")


def damages(table: AnyTable) -> list[Any]:
    names = [column.name for column in table.columns]
    return [pytest.param(table, name, id=f"{table.name} {name}") for name in names]


@pytest.mark.parametrize(("table", "name"), [*damages(CHECKPOINTS), *damages(LOTS)])
def test_another_value_in_any_column_is_not_used(
    url: str, table: AnyTable, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    other = BROKEN[table.kinds[name]][url.partition(":")[0]].format(name=name)
    run_sql(url, f"UPDATE {table.name} SET {name} = {other} {where(table, name)}")
    mended(url, table)
    (said, *_) = warned(caplog)
    assert said.startswith("positions are folded from their first entry: ")


@pytest.mark.parametrize(("table", "name"), [*damages(CHECKPOINTS), *damages(LOTS)])
def test_a_value_that_cannot_be_read_is_not_used(
    tmp_path: Path, table: AnyTable, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = filled(f"sqlite:///{tmp_path}/ledger.db")
    other = UNREADABLE[table.kinds[name]].format(name=name)
    run_sql(url, f"UPDATE {table.name} SET {name} = {other} {where(table, name)}")
    mended(url, table)
    assert warned(caplog)


@pytest.mark.parametrize("number", [1, 4, 5])
def test_a_missing_checkpoint_is_noticed(
    url: str, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Also one after that from which the fold continues. The first is not needed."""
    run_sql(url, f"DELETE FROM position_checkpoints WHERE number = {number}")
    mended(url, CHECKPOINTS)
    assert len(warned(caplog)) == (0 if number == 1 else 1)


def test_a_missing_row_of_lots_is_noticed(url: str, caplog: pytest.LogCaptureFixture) -> None:
    run_sql(url, "DELETE FROM position_lots")
    mended(url, LOTS)
    assert warned(caplog)


@pytest.mark.parametrize(("number", "late_at"), [(4, 115), (5, 115), (5, 145)])
def test_a_checkpoint_of_an_older_state_is_not_used(
    durable_store_url: str, number: int, late_at: float, caplog: pytest.LogCaptureFixture
) -> None:
    """It was written whole, before another fill came late: a page of the file, or a backup of the
    table, of that time."""
    earlier, between, after = (
        bought_and_sold()[:12],
        bought_and_sold()[12:],
        fill("C", "F-after", 150),
    )
    late = fill("C", "F-first", 10 * (number - 4) + 105, price="55")
    last = fill("C", "F-late", late_at, price="77")
    with opened(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*earlier, *between, after))
        ledger.views.catch_up()
        old = selected(durable_store_url, number)
        ledger.record_many(parsed(late))
        assert ledger.views.check().differences == ()
    assert old != selected(durable_store_url, number)
    put_back(durable_store_url, number, old)
    with opened(durable_store_url, update_views=False) as ledger:
        assert any(
            one.where.startswith(CHECKPOINTS.name) for one in ledger.views.check().differences
        )
        ledger.record_many(parsed(last))
        assert figures(ledger) == expected(*earlier, *between, after, late, last)
        assert ledger.views.check().differences == ()
    assert len(warned(caplog)) == 1


def test_what_is_whole_is_used_without_a_warning(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "orderledger")
    mended(url, CHECKPOINTS, is_reported=False)
    assert warned(caplog) == []


def selected(url: str, number: int) -> tuple[Any, ...]:
    """A checkpoint as the database has it."""
    cast = "::text" if url.startswith("postgresql") else ""
    names = ", ".join(
        f"{one.name}{cast if one.kind == 'json' else ''}" for one in CHECKPOINTS.columns
    )
    connection = connected(url)
    (row,) = connection.execute(
        f"SELECT {names} FROM position_checkpoints WHERE number = {number}"
    ).fetchall()
    connection.close()
    return tuple(row)


def put_back(url: str, number: int, row: tuple[Any, ...]) -> None:
    mark = "?" if url.startswith("sqlite") else "%s"
    columns = ", ".join(f"{name} = {mark}" for name in CHECKPOINTS.names)
    connection = connected(url)
    connection.execute(f"UPDATE position_checkpoints SET {columns} WHERE number = {number}", row)
    connection.commit()
    connection.close()
