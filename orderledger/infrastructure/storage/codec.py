"""Events to bytes and back. Names are written by hand and never change; every shape that ever landed can be read.

A stored event is a JSON object: the envelope (recorded_at, source, ...) and in it, under `payload`, the fields of the
event that differ from their defaults.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from orderledger.domain import accounts, proposals
from orderledger.domain.orders import events
from orderledger.domain.recorded import AnyFact, Recorded
from orderledger.domain.values import Reported
from orderledger.infrastructure.errors import UnreadableEvent

Payload = TypeVar("Payload")

NAMES: dict[type[AnyFact], str] = {
    events.OrderRequested: "order_requested.v1",
    events.OrderDenied: "order_denied.v1",
    events.OrderSubmitted: "order_submitted.v1",
    events.SubmissionUnresolved: "submission_unresolved.v1",
    events.CancelRequested: "cancel_requested.v1",
    events.ReplaceRequested: "replace_requested.v1",
    events.OrderAcknowledged: "order_acknowledged.v1",
    events.OrderRejected: "order_rejected.v1",
    events.FillRecorded: "fill_recorded.v1",
    events.FillCorrected: "fill_corrected.v1",
    events.FillBusted: "fill_busted.v1",
    events.OrderCanceled: "order_canceled.v1",
    events.CancelRejected: "cancel_rejected.v1",
    events.ReplaceRejected: "replace_rejected.v1",
    events.OrderReplaced: "order_replaced.v1",
    events.OrderExpired: "order_expired.v1",
    events.OrderTriggered: "order_triggered.v1",
    events.OrderSuspended: "order_suspended.v1",
    events.OrderResumed: "order_resumed.v1",
    events.OrderReinstated: "order_reinstated.v1",
    events.OrderStopped: "order_stopped.v1",
    events.OrderDoneForDay: "order_done_for_day.v1",
    events.OrderRestated: "order_restated.v1",
    events.StatusObserved: "status_observed.v1",
    events.OrderAbsent: "order_absent.v1",
    events.AnomalyDetected: "anomaly_detected.v1",
    events.AnomalyCleared: "anomaly_cleared.v1",
    events.OrderAttributed: "order_attributed.v1",
    proposals.ProposalMade: "proposal_made.v1",
    proposals.ProposalApproved: "proposal_approved.v1",
    proposals.ProposalDeclined: "proposal_declined.v1",
    accounts.InstrumentDefined: "instrument_defined.v1",
    accounts.MarkRecorded: "mark_recorded.v1",
    accounts.FundingRecorded: "funding_recorded.v1",
    accounts.PositionAdjusted: "position_adjusted.v1",
    accounts.GapRecorded: "gap_recorded.v1",
    accounts.BalanceReported: "balance_reported.v1",
    accounts.ReconciliationCertified: "reconciliation_certified.v1",
}

UPCASTS: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}
"""An older name -> the next name, and how its payload becomes the next one's. Empty: every name is at its first version."""


class Envelope(msgspec.Struct, Generic[Payload], omit_defaults=True, frozen=True, gc=False):
    """What stands around a payload in the store. `at` only where it is neither in the payload nor the time of recording."""

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


_encoder = msgspec.json.Encoder(decimal_format="string")
_decoders: dict[str, msgspec.json.Decoder[Any]] = {name: msgspec.json.Decoder(Envelope[kind]) for kind, name in NAMES.items()}  # type: ignore[valid-type]
_untyped = msgspec.json.Decoder(Envelope[dict[str, Any]])


def _defaults(kind: type[AnyFact]) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, None if field.default is MISSING else field.default) for field in fields(kind))


_FIELDS = {kind: _defaults(kind) for kind in NAMES}
_CLAIMS = tuple(field.name for field in fields(Reported))


def payload_of(event: AnyFact) -> dict[str, Any]:
    """The fields of an event that differ from their defaults, in the order they are declared."""
    payload = {}
    for name, default in _FIELDS[type(event)]:
        value = getattr(event, name)
        if value is not default and (value or not isinstance(value, dict)):
            payload[name] = value
    if "reported" in payload:
        payload["reported"] = {name: claim for name in _CLAIMS if (claim := getattr(payload["reported"], name)) is not None}
    return payload


def encode(recorded: Recorded) -> tuple[str, bytes]:
    """The name under which an event is stored, and its bytes."""
    event = recorded.event
    envelope = Envelope(
        recorded.recorded_at,
        recorded.source,
        payload_of(event),
        recorded.at if recorded.at != recorded.recorded_at and getattr(event, "at", None) is None else None,
        recorded.actor,
        recorded.correlation_id,
        recorded.causation_id,
        recorded.text,
        recorded.attributed_from,
        msgspec.UNSET if recorded.evidence is None else msgspec.Raw(recorded.evidence),
    )
    return NAMES[type(event)], _encoder.encode(envelope)


def decode(stream: str, version: int, name: str, state: bytes, position: int | None = None) -> Recorded:
    """The event that was stored under `name`. Raises UnreadableEvent for bytes that hold no such event."""
    decoder = _decoders.get(name)
    try:
        envelope = decoder.decode(state) if decoder is not None else _upcast(name, state)
    except (ValueError, TypeError, LookupError) as error:
        raise UnreadableEvent(stream, version, position, str(error)) from error
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
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
        text=envelope.text,
        evidence=None if envelope.evidence is msgspec.UNSET else bytes(envelope.evidence),
        attributed_from=envelope.attributed_from,
    )


def _upcast(name: str, state: bytes) -> Envelope[Any]:
    if name not in UPCASTS:
        raise ValueError(f"it is named {name!r}, which this version does not know")
    envelope = _untyped.decode(state)
    payload = envelope.payload
    while name in UPCASTS:
        name, change = UPCASTS[name]
        payload = change(payload)
    return _decoders[name].decode(_encoder.encode(msgspec.structs.replace(envelope, payload=payload)))  # type: ignore[no-any-return]


def name_of(event: AnyFact) -> str:
    """The name under which an event is stored."""
    return NAMES[type(event)]


def readable_payload(event: AnyFact) -> dict[str, Any]:
    """The payload as it stands in the store: numbers and times as text."""
    payload: dict[str, Any] = msgspec.json.decode(_encoder.encode(payload_of(event)))
    return payload
