"""A ledger in a schema of any name."""

from collections.abc import Iterator
from urllib.parse import quote

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from orderledger import Ledger
from tests.core.contract.streams import every_view, fill, lives, opened, parsed

NAMES = ("Desk-1", "select", 'it\'s "one"; two', "größe.%s?$1", "with space\\")


def quoted(name: str) -> str:
    """As a setting names it, and once more as `options` takes it: a backslash before what
    separates."""
    named = f'"{name.replace(chr(34), chr(34) * 2)}"'
    return named.replace("\\", "\\\\").replace(" ", "\\ ")


@pytest.fixture(params=NAMES)
def url(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[str]:
    schema = Identifier(request.param)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(SQL("CREATE SCHEMA {}").format(schema))
        yield f"{postgres_url}&options={quote(f'-c search_path={quoted(request.param)}')}"
        connection.execute(SQL("DROP SCHEMA {} CASCADE").format(schema))


@pytest.mark.slow
def test_it_records_asks_checks_and_rebuilds(url: str) -> None:
    with opened(url) as ledger:
        ledger.record_many(parsed(*lives(2)))
        ledger.record(parsed(fill("C-1", "F-9", 9))[0])
        assert len(ledger.orders()) == 2 and len(list(ledger.views.stream("trades"))) == 5
        before = every_view(ledger)
        assert ledger.views.rebuild().is_equal and ledger.views.check().differences == ()
    with Ledger.open(url) as ledger:
        assert every_view(ledger) == before
