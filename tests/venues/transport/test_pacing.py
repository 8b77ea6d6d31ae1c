"""The turns of requests: within the limits, cancels first, never against the venue's pause."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from orderledger.venues.base.transport import Pacing, RateLimiter, Turn, pacing_of, taking
from orderledger.venues.base.transport.pacing import ONE_WINDOW, Counter, paced_by
from orderledger.venues.errors import NotSent, VenueUnavailable

Result = TypeVar("Result")
ONE = {ONE_WINDOW: 1}


def run(story: Callable[[], Awaitable[Result]]) -> Result:
    async def within() -> Result:
        async with asyncio.timeout(20):
            return await story()

    return asyncio.run(within())


def one_window(most: int, seconds: float) -> Pacing:
    return Pacing({ONE_WINDOW: RateLimiter(most, seconds)})


def test_requests_wait_for_the_window_and_no_longer() -> None:
    async def story() -> list[float]:
        pacing, began = one_window(2, 0.2), time.monotonic()

        async def request() -> float:
            await pacing.turn(ONE)
            return time.monotonic() - began

        return await asyncio.gather(*(request() for _ in range(5)))

    left_at = sorted(run(story))  # of two that fit at once, the second may wake up first
    assert [round(one / 0.2) for one in left_at] == [0, 0, 1, 1, 2]
    assert left_at[4] < 0.55


def test_a_cancel_overtakes_every_order_that_waits() -> None:
    async def story() -> list[str]:
        pacing, left = one_window(1, 0.05), list[str]()

        async def request(name: str, turn: Turn) -> None:
            with taking(turn):
                await pacing.turn(ONE)
            left.append(name)

        orders = [asyncio.create_task(request(f"order {one}", Turn())) for one in range(4)]
        await asyncio.sleep(0.01)
        cancel = asyncio.create_task(request("cancel", Turn(is_first=True)))
        await asyncio.gather(*orders, cancel)
        return left

    assert run(story) == ["order 0", "cancel", "order 1", "order 2", "order 3"]


def test_an_order_overtakes_every_query_that_waits() -> None:
    async def story() -> list[str]:
        pacing, left = one_window(1, 0.05), list[str]()

        async def request(name: str, turn: Turn | None) -> None:
            with taking(turn):
                await pacing.turn(ONE)
            left.append(name)

        queries = [asyncio.create_task(request(f"query {one}", None)) for one in range(3)]
        await asyncio.sleep(0.01)
        order = asyncio.create_task(request("order", Turn()))
        await asyncio.gather(*queries, order)
        return left

    assert run(story) == ["query 0", "order", "query 1", "query 2"]


def test_a_query_waits_for_no_order_that_comes_much_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bot that sends at the venue's rate must hear of its fills."""
    monkeypatch.setattr("orderledger.venues.base.transport.pacing.YIELD_SECONDS", 0.1)

    async def story() -> tuple[float, list[float]]:
        pacing, left = one_window(1, 0.02), list[float]()

        async def request(turn: Turn | None) -> float:
            came_at = time.monotonic()
            with taking(turn):
                await pacing.turn(ONE)
            left.append(came_at)
            return came_at

        orders = [asyncio.create_task(request(Turn()))]
        await asyncio.sleep(0.01)
        query = asyncio.create_task(request(None))
        while not query.done():
            await asyncio.sleep(0.01)
            orders.append(asyncio.create_task(request(Turn())))
        before = left[: left.index(query.result())]
        for one in orders:
            one.cancel()
        await asyncio.gather(*orders, return_exceptions=True)
        return query.result(), before

    came_at, before = run(story)
    assert all(one < came_at + 0.15 for one in before)


def test_an_order_without_patience_is_not_sent_and_does_not_count() -> None:
    async def story() -> tuple[str, int]:
        pacing = one_window(1, 5.0)
        await pacing.turn(ONE)
        with pytest.raises(NotSent) as caught, taking(Turn(seconds=0.5)):
            await pacing.turn(ONE)
        return caught.value.reason, pacing.limits[ONE_WINDOW].used

    assert run(story) == ("rate_limited", 1)


def test_a_withdrawn_order_gives_its_place_to_the_next() -> None:
    async def story() -> tuple[str, bool]:
        pacing, turn = one_window(1, 0.3), Turn()
        await pacing.turn(ONE)

        async def order() -> None:
            with taking(turn):
                await pacing.turn(ONE)

        waiting = asyncio.create_task(order())
        await asyncio.sleep(0.01)
        assert turn.is_waiting
        turn.withdraw()
        with pytest.raises(NotSent) as caught:
            await waiting
        await pacing.turn(ONE)
        return caught.value.reason, turn.is_waiting

    assert run(story)[0] == "withdrawn"


def test_a_pause_holds_everything_back_and_a_long_one_fails_queries() -> None:
    async def story() -> float:
        pacing, began = one_window(10, 1.0), time.monotonic()
        pacing.turned_away(429, 0.2)
        await pacing.turn(ONE)
        passed = time.monotonic() - began
        pacing.turned_away(418, None)
        assert 119 < pacing.held_seconds <= 120, "the shortest ban, if the answer names no end"
        with pytest.raises(VenueUnavailable, match="banned this address"):
            await pacing.turn(ONE)
        return passed

    assert 0.2 <= run(story) < 0.5


def test_refusals_without_a_time_double_the_pause_until_an_answer() -> None:
    pacing = one_window(1, 1.0)
    pauses = []
    for _ in range(3):
        pacing.turned_away(429, None)
        pauses.append(round(pacing.held_seconds))
    pacing.accepted()
    pacing.hold(0, "")
    assert pauses == [1, 2, 4]


def test_the_venue_s_own_count_is_taken_if_it_is_higher() -> None:
    pacing = one_window(10, 60.0)
    pacing.note_used(ONE_WINDOW, 7)
    pacing.note_used(ONE_WINDOW, 3)
    pacing.note_used("unknown", 3)
    assert pacing.limits[ONE_WINDOW].used == 7


def test_one_key_has_one_pacing_while_somebody_uses_it() -> None:
    first = pacing_of("venue", "http://host/", "key", {"a": RateLimiter(1)})
    assert pacing_of("venue", "http://host", "key", {"b": RateLimiter(1)}) is first
    assert sorted(first.limits) == ["a", "b"]
    assert pacing_of("venue", "http://host", "other", {}) is not first
    del first
    gc.collect()
    assert pacing_of("venue", "http://host", "key", {}).limits == {}


def test_a_counter_falls_with_time() -> None:
    now = [0.0]
    counter = Counter(4, 2.0, now=lambda: now[0])
    counter.charge(3)
    assert (counter.seconds_until(1), counter.seconds_until(3)) == (0.0, 1.0)
    now[0] = 1.0
    assert (counter.used, counter.seconds_until(3), counter.seconds_until(6)) == (1, 0.0, 1.5)
    with pytest.raises(ValueError, match="not a limit"):
        Counter(0, 1.0)


def test_a_weight_above_the_window_fits_into_several() -> None:
    now = [0.0]
    window = RateLimiter(10, 1.0, now=lambda: now[0])
    one, two = 1.05, 2.1  # a window and its margin
    assert [window.seconds_until(weight) for weight in (10, 11, 20, 21)] == [0.0, one, one, two]
    window.charge(4)
    assert [window.seconds_until(weight) for weight in (6, 7, 16, 17)] == [0.0, one, one, two]


@pytest.mark.parametrize(("seconds", "margin"), [(1.0, 0.05), (10.0, 0.5), (60.0, 1.0)])
def test_a_window_has_a_margin_for_the_way_to_the_venue(seconds: float, margin: float) -> None:
    now = [0.0]
    window = RateLimiter(1, seconds, now=lambda: now[0])
    window.charge(1)
    assert window.seconds_until(1) == pytest.approx(seconds + margin)


def test_a_request_counts_until_its_answer_and_from_its_answer_on() -> None:
    """The venue may count it at any time before it answers."""

    async def story() -> list[float]:
        pacing, began, left = one_window(1, 0.2), time.monotonic(), list[float]()

        async def request(answered_after: float) -> None:
            with taking(Turn()):
                await pacing.turn(ONE)
                left.append(time.monotonic() - began)
                await asyncio.sleep(answered_after)

        await asyncio.gather(request(0.5), request(0.0))
        return left

    first, second = run(story)
    assert first < 0.1
    assert second >= 0.7


def test_a_second_request_of_one_turn_does_not_wait_for_the_end_of_the_turn() -> None:
    async def story() -> float:
        pacing, began = one_window(1, 0.1), time.monotonic()
        with taking(Turn()):
            await pacing.turn(ONE)
            await pacing.turn(ONE)
        return time.monotonic() - began

    assert 0.1 <= run(story) < 1.0


@pytest.mark.parametrize(("rate", "most", "seconds"), [(10.0, 10, 1.0), (0.5, 1, 2.0)])
def test_a_rate_below_one_a_second_has_a_longer_window(
    rate: float, most: int, seconds: float
) -> None:
    limit = paced_by(rate).limits[ONE_WINDOW]
    assert isinstance(limit, RateLimiter)
    assert (limit.weight, limit.per_seconds) == (most, seconds)


def test_a_request_that_is_heavier_than_the_limit_goes_when_nothing_else_counts() -> None:
    """OKX's queries of instruments cost 10 in ccxt, whose limiter holds 1."""

    async def story() -> list[float]:
        pacing = Pacing({ONE_WINDOW: Counter(1, 100.0)})
        began = time.monotonic()

        async def request(weight: int) -> float:
            await pacing.turn({ONE_WINDOW: weight})
            return time.monotonic() - began

        return await asyncio.gather(*(request(weight) for weight in (10, 1, 10)))

    first, second, third = run(story)
    assert first < 0.05 <= second <= third


def test_a_request_that_is_heavier_than_a_window_goes_into_an_empty_one() -> None:
    async def story() -> None:
        pacing = one_window(2, 0.05)
        await pacing.turn(ONE)
        await pacing.turn({ONE_WINDOW: 5})
        await pacing.turn(ONE)

    run(story)
