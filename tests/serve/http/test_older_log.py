"""A server whose database comes back with an older log: its readers are told, and no answer comes
from the log that is lost."""

import time
from collections.abc import Iterator

import httpx
import pytest

from orderledger import Ledger
from tests.local_postgres import PostgresServer, private_postgres
from tests.older_log import database, until, until_answered
from tests.serve.http.harness import day
from tests.serve.http.processes import Server, StreamReader, reading

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with private_postgres() as found:
        yield found


def test_readers_of_the_stream_hear_that_the_log_went_back(server: PostgresServer) -> None:
    messages = list(day(12))
    with database(server, "stream") as (url, copy_or_put_back):
        with Ledger.open(url) as ledger:
            ledger.record_many(messages[:10])
        copy_or_put_back()
        with Server(url) as service, Ledger.open(url) as ledger:
            last = ledger.record_many(messages[10:30])[-1].position or 0
            reader = StreamReader(service.url)
            with reading(reader):
                reader.wait_for(last)
                orders = f"{service.url}/api/orders"
                before = httpx.get(orders)
                copy_or_put_back()
                until(lambda: "went_back" in [name for name, _, _ in reader.events])
                until(lambda: httpx.get(orders).status_code == 200)
                tag = {"if-none-match": before.headers["etag"]}
                until_answered(lambda: ledger.record_many(messages[10:30]))
                reader.wait_for(last)
                after = httpx.get(orders, headers=tag)
                assert (after.status_code, len(after.json()["rows"])) == (200, len(ledger.orders()))
                names = [name for name, _, _ in reader.events]
                at = names.index("went_back")
                begin = reader.events[at][2]["position"]
                assert begin < last
                assert "dropped" not in names
                again = [place for name, place, _ in reader.events[at:] if name == "event"]
                stored = [one["position"] for one in ledger.events() if one["position"] > begin]
                assert again == stored[: len(again)]  # positions may have holes


def test_a_position_beyond_the_log_is_answered_by_the_same_event(server: PostgresServer) -> None:
    with database(server, "beyond") as (url, _):
        with Ledger.open(url) as ledger:
            last = ledger.record_many(list(day(2)))[-1].position or 0
        with Server(url) as service:
            began = time.monotonic()
            headers = {"Last-Event-ID": str(last + 50)}
            with httpx.stream("GET", f"{service.url}/api/stream", headers=headers) as answer:
                lines = answer.iter_lines()
                while "event: went_back" not in next(lines):
                    assert time.monotonic() - began < 10
