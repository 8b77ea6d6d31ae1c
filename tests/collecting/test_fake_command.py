"""A made-up venue as a user starts it, and a collector that listens to it."""

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.collecting.processes import PATIENCE, Process

FAKE = ("-m", "orderledger.infrastructure.venues.fake")


@pytest.mark.parametrize("venue", ["hyperliquid", "lighter", "tradier"])
def test_a_collector_hears_of_fills_with_the_settings_that_a_fake_venue_prints(
    venue: str, orderledger_command: Path, tmp_path: Path
) -> None:
    assert asyncio.run(collected(venue, orderledger_command, tmp_path)) == (0, 0)


async def collected(venue: str, command: Path, folder: Path) -> tuple[int | None, int | None]:
    """How both ended, once a trade was recorded."""
    told, exported = folder / "fake.toml", folder / "exported"
    with told.open("w") as out, exported.open("w") as err:
        fake = await asyncio.create_subprocess_exec(sys.executable, *FAKE, venue, "--every", "0.02", stdout=out, stderr=err)
    try:
        await until(lambda: "accounts = " in told.read_text() or "token = " in told.read_text())
        await until(lambda: venue == "hyperliquid" or "\n" in exported.read_text())
        _, _, token = exported.read_text().strip().partition("=")
        collector = await Process.start(command, "collect", told, ORDERLEDGER_DB=str(folder / "fake.db"), FAKE_TOKEN=token)
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
