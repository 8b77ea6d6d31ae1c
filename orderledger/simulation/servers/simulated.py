"""`SimulatedVenue`: a venue's server with the other settings of a dry run. Each adapter names
the function that makes its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, cast

from orderledger import InvalidSetting
from orderledger.extend.values import Clock
from orderledger.simulation.market import HAPPENINGS, SimulatedInstrument
from orderledger.simulation.servers.faults import Faults
from orderledger.venues.base.registry import adapter

if TYPE_CHECKING:
    from orderledger.simulation.servers.server import VenueServer

COINS = (
    SimulatedInstrument(name="ETH", price=Decimal(2500), tick=Decimal("0.05"), lot=Decimal("0.01")),
    SimulatedInstrument(
        name="BTC", price=Decimal(60000), tick=Decimal("0.5"), lot=Decimal("0.001")
    ),
)
TOKEN_VARIABLE = "FAKE_TOKEN"
"""The environment variable from which a dry run's settings read the venue's token."""
KEY_VARIABLE = "FAKE_KEY"
"""The same for the key that signs orders, at venues where that is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedVenue:
    """A server, and its settings for a dry run.

    `account`: the exchange's name of the account that trades. `section`: the settings of a
    `[[venues]]` table besides `venue`, `url` and `websocket_url`. `token`: the value of
    `FAKE_TOKEN`, if the venue needs one; `key`: the same of `FAKE_KEY`. `path` follows the server's
    address in `url`. `client_id`: the client id for the order with a number. `with_new_id`: whether
    a modify changes an order's id.
    """

    server: "VenueServer"
    account: str
    section: str
    token: str | None = None
    key: str | None = None
    path: str = ""
    instruments: Sequence[SimulatedInstrument] = COINS
    happenings: Mapping[str, int] = field(default_factory=lambda: HAPPENINGS)
    client_id: Callable[[int], str | None] = str
    with_new_id: bool = False

    def __post_init__(self) -> None:
        self.server.marks = {one.name: one.price for one in self.instruments}

    @property
    def secrets(self) -> Mapping[str, str]:
        """The values of the environment variables that the section names."""
        named = {TOKEN_VARIABLE: self.token, KEY_VARIABLE: self.key}
        return {name: value for name, value in named.items() if value is not None}


def simulated(venue: str, faults: Faults, clock: Clock) -> SimulatedVenue:
    """The simulated venue of this name. Raises InvalidSetting if its adapter has none."""
    path = adapter(venue).simulation
    if path is None:
        raise InvalidSetting("venue", f"{venue!r} has no simulation")
    make = cast(Callable[[Faults, Clock], SimulatedVenue], EntryPoint(venue, path, "").load())
    return make(faults, clock)
