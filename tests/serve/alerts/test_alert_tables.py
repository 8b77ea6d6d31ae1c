"""The tables of alerts belong to `serve`; the store makes them when it is opened."""

import subprocess
import sys

from orderledger import Ledger
from orderledger.infrastructure.storage.schema import LEAVES
from orderledger.serve.alerts import tables
from tests.core.contract.sql import connected, run_sql
from tests.core.contract.streams import of_account
from tests.serve.alerts.desk import ACCOUNT, Desk

WITHOUT_LEAF = """
import sys
sys.modules[sys.argv[2]] = None  # as if it were not installed
from orderledger import Ledger
with Ledger.open(sys.argv[1]) as ledger, ledger.internals.store.database.reading() as session:
    print(session.has_table("alerts"), session.has_table("orders"))
"""


def test_a_store_without_the_tables_gets_them_when_it_is_opened(durable_store_url: str) -> None:
    Ledger.open(durable_store_url).close()
    assert LEAVES[tables.__name__] == (tables.ALERTS.name, tables.NOTICES.name, tables.CURSORS)
    run_sql(durable_store_url, *(f"DROP TABLE {name}" for name in LEAVES[tables.__name__]))
    desk = Desk(durable_store_url, {"kind": "halt"})
    with desk.ledger:
        desk.record(of_account("halt", 1))
        assert desk.at(2) == ([("halt", ACCOUNT)], [])


def test_an_existing_alert_stays_open_when_the_store_is_opened_again(
    durable_store_url: str,
) -> None:
    for seconds, expected in ((2, [("halt", ACCOUNT)]), (3, [])):
        desk = Desk(durable_store_url, {"kind": "halt"})
        with desk.ledger:
            if expected:
                desk.record(of_account("halt", 1))
            assert desk.at(seconds) == (expected, [])
            assert len(desk.rows(open_only=True)) == 1


def test_the_core_opens_a_store_without_its_leaves(new_store_url: str) -> None:
    command = [sys.executable, "-c", WITHOUT_LEAF, new_store_url, *LEAVES]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    assert found.stdout.split() == ["False", "True"]
    Ledger.open(new_store_url).close()
    connection = connected(new_store_url)
    assert connection.execute("SELECT COUNT(*) FROM alerts").fetchone() == (0,)
    connection.close()
