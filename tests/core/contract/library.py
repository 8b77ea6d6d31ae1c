"""What stands behind a ledger in the eventsourcing library."""

from typing import Any

from orderledger import Ledger


def recorder_of(ledger: Ledger) -> Any:
    return ledger._store.application.recorder


def datastore_of(ledger: Ledger) -> Any:
    return recorder_of(ledger).datastore
