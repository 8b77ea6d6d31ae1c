"""A refusal for the venue's rate limits is no answer to a cancel: it stays outstanding."""

from collections.abc import Sequence
from typing import Any

import pytest

from orderledger import CancelRejected, Gateway, Ledger, Message
from orderledger.simulation.local.order_entry import LocalOrderEntry
from tests.gateway.desk import ACCOUNT, buy, in_a_loop, until, venue_of

FOREVER = 1_000


class Busy(LocalOrderEntry):
    """Turns away so many cancels. `reason`: its word for that."""

    left, reason = FOREVER, "too_many_requests"

    async def cancel(self, order: Any, request_id: str) -> Sequence[Message]:
        if self.left == 0:
            return await super().cancel(order, request_id)
        self.left -= 1
        name, now = order["client_order_id"], self.now()
        fields: dict[str, Any] = {"client_order_id": name, "request_id": request_id, "at": now}
        return [CancelRejected(account=ACCOUNT, reason=self.reason, **fields)]


def state(ledger: Ledger) -> tuple[Any, ...]:
    row = ledger.order("C-1", account=ACCOUNT)
    return row["status"], row["pending"]


@pytest.mark.parametrize("reason", ["too_many_requests", "rate_limited"])
@in_a_loop
async def test_a_cancel_that_is_turned_away_is_sent_again(ledger: Ledger, reason: str) -> None:
    entry = Busy(venue_of())
    entry.reason = reason
    async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
        await gateway.submit(buy("C-1", price="60000"))
        canceled = await gateway.cancel("C-1")
        assert (canceled.state, canceled.reason) == ("unresolved", "rate_limited")
        assert state(ledger) == ("new", "cancel")
        entry.left = 0
        await until(lambda: state(ledger) == ("canceled", None))


@in_a_loop
async def test_a_restarted_gateway_sends_a_cancel_that_was_turned_away(ledger: Ledger) -> None:
    entry = Busy(venue_of())
    async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
        await gateway.submit(buy("C-1", price="60000"))
        await gateway.cancel("C-1")
    assert state(ledger) == ("new", "cancel")
    entry.left = 0
    async with Gateway(ledger, {ACCOUNT: entry}, clock=entry):
        await until(lambda: state(ledger) == ("canceled", None))
