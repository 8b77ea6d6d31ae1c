"""Encodes and decodes events. Names are written by hand and never change; every shape ever stored
can be read.

A stored event is a JSON object: the envelope (recorded_at, source, ...) and, under `payload`, the
fields of the event that differ from their defaults.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from orderledger.domain.recorded import KINDS, AnyEvent, Recorded
from orderledger.infrastructure.errors import UnreadableEvent

Payload = TypeVar("Payload")

PROVISIONAL = 1 << 62
"""Events that are not stored yet have positions from here on, without gaps within a commit."""

UPCASTS: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}
"""Older name -> the next name, and the function that converts the payload. Empty: every name is at
its first version."""


class Envelope(
    msgspec.Struct,
    Generic[Payload],
    omit_defaults=True,
    frozen=True,
    gc=False,
    forbid_unknown_fields=True,
):
    """The stored fields around a payload. `at` is present only if it is neither in the payload nor
    the time of recording.

    `text` and `evidence` are in events of older versions; see `storage.kept_evidence`.
    `first_position` of a copy is the log position of the event that it repeats. If both were
    stored in one commit, it is negative: the number of positions back from the copy.
    """

    recorded_at: datetime
    source: str
    payload: Payload
    at: datetime | None = None
    actor: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    text: str | None = None
    attributed_from: tuple[str, int] | None = None
    evidence: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    evidence_hash: bytes | None = None
    text_hash: bytes | None = None
    first_position: int | None = None
    on_behalf_of: str | None = None


_encoder = msgspec.json.Encoder(decimal_format="string")
_decoders: dict[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(Envelope[kind])  # type: ignore[valid-type]
    for name, kind in KINDS.items()
}
_untyped = msgspec.json.Decoder(Envelope[dict[str, Any]])


def encode(recorded: Recorded) -> tuple[str, bytes]:
    """The stored name of an event, and its bytes."""
    event = recorded.event
    envelope = Envelope(
        recorded.recorded_at,
        recorded.source,
        event,
        recorded.at
        if recorded.at != recorded.recorded_at and getattr(event, "at", None) is None
        else None,
        recorded.actor,
        recorded.correlation_id,
        recorded.causation_id,
        recorded.text,
        recorded.attributed_from,
        msgspec.UNSET if recorded.evidence is None else msgspec.Raw(recorded.evidence),
        recorded.evidence_hash,
        recorded.text_hash,
        _stored_first(recorded.first_position, recorded.position),
        recorded.on_behalf_of,
    )
    return event.stored_name, _encoder.encode(envelope)


def decode(
    stream: str, version: int, name: str, state: bytes, position: int | None = None
) -> Recorded:
    """Decode an event stored under `name`. Raises UnreadableEvent for bytes that are not such an
    event.

    Also for unknown fields: a newer version wrote them, and dropping them would lose data.
    """
    decoder = _decoders.get(name)
    try:
        envelope = decoder.decode(state) if decoder is not None else _upcast(name, state)
    except (ValueError, TypeError, LookupError) as error:
        fault = str(error) if decoder is None else f"{name}: {error}"
        raise UnreadableEvent(stream, version, position, fault) from error
    event = envelope.payload
    recorded_at = envelope.recorded_at
    return Recorded(
        stream=stream,
        version=version,
        event=event,
        recorded_at=recorded_at,
        at=envelope.at or getattr(event, "at", None) or recorded_at,
        source=envelope.source,
        position=position,
        actor=envelope.actor,
        on_behalf_of=envelope.on_behalf_of,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
        text=envelope.text,
        evidence=None if envelope.evidence is msgspec.UNSET else bytes(envelope.evidence),
        attributed_from=envelope.attributed_from,
        evidence_hash=envelope.evidence_hash,
        text_hash=envelope.text_hash,
        first_position=_first(envelope.first_position, position),
    )


def _stored_first(first: int | None, position: int | None) -> int | None:
    return (
        first - position
        if first is not None and first >= PROVISIONAL and position is not None
        else first
    )


def _first(stored: int | None, position: int | None) -> int | None:
    return (
        stored if stored is None or stored >= 0 else None if position is None else position + stored
    )


def _upcast(name: str, state: bytes) -> Envelope[Any]:
    if name not in UPCASTS:
        raise ValueError(f"its name is {name!r}, which this version does not know")
    envelope = _untyped.decode(state)
    payload = envelope.payload
    while name in UPCASTS:
        name, change = UPCASTS[name]
        payload = change(payload)
    changed = _encoder.encode(msgspec.structs.replace(envelope, payload=payload))
    return _decoders[name].decode(changed)  # type: ignore[no-any-return]


def readable_payload(event: AnyEvent) -> dict[str, Any]:
    """The payload as it is stored: numbers and times as text."""
    payload: dict[str, Any] = msgspec.json.decode(_encoder.encode(event))
    return payload
