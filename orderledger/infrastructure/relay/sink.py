"""What a relay publishes, and to what."""

from typing import Protocol

import msgspec

from orderledger.infrastructure.errors import RelayError
from orderledger.infrastructure.relay.target import Target
from orderledger.infrastructure.storage.columns import time_text
from orderledger.infrastructure.storage.recorder import Row
from orderledger.infrastructure.views.histories import stored_event_row

_json = msgspec.json.Encoder(decimal_format="number")


class Unpublished(Exception):
    """The broker did not confirm all events. Publish them again: it may have some of them."""


class Sink(Protocol):
    """A connection to a broker."""

    async def connect(self) -> int:
        """Connect. Returns the log position of the last event that the broker is known to have, 0 if that is not known."""

    async def publish(self, rows: list[Row]) -> None:
        """Publish events in order. Returns when the broker has confirmed all. Raises Unpublished otherwise."""

    async def close(self) -> None: ...


def sink_of(target: Target) -> Sink:
    """The connection to a target, which is not made yet."""
    if target.kind == "nats":
        from orderledger.infrastructure.relay.nats import NatsSink

        return NatsSink(target)
    from orderledger.infrastructure.relay.kafka import KafkaSink

    return KafkaSink(target)


def body_of(row: Row) -> bytes:
    """An event as JSON, as `orderledger tail --json` prints it."""
    shown = stored_event_row(row)
    return _json.encode({**shown, "recorded_at": time_text(shown["recorded_at"]), "at": time_text(shown["at"])})


def too_large(row: Row, size: int, limit: int) -> RelayError:
    return RelayError(f"event {row.position} has {size:,} bytes, and the broker takes at most {limit:,}: raise its limit")
