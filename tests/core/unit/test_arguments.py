"""Arguments that no query and no command takes."""

from datetime import UTC, datetime

import pytest

from orderledger import Ledger
from orderledger.cli.times import time_typed

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize("text", ["3", "2026", "20261120"])
def test_a_small_number_is_not_taken_for_seconds_since_1970(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time: a count of seconds has at least nine"):
        time_typed(text, NOW)


def test_seconds_since_1970_are_a_time() -> None:
    assert time_typed("1795219200", NOW) == datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize("name", ["limit", "version"])
def test_a_number_that_no_database_keeps_is_refused(name: str) -> None:
    with Ledger.open("memory://") as ledger, pytest.raises(ValueError, match=f"{name} takes at"):
        ledger.orders(**{name: 2**63})  # type: ignore[arg-type]


def test_a_status_is_a_dictionary() -> None:
    with Ledger.open("memory://") as ledger:
        with pytest.raises(TypeError, match="status takes a dictionary, not 3"):
            ledger.internals.publish("x", 3)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="name takes"):
            ledger.internals.publish(3, {})  # type: ignore[arg-type]
        assert ledger.status()["collectors"] == {}
