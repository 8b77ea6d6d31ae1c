"""Processes beside the service: a raw Starlette that hands out the same bytes, and clients of
either.

python service_peers.py starlette PATH=FILE...      serves each file's bytes under its path
python service_peers.py get URL CONNECTIONS SECONDS
python service_peers.py post URL CONNECTIONS SECONDS
python service_peers.py stream URL READERS SECONDS
"""

import asyncio
import json
import sys
import time
from typing import Any
from urllib.parse import urlsplit


def starlette(*served: str) -> None:
    """As a user would write it: a route for each path, and an answer of bytes."""
    import socket

    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    def route(path: str, body: bytes) -> Route:
        async def answer(request: Request) -> Response:
            return Response(body, media_type="application/json")

        return Route(path, answer)

    routes = []
    for one in served:
        path, _, file = one.partition("=")
        with open(file, "rb") as given:
            routes.append(route(path, given.read()))
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(Starlette(routes=routes), log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


class Connection:
    """One keep-alive connection that sends a request when the answer to the one before is there."""

    def __init__(self, host: str, port: int) -> None:
        self._place = host, port

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(*self._place, limit=8 << 20)

    async def ask(self, request: bytes) -> bytes:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return await self._reader.readexactly(length)


async def _ask(url: str, connections: int, seconds: float, requests: Any) -> None:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    opened = [Connection(parts.hostname or "", parts.port or 0) for _ in range(connections)]
    await asyncio.gather(*(one.open() for one in opened))
    done = 0
    until = time.monotonic() + seconds

    async def go_on(index: int, connection: Connection) -> None:
        nonlocal done
        number = 0
        while time.monotonic() < until:
            await connection.ask(requests(path, parts.netloc, index, number))
            number += 1
            done += 1

    began = time.monotonic()
    await asyncio.gather(*(go_on(index, one) for index, one in enumerate(opened)))
    print(json.dumps({"done": done, "seconds": time.monotonic() - began}))


def get_request(path: str, host: str, index: int, number: int) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def post_request(path: str, host: str, index: int, number: int) -> bytes:
    body = json.dumps(request_document(f"{index}-{number}")).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: "
        f"application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def request_document(name: str) -> dict[str, str]:
    """A request for an order, as a strategy sends it."""
    terms = {
        "instrument": "BTC-USD",
        "side": "buy",
        "quantity": "0.5",
        "order_type": "limit",
        "limit_price": "64000",
    }
    return {"type": "request", "account": "sim:main", "client_order_id": f"N-{name}", **terms}


async def stream(url: str, readers: int, seconds: float) -> None:
    """Each reader checks that no position is missing or repeated."""
    parts = urlsplit(url)
    until = time.monotonic() + seconds
    lasts = [0] * readers
    counts = [0] * readers
    faults = 0

    async def read(index: int) -> None:
        nonlocal faults
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=8 << 20)
        writer.write(
            f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
        )
        rest = b""
        while time.monotonic() < until:
            try:
                async with asyncio.timeout(1):
                    piece = await reader.read(1 << 18)
            except TimeoutError:
                continue
            if not piece:
                faults += 1
                return
            rest += piece
            found, rest = rest[: rest.rfind(b"\n") + 1], rest[rest.rfind(b"\n") + 1 :]
            for start in found.split(b"id: ")[1:]:
                digits = start.split(b"\n", 1)[0].strip()
                if not digits.isdigit():
                    continue
                position = int(digits)
                faults += bool(lasts[index]) and position != lasts[index] + 1
                lasts[index] = position
                counts[index] += 1
        writer.close()

    await asyncio.gather(*map(read, range(readers)))
    print(
        json.dumps(
            {
                "counts": [min(counts), max(counts)],
                "lasts": [min(lasts), max(lasts)],
                "faults": faults,
            }
        )
    )


if __name__ == "__main__":
    what, *given = sys.argv[1:]
    if what == "starlette":
        starlette(*given)
    elif what == "stream":
        asyncio.run(stream(given[0], int(given[1]), float(given[2])))
    else:
        requests = {"get": get_request, "post": post_request}[what]
        asyncio.run(_ask(given[0], int(given[1]), float(given[2]), requests))
