"""The events that a relay publishes, and the protocol of its target."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from orderledger.analytics.errors import RelayError
from orderledger.extend.store import LogRow, Store, columns
from orderledger.extend.views import histories
from orderledger.rows import EventRow

_json = msgspec.json.Encoder(decimal_format="number")


class Unpublished(Exception):
    """The broker did not confirm all events. Publish them again: it may already have some of
    them.
    """


class Publication(NamedTuple):
    """An event to publish: its log position, stream and name, and its JSON."""

    position: int
    stream: str
    name: str
    body: bytes


class Sink(Protocol):
    """A connection to a broker."""

    async def connect(self) -> int:
        """Connect. Returns the log position of the last event that the broker is known to have, 0
        if that is not known."""

    async def publish(self, rows: list[Publication]) -> None:
        """Publish events in order. Returns when the broker has confirmed all. Raises Unpublished
        otherwise."""

    async def close(self) -> None: ...


def publications(store: Store, rows: Sequence[LogRow]) -> list[Publication]:
    """The events as JSON, as `orderledger tail --json` prints them. Raises UnreadableEvent."""
    shown, error = histories.stored_event_rows(store, rows)
    if error is not None:
        raise error
    return [Publication(row["position"], row["stream"], row["name"], _body(row)) for row in shown]


def _body(row: EventRow) -> bytes:
    return _json.encode(
        {
            **row,
            "recorded_at": columns.time_text(row["recorded_at"]),
            "at": columns.time_text(row["at"]),
        }
    )


def too_large(row: Publication, size: int, limit: int) -> RelayError:
    return RelayError(
        f"event {row.position} has {size:,} bytes, but the broker takes at most {limit:,}: raise "
        "its limit"
    )
