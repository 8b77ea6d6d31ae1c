"""The exceptions of archives and relays.

LedgerError
├── ArchiveError        an archive that cannot be used: the file and its fault
└── RelayError          an event that a message broker does not take
"""

from orderledger import LedgerError

__all__ = ["ArchiveError", "RelayError"]


class ArchiveError(LedgerError):
    """An archive that cannot be used: the `file`, or the whole archive, and its `fault`."""

    def __init__(self, file: str, fault: str) -> None:
        super().__init__(file, fault)
        self.file = file
        self.fault = fault

    def _sentence(self) -> str:
        return f"{self.file}: {self.fault}"


class RelayError(LedgerError):
    """An event that a message broker does not take, for instance because it is too large."""
