"""A made-up venue as a user starts it, and a collector that listens to it."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from orderledger.venues.base.registry import installed
from tests.docs.reading import REPOSITORY, blocks
from tests.venues.collecting.processes import PATIENCE, Process

FAKE = ("-m", "orderledger.simulation")
EVERY = {"invex": "1"}
"""Seconds between two happenings. Invex answers a query a second, and each filled order needs one:
an account that trades faster cannot be followed, and stays down."""


@pytest.mark.slow
@pytest.mark.parametrize("venue", installed())
def test_a_collector_hears_of_fills_with_the_settings_that_a_fake_venue_prints(
    venue: str, orderledger_command: Path, tmp_path: Path
) -> None:
    assert asyncio.run(collected(venue, orderledger_command, tmp_path)) == (0, 0)


async def collected(
    venue: str, command: Path, folder: Path, **environment: str
) -> tuple[int | None, int | None]:
    """How both ended, once a trade was recorded."""
    own = {**os.environ, **environment}
    told = folder / "fake.toml"
    with told.open("w") as out:
        fake = await asyncio.create_subprocess_exec(
            sys.executable, *FAKE, venue, "--every", EVERY.get(venue, "0.02"), stdout=out, env=own
        )
    try:
        await until(
            lambda: any(
                word in told.read_text() for word in ("accounts = ", "token = ", "poll_seconds = ")
            )
        )
        environment |= {"ORDERLEDGER_DB": str(folder / "fake.db")}
        collector = await Process.start(command, "collect", told, **environment)
        try:
            await until(lambda: has_traded(folder / "fake.db", f"{venue}:fake"))
            collector.send(signal.SIGTERM)
            said = await collector.said()
        finally:
            await collector.close()
        fake.terminate()
        return said.status, await asyncio.wait_for(fake.wait(), PATIENCE)
    finally:
        if fake.returncode is None:
            fake.kill()


def has_traded(db: Path, account: str) -> bool:
    """By the tables: whether the collector is up, and shows a trade."""
    try:
        with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as connection:
            (status,) = connection.execute("SELECT max(status) FROM collectors").fetchone()
            (trades,) = connection.execute("SELECT count(*) FROM trades").fetchone()
    except sqlite3.OperationalError:
        return False
    return bool(trades) and json.loads(status)["accounts"].get(account, {}).get("is_up", False)


async def until(is_so: Callable[[], bool]) -> None:
    for _ in range(int(PATIENCE / 0.05)):
        if is_so():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("never so")


@pytest.mark.slow
def test_the_dry_run_of_the_page_can_be_typed_at_once(
    orderledger_command: Path, tmp_path: Path
) -> None:
    """Each line right after the one before, where the venue takes long to start: the collector is
    not started before there are settings for it."""
    slow = tmp_path / "slow"
    slow.mkdir()
    own = orderledger_command.parent / "orderledger"
    (slow / "orderledger").write_text(f'#!/bin/sh\n[ "$1" = fake ] && sleep 4\nexec {own} "$@"\n')
    (slow / "orderledger").chmod(0o755)
    (typed,) = [
        text
        for _, text in blocks(REPOSITORY / "docs/how-to/collect-from-venues.md")
        if "orderledger fake" in text
    ]
    path = os.pathsep.join([str(slow), str(orderledger_command.parent), os.environ["PATH"]])
    with subprocess.Popen(
        ["bash", "-c", typed],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        start_new_session=True,
    ) as shell:
        try:
            asyncio.run(until(lambda: has_traded(tmp_path / "fake.db", "tradier:fake")))
        finally:
            os.killpg(shell.pid, signal.SIGTERM)
            asyncio.run(until(lambda: not is_there(shell.pid)))


def is_there(group: int) -> bool:
    """Whether a process of the group still runs."""
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                return True
    return False
