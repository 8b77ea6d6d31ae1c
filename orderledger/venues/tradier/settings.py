"""Tradier's networks and settings."""

from typing import Literal

from pydantic import Field

from orderledger.venues.base.networks import Network, Networks
from orderledger.venues.base.settings import (
    WEBSOCKET_URL,
    OneAccountSection,
    Seconds,
    Secret,
    WebsocketUrl,
)

LIVE_PER_MINUTE = 120
SANDBOX_PER_MINUTE = 60
"""Queries per minute, for each token."""

NETWORKS = Networks(
    {
        "live": Network("https://api.tradier.com/v1", "wss://ws.tradier.com/v1/accounts/events"),
        "sandbox": Network(
            "https://sandbox.tradier.com/v1", "wss://sandbox-ws.tradier.com/v1/accounts/events"
        ),
    },
    "/accounts/events",
)


class TradierSettings(OneAccountSection):
    """One account at Tradier."""

    networks = NETWORKS
    defaults_of_networks = {"sandbox": {"requests_per_minute": SANDBOX_PER_MINUTE}}  # noqa: RUF012  (declared by VenueSection)
    venue: Literal["tradier"]
    number: str = Field(
        pattern=r"^[A-Za-z0-9]{1,30}$", description="The account number at the venue."
    )
    token: Secret = Field(description="The access token.")
    websocket_url: WebsocketUrl = Field(default="", description=WEBSOCKET_URL)
    requests_per_minute: int = Field(
        default=LIVE_PER_MINUTE,
        ge=1,
        description="Queries that the venue allows per minute. Default in the sandbox: 60.",
    )
    native_groups: bool = Field(
        default=False,
        description="Whether OCO, OTO and brackets are sent as Tradier's `oco`, `oto` and `otoco` "
        "orders. Otherwise the gateway holds their exits.",
    )
    poll_seconds: Seconds = Field(
        default=2.0, description="Seconds between two queries of the orders while any is open."
    )

    @property
    def at_venue(self) -> tuple[str, ...]:
        return (f"number {self.number}",)
