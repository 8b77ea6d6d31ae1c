"""Wallex in the registry: its network and its settings."""

from typing import Literal

from orderledger.venues.base.keyed import keyed_adapter
from orderledger.venues.base.networks import Network, Networks
from orderledger.venues.base.settings import KeyedSection
from orderledger.venues.wallex.vocabulary import CLIENT_ID, NAME


class WallexSettings(KeyedSection):
    """One account at Wallex. A key lives for 90 days at most."""

    networks = Networks({"live": Network("https://api.wallex.ir")})
    venue: Literal["wallex"]


ADAPTER = keyed_adapter(
    WallexSettings,
    name=NAME,
    alias=CLIENT_ID,
    package=__package__,
    simulation="orderledger.simulation.wallex.server:simulated",
)
