"""Leases by a clock that the test moves: when the holder stops, and when another may begin."""

import asyncio
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from orderledger import Fenced, Ledger
from orderledger.gateway.lease_keeper import LeaseKeeper
from orderledger.gateway.leases import Leases
from orderledger.gateway.process import is_dead, this_process

TERM = 10.0


@dataclass
class Seconds:
    """The seconds that a process counts, and the epoch of its log."""

    now: float = 100.0
    epoch: int = 1

    def __call__(self) -> float:
        return self.now


def keeper_of(ledger: Ledger, seconds: Seconds, *accounts: str) -> LeaseKeeper:
    leases = Leases(ledger.internals.store.database)
    return LeaseKeeper(
        leases, accounts or ("a",), "test", TERM, seconds, epoch=lambda: seconds.epoch
    )


@pytest.fixture
def kept(ledger: Ledger) -> tuple[LeaseKeeper, Seconds]:
    seconds = Seconds()
    keeper = keeper_of(ledger, seconds)
    asyncio.run(keeper.take())
    return keeper, seconds


def test_a_holder_stops_a_fifth_of_the_term_early(kept: tuple[LeaseKeeper, Seconds]) -> None:
    keeper, seconds = kept
    assert keeper.fence("a") == 1
    seconds.now += 7.999
    assert keeper.fence("a") == 1
    seconds.now += 0.001
    with pytest.raises(Fenced, match="not renewed in time"):
        keeper.fence("a")


def test_a_renewal_counts_from_before_it_began(kept: tuple[LeaseKeeper, Seconds]) -> None:
    keeper, seconds = kept
    seconds.now += 7
    keeper.renew()
    seconds.now += 7.9
    assert keeper.fence("a") == 1
    seconds.now += 0.2
    with pytest.raises(Fenced):
        keeper.fence("a")


def test_four_renewals_fit_into_a_term(kept: tuple[LeaseKeeper, Seconds]) -> None:
    assert kept[0].pause == TERM / 4


def test_after_the_log_went_back_no_lease_holds(kept: tuple[LeaseKeeper, Seconds]) -> None:
    keeper, seconds = kept
    seconds.epoch += 1
    with pytest.raises(Fenced, match="the log went back"):
        keeper.fence("a")


def test_without_a_lease_nothing_may_be_sent(ledger: Ledger) -> None:
    with pytest.raises(Fenced, match="no lease"):
        keeper_of(ledger, Seconds()).fence("a")


def test_a_lease_that_another_took_is_lost_for_good(
    ledger: Ledger, kept: tuple[LeaseKeeper, Seconds]
) -> None:
    keeper, seconds = kept
    other = keeper_of(ledger, seconds)
    asyncio.run(other.take(["a"]))
    assert (other.fence("a"), other.forced) == (2, {"a"})
    keeper.renew()
    with pytest.raises(Fenced, match="no lease"):
        keeper.fence("a")
    other.renew()
    assert other.fence("a") == 2


def test_a_released_lease_is_taken_at_once_and_not_by_force(
    ledger: Ledger, kept: tuple[LeaseKeeper, Seconds]
) -> None:
    keeper, seconds = kept
    keeper.release()
    with pytest.raises(Fenced):
        keeper.fence("a")
    lease = Leases(ledger.internals.store.database).read("a")
    assert lease is not None and (lease.holder, lease.process) == (None, None)
    other = keeper_of(ledger, seconds)
    asyncio.run(asyncio.wait_for(other.take(["a"]), 30))
    assert (other.fence("a"), other.forced) == (2, set())


def test_each_account_has_its_own_lease(ledger: Ledger) -> None:
    seconds = Seconds()
    both, other = keeper_of(ledger, seconds, "a", "b"), keeper_of(ledger, seconds)
    asyncio.run(both.take())
    asyncio.run(other.take(["a"]))
    both.renew()
    assert both.fence("b") == 1
    with pytest.raises(Fenced):
        both.fence("a")


def test_another_process_waits_for_a_whole_term_without_a_beat(
    ledger: Ledger, kept: tuple[LeaseKeeper, Seconds]
) -> None:
    keeper, _ = kept
    seconds = Seconds(now=5.0)
    other = keeper_of(ledger, seconds)

    async def story() -> None:
        other._seconds = TERM / 1000  # the pauses between two looks are real
        taking = asyncio.create_task(other.take())
        await asyncio.sleep(0.1)
        for _ in range(3):
            seconds.now += other._seconds * 0.9
            await asyncio.to_thread(keeper.renew)
            await asyncio.sleep(0.1)
            assert not taking.done()
        seconds.now += other._seconds * 1.01
        await asyncio.wait_for(taking, 30)

    asyncio.run(story())
    assert other.fence("a") == 2


def test_a_process_is_dead_only_if_that_is_certain() -> None:
    here = this_process()
    place, pid, started = here.rsplit(" ", 2)
    assert not is_dead(here)
    assert is_dead(f"{place} {pid} {int(started) + 1}"), "the number belongs to another process"
    assert is_dead(f"{place} {_free_number()} {started}")
    assert not is_dead(f"elsewhere {pid} {int(started) + 1}")
    assert not is_dead("") and not is_dead("no such words") and not is_dead("a b c")


def test_a_process_that_nobody_has_collected_is_dead() -> None:
    place, *_ = this_process().rsplit(" ", 2)
    child = subprocess.Popen(["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE)
    started = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
    name = f"{place} {child.pid} {started}"
    assert not is_dead(name)
    assert child.stdin is not None
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(name)
    child.wait()
    assert is_dead(name)


def _free_number() -> int:
    return next(number for number in range(2, 1 << 22) if not Path(f"/proc/{number}").exists())
