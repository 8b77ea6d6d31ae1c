"""Hyperliquid's networks and settings."""

from typing import Annotated, Literal

from pydantic import Field

from orderledger.extend.messages import Identifier
from orderledger.venues.base.networks import Network, Networks
from orderledger.venues.base.settings import (
    WEBSOCKET_URL,
    Secret,
    Section,
    VenueSection,
    WebsocketUrl,
)

NETWORKS = Networks(
    {
        "mainnet": Network("https://api.hyperliquid.xyz", "wss://api.hyperliquid.xyz/ws"),
        "testnet": Network(
            "https://api.hyperliquid-testnet.xyz", "wss://api.hyperliquid-testnet.xyz/ws"
        ),
    },
    "/ws",
)


class HyperliquidAccount(Section):
    """One address, yours or another's."""

    account: Identifier = Field(description="Its name in the ledger, e.g. hyperliquid:main.")
    address: str = Field(
        pattern=r"^0x[0-9a-fA-F]{40}$", description="The 42 characters of its address."
    )
    private_key: Secret | None = Field(
        default=None,
        description="Key of an API wallet of the account, to send orders. Needs "
        "`orderledger[hyperliquid]`.",
    )
    is_vault: bool = Field(
        default=False,
        description="Whether the address is a vault or subaccount, for which the key signs.",
    )


class HyperliquidSettings(VenueSection):
    """Reading needs no credentials because it uses public data only. Sending orders needs a key."""

    networks = NETWORKS
    venue: Literal["hyperliquid"]
    accounts: tuple[HyperliquidAccount, ...] = Field(
        min_length=1, description="The accounts; the first ones get the websockets."
    )
    websocket_url: WebsocketUrl = Field(default="", description=WEBSOCKET_URL)
    exchanges: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,20}$")], ...] = Field(
        default=(),
        description=(
            "Exchanges of builders (HIP-3, the `xyz` of `xyz:TSLA`) to list besides the main one "
            "and spot."
        ),
    )
    websocket_users: int = Field(
        default=10,
        ge=0,
        le=100,
        description="Users that the venue allows to be streamed per IP address.",
    )
    weight_per_minute: int = Field(
        default=1200, ge=62, description="Weight of queries that the venue allows per minute."
    )

    native_groups: bool = Field(
        default=False,
        description="Whether an entry with its stop and take-profit is sent as one group of the "
        "venue. Otherwise the gateway holds the exits.",
    )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.account for one in self.accounts)

    def keys(self) -> dict[str, Secret]:
        return {
            f"accounts.{number}.private_key": one.private_key
            for number, one in enumerate(self.accounts)
            if one.private_key is not None
        }

    def can_send(self, account: str) -> bool:
        return any(one.private_key is not None for one in self.accounts if one.account == account)

    @property
    def at_venue(self) -> tuple[str, ...]:
        return tuple(f"address {one.address.lower()}" for one in self.accounts)
