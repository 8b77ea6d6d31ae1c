"""NATS JetStream: one stream with all events in log order. The server drops repeated messages by
their id, the log position.

Within a batch each message names the one before it, and the server refuses it after any other. So
no message overtakes a lost one.
"""

import asyncio
from contextlib import suppress
from typing import Any

from orderledger.analytics.relay.sink import Publication, Unpublished, too_large
from orderledger.analytics.relay.target import Target
from orderledger.extend.runtime import needed
from orderledger.extend.values import stream_names

ACK_SECONDS = 10.0
DUPLICATE_WINDOW_SECONDS = 3600.0
ID = "Nats-Msg-Id"
AFTER = "Nats-Expected-Last-Msg-Id"
RESERVED = frozenset(" .*>%\t\r\n\f\v")


class NatsSink:
    """Publishes to `NAME.ACCOUNT.EVENT`, in the stream `NAME` in capitals. Creates a missing
    stream."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._library = needed("nats", "relay")
        self._client: Any = None
        self._reason: Exception | None = None
        self._jetstream: Any = None

    @property
    def _stream(self) -> str:
        return self._target.name.upper()

    async def connect(self) -> int:
        try:
            self._client = await self._library.connect(
                servers=[f"nats://{server}" for server in self._target.servers],
                user=self._target.user,
                password=self._target.password,
                name="orderledger relay",
                max_reconnect_attempts=1,
                reconnect_time_wait=0.1,
                error_cb=self._keep_reason,
                connect_timeout=5,
                # the relay reconnects, and publishes again what was not confirmed
                allow_reconnect=False,
            )
            self._jetstream = self._client.jetstream(timeout=ACK_SECONDS)
            return await self._last_position()
        except (self._library.errors.Error, OSError, TimeoutError) as error:
            await self.close()
            is_unreachable = isinstance(error, self._library.errors.NoServersError)
            raise Unpublished(
                _text_of(self._reason or error if is_unreachable else error)
            ) from error

    async def _keep_reason(self, error: Exception) -> None:
        """Keep the error. The failing call raises its own, except that for an unreachable server
        it only reports that no server is left.
        """
        self._reason = error

    async def _last_position(self) -> int:
        """The id of the last message of the stream, which is created if it is missing."""
        from nats.js.errors import NotFoundError

        try:
            found = await self._jetstream.stream_info(self._stream)
        except NotFoundError:
            await self._jetstream.add_stream(
                name=self._stream,
                subjects=[f"{self._target.name}.>"],
                duplicate_window=DUPLICATE_WINDOW_SECONDS,
            )
            return 0
        if not found.state.messages:
            return 0
        last = await self._jetstream.get_msg(self._stream, seq=found.state.last_seq)
        return int((last.headers or {}).get(ID, 0))

    async def publish(self, rows: list[Publication]) -> None:
        try:
            waiting = [
                await self._sent(row, before)
                for row, before in zip(rows, [None, *rows], strict=False)
            ]
            async with asyncio.timeout(ACK_SECONDS):
                await asyncio.gather(*waiting)
        except (self._library.errors.Error, OSError, TimeoutError) as error:
            raise Unpublished(_text_of(error)) from error

    async def _sent(self, row: Publication, before: Publication | None) -> "asyncio.Future[Any]":
        body = row.body
        if len(body) > self._client.max_payload:
            raise too_large(row, len(body), self._client.max_payload)
        headers = {ID: str(row.position)} | ({AFTER: str(before.position)} if before else {})
        sent: asyncio.Future[Any] = await self._jetstream.publish_async(
            self._subject(row), body, wait_stall=ACK_SECONDS, stream=self._stream, headers=headers
        )
        sent.add_done_callback(_retrieved)
        return sent

    def _subject(self, row: Publication) -> str:
        account = "".join(
            f"%{ord(sign):02X}" if sign in RESERVED else sign
            for sign in stream_names.account_of(row.stream)
        )
        return f"{self._target.name}.{account}.{row.name.partition('.')[0]}"

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            with suppress(self._library.errors.Error, OSError, TimeoutError):  # it may be gone
                await client.close()


def _retrieved(sent: "asyncio.Future[Any]") -> None:
    """After the first failure the other results are ignored."""
    if not sent.cancelled():
        sent.exception()


def _text_of(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
