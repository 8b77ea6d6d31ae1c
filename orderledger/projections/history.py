"""The event view: the log itself, as people and machines read it."""

import json
from decimal import Decimal
from typing import Any

from orderledger.domain.exact import integer
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import account_of
from orderledger.projections.tables import Row


def event_row(recorded: Recorded, name: str, payload: dict[str, Any]) -> Row:
    """One event of the `event` view. `payload` holds the fields that were given."""
    return {
        "position": recorded.position,
        "account": account_of(recorded.stream),
        "stream": recorded.stream,
        "version": recorded.version,
        "name": name,
        "recorded_at": recorded.recorded_at,
        "at": recorded.at,
        "source": recorded.source,
        "actor": recorded.actor,
        "correlation_id": recorded.correlation_id,
        "causation_id": recorded.causation_id,
        "text": recorded.text,
        "payload": payload,
        "evidence": None if recorded.evidence is None else _decode(recorded.evidence.decode()),
        "attributed_from": list(recorded.attributed_from) if recorded.attributed_from else None,
    }


_decode = json.JSONDecoder(parse_float=Decimal, parse_int=integer).decode
