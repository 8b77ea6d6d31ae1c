"""Requests that follow each other, and whether one of them can have left."""

import asyncio
from typing import Any

import pytest

from orderledger.gateway.answers import answered
from orderledger.venues.base.transport import Turn, taking
from orderledger.venues.base.transport.turns import OneByOne, leaves, prepares
from orderledger.venues.errors import NotSent, Unanswered


async def sent(order: OneByOne, name: str, done: list[str], seconds: float = 0.05) -> str:
    async with order.next():
        done.append(name)
        await asyncio.sleep(seconds)
    return name


def test_cancels_go_before_the_requests_that_wait() -> None:
    async def story() -> list[str]:
        order, done = OneByOne(), list[str]()

        async def one(name: str, is_first: bool) -> None:
            with taking(Turn(is_first=is_first)):
                await sent(order, name, done)

        requests = [asyncio.ensure_future(one(name, False)) for name in ("A", "B", "C")]
        await asyncio.sleep(0.01)
        requests.append(asyncio.ensure_future(one("cancel", True)))
        await asyncio.gather(*requests)
        return done

    assert asyncio.run(story()) == ["A", "cancel", "B", "C"]


@pytest.mark.parametrize("ending", ["withdrawn", "forbidden", "canceled"])
def test_a_request_that_ends_while_it_waits_delays_no_other(ending: str) -> None:
    async def story() -> list[str]:
        order, done, turn = OneByOne(), list[str](), Turn()

        def forbid() -> None:
            raise NotSent("halted", "")

        async def waiting() -> None:
            with taking(turn):
                await sent(order, "B", done)

        first = asyncio.ensure_future(sent(order, "A", done))
        await asyncio.sleep(0.01)
        second = asyncio.ensure_future(waiting())
        third = asyncio.ensure_future(sent(order, "C", done))
        await asyncio.sleep(0.01)
        assert turn.is_waiting
        if ending == "withdrawn":
            turn.withdraw()
        elif ending == "canceled":
            second.cancel()
        else:
            turn.check = forbid
        await asyncio.gather(first, second, third, return_exceptions=True)
        return done

    assert asyncio.run(story()) == ["A", "C"]


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ([], Unanswered),
        ([prepares], NotSent),
        ([prepares, leaves], Unanswered),
        ([prepares, leaves, prepares], Unanswered),
    ],
)
@pytest.mark.parametrize("is_canceled", [False, True])
def test_only_a_request_of_which_nothing_has_left_is_called_not_sent(
    steps: Any, kind: type[Exception], is_canceled: bool
) -> None:
    async def story() -> object:
        async def sending() -> None:
            for step in steps:
                step()
            await asyncio.sleep(60)

        task = asyncio.ensure_future(answered(sending(), 60 if is_canceled else 0.01, Turn()))
        await asyncio.sleep(0.01)
        if is_canceled:
            task.cancel()
        return await task

    assert type(asyncio.run(story())) is kind
