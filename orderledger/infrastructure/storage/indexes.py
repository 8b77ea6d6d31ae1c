"""The indexes that recording reads beside the log: the names of orders, and the keys of facts about
accounts."""

from orderledger.infrastructure.storage import account_facts
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.name_index import NameTable


def fill_indexes(session: Session) -> None:
    """Write the names and keys of a log that was written without them."""
    names = NameTable("")
    while names.advance(session):
        pass
    account_facts.fill(session)
