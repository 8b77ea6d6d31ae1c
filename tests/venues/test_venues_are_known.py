"""A venue is made known in several places: none of them may be forgotten."""

from pathlib import Path
from typing import get_args

import click

import orderledger.infrastructure.venues as venues
from orderledger.cli.main import main
from orderledger.infrastructure.sync.collecting.records import ALIASES
from orderledger.infrastructure.sync.collecting.settings import VENUES as KNOWN
from orderledger.infrastructure.sync.collecting.settings import VenueSettings
from orderledger.infrastructure.sync.collecting.translating import recording_of
from orderledger.simulation.servers.__main__ import STANDS
from tests.venues.voices import VOICES
from tests.worlds.plan import VENUES

FOLDER = Path(venues.__path__[0])
REPOSITORY = FOLDER.parents[2]
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/translate.py"))


def test_every_adapter_is_known_wherever_venues_are_named() -> None:
    union, _ = get_args(VenueSettings)
    settings = sorted(get_args(section.model_fields["venue"].annotation)[0] for section in get_args(union))
    (choices,) = [given.type.choices for given in main.commands["translate"].params if isinstance(given.type, click.Choice)]
    places = {
        "settings.VenueSettings": settings,
        "settings.VENUES": KNOWN,
        "cli/collecting.py: translate": choices,
        "tests/venues/voices.py": VOICES,
        "tests/worlds/plan.py": VENUES,
        "fake/__main__.py": STANDS,
    }
    assert {place: sorted(names) for place, names in places.items()} == dict.fromkeys(places, NAMES)


def test_every_adapter_has_its_recording_its_alias_and_its_page() -> None:
    for name in NAMES:
        assert list(recording_of(name, f"{name}:main", "1", None).rest().messages) == []
        assert VOICES[name].alias[0] in ALIASES
        assert (REPOSITORY / f"docs/how-to/connect-{name}.md").exists()
