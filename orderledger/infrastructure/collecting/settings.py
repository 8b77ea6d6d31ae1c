"""What `orderledger collect` and `orderledger reconcile` are told: a TOML file, and over it the environment.

Every setting may stand in the environment as ORDERLEDGER_ and its name in capitals, e.g. ORDERLEDGER_RECONCILE_SECONDS.
Secrets stand in neither the file nor the log: only where to find them.
"""

import os
import stat
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.wire.fields import Identifier
from orderledger.infrastructure.wire.parsing import uncapitalized

Seconds = Annotated[float, Field(gt=0, le=86_400 * 366)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HyperliquidAccount(Section):
    """One address, ours or another's."""

    account: Identifier = Field(description="Its name in the ledger, e.g. hyperliquid:main.")
    address: str = Field(pattern=r"^0x[0-9a-fA-F]{40}$", description="The 42 characters of its address.")


class HyperliquidSettings(Section):
    """Needs no credentials: everything that is read is public."""

    venue: Literal["hyperliquid"]
    accounts: tuple[HyperliquidAccount, ...] = Field(min_length=1, description="In the order in which they get the websockets.")
    url: str = Field(default="https://api.hyperliquid.xyz", description="Where it is asked.")
    websocket_url: str = Field(default="wss://api.hyperliquid.xyz/ws", description="Where it is listened to.")
    exchanges: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,20}$")], ...] = Field(
        default=(),
        description="Exchanges of builders (HIP-3, the `xyz` of `xyz:TSLA`) to be listed besides the main one and spot.",
    )
    websocket_users: int = Field(default=10, ge=0, le=100, description="Users per address of ours that the venue lets listen.")
    weight_per_minute: int = Field(default=1200, ge=62, description="Weight of questions that the venue allows a minute.")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.account for one in self.accounts)

    @field_validator("accounts")
    @classmethod
    def _are_different(cls, accounts: tuple[HyperliquidAccount, ...]) -> tuple[HyperliquidAccount, ...]:
        for what, names in (
            ("account", [repr(one.account) for one in accounts]),
            ("address", [one.address.lower() for one in accounts]),
        ):
            if twice := next((name for name, times in Counter(names).items() if times > 1), None):
                raise ValueError(f"{what} {twice} is named twice")
        return accounts


class Secret(Section):
    """Where a secret is: in a variable of the environment, or in a file that only its owner can read."""

    env: str | None = Field(default=None, description="Name of the variable.")
    file: Path | None = Field(default=None, description="Path of the file.")

    def read(self, field: str) -> str:
        """The secret. Raises InvalidSetting where it is not there, or others could read it."""
        if self.env is not None:
            found = os.environ.get(self.env, "")
            if not found:
                raise InvalidSetting(f"{field}.env", f"the variable {self.env} is not set")
            return found
        if self.file is None:
            raise InvalidSetting(field, "needs env or file")
        try:
            mode = self.file.stat().st_mode
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise InvalidSetting(f"{field}.file", f"others can read {self.file}: chmod 600")
            return self.file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise InvalidSetting(f"{field}.file", f"{self.file} cannot be read: {error.strerror}") from None


class LighterSettings(Section):
    """One account at Lighter."""

    venue: Literal["lighter"]
    account: Identifier = Field(description="Its name in the ledger, e.g. lighter:main.")
    account_index: int = Field(ge=0, description="Its number at the venue.")
    token: Secret = Field(description="An auth token that reads; a read-only one is enough.")
    url: str = Field(default="https://mainnet.zklighter.elliot.ai", description="Where it is asked.")
    websocket_url: str = Field(default="wss://mainnet.zklighter.elliot.ai/stream", description="Where it is listened to.")
    requests_per_minute: int = Field(default=60, ge=1, description="Allowed a minute; above 60 as a premium account's, weighted.")

    @property
    def names(self) -> tuple[str, ...]:
        return (self.account,)


class TradierSettings(Section):
    """One account at Tradier."""

    venue: Literal["tradier"]
    account: Identifier = Field(description="Its name in the ledger, e.g. tradier:main.")
    number: str = Field(pattern=r"^[A-Za-z0-9]{1,30}$", description="The account number at the venue.")
    token: Secret = Field(description="The access token.")
    url: str = Field(default="https://api.tradier.com/v1", description="Where it is asked.")
    websocket_url: str = Field(default="wss://ws.tradier.com/v1/accounts/events", description="Where it is listened to.")
    requests_per_minute: int = Field(
        default=120, ge=1, description="Questions that the venue allows a minute; 60 in the sandbox."
    )
    poll_seconds: Seconds = Field(default=2.0, description="Between two looks at the orders while any is open.")

    @property
    def names(self) -> tuple[str, ...]:
        return (self.account,)


VenueSettings = Annotated[HyperliquidSettings | LighterSettings | TradierSettings, Field(discriminator="venue")]


class CollectSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ORDERLEDGER_", extra="forbid", frozen=True)

    db: str = Field(default="orderledger.db", description="The store: a path, sqlite:///path or postgresql://...")
    collector: Identifier = Field(default="collector", description="Name of this process in `orderledger status`.")
    reconcile_seconds: Seconds = Field(default=300.0, description="Between two reconciliations of an account.")
    looking_back_hours: Seconds = Field(
        default=168.0, description="How far the first reconciliation of an account asks for fills."
    )
    overlap_seconds: Seconds = Field(default=600.0, description="How much of what was covered before is asked for again.")
    settling_seconds: Seconds = Field(default=5.0, description="What changed so short a time ago is left to the next run.")
    adjust_positions: bool = Field(default=False, description="Adjust a position that differs to what the venue says.")
    log: Literal["text", "json"] = Field(default="text", description="Form of the log on stderr.")
    venues: tuple[VenueSettings, ...] = Field(default=(), description="The venues, each a table [[venues]].")

    def check(self) -> None:
        """What shows only when all is put together, before anything is opened. Raises InvalidSetting."""
        if not self.venues:
            raise InvalidSetting("venues", "names none")
        names = [name for venue in self.venues for name in venue.names]
        if twice := next((name for name, times in Counter(names).items() if times > 1), None):
            raise InvalidSetting("venues", f"account {twice!r} is named twice")
        for venue in self.venues:
            if not isinstance(venue, HyperliquidSettings):
                venue.token.read(f"venues.{venue.venue}.token")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings

    @classmethod
    def read(cls, path: Path) -> "CollectSettings":
        """What the file says, and over it the environment. Raises InvalidSetting naming the field and the fault."""
        try:
            told = TomlConfigSettingsSource(cls, path)()
            environment = {name for name in cls.model_fields if f"ORDERLEDGER_{name.upper()}" in os.environ}
            return cls(**{name: value for name, value in told.items() if name not in environment})
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            ours = fault.get("ctx", {}).get("error")
            raise InvalidSetting(".".join(map(str, fault["loc"])), str(ours) if ours else uncapitalized(fault["msg"])) from None
        except ValueError as error:
            raise InvalidSetting(str(path), f"is not TOML: {error}") from None
