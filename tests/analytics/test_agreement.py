"""Analyses agree with pandas on generated streams; on recorded ones see `test_real_streams.py`."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from orderledger import Ledger, parse_document
from orderledger.analytics.questions import questions
from tests.analytics.by_pandas import Messages, compare
from tests.analytics.generated import stream
from tests.core.contract.streams import MADE_AT
from tests.seeds import few

GROUPS = {
    "fees": (["account"], ["account", "strategy", "instrument", "hour"]),
    "latency": (["account"], ["account", "strategy", "instrument"], ["hour"]),
    "cancels": (["account"], ["strategy", "instrument", "hour"]),
    "anomalies": (["venue"], ["account", "strategy", "instrument"]),
    "resting": (["account", "instrument"], ["account", "strategy", "instrument", "side", "hour"]),
    "trips": (["account", "instrument"],),
}
"""The analyses that are compared here, and on recorded flow where that has something to compare; by
which groups."""


class RandomClock:
    """A clock that advances by random steps: each step of an order takes another time."""

    def __init__(self, chance: random.Random) -> None:
        self._now, self._chance = MADE_AT, chance

    def now(self) -> datetime:
        self._now += timedelta(microseconds=self._chance.randrange(50, 40_000))
        return self._now


@pytest.fixture(scope="module", params=few(1, 10))
def generated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Messages]:
    seed: int = request.param
    messages = stream(seed, 200)
    path = tmp_path_factory.mktemp("generated") / "ledger.db"
    with Ledger.open(path, synchronous="OFF", clock=RandomClock(random.Random(seed))) as ledger:
        outcomes = [ledger.record(parse_document(message)) for message in messages]
        assert {outcome.outcome for outcome in outcomes} == {"recorded"}
        yield Messages(ledger, messages)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "by"), [(name, by) for name, groups in GROUPS.items() for by in groups], ids=str
)
def test_an_analysis_agrees_with_pandas(generated: Messages, name: str, by: list[str]) -> None:
    rows = compare(generated, name, by)
    assert len(rows) > 1 or name == "trips"


def test_the_generated_streams_have_what_is_compared(generated: Messages) -> None:
    found = generated.anomalies(["venue"]).groupby("code").sum()
    assert {"overfill", "unresolved", "fill_after_end"} < set(found.index)
    assert (
        0 < found.loc["quantity_mismatch", "still_open"] < found.loc["quantity_mismatch", "found"]
    )


def test_no_analysis_lacks_a_comparison() -> None:
    recorded = Path(__file__).with_name("test_real_streams.py").read_text("utf-8")
    assert {
        name for name in questions() if name not in GROUPS and f'flow.rows("{name}"' not in recorded
    } == set()


def test_round_trips_follow_from_trips() -> None:
    """Both files can be run as they are, so each has the same definition of a trip."""
    trips, round_trips = (questions()[name].text for name in ("trips", "round-trips"))
    definition = trips[trips.index("WITH fills AS") : trips.index("\nSELECT /*by*/")]
    assert definition in round_trips
