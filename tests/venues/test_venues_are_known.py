"""A venue is registered by one entry point. Besides, it has payload samples, a world and a page:
none may be forgotten."""

from pathlib import Path

import click

import orderledger.venues as venues
from orderledger.cli.main import main
from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.simulated import simulated
from orderledger.venues.base.registry import adapter, adapters, installed
from tests.venues.payload_samples import PAYLOAD_SAMPLES
from tests.worlds.plan import VENUES

FOLDER = Path(venues.__path__[0])
REPOSITORY = FOLDER.parents[1]
NAMES = sorted(
    path.parent.name for path in FOLDER.glob("*/adapter.py") if "\nADAPTER = " in path.read_text()
)


def test_every_adapter_is_registered_and_has_samples_and_worlds() -> None:
    (choices,) = [
        given.type.choices
        for given in main.commands["translate"].params
        if isinstance(given.type, click.Choice)
    ]
    places = {
        "pyproject.toml": installed(),
        "orderledger translate": choices,
        "tests/venues/payload_samples.py": PAYLOAD_SAMPLES,
        "tests/worlds/plan.py": VENUES,
    }
    assert {place: sorted(names) for place, names in places.items()} == dict.fromkeys(places, NAMES)


def test_every_adapter_has_its_recording_its_alias_its_simulation_and_its_page() -> None:
    for one in adapters(NAMES):
        assert one is adapter(one.name)
        assert list(one.recording(f"{one.name}:main", "1", None).rest().messages) == []
        assert PAYLOAD_SAMPLES[one.name].alias[0] == one.alias
        assert simulated(one.name, Faults(), SystemClock()).account
        assert (REPOSITORY / f"docs/how-to/connect-{one.name}.md").exists()
