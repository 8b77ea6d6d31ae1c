"""A process that works on a ledger until it is killed.

    python -m tests.audit.proof.working record|move URL KEY

`record`: records orders with evidence, forgets some, and makes checkpoints, which it writes beside
the ledger and prints. `move`: moves evidence that is inside events.
"""

import sys
from pathlib import Path

from orderledger import Ledger
from orderledger.audit.proof.checkpoints import to_file
from tests.audit.proof.orders import one_with_evidence
from tests.core.contract.streams import parsed

ORDERS = 100_000


def main(task: str, url: str, key: Path) -> None:
    with Ledger.open(url, update_views=False) as ledger:
        print("working", flush=True)
        if task == "move":
            ledger.proof.move_evidence()
            return
        write = to_file(Path(url).with_suffix(".checkpoint"))
        begin = len(ledger.orders())
        for number in range(begin, ORDERS):
            orders = parsed(*one_with_evidence(number))
            ledger.record_many(orders)
            if number % 3 == 0:
                write(ledger.proof.checkpoint(key).note)
            if number % 5 == 0:
                ledger.proof.forget_evidence(f"C-{number}", reason="asked")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
