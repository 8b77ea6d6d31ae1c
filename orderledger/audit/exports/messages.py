"""The log as messages: recording them in a new ledger gives the same orders, trades, positions and
P&L.

The times of recording are not in a message: the new ledger has its own. Judgements (anomalies,
attributions) are not exported, since the new ledger makes them itself.
"""

from collections.abc import Iterator
from itertools import islice

from orderledger import Message, parse_document
from orderledger.audit.as_messages import document_of
from orderledger.extend.events import Recorded, codec
from orderledger.extend.store import Store, columns
from orderledger.extend.values import stream_names

AT_ONCE = 1_000
ENVELOPE = ("actor", "on_behalf_of", "correlation_id", "causation_id", "text")


def messages_in(store: Store, account: str | None = None) -> Iterator[Message]:
    """The messages of a log, or of one account in it, with the evidence and the text that were not
    forgotten."""
    rows = (
        row for row in store.all_rows() if account in (None, stream_names.account_of(row.stream))
    )
    while group := list(islice(rows, AT_ONCE)):
        for recorded in store.with_evidence([codec.decode(*row) for row in group]):
            message = message_of(recorded)
            if message is not None:
                yield message


def message_of(recorded: Recorded) -> Message | None:
    """The message that proposed an event. Its `at` is always given. None for an event that no
    message proposed."""
    document = document_of(recorded)
    if document is None:
        return None
    around = {
        name: getattr(recorded, name) for name in ENVELOPE if getattr(recorded, name) is not None
    }
    if recorded.evidence is not None:
        around["evidence"] = columns.parse_json(recorded.evidence)
    return parse_document({**document, **around})
