"""What the settings come to as rules of reconciling."""

from datetime import timedelta
from pathlib import Path

import pytest

from orderledger import InvalidSetting
from orderledger.venues.collecting.reconciling import rules_of
from orderledger.venues.collecting.settings import CollectSettings
from orderledger.venues.reconciliation.reconciler import Rules
from tests.venues.collecting.wrong_settings import OK


def read(folder: Path, text: str = "") -> CollectSettings:
    path = folder / "orderledger.toml"
    path.write_text(f"{text}\n{OK}")
    return CollectSettings.read(path)


def test_the_defaults_of_the_settings_are_those_of_the_rules(tmp_path: Path) -> None:
    assert rules_of(read(tmp_path)) == Rules()


def test_every_setting_reaches_its_rule(tmp_path: Path) -> None:
    told = """
    lookback_hours = 2
    overlap_seconds = 3
    grace_seconds = 4
    concluding_seconds = 5
    questions_per_run = 6
    adjust_positions = true
    """
    assert rules_of(read(tmp_path, told)) == Rules(
        lookback=timedelta(hours=2),
        overlap=timedelta(seconds=3),
        grace=timedelta(seconds=4),
        concluding=timedelta(seconds=5),
        most_questions=6,
        may_adjust=True,
    )


@pytest.mark.parametrize(
    "text", ["questions_per_run = 0", "questions_per_run = 1.5", "concluding_seconds = 0"]
)
def test_a_run_asks_about_one_order_at_least_and_concludes_nothing_at_once(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(InvalidSetting, match=text.split()[0]):
        read(tmp_path, text)
