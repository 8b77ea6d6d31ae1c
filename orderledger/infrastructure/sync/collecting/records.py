"""What venues' adapters ask the ledger, answered from the log by name, without bringing any view up to date.

An adapter asks while it translates, in the event loop and for every order it meets: the answer may cost as much as the events
of that one order, and nothing that grows with the log.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from orderledger.domain.orders.identity import NameKind
from orderledger.domain.orders.judgements import OrderAttributed
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import alias_text, order_stream
from orderledger.infrastructure.storage.store import Store, open_store, reaching
from orderledger.infrastructure.sync.reconciliation.book import Book, BookRecords
from orderledger.infrastructure.venues.base.venue import Records
from orderledger.infrastructure.venues.hyperliquid.vocabulary import CLOID
from orderledger.infrastructure.venues.lighter.vocabulary import CLIENT_ORDER_INDEX
from orderledger.infrastructure.venues.tradier.vocabulary import LEG_ALIAS, TAG_ALIAS
from orderledger.infrastructure.views.views import FoldedViews
from orderledger.projections import queries
from orderledger.projections.view import Row

ALIASES = (CLOID, CLIENT_ORDER_INDEX, TAG_ALIAS)
"""Under which the venues' words for an order stand. A leg's alias bears its id in its name as well."""

Names = list[tuple[NameKind, str]]


class StoredRecords:
    """Of a store, as of its last commit: orders and fills as the views would show them."""

    def __init__(self, store: Store, url: str) -> None:
        self._store = store
        self._url = url

    def order(self, account: str, name: str) -> Row | None:
        """The order that bears this id: ours, the venue's, or an alias's value. None if there is none, or more than one."""
        return self._orders(account, {name: _any_name(name)}).get(name)

    def orders_named(self, account: str, names: Sequence[str], *, alias: str) -> dict[str, Row]:
        """Those of the names that one order bears as our id, or as the value of this alias, with it."""
        return self._orders(account, {name: _name_of_ours(name, alias) for name in names})

    def trades(self, account: str, venue_order_id: str) -> list[Row]:
        """Its standing fills, under this id of the venue."""
        views = self._folded(account, {venue_order_id: _any_name(venue_order_id)}).get(venue_order_id)
        return [] if views is None else queries.trades(views, account=account, venue_order_id=venue_order_id)

    def trades_of(self, order: Row) -> list[Row]:
        """The standing fills of an order, under whichever of its venue's ids."""
        with reaching(self._url):
            views = FoldedViews(self._events_of(order["stream"]), None, None, self._events_of)
        return queries.trades(views, stream=order["stream"])

    def _events_of(self, stream: str) -> list[Recorded]:
        return self._store.events_of([stream]).get(stream, [])

    def _orders(self, account: str, asked: Mapping[str, Names]) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for name, views in self._folded(account, asked).items():
            rows = queries.orders(views, account=account)
            exact = [row for row in rows if row["client_order_id"] == name] or rows
            if len(exact) == 1:
                found[name] = exact[0]
        return found

    def _folded(self, account: str, asked: Mapping[str, Names]) -> dict[str, FoldedViews]:
        """Of each name that is known, the orders that bear it. No order bears one that cannot be printed."""
        asked = {name: of_name for name, of_name in asked.items() if name.isprintable()}
        if not asked:
            return {}
        with reaching(self._url):
            streams = self._streams(account, asked)
            stored = self._store.events_of(list(dict.fromkeys(stream for of_name in streams.values() for stream in of_name)))
            whole = {name: list(self._whole(of_name, stored)) for name, of_name in streams.items()} if stored else {}
        return {name: FoldedViews(events, None, None) for name, events in whole.items() if events}

    def _whole(self, streams: list[str], stored: dict[str, list[Recorded]]) -> Iterator[Recorded]:
        """The events of these streams, and of what the orders in them turned out to be."""
        for stream in streams:
            for recorded in stored.get(stream, ()):
                yield recorded
                if isinstance(recorded.event, OrderAttributed) and (other := recorded.event.to) not in streams:
                    streams.append(other)
                    stored |= {} if other in stored else self._store.events_of([other])

    def _streams(self, account: str, asked: Mapping[str, Names]) -> dict[str, list[str]]:
        """Of each name the streams of the orders that may bear it. Names of an order that was attributed are the other's."""
        by_kind: dict[str, list[str]] = {}
        for of_name in asked.values():
            for kind, word in of_name:
                by_kind.setdefault(kind.value, []).append(word)
        bound = self._store.recorder.streams_named(account, by_kind)
        return {
            name: list(dict.fromkeys([order_stream(account, name), *(bound[one] for one in of_name if one in bound)]))
            for name, of_name in asked.items()
        }


def _any_name(name: str) -> Names:
    aliases = [alias_text(alias, name) for alias in (*ALIASES, f"{LEG_ALIAS}{name}")]
    return [(NameKind.CLIENT, name), (NameKind.VENUE, name), *((NameKind.ALIAS, alias) for alias in aliases)]


def _name_of_ours(name: str, alias: str) -> Names:
    return [(NameKind.CLIENT, name), (NameKind.ALIAS, alias_text(alias, name))]


@contextmanager
def records_of(url: str, book: Book) -> Iterator[Records]:
    """The records of a book's store. A store in memory cannot be opened twice: there, the book is asked."""
    if url == "memory://":
        yield BookRecords(book)
        return
    store = open_store(url)
    try:
        yield StoredRecords(store, url)
    finally:
        store.close()
