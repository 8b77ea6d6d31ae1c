"""The accounts of collectors, and the age of their last signs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orderledger.extend.messages import numbers_and_times


def status_age(status: Mapping[str, Any], now: datetime) -> float | None:
    """Seconds since the status was published."""
    return (
        max(0.0, (now - numbers_and_times.parse_time(status["at"])).total_seconds())
        if "at" in status
        else None
    )


def message_age(counted: Mapping[str, Any], status_age: float | None) -> float | None:
    """Seconds since the last message about an account: its age when the status was published, and
    the age of the status."""
    age = counted.get("last_message_age_seconds")
    return None if age is None or status_age is None else float(age) + status_age


def collected_accounts(status: Mapping[str, Any]) -> list[str]:
    """The accounts that running collectors list."""
    running = [one for one in status["collectors"].values() if one.get("is_running")]
    return sorted({account for one in running for account in one.get("accounts", {})})


def last_message_age(status: Mapping[str, Any], account: str, now: datetime) -> float | None:
    """Seconds since any collector received a message about the account."""
    ages = [
        age
        for one in status["collectors"].values()
        if account in one.get("accounts", {})
        and (age := message_age(one["accounts"][account], status_age(one, now))) is not None
    ]
    return min(ages, default=None)
