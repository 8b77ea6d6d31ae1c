"""A limit denies, a rate delays: an order that the venue refuses as one too many is sent again, if
the refusal proves that it was not taken."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from orderledger import Gateway, Ledger, Rejected
from orderledger.gateway import GatewaySettings
from orderledger.projections.view import Row
from orderledger.venues.base.refusals import TOO_MANY_REQUESTS
from tests.gateway.desk import ACCOUNT, in_a_loop
from tests.gateway.test_pacing import CountingVenue
from tests.gateway.test_pauses import SENT_AGAIN, Entry, names, order


class RefusingEntry(Entry):
    """The venue refuses the first request as one too many, and states a pause."""

    pause_seconds: float | None = 0.3
    reason = TOO_MANY_REQUESTS
    refusals = 1
    paused: Callable[[int, float | None], None]

    async def submit(self, order: Row) -> Any:
        if self.refusals:
            self.refusals -= 1
            if self.pause_seconds is not None:
                self.paused(429, self.pause_seconds)
            return [self.refused(order)]
        return await super().submit(order)

    async def submit_many(self, orders: Sequence[Row]) -> Any:
        """The last order of the batch is the one too many."""
        if not self.refusals:
            return await super().submit_many(orders)
        refused = [await self.submit(orders[-1])]
        return [*await super().submit_many(orders[:-1]), *refused]

    def refused(self, order: Row) -> Rejected:
        named = {"account": ACCOUNT, "client_order_id": order["client_order_id"]}
        return Rejected(**named, reason=self.reason, text="Too many visits!")


async def sent(
    ledger: Ledger, wanted: Sequence[Any], *, batch: int = 1, patience: float = 30.0, **entry: Any
) -> tuple[list[Any], CountingVenue]:
    settings = GatewaySettings(patience_seconds=patience, lease_seconds=5.0)
    async with CountingVenue(100) as venue:
        sender: Any = RefusingEntry(venue.http_url, 100)
        vars(sender).update(entry)
        sender.abilities = dataclasses.replace(sender.abilities, batch=batch)
        async with Gateway(ledger, {ACCOUNT: sender}, limits=settings) as gateway:
            sender.paused = gateway._wired.parts.pacings[ACCOUNT].turned_away
            found = await gateway.submit_many(wanted)
        await sender.aclose()
    return found, venue


@in_a_loop
async def test_an_order_refused_as_one_too_many_is_sent_again_after_the_pause(
    ledger: Ledger,
) -> None:
    (one,), venue = await sent(ledger, [order()])
    assert (one.state, one.reason) == ("acknowledged", None)
    assert venue.arrived == {"C-1": 1}
    assert names(ledger) == [*SENT_AGAIN, "order_acknowledged"]
    denied = ledger.history("C-1", account=ACCOUNT)[2]["payload"]
    assert denied["reason"] == TOO_MANY_REQUESTS
    assert ledger.order("C-1", account=ACCOUNT)["anomalies"] == []


@in_a_loop
async def test_in_a_batch_only_the_order_that_was_refused_is_sent_again(ledger: Ledger) -> None:
    found, venue = await sent(ledger, [order(f"C-{one}") for one in range(3)], batch=3)
    assert [one.state for one in found] == ["acknowledged"] * 3
    assert venue.arrived == {f"C-{one}": 1 for one in range(3)}
    assert names(ledger, "C-0").count("order_submitted") == 1
    assert names(ledger, "C-2").count("order_submitted") == 2


@pytest.mark.parametrize(
    ("entry", "patience"),
    [
        ({"pause_seconds": 3.0}, 1.0),  # it would wait longer than its patience
        ({"pause_seconds": None}, 30.0),  # the venue states no pause
        ({"reason": "insufficient_funds"}, 30.0),
    ],
)
@in_a_loop
async def test_every_other_refusal_ends_the_order(
    ledger: Ledger, entry: dict[str, Any], patience: float
) -> None:
    (one,), venue = await sent(ledger, [order()], patience=patience, **entry)
    assert (one.state, one.text) == ("rejected", "Too many visits!")
    assert venue.arrived == {}


@in_a_loop
async def test_an_order_that_is_refused_again_and_again_ends_with_its_patience(
    ledger: Ledger,
) -> None:
    (one,), venue = await sent(ledger, [order()], patience=1.0, refusals=100)
    assert one.state in ("rejected", "denied")
    assert one.reason in (TOO_MANY_REQUESTS, "rate_limited")
    assert venue.arrived == {}
    assert 2 <= names(ledger).count("order_submitted") <= 5
