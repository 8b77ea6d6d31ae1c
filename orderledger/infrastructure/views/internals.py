"""`ledger.internals`: the parts of a ledger, for the leaves of this package."""

from dataclasses import dataclass
from typing import Any

from orderledger.infrastructure.clock import Clock
from orderledger.infrastructure.storage.collector_status import CollectorStatuses
from orderledger.infrastructure.storage.copies import lag
from orderledger.infrastructure.storage.store import Store, reaching
from orderledger.infrastructure.views.checking import check_arguments
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
        with reaching(self.url):
            self.statuses.write(name, status)

    def lag(self, position: int) -> dict[str, Any]:
        """The lag of a copy of the log that ends at this position: `events_behind` and
        `seconds_behind`."""
        with reaching(self.url), self.store.database.reading() as session:
            return lag(session, position, self.clock.now())


check_arguments(Internals)
