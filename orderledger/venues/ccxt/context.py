"""`CcxtContext`: what a translation needs besides the unified row."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from orderledger import Side, Source
from orderledger.extend.views import Row
from orderledger.venues.base.absence import sent_ids
from orderledger.venues.base.venue import Records
from orderledger.venues.ccxt.quirks import USUAL, Quirks, quirks_of
from orderledger.venues.ccxt.reading import folded_id
from orderledger.venues.ccxt.sending.terms import waits_for_trigger
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
"""The symbol, the side, and the id in one letter case."""


@dataclass(slots=True)
class CcxtMemory:
    """Earlier look-ups and translations. Holds the last `MOST_REMEMBERED` of each kind."""

    own_ids: dict[str, str] = field(default_factory=dict)
    """Our client ids, each with the field of a message that identifies its order."""
    terms: dict[str, Terms] = field(default_factory=dict)
    """The last reported terms of the ledger's orders."""

    trades: dict[TradeKey, KnownTrade] = field(default_factory=dict)
    """Trades with an id."""
    orders: dict[str, dict[str, str | None]] = field(default_factory=dict)
    """The orders of trades without an id, by their other fields: each in one letter case, with
    its first spelling. None: no order.
    """

    def remember_trade(self, key: TradeKey, trade: KnownTrade) -> None:
        if len(self.trades) >= MOST_REMEMBERED:
            del self.trades[next(iter(self.trades))]
        self.trades[key] = trade

    def orders_of_trades(self, numbers: str) -> dict[str, str | None]:
        """The orders of the trades without an id that have these fields. The caller may add to
        it.
        """
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
class CcxtContext:
    """`exchange`: its id in ccxt. None if a document does not name it: then it is not known which
    client ids are made up or shared.

    `records`: None without a ledger; then every client id counts as ours unless the exchange is
    known to make it up.

    `received_at` replaces a missing time of a report.

    `asked_at`: the time of a query about one order, minus the lag of answers.

    `takes_trades_of_orders`: False if ccxt.pro collects in each order the trades that it also
    pushes.

    `size_of`: the size of one contract of a symbol, if it is known.

    `equal_trades`: counts trades without an id if several documents are one answer; None if each
    document is an answer.
    """

    account: str
    exchange: str | None = None
    records: Records | None = None
    memory: CcxtMemory = field(default_factory=CcxtMemory)
    source: Source = Source.VENUE_POLL
    received_at: datetime | None = None
    asked_at: datetime | None = None
    takes_trades_of_orders: bool = True
    equal_trades: Counter[str] | None = None
    size_of: Callable[[str], Decimal | None] = lambda symbol: None

    @property
    def quirks(self) -> Quirks:
        return USUAL if self.exchange is None else quirks_of(self.exchange)

    def names_of(self, reported: str) -> Mapping[str, Any]:
        """The fields that identify one of our orders by its client id. Empty if the ledger has
        none: others may share an id.
        """
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
            is_alias = client_id in sent_ids(known.get("aliases"), CLIENT_ID)
            if not is_alias and known.get("client_order_id") != client_id:
                return {}
            self.memory.remember_own(client_id, "aliases" if is_alias else "client_order_id")
        name = self.memory.own_ids[client_id]
        return {name: both[name]}

    def names_for(
        self, venue_order_id: str, reported: str | None, side: Side | None
    ) -> Mapping[str, Any]:
        """As `names_of`, for a row with this id of the exchange and this side. Empty if the row is
        of another order than its client id: an exchange may report ids in another letter case, or
        cut."""
        if reported is None:
            return {}
        named = self.names_of(reported)
        if not named or self.records is None:
            return named
        owner, order = self.known(venue_order_id), self.known(self.quirks.folded(reported))
        if owner is not None and owner.get("origin") == "own":
            is_other = order is not None and owner["client_order_id"] != order["client_order_id"]
            return {} if is_other else named
        if order is None or not self.quirks.is_one_order:
            return named
        is_taken = bool(order.get("venue_order_ids")) and not waits_for_trigger(order)
        return {} if is_taken or side not in (None, order.get("side")) else named

    def spelling_of(self, venue_order_id: str) -> str:
        """The id in the form that we record: as the ledger has it already, else in one letter
        case if case has no meaning.
        """
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
