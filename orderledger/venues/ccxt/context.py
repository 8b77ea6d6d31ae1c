"""`Context`: what a translation needs that a unified row does not hold."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from orderledger import Source
from orderledger.extend.views import Row
from orderledger.venues.base.venue import Records
from orderledger.venues.ccxt.quirks import USUAL, Quirks, quirks_of
from orderledger.venues.ccxt.reading import folded_id
from orderledger.venues.ccxt.vocabulary import CLIENT_ID

MOST_REMEMBERED = 50_000
Terms = tuple[Decimal | None, Decimal | None, Decimal | None]
"""Quantity, limit price and stop price."""


class KnownTrade(NamedTuple):
    """A trade that was translated before. `at`: in milliseconds."""

    fill_id: str
    venue_order_id: str | None
    price: Decimal | None
    amount: Decimal | None
    at: int | None


TradeKey = tuple[str | None, str | None, str]
"""The symbol, the side, and the id in one case."""


@dataclass(slots=True)
class Memory:
    """What was looked up or translated before. It holds the last `MOST_REMEMBERED` of each kind."""

    own_ids: dict[str, str] = field(default_factory=dict)
    """Client ids of ours, each with the field of a message that names its order."""
    terms: dict[str, Terms] = field(default_factory=dict)
    """The terms of orders that the ledger has as they were last reported."""

    trades: dict[TradeKey, KnownTrade] = field(default_factory=dict)
    """Trades with an id."""
    orders: dict[str, dict[str, str | None]] = field(default_factory=dict)
    """The orders of trades without an id, by their other fields: each in one case, with its first
    spelling. None: no order."""

    def remember_trade(self, key: TradeKey, trade: KnownTrade) -> None:
        if len(self.trades) >= MOST_REMEMBERED:
            del self.trades[next(iter(self.trades))]
        self.trades[key] = trade

    def orders_of_trades(self, numbers: str) -> dict[str, str | None]:
        """The orders of the trades without an id that have these fields. It may be added to."""
        if numbers not in self.orders and len(self.orders) >= MOST_REMEMBERED:
            del self.orders[next(iter(self.orders))]
        return self.orders.setdefault(numbers, {})

    def remember_own(self, client_id: str, name: str) -> None:
        if len(self.own_ids) >= MOST_REMEMBERED:
            self.own_ids.clear()
        self.own_ids[client_id] = name

    def terms_of(self, venue_order_id: str) -> Terms | None:
        return self.terms.get(venue_order_id)

    def note_terms(self, venue_order_id: str, terms: Terms) -> None:
        if len(self.terms) >= MOST_REMEMBERED:
            self.terms.clear()
        self.terms[venue_order_id] = terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`exchange`: its id in ccxt. None if a document does not name it: nobody knows then which
    client ids are made up or shared. `records`: None without a ledger; then every client id is
    taken for ours that the exchange is not known to make up. `heard_at` stands for the time of a
    report that has none of its own. `asked_at`: when one order was asked for, less the lag of
    answers. `takes_trades_of_orders`: False where ccxt.pro collects in each order the trades that
    it pushes besides. `equal_trades`: counts trades without an id where several documents are one
    answer; None where each is one."""

    account: str
    exchange: str | None = None
    records: Records | None = None
    memory: Memory = field(default_factory=Memory)
    source: Source = Source.VENUE_POLL
    heard_at: datetime | None = None
    asked_at: datetime | None = None
    takes_trades_of_orders: bool = True
    equal_trades: Counter[str] | None = None

    @property
    def quirks(self) -> Quirks:
        return USUAL if self.exchange is None else quirks_of(self.exchange)

    def names_of(self, reported: str) -> Mapping[str, Any]:
        """The fields that name an order of ours by its client id. Empty if the ledger knows none:
        others may share an id."""
        client_id = self.quirks.folded(reported)
        both = {"client_order_id": client_id, "aliases": {CLIENT_ID: client_id}}
        if self.quirks.is_fake(client_id):
            return {}
        if self.records is None:
            return {} if self.exchange is None else both
        if client_id not in self.memory.own_ids:
            known = self.records.order(self.account, client_id)
            if known is None:
                return {}
            is_alias = (known.get("aliases") or {}).get(CLIENT_ID) == client_id
            if not is_alias and known.get("client_order_id") != client_id:
                return {}
            self.memory.remember_own(client_id, "aliases" if is_alias else "client_order_id")
        name = self.memory.own_ids[client_id]
        return {name: both[name]}

    def spelling_of(self, venue_order_id: str) -> str:
        """The id as we write it: as the ledger has it already, else in one case if case has no
        meaning."""
        folded = folded_id(venue_order_id)
        return (
            venue_order_id
            if folded == venue_order_id or self.known(venue_order_id) is not None
            else folded
        )

    def has_fill(self, venue_order_id: str, fill_id: str) -> bool:
        """Whether the ledger has this fill of this order."""
        trades = [] if self.records is None else self.records.trades(self.account, venue_order_id)
        return any(trade["fill_id"] == fill_id for trade in trades)

    def known(self, name: str | None) -> Row | None:
        """The order of the ledger with this id or client id."""
        return (
            None if self.records is None or name is None else self.records.order(self.account, name)
        )
