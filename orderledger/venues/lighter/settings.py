"""Lighter's networks and settings."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from orderledger.venues.base.networks import Network, Networks
from orderledger.venues.base.settings import (
    WEBSOCKET_URL,
    OneAccountSection,
    Secret,
    WebsocketUrl,
)
from orderledger.venues.lighter.vocabulary import WEIGHTS

STANDARD_PER_MINUTE = 60
HEAVIEST_QUERY = max(WEIGHTS.values())

NETWORKS = Networks(
    {
        "mainnet": Network(
            "https://mainnet.zklighter.elliot.ai", "wss://mainnet.zklighter.elliot.ai/stream"
        ),
        "testnet": Network(
            "https://testnet.zklighter.elliot.ai", "wss://testnet.zklighter.elliot.ai/stream"
        ),
    },
    "/stream",
)


class LighterSettings(OneAccountSection):
    """One account at Lighter."""

    networks = NETWORKS
    venue: Literal["lighter"]
    account_index: int = Field(ge=0, description="Its number at the venue.")
    token: Secret = Field(description="An auth token for reading; a read-only one is enough.")
    private_key: Secret | None = Field(
        default=None,
        description="Key of an API key of the account, to send orders. Needs "
        "`orderledger[lighter]`.",
    )
    api_key_index: int | None = Field(
        default=None, ge=0, le=254, description="The number of that API key."
    )
    websocket_url: WebsocketUrl = Field(default="", description=WEBSOCKET_URL)
    requests_per_minute: int = Field(
        default=STANDARD_PER_MINUTE,
        ge=1,
        description="Requests allowed per minute, weighted; a premium account has 600 or more.",
    )

    @field_validator("requests_per_minute")
    @classmethod
    def _is_of_an_account(cls, allowed: int) -> int:
        if STANDARD_PER_MINUTE < allowed < HEAVIEST_QUERY:
            raise ValueError(
                f"{allowed} fits neither a standard account (60 at most) nor a premium account "
                "(600 at least)"
            )
        return allowed

    @model_validator(mode="after")
    def _has_the_index_of_its_key(self) -> Self:
        if self.private_key is not None and self.api_key_index is None:
            raise ValueError("private_key needs api_key_index, the number of the API key")
        return self

    def can_send(self, account: str) -> bool:
        return self.private_key is not None

    @property
    def at_venue(self) -> tuple[str, ...]:
        return (f"account_index {self.account_index}",)
