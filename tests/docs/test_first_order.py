"""The page "Send your first order", typed as it stands, in less time than it promises."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.docs.reading import REPOSITORY, blocks, run_python

PAGE = REPOSITORY / "docs/how-to/send-your-first-order.md"
MINUTES = 5


@pytest.mark.slow
def test_the_page_leads_to_a_recorded_order_within_its_minutes(
    orderledger_command: Path, tmp_path: Path
) -> None:
    (install, prices, program, shown) = _typed()
    path = os.pathsep.join([str(orderledger_command.parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path}
    environment.pop("ORDERLEDGER_DB", None)
    began = time.monotonic()
    with subprocess.Popen(
        ["bash", "-c", install + "\nwait"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            assert shell.stdout is not None
            assert [shell.stdout.readline() for _ in prices] == prices
            assert shell.stdout.readline() == "orderledger.toml: no fault\n"
            ended = subprocess.run(
                [sys.executable, "-c", program],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        finally:
            os.killpg(shell.pid, signal.SIGTERM)
    assert (ended.stdout, ended.stderr) == (shown, "")
    assert time.monotonic() - began < MINUTES * 60


@pytest.mark.slow
def test_the_program_with_an_exchange_of_the_callers_own_runs(tmp_path: Path) -> None:
    page = blocks(PAGE)
    place = next(n for n, block in enumerate(page) if "ccxt.async_support" in block.text)
    ended = run_python(page[place].text, tmp_path)
    assert (ended.stdout, ended.stderr) == (page[place + 1].text, "")


def _typed() -> tuple[str, list[str], str, str]:
    """What is typed in the shell, without the installation; the prices that it shows; the program;
    and its output."""
    first, prices, second, program, shown = blocks(PAGE)[:5]
    lines = [*first.text.splitlines(), *second.text.splitlines()]
    assert (program.language, shown.language) == ("python", "text")
    typed = "\n".join(line for line in lines if "pip install" not in line)
    return typed, prices.text.splitlines(keepends=True), program.text, shown.text
