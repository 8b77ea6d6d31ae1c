"""The log as messages: recording them in a new ledger gives the same orders, trades, positions and P&L.

The times of recording are not in a message: the new ledger has its own. Judgements (anomalies, attributions) are not exported,
since the new ledger makes them itself.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from orderledger.domain.orders.judgements import AnomalyCleared, AnomalyDetected, OrderAttributed
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import account_of
from orderledger.infrastructure.messages.parsing import parse_document
from orderledger.infrastructure.messages.registry import MESSAGES, Message
from orderledger.infrastructure.storage.codec import decode, readable_payload
from orderledger.infrastructure.storage.columns import parse_json
from orderledger.infrastructure.storage.store import Store

AT_ONCE = 1_000
JUDGEMENTS = (AnomalyDetected, AnomalyCleared, OrderAttributed)
TYPES = {model.fact.stored_name: kind for kind, model in MESSAGES.items()}
"""The message type of each stored event."""


def messages_in(store: Store, account: str | None = None) -> Iterator[Message]:
    """The messages of a log, or of one account in it, with the evidence and the text that were not forgotten."""
    rows = (row for row in store.all_rows() if account in (None, account_of(row.stream)))
    while group := list(islice(rows, AT_ONCE)):
        yield from messages_of(store.with_evidence([decode(*row) for row in group]))


def messages_of(events: Iterable[Recorded]) -> Iterator[Message]:
    """The messages of events, in log order. The repetition of a fact under the order that it was attributed to is left out."""
    for recorded in events:
        if not isinstance(recorded.event, JUDGEMENTS) and recorded.attributed_from is None:
            yield message_of(recorded)


def message_of(recorded: Recorded) -> Message:
    """The message that proposed an event. Its `at` is always given."""
    kind = TYPES[recorded.event.stored_name]
    names = dict(zip(recorded.event.__struct_encode_fields__, recorded.event.__struct_fields__, strict=True))
    payload = {names[name]: value for name, value in readable_payload(recorded.event).items()}
    envelope: dict[str, Any] = {
        "at": recorded.at,
        "source": None if recorded.source == "ledger" else recorded.source,
        "actor": recorded.actor,
        "correlation_id": recorded.correlation_id,
        "causation_id": recorded.causation_id,
        "text": recorded.text,
        "evidence": None if recorded.evidence is None else parse_json(recorded.evidence),
    }
    given = {name: value for name, value in envelope.items() if value is not None}
    return parse_document({"type": kind, "account": account_of(recorded.stream), **payload, **given})
