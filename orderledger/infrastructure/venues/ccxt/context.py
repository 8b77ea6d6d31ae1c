"""`Context`: what a translation needs that a unified row does not hold."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from orderledger.domain.values import Source
from orderledger.infrastructure.venues.base.venue import Records
from orderledger.infrastructure.venues.ccxt.quirks import USUAL, Quirks
from orderledger.infrastructure.venues.ccxt.vocabulary import CLIENT_ID
from orderledger.projections.view import Row

MOST_REMEMBERED = 50_000
Terms = tuple[Decimal | None, Decimal | None, Decimal | None]
"""Quantity, limit price and stop price."""


@dataclass(slots=True)
class Memory:
    """What was looked up before. Losing it costs lookups, and nothing else."""

    own_ids: dict[str, None] = field(default_factory=dict)
    terms: dict[str, Terms] = field(default_factory=dict)
    """The terms of open orders, as last reported."""

    def remember_own(self, client_id: str) -> None:
        if len(self.own_ids) >= MOST_REMEMBERED:
            self.own_ids.clear()
        self.own_ids[client_id] = None

    def is_news(self, venue_order_id: str, terms: Terms) -> bool:
        """Whether an order has other terms than at the last call."""
        if len(self.terms) >= MOST_REMEMBERED:
            self.terms.clear()
        before, self.terms[venue_order_id] = self.terms.get(venue_order_id), terms
        return before != terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`records`: None without a ledger; then every client id is taken for ours that the exchange is not known to make up.
    `heard_at` stands for the time of a report that has none of its own. `takes_trades_of_orders`: False where ccxt.pro collects
    in each order the trades that it pushes besides."""

    account: str
    quirks: Quirks = USUAL
    records: Records | None = None
    memory: Memory = field(default_factory=Memory)
    source: Source = Source.VENUE_POLL
    heard_at: datetime | None = None
    takes_trades_of_orders: bool = True

    def is_ours(self, client_id: str) -> bool:
        """Whether the ledger knows an order with this client id. Others may share one: no order is known by such an id."""
        if self.quirks.is_fake(client_id):
            return False
        if self.records is None or client_id in self.memory.own_ids:
            return True
        known = self.records.order(self.account, client_id)
        is_ours = known is not None and client_id in (known["client_order_id"], (known.get("aliases") or {}).get(CLIENT_ID))
        if is_ours:
            self.memory.remember_own(client_id)
        return is_ours

    def known(self, venue_order_id: str) -> Row | None:
        """The order of the ledger."""
        return None if self.records is None else self.records.order(self.account, venue_order_id)
