"""What can go wrong, as one tree.

LedgerError
├── InvalidMessage      not a message: which field, and what is wrong with it
├── InvalidSetting      a setting that cannot be: which one, and what is wrong with it
├── UnknownOrder        asked for an order that is not recorded
├── AmbiguousOrder      the id belongs to orders of several accounts
├── StoreError          the store cannot do what was asked
│   ├── StoreUnreachable    not there, locked, full, read-only, or refusing
│   ├── StoreVersion        made by a newer version
│   ├── UnreadableEvent     an event in the log is damaged, or a newer version's
│   ├── DamagedRow          a row of a view cannot be read: rebuilding mends it
│   └── OutcomeUnknown      a commit failed so that nobody can say whether it happened
└── VenueError          a venue could not be asked, or would not answer
    ├── VenueUnavailable    no answer: nothing is known
    └── VenueRefused        an answer that says no
"""

from orderledger.infrastructure.secrecy import masked

__all__ = [
    "AmbiguousOrder",
    "DamagedRow",
    "InvalidMessage",
    "InvalidSetting",
    "LedgerError",
    "OutcomeUnknown",
    "StoreError",
    "StoreUnreachable",
    "StoreVersion",
    "UnknownOrder",
    "UnreadableEvent",
    "VenueError",
    "VenueRefused",
    "VenueUnavailable",
]


class LedgerError(Exception):
    """Anything this package raises on purpose. Known secrets are masked in what it says."""

    def __str__(self) -> str:
        return masked(self._sentence())

    def _sentence(self) -> str:
        """The sentence, before secrets are taken out of it."""
        return super().__str__()


class InvalidMessage(LedgerError, ValueError):
    """`field` is the path of the field (empty for the message as a whole), `fault` what is wrong with it."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(f"{field}: {fault}" if field else fault)
        self.field = field
        self.fault = fault


class InvalidSetting(LedgerError, ValueError):
    """`field` is the name of the setting, or its path in the file, `fault` what is wrong with it."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(f"{field}: {fault}")
        self.field = field
        self.fault = fault


class UnknownOrder(LedgerError, LookupError):
    """No order is recorded under `name`."""

    def __init__(self, name: str, account: str | None = None) -> None:
        super().__init__(f"no order {name!r} is recorded" + (f" in account {account!r}" if account else ""))
        self.name = name
        self.account = account


class AmbiguousOrder(LedgerError, LookupError):
    """Several orders bear the name: say which account is meant, or by which other name."""

    def __init__(self, name: str, accounts: list[str]) -> None:
        several = f"{len(accounts)} accounts ({', '.join(accounts)}): give the account"
        of_one = f"{name!r} is a name of several orders of {accounts[0]}: give another one"
        super().__init__(f"{name!r} is an order of {several}" if len(accounts) > 1 else of_one)
        self.name = name
        self.accounts = accounts


class StoreError(LedgerError):
    """The store cannot do what was asked."""


class StoreUnreachable(StoreError):
    """The store is not there, locked, full, read-only, or refuses."""


class StoreVersion(StoreError):
    """The store was made by a newer version of this package."""


class UnreadableEvent(StoreError):
    """An event in the log is damaged, or was written by a newer version: which one, and what is wrong with it."""

    def __init__(self, stream: str, version: int, position: int | None, fault: str) -> None:
        super().__init__(stream, version, position, fault)  # all of them, so that it passes from process to process
        self.stream = stream
        self.version = version
        self.position = position
        self.fault = fault

    def _sentence(self) -> str:
        return f"event {self.position} of the log, version {self.version} of {self.stream!r}, cannot be read: {self.fault}"


class DamagedRow(StoreError):
    """A row of a view cannot be read: of which `table`, with which `key`, in which `column`. `rebuild` mends it."""

    def __init__(self, table: str, key: str, column: str, fault: str) -> None:
        super().__init__(table, key, column, fault)
        self.table = table
        self.key = key
        self.column = column
        self.fault = fault

    def _sentence(self) -> str:
        return f"row {self.key} of {self.table} is damaged: {self.column}: {self.fault}; `orderledger rebuild` mends it"


class OutcomeUnknown(StoreError):
    """A commit failed so that nobody can say whether it happened. Offer the message again: a recorded one is a duplicate."""


class VenueError(LedgerError):
    """The venue could not be asked, or would not answer."""


class VenueUnavailable(VenueError):
    """No answer: a timeout, a dropped connection, 5xx, or 429 to the end of all patience. Nothing is known."""


class VenueRefused(VenueError):
    """An answer that says no: `status` of HTTP, and what was `said`. Asking again the same way is of no use."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"HTTP {status}: {said[:500]}")
        self.status = status
        self.said = said
