"""POST of messages: the same answer as `orderledger record --ack`, after the commit, which
concurrent requests share.
"""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from starlette.types import Receive, Scope, Send

from orderledger import InvalidMessage, Ledger, Message, Outcome, StoreError
from orderledger.extend.runtime import rows_json
from orderledger.serve.accepting import CONFIRMING, Accepting, outcome_of
from orderledger.serve.bodies import JSON, NDJSON, body_of, content_type
from orderledger.serve.idempotency import IdempotentRequests, Posted
from orderledger.serve.parameters import parse_query
from orderledger.serve.problems import Problem
from orderledger.serve.settings import ServerLimits

TOGETHER = 1_000
"""Messages of one commit."""

PARSED_AT_ONCE = 50
"""Lines that are read before other requests get a turn."""


class Messages:
    """`/api/messages`, an ASGI application."""

    def __init__(self, ledger: Ledger, limits: ServerLimits, requests: IdempotentRequests) -> None:
        self._ledger = ledger
        self._limits = limits
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["head"]
        media = content_type(headers, JSON, NDJSON)
        asked = parse_query(scope["query_string"], CONFIRMING, self._limits.parameters)
        body = await body_of(receive, headers, self._limits)

        async def act(begun_at: datetime | None) -> Posted:
            accepting = Accepting(
                self._ledger, scope["caller"], begun_at, asked.get("confirm", False)
            )
            return Posted(
                await (self._one if media == JSON else self._many)(body, accepting), media
            )

        posted = await self._requests.once(scope, body, act)
        await send(
            {"type": "http.response.start", "status": posted.status, "headers": posted.headers()}
        )
        await send({"type": "http.response.body", "body": posted.body})

    async def _one(self, body: bytes, accepting: Accepting) -> bytes:
        outcome = await self._ledger.arecord(await accepting.line(body))
        if outcome.outcome == "refused":
            raise Problem("refused", outcome.text or outcome.reason or "refused", **shown(outcome))
        return rows_json.row_json(shown(outcome))

    async def _many(self, body: bytes, accepting: Accepting) -> bytes:
        lines = [(number, line) for number, line in _lines(body) if line.strip()]
        if len(lines) > self._limits.lines:
            raise Problem(
                "too_large",
                f"the body has more than {self._limits.lines} lines",
                field="body",
                fault="has too many lines",
            )
        answers: list[bytes] = []
        for begin in range(0, len(lines), TOGETHER):
            try:
                answers += await self._together(lines[begin : begin + TOGETHER], accepting)
            except StoreError as error:
                if not answers:
                    raise
                text = f"the messages up to line {lines[begin - 1][0]} are recorded: {error}"
                raise Problem("outcome_unknown", text, line=lines[begin - 1][0]) from error
        return b"".join(answers)

    async def _together(self, lines: list[tuple[int, bytes]], accepting: Accepting) -> list[bytes]:
        """Record some lines in one commit. A line that is invalid or not permitted does not
        affect the others.
        """
        outcomes: list[Outcome | None] = []
        messages: list[Message] = []
        for index, (number, line) in enumerate(lines, start=1):
            try:
                message = await accepting.line(line, number)
                _check(message)
                messages.append(message)
                outcomes.append(None)
            except InvalidMessage as error:
                outcomes.append(
                    Outcome(
                        "invalid", reason=str(error), text=error.fault, field=error.field or None
                    )
                )
            except Problem as problem:
                outcomes.append(outcome_of(problem))
            if index % PARSED_AT_ONCE == 0:
                await asyncio.sleep(0)
        recorded = iter(await self._ledger.recording.arecord_together(messages))
        remaining = (next(recorded) if outcome is None else outcome for outcome in outcomes)
        return [
            rows_json.row_json({"line": number, **shown(outcome)}) + b"\n"
            for (number, _), outcome in zip(lines, remaining, strict=True)
        ]


def shown(outcome: Outcome) -> dict[str, Any]:
    """An outcome as `orderledger record --ack` prints it."""
    known = {
        "outcome": outcome.outcome,
        "position": outcome.position,
        "reason": outcome.reason,
        "anomalies": outcome.anomalies,
    }
    has_text = (
        outcome.text is not None and outcome.outcome != "invalid"
    )  # the reason of an invalid message is complete
    return {**known, **({"text": outcome.text} if has_text else {})}


def _check(message: Message) -> None:
    """Raise InvalidMessage if fields that require one another are missing."""
    from orderledger.extend.messages import to_entry

    to_entry(message)


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    return enumerate(body.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1)
