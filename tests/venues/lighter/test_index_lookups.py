"""Orders in doubt are queried together, and orders do not wait for queries."""

import asyncio
from typing import Any

import pytest

from orderledger.venues.base.transport import Pacing, Turn, taking
from orderledger.venues.errors import VenueUnavailable
from orderledger.venues.lighter.adapter import _allowance
from orderledger.venues.lighter.index_lookups import MOST_INDEXES, IndexLookups
from orderledger.venues.lighter.rest import BUILDER, PREMIUM, STANDARD, Allowance
from orderledger.venues.lighter.tokens import LighterAccount
from tests.venues.lighter.rows import ACCOUNT, INDEX
from tests.venues.lighter.world import World


class Queries:
    """Answers with the indexes of each query, or fails."""

    def __init__(self, fails: int = 0) -> None:
        self.asked: list[list[str]] = []
        self._left = fails

    async def get(self, call: str, params: dict[str, Any], account: LighterAccount) -> Any:
        assert (call, params["account_index"]) == ("accountOrders", account.account_index)
        asked = params["client_order_indexes"].split(",")
        self.asked.append(asked)
        await asyncio.sleep(0)
        if self._left:
            self._left -= 1
            raise VenueUnavailable("no answer")
        return {"orders": asked}


def lookups(queries: Queries) -> IndexLookups:
    account = LighterAccount(account_index=INDEX, token=lambda: "")
    return IndexLookups(queries, {ACCOUNT: account})  # type: ignore[arg-type]


def test_queries_of_one_moment_are_joined_by_twenty() -> None:
    async def story() -> list[int]:
        queries = Queries()
        asking = lookups(queries)
        names = [str(one) for one in [*range(45), 3]]
        answers = await asyncio.gather(*(asking.answer(ACCOUNT, name) for name in names))
        assert all(name in answer["orders"] for name, answer in zip(names, answers, strict=True))
        assert await asking.answer(ACCOUNT, "1") == {"orders": ["1"]}
        return [len(asked) for asked in queries.asked]

    assert asyncio.run(story()) == [MOST_INDEXES, MOST_INDEXES, 6, 1]


def test_a_query_that_fails_fails_for_all_that_joined_it_and_not_for_later_ones() -> None:
    async def story() -> None:
        asking = lookups(Queries(fails=1))
        failed = await asyncio.gather(
            *(asking.answer(ACCOUNT, name) for name in "123"), return_exceptions=True
        )
        assert [type(one) for one in failed] == [VenueUnavailable] * 3
        assert await asking.answer(ACCOUNT, "1") == {"orders": ["1"]}

    asyncio.run(story())


def test_a_caller_that_gives_up_does_not_end_the_query_of_the_others() -> None:
    async def story() -> None:
        asking = lookups(Queries())
        first = asyncio.ensure_future(asking.answer(ACCOUNT, "1"))
        second = asyncio.ensure_future(asking.answer(ACCOUNT, "2"))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == {"orders": ["1", "2"]}

    asyncio.run(story())


def test_orders_in_doubt_at_one_time_are_one_request_of_the_adapter() -> None:
    async def story() -> None:
        async with World().open(listens=False) as world:
            placed = [
                world.exchange.place(
                    ACCOUNT,
                    client_id=str(9000 + one),
                    instrument="ETH",
                    side="buy",
                    quantity="0.5",
                    limit_price="2500",
                )
                for one in range(12)
            ]
            rows: list[dict[str, Any]] = [
                {
                    "aliases": {"lighter.client_order_index": str(9000 + one)},
                    "venue_order_ids": [],
                    "cum_quantity": 0,
                    "requested_at": None,
                    "acknowledged_at": None,
                }
                for one in range(12)
            ]
            found = await asyncio.gather(*(world.venue.order(ACCOUNT, row) for row in rows))
            ids = [answer[-1].__dict__["venue_order_id"] for answer in found if answer]
            assert ids == [str(order.order_id) for order in placed]
            assert world.fake.requests["accountOrders"] == 1

    asyncio.run(story())


@pytest.mark.parametrize(
    ("allowance", "waits"), [(PREMIUM, False), (BUILDER, False), (STANDARD, True)]
)
def test_transactions_wait_for_queries_only_where_they_share_a_limit(
    allowance: Allowance, waits: bool
) -> None:
    async def story() -> bool:
        pacing = Pacing(allowance.limits)
        await pacing.turn({allowance.of_queries: allowance.per_minute})
        turn = Turn()
        with taking(turn):
            sent = asyncio.ensure_future(pacing.turn(allowance.costs_of_transaction))
            await asyncio.sleep(0.05)
            sent.cancel()
        return turn.is_waiting

    assert asyncio.run(story()) is waits


def test_the_setting_says_which_kind_of_account_it_is() -> None:
    found = [_allowance(one).orders_per_minute for one in (40, 60, 600, 24_000, 240_000)]
    assert found == [None, None, 4000, 4000, 60]
