"""A pooler in transaction mode before PostgreSQL is refused by name."""

from urllib.parse import parse_qs, urlsplit

import pytest

from orderledger import Ledger, StoreUnreachable
from tests.core.contract.transaction_pooler import TransactionPooler


def test_a_pooler_in_transaction_mode_is_refused(postgres_url: str) -> None:
    parts = urlsplit(postgres_url)
    place = parse_qs(parts.query)
    server = f"{place['host'][0]}/.s.PGSQL.{place['port'][0]}"
    user, database = parts.username or "postgres", parts.path[1:]
    pooler = TransactionPooler(server, user, database)
    try:
        with pytest.raises(StoreUnreachable, match="pgbouncer.*in transaction mode.*session"):
            Ledger.open(f"postgresql://{user}@127.0.0.1:{pooler.port}/{database}")
    finally:
        pooler.close()
