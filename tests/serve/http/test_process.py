"""The service as a process: killed and restarted under its readers, stopped, and attacked over real
sockets."""

import contextlib
import resource
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Message
from orderledger.serve.settings import ServerLimits
from orderledger.simulation.servers.ports import held
from tests.serve.http.harness import day, document_of
from tests.serve.http.processes import Server, StreamReader, reading


@pytest.mark.slow
def test_readers_of_a_killed_server_miss_nothing_and_get_nothing_twice(store: Path) -> None:
    messages = list(day(21))
    keeping = held("127.0.0.1")
    server = Server(store, port=keeping.getsockname()[1])
    readers = [StreamReader(server.url), StreamReader(server.url, "account=sim:1")]
    with keeping, reading(*readers):
        for begin in range(0, len(messages), 25):
            record(server, messages[begin : begin + 25])
            server.kill()
            server = Server(store, port=server.port)
        with server:
            position = httpx.get(f"{server.url}/api/me").json()["position"]
            assert position == len(messages)
            readers[0].wait_for(position)
            ours = [event.position for event in logged(store) if event.account == "sim:1"]
            readers[1].wait_for(ours[-1])
            assert readers[0].positions() == list(range(1, position + 1))
            assert readers[1].positions() == ours
            assert readers[0].connections >= 3


class logged:
    """The events of a store."""

    def __init__(self, store: Path) -> None:
        with Ledger.open(store, update_views=False) as ledger:
            self._rows = list(ledger.events())

    def __iter__(self) -> "Iterator[logged.Event]":
        return (self.Event(row["position"], row["account"]) for row in self._rows)

    class Event:
        def __init__(self, position: int, account: str) -> None:
            self.position, self.account = position, account


def record(server: Server, messages: list[Message]) -> None:
    """Record messages over HTTP. Each is durable afterwards."""
    with httpx.Client(base_url=server.url) as client:
        for message in messages:
            answer = client.post("/api/messages", json=document_of(message))
            assert answer.json()["outcome"] == "recorded", answer.text


@pytest.mark.slow
def test_a_stopped_server_says_bye_and_ends_with_status_0(store: Path) -> None:
    with Server(store) as server:
        record(server, list(day(3)))
        reader = StreamReader(server.url)
        with reading(reader):
            reader.wait_for(10)
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < 5
            while ("bye", None) not in [(name, position) for name, position, _ in reader.events]:
                assert time.monotonic() - began < 10
                time.sleep(0.01)


@pytest.mark.slow
def test_orders_of_the_stream_are_those_of_the_list(store: Path) -> None:
    """Another process records; an order that a late id proves to be another is gone."""
    with Server(store) as server, Ledger.open(store, update_views=False) as ledger:
        reader = StreamReader(server.url, "view=orders")
        with reading(reader):
            outcomes = ledger.record_many(day(40))
            reader.wait_for(outcomes[-1].position or 0)
            shown: dict[str, object] = {}
            for name, _, document in list(reader.events):
                if name == "rows":
                    shown.update({row["stream"]: row for row in document["rows"]})
                    for row in document["gone"]:
                        shown.pop(row["stream"], None)
            listed = httpx.get(f"{server.url}/api/orders?limit=5000").json()["rows"]
            assert shown == {row["stream"]: row for row in listed}
            assert len(shown) == 40


@pytest.mark.slow
def test_curl_can_read(store: Path) -> None:
    with Server(store) as server:
        record(server, list(day(2)))
        try:
            done = subprocess.run(
                ["curl", "-sf", f"{server.url}/api/orders?open=true&columns=client_order_id"],
                capture_output=True,
                check=True,
            )
        except FileNotFoundError:
            pytest.skip("curl is not installed")
        assert done.stdout == b'{"rows":[{"client_order_id":"C-1"}],"after":null,"position":7}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("service") / "orders.db") as server:
        record(server, list(day(3)))
        yield server


def answer_to(server: Server, request: bytes, seconds: float = 15.0) -> bytes:
    """What a raw request gets, until the server closes or the time is over."""
    with server.connected() as connection:
        connection.settimeout(seconds)
        pieces = []
        try:
            connection.sendall(request)
            while piece := connection.recv(65536):
                pieces.append(piece)
        except (ConnectionError, TimeoutError):
            pass
        return b"".join(pieces)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /api/orders HTTP/1.1\r\nConnection: close\r\n\r\n", b" 421 "),
        ((b"GET /api/orders HTTP/1.1\r\nHost: localhost\r\nHost: "
         b"localhost\r\nConnection: close\r\n\r\n"), b" 400 "),
        (b"GET /api/orders HTTP/1.0\r\nHost: localhost\r\n\r\n", b" 200 "),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b" 400 "),
        (b"BREW /api/orders HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 400 "),
        ((b"GET /api/orders HTTP/1.1\r\nHost: localhost\r\nUpgrade: "
         b"websocket\r\nConnection: Upgrade\r\n\r\n"), b" 200 "),
        ((b"GET http://evil.example/api/orders HTTP/1.1\r\nHost: "
         b"localhost\r\nConnection: close\r\n\r\n"), b" 200 "),
        ((b"POST /api/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
          b"application/json\r\nContent-Length: 99999999999\r\n"
         b"Connection: close\r\n\r\n"), b" 413 "),
        ((b"POST /api/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
          b"application/json\r\nContent-Length: 1\r\n"
         b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), b" 400 "),
    ],
)  # fmt: skip
def test_an_odd_request_gets_an_answer_and_no_trace(
    request_: bytes, status: bytes, server: Server
) -> None:
    answer = answer_to(server, request_, seconds=1.0)
    assert status in answer.split(b"\r\n")[0]
    assert b"Traceback" not in answer
    assert httpx.get(f"{server.url}/health/live").status_code == 200


@pytest.mark.slow
def test_headers_without_end_are_cut_off(server: Server) -> None:
    answer = answer_to(
        server, b"GET /api/orders HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"y" * 200_000
    )
    assert b" 200 " not in answer
    many = b"".join(b"X-%d: y\r\n" % number for number in range(20_000))
    assert b" 200 " not in answer_to(
        server, b"GET /api/orders HTTP/1.1\r\nHost: localhost\r\n" + many + b"\r\n"
    )


@pytest.mark.slow
def test_slow_and_silent_clients_do_not_stop_others(server: Server) -> None:
    """Connections that send nothing, half a request, or never read their answer."""
    held: list[socket.socket] = []
    for number in range(150):
        connection = server.connected()
        held.append(connection)
        if number % 3 == 1:
            connection.sendall(b"GET /api/orders HTTP/1.1\r\nHost:")
        elif number % 3 == 2:
            connection.sendall(b"GET /api/stream?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    began = time.monotonic()
    document = {
        "type": "mark",
        "account": "sim:0",
        "instrument": "X",
        "price": "1",
        "at": "2026-11-20T09:00:00Z",
    }
    assert httpx.post(f"{server.url}/api/messages", json=document).status_code in (200, 409)
    assert httpx.get(f"{server.url}/api/orders").status_code == 200
    assert time.monotonic() - began < 5
    silent = held[0]
    silent.settimeout(15)
    with contextlib.suppress(ConnectionResetError):
        assert silent.recv(1) == b""
    for connection in held:
        connection.close()


HEADER_WITHOUT_END = b"GET /api/orders HTTP/1.1\r\nHost: localhost\r\nX: "
BODY_WITHOUT_END = (
    b"POST /api/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{"
)


@pytest.mark.slow
@pytest.mark.parametrize("line", [HEADER_WITHOUT_END, BODY_WITHOUT_END])
def test_liveness_is_answered_while_requests_never_end(server: Server, line: bytes) -> None:
    """More connections than the server takes send a byte now and then."""
    allow_files(4_000)
    held: list[socket.socket] = []
    try:
        for _ in range(ServerLimits().connections + 200):
            held.append(server.connected())
            held[-1].sendall(line)
        for number in range(20):
            for connection in held[number::20]:
                with contextlib.suppress(OSError):
                    connection.send(b"y")
            assert httpx.get(f"{server.url}/health/live", timeout=5).status_code == 200
    finally:
        for connection in held:
            connection.close()
    until_answered(f"{server.url}/api/orders")


def allow_files(count: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def until_answered(url: str) -> None:
    deadline = time.monotonic() + 30
    while httpx.get(url).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_does_not_listen_for_others_without_tokens(store: Path) -> None:
    from tests.command_line import run

    ended = run("serve", "--db", store, "--host", "0.0.0.0", "--port", "0")
    assert ended.status == 2
    assert "--tokens" in ended.err
