"""The event view: the log itself, as people and machines read it."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict

from orderledger.domain.exact import integer
from orderledger.domain.recorded import Recorded
from orderledger.domain.stream_names import account_of
from orderledger.domain.values import Reported


class EventRow(TypedDict):
    """One event of the log, with its envelope."""

    position: int
    account: str
    stream: str
    version: int
    name: str
    recorded_at: datetime
    at: datetime
    source: str
    actor: str | None
    on_behalf_of: str | None
    correlation_id: str | None
    causation_id: str | None
    text: str | None
    payload: dict[str, Any]
    evidence: Any
    attributed_from: list[str | int] | None
    is_forgotten: bool


def event_row(recorded: Recorded, payload: dict[str, Any]) -> EventRow:
    """One event of the `event` view. `payload` holds the fields that were given, as they are
    stored."""
    return {
        "position": recorded.position or 0,
        "account": account_of(recorded.stream),
        "stream": recorded.stream,
        "version": recorded.version,
        "name": recorded.event.stored_name,
        "recorded_at": recorded.recorded_at,
        "at": recorded.at,
        "source": recorded.source,
        "actor": recorded.actor,
        "on_behalf_of": recorded.on_behalf_of,
        "correlation_id": recorded.correlation_id,
        "causation_id": recorded.causation_id,
        "text": recorded.text,
        "payload": {
            name: _without_exponent(getattr(recorded.event, name, None), value)
            for name, value in payload.items()
        },
        "evidence": None if recorded.evidence is None else _decode(recorded.evidence.decode()),
        "attributed_from": list(recorded.attributed_from) if recorded.attributed_from else None,
        "is_forgotten": recorded.is_forgotten,
    }


def _without_exponent(value: Any, claims: Any) -> Any:
    """A number with all its digits but without an exponent; applied to each claim of the venue."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Reported):
        return {
            name: _without_exponent(getattr(value, name), claim) for name, claim in claims.items()
        }
    return claims


_decode = json.JSONDecoder(parse_float=Decimal, parse_int=integer).decode
