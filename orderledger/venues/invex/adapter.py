"""Invex in the registry: its networks and settings."""

from importlib.metadata import EntryPoint
from typing import Any, Literal

from pydantic import Field

from orderledger import InvalidSetting
from orderledger.venues.base.keyed import keyed_adapter
from orderledger.venues.base.networks import Network, Networks
from orderledger.venues.base.settings import KeyedSection
from orderledger.venues.invex.vocabulary import CLIENT_ID, NAME


class InvexSettings(KeyedSection):
    """One account at Invex."""

    networks = Networks(
        {"live": Network("https://invex.ir"), "sandbox": Network("https://sandbox.invex.ir")}
    )
    venue: Literal["invex"]
    signer: str | None = Field(
        default=None,
        pattern=r"^[\w.]+:\w+$",
        description="Your function that signs, `module:function`: given the fields of a request, "
        "it returns those to add.",
    )

    def options(self) -> dict[str, Any]:
        if self.signer is None:
            return {}
        try:
            return {"sign": EntryPoint("signer", self.signer, "").load()}
        except (ImportError, AttributeError) as error:
            raise InvalidSetting(
                "venues.invex.signer", f"{self.signer} cannot be loaded: {error}"
            ) from None


ADAPTER = keyed_adapter(
    InvexSettings,
    name=NAME,
    alias=CLIENT_ID,
    package=__package__,
    simulation="orderledger.simulation.invex.server:simulated",
)
