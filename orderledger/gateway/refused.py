"""The results of orders that are not sent, with the recorded reason where there is one."""

from typing import TYPE_CHECKING

from orderledger import Outcome
from orderledger.extend.runtime import threads
from orderledger.gateway.flights import Flight
from orderledger.gateway.results import Sending
from orderledger.gateway.unsettled import Key

if TYPE_CHECKING:
    from orderledger import Ledger

ENDS = ("order_denied", "order_rejected")
"""Events that say why an order was not taken."""


async def unsent(ledger: "Ledger", flight: Flight, requested: Outcome, last: Outcome) -> Sending:
    """The result of an order that is not sent."""
    if flight.denial is not None and last.outcome == "recorded":
        return Sending(
            "denied", *flight.key, flight.denial.reason, flight.denial.text, outcome=requested
        )
    if flight.is_held and requested.outcome != "refused":
        return Sending("held", *flight.key, outcome=requested)
    refused = requested if requested.outcome == "refused" else last
    reason = refused.reason or ("already_submitted" if flight.is_known else refused.outcome)
    recorded = await threads.to_thread(_why_not_taken, ledger, flight.key)
    text = "; ".join(filter(None, (refused.text, recorded)))
    return Sending("refused", *flight.key, reason, text or None, outcome=refused)


def _why_not_taken(ledger: "Ledger", key: Key) -> str | None:
    """The recorded reason of an order that was denied or rejected before, in words."""
    account, name = key
    events = [one for one in ledger.history(name, account=account) if _is_end(one["name"])]
    if not events:
        return None
    said = events[-1]["text"] or events[-1]["payload"].get("reason") or "no reason given"
    verb = "denied" if events[-1]["name"].startswith(ENDS[0]) else "rejected"
    return f"it was {verb} before: {said}"


def _is_end(name: str) -> bool:
    return name.startswith(ENDS)
