"""The settings of a gateway: limits, breakers, and the policy for unresolved orders, from a TOML
file.

A fault is reported with the file, the line and the key.
"""

from collections.abc import Iterator
from os import PathLike
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, StrictBool

from orderledger import HaltEnd, HaltMode
from orderledger.extend.messages import Identifier, Quantity
from orderledger.extend.runtime import ZoneName, toml_files
from orderledger.gateway.limits import NAMES, SCOPE, Limits

__all__ = ["Breaker", "DeadMansSwitch", "GatewaySettings", "UnresolvedPolicy", "read_settings"]

UnresolvedPolicy = Literal["block_instrument", "block_account", "allow"]
AT_MOST = (
    ("order_quantity", "position_quantity"),
    ("order_notional", "gross_notional"),
    ("orders_per_second", "orders_per_day"),
)
"""Pairs of limits in one rule. If the first is larger than the second, it can never be reached."""


Count = Annotated[int, Field(strict=True, ge=1)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Scope(toml_files.Table):
    account: Identifier | None = None
    instrument: Identifier | None = None
    strategy: Identifier | None = None


class LimitsSection(Scope):
    """One `[[limits]]` table. See `Limits`."""

    name: Identifier | None = None
    order_quantity: Quantity | None = None
    order_notional: Quantity | None = None
    price_collar: Quantity | None = None
    position_quantity: Quantity | None = None
    open_orders: Count | None = None
    gross_notional: Quantity | None = None
    orders_per_second: Count | None = None
    orders_per_day: Count | None = None
    self_crossing: StrictBool | None = None
    daily_loss: Quantity | None = None
    drawdown: Quantity | None = None
    mark_age_seconds: Quantity | None = None

    def as_limits(self) -> Limits:
        given = {
            name: getattr(self, name)
            for name in (*SCOPE, *NAMES)
            if getattr(self, name) is not None
        }
        return Limits(**given)


class Breaker(Scope):
    """One `[[breakers]]` table: what halts trading in the accounts of its scope. Each halt is an
    event with its cause.

    - `sending_failures`: orders in a row that were not sent or whose outcome is unknown.
    - `rejects_per_minute`: orders that the venue refused within a minute.
    - `feed_age_seconds`: age of the newest status of a collector that feeds the account, or of its
      last message.
    - `open_break`: True halts while the last reconciliation left a break open.
    - `daily_loss`, `drawdown`: as in `Limits`; the halt outlasts the day.
    - `cancels_orders`: the halt also cancels the open orders; with `mode = "reduce"`, those that
      may increase a position.
    - `mode`: what passes while the halt holds. `reduce`: orders that only reduce a position, in the
      worst case. `stop`: nothing.
    - `grace_seconds`: how long a feed may be too old before trading is halted, such as while a
      collector restarts.
    - `resumes`: who ends the halt of a feed or of an open break. `auto`: the breaker, when the feed
      is back or a reconciliation leaves no break. `operator`: only `orderledger resume`. Every
      other halt is ended by an operator.
    """

    sending_failures: Count | None = None
    rejects_per_minute: Count | None = None
    feed_age_seconds: Seconds | None = None
    open_break: StrictBool = False
    daily_loss: Quantity | None = None
    drawdown: Quantity | None = None
    cancels_orders: StrictBool = False
    mode: HaltMode = HaltMode.REDUCE
    grace_seconds: Annotated[float, Field(ge=0, le=86_400)] = 30.0
    resumes: HaltEnd = HaltEnd.AUTO

    def limits(self, account: str) -> Limits:
        """The breaker's limits of loss in one account of its scope."""
        return Limits(
            account=account,
            instrument=self.instrument,
            strategy=self.strategy,
            daily_loss=self.daily_loss,
            drawdown=self.drawdown,
        )


class DeadMansSwitch(toml_files.Table):
    """One `[[dead_mans_switches]]` table: the venue cancels the orders of the account after
    `seconds` without a renewal. The gateway renews it while it holds the lease.

    It covers what the venue says, also protective stops and orders made elsewhere. While a
    protective order rests in the account, the gateway keeps the switch off. See the how-to Brakes.
    """

    account: Identifier
    seconds: Seconds


class GatewaySettings(toml_files.Table):
    """The table `[gateway]`, or a file of its own. `connect` alone reads `name`, `accounts`,
    `collects`, `answer_seconds`, `mark_seconds`, and what concerns keys."""

    time_zone: ZoneName = Field(
        default="UTC",
        description="Where the day of `orders_per_day`, `daily_loss` and `drawdown` begins at "
        "midnight.",
    )
    unresolved: UnresolvedPolicy = Field(
        default="block_instrument",
        description="Which new orders are denied while an order's outcome is unknown. "
        "`block_instrument`: those of its instrument. `block_account`: all of its account. "
        "`allow`: none.",
    )
    lease_seconds: Seconds = Field(
        default=10.0,
        description="How long another process waits after the last sign of life of the sender of "
        "an account.",
    )
    patience_seconds: Seconds = Field(
        default=30.0,
        description="The longest wait of an order for the venue's rate limits. An order that would "
        "wait longer is not sent.",
    )
    venue_cancel_all: StrictBool = Field(
        default=True,
        description="Whether to cancel a whole account or instrument by the venue's own request, "
        "which cancels orders made elsewhere too.",
    )
    limits: tuple[LimitsSection, ...] = Field(
        default=(), description="Limits of orders, each a table `[[gateway.limits]]`."
    )
    breakers: tuple[Breaker, ...] = Field(
        default=(), description="Conditions that halt trading, each a table `[[gateway.breakers]]`."
    )
    dead_mans_switches: tuple[DeadMansSwitch, ...] = Field(
        default=(),
        description="Dead man's switches, each a table `[[gateway.dead_mans_switches]]`.",
    )
    name: Identifier = Field(
        default="gateway", description="Name of the sending process, in its lease."
    )
    accounts: tuple[Identifier, ...] | None = Field(
        default=None,
        description="Accounts whose orders are sent. Default: all with a key to send.",
    )
    collects: StrictBool = Field(
        default=True,
        description="Whether `connect` listens to the venues itself. If not, `orderledger collect` "
        "has to run beside it.",
    )
    marks: StrictBool | None = Field(
        default=None,
        description="Whether `connect` records the venues' prices as marks. Default: if a limit or "
        "a breaker needs them, and of instruments with a trigger price that the gateway watches.",
    )
    mark_seconds: Seconds = Field(
        default=5.0,
        description="Time between two marks of an instrument. At most half of the smallest "
        "`mark_age_seconds`.",
    )
    asks_keys: StrictBool = Field(
        default=True,
        description="Whether `connect` asks the venues what the keys may do.",
    )
    allows_withdrawals: StrictBool = Field(
        default=False,
        description="Whether to send with a key that can withdraw. Otherwise it is refused.",
    )
    answer_seconds: Seconds = Field(
        default=10.0,
        description="After this time without an answer, the outcome of a request is unknown.",
    )
    trigger_mark_seconds: Seconds = Field(
        default=10.0,
        description="Age up to which a mark may trigger an order that the gateway holds.",
    )
    market_slippage: Quantity | None = Field(
        default=None,
        description="Where a venue takes market orders only with their worst price: the distance "
        "of that price from the mark, or from the stop price, as a share. Without it, the request "
        "has to state the price.",
    )

    @property
    def rules(self) -> list[Limits]:
        return [section.as_limits() for section in self.limits]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


def read_settings(path: str | PathLike[str]) -> GatewaySettings:
    """Read a file. Raises InvalidSetting with the file, the line and the key of the first fault."""
    return parsed_settings(section_of(toml_files.TomlFile.read(path)))


def section_of(file: toml_files.TomlFile) -> toml_files.TomlFile:
    """The part of a file that is the gateway's: its table `[gateway]`, or all of a file that has
    neither that table nor `[[venues]]`."""
    is_shared = "gateway" in file.document or "venues" in file.document
    return file.section("gateway") if is_shared else file


def parsed_settings(file: toml_files.TomlFile) -> GatewaySettings:
    """The settings of this part of a file. Raises InvalidSetting with the first fault."""
    settings = file.parsed(GatewaySettings)
    for place, fault_of_rule in contradictions(settings):
        raise file.invalid(place, fault_of_rule)
    return settings


def contradictions(settings: GatewaySettings) -> Iterator[tuple[toml_files.Place, str]]:
    """Find rules that set nothing, contradict each other, or can never apply."""
    given: dict[tuple[Any, ...], int] = {}
    for number, section in enumerate(settings.limits):
        names = [name for name in NAMES if getattr(section, name) is not None]
        if not names:
            yield ("limits", number), "sets no limit"
        for less, more in AT_MOST:
            first, second = getattr(section, less), getattr(section, more)
            if first is not None and second is not None and first > second:
                yield (
                    ("limits", number, less),
                    f"{first} is more than {more}, {second}: it could never be reached",
                )
        for name in names:
            key = (section.account, section.instrument, section.strategy, name)
            if (other := given.setdefault(key, number)) != number:
                yield (
                    ("limits", number, name),
                    f"is already set for the same scope by [[limits]] number {other + 1}",
                )
    yield from _of_switches(settings)
    for number, breaker in enumerate(settings.breakers):
        if not any(
            getattr(breaker, name)
            for name in Breaker.model_fields
            if name not in (*SCOPE, "cancels_orders", "mode", "grace_seconds", "resumes")
        ):
            yield ("breakers", number), "has no condition"
        if _ends_never_by_itself(breaker):
            yield (
                ("breakers", number, "resumes"),
                "auto ends only the halts of feed_age_seconds and open_break: set operator",
            )


def _of_switches(settings: GatewaySettings) -> Iterator[tuple[toml_files.Place, str]]:
    accounts = [switch.account for switch in settings.dead_mans_switches]
    for number, switch in enumerate(settings.dead_mans_switches):
        if switch.account in accounts[:number]:
            yield (
                ("dead_mans_switches", number, "account"),
                f"{switch.account!r} has a dead man's switch already",
            )
        if switch.seconds <= settings.lease_seconds:
            lease = f"{settings.lease_seconds:g}"
            yield (
                ("dead_mans_switches", number, "seconds"),
                f"{switch.seconds:g} is not more than lease_seconds, {lease}: a takeover is slower",
            )


def _ends_never_by_itself(breaker: Breaker) -> bool:
    """Whether the file wants halts to end by themselves that only an operator ends."""
    is_asked = "resumes" in breaker.model_fields_set and breaker.resumes is HaltEnd.AUTO
    return is_asked and breaker.feed_age_seconds is None and not breaker.open_break
