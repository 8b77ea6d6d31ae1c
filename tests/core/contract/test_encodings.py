"""A database of PostgreSQL that cannot store every name is refused, before anything is made in
it."""

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from orderledger import Ledger, StoreUnreachable
from tests.command_line import run


@pytest.fixture(params=["SQL_ASCII", "LATIN1"])
def other_encoding(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[tuple[str, str]]:
    """The URL of a database, and its encoding."""
    name = f"encoding_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} ENCODING '{request.param}' LOCALE 'C' TEMPLATE "
            "template0".encode()
        )
        try:
            yield urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}")), request.param
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_a_database_of_another_encoding_is_refused_with_the_statement_that_makes_a_right_one(
    other_encoding: tuple[str, str],
) -> None:
    url, encoding = other_encoding
    with pytest.raises(
        StoreUnreachable,
        match=f"has the encoding {encoding}, but a ledger needs UTF8: CREATE DATABASE",
    ):
        Ledger.open(url)
    recorded = run("record", "-", "--db", url)
    assert (recorded.status, recorded.out) == (3, "")
    assert encoding in recorded.err and "Traceback" not in recorded.err
    with psycopg.connect(url) as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).fetchone() == (0,)
