"""Answers of a simulated Hyperliquid to the queries of `/info`, within a weight per minute, and to
actions at `/exchange`.

Each query has a method, by its `type`; an unknown one gets 422, one beyond the weight 429. Lists
contain at most 2000 rows, or `rows_per_page` for queries by time.
"""

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from aiohttp import web

from orderledger.simulation.hyperliquid import rows as venue_rows
from orderledger.simulation.hyperliquid.actions import Actions
from orderledger.simulation.market import ExchangeSimulator, SimulatedOrder
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.server import VenueServer
from orderledger.venues.hyperliquid.assets import assets_of
from orderledger.venues.hyperliquid.limits import weight_of, weight_of_rows
from orderledger.venues.hyperliquid.rows import milliseconds
from orderledger.venues.hyperliquid.vocabulary import is_cloid

MOST_ROWS = 2000


def _is_name(oid: Any) -> bool:
    """Whether an order can be queried by it."""
    return isinstance(oid, int) or (isinstance(oid, str) and is_cloid(oid))


LISTS: dict[str, dict[str, Any]] = {
    "meta": {
        "universe": [{"name": "BTC", "szDecimals": 5}, {"name": "ETH", "szDecimals": 4}],
        "collateralToken": 0,
    },
    "spotMeta": {
        "tokens": [
            {"name": "USDC", "szDecimals": 8, "index": 0},
            {"name": "PURR", "szDecimals": 0, "index": 1},
            {"name": "HYPE", "szDecimals": 2, "index": 150},
        ],
        "universe": [
            {"name": "PURR/USDC", "tokens": [1, 0], "index": 0},
            {"name": "@107", "tokens": [150, 0], "index": 107},
        ],
    },
}
"""The venue's lists of its instruments, main exchange and spot."""


class HyperliquidRest(VenueServer):
    """The HTTP half of `HyperliquidServer`. A `minute` allows `weight`; `violations` counts
    refusals, `most_weight` is the peak.

    `spot_balances`: balances of tokens by address, which the exchange does not keep. `spoiled`
    replaces fields in the rows of an order. With `disorder`, a seed, fills of one millisecond are
    listed in any order. `lists`: the lists of instruments.
    """

    def __init__(
        self,
        exchange: ExchangeSimulator,
        *,
        faults: Faults | None,
        weight: int,
        minute: float,
        rows_per_page: int,
    ) -> None:
        super().__init__(exchange, faults=faults)
        self.weight, self.minute, self.rows_per_page = weight, minute, rows_per_page
        self.violations: Counter[str] = Counter()
        self.most_weight = 0
        self._spent: deque[tuple[float, int]] = deque()
        self.spoiled: dict[int, dict[str, Any]] = {}
        self.spot_balances: dict[str, list[dict[str, Any]]] = {}
        self.disorder: int | None = None
        self.lists = dict(LISTS)
        self.actions = Actions(exchange, self.coin_of)
        self._forgotten: set[int] = set()

    def forget(self, order: SimulatedOrder) -> None:
        """The order is older than the last 2000: only its fills remain."""
        self._forgotten.add(order.order_id)

    def routes(self) -> Iterable[web.RouteDef]:
        return [web.post("/info", self._info), web.post("/exchange", self._exchange)]

    async def name_of(self, request: web.Request) -> str:
        try:
            asked = json.loads(await request.text())
            return str((asked.get("action") or asked)["type"])
        except (AttributeError, ValueError, TypeError, KeyError):
            return request.path

    def coin_of(self, asset: int) -> str | None:
        """The instrument of a number."""
        numbers = assets_of(self.lists["meta"], self.lists["spotMeta"])
        return next((coin for coin, number in numbers.items() if number == asset), None)

    async def _exchange(self, request: web.Request) -> web.Response:
        try:
            return self.answer(self.actions.answer(json.loads(await request.text())))
        except (ArithmeticError, KeyError, TypeError, ValueError):
            return web.Response(
                status=422, text="Failed to deserialize the JSON body into the target type"
            )

    async def _info(self, request: web.Request) -> web.Response:
        asked = json.loads(await request.text())
        answer: Callable[[str, dict[str, Any]], Any] | None = self._questions.get(asked.get("type"))
        is_known = (
            asked.get("type") in self.lists
            if asked.get("type") in LISTS
            else "user" in asked or asked.get("type") in ("allMids", "exchangeStatus")
        )
        if answer is None or not is_known or not _is_name(asked.get("oid", 0)):
            return web.Response(
                status=422, text="Failed to deserialize the JSON body into the target type"
            )
        if not self._spend(weight_of(asked["type"])):
            return web.Response(status=429, text="rate limited", headers={"Retry-After": "0"})
        document = answer(asked.get("user", "").lower(), asked)
        if isinstance(document, list):
            self._spend(weight_of_rows(asked["type"], len(document)))
        return self.answer(document)

    def _role(self, user: str, asked: dict[str, Any]) -> Any:
        """Source: hyperliquid.gitbook.io, Info endpoint, "Query a user's role"."""
        if user in self.actions.agents:
            return {"role": "agent", "data": {"user": self.actions.agents[user]}}
        return {"role": "user" if user in self.exchange.accounts else "missing"}

    def _spend(self, weight: int) -> bool:
        now = time.monotonic()
        while self._spent and self._spent[0][0] <= now - self.minute:
            self._spent.popleft()
        used = sum(spent for _, spent in self._spent) + weight
        if used > self.weight:
            self.violations["weight"] += 1
            return False
        self._spent.append((now, weight))
        self.most_weight = max(self.most_weight, used)
        return True

    @property
    def _questions(self) -> dict[str, Callable[[str, dict[str, Any]], Any]]:
        return {
            "exchangeStatus": lambda user, asked: {
                "specialStatuses": None,
                "time": int(self.exchange.clock.now().timestamp() * 1000),
            },
            "openOrders": lambda user, asked: [
                venue_rows.basic(order) for order in self._listed(user, asked.get("dex", ""))
            ],
            "frontendOpenOrders": lambda user, asked: self._list(user, asked.get("dex", ""))[
                "orders"
            ],
            "allMids": lambda user, asked: {
                name: f"{price:f}" for name, price in self.marks.items()
            },
            "userRole": self._role,
            "orderStatus": self._order_status,
            "historicalOrders": self._historical_orders,
            "userFills": lambda user, asked: self._newest_fills(user),
            "userFillsByTime": lambda user, asked: self._page(self._fills(user), asked),
            "userFunding": lambda user, asked: self._page(
                map(venue_rows.asked_funding, self.exchange.fundings(user)), asked
            ),
            "userNonFundingLedgerUpdates": lambda user, asked: self._page(
                map(venue_rows.transfer, self.exchange.transfers(user)), asked
            ),
            "clearinghouseState": lambda user, asked: venue_rows.state(
                self.exchange.positions(user), self.exchange.clock.now()
            ),
            "meta": lambda _, asked: (
                self.lists["meta"] if not asked.get("dex") else {"universe": []}
            ),
            "spotMeta": lambda _, asked: self.lists["spotMeta"],
            "spotClearinghouseState": lambda user, asked: {
                "balances": self.spot_balances.get(user, [])
            },
        }

    def _fills(self, user: str) -> list[dict[str, Any]]:
        """Fills of the account, the oldest first. The venue does not document the order within a
        millisecond.
        """
        rows = [venue_rows.fill(row) for row in self.exchange.fills(user)]
        if self.disorder is None:
            return rows
        return sorted(
            rows, key=lambda row: (row["time"], Random(f"{self.disorder} {row['tid']}").random())
        )

    def _newest_fills(self, user: str) -> list[dict[str, Any]]:
        return self._fills(user)[-MOST_ROWS:][::-1]

    def _page(self, rows: Iterable[dict[str, Any]], asked: dict[str, Any]) -> list[dict[str, Any]]:
        end = asked.get("endTime", 10**18)
        return [row for row in rows if asked["startTime"] <= row["time"] <= end][
            : self.rows_per_page
        ]

    def _order_status(self, user: str, asked: dict[str, Any]) -> Any:
        """By id, or by cloid: the newest order with that id."""
        name = asked["oid"]
        found = [
            order
            for order in self.listed(self.exchange.orders(user))
            if name in (order.order_id, order.client_id)
            and order.order_id not in self._forgotten
            and not self.actions.groups.is_hidden(order)
        ]
        return (
            {"status": "order", "order": self._status(found[-1])}
            if found
            else {"status": "unknownOid"}
        )

    def _historical_orders(self, user: str, asked: dict[str, Any]) -> list[Any]:
        """The newest first; an order that has ended also has its open row."""
        rows = []
        for order in self.listed(self.exchange.orders(user)):
            if order.order_id in self._forgotten or self.actions.groups.is_hidden(order):
                continue
            if order.status.is_ended:
                new = {**venue_rows.full(order, []), "sz": order.quantity}
                rows.append(venue_rows.reported(new, "open", order.created_at))
            rows.append(self._status(order))
        return rows[::-1][:MOST_ROWS]

    def _status(self, order: SimulatedOrder) -> dict[str, Any]:
        """An open order is reported in the state of its opening, whatever it has filled since."""
        row = venue_rows.full(order, [])
        if order.status.is_ended:
            return venue_rows.reported(row, venue_rows.status_word(order), order.updated_at)
        return venue_rows.reported(
            {**row, "sz": order.quantity}, venue_rows.status_word(order), order.created_at
        )

    def _listed(self, address: str, exchange: str) -> list[SimulatedOrder]:
        """The list of the main exchange and spot, or of a builder's exchange, by the prefix of
        its coins.
        """
        orders = [
            order
            for order in self.listed(self.exchange.open_orders(address))
            if not self._waits(order) and not self.actions.groups.is_hidden(order)
        ]
        return [order for order in orders if order.instrument.rpartition(":")[0] == exchange]

    def _waits(self, order: SimulatedOrder) -> bool:
        """Whether a list shows the order under its entry."""
        parent = order.parent_id
        return parent is not None and not self.exchange.order(parent).status.is_ended

    def _list(self, address: str, exchange: str) -> dict[str, Any]:
        listed = self._listed(address, exchange)
        orders = [
            self._spoiled_row(venue_rows.full(order, self.exchange.children(order.order_id)))
            for order in listed
        ]
        return {"dex": exchange, "user": address, "orders": orders}

    def _spoiled_row(self, row: dict[str, Any]) -> dict[str, Any]:
        return row | self.spoiled.get(row["oid"], {})

    def _web_data(self, address: str) -> dict[str, Any]:
        now = self.exchange.clock.now()
        return {
            "clearinghouseState": venue_rows.state(self.exchange.positions(address), now),
            "openOrders": self._list(address, "")["orders"],
            "serverTime": milliseconds(now),
            "isVault": False,
            "user": address,
            "twapStates": [],
        }
