"""The venue's report in another form, for cases in which the original would change nothing here."""

from typing import Any

from orderledger.infrastructure.messages.registry import Acknowledged, Replaced, Restated
from orderledger.projections.view import Row
from orderledger.venues.reconciliation.comparing import TERMS, stated_by


def observed(message: Any, row: Row) -> Acknowledged:
    """An acknowledgement that the venue knows the order. It claims no terms: its time may be ours,
    and later than the venue's next report."""
    return Acknowledged(
        account=message.account,
        venue_order_id=message.venue_order_id,
        aliases=message.aliases,
        at=max(message.at, row["updated_at"]),
        evidence=message.evidence,
    )


def restated(message: Any, row: Row) -> Restated | Replaced:
    """The venue's terms as terms in force, of the outstanding replace if there is one. With the
    venue's time, so that its next report supersedes them."""
    claims = stated_by(message)
    claimed = {name: getattr(claims, name) for name in TERMS}
    kind = Replaced if row["pending"] == "replace" else Restated
    return kind(
        account=message.account,
        venue_order_id=message.venue_order_id,
        at=message.at,
        reported=message.reported,
        evidence=message.evidence,
        **{name: term for name, term in claimed.items() if term is not None and term != row[name]},
    )
