"""A plugin of pytest: writes the seconds of each test that passes to the file that
ORDERLEDGER_TIMING names."""

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest

from tests.mutants.coverage_map import CONTEXT

SECONDS: defaultdict[str, float] = defaultdict(float)
NOT_PASSED: set[str] = set()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    os.environ[CONTEXT] = item.nodeid


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    SECONDS[report.nodeid] += report.duration
    if not report.passed:
        NOT_PASSED.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        passed = {test: time for test, time in SECONDS.items() if test not in NOT_PASSED}
        Path(os.environ["ORDERLEDGER_TIMING"]).write_text(json.dumps(passed))
