"""`ledger.internals`: the parts of a ledger, for the leaves of this package."""

from dataclasses import dataclass
from typing import Any

from orderledger.infrastructure.clock import Clock
from orderledger.infrastructure.storage.collector_status import CollectorStatuses
from orderledger.infrastructure.storage.store import Store, reaching
from orderledger.infrastructure.views.arguments import check_argument
from orderledger.infrastructure.views.following import Following


@dataclass(frozen=True, slots=True)
class Internals:
    """The parts of a ledger, for other packages of `orderledger`: `ledger.internals`.

    The `url`, `store` and `clock` of the ledger; `following`, which waits for new events; and the
    `statuses` of processes. They may change with a minor version.
    """

    url: str
    store: Store
    clock: Clock
    following: Following
    statuses: CollectorStatuses

    def publish(self, name: str, status: dict[str, Any]) -> None:
        """Store the status of a process that feeds this ledger, for `ledger.status`. It is not an
        event. Raises TypeError for a status that is not a dictionary."""
        check_argument("name", "text", name, is_needed=True)
        if not isinstance(status, dict):
            raise TypeError(f"status takes a dictionary, not {status!r:.100}")
        with reaching(self.url):
            self.statuses.write(name, status)
