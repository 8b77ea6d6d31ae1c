"""Questions over HTTP, against a server on loopback that answers, byte by byte, what a test wrote
down."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from decimal import Decimal
from typing import Any

import pytest

from orderledger.infrastructure.numbers_and_times import parse_number
from orderledger.venues import VenueRefused, VenueUnavailable
from orderledger.venues.base.transport import Backoff, Http, Pacing, RateLimiter, parsed
from orderledger.venues.base.transport.patience import impatient

KEY = "KEY-0123456789"
HANG, CUT = "hang", "cut"


class Scripted:
    """Gives its answers in turn, one per connection, and keeps the requests."""

    def __init__(self, *answers: str | bytes) -> None:
        self.answers = list(answers)
        self.requests: list[str] = []
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    @asynccontextmanager
    async def asked(self, **options: Any) -> AsyncIterator[Http]:
        """An Http that asks this server, and whose pauses take no time."""
        async with await asyncio.start_server(self._answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            defaults: dict[str, Any] = {"backoff": Backoff(random.Random(5)), "sleep": self.sleep}
            http = Http(f"http://127.0.0.1:{port}/v1", **defaults | options)
            try:
                yield http
            finally:
                await http.aclose()
                server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lengths = [
            line.split(":")[1]
            for line in head.lower().splitlines()
            if line.startswith("content-length:")
        ]
        self.requests.append(
            head + (await reader.readexactly(int(lengths[0])) if lengths else b"").decode()
        )
        answer = self.answers.pop(0)
        if answer == HANG:
            await reader.read()
        elif answer != CUT:
            writer.write(answer.encode() if isinstance(answer, str) else answer)
            await writer.drain()
        writer.close()

    def first_lines(self) -> list[str]:
        return [request.splitlines()[0] for request in self.requests]


def said(status: int, body: str, *headers: str) -> str:
    lines = [
        f"HTTP/1.1 {status} x",
        f"content-length: {len(body.encode())}",
        "connection: close",
        *headers,
        "",
        body,
    ]
    return "\r\n".join(lines)


def pauses(count: int, *, on_top_of: Sequence[float] = ()) -> list[float]:
    backoff = Backoff(random.Random(5))
    return [backoff.next() + more for more in [*on_top_of, *[0.0] * (count - len(on_top_of))]]


def test_fractions_are_decimals_of_their_own_digits() -> None:
    server = Scripted(
        said(200, '{"price": 0.10, "size": 1e-7, "id": 281480000000101, "text": "0.10"}')
    )

    async def run() -> Any:
        async with server.asked() as http:
            return await http.get("/orders", {"limit": 25, "includeTags": "true"})

    answer = asyncio.run(run())

    assert answer == {
        "price": Decimal("0.10"),
        "size": Decimal("1E-7"),
        "id": 281480000000101,
        "text": "0.10",
    }
    assert str(answer["price"]) == "0.10"
    assert server.first_lines() == ["GET /v1/orders?limit=25&includeTags=true HTTP/1.1"]


@pytest.mark.parametrize("text", ["[" * 100_000, "", "<html>", '{"a": nan}', b"\xff"])
def test_what_is_no_document_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="nested|Expecting|can't decode"):
        parsed(text)


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e99999999999999999999", "7" * 5000]
)
def test_what_no_number_can_be_costs_its_field_and_not_the_document(number: str) -> None:
    document = parsed(f'[{{"price": {number}}}, {{"price": 1.50}}]')
    assert document == [{"price": number}, {"price": Decimal("1.50")}]
    with pytest.raises(ValueError, match="is not a decimal number|more than 28 digits"):
        parse_number(document[0]["price"])


def test_a_question_can_be_put_as_json_or_as_a_form() -> None:
    server = Scripted(said(200, "[]"), said(200, "null"))

    async def run() -> tuple[Any, Any]:
        async with server.asked(headers={"Accept": "application/json"}) as http:
            asked = await http.post("/info", json={"type": "openOrders"})
            return asked, await http.post(
                "/events/session", form={"a": 1, "b": "x y"}, headers={"X-Once": "1"}
            )

    assert asyncio.run(run()) == ([], None)
    assert [request.splitlines()[-1] for request in server.requests] == [
        '{"type":"openOrders"}',
        "a=1&b=x+y",
    ]
    assert ["accept: application/json" in request.lower() for request in server.requests] == [
        True,
        True,
    ]
    assert ["X-Once: 1" in request for request in server.requests] == [False, True]


@pytest.mark.parametrize(
    "failure",
    [
        CUT,
        said(500, "oh"),
        said(502, "<html>bad gateway</html>"),
        said(503, ""),
        said(408, ""),
        said(429, "slow down"),
        said(302, "", "location: http://127.0.0.1:1/maintenance"),
        said(200, "<html>maintenance</html>"),
        said(200, '{"orders": [')[:-4],
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}",
        "not even HTTP\r\n\r\n",
    ],
    ids=[
        "cut",
        "500",
        "502",
        "503",
        "408",
        "429",
        "moved",
        "html",
        "cut json",
        "half a body",
        "noise",
    ],
)
def test_no_answer_is_asked_for_again(failure: str) -> None:
    server = Scripted(failure, failure, said(200, '{"ok": true}'))

    async def run() -> Any:
        async with server.asked() as http:
            return await http.get("/orders")

    assert asyncio.run(run()) == {"ok": True}
    assert server.first_lines() == ["GET /v1/orders HTTP/1.1"] * 3
    assert server.slept == pauses(2)


def test_patience_ends_with_the_attempts_and_nothing_is_known() -> None:
    server = Scripted(said(503, "maintenance"), CUT, said(502, "bad gateway"))

    async def run() -> None:
        async with server.asked(attempts=3) as http:
            await http.get("/orders")

    with pytest.raises(VenueUnavailable) as caught:
        asyncio.run(run())

    assert str(caught.value) == "GET /v1/orders: HTTP 502: bad gateway (attempt 3 of 3)"
    assert server.slept == pauses(2)


def test_a_venue_that_is_not_there_is_unavailable() -> None:
    async def run() -> None:
        server = Scripted()
        async with server.asked(attempts=2) as http:
            port = http._client.base_url.port
        gone = Http(f"http://127.0.0.1:{port}", attempts=2, sleep=server.sleep)
        await gone.get("/")

    with pytest.raises(VenueUnavailable, match="GET /: ConnectError: .* \\(attempt 2 of 2\\)"):
        asyncio.run(run())


def test_an_answer_that_does_not_come_is_given_up_however_slowly_it_drips() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.01)

    async def run() -> None:
        async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
            http = Http(
                f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", attempts=1, timeout=0.1
            )
            try:
                await http.get("/slow")
            finally:
                await http.aclose()

    with pytest.raises(VenueUnavailable) as caught:
        asyncio.run(run())

    assert str(caught.value) == "GET /slow: no answer within 0.1 s (attempt 1 of 1)"


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("retry-after: 7", 7.0),
        ("retry-after: Thu, 01 Jan 1970 00:01:30 GMT", 30.0),
        ("retry-after: Thu, 01 Jan 1970 00:00:30 GMT", 0.0),
        ("retry-after: soon", 0.0),
        ("x-ratelimit-expiry: 72500", 12.5),
        ("x-ratelimit-expiry: 1000", 0.0),
        ("x-ratelimit-expiry: never", 0.0),
    ],
)
def test_a_venue_says_how_long_to_wait_and_is_heeded(header: str, wait: float) -> None:
    server = Scripted(said(429, "", header), said(200, "1"))

    async def run() -> Any:
        async with server.asked(epoch=lambda: 60.0) as http:
            return await http.get("/orders")

    assert asyncio.run(run()) == 1
    assert server.slept == pauses(1, on_top_of=[wait])


def test_a_venue_that_wants_hours_of_rest_is_unavailable_now() -> None:
    server = Scripted(said(429, "tomorrow", "retry-after: 36000"))

    async def run() -> None:
        async with server.asked() as http:
            await http.get("/orders")

    with pytest.raises(
        VenueUnavailable, match="GET /v1/orders: HTTP 429: tomorrow \\(attempt 1 of 5\\)"
    ):
        asyncio.run(run())
    assert server.slept == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_not_argued_with(status: int) -> None:
    server = Scripted(said(status, '{"code":21104,"message":"invalid nonce"}'))

    async def run() -> None:
        async with server.asked() as http:
            await http.get("/orders")

    with pytest.raises(VenueRefused) as caught:
        asyncio.run(run())

    assert (caught.value.status, caught.value.said) == (
        status,
        '{"code":21104,"message":"invalid nonce"}',
    )
    assert len(server.requests) == 1


def test_a_venue_may_have_its_own_way_of_saying_later() -> None:
    server = Scripted(said(400, '{"code":23000}'), said(200, "1"))

    async def run() -> Any:
        async with server.asked(is_busy=lambda status, said: '"code":23000' in said) as http:
            return await http.get("/orders")

    assert asyncio.run(run()) == 1


def test_each_attempt_costs_its_weight() -> None:
    server = Scripted(said(500, ""), said(500, ""), said(200, "1"))

    async def run() -> int:
        rate_limiter = RateLimiter(100)
        async with server.asked(rate_limiter=rate_limiter) as http:
            await http.get("/orders", weight=20)
        return rate_limiter.used

    assert asyncio.run(run()) == 60


@pytest.mark.parametrize(("status", "seconds"), [(429, 7), (418, 300), (500, 0)])
def test_a_refusal_as_too_many_holds_back_every_request_of_the_key(
    status: int, seconds: int
) -> None:
    server = Scripted(said(status, "", f"Retry-After: {seconds}"), said(200, "1"))

    async def run() -> float:
        pacing = Pacing({"": RateLimiter(100)})
        async with server.asked(rate_limiter=pacing.share(), attempts=1) as http:
            with pytest.raises(VenueUnavailable):
                await http.get("/orders")
        return pacing.held_seconds

    assert asyncio.run(run()) == pytest.approx(seconds, abs=0.5)


@pytest.mark.parametrize("status", [401, 500])
def test_nothing_secret_is_in_errors_and_logs(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    echo = (
        f"no access for Bearer {KEY} (key {KEY}), auth=1790000000:7:3:abcdef&x=1, passphrase, "
        "session once-and-again"
    )
    server = Scripted(*[said(status, echo)] * 2)
    caplog.set_level(logging.DEBUG)

    async def run() -> None:
        options: dict[str, Any] = {
            "headers": {"Authorization": f"Bearer {KEY}"},
            "secrets": ["passphrase"],
            "attempts": 2,
        }
        async with server.asked(**options) as http:
            await http.get(
                "/passphrase/orders",
                {"auth": "1790000000:7:3:abcdef"},
                headers={"X-Session": "once-and-again"},
            )

    with pytest.raises((VenueRefused, VenueUnavailable)) as caught:
        asyncio.run(run())

    told = f"{caught.value} {caught.value.__cause__} {caught.value.__context__} {caplog.text}"
    assert [
        secret for secret in (KEY, "abcdef", "passphrase", "once-and-again") if secret in told
    ] == []
    assert "no access for *** (key ***), auth=***&x=1, ***, session ***" in str(caught.value)
    assert any(
        f"auth={'***'}" in record.getMessage()
        for record in caplog.records
        if record.name == "httpx"
    )


def test_a_secret_is_hidden_as_it_stands_in_an_address_and_in_what_the_library_says(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Scripted(said(503, ""), f"HTTP/9 {KEY}\r\n\r\n")
    caplog.set_level(logging.DEBUG, logger="httpx")
    caplog.set_level(logging.DEBUG, logger="orderledger")

    async def run() -> None:
        async with server.asked(secrets=[KEY, "pass/phrase"], attempts=2) as http:
            await http.get("/accounts/pass%2Fphrase/orders")

    with pytest.raises(VenueUnavailable) as caught:
        asyncio.run(run())

    told = f"{caught.value} {caplog.text}"
    assert "RemoteProtocolError: illegal status line: bytearray(b'HTTP/9 ***')" in told
    assert "/v1/accounts/***/orders" in caplog.text  # as httpx logs it
    assert [secret for secret in (KEY, "pass/phrase", "pass%2Fphrase") if secret in told] == []


@pytest.mark.parametrize("is_doubted", [True, False])
def test_a_query_about_a_doubt_is_soon_repeated_if_its_answer_is_lost(
    monkeypatch: pytest.MonkeyPatch, is_doubted: bool
) -> None:
    monkeypatch.setattr("orderledger.venues.base.transport.patience.FIRST_SECONDS", 0.1)

    async def run() -> None:
        server = Scripted(HANG, said(200, "{}"))
        async with server.asked(attempts=2) as http, asyncio.timeout(2.0):
            with impatient() if is_doubted else nullcontext():
                await http.get("/order")

    if is_doubted:
        asyncio.run(run())
    else:
        with pytest.raises(TimeoutError):
            asyncio.run(run())
