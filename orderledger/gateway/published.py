"""The breaker states that gateways publish beside the status of collectors, and the rows made from
them.

A gateway counts in its own memory. It publishes its counts, so that other processes see them.
Whether a breaker has tripped is not published: the log shows it by the halt.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Protocol, TypedDict

from orderledger.extend.events import accounts
from orderledger.extend.messages import numbers_and_times
from orderledger.extend.store import Database, collector_status, reaching
from orderledger.extend.values import Clock, SystemClock
from orderledger.extend.views import parameters
from orderledger.rows import HaltRow, RowList

ACTOR = "breaker"
"""The actor of the halts that breakers record."""
PUBLISH_SECONDS = 2.0
"""Seconds between two publications. Each one writes to the store."""
STATES = ("armed", "tripped", "halted")
CONDITIONS = (
    "sending_failures",
    "rejects_per_minute",
    "feed_age_seconds",
    "open_break",
    "daily_loss",
    "drawdown",
)
STORE = "the table of statuses"


class BreakerRow(TypedDict):
    """One row per breaker, account and condition, for running and earlier gateways. Losses also
    have a row per currency.
    """

    account: Annotated[str, "Trading account."]
    breaker: Annotated[str, "The watched condition: its name in `[[breakers]]`.", CONDITIONS]
    instrument: Annotated[str | None, "Its instrument, null for all."]
    strategy: Annotated[str | None, "Its strategy, null for all."]
    currency: Annotated[str | None, "Settlement currency, of losses."]
    limit: Annotated[Decimal, "The limit."]
    value: Annotated[
        Decimal | None,
        "The current value, null if there is none: no collector feeds the account, or no P&L "
        "today.",
    ]
    state: Annotated[
        str,
        "`armed`; `tripped`: its halt holds; `halted`: its scope is halted for another reason, "
        "and the breaker waits for the end of that halt.",
        STATES,
    ]
    tripped_at: Annotated[datetime | None, "Since when trading is halted."]
    reason: Annotated[str | None, "Why trading is halted, in a sentence."]
    cancels_orders: Annotated[bool, "Whether its halt also cancels the open orders."]
    gateway: Annotated[str, "The gateway: host, process id and name."]
    is_running: Annotated[
        bool, "Whether the gateway reports that it runs. See also the age of its status."
    ]
    status_age_seconds: Annotated[
        Decimal, "Age of the gateway's status, from which limit and value are taken."
    ]


class BreakerLedger(Protocol):
    """The methods of `Ledger` that this module uses."""

    def status(self) -> dict[str, Any]: ...
    def halts(self, *, active_only: bool = False) -> Sequence[Any]: ...


class GatewayStatuses:
    """The statuses of gateways in a store, one for each account. Every method raises StoreError if
    the store cannot be reached.
    """

    def __init__(self, database: Database) -> None:
        self._statuses = collector_status.CollectorStatuses(database)

    def write(self, statuses: Mapping[str, dict[str, Any]]) -> None:
        """Publish the status of each account, in one transaction."""
        with reaching(STORE):
            self._statuses.write_all(
                {
                    collector_status.gateway_row(account): status
                    for account, status in statuses.items()
                }
            )

    def remove(self, accounts: Iterable[str]) -> None:
        """Delete what these accounts have published."""
        with reaching(STORE):
            self._statuses.remove([collector_status.gateway_row(account) for account in accounts])


def breakers(
    ledger: BreakerLedger, *, account: parameters.Account = None, clock: Clock | None = None
) -> RowList[BreakerRow]:
    """List the breakers of gateways.

    Each has its limit, its present value, and since when it has halted trading.
    """
    gateways, now = ledger.status()["gateways"], (clock or SystemClock()).now()
    if not gateways:
        return RowList()
    return breaker_rows(
        {name: one for name, one in gateways.items() if account in (None, name)},
        ledger.halts(active_only=True),
        now,
    )


def breaker_rows(
    gateways: Mapping[str, Any], halts: Sequence[HaltRow], now: datetime
) -> RowList[BreakerRow]:
    """The rows of these statuses. `halts`: those that hold."""
    return RowList(
        _row(account, status, shown, halts, now)
        for account, status in gateways.items()
        for shown in status["breakers"]
    )


def _row(
    account: str,
    status: Mapping[str, Any],
    shown: Mapping[str, Any],
    halts: Sequence[HaltRow],
    now: datetime,
) -> BreakerRow:
    age = max(0.0, (now - numbers_and_times.parse_time(status["at"])).total_seconds())
    state, halt = _state(account, shown, halts)
    return {
        "account": account,
        "breaker": shown["breaker"],
        "instrument": shown["instrument"],
        "strategy": shown["strategy"],
        "currency": shown["currency"],
        "limit": Decimal(shown["limit"]),
        "value": None if shown["value"] is None else Decimal(shown["value"]),
        "state": state,
        "tripped_at": halt and halt["halted_at"],
        "reason": halt and (halt["text"] or halt["reason"]),
        "cancels_orders": shown["cancels_orders"],
        "gateway": status["holder"],
        "is_running": status["is_running"],
        "status_age_seconds": Decimal(f"{age:.1f}"),
    }


def _state(
    account: str, shown: Mapping[str, Any], halts: Sequence[HaltRow]
) -> tuple[str, HaltRow | None]:
    """The state of a breaker: its own halt takes precedence over another halt of its scope."""
    scope = (shown["instrument"], shown["strategy"])
    of_scope = [one for one in halts if is_of_scope(one, account, *scope)]
    own = [one for one in of_scope if (one["actor"], one["reason"]) == (ACTOR, shown["breaker"])]
    if not of_scope:
        return "armed", None
    return ("tripped", own[0]) if own else ("halted", of_scope[0])


def is_of_scope(halt: HaltRow, account: str, instrument: str | None, strategy: str | None) -> bool:
    """Check whether a halt has exactly this scope, in this account or in every one."""
    return halt["account"] in (account, accounts.EVERY_ACCOUNT) and (
        halt["instrument"],
        halt["strategy"],
    ) == (instrument, strategy)
