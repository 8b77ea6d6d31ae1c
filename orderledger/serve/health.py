"""Health for supervisors: `live` shows that the process answers, `ready` whether the ledger is
reliable now, with reasons.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from orderledger import Ledger, LedgerError, StoreError
from orderledger.extend.messages import Identifier
from orderledger.extend.values import Clock, SystemClock
from orderledger.gateway.breakers import feed_age
from orderledger.serve.alerts.feeds import last_message_age
from orderledger.serve.request_keys import RequestKeys, is_read_only

__all__ = ["HealthReason", "Readiness", "ReadinessLimits", "live", "ready"]

Check = Literal["store", "store_writes", "views_behind", "views_fault", "feed", "feed_message"]
Seconds = Annotated[float, Field(gt=0, le=86_400 * 366)]


class ReadinessLimits(BaseModel):
    """The conditions for a ledger to be ready. A feed that is not named is not required."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    views_behind: int = Field(
        default=10_000,
        ge=0,
        strict=True,
        description="Events that the views may be behind the log.",
    )
    feeds: dict[Identifier, Seconds] = Field(
        default_factory=dict,
        description="By account, the age in seconds of the last sign that a collector feeds it.",
    )
    messages: dict[Identifier, Seconds] = Field(
        default_factory=dict,
        description="By account, the age in seconds of the last message about it.",
    )


@dataclass(frozen=True, slots=True)
class HealthReason:
    """Why a ledger is not ready. `value`: the value found, None if there is none. `limit`: the
    allowed value.
    """

    check: Check
    subject: str | None
    value: float | None
    limit: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a ledger is ready, the reasons if not, and the log position of the check (None if
    the store cannot be read).
    """

    is_ready: bool
    reasons: tuple[HealthReason, ...] = ()
    position: int | None = None

    def shown(self) -> dict[str, Any]:
        """As JSON: the body of `/health/ready`, and a line of `orderledger health --json`."""
        reasons = [
            {name: getattr(one, name) for name in HealthReason.__slots__} for one in self.reasons
        ]
        return {"is_ready": self.is_ready, "reasons": reasons, "position": self.position}


def live() -> dict[str, Any]:
    """The body of `/health/live`. The store is not queried, since a restart would not repair it."""
    return {"is_live": True}


def ready(
    ledger: Ledger, limits: ReadinessLimits | None = None, *, clock: Clock | None = None
) -> Readiness:
    """Check the store, by reading and writing, the views and the feeds. Errors become reasons, and
    are not raised."""
    limits, now = limits or ReadinessLimits(), (clock or SystemClock()).now()
    try:
        status = ledger.status()
    except LedgerError as error:
        return Readiness(False, (HealthReason("store", None, None, None, str(error)),))
    reasons = (
        *_of_writing(ledger, now),
        *_of_views(ledger, status, limits),
        *_of_feeds(status, limits, now),
    )
    return Readiness(not reasons, reasons, status["position"])


def _of_writing(ledger: Ledger, now: datetime) -> list[HealthReason]:
    try:
        RequestKeys(ledger.internals.store.database).check_writable(now)
    except StoreError as error:
        if not is_read_only(error):
            text = f"the store cannot be written: {error}"
            return [HealthReason("store_writes", None, None, None, text)]
    return []


def _of_views(
    ledger: Ledger, status: Mapping[str, Any], limits: ReadinessLimits
) -> list[HealthReason]:
    behind, limit, reasons = status["views_behind"], limits.views_behind, []
    if behind > limit:
        text = f"the views are {behind:,} events behind the log, the limit is {limit:,}"
        reasons.append(HealthReason("views_behind", None, behind, limit, text))
    try:
        ledger.views.raise_for_fault()
    except StoreError as error:
        reasons.append(
            HealthReason("views_fault", None, None, None, f"the views are not updated: {error}")
        )
    return reasons


def _of_feeds(
    status: Mapping[str, Any], limits: ReadinessLimits, now: datetime
) -> list[HealthReason]:
    reasons = []
    for account, limit in limits.feeds.items():
        age = feed_age(status, account, now)
        if age is None or age > limit:
            fault = (
                "no collector feeds it"
                if age is None
                else f"its feed is {age:.1f} s old, the limit is {limit:g} s"
            )
            reasons.append(HealthReason("feed", account, age, limit, f"{account}: {fault}"))
    for account, limit in limits.messages.items():
        age = last_message_age(status, account, now)
        if age is None or age > limit:
            fault = (
                "there was none"
                if age is None
                else f"it is {age:.1f} s old, the limit is {limit:g} s"
            )
            reasons.append(
                HealthReason(
                    "feed_message", account, age, limit, f"{account}: the last message: {fault}"
                )
            )
    return reasons
