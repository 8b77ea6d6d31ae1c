"""The venue's report in another form, for cases in which the original would change nothing here."""

from typing import Any

from orderledger import Acknowledge, Replace, Restate
from orderledger.extend.views import Row
from orderledger.venues.reconciliation.comparing import TERMS, stated_by


def observed(message: Any, row: Row) -> Acknowledge:
    """An acknowledgement that the venue knows the order. It claims no terms: its time may be ours,
    and later than the venue's next report."""
    return Acknowledge(
        account=message.account,
        venue_order_id=message.venue_order_id,
        aliases=message.aliases,
        at=max(message.at, row["updated_at"]),
        evidence=message.evidence,
    )


def restated(message: Any, row: Row) -> Restate | Replace:
    """The venue's terms as terms in force, of the outstanding replace if there is one. With the
    venue's time, so that its next report supersedes them."""
    claims = stated_by(message)
    claimed = {name: getattr(claims, name) for name in TERMS}
    kind = Replace if row["pending"] == "replace" else Restate
    return kind(
        account=message.account,
        venue_order_id=message.venue_order_id,
        at=message.at,
        reported=message.reported,
        evidence=message.evidence,
        **{name: term for name, term in claimed.items() if term is not None and term != row[name]},
    )
