"""Order entry at venues whose key names the account, against their simulations: what is at the
venue is the judge."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger, Request, Submit, parse_document
from orderledger.infrastructure.messages.registry import RequestCancel
from orderledger.simulation.market import OrderStatus, SimulatedOrder
from orderledger.simulation.servers.keyed import KeyedServer
from orderledger.testing import VenueHarness
from orderledger.venues import NotSent, Unanswered
from orderledger.venues.base.registry import adapter
from orderledger.venues.polled.keyed_entry import KeyedOrderEntry
from tests.venues.harness import venue_named
from tests.venues.invex.signing import sign
from tests.venues.nobitex.payloads import order as nobitex_row
from tests.venues.tables import TABLES

every_entry = pytest.mark.parametrize("name", TABLES)
OTHER = "somebody:else"


class Desk:
    """An account with its entry, its ledger and the simulated venue."""

    def __init__(self, harness: VenueHarness, timeout: float) -> None:
        self.harness, self.name = harness, harness.under_test.name
        self.ledger: Ledger = harness.ledger
        assert isinstance(harness.server, KeyedServer)
        self.server: Any = harness.server
        self.instrument = harness.under_test.instruments[0]
        self.entry = KeyedOrderEntry(
            TABLES[self.name],
            harness.account,
            token=self.server.key,
            url=self.server.http_url,
            now=harness.clock.now,
            timeout=timeout,
        )

    def requested(self, name: str = "C-1", **other: Any) -> Any:
        """An order as the gateway records it before it is sent: its row."""
        one = self.instrument
        terms: dict[str, Any] = {
            "instrument": one.name,
            "side": "buy",
            "quantity": 10 * one.lot,
            "order_type": "limit",
        }
        terms |= {"limit_price": one.price, **other}
        row = {**terms, "account": self.harness.account, "client_order_id": name, "aliases": {}}
        aliases = self.entry.prepare(row)
        named: dict[str, Any] = {"account": self.harness.account, "client_order_id": name}
        self.ledger.record_many([Request(**named, **terms, aliases=dict(aliases)), Submit(**named)])
        return self.ledger.order(name)

    async def sent(self, row: Any) -> list[Any]:
        """The messages of sending it, recorded."""
        messages = list(await self.entry.submit(row))
        self.ledger.record_many(messages)
        return messages

    async def canceled(self, name: str = "C-1") -> list[Any]:
        self.ledger.record(
            RequestCancel(account=self.harness.account, client_order_id=name, request_id="R-1")
        )
        messages = list(await self.entry.cancel(self.ledger.order(name), "R-1"))
        self.ledger.record_many(messages)
        return messages

    @property
    def there(self) -> list[SimulatedOrder]:
        return self.harness.exchange.orders(self.harness.there)

    async def looked_at(self, name: str = "C-1") -> Any:
        """The order as the ledger has it, when the venue was asked about it."""
        answer = await self.harness.venue.order(self.harness.account, self.ledger.order(name))
        self.ledger.record_many(answer or ())
        return self.ledger.order(name)


@asynccontextmanager
async def desk_at(name: str, timeout: float = 5.0) -> AsyncIterator[Desk]:
    async with VenueHarness(venue_named(name)).served() as harness:
        desk = Desk(harness, timeout)
        try:
            yield desk
        finally:
            await desk.entry.aclose()


def played(name: str, story: Callable[[Desk], Awaitable[None]], **options: Any) -> None:
    async def whole() -> None:
        async with desk_at(name, **options) as desk:
            await story(desk)

    asyncio.run(whole())


@every_entry
def test_an_order_works_under_the_alias_that_it_was_recorded_with(name: str) -> None:
    async def story(desk: Desk) -> None:
        row = desk.requested("C-1")
        (message,) = await desk.sent(row)
        (order,) = desk.there
        assert row["aliases"] == {desk.harness.under_test.alias: order.client_id}
        assert message.venue_order_id == desk.harness.under_test.venue_id(order)
        assert (order.side, order.quantity, order.limit_price) == (
            "buy",
            row["quantity"],
            row["limit_price"],
        )
        assert order.instrument == row["instrument"]
        known = await desk.looked_at()
        assert (known["status"], known["anomalies"], known["origin"]) == ("new", [], "own")

    played(name, story)


@every_entry
@pytest.mark.parametrize(
    ("side", "order_type"), [("sell", "limit"), ("buy", "market"), ("sell", "market")]
)
def test_an_order_that_matches_is_filled_once(name: str, side: str, order_type: str) -> None:
    async def story(desk: Desk) -> None:
        one, against = desk.instrument, "buy" if side == "sell" else "sell"
        desk.harness.exchange.submit(
            OTHER, instrument=one.name, side=against, quantity=10 * one.lot, limit_price=one.price
        )
        price = None if order_type == "market" else one.price
        await desk.sent(desk.requested(side=side, order_type=order_type, limit_price=price))
        (order,) = desk.there
        assert order.status is OrderStatus.FILLED
        known = await desk.looked_at()
        fills = (
            await desk.harness.venue.fills_since(desk.harness.account, order.created_at)
        ).messages
        desk.ledger.record_many(fills)
        known = desk.ledger.order("C-1")
        assert (known["status"], known["cum_quantity"], known["anomalies"]) == (
            "filled",
            order.quantity,
            [],
        )
        assert len(desk.ledger.trades()) == 1

    played(name, story)


@every_entry
def test_a_refusal_is_a_message_and_nothing_is_at_the_venue(name: str) -> None:
    async def story(desk: Desk) -> None:
        (message,) = await desk.sent(
            desk.requested(limit_price=desk.instrument.price + desk.instrument.tick / 2)
        )
        assert (message.type, message.reason, desk.there) == ("rejected", "incorrect_price", [])
        assert message.text and message.evidence
        assert desk.ledger.order("C-1")["status"] == "rejected"

    played(name, story)


@pytest.mark.parametrize("name", ["nobitex", "wallex"])
def test_an_order_that_is_sent_again_works_once_and_is_queried(name: str) -> None:
    """A duplicate proves that an order with this id exists, and not that it was refused."""

    async def story(desk: Desk) -> None:
        row = desk.requested()
        await desk.entry.submit(row)
        with pytest.raises(Unanswered) as raised:
            await desk.sent(row)
        assert (raised.value.reason, len(desk.there)) == ("duplicate_order", 1)
        assert (await desk.looked_at())["status"] == "new"

    played(name, story)


@every_entry
@pytest.mark.parametrize(
    ("fault", "reason", "there"),
    [
        ("lose_answer", "connection_lost", 1),
        ("server_error", "http_50", 0),
        ("too_many_requests", "http_429", 0),
        ("malformed", "unreadable", 1),
    ],
)
def test_what_was_not_answered_is_unknown_until_the_venue_is_asked(
    name: str, fault: Any, reason: str, there: int
) -> None:
    async def story(desk: Desk) -> None:
        row = desk.requested()
        desk.server.faults.plan_answers(fault)
        with pytest.raises(Unanswered) as raised:
            await desk.entry.submit(row)
        assert raised.value.reason.startswith(reason) and len(desk.there) == there
        answer = await desk.harness.venue.order(desk.harness.account, desk.ledger.order("C-1"))
        assert (answer is not None) == bool(there)

    played(name, story)


@every_entry
@pytest.mark.parametrize(
    "document",
    ["[]", "{}", '{"strange": 1}', '{"status": "ok"}', '{"success": true, "result": []}'],
)
def test_an_answer_that_names_no_order_is_none(name: str, document: str) -> None:
    async def story(desk: Desk) -> None:
        row = desk.requested()
        desk.server.answers_instead = 200, document
        with pytest.raises(Unanswered):
            await desk.entry.submit(row)

    played(name, story)


def test_an_answer_about_another_order_is_none() -> None:
    async def story(desk: Desk) -> None:
        row = desk.requested()
        desk.server.answers_instead = (
            200,
            desk.server.written({"status": "ok", "order": nobitex_row()}),
        )
        with pytest.raises(Unanswered):
            await desk.entry.submit(row)

    played("nobitex", story)


@every_entry
def test_no_answer_in_time_is_unanswered(name: str) -> None:
    async def story(desk: Desk) -> None:
        desk.server.faults.delay_seconds = 1e9
        desk.server.faults.plan_answers("delay")
        with pytest.raises(Unanswered) as raised:
            await desk.entry.submit(desk.requested())
        assert (raised.value.reason, len(desk.there)) == ("timeout", 1)

    played(name, story, timeout=1.0)


@every_entry
def test_no_connection_is_not_sent(name: str) -> None:
    async def story(desk: Desk) -> None:
        await desk.server.stop()
        with pytest.raises(NotSent) as not_sent:
            await desk.entry.submit(desk.requested())
        assert not_sent.value.reason == "not_connected"
        await desk.server.start()
        assert not desk.there

    played(name, story)


@every_entry
def test_a_wrong_key_is_a_refusal_and_no_secret_is_in_it(name: str) -> None:
    async def story(desk: Desk) -> None:
        row, key = desk.requested(), desk.server.key
        desk.server.answers_instead = (
            401,
            f'{{"detail": "{key} is not known", "success": false, "message": "{key}"}}',
        )
        (message,) = await desk.entry.submit(row)
        assert isinstance(
            message,
            type(parse_document({"type": "rejected", "account": "a", "client_order_id": "b"})),
        )
        assert (message.reason, desk.there) == ("unauthorized", [])
        assert desk.ledger.record(message).outcome == "recorded"
        assert key not in str(desk.ledger.history("C-1", account=desk.harness.account))

    played(name, story)


@every_entry
@pytest.mark.parametrize("knows_id", [True, False])
def test_an_order_is_canceled_by_its_id_or_by_its_client_id(name: str, knows_id: bool) -> None:
    async def story(desk: Desk) -> None:
        row = desk.requested()
        await (desk.sent(row) if knows_id else desk.entry.submit(row))
        assert (desk.ledger.order("C-1")["venue_order_id"] is not None) is knows_id
        desk.harness.exchange.fill(desk.there[0], desk.instrument.lot)
        await desk.canceled()
        await desk.harness.until(lambda: desk.there[0].status is OrderStatus.CANCELED)
        known = await desk.looked_at()
        assert (known["status"], known["pending"], known["cum_quantity"]) == (
            "canceled",
            None,
            desk.instrument.lot,
        )

    played(name, story)


@pytest.mark.parametrize("name", ["nobitex", "wallex"])
def test_a_cancel_of_what_is_filled_or_unknown_is_refused_and_ends_nothing(name: str) -> None:
    async def story(desk: Desk) -> None:
        await desk.sent(desk.requested())
        desk.harness.exchange.fill(desk.there[0])
        (message,) = await desk.canceled()
        assert (message.type, message.request_id) == ("cancel_rejected", "R-1")
        assert (await desk.looked_at())["status"] != "canceled"
        desk.requested("C-2")
        (unknown,) = await desk.canceled("C-2")
        assert (unknown.type, unknown.reason) == ("cancel_rejected", "unknown_order")
        assert desk.ledger.order("C-2")["pending"] is None

    played(name, story)


def test_what_invex_says_of_a_cancel_that_comes_too_late_is_not_documented_and_proves_nothing() -> (
    None
):
    async def story(desk: Desk) -> None:
        await desk.sent(desk.requested())
        desk.harness.exchange.fill(desk.there[0])
        with pytest.raises(Unanswered, match="refusal_not_proved"):
            await desk.canceled()
        assert (await desk.looked_at())["status"] == "filled"

    played("invex", story)


@every_entry
@pytest.mark.parametrize(
    ("fault", "status"), [("lose_answer", "canceled"), ("server_error", "open")]
)
def test_a_cancel_that_was_not_answered_is_unknown(name: str, fault: Any, status: str) -> None:
    async def story(desk: Desk) -> None:
        await desk.sent(desk.requested())
        desk.server.faults.plan_answers(fault)
        with pytest.raises(Unanswered):
            await desk.canceled()
        await desk.harness.until(lambda: desk.there[0].status == status)

    played(name, story)


@every_entry
@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"instrument": "BTC/EUR"}, "unknown_instrument"),
        ({"instrument": "nobitex:NEW-RLS"}, "unknown_instrument"),
        ({"order_type": "trailing_stop"}, "unsupported_order_type"),
        ({"post_only": True}, "unsupported_order_type"),
        ({"time_in_force": "ioc"}, "unsupported_time_in_force"),
        ({"limit_price": None}, "incorrect_limit_price"),
        ({"order_type": "market"}, "incorrect_limit_price"),
        ({"stop_price": 1}, "incorrect_stop_price"),
    ],
)
def test_what_the_venue_cannot_take_is_not_sent(
    name: str, other: dict[str, Any], reason: str
) -> None:
    async def story(desk: Desk) -> None:
        with pytest.raises(NotSent) as raised:
            desk.requested(**other)
        assert (raised.value.reason, desk.server.requests.total()) == (reason, 0)

    played(name, story)


@every_entry
def test_nothing_is_replaced_and_several_are_sent_one_by_one(name: str) -> None:
    async def story(desk: Desk) -> None:
        first, second = desk.requested(), desk.requested("C-2")
        desk.server.faults.plan_answers("server_error")
        lost, sent = await desk.entry.submit_many([first, second])
        assert (
            isinstance(lost, Unanswered)
            and not isinstance(sent, Exception)
            and len(desk.there) == 1
        )
        with pytest.raises(NotSent):
            await desk.entry.replace(second, {"request_id": "R", "quantity": Decimal(1)})
        assert not desk.entry.abilities.replaces

    played(name, story)


@every_entry
@pytest.mark.parametrize(
    "client_order_id", ["C-1", "a" * 33, "an id with spaces", "h_" + "0" * 30, "کد"]
)
def test_a_client_id_is_the_same_in_every_process_and_fits(name: str, client_order_id: str) -> None:
    async def story(desk: Desk) -> None:
        await desk.sent(desk.requested(client_order_id))
        (order,), client_ids = desk.there, desk.entry.table.client_ids
        assert order.client_id is not None and client_ids.fits.fullmatch(order.client_id)
        assert order.client_id == client_ids.of(client_order_id)
        assert order.client_id == client_order_id or order.client_id != client_ids.of(
            order.client_id
        )

    played(name, story)


def test_orders_and_cancels_at_invex_are_signed() -> None:
    async def story(desk: Desk) -> None:
        desk.server.is_signed = lambda fields: sign(fields)["signature"] == fields.get("signature")
        (message,) = await desk.entry.submit(desk.requested("C-1"))
        assert message.reason == "unauthorized"
        desk.entry.sign = sign
        await desk.sent(desk.requested("C-2"))
        assert await desk.canceled("C-2") == []
        assert len(desk.there) == 1

    played("invex", story)


@every_entry
def test_the_adapter_makes_an_entry_from_settings(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        known = adapter(name)
        section = known.settings.model_validate(
            {"venue": name, "account": "a:b", "token": {"env": "SECRET"}}
        )
        assert known.order_entry is not None
        entry = known.order_entry(section, "a:b")
        assert isinstance(entry, KeyedOrderEntry)
        await entry.aclose()

    monkeypatch.setenv("SECRET", "s3cr3t-of-the-venue")
    asyncio.run(story())
