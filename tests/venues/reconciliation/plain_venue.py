"""A venue without a wire: what it knows is set by the test, and told in messages as an adapter
would tell it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger import Acknowledged, Balance, Canceled, Fill, Message, Replaced, parse_document
from orderledger.infrastructure.clock import Clock
from orderledger.venues import VenueUnavailable
from orderledger.venues.base.answered import answered
from orderledger.venues.base.translation import Fault
from orderledger.venues.base.venue import Abilities, Answer, FeedEvent, Listing
from tests.scenarios import ACCOUNT

LAG = timedelta(milliseconds=500)
"""By how much an answer about one order may be behind."""

ABILITIES = Abilities(
    client_ids="one order for ever",
    fill_identity="a number",
    has_fill_ids=True,
    streams=False,
    orders_reach_back="for ever",
    fills_reach_back="for ever",
)


@dataclass
class Known:
    """An order as the venue has it."""

    name: str
    cloid: str | None = None
    side: str = "buy"
    quantity: str = "10"
    price: str = "100"
    is_open: bool = True
    is_forgotten: bool = False
    is_listed: bool = True
    is_replaced: bool = False
    at: datetime | None = None
    claims: dict[str, str] = field(default_factory=dict)


class PlainVenue:
    name = "plain"
    abilities = ABILITIES

    def __init__(self, clock: Clock, account: str = ACCOUNT) -> None:
        self.accounts: Sequence[str] = (account,)
        self.accounts_asked: list[str] = []
        self.clock = clock
        self.orders: dict[str, Known] = {}
        self.fills: list[dict[str, Any]] = []
        self.held: dict[str, str] | None = None
        self.opening: dict[str, str] = {}
        self.is_down = False
        self.fault: Exception | None = None
        self.fault_of_feed: str | None = None
        self.feed: asyncio.Queue[FeedEvent | Exception | None] = asyncio.Queue()
        self.held_back: list[FeedEvent] = []
        self.hanging_up: Callable[[], None] = lambda: None
        self.asked: list[str] = []
        self.hides_fills = 0
        self.beside: list[Message] = []
        self.beside_later: list[Message] = []
        self.lists_more: list[Message] = []
        self.answers_more: list[Message] = []
        self.while_asked: Callable[[], None] = lambda: None
        self.while_positions_are_told: Callable[[], None] = lambda: None
        self.is_wordy = False
        """Whether a list tells of each order twice: that it was accepted, and how it stands."""
        self.cash: dict[str, str] = {}
        self.wallet: dict[str, Sequence[str]] | None = None
        """By currency, the amounts that it states: one, or several at odds. None: it states
        none."""
        self.sides: Sequence[tuple[str | None, str]] = []
        """Position side and quantity of each row of a list that has several rows of BTC-USD."""
        self.unread_fills: dict[datetime, Fault] = {}
        self.unread_orders: list[Fault] = []
        self.fills_begin_at: datetime | None = None

    def trade(
        self, order: str, fill_id: str, quantity: str, at: datetime, price: str = "100"
    ) -> None:
        known = self.orders[order]
        self.fills.append(
            {
                "venue_order_id": order,
                "fill_id": fill_id,
                "quantity": quantity,
                "price": price,
                "at": at,
                "side": known.side,
            }
        )

    def trade_of_the_day(self, order: str, fill_id: str, quantity: str, at: datetime) -> None:
        """An order that has traded, and was canceled after that; it stands in the list of the
        day."""
        self.orders[order] = Known(order, is_open=False, at=at)
        self.trade(order, fill_id, quantity, at)
        self.lists_more.append(self._told(self.orders[order]))

    async def listen(self) -> AsyncGenerator[FeedEvent, None]:
        """What the test puts into `feed`; an exception is raised, as by an adapter with a fault of
        its own."""
        while True:
            told = await self.feed.get()
            if told is None:
                return
            if isinstance(told, Exception):
                raise told
            yield told

    async def disconnect(self) -> None:
        self.hanging_up()
        for told in (*self.held_back, None):
            self.feed.put_nowait(told)

    def error_for(self, account: str) -> str | None:
        return self.fault_of_feed

    async def open_orders(self, account: str) -> Listing:
        self._ask("open_orders")
        self.accounts_asked.append(account)
        working = [known for known in self.orders.values() if known.is_open and known.is_listed]
        return Listing(
            messages=[
                *(message for known in working for message in self._listed(known)),
                *self.lists_more,
            ],
            venue_order_ids=frozenset(known.name for known in working),
            at=self.clock.now(),
            faults=self.unread_orders,
        )

    async def order(self, account: str, order: dict[str, Any]) -> Sequence[Message] | None:
        self._ask(f"order {order['client_order_id'] or order['venue_order_id']}")
        asked_at = self.clock.now()
        self.while_asked()
        names = {*order["venue_order_ids"], *order["aliases"].values()}
        for known in self.orders.values():
            if names & {known.name, known.cloid} and not known.is_forgotten:
                return answered(
                    [self._told(known), *self.lists_more, *self.answers_more], asked_at - LAG
                )
        return None

    async def fills_since(self, account: str, since: datetime) -> Answer:
        self._ask(f"fills since {since.isoformat()}")
        if self.hides_fills:
            self.hides_fills -= 1
            return Answer(messages=[])
        told = [fill for fill in self.fills if fill["at"] >= since]
        fills = [
            Fill(account=ACCOUNT, instrument="BTC-USD", **fill, evidence={"tid": fill["fill_id"]})
            for fill in told
        ]
        faults = [fault for at, fault in self.unread_fills.items() if at >= since]
        return Answer(
            messages=[*self.beside, *fills, *self.beside_later],
            faults=faults,
            begins_at=self.fills_begin_at,
        )

    async def positions(self, account: str) -> Sequence[Balance]:
        self._ask("positions")
        held = self._held() if self.held is None else self.held
        at = self.clock.now()
        told: dict[str, tuple[str, Decimal | None]] = {
            name: (quantity, Decimal(100)) for name, quantity in held.items()
        }
        told |= {name: (quantity, None) for name, quantity in self.cash.items()}
        balances = [
            Balance(
                account=ACCOUNT,
                instrument=name,
                quantity=Decimal(quantity),
                average_price=price,
                at=at,
            )
            for name, (quantity, price) in told.items()
        ]
        sides: dict[str, Any] = {
            "account": ACCOUNT,
            "instrument": "BTC-USD",
            "average_price": Decimal(100),
            "at": at,
        }
        balances = [
            Balance(**sides, position_side=side, quantity=quantity) for side, quantity in self.sides
        ] or balances
        balances += [
            Balance(account=ACCOUNT, currency=name, amount=Decimal(amount), at=at)
            for name, amounts in (self.wallet or {}).items()
            for amount in amounts
        ]
        self.while_positions_are_told()
        return balances

    def reports_position(self, instrument: str) -> bool:
        return True

    def reports_balance(self, currency: str) -> bool:
        return self.wallet is not None

    async def aclose(self) -> None:
        pass

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.fault is not None:
            raise self.fault
        if self.is_down:
            raise VenueUnavailable("HTTP 503")

    def _held(self) -> dict[str, str]:
        total = sum(
            Decimal(fill["quantity"]) * (1 if fill["side"] == "buy" else -1) for fill in self.fills
        )
        held = total + Decimal(self.opening.get("BTC-USD", 0))
        return {"BTC-USD": str(held)} if held else {}

    def _listed(self, known: Known) -> list[Message]:
        told = self._told(known)
        accepted = told.model_copy(update={"reported": None})
        return (
            [accepted, told.model_copy(update={"at": self.clock.now()})]
            if self.is_wordy
            else [told]
        )

    def _told(self, known: Known) -> Message:
        done = sum(
            (
                Decimal(fill["quantity"])
                for fill in self.fills
                if fill["venue_order_id"] == known.name
            ),
            Decimal(0),
        )
        claims = {
            "quantity": known.quantity,
            "cum_quantity": str(done),
            "limit_price": known.price,
            **known.claims,
        }
        kind = Canceled if not known.is_open else Replaced if known.is_replaced else Acknowledged
        terms = {"quantity": known.quantity, "limit_price": known.price} if kind is Replaced else {}
        return parse_document(
            {
                "type": kind.model_fields["type"].default,
                "account": ACCOUNT,
                "venue_order_id": known.name,
                "aliases": {} if known.cloid is None else {"plain.cloid": known.cloid},
                "instrument": "BTC-USD",
                "side": known.side,
                "at": known.at or self.clock.now(),
                "reported": claims,
                "evidence": {"order": known.name},
                **terms,
            }
        )
