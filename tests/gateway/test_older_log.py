"""A gateway whose database comes back with an older log sends nothing more: orders that it sent are
no longer in the log."""

import asyncio
from collections.abc import Iterator

import pytest

from orderledger import Fenced, Ledger, StoreError
from tests.gateway.desk import buy, trading, venue_of, worked
from tests.local_postgres import PostgresServer, private_postgres
from tests.older_log import database, until_answered

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with private_postgres() as found:
        yield found


def test_a_gateway_stops_when_its_log_went_back(server: PostgresServer) -> None:
    async def story(ledger: Ledger, copy_or_put_back: object) -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            assert callable(copy_or_put_back)
            assert (await gateway.submit(buy("C-1"))).state == "acknowledged"
            await asyncio.to_thread(copy_or_put_back)
            until_answered(lambda: ledger.orders())
            assert (await gateway.submit(buy("C-2"))).state == "acknowledged"
            await asyncio.to_thread(copy_or_put_back)
            reasons: list[str | None] = []
            while "fenced" not in reasons:
                assert len(reasons) < 20
                name = f"C-{len(reasons) + 3}"
                try:
                    reasons.append((await gateway.submit(buy(name))).reason)
                except (Fenced, StoreError) as error:
                    reasons.append("fenced" if isinstance(error, Fenced) else "unreachable")
                assert worked(venue, name) == 0
            gateway._book.catch_up()
            names = [stream.partition("/")[2] for stream, _ in gateway._book.open_orders()]
            assert names == ["C-1"]
            assert worked(venue, "C-2"), "it works at the venue, and the log does not have it"

    with database(server, "gateway") as (url, copy_or_put_back), Ledger.open(url) as ledger:
        asyncio.run(story(ledger, copy_or_put_back))
