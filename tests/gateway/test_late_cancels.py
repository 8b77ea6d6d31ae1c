"""Requests whose answers were lost are over once fills have ended their order."""

import asyncio
from typing import Any

import pytest

from orderledger import Acknowledged, Fill, Gateway, Ledger, RequestCancel, Submit
from orderledger.simulation.local.order_entry import LocalOrderEntry
from orderledger.venues import Unanswered
from tests.gateway.desk import ACCOUNT, START, buy, in_a_loop, trading, until, venue_of

ORDER: dict[str, Any] = {"account": ACCOUNT, "client_order_id": "C-1", "at": START}
ASKED = (
    buy("C-1", at=START),
    Submit(**ORDER),
    Acknowledged(**ORDER, venue_order_id="V-1"),
    RequestCancel(**ORDER, request_id="cancel-1"),
)
FILLED = Fill(**ORDER, fill_id="F-1", quantity="0.5", price="64000")


def state(ledger: Ledger) -> tuple[Any, ...]:
    row = ledger.order("C-1", account=ACCOUNT)
    return row["status"], row["pending"], row["anomalies"]


@in_a_loop
async def test_a_restart_records_and_sends_nothing_for_the_cancel_of_a_filled_order(
    ledger: Ledger,
) -> None:
    ledger.record_many([*ASKED, FILLED])
    assert state(ledger) == ("filled", None, [])
    async with trading(ledger, venue_of()):
        await asyncio.sleep(0)
    last = ledger.history("C-1", account=ACCOUNT)[-1]
    assert last["name"].partition(".")[0] == "fill_recorded"


class Silent(LocalOrderEntry):
    """Never answers a cancel."""

    async def cancel(self, order: Any, request_id: str) -> Any:
        raise Unanswered("timeout", "no answer")


@pytest.mark.parametrize("fills", [("0.5",), ("0.2", "0.3")])
@in_a_loop
async def test_nothing_is_pending_once_an_order_is_filled_whose_cancel_has_no_answer(
    ledger: Ledger, fills: tuple[str, ...]
) -> None:
    entry = Silent(venue_of())
    ledger.record_many(ASKED)
    async with Gateway(ledger, {ACCOUNT: entry}, clock=entry):
        for number, quantity in enumerate(fills):
            ledger.record(FILLED.model_copy(update={"fill_id": f"F-{number}"} | _of(quantity)))
        await until(lambda: state(ledger)[1] is None)
        await asyncio.sleep(0)
    assert state(ledger) == ("filled", None, [])


def _of(quantity: str) -> dict[str, Any]:
    return {"quantity": Fill(**ORDER, fill_id="F", quantity=quantity, price="1").quantity}
