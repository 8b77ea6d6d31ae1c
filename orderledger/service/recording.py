"""POST of messages: what `orderledger record --ack` answers, after the commit, which neighbours share."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.types import Receive, Scope, Send

from orderledger.infrastructure.errors import InvalidMessage, StoreError
from orderledger.infrastructure.messages.outcome import Outcome
from orderledger.infrastructure.messages.parsing import parse_document, parse_line
from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.rows_json import row_json
from orderledger.ledger import Ledger
from orderledger.service.bodies import JSON, NDJSON, body_of, content_type
from orderledger.service.problems import Problem, invalid
from orderledger.service.settings import Limits

TOGETHER = 1_000
"""Messages of one commit."""

PARSED_AT_ONCE = 50
"""Lines that are read before other requests have their turn."""


OF_ANSWER = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class Messages:
    """`/api/messages`, an ASGI application."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        self._ledger = ledger
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["head"]
        media = content_type(headers, JSON, NDJSON)
        if scope["query_string"]:
            raise Problem("invalid_request", "takes no parameters", field="query", fault="takes no parameters")
        body = await body_of(receive, headers, self._limits)
        if media == JSON:
            answer = await self._one(body, _key(headers))
        elif _key(headers) is not None:
            raise invalid("Idempotency-Key", "is for one message: give each line its message_id")
        else:
            answer = await self._many(body)
        length = (b"content-length", str(len(answer)).encode())
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", media.encode()), length, *OF_ANSWER]}
        )
        await send({"type": "http.response.body", "body": answer})

    async def _one(self, body: bytes, key: str | None) -> bytes:
        outcome = await self._ledger.arecord(_with_key(parse_line(body), key))
        if outcome.outcome == "refused":
            raise Problem("refused", outcome.text or outcome.reason or "refused", **shown(outcome))
        return row_json(shown(outcome))

    async def _many(self, body: bytes) -> bytes:
        lines = [(number, line) for number, line in _lines(body) if line.strip()]
        if len(lines) > self._limits.lines:
            raise Problem(
                "too_large", f"the body has more than {self._limits.lines} lines", field="body", fault="has too many lines"
            )
        answers: list[bytes] = []
        for begin in range(0, len(lines), TOGETHER):
            try:
                answers += await self._together(lines[begin : begin + TOGETHER])
            except StoreError as error:
                if not answers:
                    raise
                text = f"the messages up to line {lines[begin - 1][0]} are recorded: {error}"
                raise Problem("outcome_unknown", text, line=lines[begin - 1][0]) from error
        return b"".join(answers)

    async def _together(self, lines: list[tuple[int, bytes]]) -> list[bytes]:
        """Record some lines in one commit. An invalid one does not prevent the others."""
        outcomes: list[Outcome | None] = []
        messages: list[Message] = []
        for index, (_, line) in enumerate(lines, start=1):
            try:
                message = parse_line(line)
                _check(message)
                messages.append(message)
                outcomes.append(None)
            except InvalidMessage as error:
                outcomes.append(Outcome("invalid", reason=str(error), text=error.fault, field=error.field or None))
            if index % PARSED_AT_ONCE == 0:
                await asyncio.sleep(0)
        recorded = iter(await self._ledger.arecord_together(messages))
        told = (next(recorded) if outcome is None else outcome for outcome in outcomes)
        return [row_json({"line": number, **shown(outcome)}) + b"\n" for (number, _), outcome in zip(lines, told, strict=True)]


def shown(outcome: Outcome) -> dict[str, Any]:
    """An outcome as `orderledger record --ack` prints it."""
    known = {"outcome": outcome.outcome, "position": outcome.position, "reason": outcome.reason, "anomalies": outcome.anomalies}
    has_text = outcome.text is not None and outcome.outcome != "invalid"  # the reason of an invalid message says it all
    return {**known, **({"text": outcome.text} if has_text else {})}


def _check(message: Message) -> None:
    """Raise InvalidMessage if fields that go together are missing."""
    from orderledger.infrastructure.engine.entries import to_entry

    to_entry(message)


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    return enumerate(body.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1)


def _key(headers: Mapping[bytes, bytes]) -> str | None:
    """The Idempotency-Key header, which may be in quotes."""
    key = headers.get(b"idempotency-key")
    if key is None:
        return None
    try:
        return key.decode().strip().removeprefix('"').removesuffix('"')
    except UnicodeDecodeError:
        raise invalid("Idempotency-Key", "is not UTF-8") from None


def _with_key(message: Message, key: str | None) -> Message:
    """The message with the key as its message_id."""
    if key is None or message.message_id == key:
        return message
    if message.message_id is not None:
        raise invalid("Idempotency-Key", "differs from message_id")
    document = message.model_dump(exclude_unset=True)
    return parse_document({**document, "message_id": key, "type": type(message).model_fields["type"].default})
