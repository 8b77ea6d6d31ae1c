"""POST requests with limits on the time and the size of the answer. httpx limits only the time of
each read, so an answer of a byte a second could last for ever."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from orderledger.venues.base.tls import trusted_certificates

SHOWN_BYTES = 4_096
"""Bytes of a refusal that are read."""

CONNECTED = (".connect_tcp.complete", ".start_tls.complete")
"""Ends of the names of httpx's events that have a connection."""


def post(url: str, content: bytes, headers: dict[str, str], seconds: float) -> str | None:
    """Returns None if the server accepted the content, otherwise its refusal. Raises httpx's
    errors, also for an answer that takes longer than `seconds` in all."""
    headers = {**headers, "Accept-Encoding": "identity"}  # a few compressed bytes may be gigabytes
    with (
        httpx.Client(timeout=seconds, verify=trusted_certificates()) as client,
        _cut_after(seconds) as note,
        client.stream(
            "POST", url, content=content, headers=headers, extensions={"trace": note}
        ) as answer,
    ):
        if answer.is_success:
            return None
        return f"HTTP {answer.status_code}: {_start_of(answer)}"


def _start_of(answer: httpx.Response) -> str:
    """The first bytes of the body, as far as they arrive in time."""
    found = b""
    with suppress(httpx.HTTPError):
        for piece in answer.iter_raw():
            found += piece
            if len(found) >= SHOWN_BYTES:
                break
    return found[:SHOWN_BYTES].decode(answer.charset_encoding or "utf-8", "replace")


@contextmanager
def _cut_after(seconds: float) -> Iterator[Any]:
    """Cut the connection after this time. Yields the function that httpx calls with its events."""
    sockets: list[socket.socket] = []
    end = time.monotonic() + seconds

    def note(event: str, found: dict[str, Any]) -> None:
        if event.endswith(CONNECTED):
            sockets.append(found["return_value"].get_extra_info("socket"))
        elif time.monotonic() > end:
            cut()

    def cut() -> None:
        for one in sockets:
            with suppress(OSError):  # it is closed already, or TLS has taken it over
                socket.socket.shutdown(one, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield note
    except httpx.HTTPError as error:
        if time.monotonic() < end:
            raise
        raise httpx.ReadTimeout(f"no whole answer within {seconds:g} s") from error
    finally:
        timer.cancel()
