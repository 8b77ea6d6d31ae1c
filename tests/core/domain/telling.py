"""Messages told to a ledger one after the other, and what it answers."""

from orderledger import Ledger, Outcome
from orderledger.infrastructure.messages.parsing import parse_document
from tests.scenarios import Document


def told(ledger: Ledger, *documents: Document) -> list[Outcome]:
    return [ledger.record(parse_document(document)) for document in documents]


def words(ledger: Ledger, *documents: Document) -> list[tuple[str, ...]]:
    """Outcomes, with reason or anomalies."""
    return [
        (outcome.outcome, *([outcome.reason] if outcome.reason else outcome.anomalies))
        for outcome in told(ledger, *documents)
    ]
