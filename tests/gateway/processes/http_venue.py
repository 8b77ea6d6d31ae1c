"""A venue with order entry over HTTP: the simulated exchange behind a socket. And the order entry
of a client for it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from aiohttp import web

from orderledger.infrastructure.messages.parsing import parse_document
from orderledger.infrastructure.messages.registry import Message
from orderledger.projections.view import Row
from orderledger.simulation.market import ExchangeSimulator, OrderStatus, Refusal, SimulatedOrder
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.server import VenueServer
from orderledger.venues import NotSent, Unanswered, VenueUnavailable
from orderledger.venues.base.absence import Absence
from orderledger.venues.base.order_entry import EntryAbilities, Sent
from orderledger.venues.base.venue_clock import VenueClock

ABSENCE = Absence(expires_seconds=2.0, margin_seconds=1.0, expiry="expires_at")


class HttpVenue(VenueServer):
    """`POST /orders`, `GET` and `DELETE /orders/NAME`, `GET /time`. An order that comes after its
    `expires_at` is refused; `too_late` counts those. `arrived`: how often each client order id
    came. `is_recorded(name)`: whether the ledger has its submission, asked when it arrives; those
    without are in `unrecorded`. Answers state the venue's time. By the time of its receipt, an
    acknowledgement would be later than an end that came before the answer."""

    websocket_path = None

    def __init__(
        self,
        exchange: ExchangeSimulator,
        account: str,
        is_recorded: Callable[[str], bool],
        faults: Faults,
    ) -> None:
        super().__init__(exchange, faults=faults)
        self.arrived: Counter[str] = Counter()
        self.unrecorded: list[str] = []
        self.too_late = 0
        self._account = account
        self._is_recorded = is_recorded

    def routes(self) -> Iterable[web.RouteDef]:
        return (
            web.post("/orders", self._submit),
            web.get("/orders/{name}", self._query),
            web.delete("/orders/{name}", self._cancel),
            web.get("/time", self._time),
        )

    async def _submit(self, request: web.Request) -> web.Response:
        terms: dict[str, Any] = await request.json()
        name = terms["client_id"]
        self.arrived[name] += 1
        if not self._is_recorded(name):
            self.unrecorded.append(name)
        expires_at = datetime.fromisoformat(terms.pop("expires_at"))
        if datetime.now(UTC) > expires_at:
            self.too_late += 1
            return self.answer(
                {
                    "type": "rejected",
                    "reason": "request_expired",
                    "at": datetime.now(UTC).isoformat(),
                }
            )
        done = self.exchange.submit(self._account, **terms)
        return self._told(done, "rejected", "acknowledged")

    async def _query(self, request: web.Request) -> web.Response:
        found = self.exchange.named(self._account, client_id=request.match_info["name"])
        return (
            self.answer({}, status=404)
            if found is None
            else self._told(found, "", "status_observed")
        )

    async def _time(self, request: web.Request) -> web.Response:
        return self.answer({"now": datetime.now(UTC).isoformat()})

    async def _cancel(self, request: web.Request) -> web.Response:
        done = self.exchange.request_cancel(self._account, client_id=request.match_info["name"])
        return self._told(done, "cancel_rejected", "canceled")

    def _told(self, done: SimulatedOrder | Refusal, refused: str, accepted: str) -> web.Response:
        now = datetime.now(UTC).isoformat()
        if isinstance(done, Refusal):
            return self.answer({"type": refused, "reason": str(done.reason), "at": now})
        told: dict[str, Any] = {
            "type": accepted,
            "venue_order_id": f"V{done.order_id}",
            "at": {
                "acknowledged": done.created_at.isoformat(),
                "canceled": done.updated_at.isoformat(),
            }.get(accepted, now),
        }
        if accepted == "status_observed":
            told["status"] = "new" if done.status is OrderStatus.OPEN else str(done.status)
        return self.answer(told)


class HttpEntry:
    """Implements `OrderEntry` and the query `order`."""

    def __init__(self, url: str) -> None:
        self.abilities = EntryAbilities(cancels_by_client_id=True, absence=ABSENCE)
        self._client = httpx.AsyncClient(base_url=url, timeout=2.0)
        self.clock = VenueClock(self._time)

    async def _time(self) -> datetime:
        try:
            return datetime.fromisoformat((await self._client.get("/time")).json()["now"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise VenueUnavailable(str(error)) from error

    def prepare(self, order: Row) -> Mapping[str, str]:
        return {}

    async def submit(self, order: Row) -> Sent:
        names = ("instrument", "side", "order_type", "time_in_force")
        numbers = {
            name: str(order[name])
            for name in ("quantity", "limit_price")
            if order[name] is not None
        }
        document = {
            "client_id": order["client_order_id"],
            "expires_at": order["request_expires_at"].isoformat(),
            **{name: order[name] for name in names if order[name] is not None},
            **numbers,
        }
        return await self._sent("POST", "/orders", order, json=document)

    async def submit_many(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        raise NotImplementedError("the venue takes orders one by one")

    async def cancel(self, order: Row, request_id: str) -> Sent:
        return await self._sent(
            "DELETE", f"/orders/{order['client_order_id']}", order, request_id=request_id
        )

    async def replace(self, order: Row, request: Row) -> Sent:
        raise NotSent("replace_unsupported", "the venue cannot change an order")

    async def order(self, account: str, order: Row) -> list[Message] | None:
        try:
            answer = await self._client.get(f"/orders/{order['client_order_id']}")
        except httpx.HTTPError as error:
            raise VenueUnavailable(str(error)) from error
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise VenueUnavailable(f"HTTP {answer.status_code}")
        return [_message(answer, order, source="venue_poll")]

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _sent(
        self, method: str, path: str, order: Row, *, json: Any = None, **more: str
    ) -> Sent:
        try:
            answer = await self._client.request(method, path, json=json)
        except httpx.ConnectError as error:
            raise NotSent("not_connected", str(error)) from error
        except httpx.HTTPError as error:
            raise Unanswered("no_answer", str(error) or type(error).__name__) from error
        if answer.status_code != 200:
            raise Unanswered("server_error", f"HTTP {answer.status_code}")
        return [_message(answer, order, **more)]


def _message(answer: httpx.Response, order: Row, **more: str) -> Message:
    who = {
        "account": order["account"],
        "client_order_id": order["client_order_id"],
        "at": datetime.now(UTC).isoformat(),
    }
    told = answer.json()
    if told["type"] != "cancel_rejected":
        more.pop("request_id", None)
    return parse_document({**who, **more, **told})
