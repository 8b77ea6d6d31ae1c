"""Events as people and machines read them, from the bytes in which they are stored."""

from typing import Any

import msgspec

from orderledger.infrastructure.storage.codec import UPCASTS, decode, name_of, readable_payload
from orderledger.infrastructure.storage.recording import Row as StoredRow
from orderledger.projections.history import event_row
from orderledger.projections.tables import Row


class Stored(msgspec.Struct, gc=False):
    """What of a stored event is shown as it stands there."""

    payload: dict[str, Any]


_decode = msgspec.json.Decoder(Stored).decode


def stored_event_row(stored: StoredRow) -> Row:
    """A stored event in the `event` view. One of an older shape is shown in the shape of today."""
    recorded = decode(*stored)
    if stored.name in UPCASTS:
        return event_row(recorded, name_of(recorded.event), readable_payload(recorded.event))
    return event_row(recorded, stored.name, _decode(stored.state).payload)
