"""Orders nobody thought of: the views equal the auditor's, whatever the order of the reports and however often they come.

The same stories on every run; `test_orders_long.py` tells new ones."""

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orderledger import Ledger
from tests.properties import checks
from tests.properties.stories import Story, stories

settings.register_profile(
    "quick",
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
quick = settings.get_profile("quick")
CHANCES = st.integers(0, 2**32).map(Random)


@quick
@given(story=stories(is_plain=True))
def test_every_field_of_every_view_is_the_auditors(ledger: Ledger, story: Story) -> None:
    checks.check_views(ledger, story)


@quick
@given(story=stories(has_equal_times=True))
def test_of_reports_of_one_time_the_later_in_the_log_counts(ledger: Ledger, story: Story) -> None:
    checks.check_views(ledger, story)


@quick
@given(story=stories(is_plain=False))
def test_reports_that_come_before_their_order_is_known_are_the_auditors_too(ledger: Ledger, story: Story) -> None:
    checks.check_views(ledger, story)


@quick
@given(story=stories(), chance=CHANCES)
def test_any_order_and_repetition_of_the_reports_ends_in_the_same_state(ledger: Ledger, story: Story, chance: Random) -> None:
    checks.check_any_order(ledger, story, chance)


@quick
@given(story=stories(is_plain=False), chance=CHANCES)
def test_the_request_may_come_before_and_after_any_report(ledger: Ledger, story: Story, chance: Random) -> None:
    checks.check_any_place_of_the_request(ledger, story, chance)


@quick
@given(story=stories())
def test_recording_everything_again_gives_duplicates_and_changes_nothing(ledger: Ledger, story: Story) -> None:
    checks.check_again(ledger, story)


@settings(quick, max_examples=25)
@given(story=stories())
def test_a_reopened_and_rebuilt_store_gives_the_same_answers(tmp_path_factory: pytest.TempPathFactory, story: Story) -> None:
    checks.check_reopening(tmp_path_factory.mktemp("stories"), story)
