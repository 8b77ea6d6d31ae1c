"""Corner in the registry."""

from typing import Literal

from pydantic import Field

from orderledger.venues.base.adapter import Adapter
from orderledger.venues.base.networks import Network, Networks
from orderledger.venues.base.recorded import Recording
from orderledger.venues.base.settings import OneAccountSection, Secret
from orderledger.venues.base.venue import Records, Venue
from tests.venues.corner.translate import CLIENT_ID, CornerRecording


class CornerSettings(OneAccountSection):
    """One account at Corner."""

    networks = Networks({"real": Network("https://api.corner.invalid")})
    venue: Literal["corner"]
    token: Secret = Field(description="The API key.")

    @property
    def at_venue(self) -> tuple[str, ...]:
        return ("the account of the key",)


def build(settings: CornerSettings, records: Records) -> Venue:
    from tests.venues.corner.venue import CornerVenue

    return CornerVenue(
        settings.account,
        key=settings.token.read("venues.corner.token"),
        url=settings.url,
        records=records,
    )


def recording(account: str, number: str, records: Records | None) -> Recording:
    return CornerRecording(account)


ADAPTER = Adapter(
    name="corner",
    settings=CornerSettings,
    build=build,
    recording=recording,
    alias=CLIENT_ID,
    simulation="tests.venues.corner.simulated:simulated",
)
