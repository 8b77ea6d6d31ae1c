"""A receiver of alerts on loopback: an HTTP server that keeps what it gets, and fails when it is
told to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """`failing`: answers so many requests with 503 before it takes one. `taken`: what it answered
    with 200."""

    def __init__(self) -> None:
        self.url = ""
        self.failing = 0
        self.taken: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.attempts = 0
        self.answer = "busy"

    def events(self) -> list[tuple[str, str]]:
        return [(one["rule"], one["event"]) for one in self.taken]

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        self.attempts += 1
        if self.failing:
            self.failing -= 1
            return 503
        self.taken.append(json.loads(body))
        self.headers.append(headers)
        return 200


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.take(body, dict(self.headers)))
            self.end_headers()
            self.wfile.write(receiver.answer.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
