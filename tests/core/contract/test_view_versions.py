"""Each view has the version of the fold that made it: an outdated view is rebuilt alone when a
ledger is opened."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from orderledger import Halt, Ledger, StoreVersion
from orderledger.infrastructure.storage.schema_version import SCHEMA_VERSION
from orderledger.infrastructure.views.check import check
from orderledger.projections.tables import VIEWS
from tests.core.contract.sql import connected, run_sql
from tests.core.contract.streams import fill, parsed, report, request, story

SPOILING = {
    "orders": "UPDATE orders SET reason = 'spoiled'",
    "trades": "UPDATE trades SET strategy = 'spoiled'",
    "positions": "UPDATE positions SET fills = 1000",
    "anomalies": "UPDATE anomalies SET detail = 'spoiled'",
    "proposals": "UPDATE proposals SET reason = 'spoiled'",
    "instruments": "UPDATE instruments SET currency = 'spoiled'",
    "marks": "UPDATE marks SET price = 77",
    "account_events": "UPDATE account_events SET reason = 'spoiled'",
    "certificates": "UPDATE certificates SET orders = 1000",
    "halts": "UPDATE halts SET reason = 'spoiled'",
    "order_names": "INSERT INTO order_names VALUES ('sim:main', 'venue', 'spoiled', "
    "'sim:main/C-1')",
}
"""A statement that makes each view differ from the log."""


def recorded(url: str) -> None:
    with Ledger.open(url, update_views=False) as ledger:
        ledger.record_many(
            [*parsed(*story()), Halt(account="sim:main", at=datetime(2026, 1, 5, tzinfo=UTC))]
        )
        ledger.views.catch_up()


def outdate(url: str, *views: str) -> None:
    run_sql(
        url,
        *(
            f"UPDATE view_versions SET version = version - 1 WHERE name = '{view}'"
            for view in views
        ),
    )


def differing(url: str) -> set[str]:
    """The views that differ from the log, after the store was opened."""
    with Ledger.open(url, update_views=False) as ledger:
        found = check(ledger._store, ledger._projector, most=100_000)
        return {difference.where.split()[0] for difference in found.differences}


def versions(url: str) -> dict[str, int]:
    connection = connected(url)
    try:
        return dict(connection.execute("SELECT name, version FROM view_versions").fetchall())
    finally:
        connection.close()


CURRENT = {name: view.version for name, view in VIEWS.items()}


def as_before_versions_of_views(url: str, fold_version: int) -> None:
    """The store as schema 4 had it: one version of all views."""
    run_sql(
        url,
        "DROP TABLE view_versions",
        f"UPDATE view_positions SET fold_version = {fold_version}",
        "UPDATE ledger_schema SET version = 4",
    )


@pytest.mark.slow
def test_only_the_outdated_view_is_rebuilt(durable_store_url: str) -> None:
    """Each view in turn, while those that are not rebuilt yet differ from the log."""
    recorded(durable_store_url)
    run_sql(durable_store_url, *SPOILING.values())
    different = set(SPOILING)
    assert differing(durable_store_url) == different
    for view in SPOILING:
        outdate(durable_store_url, view)
        different.remove(view)
        assert differing(durable_store_url) == different
        assert versions(durable_store_url) == CURRENT


def test_several_outdated_views_are_rebuilt_and_the_others_stay(durable_store_url: str) -> None:
    recorded(durable_store_url)
    run_sql(durable_store_url, *SPOILING.values())
    outdate(durable_store_url, "trades", "certificates")
    assert differing(durable_store_url) == set(SPOILING) - {"trades", "certificates"}


@pytest.mark.slow
@pytest.mark.parametrize("views", [("positions",), ("orders", "instruments"), tuple(VIEWS)])
def test_an_outdated_view_is_rebuilt_while_all_views_are_behind_the_log(
    durable_store_url: str, views: Sequence[str]
) -> None:
    recorded(durable_store_url)
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(
            parsed(request("N-1"), fill("N-1", "late", -5), fill("C-1", "later", 99))
        )
    run_sql(durable_store_url, *(SPOILING[view] for view in views))
    outdate(durable_store_url, *views)
    assert differing(durable_store_url) == set()


def test_of_a_store_with_one_version_of_all_views_those_that_have_it_still_stay(
    durable_store_url: str,
) -> None:
    recorded(durable_store_url)
    run_sql(durable_store_url, *SPOILING.values())
    as_before_versions_of_views(durable_store_url, 11)
    assert differing(durable_store_url) == {view for view in SPOILING if CURRENT[view] == 11}
    assert versions(durable_store_url) == CURRENT
    connection = connected(durable_store_url)
    assert connection.execute("SELECT version FROM ledger_schema").fetchall() == [(SCHEMA_VERSION,)]
    ((fold_version,),) = connection.execute("SELECT fold_version FROM view_positions").fetchall()
    assert (
        fold_version > 11
    )  # a process of the version before, which is still open, would otherwise go on
    connection.close()


def test_an_older_store_gets_the_index_of_aliases_and_keeps_its_views(
    durable_store_url: str,
) -> None:
    recorded(durable_store_url)
    run_sql(durable_store_url, *SPOILING.values())
    run_sql(
        durable_store_url, "DROP INDEX order_names_by_alias", "UPDATE ledger_schema SET version = 6"
    )
    assert differing(durable_store_url) == set(SPOILING)
    run_sql(durable_store_url, "DROP INDEX order_names_by_alias")


def test_all_views_of_an_older_store_with_one_version_are_rebuilt(durable_store_url: str) -> None:
    recorded(durable_store_url)
    run_sql(durable_store_url, *SPOILING.values())
    as_before_versions_of_views(durable_store_url, 10)
    assert differing(durable_store_url) == set()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE view_versions SET version = 999 WHERE name = 'trades'",
        "INSERT INTO view_versions VALUES ('a_view_of_tomorrow', 1)",
        "UPDATE view_positions SET fold_version = 999",
    ],
)
def test_views_of_which_a_newer_version_made_one_are_left_alone(
    durable_store_url: str, statement: str
) -> None:
    recorded(durable_store_url)
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        run_sql(durable_store_url, statement, *SPOILING.values())
        assert ledger.record_many(parsed(request("N-1")))[0].outcome == "recorded"
        for ask in (ledger.views.catch_up, ledger.orders, ledger.views.rebuild):
            with pytest.raises(StoreVersion, match="a newer version made the views"):
                ask()
    with pytest.raises(StoreVersion, match="a newer version made the views"):
        Ledger.open(durable_store_url)
    connection = connected(durable_store_url)
    assert {row[0] for row in connection.execute("SELECT strategy FROM trades").fetchall()} == {
        "spoiled"
    }
    connection.close()


@pytest.mark.parametrize("statement", ["DROP TABLE trades", "ALTER TABLE trades DROP COLUMN links"])
def test_a_view_of_another_shape_is_rebuilt_alone(durable_store_url: str, statement: str) -> None:
    recorded(durable_store_url)
    with Ledger.open(durable_store_url, update_views=False) as open_before:
        run_sql(durable_store_url, *SPOILING.values(), statement)
        assert differing(durable_store_url) == set(SPOILING) - {"trades"}
        assert len(open_before.trades()) > 0


def test_an_open_ledger_rebuilds_a_view_that_another_has_emptied_before_it_folds_on(
    durable_store_url: str,
) -> None:
    """The fold of positions reads trades: it must not take an empty table for the truth."""
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*story()))
        ledger.views.catch_up()
        run_sql(
            durable_store_url,
            "DELETE FROM trades",
            "UPDATE view_versions SET version = 0 WHERE name = 'trades'",
        )
        ledger.record_many(
            parsed(report("fill_busted", "C-1", 99, fill_id="F-1"), fill("C-1", "F-9", -3))
        )
        ledger.views.catch_up()
        assert ledger.views.check().differences == ()
