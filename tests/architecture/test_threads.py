"""Calls in threads: a StopIteration in one would leave its task waiting for ever."""

import re

from tests.structure import PACKAGE

UNCONTAINED = re.compile(
    r"asyncio\.to_thread\(|from asyncio import .*to_thread"
    r"|run_in_executor\((?![^)]*\bcontained\b)"
)


def test_every_call_in_a_thread_contains_its_stop_iteration() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if UNCONTAINED.search(path.read_text())
    }
    assert found == {"infrastructure/threads.py"}
