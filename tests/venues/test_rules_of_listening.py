"""What the protocol `Venue` asks of those who listen, tried with each adapter against its fake: a new one needs its `Kind`."""

import asyncio
from contextlib import aclosing

import pytest

from orderledger.infrastructure.venues.base.venue import Down, Heard, Up
from tests.seeds import few
from tests.venues.company import ODD, POLLED, Company, every_venue, played, spoiled
from tests.worlds.plan import VENUES

CONNECTIONS = 8
DEPTHS = range(800, 1000)
"""Of nesting. Around the deepest that Python reads is what it can read and cannot write."""


@every_venue
def test_an_account_is_up_once_it_can_be_heard_and_down_from_when_it_could_not(name: str) -> None:
    async def story(company: Company) -> None:
        async with company.listening():
            await company.until(lambda: company.ups_and_downs)
            order = company.place()
            await company.until(lambda: company.ledger.orders(open_only=True))
            company.truth.fill(order)
            await company.until(lambda: company.ledger.orders(status="filled"))
            assert company.venue.fault_of(company.account) is None
            await company.server.stop()
            await company.until(lambda: isinstance(company.ups_and_downs[-1], Down))
            before, changes = company.clock.now(), len(company.ups_and_downs)
            await company.until(lambda: company.venue.fault_of(company.account))
            await company.server.start()
            await company.until(lambda: len(company.ups_and_downs) > changes)
        # A machine with much else to do may have cut the line before: the last of it counts.
        up, down, again = company.ups_and_downs[changes - 2 : changes + 1]
        assert isinstance(company.told[0], Up) and isinstance(up, Up) and isinstance(down, Down) and isinstance(again, Up)
        assert up.at <= down.at <= before < again.at

    played(name, story)


@every_venue
def test_an_account_is_up_before_it_is_first_heard_of(name: str) -> None:
    async def story(company: Company) -> None:
        company.faults.change(reorder=0.5, repeat=0.2, delay=0.2)
        async with company.listening():
            while not company.told:
                company.happen(1)
                await asyncio.sleep(0.001)
        assert isinstance(company.told[0], Up)

    for _ in range(CONNECTIONS):
        played(name, story)


@every_venue
@pytest.mark.parametrize("before", few(3, 6))
def test_an_account_comes_up_whatever_was_lost_of_the_beginning(name: str, before: int) -> None:
    async def story(company: Company) -> None:
        company.faults.plan_frames(*[None] * before, "malformed")
        async with company.listening():
            await company.until(lambda: company.ups_and_downs)

    played(name, story)


@pytest.mark.parametrize("name", [name for name in VENUES if name not in POLLED])
def test_an_account_whose_subscriptions_nobody_confirmed_is_not_up(name: str) -> None:
    async def story(company: Company) -> None:
        company.faults.change(malformed=1.0)
        company.faults.plan_answers(*[None] * 100)
        async with company.listening():
            await company.until(lambda: company.faults.done["malformed"] > 5)
        assert not any(isinstance(told, (Up, Heard)) for told in company.told)

    played(name, story)


@every_venue
def test_what_cannot_be_read_of_what_is_heard_is_told(name: str) -> None:
    async def story(company: Company) -> None:
        async with company.listening():
            await company.until(lambda: company.ups_and_downs)
            company.server.rewritten = spoiled
            company.place(quantity=ODD)
            await company.until(lambda: company.garbled)
            known = len(company.garbled)
            company.faults.plan_frames("malformed", "malformed", "malformed")
            company.happen(3)
            await company.until(lambda: len(company.garbled) > known)
        assert {account for told in company.garbled for account in told.accounts} == {company.account}

    played(name, story)


@every_venue
def test_a_frame_that_is_nested_as_deeply_as_can_be_read_is_told_and_is_no_end(name: str) -> None:
    async def story(company: Company) -> None:
        async with company.listening():
            await company.until(lambda: company.ups_and_downs)
            for depth in DEPTHS:
                company.server.push(company.server.sockets[0], '{"a":' * depth + "1" + "}" * depth)
            await company.until(lambda: len(company.garbled) == len(DEPTHS))

    played(name, story)


@every_venue
def test_the_listening_ends_by_itself_with_what_had_come(name: str) -> None:
    async def story(company: Company) -> None:
        async with company.listening() as work:
            await company.until(lambda: company.ups_and_downs)
            company.place()
            await company.until(lambda: company.ledger.orders())
            await company.venue.hang_up()
            await asyncio.wait_for(work, 5.0)

    played(name, story)


@every_venue
@pytest.mark.parametrize("cut_at", range(1, 4))
def test_who_listens_again_hears_that_the_account_is_up_and_then_of_it(name: str, cut_at: int) -> None:
    async def story(company: Company) -> None:
        company.place()
        async with aclosing(company.venue.listen()) as told:  # type: ignore[type-var]
            for _ in range(cut_at):
                company.place()
                await anext(told)
        async with company.listening():
            await company.until(lambda: company.ups_and_downs)
            order = company.place()
            await company.until(lambda: str(order.order_id) in {row["venue_order_id"] for row in company.ledger.orders()})
        assert [type(told) for told in company.ups_and_downs] == [Up]

    played(name, story)
