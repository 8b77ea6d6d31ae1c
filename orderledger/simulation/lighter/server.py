"""A simulated Lighter on loopback: its REST and its websocket, over a simulated exchange.
Signatures are not checked.

async with LighterServer(exchange, {"lighter:main": 1234}, clock=clock) as fake:
    LighterVenue({"lighter:main": LighterAccount(account_index=1234, token=...)}, url=fake.http_url)
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from orderledger.extend.values import Clock
from orderledger.simulation.lighter.rest import LighterRest, Refused
from orderledger.simulation.market import Change, ExchangeSimulator, SimulatedOrder
from orderledger.simulation.servers.socket import VenueSocket
from orderledger.venues.base.fields import Document

FIRST_ORDER_ID = 2**48
"""For the simulated exchange: the ids of orders are larger than all client order indexes."""


class LighterServer(LighterRest):
    """Serves the `accounts`, by their names in the simulated exchange, with their indexes at the
    venue.

    `rest_lag`: how long a new order is missing from REST. `quiet_seconds`: a client that sends
    nothing for this long is disconnected. `requests_per_minute` in `window_seconds`: further
    requests are answered with 23000. `needs_market`: active orders are listed market by market, as
    older deployments do. `is_coarse`: REST gives times in seconds. `words` overrides the status of
    an order. `extra_rows` are in every list of orders. Tokens in `refused_tokens` have expired, and
    subscriptions of channels in `deaf_to` get no answer. Calls in `lacks` do not exist. `hanging`:
    how many of the next requests of `nextNonce` and `sendTx` are read, and neither carried out nor
    answered. `received` counts the frames of clients by their types.
    """

    websocket_path = "/stream"

    def __init__(
        self,
        exchange: ExchangeSimulator,
        accounts: Mapping[str, int],
        *,
        clock: Clock,
        quiet_seconds: float = 120.0,
        **more: Any,
    ) -> None:
        super().__init__(exchange, accounts, clock=clock, **more)
        self.quiet_seconds = quiet_seconds
        self.received: Counter[str] = Counter()
        self.deaf_to: set[str] = set()
        exchange.subscribe(self._push_change)

    async def converse(self, socket: VenueSocket) -> None:
        socket.notes["channels"] = set()
        self.push(socket, {"session_id": f"00000000-{self.connections:04d}", "type": "connected"})
        texts = socket.texts()
        while True:
            try:
                async with asyncio.timeout(self.quiet_seconds):
                    text = await anext(texts)
            except (StopAsyncIteration, TimeoutError):
                return
            self._receive(socket, json.loads(text))

    def _receive(self, socket: VenueSocket, document: Document) -> None:
        self.received[str(document.get("type"))] += 1
        match document.get("type"):
            case "ping":
                self.push(socket, {"type": "pong"})
            case "subscribe":
                self._subscribe(
                    socket, str(document.get("channel", "")), str(document.get("auth", ""))
                )
            case "jsonapi/sendtx":
                order = document["data"]
                done = self._transacted(order["tx_type"], order["tx_info"])
                self.push(
                    socket,
                    {
                        "type": "jsonapi/sendtx" if done["code"] == 200 else "error",
                        "id": order.get("id", ""),
                        **done,
                    },
                )
            case _:
                pass

    def _subscribe(self, socket: VenueSocket, channel: str, token: str) -> None:
        kind, _, index = channel.partition("/")
        if kind in self.deaf_to:
            return
        try:
            account = self._named(index)
            self._check_token(token, account)
            if kind not in SNAPSHOTS:
                raise Refused(30005, f"Invalid Channel: {channel}")
            if (kind, account) in socket.notes["channels"]:
                raise Refused(30003, f"Already Subscribed to : {kind}:{index}")
        except Refused as refused:
            self.push(socket, {"error": refused.document})
            return
        socket.notes["channels"].add((kind, account))
        self._push(socket, "subscribed", kind, account, SNAPSHOTS[kind](self, account))

    def _push(self, socket: VenueSocket, how: str, kind: str, account: str, body: Document) -> None:
        self.push(
            socket,
            {"type": f"{how}/{kind}", "channel": f"{kind}:{self._accounts[account]}", **body},
        )

    def _push_change(self, change: Change) -> None:
        """Push a change of the exchange to the subscribers."""
        bodies: dict[str, Document] = {}
        if change.fill is not None:
            row = self._rows.trade(change.fill)
            bodies["account_all_trades"] = {"trades": {str(row["market_id"]): [row]}}
            bodies["account_all_positions"] = self._positions(change.account)
        if change.order is not None:
            row = self._rows.order(change.order, status=self.words.get(change.order.order_id))
            bodies["account_all_orders"] = {"orders": {str(row["market_index"]): [row]}}
        for socket in list(self.sockets):
            for kind, body in bodies.items():
                if (kind, change.account) in socket.notes.get("channels", ()):
                    self._push(socket, "update", kind, change.account, body)

    def _open_orders(self, account: str) -> Document:
        rows: dict[str, list[Any]] = {}
        for row in map(self._pushed_row, self.exchange.open_orders(account)):
            rows.setdefault(str(row["market_index"]), []).append(row)
        return {
            "orders": {
                **rows,
                **({"0": [*rows.get("0", []), *self.extra_rows]} if self.extra_rows else {}),
            }
        }

    def _pushed_row(self, order: SimulatedOrder) -> Document:
        return self._rows.order(order, status=self.words.get(order.order_id))

    def _recent_trades(self, account: str) -> Document:
        return {
            "trades": self._trade_rows(self.exchange.fills(account)[:-51:-1]),
            "total_volume": 0,
            "daily_volume": 0,
        }

    def _positions(self, account: str) -> Document:
        rows = [self._rows.position(position) for position in self.exchange.positions(account)]
        return {"positions": {str(row["market_id"]): row for row in rows}}


SNAPSHOTS: dict[str, Callable[[LighterServer, str], Document]] = {
    "account_all_orders": LighterServer._open_orders,
    "account_all_trades": LighterServer._recent_trades,
    "account_all_positions": LighterServer._positions,
}
"""The first content of a subscription."""
