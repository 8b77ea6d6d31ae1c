"""What gateways publish of their breakers, beside the status of collectors, and the rows that are
made of it.

A gateway counts in its own memory. It publishes what it has counted, so that other processes see
it. Whether a breaker has tripped is not published: the log says it, by the halt.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Protocol, TypedDict

from orderledger.extend.events import EVERY_ACCOUNT
from orderledger.extend.messages import parse_time
from orderledger.extend.store import CollectorStatuses, Database, gateway_row, reaching
from orderledger.extend.values import Clock, SystemClock
from orderledger.extend.views import Row, parameters
from orderledger.rows import RowList

ACTOR = "breaker"
"""The actor of the halts that breakers record."""
PUBLISH_SECONDS = 2.0
"""Between two publications: each is a write to the store."""
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
    """One row per breaker of a running or earlier gateway, account and condition; of losses also
    per currency."""

    account: Annotated[str, "Trading account."]
    breaker: Annotated[str, "What the breaker watches: its name in `[[breakers]]`.", CONDITIONS]
    instrument: Annotated[str | None, "Its instrument, null for all."]
    strategy: Annotated[str | None, "Its strategy, null for all."]
    currency: Annotated[str | None, "Settlement currency, of losses."]
    limit: Annotated[Decimal, "The limit."]
    value: Annotated[
        Decimal | None,
        "The present value, null if there is none: no collector feeds the account, or no P&L "
        "today.",
    ]
    state: Annotated[
        str,
        "`armed`; `tripped`: its halt holds; `halted`: its scope is halted for another reason, "
        "and it waits for the end of that.",
        STATES,
    ]
    tripped_at: Annotated[datetime | None, "Since when trading is halted."]
    reason: Annotated[str | None, "Why trading is halted, in a sentence."]
    cancels_orders: Annotated[bool, "Whether its halt also cancels the open orders."]
    gateway: Annotated[str, "The gateway: host, process id and name."]
    is_running: Annotated[
        bool, "Whether the gateway says that it runs. See also the age of its status."
    ]
    status_age_seconds: Annotated[
        Decimal, "Age of the gateway's status, to which limit and value belong."
    ]


class BreakerLedger(Protocol):
    """The methods of `Ledger` that this module uses."""

    def status(self) -> dict[str, Any]: ...
    def halts(self, *, active_only: bool = False) -> Sequence[Any]: ...


class GatewayStatuses:
    """The statuses of gateways in a store, one for each account. Every method raises StoreError if
    it cannot be reached."""

    def __init__(self, database: Database) -> None:
        self._statuses = CollectorStatuses(database)

    def write(self, statuses: Mapping[str, dict[str, Any]]) -> None:
        """Publish the status of each account, in one transaction."""
        with reaching(STORE):
            self._statuses.write_all(
                {gateway_row(account): status for account, status in statuses.items()}
            )

    def remove(self, accounts: Iterable[str]) -> None:
        """Delete what was published of these accounts."""
        with reaching(STORE):
            self._statuses.remove([gateway_row(account) for account in accounts])


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
    gateways: Mapping[str, Any], halts: Sequence[Row], now: datetime
) -> RowList[BreakerRow]:
    """The rows of these statuses. `halts`: those that hold."""
    return RowList(
        _row(account, status, shown, halts, now)
        for account, status in gateways.items()
        for shown in status["breakers"]
    )


def _row(account: str, status: Row, shown: Row, halts: Sequence[Row], now: datetime) -> BreakerRow:
    age = max(0.0, (now - parse_time(status["at"])).total_seconds())
    row: Any = {
        "account": account,
        **{name: shown[name] for name in ("breaker", "instrument", "strategy", "currency")},
        "limit": Decimal(shown["limit"]),
        "value": None if shown["value"] is None else Decimal(shown["value"]),
        **_tripped(account, shown, halts),
        "cancels_orders": shown["cancels_orders"],
        "gateway": status["holder"],
        "is_running": status["is_running"],
        "status_age_seconds": Decimal(f"{age:.1f}"),
    }
    return row  # type: ignore[no-any-return]


def _tripped(account: str, shown: Row, halts: Sequence[Row]) -> Row:
    """The state of a breaker: its own halt counts before another one of its scope."""
    scope = (shown["instrument"], shown["strategy"])
    of_scope = [one for one in halts if is_of_scope(one, account, *scope)]
    own = [one for one in of_scope if (one["actor"], one["reason"]) == (ACTOR, shown["breaker"])]
    if not of_scope:
        return {"state": "armed", "tripped_at": None, "reason": None}
    halt = (own or of_scope)[0]
    return {
        "state": "tripped" if own else "halted",
        "tripped_at": halt["halted_at"],
        "reason": halt["text"] or halt["reason"],
    }


def is_of_scope(halt: Row, account: str, instrument: str | None, strategy: str | None) -> bool:
    """Check whether a halt is of exactly this scope, in this account or in every one."""
    return halt["account"] in (account, EVERY_ACCOUNT) and (
        halt["instrument"],
        halt["strategy"],
    ) == (instrument, strategy)
