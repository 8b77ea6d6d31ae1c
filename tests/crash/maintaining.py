"""Commands that change a ledger in place: rebuild, forget, move-evidence, an upgrade."""

from collections.abc import Sequence
from pathlib import Path

from orderledger.audit.proof.keys import generate
from orderledger.infrastructure.storage.table_names import CHECKPOINTS_TABLE, TILES_TABLE
from tests.audit.proof.orders import SECRET, with_evidence
from tests.audit.proof.test_evidence import with_evidence_inside
from tests.core.contract.sql import run_sql
from tests.core.contract.streams import opened as opened_by_url
from tests.core.contract.streams import parsed
from tests.crash.tracing import Operation
from tests.crash.work import Processes, Work, differences, ended, log_of, opened

ORDERS = 30
DB = "ledger.db"
AS_VERSION_5 = (
    "DROP TABLE event_evidence",
    f"DROP TABLE {TILES_TABLE}",
    f"DROP TABLE {CHECKPOINTS_TABLE}",
    "UPDATE ledger_schema SET version = 5",
)


def make_ledger(path: Path, orders: int = ORDERS) -> None:
    with opened(path) as ledger:
        ledger.record_many(parsed(*with_evidence(orders)))
        ledger.views.catch_up()


class Rebuilding(Work):
    """Views that are wrong and outdated are built again."""

    name = "rebuild"

    def prepare(self, folder: Path) -> None:
        make_ledger(folder / DB)
        self._log = log_of(folder / DB)
        with opened(folder / DB) as ledger:
            self._trades = ledger.trades()
        run_sql(f"sqlite:///{folder / DB}", "DELETE FROM trades WHERE 1")

    def run(self, processes: Processes) -> None:
        processes.orderledger("rebuild", "--db", DB)
        processes.orderledger("rebuild", "trades", "--jobs", "2", "--db", DB)

    def judge(self, image: Path, seen: Sequence[Operation]) -> list[str]:
        faults = [] if log_of(image / DB) == self._log else ["the log has changed"]
        with opened(image / DB) as ledger:
            trades = ledger.trades()
            if trades != self._trades and (trades or ended(seen, "rebuild")):
                faults.append(f"{len(trades)} of {len(self._trades)} trades are there")
            ledger.views.rebuild()
            return [*faults, *differences(ledger)]


class Forgetting(Work):
    """Evidence of two orders is forgotten."""

    name = "forget"
    orders = ("C-3", "C-4")

    def prepare(self, folder: Path) -> None:
        make_ledger(folder / DB)
        generate(folder / "log.key", None)
        with opened(folder / DB) as ledger:
            ledger.proof.checkpoint(folder / "log.key")
        self._before = log_of(folder / DB)

    def run(self, processes: Processes) -> None:
        for order in self.orders:
            processes.orderledger("forget", "--evidence-of", order, "--reason", "asked", "--db", DB)

    def judge(self, image: Path, seen: Sequence[Operation]) -> list[str]:
        log, faults = log_of(image / DB), []
        if log[: len(self._before)] != self._before:
            faults.append("the log has changed")
        count = len(log) - len(self._before)
        if not ended(seen, "forget") <= count <= len(self.orders):
            faults.append(f"{count} events say that evidence was forgotten")
        with opened(image / DB) as ledger:
            for order in self.orders:
                rows = ledger.history(order)
                is_forgotten = any(row["name"] == "evidence_forgotten.v1" for row in rows)
                if is_forgotten == any(row["evidence"] is not None for row in rows):
                    faults.append(f"evidence of {order} is half forgotten")
            faults += [str(one) for one in ledger.proof.verify().alterations]
            return [*faults, *differences(ledger)]


class MovingEvidence(Work):
    """Evidence inside the events of an older version is moved beside them."""

    name = "move-evidence"

    def prepare(self, folder: Path) -> None:
        with opened_by_url(f"sqlite:///{folder / DB}", update_views=False) as ledger:
            with_evidence_inside(ledger, with_evidence(ORDERS))
            ledger.views.rebuild()
            self._events = list(ledger.events())

    def run(self, processes: Processes) -> None:
        processes.orderledger("move-evidence", "--db", DB)

    def judge(self, image: Path, seen: Sequence[Operation]) -> list[str]:
        faults = []
        with opened(image / DB) as ledger:
            is_inside = any(
                SECRET.encode() in row.state for row in ledger.internals.store.all_rows()
            )
            if is_inside and ended(seen, self.name):
                faults.append("evidence is inside the events again")
            if list(ledger.events()) != self._events:
                faults.append("the events have changed")
            ledger.proof.move_evidence()
            if list(ledger.events()) != self._events:
                faults.append("the events have changed after moving again")
            return [*faults, *differences(ledger)]


class Upgrading(Work):
    """A store of schema 5 is upgraded by the first command that opens it."""

    name = "upgrade"

    def prepare(self, folder: Path) -> None:
        messages = with_evidence(ORDERS)
        for message in messages:
            message.pop("evidence", None)
            message.pop("text", None)
        with opened(folder / DB) as ledger:
            ledger.record_many(parsed(*messages))
            ledger.views.catch_up()
            self._events = list(ledger.events())
        run_sql(f"sqlite:///{folder / DB}", *AS_VERSION_5)
        run_sql(f"sqlite:///{folder / DB}", "UPDATE view_versions SET version = 1")

    def run(self, processes: Processes) -> None:
        processes.orderledger("orders", "--db", DB)
        processes.orderledger("rebuild", "--db", DB)

    def judge(self, image: Path, seen: Sequence[Operation]) -> list[str]:
        with opened(image / DB) as ledger:
            faults = [] if list(ledger.events()) == self._events else ["the events have changed"]
            if len(ledger.orders()) != ORDERS:
                faults.append("orders are missing")
            return [*faults, *differences(ledger)]
