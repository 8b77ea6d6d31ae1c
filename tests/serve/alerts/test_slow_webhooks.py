"""A webhook that answers without end is given up in time, and little of its answer is kept."""

import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from orderledger.serve.alerts.posting import SHOWN_BYTES, post

Answer = Callable[[socket.socket, threading.Event], None]
SECONDS = 0.5


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server on loopback that reads a request and then answers like this."""
    stopping = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            answer(connection, stopping)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        finally:
            stopping.set()
            thread.join()


def drip(connection: socket.socket, stopping: threading.Event) -> None:
    while not stopping.wait(0.02):
        connection.sendall(b"x")


def slow_headers(connection: socket.socket, stopping: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drip(connection, stopping)


def slow_refusal(connection: socket.socket, stopping: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 500 Fault\r\n\r\n")
    drip(connection, stopping)


def endless_refusal(connection: socket.socket, stopping: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 500 Fault\r\n\r\n")
    while not stopping.is_set():
        connection.sendall(b"x" * 1_000_000)


def slow_success(connection: socket.socket, stopping: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    drip(connection, stopping)


def test_headers_that_never_end_are_given_up_in_time() -> None:
    with answering(slow_headers) as url:
        begun = time.monotonic()
        with pytest.raises(httpx.ReadTimeout, match="no whole answer within 0.5 s"):
            post(url, b"{}", {}, SECONDS)
        assert time.monotonic() - begun < SECONDS + 3


def test_a_refusal_that_never_ends_is_reported_in_time() -> None:
    with answering(slow_refusal) as url:
        begun = time.monotonic()
        refusal = post(url, b"{}", {}, SECONDS)
        assert time.monotonic() - begun < SECONDS + 3
    assert refusal is not None
    assert refusal.startswith("HTTP 500: xx")


def test_only_the_start_of_a_large_refusal_is_read() -> None:
    with answering(endless_refusal) as url:
        tracemalloc.start()
        refusal = post(url, b"{}", {}, 20)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert refusal == "HTTP 500: " + "x" * SHOWN_BYTES
    assert peak < 20_000_000


def test_the_body_of_a_success_is_not_awaited() -> None:
    with answering(slow_success) as url:
        begun = time.monotonic()
        assert post(url, b"{}", {}, 20) is None
        assert time.monotonic() - begun < 5
