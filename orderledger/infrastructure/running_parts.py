"""The parts of a ledger that have threads and connections. They do not keep the ledger alive."""

import threading
import warnings
from contextlib import suppress
from dataclasses import dataclass

from orderledger.infrastructure.engine.committer import Committer
from orderledger.infrastructure.storage.store import Store
from orderledger.infrastructure.storage.urls import public
from orderledger.infrastructure.views.follower import Follower
from orderledger.infrastructure.views.following import Following


@dataclass(slots=True)
class RunningParts:
    store: Store
    follower: Follower
    following: Following
    committer: Committer | None = None

    def close(self) -> None:
        """Commit what is queued, end the threads, and release the store."""
        if self.committer is not None:
            self.committer.stop()
        self.following.close()
        self.follower.stop()
        self.store.close()

    def close_dropped(self, url: str) -> None:
        """Close a ledger that the program dropped. In a thread, because any thread may find it as
        garbage: one of its own too, or one that holds a lock of it."""
        warnings.warn(f"unclosed ledger {public(url)}", ResourceWarning, stacklevel=2)
        with suppress(RuntimeError):  # the interpreter ends
            threading.Thread(target=self.close, name="orderledger-close", daemon=True).start()
