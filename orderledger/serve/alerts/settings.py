"""The settings of alerts: rules and targets, from a TOML file. A fault is reported with the file,
the line and the key.

The file may hold addresses with secrets in them, or say where they are found. They are masked
wherever they would be shown.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from orderledger import Anomaly
from orderledger.extend.events import EVERY_ACCOUNT
from orderledger.extend.messages import Identifier, Quantity
from orderledger.extend.runtime import Place, TomlFile, ZoneName, learn
from orderledger.gateway.settings import GatewaySettings, read_settings
from orderledger.venues.base.settings import Secret

__all__ = ["AlertSettings", "Rule", "Target", "read_alert_settings"]

Seconds = Annotated[float, Field(gt=0, le=86_400 * 366)]
NotNegativeSeconds = Annotated[float, Field(ge=0, le=86_400 * 366)]
Share = Annotated[Decimal, Field(gt=0, le=1)]
Severity = Literal["info", "warning", "critical"]
Watched = Literal["orders", "positions"]


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
        raise ValueError("is no address that begins with http:// or https://")
    return url


WebAddress = Annotated[str, AfterValidator(_of_web)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Target(Section):
    """One `[[targets]]` table: who is told. It has one of `webhook`, `apprise` and `command`."""

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
    command: tuple[str, ...] = Field(
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
        values = (value for _, value in parse_qsl(parts.query))
        pieces = (parts.netloc, parts.query, *parts.path.split("/"), found.rpartition(" ")[2])
        long = [piece for piece in (found, *pieces, *values) if len(piece) >= LIKE_A_SECRET]
        learn(parts.password, *long)
        return found


class Rule(Section):
    """What all rules have."""

    name: Identifier = Field(default="", description="Name in alerts. Default: the kind.")
    severity: Severity = Field(default="warning", description="info, warning or critical.")
    targets: tuple[Identifier, ...] | None = Field(
        default=None, description="Names of the targets that are told. Default: all."
    )
    account: Identifier | None = Field(default=None, description="Only this account. Default: all.")
    clear_seconds: NotNegativeSeconds = Field(
        default=0.0,
        description="An alert is cleared when its cause has been absent for so long, so that it "
        "does not flap.",
    )
    most: Annotated[int, Field(ge=1, le=10_000, strict=True)] = Field(
        default=50,
        description="Open alerts of the rule. What is beyond is one alert, about `more`.",
    )
    kind: str

    @property
    def title(self) -> str:
        """The name, or else the kind."""
        return self.name or self.kind

    def covers(self, account: str | None) -> bool:
        """Check whether the rule is about this account. A halt of every account is about each."""
        return self.account in (None, account) or account == EVERY_ACCOUNT


class UnresolvedRule(Rule):
    """An order whose outcome is unknown, `seconds` after it, or its pending change, was sent.
    Subject: the order."""

    kind: Literal["unresolved"]
    seconds: NotNegativeSeconds = Field(description="How long an order may be unresolved.")


class GapRule(Rule):
    """A gap of a feed that no query has covered `seconds` after it began. Subject: the account."""

    kind: Literal["gap"]
    seconds: NotNegativeSeconds = Field(description="How long a gap may be open.")


class AnomalyRule(Rule):
    """An anomaly that is not cleared. Subject: the order and the code."""

    kind: Literal["anomaly"]
    codes: tuple[Anomaly, ...] = Field(default=(), description="Codes that count. Default: all.")


class BreakRule(Rule):
    """A difference from the venue that the last reconciliation left open. Subject: the account and
    the break."""

    kind: Literal["open_break"]
    seconds: NotNegativeSeconds = Field(
        default=0.0, description="How long a break may be known and open."
    )


class ExposureRule(Rule):
    """A position that reaches a limit, or would if its open orders were filled. Subject: account
    and instrument."""

    kind: Literal["exposure"]
    instrument: Identifier | None = Field(
        default=None, description="Only this instrument. Default: all."
    )
    notional: Quantity | None = Field(
        default=None, description="Worth at the mark, in the settlement currency."
    )
    quantity: Quantity | None = Field(default=None, description="Quantity, long or short.")


class LimitRule(Rule):
    """A limit of the gateway's settings of which a share is used. Subject: the limit and its
    scope."""

    kind: Literal["limit"]
    limits: Path = Field(description="The file of the gateway's limits.")
    share: Share = Field(
        default=Decimal("0.8"), description="Used share of the limit, above 0 and up to 1."
    )


class HaltRule(Rule):
    """A halt of trading that holds. Subject: its scope."""

    kind: Literal["halt"]


class DailyLossRule(Rule):
    """A loss since midnight, realized and unrealized, with fees and funding. Subject: account and
    currency."""

    kind: Literal["daily_loss"]
    amount: Quantity = Field(description="The loss.")
    currency: Identifier | None = Field(
        default=None, description="Only this settlement currency. Default: each for itself."
    )
    time_zone: ZoneName = Field(default="UTC", description="Where the day begins at midnight.")


class FeedRule(Rule):
    """An account to which no collector listens, or of which nothing is heard. Subject: the
    account."""

    kind: Literal["feed"]
    accounts: tuple[Identifier, ...] = Field(
        default=(),
        description="Accounts that must be listened to. Default: every account that a running "
        "collector lists.",
    )
    seconds: Seconds = Field(
        description="Age of the last sign that a collector listens to the account."
    )
    message_seconds: Seconds | None = Field(
        default=None, description="Age of the last message about the account. Default: any."
    )


class LargeChangeRule(Rule):
    """An order or a position of unusual size. Subject: the order, or `position` with account and
    instrument.

    The notional of an order is its quantity at its limit price, else at its average price, its stop
    price or the mark. Its usual size is the median notional of the last `orders` orders of its
    account before it, by the time of request (else of acknowledgement); with fewer than `at_least`
    of known notional there is none. For a position the last orders of the account count. Every
    order is looked at when it is recorded or changes, from the first start of the watcher on, also
    orders that came and went while it was down. An order raises at most one alert, which is cleared
    when it ends.
    """

    kind: Literal["large_change"]
    instrument: Identifier | None = Field(
        default=None, description="Only this instrument. Default: all."
    )
    of: tuple[Watched, ...] = Field(
        default=("orders", "positions"), min_length=1, description="orders, positions or both."
    )
    notional: Quantity | None = Field(
        default=None, description="Notional above which a change is large."
    )
    times_usual: Annotated[Decimal, Field(gt=1)] | None = Field(
        default=None, description="Multiple of the usual size above which a change is large."
    )
    orders: Annotated[int, Field(ge=2, le=1_000, strict=True)] = Field(
        default=50, description="Orders that the median is of."
    )
    at_least: Annotated[int, Field(ge=1, le=1_000, strict=True)] = Field(
        default=10, description="Orders that a median needs."
    )


AnyRule = Annotated[
    UnresolvedRule
    | GapRule
    | AnomalyRule
    | BreakRule
    | ExposureRule
    | LimitRule
    | HaltRule
    | DailyLossRule
    | FeedRule
    | LargeChangeRule,
    Field(discriminator="kind"),
]
KINDS: dict[str, type[Rule]] = {
    get_args(rule.model_fields["kind"].annotation)[0]: rule
    for rule in get_args(get_args(AnyRule)[0])
}
"""The rules by kind."""

NEEDED: dict[str, tuple[str, ...]] = {
    "exposure": ("notional", "quantity"),
    "large_change": ("notional", "times_usual"),
}
"""Of these settings a rule needs one."""


class AlertSettings(Section):
    """The whole file. A name stands for one watcher: two processes with the same name and store
    share its alerts."""

    name: Identifier = Field(
        default="alerts",
        description="Name of the watcher. Its alerts are its own: another watcher has others.",
    )
    look_seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(
        default=1.0, description="Time between two looks at the ledger."
    )
    targets: tuple[Target, ...] = Field(
        default=(), description="Who is told: tables `[[targets]]`."
    )
    rules: tuple[AnyRule, ...] = Field(
        default=(), description="What raises an alert: tables `[[rules]]`."
    )

    def targets_of(self, rule: Rule) -> tuple[str, ...]:
        """The names of the targets that are told of this rule's alerts."""
        return (
            tuple(target.name for target in self.targets) if rule.targets is None else rule.targets
        )

    def limits_of(self, rule: LimitRule) -> GatewaySettings:
        """The gateway's settings that the rule is about. Raises InvalidSetting."""
        return read_settings(rule.limits)


def read_alert_settings(path: str | PathLike[str]) -> AlertSettings:
    """Read a file. Raises InvalidSetting with the file, the line and the key of the first fault."""
    file = TomlFile.read(path)
    settings = file.parsed(AlertSettings, tags=KINDS)
    for place, fault in _contradictions(settings):
        raise file.invalid(place, fault)
    for rule in settings.rules:
        if isinstance(rule, LimitRule):
            settings.limits_of(rule)
    return settings


def _contradictions(settings: AlertSettings) -> Iterator[tuple[Place, str]]:
    """What only the settings together show."""
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
) -> Iterator[tuple[Place, str]]:
    if titles[rule.title] > 1:
        yield ("name",), f"{rule.title!r} is the name of several rules: give each a name"
    for name in rule.targets or ():
        if name not in targets:
            yield ("targets",), f"{name!r} is the name of no target"
    needed = NEEDED.get(rule.kind, ())
    if needed and not any(getattr(rule, name) for name in needed):
        yield (), f"needs {' or '.join(needed)}"


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
