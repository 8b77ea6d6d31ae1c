"""The application: routes and their handlers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from orderledger import Ledger, __version__
from orderledger.extend.runtime import public, rows_json
from orderledger.extend.views import paging, questions
from orderledger.serve.access import Access, Kept
from orderledger.serve.alerts.lists import status
from orderledger.serve.answers import JsonAnswer, QueryPools
from orderledger.serve.callers import Caller
from orderledger.serve.collections import COLLECTIONS, HISTORY, SINGLES, Collection, Single
from orderledger.serve.idempotency import IdempotentRequests
from orderledger.serve.monitoring import Monitoring
from orderledger.serve.openapi import document
from orderledger.serve.operating import Operating
from orderledger.serve.parameters import parse_query
from orderledger.serve.problems import Problem, invalid
from orderledger.serve.reconciling import Reconciliations
from orderledger.serve.recording import Messages
from orderledger.serve.routes_of_others import routes_of_others
from orderledger.serve.settings import ServiceSettings
from orderledger.serve.streaming import Streams
from orderledger.serve.tokens import ROLES

PAGE = Path(__file__).parent / "page"
IN_PATH = ("id", "account")
OF_ORDER = {
    one.name: one for one in questions.parameters_of(Ledger.order) if one.name not in IN_PATH
}
OF_ORDERS_HISTORY = {
    name: parameter for name, parameter in HISTORY.by_name.items() if name not in IN_PATH
}
PARTS_OF_ORDER = ("history", "explanation")
NOTHING: Mapping[str, questions.Parameter] = {}


class Service:
    """The state that the routes share."""

    def __init__(self, ledger: Ledger, settings: ServiceSettings) -> None:
        self.ledger = ledger
        self.settings = settings
        self.answers = QueryPools(ledger, settings.limits)
        self._asking: dict[Hashable, asyncio.Future[Kept]] = {}
        self._run = token_hex(4)
        self.streams = Streams(ledger, self.answers, settings)

    async def _make(
        self,
        mark: Hashable,
        key: tuple[bytes, bytes],
        query: Callable[[], JsonAnswer],
        *,
        is_fold: bool,
    ) -> Kept:
        """Runs identical concurrent queries once."""
        epoch = self.ledger.internals.store.epoch.number
        answer = await self.answers.ask(query, is_fold=is_fold)
        kept = Kept(replace(answer, log=f"{self._run}{epoch}"))
        self.answers.cache.put(mark, key, kept, len(answer.body) + len(key[0]) + len(key[1]))
        return kept

    def parse(self, scope: Scope, known: Mapping[str, questions.Parameter]) -> dict[str, Any]:
        return parse_query(scope["query_string"], known, self.settings.limits.parameters)

    async def keep(
        self, scope: Scope, send: Send, query: Callable[[], JsonAnswer], *, is_fold: bool = False
    ) -> None:
        """JsonAnswer a query about the log, cached until the ledger changes."""
        answers, key = self.answers, (scope["raw_path"], scope["query_string"])
        mark = await answers.freshness.mark()  # before the query: it may see more, never less
        kept: Kept | None = answers.cache.get(mark, key)
        if kept is None:
            asking = self._asking.get((mark, key))
            if asking is None:
                asking = self._asking[mark, key] = asyncio.ensure_future(
                    self._make(mark, key, query, is_fold=is_fold)
                )
                asking.add_done_callback(lambda _: self._asking.pop((mark, key), None))
            kept = await asyncio.shield(asking)
        await kept.send(send, scope["head"].get(b"if-none-match"))


class Get:
    """An ASGI application for GET (and HEAD), which a route calls without a request object."""

    def __init__(self, answer: Callable[[Scope, Receive, Send], Any]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(scope, receive, send)


def make_app(ledger: Ledger, settings: ServiceSettings) -> Starlette:
    """The application on an open ledger. `app.state.stop` ends the readers of the stream and the
    reconciliations."""
    service = Service(ledger, settings)
    requests = IdempotentRequests(ledger)
    messages = Messages(ledger, settings.limits, requests)
    operating = Operating(ledger, settings, requests)
    reconciliations = Reconciliations(ledger, settings, requests)
    lists = [
        Route(f"/api/{one.path}", Get(partial(_list, service, one)), methods=["GET"])
        for one in COLLECTIONS
    ]
    singles = [
        Route(f"/api/{one.path}", Get(partial(_single, service, one)), methods=["GET"])
        for one in SINGLES
    ]
    monitoring = Monitoring(ledger, service.answers)
    routes = [
        Route("/api/messages", messages, methods=["POST"]),
        Route("/api/stream", service.streams, methods=["GET"]),
        Route("/api/halts", operating.halt, methods=["POST"]),
        Route("/api/halts/resume", operating.resume, methods=["POST"]),
        Route("/api/resolve", operating.resolve, methods=["POST"]),
        Route("/api/reconcile", reconciliations.state, methods=["GET"]),
        Route("/api/reconcile", reconciliations.post, methods=["POST"]),
        *lists,
        *singles,
        Route("/api/orders/{rest:path}", Get(partial(_order, service)), methods=["GET"]),
        Route("/api/status", Get(partial(_status, service)), methods=["GET"]),
        Route("/api/me", Get(partial(_me, service)), methods=["GET"]),
        Route("/api/openapi.json", Get(partial(_openapi, service)), methods=["GET"]),
        Route("/metrics", monitoring.metrics, methods=["GET"]),
        Route("/health/live", monitoring.live, methods=["GET"]),
        Route("/health/ready", monitoring.ready, methods=["GET"]),
        *_page_routes(),
        *routes_of_others(ledger),
    ]

    def stop() -> None:
        service.streams.stop()
        reconciliations.stop()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        stop()
        service.answers.close()
        reconciliations.close()
        requests.close()

    access = Middleware(Access, settings=settings, answers=service.answers, messages=messages)
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refused}, lifespan=lifespan)
    app.state.stop = stop
    app.state.service = service
    app.add_middleware(access.cls, *access.args, **access.kwargs)
    return app


def _page_routes() -> list[Route | Mount]:
    """The page and its files, if they are installed."""
    if not (PAGE / "index.html").exists():
        return []

    async def index(request: Request) -> Response:
        return FileResponse(PAGE / "index.html")

    async def docs(request: Request) -> Response:
        return FileResponse(PAGE / "docs.html")

    files = StaticFiles(directory=PAGE / "assets", check_dir=False)
    return [
        Route("/", index, methods=["GET"]),
        Route("/api/docs", docs, methods=["GET"]),
        Mount("/assets", files),
    ]


async def _list(
    service: Service, collection: Collection, scope: Scope, receive: Receive, send: Send
) -> None:
    asked = service.parse(scope, collection.by_name)
    _check_period(asked)
    query = partial(_listed, service.ledger, collection, asked)
    if not collection.is_of_log:
        await Kept(JsonAnswer((await service.answers.ask(query)).body)).send(send, None)
        return
    await service.keep(
        scope,
        send,
        query,
        is_fold=collection.is_fold or "as_of" in asked or "effective_at" in asked,
    )


async def _single(
    service: Service, single: Single, scope: Scope, receive: Receive, send: Send
) -> None:
    asked = service.parse(scope, single.by_name)
    ledger = service.ledger

    def body() -> JsonAnswer:
        position = ledger.log.position() if single.is_of_log else None
        return JsonAnswer(single.body(ledger, dict(asked)), position)

    if single.is_of_log:
        await service.keep(scope, send, body, is_fold=True)
    else:
        await Kept(await service.answers.ask(body)).send(send, None)


def _listed(ledger: Ledger, collection: Collection, asked: dict[str, Any]) -> JsonAnswer:
    return answer_of(collection.answer(ledger, dict(asked)))


def answer_of(page: paging.Page) -> JsonAnswer:
    """The body of a list."""
    count = {} if page.count is None else {"count": page.count}
    return JsonAnswer(
        rows_json.document_json(
            {"after": page.after, **count, "position": page.position}, page.rows
        ),
        page.position,
    )


def _check_period(asked: Mapping[str, Any]) -> None:
    for since, until in (("since", "until"), ("recorded_since", "recorded_until")):
        if since in asked and until in asked and asked[until] < asked[since]:
            raise invalid(until, f"is before {since}")


async def _order(service: Service, scope: Scope, receive: Receive, send: Send) -> None:
    account, order_id, part = _path_of_order(scope)
    asked = service.parse(scope, OF_ORDERS_HISTORY if part == "history" else OF_ORDER)
    _check_period(asked)
    ledger = service.ledger

    def order() -> JsonAnswer:
        position = ledger.log.position()
        return JsonAnswer(
            rows_json.row_json(ledger.order(order_id, account=account, **asked)), position
        )

    def history() -> JsonAnswer:
        return answer_of(
            HISTORY.answer(ledger, {"order_id": order_id, "account": account, **asked})
        )

    def explanation() -> JsonAnswer:
        position = ledger.internals.store.recorder.last_position()
        return JsonAnswer(
            rows_json.row_json(ledger.audit.explain(order_id, account=account, **asked)), position
        )

    query = {"history": history, "explanation": explanation}.get(part, order)
    await service.keep(scope, send, query, is_fold="as_of" in asked or "effective_at" in asked)


def _path_of_order(scope: Scope) -> tuple[str, str, str]:
    """The account, the id, and the requested part of the order, empty for the order itself. From
    the path as sent: names may contain an encoded slash.
    """
    parts = scope["raw_path"].decode("ascii", "replace").split("/")[3:]
    part = parts.pop() if len(parts) > 2 and parts[-1] in PARTS_OF_ORDER else ""
    try:
        names = [unquote(one, errors="strict") for one in parts]
    except UnicodeDecodeError:
        raise invalid("id", "is not UTF-8 in percent-encoding") from None
    account, order_id = names[0], "/".join(names[1:])
    for name, value in (("account", account), ("id", order_id)):
        if not value or "\0" in value:
            raise Problem(
                "not_found",
                "the path of an order is /api/orders/ACCOUNT/ID",
                field=name,
                fault="is empty",
            )
    return account, order_id, part


async def _status(service: Service, scope: Scope, receive: Receive, send: Send) -> None:
    service.parse(scope, NOTHING)
    body = await service.answers.ask(lambda: rows_json.row_json(status(service.ledger)))
    await Kept(JsonAnswer(body)).send(send, None)


async def _me(service: Service, scope: Scope, receive: Receive, send: Send) -> None:
    service.parse(scope, NOTHING)
    caller: Caller = scope["caller"]
    position = await service.answers.ask(service.ledger.log.position)
    about = {
        "name": caller.name,
        "roles": [role for role in ROLES if role in caller.roles],
        "needs_token": service.settings.tokens is not None,
        "version": __version__,
        "store": public(service.ledger.internals.store.url or "memory://"),
        "position": position,
    }
    await Kept(JsonAnswer(rows_json.row_json(about))).send(send, None)


async def _openapi(service: Service, scope: Scope, receive: Receive, send: Send) -> None:
    service.parse(scope, NOTHING)
    await Kept(JsonAnswer(document())).send(send, None)


async def _refused(request: Request, error: Exception) -> Response:
    """The answer for requests that Starlette itself refuses: an unknown path or method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allow = (error.headers or {}).get("Allow", "")
        return Problem(
            "method_not_allowed", f"{request.method} is not allowed here", allow=allow
        ).response()
    if error.status_code == 404:
        return Problem("not_found", "unknown path").response()
    return Problem("invalid_request", error.detail).response()
