"""Views built stream by stream are the views that followed the log event by event, whatever was
recorded."""

from pathlib import Path
from random import Random

import pytest

from orderledger import Ledger, parse_document
from orderledger.infrastructure.views import building
from orderledger.projections.tables import VIEWS
from tests.core.properties.accounts import event_story
from tests.core.properties.test_any_messages import valid_messages
from tests.seeds import of_seeds

EVENTS, ROWS = (1, 2, 3, 7, 5_000), (1, 2, 5, 2_000)
"""How many events and rows are in memory at a time: streams end within, and at the ends of, what is
read together."""


def check_rebuild(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = Random(seed)
    monkeypatch.setattr(building, "EVENTS_AT_ONCE", chance.choice(EVENTS))
    monkeypatch.setattr(building, "ROWS_AT_ONCE", chance.choice(ROWS))
    with Ledger.open("memory://", update_views=False) as ledger:
        for part in range(chance.randint(1, 3)):
            for message in valid_messages(
                Random(10 * seed + part), are_timed=chance.random() < 0.5
            ):
                ledger.record(message)
                if chance.random() < 0.4:
                    ledger.views.catch_up()
        names = (
            () if chance.random() < 0.7 else tuple(chance.sample(list(VIEWS), chance.randint(1, 3)))
        )
        assert ledger.views.rebuild(names).is_equal, f"seed {seed}, {names}"
        assert ledger.views.check().differences == (), f"seed {seed}, {names}"


@of_seeds
def test_rebuilt_views_equal_those_that_followed_the_log(
    seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_each = 10 if seeds.start else 5
    for number in range(of_each * seeds.start, of_each * seeds.stop):
        check_rebuild(number, monkeypatch)


@pytest.mark.slow
def test_several_processes_build_what_one_builds(tmp_path: Path) -> None:
    """Of many small worlds at once, in accounts of their own."""
    with Ledger.open(str(tmp_path / "orders.db"), update_views=False, synchronous="OFF") as ledger:
        for seed in range(60):
            ledger.record_many(valid_messages(Random(seed), are_timed=True))
            ledger.views.catch_up()
        for seed in range(40):
            for message in event_story(Random(seed)):
                ledger.record(parse_document({**message, "account": f"ends:{seed}"}))
        assert ledger.views.rebuild(jobs=3).is_equal
        assert ledger.views.check().differences == ()
