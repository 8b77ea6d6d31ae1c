"""`SpotTable`: a polled spot venue as data. Its paths, fields and words are written as the venue's
documentation has them; the modules beside this one do the rest.

A part that does not fit the table is a small function of the venue, named in the table.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Literal, Protocol, TypeAlias

from orderledger import Message, OrderType, PositionMode, Side
from orderledger import OrderStatus as Status
from orderledger.venues.base.client_ids import ClientIds
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import PayloadRow, needed_word
from orderledger.venues.base.order_entry import EntryAbilities
from orderledger.venues.base.refusals import Refusals
from orderledger.venues.base.symbols import SymbolTable
from orderledger.venues.base.transport.pacing import ORDERS
from orderledger.venues.base.transport.rate_limiter import RateLimiter
from orderledger.venues.base.venue import Abilities
from orderledger.venues.polled.books import BookQuery
from orderledger.venues.polled.order_rows import PolledOrderState, RowContext, reported
from orderledger.venues.polled.requests import ByName, OcoPlacing, Paging, Placing, Query

RowKind: TypeAlias = Literal["order", "fill", "balance"]
Market: TypeAlias = tuple[str, str, Decimal | None, Decimal | None]
"""Base and quote in the venue's codes, tick and lot."""


class RowReaders(Protocol):
    """Reads rows by the table, for payloads of another form."""

    def order(self, row: PayloadRow, context: RowContext) -> Iterator[Message]: ...

    def fill(self, row: PayloadRow, context: RowContext) -> Iterator[Message]: ...


ReadOther: TypeAlias = Callable[[RowReaders, PayloadRow, RowContext], Iterable[Message]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The places of rows in the venue's answers.

    `lists`: paths such as `result.orders`, by the kind of their rows; the first path with a list
    counts, `.*` names the values of an object, and the empty path is the answer itself. `one_order`
    is the path of a single order, an object with `one_order_has`; the first of these fields names
    it. `other` are payloads of another form, by a field that they have. A payload without rows and
    without any of the fields `known_by` is not the venue's.
    """

    lists: Mapping[str, RowKind]
    one_order: str
    one_order_has: Sequence[str] = ()
    known_by: Sequence[str]
    other: Mapping[str, ReadOther] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFields:
    """The fields of an order's row. An empty name is a field that the venue lacks.

    `made_at`, `changed_at`: the first field that exists counts. `market_price`: the word in place
    of the price of a market order. `is_active`: a field that is false of an order that has ended.
    """

    id: str
    has_number_as_id: bool = False
    client_id: str
    symbol: Callable[[PayloadRow], str] = lambda row: needed_word(row, "symbol")
    side: str = "side"
    status: str = "status"
    order_type: str = "type"
    quantity: str
    filled: str
    average_price: str = ""
    limit_price: str = "price"
    market_price: str = ""
    stop_price: str = ""
    made_at: Sequence[str]
    changed_at: Sequence[str] = ()
    is_active: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillFields:
    """The fields of a fill.

    Fills that orders list have no ids: `within` is the field of the order's row with the list.
    Fills with ids come from a list of their own, and name their order in `order_id`. Without
    `fee_currency`, the fee is paid in the currency received. Fills have numbers as ids where orders
    have.
    """

    within: str = ""
    id: str = ""
    order_id: str = ""
    side: str = ""
    at: str
    quantity: str = "quantity"
    price: str = "price"
    fee: str = "fee"
    fee_currency: str = ""
    liquidity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A refusal in the venue's words. `code` is looked up in the venue's table."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotTable:
    """A polled spot venue whose key names the account.

    What it is:
    - `alias`: the alias under which an order is recorded before it is sent.
    - `account_note`: a sentence about the account of a key, for the reference of settings.
    - `networks`: the addresses of its networks, by name; the first is the default.
    - `is_signed`: whether requests are signed, by a function of the user.
    - `position_mode`: `net` where the venue trades spot alone.

    Requests:
    - `headers`: the headers of every request; `{token}` is replaced by the key.
    - `per_minute`: the limits by path; that of the empty path is for all others.
    - `orders_per_second`: of requests that place or cancel orders, counted in `order_window`
      seconds. A path in `per_minute` has its own limit instead.
    - `pause_field`: the field of a refusal that says how many seconds to wait.
    - `fills`: the list of fills, where the venue has one, and `fills_reach`, how far it goes back.
    - `is_order_id`: whether a text can be an id. The venue refuses a query with another.
    - `client_id_ends`: a client id finds an order only until the order has ended.
    - `book`: the order book of an instrument, where the documentation has it. The marks of
      `connect` come from it. `per_minute` has its limit under `path` as it is written there.
    - `receipt_field`: the field of an answer to a cancel that only says that it was received. The
      answer to an order then has its id alone.

    Answers:
    - `accepted`: the field and the value of an answer that is not a refusal.
    - `refusal_in` gives the refusal that an answer is, None for another answer; `refusals` what
      each proves. `is_unknown_order`: whether the status and document of a refusal mean that the
      venue does not know the order.
    - `market_rows`: the path of the rows in the list of instruments, or what makes them of it.
      `read_market` gives the terms of a row, or None if it has none; it may raise Unreadable.
    - `utc_offset`: the offset of times that have none.

    Rows:
    - `held_currency`, `held_quantity`: the fields of what is held of a currency, with what open
      orders block.

    Words, compared in lower case:
    - `order_types` are compared without `_`. They are what the venue can be sent.
    - `statuses`: the ledger's status of each word. Where words are not enough, `status_of` gives
      the status of a row of a type, with the terms of its instrument; None where it is unknown.
    - `says_more`: words that say more than their status. They are kept as the reason.
    - `undated_ends`: the ends that a row without a time of change leaves undated.
    - `reports` makes the messages of the state of an order, by default its one report.
    """

    name: str
    alias: str
    client_ids: ClientIds
    markets: SymbolTable
    account_note: str = ""
    networks: Mapping[str, str]
    is_signed: bool = False
    position_mode: PositionMode | None = PositionMode.NET

    headers: Mapping[str, str]
    per_minute: Mapping[str, int]
    orders_per_second: float | None = None
    order_window: float = 1.0
    pause_field: str = ""
    open_orders: Sequence[Query]
    new_orders: Query
    fills: Query | None = None
    fills_reach: timedelta | None = None
    paging: Paging
    one_order: ByName
    is_order_id: Callable[[str], bool] = bool
    client_id_ends: bool = False
    balances: Query
    instruments: Query
    book: BookQuery | None = None
    place: Placing
    oco: OcoPlacing | None = None
    cancel: ByName
    receipt_field: str = ""

    accepted: tuple[str, str | bool] | None = None
    refusal_in: Callable[[PayloadRow], Refusal | None]
    refusals: Refusals
    is_unknown_order: Callable[[int, PayloadRow], bool]
    answers: Answers
    market_rows: str | Callable[[PayloadRow], list[PayloadRow]]
    read_market: Callable[[PayloadRow], Market | None]
    utc_offset: str = ""

    order: OrderFields
    fill: FillFields
    held_currency: str
    held_quantity: str
    sides: Mapping[Side, str]
    order_types: Mapping[OrderType, str]
    statuses: Mapping[str, Status]
    status_of: Callable[[PayloadRow, OrderType | None, Terms | None], Status | None] | None = None
    says_more: frozenset[str] = frozenset()
    undated_ends: frozenset[Status] = frozenset()
    reports: Callable[[PolledOrderState, RowContext, PayloadRow], Iterable[Message]] = reported

    client_id_rule: str
    fill_identity: str = (
        "made here: the order, its time, price and quantity, and its number among equals"
    )
    orders_reach_back: str = "not stated"
    fills_reach_back: str = (
        "with their orders; of an order that was made a day before, if the ledger knows it to be "
        "open"
    )

    @property
    def abilities(self) -> Abilities:
        return Abilities(
            client_ids=self.client_id_rule,
            fill_identity=self.fill_identity,
            has_fill_ids=self.fills is not None,
            streams=False,
            orders_reach_back=self.orders_reach_back,
            fills_reach_back=self.fills_reach_back,
            lists_transfers=False,
        )

    @property
    def entry_abilities(self) -> EntryAbilities:
        return EntryAbilities(
            cancels_by_client_id=True,
            orders_per_second=self.orders_per_second,
            order_types=frozenset(map(str, self.order_types)),
            groups_by_setting=frozenset({"oco"} if self.oco is not None else ()),
        )

    @property
    def order_limits(self) -> Mapping[str, RateLimiter]:
        """The limits of requests that place or cancel orders, as new counters."""
        paths = {self.place.path, self.cancel.path} & {*self.per_minute}
        limits = {path: RateLimiter(self.per_minute[path]) for path in paths}
        if self.orders_per_second is None:
            return limits
        most = max(round(self.orders_per_second * self.order_window), 1)
        return {**limits, ORDERS: RateLimiter(most, self.order_window)}

    def order_costs(self, path: str) -> Mapping[str, int]:
        """The cost of a request that places or cancels an order."""
        if path in self.per_minute:
            return {path: 1}
        return {ORDERS: 1} if self.orders_per_second is not None else {}

    def headers_of(self, token: str) -> dict[str, str]:
        return {name: value.format(token=token) for name, value in self.headers.items()}

    def order_id(self, name: str) -> str | int:
        """An order's id as requests have it."""
        return int(name) if self.order.has_number_as_id else name

    def is_accepted(self, document: object) -> bool:
        """Whether an answer is an object, and not a refusal."""
        if not isinstance(document, dict) or self.accepted is None:
            return isinstance(document, dict)
        return document.get(self.accepted[0]) == self.accepted[1]

    def refusal(self, document: object) -> Refusal | None:
        """The refusal in an answer; None for any other answer."""
        return self.refusal_in(document) if isinstance(document, dict) else None

    def is_turned_away(self, document: object) -> bool:
        """Whether an answer states that the venue did not look at the request."""
        refusal = self.refusal(document)
        return refusal is not None and self.refusals.turns_away(refusal.code)
