"""Our venues with the harness of `orderledger.testing`. They are named as in `tests.worlds`."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from orderledger.testing import VenueHarness, VenueUnderTest
from orderledger.testing import played as played_at
from tests.worlds.plan import VENUES, plan_of
from tests.worlds.venues import kind_of


def venue_named(name: str, *, streams: int = 1) -> VenueUnderTest:
    """The venue with one account, which is streamed if the venue streams, unless `streams` is
    0."""
    return kind_of(replace(plan_of(0, name, is_calm=True), accounts=1, streams=streams))


every_venue = pytest.mark.parametrize("name", VENUES)
every_stream = pytest.mark.parametrize(
    "name", [name for name in VENUES if venue_named(name).has_frames]
)
with_positions = with_changes = every_stream


def played(
    name: str, story: Callable[[VenueHarness], Awaitable[None]], *, streams: int = 1
) -> None:
    played_at(venue_named(name, streams=streams), story)
