"""Bounds of a venue's clock."""

from datetime import UTC, datetime, timedelta

import pytest

from orderledger.venues.base.venue_clock import VenueClock

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class Seconds:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def seconds(at: datetime | None) -> float:
    assert at is not None
    return round((at - AT).total_seconds(), 4)


def test_the_clock_was_read_between_the_request_and_its_answer() -> None:
    elapsed = Seconds()
    clock = VenueClock(elapsed=elapsed)
    assert clock.at_least() is None and clock.at_most() is None and clock.offset(AT) is None
    elapsed.now = 102.0
    clock.note(AT, MILLISECOND, began=100.0)
    assert (seconds(clock.at_least()), seconds(clock.at_most())) == (0.0, 2.003)
    elapsed.now = 112.0
    assert (seconds(clock.at_least()), seconds(clock.at_most())) == (9.99, 12.013)
    found = clock.offset(AT)
    assert found is not None
    assert [round(one.total_seconds(), 3) for one in found] == [11.002, 1.012]


def test_a_slow_answer_does_not_replace_a_better_reading() -> None:
    elapsed = Seconds()
    clock = VenueClock(elapsed=elapsed)
    clock.note(AT, MILLISECOND, began=99.9)
    elapsed.now = 110.0
    clock.note(AT + timedelta(seconds=1), MILLISECOND, began=101.0)
    assert (seconds(clock.at_least()), clock.age_seconds) == (9.99, 0.0)
    elapsed.now = 120.0
    clock.note(AT + timedelta(seconds=20), MILLISECOND, began=119.95)
    assert seconds(clock.at_least()) == 20.0


@pytest.mark.parametrize("seconds_set", [-2, 2])
def test_a_reading_that_contradicts_a_better_one_replaces_it(seconds_set: int) -> None:
    """The venue's clock was set."""
    elapsed = Seconds()
    clock = VenueClock(elapsed=elapsed)
    clock.note(AT, MILLISECOND, began=99.99)
    elapsed.now = 110.0
    clock.note(AT + timedelta(seconds=10 + seconds_set), MILLISECOND, began=109.5)
    assert seconds(clock.at_least()) == 10.0 + seconds_set


def test_the_header_date_is_a_time_in_whole_seconds() -> None:
    elapsed = Seconds()
    clock = VenueClock(elapsed=elapsed)
    clock.note_date("not a date", began=99.0)
    clock.note_date(None, began=99.0)
    assert not clock.is_known
    clock.note_date("Fri, 20 Nov 2026 09:00:05 GMT", began=99.5)
    assert (seconds(clock.at_least()), seconds(clock.at_most())) == (5.0, 6.5005)
