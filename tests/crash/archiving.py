"""A growing log is archived, and restored from the archive."""

from collections.abc import Sequence
from pathlib import Path

from orderledger.analytics.archive.manifest import read_manifest
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.restoring import restore
from orderledger.analytics.archive.verifying import verify
from orderledger.analytics.archive.writing import archive
from orderledger.extend.store import LogRow
from tests.audit.proof.orders import with_evidence
from tests.core.contract.streams import parsed
from tests.crash.maintaining import DB, ORDERS, make_ledger
from tests.crash.tracing import Operation
from tests.crash.work import Processes, Work, check_prefix, differences, ended, log_of, opened

FOLDER = "backup"
RESTORED = "restored.db"


class Archiving(Work):
    """Two runs, with new events between them."""

    name = "archive"

    def prepare(self, folder: Path) -> None:
        make_ledger(folder / DB)
        more = parsed(*with_evidence(ORDERS + 4)[4 * ORDERS :])
        text = "\n".join(one.model_dump_json(exclude_none=True) for one in more)
        (folder / "more.ndjson").write_text(text)

    def run(self, processes: Processes) -> None:
        processes.orderledger("archive", FOLDER, "--db", DB)
        processes.orderledger("record", "more.ndjson", "--db", DB)
        processes.orderledger("archive", FOLDER, "--db", DB)

    def __init__(self) -> None:
        self._log: list[LogRow] = []

    def learn(self, folder: Path) -> None:
        self._log = log_of(folder / DB)

    def judge(self, image: Path, seen: Sequence[Operation]) -> list[str]:
        done = ended(seen, "archive")
        more = 16 if done == 2 and ended(seen, "record") else 0
        least = 4 * ORDERS + more if done else 0
        place = Place(str(image / FOLDER))
        manifest, faults = read_manifest(place), []
        position = manifest.position if manifest else 0
        if position < least:
            faults.append(f"{least} events were archived, and the archive has {position}")
        if manifest:
            faults += [str(one) for one in verify(place)[1]]
        with opened(image / DB) as ledger:
            archive(ledger.internals.store, place, catch_up=ledger.views.catch_up)
            faults += [str(one) for one in verify(place)[1]]
            log = list(ledger.internals.store.all_rows())
            faults += check_prefix(log, self._log or log, 0)
        with opened(image / RESTORED) as ledger:
            restore(place, verify(place)[0], ledger.internals.store)
            if list(ledger.internals.store.all_rows()) != log:
                faults.append("the restored log differs")
            return [*faults, *differences(ledger)]


class Restoring(Work):
    """A ledger is made out of an archive."""

    name = "restore"

    def prepare(self, folder: Path) -> None:
        make_ledger(folder / DB)
        self._log = log_of(folder / DB)
        with opened(folder / DB) as ledger:
            archive(
                ledger.internals.store, Place(str(folder / FOLDER)), catch_up=ledger.views.catch_up
            )
        (folder / DB).unlink()

    def run(self, processes: Processes) -> None:
        processes.orderledger("restore", FOLDER, "--db", RESTORED)

    def judge(self, image: Path, seen: Sequence[Operation]) -> list[str]:
        faults, place = [], Place(str(image / FOLDER))
        with opened(image / RESTORED) as ledger:
            log = list(ledger.internals.store.all_rows())
            if log != self._log and (log or ended(seen, self.name)):
                faults.append(f"{len(log)} of {len(self._log)} events were restored")
            if not log:
                restore(place, verify(place)[0], ledger.internals.store)
            if list(ledger.internals.store.all_rows()) != self._log:
                faults.append("the log differs after restoring again")
            return [*faults, *differences(ledger)]
