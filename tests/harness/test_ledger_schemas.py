"""A schema that one test has used is for the next as new, or is not used again."""

from collections.abc import Iterator

import psycopg
import pytest

from orderledger import Ledger
from orderledger.infrastructure.messages.parsing import parse_document
from tests.ledger_schemas import Schemas

ORDER = {"account": "sim:main", "client_order_id": "C-1", "instrument": "BTC-USD", "side": "buy"}
BOUGHT = parse_document({**ORDER, "type": "fill", "fill_id": "F-1", "quantity": "1", "price": "2"})


@pytest.fixture
def schemas(postgres_url: str) -> Iterator[Schemas]:
    schemas = Schemas(postgres_url)
    yield schemas
    schemas.close()


def test_an_empty_ledger_is_found_where_another_was_used(schemas: Schemas) -> None:
    urls, positions = [], []
    for _ in range(2):
        with schemas.ledger() as url, Ledger.open(url) as ledger:
            assert list(ledger.events()) == ledger.trades() == ledger.orders() == []
            positions.append(ledger.record(BOUGHT).position)
            assert len(ledger.trades()) == 1
            urls.append(url)
    assert urls[0] == urls[1]
    assert positions == [1, 1]


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE trades",
        "CREATE TABLE notes (text TEXT)",
        "ALTER TABLE trades RENAME COLUMN fee TO charge",
        "ALTER TABLE orderledger_events DISABLE TRIGGER ALL",
        (
            "CREATE OR REPLACE FUNCTION orderledger_events_guard() RETURNS trigger LANGUAGE "
            "plpgsql AS 'BEGIN RETURN NULL; END'"
        ),
        "GRANT SELECT ON trades TO PUBLIC",
    ],
)
def test_a_schema_whose_tables_were_changed_is_removed(schemas: Schemas, change: str) -> None:
    with schemas.ledger() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(change.encode())
    assert not schema_exists(url)
    with schemas.ledger() as other, Ledger.open(other) as ledger:
        assert ledger.trades() == []


@pytest.mark.slow
def test_a_schema_in_which_a_connection_was_left_open_is_removed(schemas: Schemas) -> None:
    with schemas.ledger() as url:
        left = psycopg.connect(url, autocommit=True)
    assert not schema_exists(url)
    left.close()


def schema_exists(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT current_schema()").fetchall() != [(None,)]
