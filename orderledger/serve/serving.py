"""The service as a process: sockets, signals, and a stop that answers accepted requests."""

import logging
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from orderledger import InvalidSetting, Ledger
from orderledger.extend.runtime import EventLogger
from orderledger.serve.app import make_app
from orderledger.serve.protocol import protocol_of
from orderledger.serve.settings import ServiceSettings

STOPPING_SECONDS = 10
KEEP_ALIVE_SECONDS = 30
ENDING = (signal.SIGTERM, signal.SIGINT)
WAITING_CONNECTIONS = 512
OTHER_FILES = 1_000
"""Open files besides connections that requests use: the store, and connections that are about to be
accepted or ended."""


def serve(ledger: Ledger, settings: ServiceSettings, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. Accepted requests are answered, and readers of the stream get
    a last event.

    `announce` gets the URL once the server listens. Raises InvalidSetting if the address cannot be
    used.
    """
    if not settings.is_loopback and settings.tokens is None:
        raise InvalidSetting(
            "host", f"{settings.host!r} can be reached by others: give a file of tokens (--tokens)"
        )
    _allow_files(settings.limits.connections + OTHER_FILES)
    listening = _listening(settings)
    app = make_app(ledger, settings)
    logging.getLogger("uvicorn.error").setLevel(
        logging.CRITICAL
    )  # it logs errors that are already answered and logged here
    config = uvicorn.Config(
        app,
        http=protocol_of(settings.limits),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOPPING_SECONDS,
        backlog=WAITING_CONNECTIONS,
    )
    port = listening.getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    server = _Server(config, app.state.stop, lambda: announce(f"http://{host}:{port}"))
    server.run(sockets=[listening])
    EventLogger("orderledger.serve").info("stopped")


class _Server(uvicorn.Server):
    """Ends streams and reconciliations before it waits for open connections."""

    def __init__(
        self, config: uvicorn.Config, end_long: Callable[[], None], announce: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._end_long = end_long
        self._announce = announce

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal. uvicorn itself would raise it again afterwards, before the ledger is
        closed."""
        before = {number: signal.signal(number, self.handle_exit) for number in ENDING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._end_long()
        await super().shutdown(sockets)


def _allow_files(count: int) -> None:
    """Let this process open so many files, as far as the system permits: 1,024 are usual."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listening(settings: ServiceSettings) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        raise InvalidSetting(
            "host", f"{settings.host} port {settings.port} cannot be used: {error.strerror}"
        ) from None
    return listening
