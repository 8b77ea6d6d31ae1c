"""A process that records the messages of `streams.lives`: what `test_processes.py` starts, lets
race, and kills.

Usage: python -m tests.core.contract.recording URL MODE COUNT, with MODE `each`, `many` or `soon`.
It waits for a line on its standard input, then opens the store and records, and prints the index
and the outcome of each message once it is durable.
"""

import sys
from concurrent.futures import Future

from orderledger import Ledger, Message, Outcome
from tests.core.contract.streams import lives, parsed

BATCH = 40


def main(url: str, mode: str, count: int) -> None:
    messages = parsed(*lives(count))
    print("ready", flush=True)
    sys.stdin.readline()
    with Ledger.open(url) as ledger:
        if mode == "each":
            for index, message in enumerate(messages):
                tell(index, ledger.record(message))
        elif mode == "many":
            for start in range(0, len(messages), BATCH):
                for index, outcome in enumerate(
                    ledger.record_many(messages[start : start + BATCH]), start
                ):
                    tell(index, outcome)
        else:
            record_soon(ledger, messages)
    print("done", flush=True)


def record_soon(ledger: Ledger, messages: list[Message]) -> None:
    waiting: list[tuple[int, Future[Outcome]]] = []
    for index, message in enumerate(messages):
        waiting.append((index, ledger.record_soon(message)))
        while waiting and (waiting[0][1].done() or len(waiting) > 200):
            tell(waiting[0][0], waiting.pop(0)[1].result())
    for index, future in waiting:
        tell(index, future.result())


def tell(index: int, outcome: Outcome) -> None:
    sys.stdout.write(f"{index} {outcome.outcome}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
