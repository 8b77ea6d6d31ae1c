"""`StoredRecords`: answers adapters' queries about the ledger from the log, without updating any
view.

An adapter queries it while translating, in the event loop and for every order. A query may take as
long as the events of that order need, but must not grow with the log.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orderledger.extend.events import NameKind, Recorded, judgements
from orderledger.extend.store import Store, open_store, reaching
from orderledger.extend.values import stream_names
from orderledger.extend.views import FoldedViews, Row, queries
from orderledger.venues.base.adapter import Adapter
from orderledger.venues.base.venue import Records
from orderledger.venues.reconciliation.book import BookRecords

if TYPE_CHECKING:
    from orderledger import Ledger

Names = list[tuple[NameKind, str]]


class StoredRecords:
    """Orders and fills of a store, as of its last commit and as the views would show them.

    `adapters`: the venues whose order names can be queried.
    """

    def __init__(self, store: Store, url: str, adapters: Sequence[Adapter]) -> None:
        self._store = store
        self._url = url
        self._adapters = adapters

    def order(self, account: str, name: str) -> Row | None:
        """The order with this id: the client's, the venue's, or the value of an alias. None if
        there is none, or more than one."""
        return self._orders(account, {name: self._any_name(name)}).get(name)

    def orders_named(self, account: str, names: Sequence[str], *, alias: str) -> dict[str, Row]:
        """The orders with these names, which are client order ids or values of this alias."""
        return self._orders(account, {name: _name_of_ours(name, alias) for name in names})

    def trades(self, account: str, venue_order_id: str) -> list[Row]:
        """The active fills of the order with this venue id."""
        views = self._folded(account, {venue_order_id: self._any_name(venue_order_id)}).get(
            venue_order_id
        )
        return (
            []
            if views is None
            else queries.trades(views, account=account, venue_order_id=venue_order_id)
        )

    def trades_of(self, order: Row) -> list[Row]:
        """The active fills of an order, under all of its venue ids."""
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
        """The orders with each name; names without an order are left out. Unprintable names are
        skipped.
        """
        asked = {name: of_name for name, of_name in asked.items() if name.isprintable()}
        if not asked:
            return {}
        with reaching(self._url):
            streams = self._streams(account, asked)
            stored = self._store.events_of(
                list(dict.fromkeys(stream for of_name in streams.values() for stream in of_name))
            )
            whole = (
                {name: list(self._whole(of_name, stored)) for name, of_name in streams.items()}
                if stored
                else {}
            )
        return {name: FoldedViews(events, None, None) for name, events in whole.items() if events}

    def _whole(self, streams: list[str], stored: dict[str, list[Recorded]]) -> Iterator[Recorded]:
        """The events of these streams, and of the orders to which orders in them were
        attributed.
        """
        for stream in streams:
            for recorded in stored.get(stream, ()):
                yield recorded
                if (
                    isinstance(recorded.event, judgements.OrderAttributed)
                    and (other := recorded.event.to) not in streams
                ):
                    streams.append(other)
                    stored |= {} if other in stored else self._store.events_of([other])

    def _streams(self, account: str, asked: Mapping[str, Names]) -> dict[str, list[str]]:
        """The streams of the orders that may have each name. The names of an attributed order
        belong to the other one."""
        by_kind: dict[str, list[str]] = {}
        for of_name in asked.values():
            for kind, word in of_name:
                by_kind.setdefault(kind.value, []).append(word)
        bound = self._store.recorder.streams_named(account, by_kind)
        return {
            name: list(
                dict.fromkeys(
                    [
                        stream_names.order_stream(account, name),
                        *(bound[one] for one in of_name if one in bound),
                    ]
                )
            )
            for name, of_name in asked.items()
        }

    def _any_name(self, name: str) -> Names:
        aliases = [
            stream_names.alias_text(alias, name)
            for adapter in self._adapters
            for alias in adapter.aliases_of(name)
        ]
        return [
            (NameKind.CLIENT, name),
            (NameKind.VENUE, name),
            *((NameKind.ALIAS, alias) for alias in aliases),
        ]


def _name_of_ours(name: str, alias: str) -> Names:
    return [(NameKind.CLIENT, name), (NameKind.ALIAS, stream_names.alias_text(alias, name))]


@contextmanager
def records_of(url: str, book: "Ledger", adapters: Sequence[Adapter]) -> Iterator[Records]:
    """The records of a book's store, for these adapters. A store in memory cannot be opened
    twice: there, the book is queried.
    """
    if url == "memory://":
        yield BookRecords(book)
        return
    store = open_store(url)
    try:
        yield StoredRecords(store, url, adapters)
    finally:
        store.close()
