"""Pauses that grow, and budgets that slide."""

import asyncio
import random
import subprocess
import sys

import pytest

from orderledger.venues.base.transport import Backoff, RateLimiter


class StandingClock:
    """Moves only when somebody sleeps, and writes down for how long."""

    def __init__(self) -> None:
        self.moment = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += seconds
        await asyncio.sleep(0)


def test_pauses_double_up_to_a_bound_and_chance_takes_up_to_half() -> None:
    backoff = Backoff(random.Random(7), first=1.0, most=8.0)

    pauses = [backoff.next() for _ in range(6)]

    draws = random.Random(7)
    assert pauses == [bound * draws.uniform(0.5, 1.0) for bound in (1.0, 2.0, 4.0, 8.0, 8.0, 8.0)]


def test_a_reset_begins_again_with_the_first_pause() -> None:
    backoff = Backoff(random.Random(1), first=1.0, most=100.0, factor=10.0)
    assert [backoff.next() > 1.0 for _ in range(3)] == [False, True, True]

    backoff.reset()

    assert backoff.next() <= 1.0


def test_pauses_that_do_not_grow_are_refused() -> None:
    for first, most, factor in ((0.0, 1.0, 2.0), (2.0, 1.0, 2.0), (1.0, 2.0, 0.5)):
        with pytest.raises(ValueError, match="waits must grow"):
            Backoff(random.Random(0), first=first, most=most, factor=factor)


def test_a_budget_lets_pass_what_fits_and_holds_back_the_rest_until_the_window_has_slid() -> None:
    async def run() -> None:
        clock = StandingClock()
        rate_limiter = RateLimiter(10, 60.0, now=clock.now, sleep=clock.sleep)
        await rate_limiter.spend(6)
        clock.moment += 20
        await rate_limiter.spend(4)
        assert (clock.slept, rate_limiter.used, rate_limiter.free) == ([], 10, 0)

        await rate_limiter.spend(5)

        # The six leave the window and its margin 61 seconds after they were spent, of which 20 had
        # passed; the four stay in it.
        assert (clock.slept, rate_limiter.used, rate_limiter.free) == ([41.0], 9, 1)

    asyncio.run(run())


def test_no_window_ever_holds_more_than_the_budget() -> None:
    async def run() -> list[tuple[float, int]]:
        clock, chance = StandingClock(), random.Random(3)
        rate_limiter = RateLimiter(20, 60.0, now=clock.now, sleep=clock.sleep)
        spent = []
        for _ in range(300):
            weight = chance.randint(1, 20)
            await rate_limiter.spend(weight)
            spent.append((clock.moment, weight))
            clock.moment += chance.random() * 5
        return spent

    spent = asyncio.run(run())

    for moment, _ in spent:
        assert sum(weight for at, weight in spent if moment - 60.0 < at <= moment) <= 20


def test_a_light_request_does_not_overtake_a_heavy_one_that_came_before_it() -> None:
    async def run() -> list[str]:
        clock, order = StandingClock(), []
        rate_limiter = RateLimiter(10, 60.0, now=clock.now, sleep=clock.sleep)
        await rate_limiter.spend(5)

        async def ask(name: str, weight: int) -> None:
            await rate_limiter.spend(weight)
            order.append(name)

        await asyncio.gather(ask("heavy", 10), ask("light", 1), ask("lighter", 1))
        return order

    assert asyncio.run(run()) == ["heavy", "light", "lighter"]


def test_one_who_gives_up_waiting_does_not_hold_up_the_others() -> None:
    async def run() -> None:
        rate_limiter = RateLimiter(1, 3600.0)
        await rate_limiter.spend()
        waiting = asyncio.create_task(rate_limiter.spend())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

        await rate_limiter.spend(0)

        assert rate_limiter.used == 1

    asyncio.run(run())


def test_what_is_known_from_the_answer_only_is_charged_afterwards_and_waited_for_later() -> None:
    async def run() -> None:
        clock = StandingClock()
        rate_limiter = RateLimiter(10, 60.0, now=clock.now, sleep=clock.sleep)
        await rate_limiter.spend(8)
        rate_limiter.charge(7)
        assert (rate_limiter.used, rate_limiter.free) == (15, 0)

        await rate_limiter.spend(1)

        assert (clock.slept, rate_limiter.used) == ([61.0], 1)

    asyncio.run(run())


def test_a_request_that_is_heavier_than_the_whole_budget_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="a weight of 11 exceeds the limit of 10"):
        asyncio.run(RateLimiter(10).spend(11))


@pytest.mark.parametrize(
    ("imported", "absent"),
    [
        ("orderledger", ("httpx", "websockets", "aiohttp")),
        ("orderledger.ledger, orderledger.cli.main", ("httpx", "websockets", "aiohttp", "asyncio")),
        ("orderledger.venues.base.transport", ("aiohttp",)),
        ("orderledger.simulation.servers", ("httpx", "websockets", "aiohttp")),
    ],
)
def test_nobody_pays_for_the_network_who_does_not_use_it(
    imported: str, absent: tuple[str, ...]
) -> None:
    program = f"import sys, {imported}; print([name for name in {absent!r} if name in sys.modules])"

    assert (
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout
        == "[]\n"
    )
