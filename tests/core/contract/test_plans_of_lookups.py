"""What looks up one order by a key reads one index by that key, in every store, with and without
ANALYZE.

The plan of every statement that the drivers run is asked of the database. A test of times would
need a large ledger, and would still pass by chance.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import psycopg
import pytest

from orderledger import Ledger, UnknownOrder
from orderledger.infrastructure.storage.table_names import EVENTS_TABLE, EVIDENCE_TABLE, NAMES_TABLE
from tests.core.contract.sql import connected, run_sql
from tests.core.contract.streams import fill, lives, opened, parsed, report, request

Statement = tuple[str, Any]

GROWING = ("orders", "trades", "anomalies", NAMES_TABLE, EVENTS_TABLE, EVIDENCE_TABLE)
"""The tables that have rows of every order."""

KEYS = (
    {"stream"},
    {"stream", "fill_id"},
    {"account", "client_order_id"},
    {"account", "kind", "name"},
    {"value of alias"},
    {"originator_id"},
    {"originator_id", "originator_version"},
    {"position"},
)
"""The columns by which one order, or one event, is found."""

ID: dict[str, Any] = {"account": "sim:main"}
LOOKUPS: dict[str, Callable[[Ledger, dict[str, Any]], object]] = {
    "order by id": lambda ledger, at: ledger.order("C-30", **at),
    "order by id of an account": lambda ledger, at: ledger.order("C-30", **ID, **at),
    "order by venue id": lambda ledger, at: ledger.order("V-30", **at),
    "order by venue id of an account": lambda ledger, at: ledger.order("V-30", **ID, **at),
    "order by alias": lambda ledger, at: ledger.order("A-30", **at),
    "order by alias of an account": lambda ledger, at: ledger.order("A-30", **ID, **at),
    "order by name and value of an alias": lambda ledger, at: ledger.order("index=A-30", **at),
    "order by id of a replacement": lambda ledger, at: ledger.order("R-30", **ID, **at),
    "order by id of a request": lambda ledger, at: ledger.order("Q-30", **at),
    "order by the id of a report that was attributed": lambda ledger, at: ledger.order("V-U", **at),
    "history": lambda ledger, at: ledger.history("C-30", **at),
    "history of an account": lambda ledger, at: ledger.history("C-30", **ID, **at),
    "history by venue id": lambda ledger, at: ledger.history("V-30", **ID, **at),
    "explain": lambda ledger, at: ledger.audit.explain("C-30", **ID, **at),
    "why": lambda ledger, at: ledger.audit.why("order", order_id="A-30", **at),
}
NOW: dict[str, Callable[[Ledger, dict[str, Any]], object]] = {
    "orders": lambda ledger, _: ledger.orders(client_order_id="C-30"),
    "orders of an account": lambda ledger, _: ledger.orders(
        client_order_id="C-30", **ID, status="filled", limit=1
    ),
    "orders by stream": lambda ledger, _: ledger.orders(stream="sim:main/C-30"),
    "page of orders": lambda ledger, _: ledger.views.page(
        "orders", order="newest", client_order_id="C-30", **ID, with_count=True
    ),
    "changed orders": lambda ledger, _: ledger.views.changed_orders(
        ["sim:main/C-30", "sim:main/C-31"]
    ),
    "trades": lambda ledger, _: ledger.trades(client_order_id="C-30"),
    "trades of an account": lambda ledger, _: ledger.trades(
        client_order_id="C-30", **ID, include_busted=True
    ),
    "trades by stream": lambda ledger, _: ledger.trades(
        stream="sim:main/C-30", instrument="BTC-USD"
    ),
    "stream of trades": lambda ledger, _: list(
        ledger.views.stream("trades", client_order_id="C-30")
    ),
    "page of trades": lambda ledger, _: ledger.views.page(
        "trades", client_order_id="C-30", with_count=True
    ),
    "page of trades by stream": lambda ledger, _: ledger.views.page(
        "trades", order="desc", stream="sim:main/C-30"
    ),
    "anomalies by stream": lambda ledger, _: ledger.anomalies(stream="sim:main/C-30"),
    "page of events": lambda ledger, _: ledger.log.page(stream="sim:main/C-30", order="desc"),
}
NOBODY: dict[str, Callable[[Ledger], object]] = {
    "unknown": lambda ledger: ledger.order("nobody"),
    "unknown in an account": lambda ledger: ledger.order("nobody", **ID),
    "unknown then": lambda ledger: ledger.order("nobody", as_of=9),
}


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """Every statement that a driver runs, in the order in which they begin."""
    found: list[Statement] = []
    connect, execute = sqlite3.connect, psycopg.Cursor.execute

    def traced(*given: Any, **settings: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*given, **settings)
        connection.set_trace_callback(lambda text: found.append((text, ())))
        return connection

    def noted(self: Any, query: Any, params: Any = None, **settings: Any) -> Any:
        text = (
            query.decode()
            if isinstance(query, bytes)
            else query
            if isinstance(query, str)
            else query.as_string(self)
        )
        found.append((text, params))
        return execute(self, query, params, **settings)

    monkeypatch.setattr(sqlite3, "connect", traced)
    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    return found


@pytest.fixture
def ledger(new_store_url: str, statements: list[Statement]) -> Iterator[Ledger]:
    """Sixty orders of two accounts, forty overfilled. One has every kind of name; one was known by
    its venue's id first.

    The tables are new: PostgreSQL would plan with what it learned of the rows of an earlier test.
    """
    named = [
        report(
            "request_replace",
            "C-30",
            31.1,
            quantity="11",
            replacement_client_order_id="R-30",
            request_id="Q-30",
        ),
        report(
            "replaced",
            "C-30",
            31.2,
            quantity="11",
            replacement_client_order_id="R-30",
            aliases={"index": "A-30"},
        ),
        *(fill(f"C-{number}", f"X-{number}", 50) for number in range(40)),
        fill(None, "F-U", 100, venue_order_id="V-U"),
        request("U", 99),
        report("acknowledged", "U", 100, venue_order_id="V-U"),
    ]
    with opened(new_store_url, update_views=False) as ledger:
        if new_store_url.startswith("postgres"):
            for table in GROWING:  # or some of them are analyzed in the middle of a test
                run_sql(new_store_url, f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        ledger.record_many(parsed(*lives(40), *lives(20, "other"), *named))
        ledger.views.catch_up()
        yield ledger


@pytest.mark.leaf
@pytest.mark.parametrize("is_analyzed", [False, True], ids=["as it is", "after ANALYZE"])
def test_what_names_one_order_reads_one_index_by_its_key(
    new_store_url: str, ledger: Ledger, statements: list[Statement], is_analyzed: bool
) -> None:
    if is_analyzed:
        run_sql(new_store_url, "ANALYZE")
    last = ledger.log.position()
    asked: dict[str, Callable[[], object]] = {
        name: partial(ask, ledger, {}) for name, ask in {**LOOKUPS, **NOW}.items()
    }
    asked |= {
        f"{name} as of then": partial(ask, ledger, {"as_of": last}) for name, ask in LOOKUPS.items()
    }
    asked |= {name: partial(_unknown, partial(ask, ledger)) for name, ask in NOBODY.items()}
    searches = {name: _searches(new_store_url, statements, ask) for name, ask in asked.items()}
    wrong = {
        name: [one for one in found if not _is_by_key(*one)] for name, found in searches.items()
    }
    assert {name: found for name, found in wrong.items() if found} == {}
    assert all(searches.values()), "every one reads some of these tables"


def _unknown(ask: Callable[[], object]) -> None:
    with pytest.raises(UnknownOrder):
        ask()


def _is_by_key(_table: str, columns: frozenset[str], _plan: str) -> bool:
    return columns in KEYS


def _searches(
    url: str, statements: list[Statement], ask: Callable[[], object]
) -> list[tuple[str, frozenset[str], str]]:
    """How the growing tables were read: the table, the columns by which its index was searched, and
    that part of the plan."""
    ask()  # the first time it may update views
    statements.clear()
    ask()
    ran = [one for one in statements if re.match(r"\s*(SELECT|WITH|DECLARE)", one[0])]
    planned = _planned_by_sqlite if url.startswith("sqlite") else _planned_by_postgres
    found = [search for text, parameters in ran for search in planned(url, text, parameters)]
    return [one for one in found if one[0] in GROWING]


def _planned_by_sqlite(url: str, text: str, _: Any) -> Iterator[tuple[str, frozenset[str], str]]:
    connection = connected(url)
    connection.set_trace_callback(None)
    for *_, line in connection.execute(f"EXPLAIN QUERY PLAN {text}").fetchall():
        found = re.match(r"(?:SEARCH|SCAN) (\w+)(?:.*\((.*)\))?", line)
        if found and not _is_one_entry(found[1], line, text):
            columns = re.findall(r"(<expr>|\w+)=\?", found[2] or "")
            yield (
                found[1],
                frozenset("value of alias" if one == "<expr>" else one for one in columns),
                line,
            )
    connection.close()


def _is_one_entry(table: str, line: str, text: str) -> bool:
    """Whether SQLite reads the next event, the last one, or the next account."""
    if table == EVENTS_TABLE:
        return line == f"SEARCH {table}" or (
            line.endswith("PRIMARY KEY (rowid>?)") and text.endswith("LIMIT 1")
        )
    return "SELECT MIN(account)" in text and line.startswith("SEARCH")


def _planned_by_postgres(
    url: str, text: str, parameters: Any
) -> Iterator[tuple[str, frozenset[str], str]]:
    """The tables here are so small that reading all of them is cheapest, which is not asked: seq
    scans are put last."""
    with psycopg.connect(url) as connection:
        connection.execute("SET enable_seqscan = off")
        ((found,),) = connection.execute(
            f"EXPLAIN (FORMAT JSON) {text}".encode(), parameters
        ).fetchall()
    for node, parent in _nodes(found[0]["Plan"], None):
        condition = node.get("Index Cond") or "".join(
            one.get("Index Cond", "") for one in node.get("Plans", ())
        )
        is_one_entry = (
            parent is not None
            and parent["Node Type"] == "Limit"
            and parent["Plan Rows"] == 1
            and "Filter" not in node
        )
        if "Relation Name" in node and not is_one_entry:
            columns = (
                ["value of alias"]
                if "substr" in condition
                else re.findall(r"\((\w+) = ", condition)
            )
            yield node["Relation Name"], frozenset(columns), json.dumps(node)


def _nodes(
    node: dict[str, Any], parent: dict[str, Any] | None
) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    yield node, parent
    for one in node.get("Plans", ()):
        yield from _nodes(one, node)
