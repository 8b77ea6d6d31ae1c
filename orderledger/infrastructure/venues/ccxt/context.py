"""`Context`: what a translation needs that a unified row does not hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from orderledger.domain.values import Source
from orderledger.infrastructure.venues.base.venue import Records
from orderledger.infrastructure.venues.ccxt.quirks import USUAL, Quirks, quirks_of
from orderledger.infrastructure.venues.ccxt.vocabulary import CLIENT_ID
from orderledger.projections.view import Row

MOST_REMEMBERED = 50_000
Terms = tuple[Decimal | None, Decimal | None, Decimal | None]
"""Quantity, limit price and stop price."""


@dataclass(slots=True)
class Memory:
    """What was looked up before. Losing it costs lookups, and nothing else."""

    own_ids: dict[str, str] = field(default_factory=dict)
    """Client ids of ours, each with the field of a message that names its order."""
    terms: dict[str, Terms] = field(default_factory=dict)
    """The terms of orders that the ledger has as they were last reported."""

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
    """`exchange`: its id in ccxt. None if a document does not name it: nobody knows then which client ids are made up or shared.
    `records`: None without a ledger; then every client id is taken for ours that the exchange is not known to make up.
    `heard_at` stands for the time of a report that has none of its own. `asked_at`: when one order was asked for, less the lag of
    answers. `takes_trades_of_orders`: False where ccxt.pro collects in each order the trades that it pushes besides."""

    account: str
    exchange: str | None = None
    records: Records | None = None
    memory: Memory = field(default_factory=Memory)
    source: Source = Source.VENUE_POLL
    heard_at: datetime | None = None
    asked_at: datetime | None = None
    takes_trades_of_orders: bool = True

    @property
    def quirks(self) -> Quirks:
        return USUAL if self.exchange is None else quirks_of(self.exchange)

    def names_of(self, reported: str) -> Mapping[str, Any]:
        """The fields that name an order of ours by its client id. Empty if the ledger knows none: others may share an id."""
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

    def known(self, name: str | None) -> Row | None:
        """The order of the ledger with this id or client id."""
        return None if self.records is None or name is None else self.records.order(self.account, name)
