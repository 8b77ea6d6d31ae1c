"""A ledger that was open at a fork: the child is refused at once, and the parent goes on."""

import asyncio
import multiprocessing
from collections.abc import Callable
from typing import Any

import pytest

from orderledger import ForkedLedger, Ledger
from tests.core.contract.streams import parsed, request

FORK = multiprocessing.get_context("fork")
SECONDS = 60.0


def message(name: str) -> Any:
    (found,) = parsed(request(name))
    return found


USES: dict[str, Callable[[Ledger], Any]] = {
    "record": lambda ledger: ledger.record(message("C-2")),
    "record_many": lambda ledger: ledger.record_many([message("C-2")]),
    "record_soon": lambda ledger: ledger.record_soon(message("C-2")),
    "arecord": lambda ledger: asyncio.run(ledger.arecord(message("C-2"))),
    "orders": lambda ledger: ledger.orders(),
    "pnl": lambda ledger: ledger.pnl(),
    "recover": lambda ledger: ledger.recover(),
    "status": lambda ledger: ledger.status(),
    "check": lambda ledger: ledger.views.check(),
    "store": lambda ledger: ledger.internals.store,
    "with": lambda ledger: ledger.__enter__(),
}


def in_a_child(work: Callable[[], Any]) -> Any:
    """What work returned or raised in a forked process."""
    receiving, sending = FORK.Pipe(duplex=False)

    def run() -> None:
        try:
            sending.send(work())
        except BaseException as error:
            sending.send(error)

    process = FORK.Process(target=run)
    process.start()
    try:
        assert receiving.poll(SECONDS), "the child hangs"
        return receiving.recv()
    finally:
        process.kill()
        process.join()


@pytest.mark.parametrize("updates", [True, False])
def test_every_use_of_an_inherited_ledger_is_refused(store_url: str, updates: bool) -> None:
    with Ledger.open(store_url, update_views=updates) as ledger:
        ledger.record(message("C-1"))

        def refused() -> list[str]:
            found = []
            for name, use in USES.items():
                try:
                    use(ledger)
                except ForkedLedger:
                    found.append(name)
            ledger.close()
            return found

        assert in_a_child(refused) == list(USES)
        assert ledger.record(message("C-3")).outcome == "recorded"
        assert [row["client_order_id"] for row in ledger.orders()] == ["C-1", "C-3"]


def test_the_inherited_connections_are_refused_too(store_url: str) -> None:
    with Ledger.open(store_url, update_views=False) as ledger:
        store = ledger.internals.store  # held by what was made from the ledger, such as a gateway

        def query() -> Any:
            with store.database.reading() as session:
                return session.last_position()

        def write() -> Any:
            with store.database.writing() as session:
                return session.last_position()

        for use in (query, write, lambda: store.recorder.last_position()):
            assert type(in_a_child(use)) is ForkedLedger


def test_the_child_opens_a_ledger_of_its_own_while_the_parent_writes(
    durable_store_url: str,
) -> None:
    with Ledger.open(durable_store_url) as ledger:
        for number in range(5):
            ledger.record_many([message(f"P-{number}-{more}") for more in range(50)])

            def record(name: str = f"C-{number}") -> str:
                with Ledger.open(durable_store_url, update_views=False) as own:
                    return str(own.record(message(name)).outcome)

            assert in_a_child(record) == "recorded"
        assert len(ledger.orders()) == 255
