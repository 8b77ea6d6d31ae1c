"""A fake server on loopback, asked and listened to through the real transport: each of its faults,
seen from the client."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.documents import as_float, as_number, as_text, written
from orderledger.simulation.servers.socket import MOST_WAITING
from orderledger.venues import VenueUnavailable
from tests.simulation.corner import AGAIN, HELLO, Corner, asking, heard, listening, place, served


@pytest.mark.parametrize(
    ("decimal", "text"),
    [
        (
            as_text,
            '{"a":["0.10","10","0.00000001"],"b":null,"c":true,"d":281480000000101,"e":"\\u00e4\\"","7":{}}',
        ),
        (
            as_number,
            '{"a":[0.10,10,0.00000001],"b":null,"c":true,"d":281480000000101,"e":"\\u00e4\\"","7":{}}',
        ),
        (
            as_float,
            '{"a":[0.10,10.0,0.00000001],"b":null,"c":true,"d":281480000000101,"e":"\\u00e4\\"","7":{}}',
        ),
    ],
)
def test_documents_are_written_exactly(decimal: Callable[[Decimal], str], text: str) -> None:
    numbers = (Decimal("0.10"), Decimal("1E+1"), Decimal("1E-8"))

    assert (
        written(
            {"a": numbers, "b": None, "c": True, "d": 281480000000101, "e": 'ä"', 7: {}}, decimal
        )
        == text
    )


def test_a_float_is_not_written_at_all() -> None:
    with pytest.raises(TypeError, match="0.1 has no exact JSON"):
        written({"a": [0.1]})


@pytest.mark.parametrize("fault", ["server_error", "too_many_requests"])
def test_an_answer_that_says_later_did_nothing(fault: str) -> None:
    faults = Faults(1)
    faults.plan_answers(fault, fault)  # type: ignore[arg-type]

    async def use(server: Corner) -> Any:
        return await asking(server).post("/orders", json={"quantity": "1.50"}), len(
            server.exchange.orders("main")
        )

    assert served(use, faults=faults) == ({"id": 1, "quantity": "1.50"}, 1)
    assert faults.done == {fault: 2}


@pytest.mark.parametrize("fault", ["lose_answer", "malformed"])
def test_an_answer_that_is_lost_did_what_was_asked(fault: str) -> None:
    faults = Faults(1)
    faults.plan_answers(fault)  # type: ignore[arg-type]

    async def use(server: Corner) -> Any:
        with pytest.raises(VenueUnavailable):
            await asking(server, attempts=1).post("/orders", json={"quantity": "1"})
        return await asking(server).get("/orders")

    assert served(use, faults=faults) == [1]
    assert faults.done == {fault: 1}


def test_a_stale_answer_is_that_of_the_time_before_to_the_same_question() -> None:
    faults = Faults(1)
    faults.plan_answers(None, None, "stale", None, "delay")

    async def use(server: Corner) -> Any:
        http, answers = asking(server), []
        for _ in range(5):
            answers.append(await http.get("/orders"))
            place(server, 1)()
        return answers

    assert served(use, faults=faults) == [[], [1], [1], [1, 2, 3], [1, 2, 3, 4]]
    assert faults.done == {"stale": 1, "delay": 1}


@pytest.mark.parametrize(
    ("fault", "frames"),
    [
        (None, ['{"id":1}', '{"id":2}', '{"id":3}']),
        ("repeat", ['{"id":1}', '{"id":1}', '{"id":2}', '{"id":3}']),
        ("reorder", ['{"id":2}', '{"id":1}', '{"id":3}']),
        ("delay", ['{"id":1}', '{"id":2}', '{"id":3}']),
        ("malformed", ['{"id', '{"id":2}', '{"id":3}']),
        ("drop", ["closed", *AGAIN]),
    ],
)
def test_a_fault_strikes_one_frame(fault: Any, frames: list[str]) -> None:
    faults = Faults(1)
    faults.plan_frames(None, None, fault)

    async def use(server: Corner) -> list[str]:
        return await heard(listening(server), 3 + len(frames), after={3: place(server, 3)})

    assert served(use, faults=faults) == [*HELLO, *frames]
    assert faults.done == ({fault: 1} if fault else {})


def test_a_frame_that_nothing_overtakes_comes_late_and_is_not_lost() -> None:
    faults = Faults(1)
    faults.plan_frames(None, None, "reorder")

    async def use(server: Corner) -> list[str]:
        return await heard(listening(server), 4, after={3: place(server, 1)})

    assert served(use, faults=faults) == [*HELLO, '{"id":1}']


@pytest.mark.slow
def test_one_seed_spoils_the_same_frames_in_the_same_way() -> None:
    def frames(seed: int) -> list[str]:
        faults = Faults(seed, repeat=0.2, reorder=0.2, malformed=0.1, delay=0.02)
        faults.plan_frames(None, None)  # the two of the greeting

        async def use(server: Corner) -> list[str]:
            return await heard(listening(server), 200, after={3: place(server, 300)})

        told: list[str] = served(use, faults=faults)
        return told

    assert frames(4) == frames(4)
    assert frames(4) != frames(5)


def test_chances_are_met_and_healed() -> None:
    faults = Faults(3, drop=0.1, repeat=0.2, lose_answer=0.3)

    drawn = Counter(faults.of_frame() for _ in range(10_000))
    faults.change(stale=1.0)
    assert (faults.of_frame(), faults.of_answer()) == (None, "stale")
    faults.plan_frames("malformed")
    faults.heal()

    assert set(drawn) == {"drop", "repeat", None}
    assert (900 < drawn["drop"] < 1100, 1900 < drawn["repeat"] < 2100) == (True, True)
    assert {faults.of_frame() for _ in range(1000)} == {None}
    assert faults.done == {"drop": drawn["drop"], "repeat": drawn["repeat"], "stale": 1}


def test_a_planned_fault_takes_the_place_of_one_by_chance() -> None:
    planned, drawn = Faults(3, repeat=0.5), Faults(3, repeat=0.5)
    planned.plan_frames("drop", None)

    assert [planned.of_frame() for _ in range(50)] == [
        "drop",
        None,
        *[drawn.of_frame() for _ in range(50)][2:],
    ]


@pytest.mark.parametrize(
    "chances", [{"drop": 0.6, "repeat": 0.6}, {"stale": -0.1}, {"lose_answer": 1.1}]
)
def test_chances_that_are_none_are_refused(chances: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="are not probabilities"):
        Faults(1, **chances)
    with pytest.raises(ValueError, match="unknown faults: flood"):
        Faults(1).change(flood=1.0)


def test_all_sockets_can_be_cut_and_come_back() -> None:
    async def use(server: Corner) -> list[list[str]]:
        first = asyncio.create_task(heard(listening(server), 7))
        while not (server.sockets and server.sockets[0].sent == 2):
            await asyncio.sleep(0.001)
        second = await heard(listening(server), 7, after={3: server.cut_all})
        return [[text for text in told if "hello" not in text] for told in (await first, second)]

    told = ["opened", '{"heard":"hi"}', "closed", "opened", '{"heard":"hi"}']
    assert served(use) == [told, told]


def test_refused_connections_are_an_outage_for_everyone_but_those_connected() -> None:
    async def use(server: Corner) -> list[str]:
        source = listening(server)
        connected = asyncio.create_task(heard(source, 8, after={4: server.cut_all}))
        while not (server.sockets and server.sockets[0].sent == 2):
            await asyncio.sleep(0.001)
        server.refuse_connections(True)
        with pytest.raises(VenueUnavailable):
            await asking(server, attempts=2).get("/orders")
        place(server, 1)()
        while source.fault is None:
            await asyncio.sleep(0.001)
        server.refuse_connections(False)
        assert await asking(server).get("/orders") == [1]
        return await connected

    assert served(use) == [*HELLO, '{"id":1}', "closed", *AGAIN]


def test_a_stopped_server_is_gone_and_a_started_one_is_the_same_venue() -> None:
    async def use(server: Corner) -> list[str]:
        source, url = listening(server), server.http_url
        connected = asyncio.create_task(heard(source, 8))
        while not (server.sockets and server.sockets[0].sent == 2):
            await asyncio.sleep(0.001)
        place(server, 1)()
        while server.sockets[0].sent < 3:
            await asyncio.sleep(0.001)
        await server.stop()
        with pytest.raises(VenueUnavailable, match="ConnectError"):
            await asking(server, attempts=1).get("/orders")
        await server.start()
        assert (server.http_url, await asking(server).get("/orders")) == (url, [1])
        return await connected

    assert served(use) == [*HELLO, '{"id":1}', "closed", *AGAIN]


def test_no_other_program_gets_the_port_of_a_stopped_server() -> None:
    def take(port: int) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", port))

    async def use(server: Corner) -> int:
        await server.stop()
        with pytest.raises(OSError, match="in use"):
            take(server.port)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port))
        return server.port

    take(served(use))  # of a closed one it does


def test_requests_are_counted_by_name_and_by_the_window_they_came_in() -> None:
    async def use(server: Corner) -> Any:
        http = asking(server)
        for _ in range(3):
            await http.get("/orders")
        await http.post("/orders", json={"quantity": "1"})
        return (
            server.requests,
            server.most_in(60.0),
            server.most_in(60.0, "GET /orders"),
            server.most_in(1e-9),
        )

    assert served(use) == ({"GET /orders": 3, "POST /orders": 1}, 4, 3, 1)


@pytest.mark.slow
def test_a_client_that_reads_nothing_is_cut_off_in_the_end() -> None:
    async def use(server: Corner) -> list[str]:
        def flood() -> None:
            for _ in range(MOST_WAITING + 1):
                server.push(server.sockets[0], "x")

        return await heard(listening(server), 4, after={3: flood})

    assert served(use) == [*HELLO, "closed"]
