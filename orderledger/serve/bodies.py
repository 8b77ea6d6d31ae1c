"""Reads bodies of requests within limits of size and time."""

import asyncio
from collections.abc import Mapping

from starlette.types import Receive

from orderledger.serve.problems import Problem
from orderledger.serve.settings import ServerLimits

JSON, NDJSON = "application/json", "application/x-ndjson"


def content_type(headers: Mapping[bytes, bytes], *taken: str) -> str:
    """The type of the body. Raises Problem for another type, and for a compressed body."""
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise Problem(
            "unsupported_media_type",
            "compressed bodies are not supported",
            field="Content-Encoding",
            fault="is not identity",
        )
    media, _, rest = headers.get(b"content-type", b"").decode("latin-1").lower().partition(";")
    if media.strip() not in taken:
        raise Problem(
            "unsupported_media_type",
            f"send {' or '.join(taken)}",
            field="Content-Type",
            fault=f"is not {' or '.join(taken)}",
        )
    charset = rest.replace(" ", "").replace('"', "")
    if charset.startswith("charset=") and charset not in ("charset=utf-8", "charset=utf8"):
        raise Problem(
            "unsupported_media_type",
            "JSON is UTF-8",
            field="Content-Type",
            fault="names a charset other than utf-8",
        )
    return media.strip()


async def body_of(receive: Receive, headers: Mapping[bytes, bytes], limits: ServerLimits) -> bytes:
    """The whole body. Raises Problem if it is too long, or too slow."""
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > limits.body_bytes:
        raise _too_large(limits)
    pieces, size = [], 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionAbortedError("the client disconnected")
                piece = message.get("body", b"")
                size += len(piece)
                if size > limits.body_bytes:
                    raise _too_large(limits)
                pieces.append(piece)
                if not message.get("more_body"):
                    return b"".join(pieces)
    except TimeoutError:
        raise Problem("timeout", f"the body took more than {limits.body_seconds:g} s") from None


def _too_large(limits: ServerLimits) -> Problem:
    return Problem(
        "too_large",
        f"the body is longer than {limits.body_bytes} bytes",
        field="body",
        fault="is too long",
    )
