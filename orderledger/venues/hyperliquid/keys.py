"""Permissions of a key at Hyperliquid, by the role of its address.

Source: hyperliquid.gitbook.io, Info endpoint, "Query a user's role": an API wallet is an `agent`.
Exchange endpoint: withdrawals are signed by the user's own key.
"""

from typing import Any

from orderledger.venues.base.keys import KeyPermissions
from orderledger.venues.base.transport import Http
from orderledger.venues.errors import VenueUnavailable

QUERY = "userRole"
OWNERS = ("user", "subAccount", "vault")


async def permissions_of(url: str, address: str) -> KeyPermissions:
    """Raises VenueUnavailable and VenueRefused."""
    http = Http(url)
    try:
        answer: Any = await http.post("/info", json={"type": QUERY, "user": address})
    finally:
        await http.aclose()
    role = answer.get("role") if isinstance(answer, dict) else None
    if role == "agent":
        return KeyPermissions(can_trade=True, can_withdraw=False, source=QUERY)
    if role in OWNERS:
        return KeyPermissions(can_trade=True, can_withdraw=True, source=QUERY)
    if role == "missing":
        return KeyPermissions(can_trade=False, can_withdraw=False, source=f"{QUERY}: unknown key")
    raise VenueUnavailable(f"{QUERY}: the answer has no role")
