"""The simulated venue's faults and memory: lost answers, dropped connections, killed clients, and
one world per seed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from orderledger.simulation.local import CALM, LineFaults, LocalVenue, VenueAnswer, VenueUnreachable

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
STORMY = LineFaults(reject_rate=0.1, lost_answer_rate=0.3, drop_interval_seconds=20.0)


def quiet_venue(**terms: Any) -> LocalVenue:
    """Nothing goes wrong and nobody else trades."""
    return LocalVenue(7, **{"start": START, "faults": CALM, "flow_interval_seconds": None, **terms})


def buy(
    venue: LocalVenue,
    client_order_id: str,
    quantity: str = "0.5",
    price: str = "64000",
    **terms: Any,
) -> VenueAnswer:
    return venue.submit(
        client_order_id=client_order_id,
        instrument="BTC-USD",
        side="buy",
        quantity=quantity,
        limit_price=price,
        **terms,
    )


def story(seed: int, *, memory: Path | None = None) -> list[Any]:
    """A client that keeps trading, whatever it is answered, and asks for everything in the end.

    With a memory it forgets the venue before every call and loads it again.
    """
    venue = LocalVenue(seed, start=START, faults=STORMY, memory=memory)
    heard: list[Any] = []
    for number in range(30):
        side: Literal["buy", "sell"] = "buy" if number % 2 else "sell"
        price = "64010" if number % 2 else "63990"
        answer = venue.submit(
            client_order_id=f"C-{number}",
            instrument="BTC-USD",
            side=side,
            quantity="0.09",
            limit_price=price,
        )
        heard.append((answer.outcome, answer.message))
        venue = LocalVenue.load(memory) if memory else venue
        heard.extend(venue.advance(venue.now + timedelta(seconds=2)))
        if number % 5 == 0:
            heard.append(venue.cancel(f"C-{number}").message)
            venue = LocalVenue.load(memory) if memory else venue
    while not venue.is_connected:
        heard.extend(venue.advance(venue.now + timedelta(seconds=5)))
    return heard + venue.open_orders() + venue.fills_since(START)


def numbers(fill: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fill.items() if name != "source"}


# One seed, one world


def test_the_same_seed_tells_the_same_story_to_the_byte() -> None:
    assert story(11) == story(11)


def test_different_seeds_tell_different_stories() -> None:
    assert story(11) != story(12)


def test_one_stormy_seed_holds_every_kind_of_fault() -> None:
    heard = story(11)
    outcomes = {each[0] for each in heard if isinstance(each, tuple)}
    assert outcomes == {"accepted", "rejected", "lost"}


# Lost answers


def test_a_lost_answer_is_a_timeout_for_the_caller_and_the_venue_has_the_order() -> None:
    venue = quiet_venue()
    venue.lose_next_answer()
    answer = buy(venue, "C-1")
    assert (answer.outcome, answer.message, answer.reason) == ("lost", None, "timeout")
    assert venue.now == START + timedelta(seconds=5)
    assert venue.advance(venue.now + timedelta(minutes=1)) == []
    assert venue.order_status("C-1")["status"] == "new"
    assert [order["client_order_id"] for order in venue.open_orders()] == ["C-1"]


def test_a_lost_request_is_a_timeout_too_and_the_venue_never_heard_of_the_order() -> None:
    venue = quiet_venue()
    venue.lose_next_answer("request_lost")
    assert buy(venue, "C-1").outcome == "lost"
    assert venue.order_status("C-1")["type"] == "absent" and venue.open_orders() == []


def test_an_order_that_was_absent_may_still_arrive() -> None:
    venue = quiet_venue()
    venue.lose_next_answer("request_late")
    assert buy(venue, "C-1").outcome == "lost"
    assert venue.order_status("C-1")["type"] == "absent"
    [acknowledged] = venue.advance(venue.now + timedelta(seconds=1))
    assert (acknowledged["type"], acknowledged["client_order_id"]) == ("acknowledged", "C-1")


def test_a_cancel_without_an_answer_may_have_ended_the_order() -> None:
    venue = quiet_venue()
    buy(venue, "C-1")
    venue.lose_next_answer()
    assert venue.cancel("C-1").outcome == "lost"
    assert venue.order_status("C-1")["status"] == "canceled"


# Dropped connections


def test_fills_missed_while_the_connection_was_down_can_be_asked_for_with_the_same_ids() -> None:
    venue, undisturbed = (LocalVenue(3, start=START, faults=CALM) for _ in range(2))
    for each in (venue, undisturbed):
        buy(each, "C-1", quantity="0.5", price="64001")
    pushed = undisturbed.advance(START + timedelta(minutes=5))
    venue.drop(290)
    arrived = venue.advance(START + timedelta(minutes=5))
    assert venue.is_connected
    heard, said = (
        {message["fill_id"] for message in each if message["type"] == "fill"}
        for each in (arrived, pushed)
    )
    asked = venue.fills_since(START)
    assert heard < said == {fill["fill_id"] for fill in asked}
    assert [numbers(fill) for fill in asked] == [
        numbers(message) for message in pushed if message["type"] == "fill"
    ]
    assert {fill["source"] for fill in asked} == {"venue_poll"}
    assert venue.fills_since(datetime.fromisoformat(asked[-1]["at"])) == asked[-1:]


def test_a_dropped_connection_answers_nothing_and_comes_back() -> None:
    venue = quiet_venue()
    venue.drop(30)
    assert not venue.is_connected
    with pytest.raises(
        VenueUnreachable, match="sim:main was queried at 2026-03-02T09:30:00.000000Z"
    ):
        venue.open_orders()
    assert buy(venue, "C-1").outcome == "lost"
    venue.advance(START + timedelta(seconds=30))
    assert venue.is_connected and venue.outages == [(START, START + timedelta(seconds=30))]
    assert venue.order_status("C-1")["type"] == "absent"


def test_the_connection_drops_by_itself_when_the_seed_says_so() -> None:
    venue = LocalVenue(
        5, start=START, faults=LineFaults(drop_interval_seconds=60.0), flow_interval_seconds=None
    )
    venue.advance(START + timedelta(minutes=10))
    assert 6 <= len(venue.outages) <= 20


def test_what_was_never_heard_stands_in_the_orders_history() -> None:
    venue = quiet_venue()
    buy(venue, "C-1")
    venue.lose_next_answer()
    venue.replace("C-1", quantity="0.3")
    assert [message["type"] for message in venue.order_history("C-1")] == [
        "acknowledged",
        "replaced",
    ]


# The venue's memory


@pytest.mark.slow
def test_a_loaded_venue_continues_the_same_world(tmp_path: Path) -> None:
    path = tmp_path / "venue.json"
    first = LocalVenue(11, start=START, faults=STORMY)
    for number in range(10):
        buy(first, f"C-{number}", quantity="0.1", price="64001")
    first.save(path)
    second = LocalVenue.load(path)
    second.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    for venue in (first, second):
        venue.cancel("C-9")
    later = START + timedelta(hours=1)
    assert first.advance(later) == second.advance(later)
    assert buy(first, "C-10") == buy(second, "C-10")
    first.save(tmp_path / "first.json")
    second.save(tmp_path / "second.json")
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()


@pytest.mark.slow
def test_a_client_that_restarts_after_every_call_hears_what_one_hears_that_never_does(
    tmp_path: Path,
) -> None:
    for seed in range(20, 30):
        assert story(seed, memory=tmp_path / "venue.json") == story(seed)


def test_a_venue_with_a_memory_outlives_the_killed_process_of_its_client(tmp_path: Path) -> None:
    path = tmp_path / "venue.json"
    client = f"""
import os, signal
from datetime import UTC, datetime
from pathlib import Path
from orderledger.simulation.local import CALM, LocalVenue
venue = LocalVenue(3, start=datetime(2026, 3, 2, 9, 30, tzinfo=UTC), faults=CALM, memory=Path({str(path)!r}))
venue.submit(client_order_id="C-1", instrument="BTC-USD", side="buy", quantity="0.5", limit_price="64001")
os.kill(os.getpid(), signal.SIGKILL)
"""  # noqa: E501 (lines of a file)
    root = Path(__file__).parents[2]
    killed = subprocess.run(
        [sys.executable, "-c", client], env={**os.environ, "PYTHONPATH": str(root)}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    survivor, undisturbed = LocalVenue.load(path), LocalVenue(3, start=START, faults=CALM)
    buy(undisturbed, "C-1", quantity="0.5", price="64001")
    later = START + timedelta(minutes=5)
    assert survivor.advance(later) == undisturbed.advance(later)
    assert survivor.fills_since(START) == undisturbed.fills_since(START) != []
    assert LocalVenue.load(path).advance(survivor.now) == [], (
        "what was fetched is not delivered again"
    )
    assert [each.name for each in tmp_path.iterdir()] == ["venue.json"]


def test_a_start_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="start needs an offset"):
        LocalVenue(1, start=START.replace(tzinfo=None))
