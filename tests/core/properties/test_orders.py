"""Orders nobody thought of: the views equal the auditor's, whatever the order of the reports and
however often they come."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderledger import Ledger
from tests.core.properties import checks
from tests.core.properties.profiles import many, quick
from tests.core.properties.stories import Story, stories

CHANCES = st.integers(0, 2**32).map(Random)


@pytest.fixture(
    params=[pytest.param(quick, id="few"), pytest.param(many, id="many", marks=pytest.mark.long)]
)
def told(request: pytest.FixtureRequest) -> settings:
    """How many stories are told: the same few on every run, many new ones among the long tests."""
    profile: settings = request.param
    return profile


def test_every_field_of_every_view_is_the_auditors(ledger: Ledger, told: settings) -> None:
    @told
    @given(story=stories(is_plain=True))
    def holds(story: Story) -> None:
        checks.check_views(ledger, story)

    holds()


@pytest.mark.parametrize("is_plain", [True, False])
def test_reports_of_one_time_are_in_the_order_of_the_venue_and_then_of_the_log(
    ledger: Ledger, told: settings, is_plain: bool
) -> None:
    @told
    @given(story=stories(is_plain=is_plain, has_equal_times=True))
    def holds(story: Story) -> None:
        checks.check_views(ledger, story)

    holds()


def test_reports_that_come_before_their_order_is_known_are_the_auditors_too(
    ledger: Ledger, told: settings
) -> None:
    @told
    @given(story=stories(is_plain=False))
    def holds(story: Story) -> None:
        checks.check_views(ledger, story)

    holds()


def test_any_order_and_repetition_of_the_reports_ends_in_the_same_state(
    ledger: Ledger, told: settings
) -> None:
    @told
    @given(story=stories(), chance=CHANCES)
    def holds(story: Story, chance: Random) -> None:
        checks.check_any_order(ledger, story, chance)

    holds()


def test_the_request_may_come_before_and_after_any_report(ledger: Ledger, told: settings) -> None:
    @told
    @given(story=stories(is_plain=False), chance=CHANCES)
    def holds(story: Story, chance: Random) -> None:
        checks.check_any_place_of_the_request(ledger, story, chance)

    holds()


def test_recording_everything_again_gives_duplicates_and_changes_nothing(
    ledger: Ledger, told: settings
) -> None:
    @told
    @given(story=stories())
    def holds(story: Story) -> None:
        checks.check_again(ledger, story)

    holds()


def test_a_reopened_and_rebuilt_store_gives_the_same_answers(
    tmp_path_factory: pytest.TempPathFactory, told: settings
) -> None:
    @settings(told, max_examples=told.max_examples // 4)
    @given(story=stories())
    def holds(story: Story) -> None:
        checks.check_reopening(tmp_path_factory.mktemp("stories"), story)

    holds()
