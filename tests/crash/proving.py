"""A key is made, and checkpoints of a growing log are signed and written to a file."""

from collections.abc import Sequence
from pathlib import Path

from orderledger.audit.proof.verifier import parse_checkpoint
from tests.audit.proof.orders import with_evidence
from tests.core.contract.streams import parsed
from tests.crash.maintaining import DB, ORDERS, make_ledger
from tests.crash.tracing import Operation
from tests.crash.work import Processes, Work, differences, ended, opened

NOTE = "checkpoint.txt"
ROUNDS = 2


class Proving(Work):
    name = "checkpoint"

    def prepare(self, folder: Path) -> None:
        make_ledger(folder / DB)
        for number in range(1, ROUNDS):
            more = with_evidence(ORDERS + number)[-4:]
            (folder / f"more-{number}.ndjson").write_text(
                "\n".join(one.model_dump_json(exclude_none=True) for one in parsed(*more))
            )

    def run(self, processes: Processes) -> None:
        processes.orderledger("keygen", "log.key", "--name", "desk.example/orders")
        for number in range(ROUNDS):
            if number:
                processes.orderledger("record", f"more-{number}.ndjson", "--db", DB)
            processes.orderledger("checkpoint", "--key", "log.key", "--out", NOTE, "--db", DB)

    def judge(self, image: Path, seen: Sequence[Operation]) -> list[str]:
        key, note = image / "log.key", image / NOTE
        public = image / "log.key.pub"
        faults = []
        if ended(seen, "keygen") and not (key.exists() and public.exists()):
            faults.append("the key is missing")
        texts = [note.read_text()] if note.exists() else []
        done = ended(seen, "checkpoint")
        size = parse_checkpoint(texts[0]).size if texts else 0
        more = min(done - 1, ended(seen, "record"))
        if done and size < 4 * (ORDERS + more):
            faults.append(f"after {done} checkpoints the file has one of {size} events")
        with opened(image / DB) as ledger:
            keys = [public.read_text()] if ended(seen, "keygen") and public.exists() else []
            if texts:
                faults += [str(one) for one in ledger.proof.verify(texts, keys).alterations]
            if ended(seen, "keygen") and key.exists():
                ledger.proof.checkpoint(key)
            return [*faults, *differences(ledger)]
