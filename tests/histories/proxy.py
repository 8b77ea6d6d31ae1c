"""A proxy in front of PostgreSQL that can cut its clients off, and turn to another server."""

import asyncio
from contextlib import suppress
from pathlib import Path

SOCKET = ".s.PGSQL.5432"


class Proxy:
    """`url`: for clients. Until `heal`, `cut` ends connections and refuses new ones, `hang`
    forwards nothing, and `mute` no answers."""

    def __init__(self, folder: Path, target: Path) -> None:
        folder.mkdir()
        self.target = target
        self.url = f"postgresql://postgres@/postgres?host={folder}&port=5432"
        self._path = folder / SOCKET
        self._requests, self._answers = asyncio.Event(), asyncio.Event()
        self._requests.set()
        self._answers.set()
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._connected, self._path)

    def cut(self) -> None:
        self._is_cut = True
        self._end_connections()

    def hang(self) -> None:
        self._requests.clear()
        self._answers.clear()

    def mute(self) -> None:
        self._answers.clear()

    def heal(self) -> None:
        """What was not forwarded is lost, as after a long partition."""
        if not self._answers.is_set():
            self._end_connections()
        self._is_cut = False
        self._requests.set()
        self._answers.set()

    def close(self) -> None:
        self._server.close()
        self._end_connections()
        for task in self._tasks:
            task.cancel()

    def _end_connections(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        writers = {client}
        try:
            if not self._is_cut:
                back, server = await asyncio.open_unix_connection(self.target / SOCKET)
                writers.add(server)
                self._writers |= writers
                await asyncio.gather(
                    self._forward(reader, server, self._requests),
                    self._forward(back, client, self._answers),
                )
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._writers -= writers
            for writer in writers:
                writer.transport.abort()

    async def _forward(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, flows: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await source.read(1 << 16):
                await flows.wait()
                target.write(data)
                await target.drain()
        target.transport.abort()
