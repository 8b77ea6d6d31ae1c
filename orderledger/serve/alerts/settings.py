"""The settings of alerts: rules and targets, from a TOML file. A fault is reported with the file,
the line and the key.

The file may hold addresses with secrets in them, or name the place of the secrets. Secrets are
masked in all output.
"""

from collections import Counter
from collections.abc import Iterator
from os import PathLike
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field

from orderledger.extend.messages import Identifier
from orderledger.extend.runtime import secrecy, toml_files
from orderledger.serve.alerts.rule import Rule, Section
from orderledger.serve.alerts.rules import KINDS, AnyRule
from orderledger.venues.base.settings import Secret

__all__ = ["AlertSettings", "Target", "read_alert_settings"]

LIKE_A_SECRET = 20
"""Characters. A shorter piece of an address may be a usual word, which cannot be masked
everywhere."""


def _of_web(url: str) -> str:
    """The address. The error does not show it, because it may hold a secret."""
    parts = urlsplit(url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or not url.isascii()
        or not url.isprintable()
    ):
        raise ValueError("is not an address that begins with http:// or https://")
    return url


WebAddress = Annotated[str, AfterValidator(_of_web)]


class Target(Section):
    """One `[[targets]]` table: a receiver of notices. It has one of `webhook`, `apprise` and
    `command`."""

    name: Identifier = Field(
        description="Its name in rules, in `orderledger alerts` and in metrics."
    )
    webhook: WebAddress | Secret | None = Field(
        default=None, description="Address that gets each notice as JSON, by POST."
    )
    headers: dict[str, str | Secret] = Field(
        default_factory=dict, description="Headers of the webhook, such as Authorization."
    )
    apprise: tuple[str | Secret, ...] = Field(
        default=(),
        description="URLs of apprise, one for each of its services. Needs the extra `alerts`.",
    )
    command: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(),
        description="Program and arguments, without a shell. It gets the notice as JSON on "
        "standard input; status 0 means done.",
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = Field(
        default=10.0, description="How long one attempt may take."
    )
    give_up_hours: Annotated[float, Field(gt=0, le=24 * 366)] = Field(
        default=24.0,
        description="After so long without success a notice is given up. Later ones wait for it "
        "until then.",
    )

    def ways(self) -> list[str]:
        """The ways of delivery that are set: exactly one is right."""
        return [name for name in ("webhook", "apprise", "command") if getattr(self, name)]

    def read_secret(self, field: str, given: str | Secret) -> str:
        """An address or header, from where it is. From now on it is masked. Raises
        InvalidSetting."""
        found = given.read(field) if isinstance(given, Secret) else given
        parts = urlsplit(found)
        pieces = (parts.netloc, parts.query, *parts.path.split("/"), found.rpartition(" ")[2])
        values = (value for _, value in parse_qsl(parts.query))
        long = [piece for piece in (found, *pieces, *values) if len(piece) >= LIKE_A_SECRET]
        secrecy.learn(parts.password, *long)
        return found


class AlertSettings(Section):
    """The whole file. A name identifies one watcher: two processes with the same name and store
    share its alerts."""

    name: Identifier = Field(
        default="alerts",
        description="Name of the watcher. Its alerts are its own: another watcher has others.",
    )
    look_seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(
        default=1.0, description="Time between two looks at the ledger."
    )
    targets: tuple[Target, ...] = Field(
        default=(), description="Receivers of notices: tables `[[targets]]`."
    )
    rules: tuple[AnyRule, ...] = Field(
        default=(), description="Rules that raise alerts: tables `[[rules]]`."
    )

    def targets_of(self, rule: Rule | None) -> tuple[str, ...]:
        """The names of the targets that get this rule's alerts: all, unless the rule names some."""
        if rule is None or rule.targets is None:
            return tuple(target.name for target in self.targets)
        return rule.targets


def read_alert_settings(path: str | PathLike[str]) -> AlertSettings:
    """Read a file. Raises InvalidSetting with the file, the line and the key of the first fault."""
    return parsed_alert_settings(section_of(toml_files.TomlFile.read(path)))


def section_of(file: toml_files.TomlFile) -> toml_files.TomlFile:
    """The part of a file that is about alerts: its table `[alerts]`, or all of a file without
    `[alerts]` and `[[venues]]`."""
    is_shared = "alerts" in file.document or "venues" in file.document
    return file.section("alerts") if is_shared else file


def parsed_alert_settings(file: toml_files.TomlFile) -> AlertSettings:
    """The settings of this part of a file. Raises InvalidSetting with the first fault."""
    settings = file.parsed(AlertSettings, tags=KINDS)
    for place, fault in contradictions(settings):
        raise file.invalid(place, fault)
    return settings


def contradictions(settings: AlertSettings) -> Iterator[tuple[toml_files.Place, str]]:
    """Faults that only the settings together show."""
    targets = Counter(target.name for target in settings.targets)
    for number, target in enumerate(settings.targets):
        if targets[target.name] > 1:
            yield ("targets", number, "name"), f"{target.name!r} is the name of several targets"
        if len(target.ways()) != 1:
            yield ("targets", number), "needs one of webhook, apprise and command, and not several"
        if target.headers and target.webhook is None:
            yield ("targets", number, "headers"), "are of a webhook"
    titles = Counter(rule.title for rule in settings.rules)
    if not settings.rules:
        yield ("rules",), "has none: nothing would raise an alert"
    for number, rule in enumerate(settings.rules):
        yield from (
            ((("rules", number, *place)), fault) for place, fault in _of_rule(rule, titles, targets)
        )


def _of_rule(
    rule: Rule, titles: Counter[str], targets: Counter[str]
) -> Iterator[tuple[toml_files.Place, str]]:
    if titles[rule.title] > 1:
        yield ("name",), f"{rule.title!r} is the name of several rules: give each a name"
    for name in rule.targets or ():
        if name not in targets:
            yield ("targets",), f"{name!r} is the name of no target"


def secrets_of(target: Target, number: int) -> dict[str, Any]:
    """The addresses and headers of a target, read from where they are. Raises InvalidSetting."""
    place = f"targets.{number + 1}"
    return {
        "webhook": None
        if target.webhook is None
        else target.read_secret(f"{place}.webhook", target.webhook),
        "headers": {
            name: target.read_secret(f"{place}.headers.{name}", value)
            for name, value in target.headers.items()
        },
        "apprise": [
            target.read_secret(f"{place}.apprise.{index + 1}", url)
            for index, url in enumerate(target.apprise)
        ],
    }
