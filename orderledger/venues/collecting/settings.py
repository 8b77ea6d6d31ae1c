"""Settings of `orderledger collect` and `orderledger reconcile`: a TOML file, overridden by the
environment.

Each setting may be given in the environment as ORDERLEDGER_ and its name in capitals, e.g.
ORDERLEDGER_RECONCILE_SECONDS. Neither the file nor the log holds a secret: the file says where to
find it. The tables `[[venues]]` are read by the settings of their adapters (see
`orderledger.venues.base.registry`).
"""

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from orderledger import InvalidSetting
from orderledger.extend.messages import Identifier
from orderledger.extend.runtime import toml_files
from orderledger.venues.base.adapter import Adapter
from orderledger.venues.base.registry import adapter, adapters
from orderledger.venues.base.settings import Seconds, VenueSection

SECTIONS_OF_OTHERS = ("gateway", "serve", "alerts")
"""Tables of the same file that `connect`, `serve` and `watch` read."""

Hours = Annotated[float, Field(gt=0, le=24 * 366 * 20)]


def _section(given: Any) -> VenueSection:
    """The settings of one `[[venues]]` table, by the adapter that it names."""
    if isinstance(given, VenueSection):
        return given
    if not isinstance(given, dict):
        raise ValueError("is not a table")
    try:
        found = adapter(str(given.get("venue", "")))
    except InvalidSetting as error:
        raise ValueError(f"{error.field} {error.fault}") from None
    try:
        return found.settings.model_validate(given)
    except ValidationError as error:
        raise _with_hints(error, found.settings) from None


def _with_hints(error: ValidationError, model: type[VenueSection]) -> ValidationError:
    """The error, with similar names of settings of this venue for those that it does not have."""
    lines: list[InitErrorDetails] = []
    for one in error.errors(include_url=False):
        line = InitErrorDetails(type=one["type"], loc=one["loc"], input=one["input"])
        if one["type"] == "extra_forbidden":
            text = toml_files.not_a_setting(str(one["loc"][-1]), model)
            line["type"] = PydanticCustomError("not_a_setting", "{text}", {"text": text})
        elif one["type"] == toml_files.NOT_A_NUMBER.type:
            line["type"] = toml_files.NOT_A_NUMBER
        elif "ctx" in one:
            line["ctx"] = one["ctx"]
        lines.append(line)
    return ValidationError.from_exception_data(error.title, lines)


VenueSettings = Annotated[VenueSection, PlainValidator(_section)]


class CollectSettings(toml_files.Table, BaseSettings):
    """The settings of `collect` and `reconcile`: the store, the rules of reconciliation and the
    venues. `CollectSettings.read(path)` reads the file and the environment."""

    model_config = SettingsConfigDict(
        env_prefix="ORDERLEDGER_", env_ignore_empty=True, extra="forbid", frozen=True
    )

    db: str = Field(
        default="orderledger.db",
        min_length=1,
        description="The store: a path, sqlite:///path or postgresql://...",
    )
    collector: Identifier = Field(
        default="collector", description="Name of this process in `orderledger status`."
    )
    reconcile_seconds: Seconds = Field(
        default=300.0, description="Time between two reconciliations of an account."
    )
    lookback_hours: Hours = Field(
        default=168.0,
        description="How far back the first reconciliation of an account queries fills.",
    )
    overlap_seconds: Seconds = Field(
        default=600.0, description="How much of the period of an earlier run is queried again."
    )
    grace_seconds: Seconds = Field(
        default=5.0, description="A more recent change is left to the next run."
    )
    concluding_seconds: Seconds = Field(
        default=3600.0,
        description=(
            "How long the venue must not list an external order before the ledger treats it as "
            "ended."
        ),
    )
    questions_per_run: int = Field(
        default=200,
        ge=1,
        description=(
            "The most orders that one reconciliation queries at the venue. The rest waits for "
            "the next."
        ),
    )
    adjust_positions: bool = Field(
        default=False, description="Adjust a differing position or balance to the venue's."
    )
    log: Literal["text", "json"] = Field(default="text", description="Form of the log on stderr.")
    venues: tuple[VenueSettings, ...] = Field(
        default=(), description="The venues, each a table [[venues]]."
    )

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        """The adapters of these venues."""
        return tuple(adapters(venue.venue for venue in self.venues))

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
    def read(cls, path: Path, *, needs_venues: bool = True) -> "CollectSettings":
        """Read the file and the environment; open nothing. Raises InvalidSetting with the file, the
        line and the key, or the variable."""
        environment = {
            name for name in cls.model_fields if os.environ.get(f"ORDERLEDGER_{name.upper()}")
        }
        file = toml_files.TomlFile.read(path)
        given = {
            name: value
            for name, value in file.document.items()
            if name not in environment and name not in SECTIONS_OF_OTHERS
        }
        try:
            settings = cls(**given)
        except SettingsError:
            raise InvalidSetting("ORDERLEDGER_VENUES", "is not JSON") from None
        except ValidationError as error:
            place, fault = toml_files.faults_in(error, cls)[0]
            raise _invalid(file, environment, place, fault) from None
        for place, fault in settings.contradictions(needs_venues=needs_venues):
            raise _invalid(file, environment, place, fault)
        return settings

    def contradictions(self, *, needs_venues: bool = True) -> Iterator[toml_files.Fault]:
        """Faults that only several settings together show, and secrets that cannot be read."""
        if needs_venues and not self.venues:
            yield ("venues",), "names none"
        named: dict[tuple[str, ...], int] = {}
        for index, venue in enumerate(self.venues):
            accounts = [("account", repr(name)) for name in venue.names]
            for key in [*accounts, *((venue.venue, venue.url, name) for name in venue.at_venue)]:
                if key in named:
                    what = f"account {key[1]}" if len(key) == 2 else key[2]
                    number = named[key] + 1
                    yield (
                        ("venues", index),
                        f"{what} is already named in [[venues]] number {number}",
                    )
                named[key] = index
            for name, secret in venue.secrets().items():
                try:
                    secret.read(f"venues.{index}.{name}")
                except InvalidSetting as error:
                    _, _, *rest = error.field.split(".")
                    yield ("venues", index, *rest), error.fault


def _invalid(
    file: toml_files.TomlFile, environment: Collection[str], place: toml_files.Place, fault: str
) -> InvalidSetting:
    """The error for a fault in a variable, or in the file."""
    if place[0] not in environment:
        return file.invalid(place, fault)
    variable = f"ORDERLEDGER_{str(place[0]).upper()}"
    return InvalidSetting(toml_files.key_of((variable, *place[1:])), fault)
