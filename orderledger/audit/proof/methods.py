"""Methods of a ledger about proof. They import their modules when they are called, because
recording does not need them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orderledger.extend.store import reaching
from orderledger.extend.views import Namespace, arguments

if TYPE_CHECKING:
    from orderledger import Ledger
    from orderledger.audit.proof.checkpoints import Made
    from orderledger.audit.proof.forgetting import Forgotten
    from orderledger.audit.proof.verifying import Verified

Progress = Callable[[int, int], None]


class Proofs(Namespace):
    """Checkpoints, proofs, forgetting and bundles of a ledger: `ledger.proof`."""

    _ledger: "Ledger"

    def __init__(self, ledger: "Ledger") -> None:
        super().__init__(ledger)
        self._clock = ledger.internals.clock

    def checkpoint(self, key: str | PathLike[str], *, progress: Progress | None = None) -> "Made":
        """Sign the size and the root of the log with the private key in a file, and store that
        checkpoint.

        Raises NotProved if the log contradicts an earlier checkpoint.
        """
        from orderledger.audit.proof import checkpoints, keys

        with reaching(self._url):
            return checkpoints.make(self._store, keys.load(Path(key)), self._clock.now(), progress)

    def verify(
        self,
        checkpoints: Sequence[str] = (),
        keys: Sequence[str] = (),
        *,
        progress: Progress | None = None,
    ) -> "Verified":
        """Compare the whole log with these checkpoints and those in the store. `keys` are the texts
        of public keys."""
        from orderledger.audit.proof.verifying import verify

        with reaching(self._url):
            return verify(self._store, checkpoints, keys, progress)

    def prove(
        self,
        order_id: str | None = None,
        *,
        account: str | None = None,
        event: int | None = None,
        checkpoint: str | None = None,
        shows_evidence: bool = False,
    ) -> dict[str, Any]:
        """Prove that the events of an order, or the event at a log position, are in the log of a
        checkpoint. Default: the newest checkpoint. Raises NotProved if they are not, and as `order`
        does."""
        from orderledger.audit.errors import NotProved
        from orderledger.audit.proof.proving import prove

        arguments.check_argument("event", "count", event)
        if (order_id is None) == (event is None):
            raise TypeError("prove takes an order id or an event's position")
        with reaching(self._url):
            recorder = self._store.recorder
            rows = (
                recorder.rows_of([self._stream_of(order_id, account)])
                if order_id
                else recorder.rows_after((event or 0) - 1, 1)
            )
            if event is not None and (not rows or rows[0].position != event):
                raise NotProved(f"there is no event at position {event}")
            return prove(self._store, rows, checkpoint, shows_evidence=shows_evidence)

    def forget_evidence(
        self, order_id: str, *, account: str | None = None, reason: str, actor: str | None = None
    ) -> "Forgotten":
        """Delete evidence and text of an order for good, and record that. Its events and their
        proofs stay valid.

        Raises NotProved if there is nothing to forget, and as `order` does.
        """
        from orderledger.audit.proof.forgetting import forget

        for name, value in (("reason", reason), ("actor", actor)):
            arguments.check_argument(name, "text", value, is_needed=name == "reason")
        with reaching(self._url):
            self._store.make_sure()
            stream, now = self._stream_of(order_id, account), self._clock.now()
            return forget(self._store, stream, reason=reason, actor=actor, now=now)

    def bundle(
        self,
        path: str | PathLike[str],
        *,
        account: str,
        since: datetime | None = None,
        until: datetime | None = None,
        checkpoint: str | None = None,
        is_redacted: bool = False,
    ) -> int:
        """Write events of an account, with their proof, to one file that opens as a read-only
        ledger. Returns their number.

        `since` and `until` choose orders by the time of their events. `is_redacted` leaves out
        evidence and text.
        """
        from orderledger.audit.proof.bundles import bundle

        arguments.check_argument("account", "text", account, is_needed=True)
        period = {"since": since, "until": until}
        with reaching(self._url):
            return bundle(
                self._store,
                Path(path),
                account=account,
                **period,
                note=checkpoint,
                is_redacted=is_redacted,
            )

    def move_evidence(self, *, progress: Progress | None = None) -> int:
        """Move evidence that older versions stored inside events beside them. Only before the first
        checkpoint."""
        from orderledger.audit.proof.migrating import move_evidence

        with reaching(self._url):
            return move_evidence(self._store.database, progress)

    def _stream_of(self, order_id: str, account: str | None) -> str:
        return self._ledger.history(order_id, account=account)[0]["stream"]
