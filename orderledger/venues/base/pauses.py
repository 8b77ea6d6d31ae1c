"""Pauses that venues have asked for, kept in the statuses of gateways and collectors.

A process that starts later with the same key waits for their end. The status has only the time of
the end, by our clock.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from orderledger.extend.messages import numbers_and_times
from orderledger.extend.values import Clock
from orderledger.venues.base.transport import Pacing

if TYPE_CHECKING:
    from orderledger import Ledger

SHORTEST_SECONDS = 5.0
"""A shorter pause is over before another process has started."""
WHY = "the venue asked an earlier process to wait"


def pacings_in(
    connections: Mapping[str, Any], others: Mapping[str, Pacing] | None = None
) -> dict[str, Pacing]:
    """The pacing of each account, of its order entry or its venue. `others`: of those that do not
    pace their requests."""
    own = {account: getattr(one, "pacing", None) for account, one in connections.items()}
    return {**(others or {}), **{name: one for name, one in own.items() if one is not None}}


def pause_until(pacing: Pacing | None, now: datetime) -> str | None:
    """The end of a long pause, to publish. None without one."""
    seconds = 0.0 if pacing is None else pacing.held_seconds
    return None if seconds < SHORTEST_SECONDS else (now + timedelta(seconds=seconds)).isoformat()


def restore_pauses(ledger: "Ledger", pacings: Mapping[str, Pacing], clock: Clock) -> None:
    """Hold requests back until the end of the pauses that earlier gateways and collectors have
    published. Raises StoreError."""
    status = ledger.status()
    collected = (one.get("accounts", {}) for one in status["collectors"].values())
    for accounts in (status["gateways"], *collected):
        for account, pacing in pacings.items():
            until = accounts.get(account, {}).get("paused_until")
            if until is not None:
                left = numbers_and_times.parse_time(until) - clock.now()
                if left > timedelta():
                    pacing.hold(left.total_seconds(), WHY)
