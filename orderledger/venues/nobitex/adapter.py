"""Nobitex in the registry: its network and its settings."""

from typing import Literal

from orderledger.venues.base.keyed import keyed_adapter
from orderledger.venues.base.networks import Network, Networks
from orderledger.venues.base.settings import KeyedSection
from orderledger.venues.nobitex.vocabulary import CLIENT_ID, NAME


class NobitexSettings(KeyedSection):
    """One account at Nobitex."""

    networks = Networks(
        {"live": Network("https://apiv2.nobitex.ir")}
    )  # the public testnet is switched off
    venue: Literal["nobitex"]


ADAPTER = keyed_adapter(
    NobitexSettings,
    name=NAME,
    alias=CLIENT_ID,
    package=__package__,
    simulation="orderledger.simulation.nobitex.server:simulated",
)
