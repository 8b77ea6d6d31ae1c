"""`KeyPermissions`: the permissions of the key of an account."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

__all__ = ["KeyPermissions", "ReportsKey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPermissions:
    """Permissions of a key, as its venue reports them. None: the venue does not say.

    `can_trade`, `can_withdraw`: what it may do. `has_address_limit`: whether it works only from
    listed IP addresses. `created_at`, `expires_at`: its times. `source`: the query that was asked,
    or why none was.
    """

    can_trade: bool | None = None
    can_withdraw: bool | None = None
    has_address_limit: bool | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    source: str = ""

    def words(self, now: datetime) -> dict[str, str]:
        """Each fact in words; `not reported` for what the venue does not say."""
        age = None if self.created_at is None else now - self.created_at
        return {
            "can_trade": _word(self.can_trade),
            "can_withdraw": _word(self.can_withdraw),
            "address_limit": _word(self.has_address_limit),
            "age": "not reported" if age is None else f"{age.days} days",
            "expires": "not reported" if self.expires_at is None else self.expires_at.isoformat(),
        }


@runtime_checkable
class ReportsKey(Protocol):
    """An order entry that can ask its venue about its key."""

    async def permissions(self) -> KeyPermissions:
        """Raises VenueUnavailable and VenueRefused."""


def _word(fact: bool | None) -> str:
    return "not reported" if fact is None else "yes" if fact else "no"
