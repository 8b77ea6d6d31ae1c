"""Generated streams with what the recorded flow lacks: fees, several accounts, cancels by several
people, anomalies that come and go, and orders with an unknown outcome."""

import random
from collections.abc import Iterator
from typing import Any

from tests.core.contract.streams import moment

INSTRUMENTS = {"sim:a": ["BTC", "ETH"], "other:b": ["BTC"]}
FEES: list[dict[str, str]] = [
    {},
    {"fee": "0.25"},
    {"fee": "-0.1", "fee_currency": "USD"},
    {"fee": "0.003", "fee_currency": "BNB"},
]
OURS = ("request", "submit", "unresolved", "request_cancel")


class Life:
    """The messages about one order, in the order of their times."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.number, self.chance = number, chance
        self.account = chance.choice(["sim:a", "sim:a", "other:b"])
        self.is_import = self.happens(0.3)
        self.second = number * 20 + chance.random()
        self.quantity, self.price = chance.randrange(1, 6), chance.randrange(90, 111)
        self.fills = self.filled = 0

    def happens(self, part: float) -> bool:
        return self.chance.random() < part

    def told(self, kind: str, **fields: Any) -> dict[str, Any]:
        self.second = round(self.second + self.chance.random() * 3 + 0.001, 6)
        source = "import" if self.is_import else "strategy" if kind in OURS else "venue_push"
        named = {"account": self.account, "client_order_id": f"C-{self.number}", "source": source}
        return {"type": kind, **named, "at": moment(self.second), **fields}

    def fill(self, kind: str = "fill", **fields: Any) -> dict[str, Any]:
        self.fills += 1
        liquidity = self.chance.choice([{}, {"liquidity": "maker"}, {"liquidity": "taker"}])
        numbers = {
            "fill_id": f"F-{self.number}-{self.fills}",
            "quantity": "1",
            "price": str(self.price + self.fills),
        }
        return self.told(kind, **{**numbers, **self.chance.choice(FEES), **liquidity, **fields})

    def messages(self) -> Iterator[dict[str, Any]]:
        yield self.request()
        yield self.told("submit")
        if self.happens(0.15):
            yield self.told("unresolved", reason="timeout")
            if self.happens(0.5):
                return
        if self.happens(0.1):
            yield self.told("rejected", reason="no_funds")
            return
        yield self.told("acknowledged", venue_order_id=f"V-{self.number}")
        yield from self.traded()
        if self.happens(0.2):
            yield from self.observed()
        if self.fills < self.quantity:
            yield from self.ended()

    def request(self) -> dict[str, Any]:
        choose = self.chance.choice
        terms = {
            "instrument": choose(INSTRUMENTS[self.account]),
            "side": choose(["buy", "sell"]),
            "order_type": "limit",
        }
        numbers = {"quantity": str(self.quantity), "limit_price": str(self.price)}
        return self.told(
            "request", **terms, **numbers, **choose([{}, {"strategy": "s"}, {"strategy": "t"}])
        )

    def traded(self) -> Iterator[dict[str, Any]]:
        for _ in range(self.chance.randrange(self.quantity + 1)):
            yield self.fill()
        self.filled = self.fills
        last = f"F-{self.number}-{self.fills}"
        if self.fills and self.happens(0.2):
            yield self.fill("fill_corrected", corrects=last, price=str(self.price + 3))
        elif self.fills and self.happens(0.2):
            self.filled -= 1
            yield self.told("fill_busted", fill_id=last)

    def observed(self) -> Iterator[dict[str, Any]]:
        """A venue claims another quantity, and perhaps the right one later."""
        yield self.told(
            "status_observed", status="new", reported={"cum_quantity": "77"}, source="venue_poll"
        )
        if self.happens(0.5):
            yield self.told(
                "status_observed",
                status="new",
                reported={"cum_quantity": str(self.filled)},
                source="venue_poll",
            )

    def ended(self) -> Iterator[dict[str, Any]]:
        if self.happens(0.1):
            yield self.fill(quantity="9")
        elif self.happens(0.6):
            requests: list[list[dict[str, str]]] = [
                [],
                [{}],
                [{"source": "operator", "actor": "anna"}, {}],
            ]
            for asked in self.chance.choice(requests):
                yield self.told("request_cancel", **asked)
            yield self.told("canceled", **self.chance.choice([{}, {"reason": "liquidation"}]))
            if self.happens(0.3):
                yield self.fill()


def definitions() -> list[dict[str, Any]]:
    return [
        {
            "type": "instrument",
            "account": account,
            "instrument": instrument,
            "currency": currency,
            "at": moment(0),
        }
        for account, instrument, currency in (
            ("sim:a", "BTC", "USD"),
            ("sim:a", "ETH", "USD"),
            ("other:b", "BTC", "EUR"),
        )
    ]


def stream(seed: int, orders: int) -> list[dict[str, Any]]:
    """Lives of orders that overlap in time, in the order of their times."""
    chance = random.Random(seed)
    told = [message for number in range(orders) for message in Life(number, chance).messages()]
    return [*definitions(), *sorted(told, key=lambda message: str(message["at"]))]
