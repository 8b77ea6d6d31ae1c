"""A simulated Hyperliquid on loopback: it implements the venue's protocol, enforces its limits, and
can be made to misbehave.

Accounts of the simulated exchange are addresses, its client ids are cloids. Needs aiohttp, the
optional extra `fake`.
"""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

from orderledger.simulation.hyperliquid import rows as venue_rows
from orderledger.simulation.hyperliquid.answers import MOST_ROWS, HyperliquidRest
from orderledger.simulation.market import Change, ExchangeSimulator, Kind, SimulatedOrder
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.socket import VenueSocket

GREETING = "Websocket connection established."
REPORTED = frozenset(
    {Kind.PLACED, Kind.ACCEPTED, Kind.MODIFIED, Kind.CANCELED, Kind.REJECTED, Kind.EXPIRED}
)

Subscription = dict[str, Any]


class HyperliquidServer(HyperliquidRest):
    """`users`, `weight`, `connections` and `connections_per_minute` are the venue's limits,
    `minute` and `silence` in seconds.

    `violations` counts the refusals because of them. Frames of a channel can be held back (`keep`,
    `let_go`) or lost. With `keep_subscriptions_waiting`, no subscription is answered.
    """

    def __init__(
        self,
        exchange: ExchangeSimulator,
        *,
        faults: Faults | None = None,
        users: int = 10,
        connections: int = 10,
        connections_per_minute: int = 30,
        weight: int = 1200,
        minute: float = 60.0,
        silence: float = 60.0,
        rows_per_page: int = MOST_ROWS,
        coins: Iterable[str] = (),
    ) -> None:
        super().__init__(
            exchange, faults=faults, weight=weight, minute=minute, rows_per_page=rows_per_page
        )
        self.users, self.silence = users, silence
        self.most_connections, self.connections_per_minute = connections, connections_per_minute
        self.coins = frozenset(coins)
        self.keep_subscriptions_waiting = False
        self._connected: deque[float] = deque()
        self._kept: dict[str, list[tuple[str, Any]]] = {}
        self._losing: Counter[str] = Counter()
        exchange.subscribe(self._push_change)

    # Controls for tests.

    def keep(self, channel: str) -> None:
        """From now on, frames of this channel wait."""
        self._kept.setdefault(channel, [])

    def let_go(self, channel: str, *, is_reversed: bool = False) -> None:
        """Send the held frames, in order or the last one first."""
        kept = self._kept.pop(channel)
        for address, data in reversed(kept) if is_reversed else kept:
            self._push(channel, address, data)

    def let_go_first(self, channel: str) -> None:
        """Send the first held frame."""
        self._push_now(channel, *self._kept[channel].pop(0))

    def lose(self, channel: str, frames: int = 1) -> None:
        """The next frames of this channel are lost."""
        self._losing[channel] += frames

    def push_status(self, order: SimulatedOrder, word: str) -> None:
        """An `orderUpdates` row with any word."""
        row = self.exchange.order(order.order_id)
        self._push(
            "orderUpdates",
            row.account,
            [venue_rows.reported(venue_rows.basic(row), word, self.exchange.clock.now())],
        )

    def push_frame(self, address: str, channel: str, data: Any) -> None:
        """Send any frame to the subscribers of this channel of the account."""
        self._push(channel, address, data)

    # The websocket.

    async def converse(self, socket: VenueSocket) -> None:
        if not self._may_connect():
            return
        socket.notes.update(subscriptions=[], spoke_at=time.monotonic())
        await self.send(socket, GREETING)
        watch = asyncio.create_task(self._hang_up_on_silence(socket))
        try:
            async for text in socket.texts():
                await self._answer_to(socket, text)
        finally:
            watch.cancel()

    def _may_connect(self) -> bool:
        now = time.monotonic()
        while self._connected and self._connected[0] <= now - self.minute:
            self._connected.popleft()
        self._connected.append(now)
        is_crowded = len(self.sockets) > self.most_connections
        is_hurried = len(self._connected) > self.connections_per_minute
        self.violations["connections"] += is_crowded
        self.violations["connections_per_minute"] += is_hurried
        return not (is_crowded or is_hurried)

    async def _hang_up_on_silence(self, socket: VenueSocket) -> None:
        while True:
            quiet_until = socket.notes["spoke_at"] + self.silence
            if quiet_until <= time.monotonic():
                socket.cut()
                return
            await asyncio.sleep(quiet_until - time.monotonic())

    async def _answer_to(self, socket: VenueSocket, text: str) -> None:
        try:
            asked = json.loads(text)
            method = asked["method"]
        except (ValueError, TypeError, KeyError):
            self._to(socket, "error", f"Error parsing JSON into valid websocket request: {text}")
            return
        if method == "ping":
            socket.notes["spoke_at"] = time.monotonic()
            await self.send(socket, {"channel": "pong"})
        elif method == "subscribe" and not self.keep_subscriptions_waiting:
            self._subscribe(socket, asked["subscription"])
        elif method == "unsubscribe" and asked["subscription"] in socket.notes["subscriptions"]:
            socket.notes["subscriptions"].remove(asked["subscription"])

    def _subscribe(self, socket: VenueSocket, subscription: Subscription) -> None:
        if "coin" in subscription and subscription["coin"] not in self.coins:
            socket.cut()
            return
        if subscription in socket.notes["subscriptions"]:
            self._to(socket, "error", f"Already subscribed: {json.dumps(subscription)}")
            return
        if len({*self._tracked(), subscription.get("user", "").lower()}) > self.users:
            self.violations["users"] += 1
            self._to(socket, "error", f"Cannot track more than {self.users} total users.")
            return
        socket.notes["subscriptions"].append(subscription)
        # An acknowledgement does not count as a message of the venue, and does not delay its
        # disconnect.
        self.push(
            socket,
            {
                "channel": "subscriptionResponse",
                "data": {"method": "subscribe", "subscription": dict(subscription)},
            },
        )
        for channel, data in self._snapshot(subscription):
            self._to(socket, channel, data)

    def _tracked(self) -> set[str]:
        return {
            subscription["user"].lower()
            for socket in self.sockets
            for subscription in socket.notes.get("subscriptions", ())
            if "user" in subscription
        }

    def _snapshot(self, subscription: Subscription) -> Iterable[tuple[str, Any]]:
        address, name = subscription.get("user", "").lower(), subscription["type"]
        match name:
            case "orderUpdates":
                rows = [
                    self._status(order)
                    for order in self.exchange.open_orders(address)
                    if not self.actions.groups.is_hidden(order)
                ]
                yield (
                    name,
                    [
                        {**row, "order": venue_rows.basic(self.exchange.order(row["order"]["oid"]))}
                        for row in rows
                    ],
                )
            case "userFills":
                yield (
                    name,
                    {"isSnapshot": True, "user": address, "fills": self._newest_fills(address)},
                )
            case "userFundings":
                rows = [venue_rows.pushed_funding(row) for row in self.exchange.fundings(address)]
                yield name, {"isSnapshot": True, "user": address, "fundings": rows}
            case "userNonFundingLedgerUpdates":
                rows = [venue_rows.transfer(row) for row in self.exchange.transfers(address)]
                yield name, _updates(address, rows, isSnapshot=True)
            case "openOrders":
                yield name, self._list(address, subscription.get("dex", ""))
            case "webData2":
                yield name, self._web_data(address)

    def _push_change(self, change: Change) -> None:
        """Push a change of the exchange, as the venue would."""
        address, order = change.account, change.order
        if change.fill is not None:
            self._push(
                "userFills", address, {"user": address, "fills": [venue_rows.fill(change.fill)]}
            )
        if change.funding is not None:
            self._push(
                "userFundings",
                address,
                {"user": address, "fundings": [venue_rows.pushed_funding(change.funding)]},
            )
        if change.transfer is not None:
            rows = [venue_rows.transfer(change.transfer)]
            self._push("userNonFundingLedgerUpdates", address, _updates(address, rows))
        if order is None:
            return
        is_done = change.kind is Kind.FILLED and order.status.value == "filled"
        is_hidden = self.actions.groups.is_hidden(order)
        if not is_hidden and (change.kind in REPORTED or is_done or change.kind is Kind.TRIGGERED):
            word = "triggered" if change.kind is Kind.TRIGGERED else venue_rows.status_word(order)
            self._push(
                "orderUpdates",
                address,
                [venue_rows.reported(venue_rows.basic(order), word, order.updated_at)],
            )
        self._push("openOrders", address, None)
        self._push("webData2", address, None)

    def _push(self, channel: str, address: str, data: Any) -> None:
        """Send to all subscribers; lists are made when they are sent."""
        if channel in self._kept:
            self._kept[channel].append((address, data))
            return
        if self._losing[channel] > 0:
            self._losing[channel] -= 1
            return
        self._push_now(channel, address, data)

    def _push_now(self, channel: str, address: str, data: Any) -> None:
        for socket in list(self.sockets):
            for subscription in socket.notes.get("subscriptions", ()):
                if subscription["type"] == channel and subscription["user"].lower() == address:
                    frame = (
                        data if data is not None else next(iter(self._snapshot(subscription)))[1]
                    )
                    self._to(socket, channel, frame)

    def _to(self, socket: VenueSocket, channel: str, data: Any) -> None:
        socket.notes["spoke_at"] = time.monotonic()
        self.push(socket, {"channel": channel, "data": data})


def _updates(address: str, rows: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """The data of a frame of `userNonFundingLedgerUpdates`."""
    return {"user": address, **fields, "nonFundingLedgerUpdates": rows}
