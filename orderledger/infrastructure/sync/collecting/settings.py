"""What `orderledger collect` and `orderledger reconcile` are told: a TOML file, and over it the environment.

Every setting may stand in the environment as ORDERLEDGER_ and its name in capitals, e.g. ORDERLEDGER_RECONCILE_SECONDS.
Secrets stand in neither the file nor the log: only where to find them.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.messages.fields import Identifier
from orderledger.infrastructure.messages.parsing import uncapitalized
from orderledger.infrastructure.secrecy import learn
from orderledger.infrastructure.sync.collecting.addresses import (
    OF_THE_NETWORK,
    OF_THE_URL,
    HttpUrl,
    Section,
    VenueSection,
    WebsocketUrl,
)
from orderledger.infrastructure.venues.base import networks
from orderledger.infrastructure.venues.lighter.vocabulary import WEIGHTS

STANDARD_PER_MINUTE = 60
SANDBOX_PER_MINUTE = 60
HEAVIEST_QUESTION = max(WEIGHTS.values())

NETWORK = "Where `url` and `websocket_url` are taken from."
Seconds = Annotated[float, Field(gt=0, le=86_400 * 366)]
Hours = Annotated[float, Field(gt=0, le=24 * 366 * 20)]


class HyperliquidAccount(Section):
    """One address, ours or another's."""

    account: Identifier = Field(description="Its name in the ledger, e.g. hyperliquid:main.")
    address: str = Field(pattern=r"^0x[0-9a-fA-F]{40}$", description="The 42 characters of its address.")


class HyperliquidSettings(VenueSection):
    """Needs no credentials: everything that is read is public."""

    networks = networks.HYPERLIQUID
    venue: Literal["hyperliquid"]
    accounts: tuple[HyperliquidAccount, ...] = Field(min_length=1, description="In the order in which they get the websockets.")
    network: Literal["mainnet", "testnet"] = Field(default="mainnet", description=NETWORK)
    url: HttpUrl = Field(default="", description=f"Where it is asked. {OF_THE_NETWORK}")
    websocket_url: WebsocketUrl = Field(default="", description=f"Where it is listened to. {OF_THE_URL}")
    exchanges: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,20}$")], ...] = Field(
        default=(),
        description="Exchanges of builders (HIP-3, the `xyz` of `xyz:TSLA`) to be listed besides the main one and spot.",
    )
    websocket_users: int = Field(default=10, ge=0, le=100, description="Users per address of ours that the venue lets listen.")
    weight_per_minute: int = Field(default=1200, ge=62, description="Weight of questions that the venue allows a minute.")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.account for one in self.accounts)

    @property
    def at_venue(self) -> tuple[str, ...]:
        """What the accounts are called at the venue."""
        return tuple(f"address {one.address.lower()}" for one in self.accounts)


class Secret(Section):
    """Where a secret is: in a variable of the environment, or in a file that only its owner can read."""

    env: str | None = Field(default=None, description="Name of the variable.")
    file: Path | None = Field(default=None, description="Path of the file.")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("needs env or file, and not both")
        return self

    def read(self, field: str) -> str:
        """The secret. Raises InvalidSetting where it is not there, others could read it, or it can be none."""
        where, secret = self._found(field)
        if not secret:
            raise InvalidSetting(field, f"{where} is empty")
        if not (secret.isascii() and secret.isprintable()):
            raise InvalidSetting(field, f"{where} holds no token: it is one line of ASCII")
        learn(secret)
        return secret

    def _found(self, field: str) -> tuple[str, str]:
        """What holds it, and what that holds."""
        if self.env is not None:
            found = os.environ.get(self.env)
            if found is None:
                raise InvalidSetting(f"{field}.env", f"the variable {self.env} is not set")
            return f"the variable {self.env}", found.strip()
        assert self.file is not None
        try:
            mode, text = self.file.stat().st_mode, self.file.read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidSetting(f"{field}.file", f"{self.file} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise InvalidSetting(f"{field}.file", f"{self.file} is no text in UTF-8") from None
        except ValueError:
            raise InvalidSetting(f"{field}.file", f"{str(self.file)!r} is no path") from None
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise InvalidSetting(f"{field}.file", f"others can read {self.file}: chmod 600")
        return str(self.file), text.strip()


class LighterSettings(VenueSection):
    """One account at Lighter."""

    networks = networks.LIGHTER
    venue: Literal["lighter"]
    account: Identifier = Field(description="Its name in the ledger, e.g. lighter:main.")
    account_index: int = Field(ge=0, description="Its number at the venue.")
    token: Secret = Field(description="An auth token that reads; a read-only one is enough.")
    network: Literal["mainnet", "testnet"] = Field(default="mainnet", description=NETWORK)
    url: HttpUrl = Field(default="", description=f"Where it is asked. {OF_THE_NETWORK}")
    websocket_url: WebsocketUrl = Field(default="", description=f"Where it is listened to. {OF_THE_URL}")
    requests_per_minute: int = Field(
        default=60, ge=1, description="Allowed a minute; from 600 on as a premium account's, weighted."
    )

    @field_validator("requests_per_minute")
    @classmethod
    def _is_of_an_account(cls, allowed: int) -> int:
        if STANDARD_PER_MINUTE < allowed < HEAVIEST_QUESTION:
            raise ValueError(f"{allowed} is neither a standard account's (60 at most) nor a premium account's (600 at least)")
        return allowed

    @property
    def names(self) -> tuple[str, ...]:
        return (self.account,)

    @property
    def at_venue(self) -> tuple[str, ...]:
        return (f"account_index {self.account_index}",)


class TradierSettings(VenueSection):
    """One account at Tradier."""

    networks = networks.TRADIER
    of_networks: ClassVar[Mapping[str, Mapping[str, Any]]] = {"sandbox": {"requests_per_minute": SANDBOX_PER_MINUTE}}
    venue: Literal["tradier"]
    account: Identifier = Field(description="Its name in the ledger, e.g. tradier:main.")
    number: str = Field(pattern=r"^[A-Za-z0-9]{1,30}$", description="The account number at the venue.")
    token: Secret = Field(description="The access token.")
    network: Literal["live", "sandbox"] = Field(default="live", description=NETWORK)
    url: HttpUrl = Field(default="", description=f"Where it is asked. {OF_THE_NETWORK}")
    websocket_url: WebsocketUrl = Field(default="", description=f"Where it is listened to. {OF_THE_URL}")
    requests_per_minute: int = Field(
        default=120, ge=1, description="Questions that the venue allows a minute. Default in the sandbox: 60."
    )
    poll_seconds: Seconds = Field(default=2.0, description="Between two looks at the orders while any is open.")

    @property
    def names(self) -> tuple[str, ...]:
        return (self.account,)

    @property
    def at_venue(self) -> tuple[str, ...]:
        return (f"number {self.number}",)


AnyVenue = HyperliquidSettings | LighterSettings | TradierSettings
VenueSettings = Annotated[AnyVenue, Field(discriminator="venue")]
VENUES: tuple[str, ...] = tuple(get_args(section.model_fields["venue"].annotation)[0] for section in get_args(AnyVenue))


class CollectSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ORDERLEDGER_", env_ignore_empty=True, extra="forbid", frozen=True)

    db: str = Field(default="orderledger.db", min_length=1, description="The store: a path, sqlite:///path or postgresql://...")
    collector: Identifier = Field(default="collector", description="Name of this process in `orderledger status`.")
    reconcile_seconds: Seconds = Field(default=300.0, description="Between two reconciliations of an account.")
    looking_back_hours: Hours = Field(default=168.0, description="How far the first reconciliation of an account asks for fills.")
    overlap_seconds: Seconds = Field(default=600.0, description="How much of what was covered before is asked for again.")
    settling_seconds: Seconds = Field(default=5.0, description="What changed so short a time ago is left to the next run.")
    concluding_seconds: Seconds = Field(
        default=3600.0,
        description="How long the venue has to know nothing of an order made elsewhere before its end is concluded.",
    )
    questions_per_run: int = Field(
        default=200,
        ge=1,
        description="Of how many orders one reconciliation asks the venue at most. The rest waits for the next.",
    )
    adjust_positions: bool = Field(default=False, description="Adjust a position that differs to what the venue says.")
    log: Literal["text", "json"] = Field(default="text", description="Form of the log on stderr.")
    venues: tuple[VenueSettings, ...] = Field(default=(), description="The venues, each a table [[venues]].")

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
        """What the file says, and over it the environment, before anything is opened. Raises InvalidSetting naming the file or
        the variable, the field and the fault."""
        environment = {name for name in cls.model_fields if os.environ.get(f"ORDERLEDGER_{name.upper()}")}
        try:
            told = TomlConfigSettingsSource(cls, path)()
        except ValueError as error:
            raise InvalidSetting(str(path), f"is not TOML: {error}") from None
        try:
            settings = cls(**{name: value for name, value in told.items() if name not in environment})
            settings._check()
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            where = _where([str(part) for part in fault["loc"]], environment, path)
            raise InvalidSetting(where, _said(fault)) from None
        except SettingsError:
            raise InvalidSetting("ORDERLEDGER_VENUES", "is not JSON") from None
        except InvalidSetting as error:
            raise InvalidSetting(_where(error.field.split("."), environment, path), error.fault) from None
        return settings

    def _check(self) -> None:
        """What shows only when all is put together. Raises InvalidSetting."""
        if not self.venues:
            raise InvalidSetting("venues", "names none")
        named: dict[tuple[str, ...], int] = {}
        for index, venue in enumerate(self.venues):
            accounts = [("account", repr(name)) for name in venue.names]
            for key in [*accounts, *((venue.venue, venue.url, name) for name in venue.at_venue)]:
                if key in named:
                    what = f"account {key[1]}" if len(key) == 2 else key[2]
                    raise InvalidSetting(f"venues.{index}", f"{what} is named twice, in venues.{named[key]} before")
                named[key] = index
            if not isinstance(venue, HyperliquidSettings):
                venue.token.read(f"venues.{index}.token")


def _said(fault: Mapping[str, Any]) -> str:
    """pydantic speaks of tags and discriminators where a venue is not named."""
    if fault["type"].startswith("union_tag"):
        return f"venue is none of {', '.join(VENUES)}"
    ours = fault.get("ctx", {}).get("error")
    return str(ours) if ours else uncapitalized(fault["msg"])


def _where(loc: list[str], environment: set[str], path: Path) -> str:
    """The file and the field in it, or the variable. pydantic names the kind of a venue besides, which is not in the path."""
    fields = [part for place, part in enumerate(loc) if not (place == 2 and loc[0] == "venues" and part in VENUES)]
    if loc[0] in environment:
        return ".".join([f"ORDERLEDGER_{loc[0].upper()}", *fields[1:]])
    return f"{path}: {'.'.join(fields)}"
