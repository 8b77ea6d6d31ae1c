"""Exits that wait for their entry at Hyperliquid (grouping `normalTpsl`).

No page says whether an exit that was never placed can be queried. The lists show it under its
entry. So "unknown order" proves nothing about it, if the venue knows its entry.
"""

from collections.abc import Sequence
from datetime import datetime

from orderledger import Canceled, Message, Source
from orderledger.extend.views import Row as OrderView
from orderledger.venues.base.order_groups import NATIVE
from orderledger.venues.errors import VenueUnavailable
from orderledger.venues.hyperliquid.order_rows import children_of, read_listed, read_reported
from orderledger.venues.hyperliquid.reports import waiting
from orderledger.venues.hyperliquid.venue_context import VenueContext
from orderledger.venues.hyperliquid.vocabulary import cloid_for
from orderledger.venues.hyperliquid.watching import WatchedAccount, cloid_of

CANCELED = "canceled"
"""The word for a cancel by the user. Others name their cause."""


async def about_child(
    venue: VenueContext,
    account: WatchedAccount,
    order: OrderView,
    names: Sequence[str],
    at: datetime,
) -> list[Message] | None:
    """The messages about an exit that the venue calls unknown. None if its entry is unknown or
    refused too, or if it was not sent in a group.

    Raises VenueUnavailable if the entry is known, and nothing about the exit is.
    """
    entry_name = (order.get("links") or {}).get("parent")
    if entry_name is None or NATIVE not in (order.get("tags") or {}):
        return None
    for exchange in venue.exchanges:
        listed = await venue.endpoints.open_orders(account.address, exchange)
        for row in (child for entry in listed for child in children_of(entry)):
            if cloid_of(row) in names:
                return [waiting(read_listed(row), venue.polled(account, at))]
    row = await venue.endpoints.order_status(account.address, cloid_for(entry_name))
    if row is None:
        return None
    entry = read_reported(row)
    if entry.status.endswith("Rejected") or entry.status == "rejected":
        return None
    if entry.status != CANCELED:
        raise VenueUnavailable(f"its entry is {entry.status}, and the exit is not listed")
    return [
        Canceled(
            account=account.name,
            client_order_id=order["client_order_id"],
            venue_order_id=order["venue_order_id"],
            aliases=order["aliases"] or {},
            at=entry.status_at,
            source=Source.VENUE_POLL,
            reason="parent_canceled",
            text="its entry is canceled, and Hyperliquid cancels the exits with it",
            evidence=row,
        )
    ]
