"""Groups that Tradier holds: each order of a group is an order of the ledger, whatever is lost on
the way."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from orderledger import Gateway, Request
from orderledger.extend.values import SystemClock
from orderledger.gateway import Limits
from orderledger.simulation.servers.faults import AnswerFault
from orderledger.venues.reconciliation.reconciler import Reconciler
from orderledger.venues.reconciliation.rules import Rules
from tests.venues.tradier.group_desk import GroupDesk, entry_of, exits, group_desk, request
from tests.venues.tradier.harness import adapter, run
from tests.venues.tradier.payloads import ACCOUNT, NUMBER

BRACKET = ("E-1", "E-1-tp", "E-1-sl")
OCO = ("T-1", "S-1")


async def send_bracket(desk: GroupDesk, **terms: Any) -> list[str]:
    sent = await desk.gateway.submit_bracket(
        request("E-1", **terms), take_profit="510", stop_loss="490"
    )
    return [one.state for one in sent]


def test_a_bracket_is_one_request_and_its_exits_work_when_the_entry_is_filled() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            assert await send_bracket(desk) == ["acknowledged"] * 3
            await desk.until_bound(*BRACKET)
            assert (desk.posted, desk.gateway.held()) == (1, [])
            entry, *_ = desk.legs()
            desk.fake.exchange.fill(entry, "4", price="500")
            await desk.harness.until(lambda: desk.state("E-1") == [("partially_filled", "4")])
            assert desk.state(*BRACKET[1:]) == [("pending_new", "0")] * 2
            desk.fake.exchange.fill(entry, "6", price="500")
            await desk.harness.until(lambda: desk.state("E-1-tp") == [("new", "0")])
            desk.fake.trade_at("SPY", "511")
            await desk.harness.until(lambda: desk.state("E-1-sl") == [("canceled", "0")])
            assert desk.state(*BRACKET) == [("filled", "10"), ("filled", "10"), ("canceled", "0")]
            assert (desk.posted, desk.odd(), desk.ledger.open_orders()) == (1, [], [])
            assert [row["tags"] for row in desk.ledger.orders()] == [
                {"gateway.native": "bracket"}
            ] * 3

    run(story())


def test_the_stream_shows_a_group_and_its_orders() -> None:
    async def story() -> None:
        async with group_desk(is_streaming=True) as desk:
            await desk.harness.until_streamed()
            await send_bracket(desk)
            await desk.until_bound(*BRACKET)
            desk.fake.exchange.fill(desk.legs()[0], price="500")
            await desk.harness.until(lambda: desk.state("E-1-tp") == [("new", "0")])
            desk.fake.trade_at("SPY", "511")
            await desk.harness.until(lambda: desk.state("E-1-sl") == [("canceled", "0")])
            assert desk.state(*BRACKET[:2]) == [("filled", "10")] * 2
            assert (len(desk.ledger.orders()), desk.odd()) == (3, [])

    run(story())


def test_one_cancels_the_other_at_the_venue() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            await desk.gateway.submit_oco(*exits())
            await desk.until_bound(*OCO)
            desk.fake.trade_at("SPY", "489")
            await desk.harness.until(lambda: desk.state("T-1") == [("canceled", "0")])
            assert (desk.state("S-1"), desk.odd(), desk.posted) == ([("filled", "10")], [], 1)

    run(story())


def test_both_orders_of_a_group_filled_is_an_anomaly() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            await desk.gateway.submit_oco(*exits())
            await desk.until_bound(*OCO)
            take_profit, stop = desk.legs()
            desk.fake.exchange.fill(take_profit, "4", price="510")
            desk.fake.exchange.trigger(desk.fake.exchange.order(stop.order_id))
            desk.fake.exchange.fill(desk.fake.exchange.order(stop.order_id), price="490")
            await desk.harness.until(lambda: "oco_both_filled" in desk.odd())
            assert desk.posted == 1

    run(story())


@pytest.mark.parametrize("fault", ["lose_answer", "malformed"])
@pytest.mark.parametrize("is_collecting", [True, False])
def test_a_group_without_an_answer_is_found_by_its_tag(
    fault: AnswerFault, is_collecting: bool
) -> None:
    async def story() -> None:
        async with group_desk(is_collecting=False) as desk, AsyncExitStack() as opened:
            desk.fake.faults.plan_answers(fault)
            assert await send_bracket(desk) == ["unresolved"] * 3
            if is_collecting:
                await opened.enter_async_context(desk.harness.listening())
            await desk.until_bound(*BRACKET)
            await desk.harness.until(
                lambda: {row["certainty"] for row in desk.ledger.orders()} == {"confirmed"}
            )
            assert (desk.posted, len(desk.ledger.orders()), desk.odd()) == (1, 3, [])

    run(story())


def test_an_answer_about_one_order_of_a_group_is_about_no_other() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            await send_bracket(desk)
            await desk.until_bound(*BRACKET)
            venue = adapter(desk.fake, desk.harness.book)
            for name, venue_order_id in zip(BRACKET, desk.ids(*BRACKET), strict=True):
                found = await venue.order(ACCOUNT, desk.ledger.order(name)) or ()
                assert {getattr(one, "venue_order_id", None) for one in found} == {venue_order_id}
            await venue.aclose()

    run(story())


def test_a_group_that_never_arrived_is_left_to_an_operator_and_never_sent_again() -> None:
    async def story() -> None:
        async with group_desk(is_collecting=False) as desk:
            desk.fake.faults.plan_answers("lose_request")
            assert await send_bracket(desk) == ["unresolved"] * 3
            await desk.harness.until(
                lambda: all(desk.ledger.order(name)["absent_at"] for name in BRACKET)
            )
            for name in BRACKET:
                again = await desk.gateway.resend(name, force=True, actor="anna")
                assert (again.state, again.reason) == ("refused", "native_group")
                desk.ledger.resolve(name, never_arrived=True, actor="anna")
            assert (await desk.gateway.submit(request("C-2"))).state == "acknowledged"
            assert [one.client_id for one in desk.fake.exchange.orders(NUMBER)] == ["C-2"]

    run(story())


def test_a_refused_group_rejects_each_of_its_orders() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            desk.fake.desk.errors = ["Insufficient buying power"]
            assert await send_bracket(desk) == ["rejected"] * 3
            assert {row["reason"] for row in desk.ledger.orders()} == {"insufficient_funds"}
            desk.fake.desk.errors = []
            desk.fake.desk.judge = lambda order: "Account is restricted"
            await desk.gateway.submit_oco(*exits())
            await desk.harness.until(lambda: desk.state(*OCO) == [("rejected", "0")] * 2)

    run(story())


def _with_trailing_stop() -> list[Request]:
    stop = {"order_type": "trailing_stop", "trail_offset": "5", "trail_offset_type": "amount"}
    links = {"group": "G", "kind": "bracket", "parent": "E-1"}
    return [
        request("E-1", links={"group": "G", "kind": "bracket"}),
        request("E-1-tp", side="sell", limit_price="510", links=links),
        request("E-1-sl", side="sell", limit_price=None, links=links, **stop),
    ]


def _of_one_type() -> list[Request]:
    links = {"group": "G", "kind": "oco"}
    return [request(name, side="sell", limit_price="510", links=links) for name in OCO]


@pytest.mark.parametrize(
    ("requests", "reasons"),
    [
        (_with_trailing_stop(), ["group_denied", "group_denied", "unsupported_order_type"]),
        (_of_one_type(), ["unsupported_group"] * 2),
    ],
)
def test_a_group_that_the_venue_cannot_take_is_denied_and_not_emulated(
    requests: list[Request], reasons: list[str]
) -> None:
    async def story() -> None:
        async with group_desk() as desk:
            sent = await desk.gateway.submit_many(requests)
            assert [(one.state, one.reason) for one in sent] == [
                ("denied", reason) for reason in reasons
            ]
            assert (desk.posted, desk.gateway.held()) == (0, [])

    run(story())


def test_nothing_of_a_group_is_sent_if_a_limit_denies_one_of_its_orders() -> None:
    async def story() -> None:
        limit = Limits(order_quantity="9", strategy="exits")  # type: ignore[arg-type]
        async with group_desk({"limits": [_given(limit)]}) as desk:
            take_profit, stop = exits()
            limited = stop.model_copy(update={"strategy": "exits"})
            sent = await desk.gateway.submit_oco(take_profit, limited)
            assert [one.reason for one in sent] == ["group_denied", "order_quantity"]
            assert (desk.posted, desk.ledger.exposure()) == (0, [])

    run(story())


def _given(limit: Limits) -> dict[str, Any]:
    return {
        name: value
        for name in limit.__struct_fields__
        if (value := getattr(limit, name)) not in (None, "")
    }


def test_nothing_of_a_group_is_sent_if_the_ledger_refuses_one_of_its_orders() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            desk.ledger.record(request("S-1", quantity="3"))
            sent = await desk.gateway.submit_oco(*exits())
            assert [(one.state, one.reason) for one in sent] == [
                ("denied", "group_denied"),
                ("refused", "duplicate_client_order_id"),
            ]
            assert (desk.posted, desk.state("T-1")) == (0, [("denied", "0")])

    run(story())


def test_nothing_of_a_group_is_sent_if_one_order_is_canceled_before() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            sending = asyncio.create_task(desk.gateway.submit_oco(*exits()))
            while (ACCOUNT, "S-1") not in desk.gateway._sender.flights:
                await asyncio.sleep(0)
            desk.gateway._sender.flights[ACCOUNT, "S-1"].withdraw()
            assert [one.reason for one in await sending] == ["group_denied", "withdrawn"]
            assert (desk.posted, desk.state(*OCO)) == (0, [("denied", "0")] * 2)

    run(story())


def test_an_exit_cannot_be_added_to_a_group_that_the_venue_holds() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            await send_bracket(desk)
            links = {"group": "E-1", "kind": "bracket", "parent": "E-1"}
            late = await desk.gateway.submit(
                request("E-2", side="sell", limit_price="520", links=links)
            )
            assert (late.state, late.reason) == ("denied", "group_denied")
            assert "takes no further exits" in (late.text or "")
            assert desk.gateway.held() == []

    run(story())


def test_a_cancel_of_an_entry_cancels_its_group() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            await send_bracket(desk)
            await desk.gateway.cancel("E-1")  # before its own id is known
            await desk.harness.until(lambda: desk.state(*BRACKET) == [("canceled", "0")] * 3)

    run(story())


def test_a_cancel_of_one_order_of_an_oco_cancels_both() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            await desk.gateway.submit_oco(*exits())
            await desk.gateway.cancel("S-1")
            await desk.harness.until(lambda: desk.state(*OCO) == [("canceled", "0")] * 2)

    run(story())


def test_a_reconciliation_finds_no_break_in_a_group() -> None:
    async def story() -> None:
        async with group_desk(is_collecting=False) as desk:
            venue, ledger = adapter(desk.fake, desk.harness.book), desk.ledger
            rules = Rules(grace=timedelta(0))
            await send_bracket(desk)
            for filled in ("0", "4", "6"):
                if filled != "0":
                    desk.fake.exchange.fill(desk.legs()[0], filled, price="500")
                first = await Reconciler(ledger, venue, SystemClock(), rules).run(ACCOUNT)
                again = await Reconciler(ledger, venue, SystemClock(), rules).run(ACCOUNT)
                assert list(again.breaks) == [], (filled, first.breaks)
            assert desk.state(*BRACKET[:2]) == [("filled", "10"), ("new", "0")]
            await venue.aclose()

    run(story())


def test_one_exit_can_be_canceled_or_changed_where_the_venue_takes_its_id() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            await send_bracket(desk)
            await desk.until_bound(*BRACKET)
            desk.fake.exchange.fill(desk.legs()[0], price="500")
            await desk.harness.until(lambda: desk.state("E-1-tp") == [("new", "0")])
            await desk.gateway.replace("E-1-sl", stop_price="495")
            await desk.gateway.replace("E-1-tp", limit_price="512")
            await desk.harness.until(
                lambda: str(desk.ledger.order("E-1-tp")["limit_price"]) == "512"
            )
            await desk.gateway.cancel("E-1-tp")
            await desk.harness.until(lambda: desk.state("E-1-tp") == [("canceled", "0")])
            assert str(desk.legs()[2].stop_price) == "495"
            assert desk.legs()[2].status.value == "waiting"

    run(story())


def test_a_refused_cancel_of_one_exit_leaves_it_as_it_is() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            desk.fake.desk.groups.takes_leg_ids = False
            await send_bracket(desk)
            await desk.until_bound(*BRACKET)
            desk.fake.exchange.fill(desk.legs()[0], price="500")
            await desk.harness.until(lambda: desk.state("E-1-tp") == [("new", "0")])
            assert (await desk.gateway.cancel("E-1-tp")).state == "rejected"
            row = desk.ledger.order("E-1-tp")
            assert (row["status"], row["pending"], desk.odd()) == ("new", None, [])

    run(story())


def test_a_later_gateway_without_the_setting_leaves_the_group_to_the_venue() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            await send_bracket(desk)
            await desk.until_bound(*BRACKET)
            entry = entry_of(desk.fake, native_groups=False)
            async with Gateway(desk.ledger, {ACCOUNT: entry}, take_over=[ACCOUNT]) as later:
                desk.fake.exchange.fill(desk.legs()[0], "4", price="500")
                await desk.harness.until(lambda: desk.state("E-1") == [("partially_filled", "4")])
                await asyncio.sleep(0.6)  # the emulator decides four times a second
                assert (later.held(), desk.posted) == ([], 1)
                assert {row["pending"] for row in desk.ledger.open_orders()} == {None}
            await entry.aclose()

    run(story())


def test_a_group_with_the_same_tag_that_was_made_elsewhere_is_another_order() -> None:
    async def story() -> None:
        async with group_desk() as desk:
            await desk.gateway.submit_oco(*exits())
            await desk.until_bound(*OCO)
            form = {"class": "oco", "duration": "day", "tag": "T-1"}
            for place, terms in enumerate((("limit", "price", "510"), ("stop", "stop", "490"))):
                order_type, field, price = terms
                form |= {f"symbol[{place}]": "SPY", f"side[{place}]": "sell"}
                form |= {f"quantity[{place}]": "10", f"type[{place}]": order_type}
                form |= {f"{field}[{place}]": price}
            await desk.harness.send(**form)
            await desk.harness.until(lambda: "unknown_order" in desk.odd())
            external = [row for row in desk.ledger.orders() if row["origin"] == "external"]
            assert len(external) == 1
            assert all(len(desk.ledger.order(name)["venue_order_ids"]) == 1 for name in OCO)

    run(story())
