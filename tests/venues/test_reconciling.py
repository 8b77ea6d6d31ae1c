"""An account that was not listened to, compared with its venue through the real adapter: what the
ledger has afterwards."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Acknowledged
from orderledger.testing import VenueHarness
from orderledger.testing.harness import RULES
from orderledger.venues.base.venue import Messages
from orderledger.venues.reconciliation.breaks import Break
from orderledger.venues.reconciliation.reconciler import Reconciled, Reconciler, Rules
from orderledger.venues.reconciliation.reverting import repairs_of, reverting
from tests.typed import values
from tests.venues.harness import every_venue, played, with_changes, with_positions


async def reconciled(harness: VenueHarness, rules: Rules = RULES) -> Reconciled:
    """A minute later, so that nothing is left to the next run."""
    harness.clock.set(harness.clock.now() + timedelta(minutes=1))
    return await Reconciler(harness.ledger, harness.venue, harness.clock, rules).run(
        harness.account
    )


def open_breaks(found: Reconciled) -> list[str]:
    return [left.id for left in found.certificate.open_breaks]


def seen(harness: VenueHarness, *names: str) -> list[Any]:
    (order,) = harness.ledger.orders()
    return [str(value) if isinstance(value, Decimal) else value for value in values(order, names)]


def without_cloids(text: str) -> str:
    """Older fills bear none, and some exchanges never tell them in fills."""
    return re.sub(r'("twapId":null),"cloid":"[^"]*"', r"\1", text)


def test_legs_that_only_their_fills_named_are_one_order_and_certified_at_once() -> None:
    """On what terms an id worked that the order has left is no difference."""

    async def story(harness: VenueHarness) -> None:
        harness.server.rewritten = without_cloids
        order = harness.request()
        await reconciled(harness)
        for price in (2501, 2502, 2503):
            order = harness.exchange.modify(
                order, limit_price=price, quantity="0.10", with_new_id=True
            )
            harness.exchange.fill(order, "0.01")
        assert open_breaks(await reconciled(harness)) == []
        assert (await reconciled(harness)).appended == 0
        assert seen(harness, "status", "quantity", "limit_price", "cum_quantity") == [
            "partially_filled",
            "0.11",
            "2503",
            "0.03",
        ]

    played("hyperliquid", story)


def test_an_order_that_a_fill_alone_told_of_ends_as_its_last_leg_did() -> None:
    """The answer about the leg bears the cloid, under which a later leg may have gone on."""

    async def story(harness: VenueHarness) -> None:
        harness.server.rewritten = without_cloids
        await reconciled(harness)
        leg = harness.place(client_id=harness.record_request("C-1"))
        harness.exchange.fill(leg, "0.04")
        leg = harness.exchange.modify(leg, limit_price=2501, with_new_id=True)
        harness.exchange.fill(leg)
        await reconciled(harness)
        assert seen(harness, "client_order_id", "status", "cum_quantity", "anomalies") == [
            "C-1",
            "filled",
            "0.1",
            [],
        ]

    played("hyperliquid", story)


@pytest.mark.slow
@every_venue
@pytest.mark.parametrize("odd", ["aa00bb11", "a/b c", "9" * 40])
def test_a_name_that_the_venue_never_gave_keeps_no_other_order_from_being_reconciled(
    name: str, odd: str
) -> None:
    """A bot may take something else for the venue's id, or for its own at the venue, as the hash of
    a transaction."""

    async def story(harness: VenueHarness) -> None:
        account, at = harness.account, harness.clock.now()
        harness.record_request("C-1", aliases={harness.under_test.alias: odd})
        harness.ledger.record(
            Acknowledged(account=account, client_order_id="C-1", venue_order_id=odd, at=at)
        )
        harness.exchange.fill(harness.request("C-2"))
        assert open_breaks(await reconciled(harness)) == ["absent_order:C-1"]
        assert harness.ledger.order("C-2", account=account)["status"] == "filled"

    played(name, story)


@with_changes
def test_a_stop_that_was_moved_at_the_venue_is_moved_here(name: str) -> None:
    async def story(harness: VenueHarness) -> None:
        price = harness.under_test.instruments[0].price
        stop = {"order_type": "stop_limit", "stop_price": str(price)}
        waits = harness.place(client_id=harness.record_request("C-1", **stop), **stop)
        await reconciled(harness)
        assert seen(harness, "status", "stop_price") == ["new", str(price)]
        harness.exchange.modify(waits, stop_price=price - 1, with_new_id=harness.under_test.new_ids)
        found = await reconciled(harness)
        assert [(one.kind.value, one.is_settled) for one in found.breaks] == [
            ("terms_differ", True)
        ]
        assert (seen(harness, "stop_price"), (await reconciled(harness)).appended) == (
            [str(price - 1)],
            0,
        )

    played(name, story)


async def with_terms_taken_back(harness: VenueHarness) -> Break:
    """An order of ours whose limit was changed by one while nobody listened, taken over, and taken
    back. The break."""
    order, price = harness.request(), harness.under_test.instruments[0].price
    await reconciled(harness)
    harness.exchange.modify(order, limit_price=price + 1, with_new_id=harness.under_test.new_ids)
    (found,) = (await reconciled(harness)).breaks
    repairs = repairs_of(harness.ledger, found.id)
    harness.ledger.record_many(reverting(harness.ledger, repairs, harness.clock.now()))
    assert seen(harness, "limit_price") == [str(price)]
    return found


@every_venue
def test_terms_that_were_taken_back_are_not_taken_over_again(name: str) -> None:
    """Behaviour 18. The venue says the same in several messages, and none of them is news."""

    async def story(harness: VenueHarness) -> None:
        found = await with_terms_taken_back(harness)
        (left,) = (await reconciled(harness)).breaks
        assert (left.id, left.is_settled, left.repairs) == (found.id, False, ())
        assert (await reconciled(harness)).appended == 0
        assert seen(harness, "limit_price") == [str(harness.under_test.instruments[0].price)]

    played(name, story)


@every_venue
def test_terms_that_were_taken_back_stay_so_though_a_feed_tells_them_once_more(name: str) -> None:
    """Each connection begins with what is open, in words that may be others than those of an
    answer."""

    async def story(harness: VenueHarness) -> None:
        await with_terms_taken_back(harness)
        async with harness.listening():
            await harness.until(lambda: any(isinstance(one, Messages) for one in harness.received))
            harness.place(side="sell")
            await harness.until(lambda: len(harness.ledger.orders()) == 2)
        row = harness.ledger.order("C-1", account=harness.account)
        assert row["limit_price"] == harness.under_test.instruments[0].price

    played(name, story)


@every_venue
def test_a_certificate_counts_the_orders_that_are_open(name: str) -> None:
    """A list of the day also tells of those that have ended."""

    async def story(harness: VenueHarness) -> None:
        harness.place()
        harness.exchange.fill(harness.request("C-1"))
        harness.exchange.cancel(harness.place(side="sell"))
        assert [(await reconciled(harness)).certificate.orders for _ in range(2)] == [1, 1]
        harness.exchange.cancel(harness.exchange.open_orders(harness.there)[0])
        assert (await reconciled(harness)).certificate.orders == 0

    played(name, story)


def test_a_spread_that_is_told_without_its_legs_is_an_open_break_until_it_has_them() -> None:
    """As the sandbox is said to list them: what filled of it is in none of the ledger's figures."""

    def without_legs(text: str) -> str:
        return re.sub(r'"leg": ?\[[^]]*\]', '"leg":null', text)

    async def story(harness: VenueHarness) -> None:
        parent = harness.place(instrument="SPY", quantity=1, limit_price=1)
        harness.server.writer.terms[parent.order_id] = {"class": "multileg"}  # type: ignore[attr-defined]
        option = harness.under_test.instruments[1]
        for side in ("buy", "sell"):
            part = harness.place(
                instrument=option.name,
                side=side,
                quantity=1,
                limit_price=12,
                parent_id=parent.order_id,
            )
            harness.exchange.fill(part)
        harness.server.rewritten = without_legs
        found = [await reconciled(harness) for _ in range(2)]
        texts = {
            one.text
            for run in found
            for one in run.breaks
            if one.kind.value.startswith("unreadable")
        }
        assert len(texts) == 1 and "leg is missing on" in texts.pop()
        assert [
            name for name in open_breaks(found[-1]) if name.startswith("unreadable_fill:")
        ] != []
        harness.server.rewritten = str
        healed = await reconciled(harness)
        assert [name for name in open_breaks(healed) if name.startswith("unreadable")] == []
        assert len(harness.ledger.trades()) == 2

    played("tradier", story)


def test_an_external_order_that_the_venue_has_forgotten_ends_and_one_of_ours_does_not() -> None:
    """The venue answers for the last 2000 orders of an account: of the others only the fills are
    left."""

    async def story(harness: VenueHarness) -> None:
        others, ours = harness.place(client_id="0x" + "7" * 32), harness.request("C-1")
        await reconciled(harness)
        for order in (others, ours):
            harness.exchange.fill(order, "0.04")
            harness.exchange.cancel(order)
            harness.server.forget(order)  # type: ignore[attr-defined]
        names = [f"absent_order:{others.order_id}", "absent_order:C-1"]
        assert open_breaks(await reconciled(harness)) == sorted(names)
        harness.clock.set(harness.clock.now() + timedelta(hours=2))
        assert open_breaks(await reconciled(harness)) == ["absent_order:C-1"]
        rows = {row["venue_order_id"]: row for row in harness.ledger.orders()}
        assert [
            (row["status"], row["reason"])
            for row in map(
                rows.__getitem__,
                [harness.under_test.venue_id(others), harness.under_test.venue_id(ours)],
            )
        ] == [
            ("canceled", "concluded_absent"),
            ("partially_filled", None),
        ]
        assert (await reconciled(harness)).appended == 0

    played("hyperliquid", story)


@with_positions
@pytest.mark.parametrize("left_over", [0, 4])
def test_what_was_held_before_the_first_run_s_window_and_was_closed_since_leaves_no_position(
    name: str, left_over: int
) -> None:
    """Behaviour 18: no phantom positions."""

    async def story(harness: VenueHarness) -> None:
        one = harness.under_test.instruments[0]
        harness.exchange.fill(harness.place())
        if name == "tradier":
            harness.server.end_session()  # type: ignore[attr-defined]
        harness.clock.set(harness.clock.now() + timedelta(days=40))
        harness.exchange.fill(harness.place(side="sell", quantity=(10 - left_over) * one.lot))
        found = await reconciled(harness)
        assert [one.kind.value for one in found.breaks if "position" in one.kind.value] == [
            "opening_position"
        ]
        assert [name for name in open_breaks(found) if "position" in name] == []
        (row,) = [row for row in harness.ledger.positions() if row["instrument"] == one.name]
        assert (row["position_quantity"], row["realized_pnl"]) == (left_over * one.lot, 0)
        assert (await reconciled(harness)).appended == 0

    played(name, story)
