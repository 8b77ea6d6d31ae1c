"""The exceptions of the core. Leaves declare their own beside them, in `errors.py`.

LedgerError
├── InvalidMessage      a message that cannot be read: the field and its fault
├── InvalidQuery        a question that cannot be answered: the argument and its fault
├── InvalidSetting      an impossible setting: its name and its fault
├── UnknownOrder        an order that is not recorded
├── AmbiguousOrder      a name of several orders
├── UnknownScope        a halt, or its end, of an account or instrument that is not known
└── StoreError          the store cannot carry out the call
    ├── StoreUnreachable    missing, locked, full, read-only, or refusing
    ├── StoreVersion        made by a newer version
    ├── UnreadableEvent     a damaged event in the log, or one of a newer version
    ├── DamagedRow          an unreadable row of a view: rebuilding repairs it
    ├── ForkedLedger        a ledger that was open when this process was forked
    ├── LogWentBack         the database has an older state of the log than was read before
    ├── Fenced              another process sends the orders of the account
    └── OutcomeUnknown      a failed commit that may have happened or not
"""

import copyreg
from typing import Any

from orderledger.infrastructure.secrecy import masked

__all__ = [
    "AmbiguousOrder",
    "DamagedRow",
    "Fenced",
    "ForkedLedger",
    "InvalidMessage",
    "InvalidQuery",
    "InvalidSetting",
    "LedgerError",
    "LogWentBack",
    "OutcomeUnknown",
    "StoreError",
    "StoreUnreachable",
    "StoreVersion",
    "UnknownOrder",
    "UnknownScope",
    "UnreadableEvent",
]


NAMES_SHOWN = 10
"""Names in a sentence about what is known."""


class LedgerError(Exception):
    """Base of all exceptions that this package raises on purpose. Its text masks known secrets.
    Pickling keeps the text and the attributes."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Restore without the constructor, which takes other arguments than the sentence."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    def __str__(self) -> str:
        return masked(self._sentence())

    def _sentence(self) -> str:
        """The text of the exception, with secrets still in it."""
        return super().__str__()


class InvalidMessage(LedgerError, ValueError):
    """A message that cannot be read. `field`: path of the field, empty for the whole message.
    `fault`: its fault."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(f"{field}: {fault}" if field else fault)
        self.field = field
        self.fault = fault


class InvalidQuery(LedgerError, ValueError):
    """A question that cannot be answered as it is asked, or a query in SQL that would do more than
    read. `field`: the argument, if the question is not in SQL."""

    def __init__(self, fault: str, field: str | None = None) -> None:
        super().__init__(fault)
        self.field = field


class InvalidSetting(LedgerError, ValueError):
    """An impossible setting. `field`: name of the setting, or its path in the file. `fault`: its
    fault."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(f"{field}: {fault}")
        self.field = field
        self.fault = fault


class UnknownOrder(LedgerError, LookupError):
    """No order is recorded under `name`."""

    def __init__(self, name: str, account: str | None = None) -> None:
        super().__init__(
            f"no order {name!r} is recorded" + (f" in account {account!r}" if account else "")
        )
        self.name = name
        self.account = account


class AmbiguousOrder(LedgerError, LookupError):
    """Several orders have this name. Give the account, or another name of the order."""

    def __init__(self, name: str, accounts: list[str]) -> None:
        several = f"{len(accounts)} accounts ({', '.join(accounts)}): give the account"
        of_one = f"{name!r} is a name of several orders of {accounts[0]}: give another name"
        super().__init__(f"{name!r} is an order of {several}" if len(accounts) > 1 else of_one)
        self.name = name
        self.accounts = accounts


class UnknownScope(LedgerError, LookupError):
    """A halt or its end for a scope that the ledger does not know. The name may be mistyped, so a
    confirmation is required.

    `field`: account or instrument. `name`: as it was given. `similar`: similar known names.
    `known`: all names that the ledger knows.
    """

    def __init__(self, field: str, name: str, similar: list[str], known: list[str]) -> None:
        shown = (
            f"it knows {', '.join(known[:NAMES_SHOWN])}{', …' if len(known) > NAMES_SHOWN else ''}"
            if known
            else "it has none"
        )
        hint = f"did you mean {', '.join(similar)}?" if similar else shown
        super().__init__(f"the ledger does not know the {field} {name!r}: {hint}")
        self.field = field
        self.name = name
        self.similar = similar
        self.known = known


class StoreError(LedgerError):
    """The store cannot carry out the call."""


class StoreUnreachable(StoreError):
    """The store is missing, locked, full or read-only, or it refuses."""


class StoreVersion(StoreError):
    """A newer version of this package made the store, or upgraded it meanwhile. Nothing was
    stored."""


class UnreadableEvent(StoreError):
    """An event in the log that is damaged, or that a newer version wrote: its stream, version and
    position, and its fault."""

    def __init__(self, stream: str, version: int, position: int | None, fault: str) -> None:
        super().__init__(stream, version, position, fault)
        self.stream = stream
        self.version = version
        self.position = position
        self.fault = fault

    def _sentence(self) -> str:
        return (
            f"event {self.position} of the log, version {self.version} of {self.stream!r}, cannot "
            f"be read: {self.fault}"
        )


class DamagedRow(StoreError):
    """A row of a view that cannot be read: `table`, `key` of the row, `column`. `rebuild` repairs
    it."""

    def __init__(self, table: str, key: str, column: str, fault: str) -> None:
        super().__init__(table, key, column, fault)
        self.table = table
        self.key = key
        self.column = column
        self.fault = fault

    def _sentence(self) -> str:
        return (
            f"row {self.key} of {self.table} is damaged: {self.column}: {self.fault}; `orderledger "
            "rebuild` repairs it"
        )


class Fenced(StoreError):
    """Another process sends the orders of `account` now, or this process cannot prove that it still
    does. Nothing was recorded and nothing was sent."""

    def __init__(self, account: str, text: str = "another process sends its orders now") -> None:
        super().__init__(f"fenced: {account}: {text}")
        self.account = account


class ForkedLedger(StoreError):
    """The ledger was open when this process was forked. Its threads and connections belong to the
    parent process: open the ledger again in each process."""

    def __init__(self) -> None:
        super().__init__("the ledger was opened before a fork: open it again in this process")


class LogWentBack(StoreError):
    """The database has an older state of the log, after a failover or the restore of a backup.
    `lost_to`: the last position that this process had read or written."""

    def __init__(self, lost_to: int) -> None:
        super().__init__(
            f"the log went back: the event at position {lost_to} was recorded and is missing now; "
            "read the log again"
        )
        self.lost_to = lost_to


class OutcomeUnknown(StoreError):
    """A failed commit that may have happened or not. Send the message again: if it was recorded, it
    is a duplicate."""
