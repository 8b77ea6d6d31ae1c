"""A settings file as a whole: its faults, and its effective settings with their sources."""

import asyncio
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from orderledger import InvalidSetting
from orderledger.extend.runtime import did_you_mean, file_of, public, secrecy, toml_files
from orderledger.gateway.connecting_settings import unknown_accounts
from orderledger.gateway.connecting_trial import faults_of_trial
from orderledger.gateway.settings import DeadMansSwitch, GatewaySettings
from orderledger.gateway.settings import contradictions as of_gateway
from orderledger.serve import warnings
from orderledger.serve.alerts.rules import KINDS
from orderledger.serve.alerts.settings import AlertSettings
from orderledger.serve.alerts.settings import contradictions as of_alerts
from orderledger.serve.sections import ServeSection
from orderledger.serve.sections import contradictions as of_serve
from orderledger.venues.base.settings import Secret, VenueSection
from orderledger.venues.collecting.settings import SECTIONS_OF_OTHERS, CollectSettings

SECTIONS: Mapping[str, type[BaseModel]] = {
    "gateway": GatewaySettings,
    "serve": ServeSection,
    "alerts": AlertSettings,
}
"""The tables of the file besides the settings of the collector and the venues."""

ALONE: Mapping[str, frozenset[str]] = {
    "gateway": frozenset({"limits", "breakers"}),
    "alerts": frozenset({"rules", "targets"}),
}
"""Keys by which a file is recognised that holds one section alone."""

OF_SECRETS = ("secret", "password", "token", "key", "authorization", "webhook", "apprise")
"""Words in the names of settings whose plain values are not shown."""


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One row per fault. `line` is null if the key is not in the file. `is_warning`: the setting is
    allowed, and is probably not what was meant."""

    file: str
    line: int | None
    key: str
    fault: str
    is_warning: bool = False

    def shown(self) -> dict[str, Any]:
        return asdict(self)

    def sentence(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.key}: {self.fault}" if self.key else f"{where}: {self.fault}"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One row per effective setting, and where it came from."""

    key: str
    value: str
    source: str

    def shown(self) -> dict[str, Any]:
        return asdict(self)


def faults_of(path: Path) -> list[FaultRow]:
    """All faults of a settings file and of the variables that override it. Asks no venue."""
    try:
        file = toml_files.TomlFile.read(path)
    except InvalidSetting as error:
        return [FaultRow(str(path), None, "", error.fault)]
    if (alone := _section_alone(file)) is not None:
        return _sorted(_of_section(file, alone, SECTIONS[alone], ()))
    found = [_row(file, place, fault) for place, fault in _of_collect(file)]
    accounts = _accounts(file)
    for name, model in SECTIONS.items():
        if isinstance(file.document.get(name), dict):
            found += _of_section(file.section(name), name, model, accounts)
        elif name in file.document:
            found.append(_row(file, (name,), "is not a table"))
    return _sorted(found)


def warnings_of(path: Path) -> list[FaultRow]:
    """The warnings about a file without faults: settings that are probably not what was meant."""
    file = toml_files.TomlFile.read(path)
    if (alone := _section_alone(file)) is not None:
        found = _of_gateway(file, (), {}) if alone == "gateway" else ()
        return _sorted(found)
    settings = _collect_settings(file)
    known = warnings.known_instruments(settings.db)
    found = [_warning(file, *one) for one in warnings.of_venues(settings, known)]
    if isinstance(file.document.get("gateway"), dict):
        found += _of_gateway(file.section("gateway"), settings.venues, known)
    return _sorted(found)


def _of_gateway(
    section: toml_files.TomlFile, venues: tuple[VenueSection, ...], known: warnings.Known
) -> list[FaultRow]:
    settings = GatewaySettings.model_validate(section.document)
    return [_warning(section, *one) for one in warnings.of_gateway(settings, venues, known)]


def _warning(file: toml_files.TomlFile, place: toml_files.Place, text: str) -> FaultRow:
    return replace(_row(file, place, text), is_warning=True)


def _section_alone(file: toml_files.TomlFile) -> str | None:
    """The section that is the whole of this file: a file of limits, or of alerts."""
    if not {"venues", *SECTIONS}.isdisjoint(file.document):
        return None
    return next((name for name, own in ALONE.items() if not own.isdisjoint(file.document)), None)


def _sorted(rows: Iterable[FaultRow]) -> list[FaultRow]:
    return sorted(rows, key=lambda row: (row.line is None, row.line or 0))


def _row(file: toml_files.TomlFile, place: toml_files.Place, fault: str) -> FaultRow:
    key = toml_files.key_of((*file.within, *place))
    is_top = len(place) == 1 and not file.within
    variable = f"ORDERLEDGER_{str(place[0]).upper()}" if is_top else ""
    if os.environ.get(variable):
        return FaultRow(variable, None, "", fault)
    return FaultRow(str(file.path), file.line_of(place), key, secrecy.masked(fault))


def _of_collect(file: toml_files.TomlFile) -> Iterator[toml_files.Fault]:
    try:
        settings = _collect_settings(file)
    except ValidationError as error:
        for place, fault in toml_files.faults_in(error, CollectSettings):
            similar = did_you_mean(str(place[-1]), SECTIONS_OF_OTHERS) if len(place) == 1 else ""
            is_suggested = "Did you mean" in fault
            yield place, fault if is_suggested else f"{fault}.{similar}".rstrip(".")
        return
    found = list(settings.contradictions())
    for index, section in enumerate(settings.venues):
        for name, secret in section.keys().items():
            try:
                secret.read(name)
            except InvalidSetting as error:
                parts = (int(part) if part.isdigit() else part for part in name.split("."))
                found.append((("venues", index, *parts), error.fault))
    yield from found
    if (fault_of_db := _fault_of_store(settings.db)) is not None:
        yield ("db",), fault_of_db
    is_wrong = {place[1] for place, _ in found if place[0] == "venues" and len(place) > 1}
    sections = {number: one for number, one in enumerate(settings.venues) if number not in is_wrong}
    yield from asyncio.run(faults_of_trial(sections, _wanted(file), _switches(file)))


def _fault_of_store(url: str) -> str | None:
    """Why no ledger can be opened or made there. Nothing is opened."""
    try:
        file = file_of(url)
        if file is not None and ("\0" in file or not file.strip()):
            return f"{file!r} is not the name of a file"
        if file is not None and (Path(file).is_dir() or not Path(file).parent.is_dir()):
            return f"{file} is not a file in an existing folder"
    except InvalidSetting as error:
        return error.fault
    return None


def _switches(file: toml_files.TomlFile) -> tuple[DeadMansSwitch, ...]:
    """The dead man's switches; none if the settings of the gateway cannot be read."""
    try:
        return GatewaySettings.model_validate(file.section("gateway").document).dead_mans_switches
    except (ValidationError, InvalidSetting):
        return ()


def _wanted(file: toml_files.TomlFile) -> Collection[str] | None:
    """The accounts that are to send; none if the file has no gateway, None if it does not say."""
    section = file.document.get("gateway")
    if not isinstance(section, dict):
        return ()
    named = section.get("accounts")
    return [str(name) for name in named] if isinstance(named, list) else None


def _collect_settings(file: toml_files.TomlFile) -> CollectSettings:
    given = {
        name: value
        for name, value in file.document.items()
        if name not in SECTIONS_OF_OTHERS and not os.environ.get(f"ORDERLEDGER_{name.upper()}")
    }
    return CollectSettings(**given)


def _accounts(file: toml_files.TomlFile) -> tuple[str, ...]:
    """The accounts of the venues; none if their settings cannot be read."""
    try:
        return tuple(name for one in _collect_settings(file).venues for name in one.names)
    except ValidationError:
        return ()


def _of_section(
    section: toml_files.TomlFile, name: str, model: type[BaseModel], accounts: tuple[str, ...]
) -> Iterator[FaultRow]:
    try:
        settings = model.model_validate(section.document)
    except ValidationError as error:
        faults = toml_files.faults_in(error, model, tags=KINDS if name == "alerts" else ())
    else:
        faults = list(_contradictions(settings))
    if name == "gateway":
        faults += unknown_accounts(section.document, accounts)
    yield from (_row(section, place, fault) for place, fault in faults)


def _contradictions(settings: BaseModel) -> Iterator[toml_files.Fault]:
    if isinstance(settings, AlertSettings):
        yield from of_alerts(settings)
    if isinstance(settings, GatewaySettings):
        yield from of_gateway(settings)
    if isinstance(settings, ServeSection):
        yield from of_serve(settings)


def effective(path: Path) -> list[SettingRow]:
    """The effective settings of a file, each with its source. Secrets show their place alone.
    Raises InvalidSetting for a file with faults."""
    file = toml_files.TomlFile.read(path)
    for fault in faults_of(path):
        raise InvalidSetting(
            fault.file, f"{fault.key}: {fault.fault}" if fault.key else fault.fault
        )
    rows = list(_rows(file, (), _collect_settings(file)))
    for name, model in SECTIONS.items():
        section = file.document.get(name, {})
        if name != "alerts" or section:
            rows += _rows(file, (name,), model.model_validate(section))
    return rows


def _rows(file: toml_files.TomlFile, place: toml_files.Place, value: Any) -> Iterator[SettingRow]:
    if isinstance(value, Secret):
        yield _setting(file, place, value.place)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _rows(file, (*place, name), getattr(value, name))
    elif isinstance(value, dict) and value:
        for name, one in value.items():
            yield from _rows(file, (*place, str(name)), one)
    elif isinstance(value, (tuple, list)) and any(isinstance(one, BaseModel) for one in value):
        for number, one in enumerate(value):
            yield from _rows(file, (*place, number), one)
    elif value is not None and value != () and value != {}:
        yield _setting(file, place, _text(place, value))


def _text(place: toml_files.Place, value: Any) -> str:
    name = str(place[-1]).lower()
    if place == ("db",):
        return public(str(value))
    is_secret = any(word in name for word in OF_SECRETS) or "headers" in place
    if is_secret and isinstance(value, (str, tuple, list)) and place[0] != "serve":
        return secrecy.HIDDEN
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value))
    return secrecy.masked(str(value).lower() if isinstance(value, bool) else str(value))


def _setting(file: toml_files.TomlFile, place: toml_files.Place, text: str) -> SettingRow:
    key = toml_files.key_of(place)
    variable = f"ORDERLEDGER_{str(place[0]).upper()}"
    if place[0] not in SECTIONS and os.environ.get(variable):
        return SettingRow(key, text, f"the variable {variable}")
    is_given, document = True, file.document
    for part in place:
        try:
            document = document[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            is_given = False
            break
    source = f"{file.path}:{file.line_of(place)}" if is_given else "default"
    return SettingRow(key, text, source)
