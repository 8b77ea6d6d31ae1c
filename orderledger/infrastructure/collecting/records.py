"""What venues' adapters ask the ledger, answered from the log by name, without bringing any view up to date.

An adapter asks while it translates, in the event loop and for every order it meets: the answer may cost as much as the events
of that one order, and nothing that grows with the log.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from orderledger.domain.events import OrderAttributed
from orderledger.domain.identity import NameKind
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import order_stream
from orderledger.infrastructure.reconciliation.book import Book, BookRecords
from orderledger.infrastructure.storage.recording import EVENTS_TABLE, NAMES_TABLE
from orderledger.infrastructure.storage.store import Store, open_store, reaching
from orderledger.infrastructure.storage.views import FoldedViews
from orderledger.infrastructure.venues.hyperliquid.words import CLOID
from orderledger.infrastructure.venues.lighter.words import CLIENT_ORDER_INDEX
from orderledger.infrastructure.venues.tradier.words import LEG_ALIAS, TAG_ALIAS
from orderledger.infrastructure.venues.venue import Records
from orderledger.projections import queries
from orderledger.projections.tables import Row

ALIASES = (CLOID, CLIENT_ORDER_INDEX, TAG_ALIAS)
"""Under which the venues' words for an order stand. A leg's alias bears its id in its name as well."""

_NAMED = " UNION ALL ".join(
    [f"SELECT stream FROM {NAMES_TABLE} WHERE account = ? AND kind = ? AND name = ?"] * (len(ALIASES) + 3)
    + [f"SELECT originator_id FROM {EVENTS_TABLE} WHERE originator_id = ? AND originator_version = 1"]
)


class StoredRecords:
    """Of a store, as of its last commit: orders and fills as the views would show them."""

    def __init__(self, store: Store, url: str) -> None:
        self._store = store
        self._url = url

    def order(self, account: str, name: str) -> Row | None:
        """The order that bears this id: ours, the venue's, or an alias's value. None if there is none, or more than one."""
        views = self._folded(account, name)
        rows = [] if views is None else queries.orders(views, account=account)
        exact = [row for row in rows if row["client_order_id"] == name] or rows
        return exact[0] if len(exact) == 1 else None

    def trades(self, account: str, venue_order_id: str) -> list[Row]:
        """Its standing fills, under this id of the venue."""
        views = self._folded(account, venue_order_id)
        return [] if views is None else queries.trades(views, account=account, venue_order_id=venue_order_id)

    def _folded(self, account: str, name: str) -> FoldedViews | None:
        """Of the orders that bear the name; None where nobody does."""
        with reaching(self._url):
            events = list(self._events(account, name))
        return FoldedViews(events, None, None, lambda name: set()) if events else None

    def _events(self, account: str, name: str) -> Iterator[Recorded]:
        """Of the orders that bear the name, and of those that they turned out to be."""
        streams = self._streams(account, name)
        while streams:
            found = [event for events in self._store.events_of(streams).values() for event in events]
            yield from found
            known = {event.stream for event in found}
            followed = dict.fromkeys(event.event.to for event in found if isinstance(event.event, OrderAttributed))
            streams = [stream for stream in followed if stream not in known]

    def _streams(self, account: str, name: str) -> list[str]:
        aliases = [f"{alias}={name}" for alias in ALIASES] + [f"{LEG_ALIAS}{name}={name}"]
        names = [(NameKind.CLIENT, name), (NameKind.VENUE, name), *((NameKind.ALIAS, alias) for alias in aliases)]
        asked = [part for kind, word in names for part in (account, kind.value, word)]
        with self._store.database.reading() as session:
            rows = session.execute(_NAMED, (*asked, order_stream(account, name)))
        return list(dict.fromkeys(stream for (stream,) in rows))


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
