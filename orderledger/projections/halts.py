"""The view of halts of trading."""

from datetime import datetime
from typing import Annotated, TypedDict

from orderledger.domain.accounts import TradingHalted
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import HaltEnd, HaltMode
from orderledger.projections.view import Table


class HaltRow(TypedDict):
    """One row per halt of trading."""

    position: Annotated[int, "Log position."]
    account: Annotated[str, "Trading account, * for every account."]
    instrument: Annotated[str | None, "Instrument, null for all."]
    strategy: Annotated[str | None, "Strategy, null for all."]
    halted_at: Annotated[datetime, "When trading was halted."]
    resumed_at: Annotated[datetime | None, "When it was resumed, null while the halt holds."]
    cancels_orders: Annotated[
        bool, "Whether the gateway also cancels the open orders of the scope."
    ]
    mode: Annotated[str, "Orders that pass while the halt holds.", tuple(HaltMode)]
    resumes: Annotated[str, "The one that may end the halt.", tuple(HaltEnd)]
    reason: Annotated[str | None, "Why."]
    text: Annotated[str | None, "The reason in a sentence."]
    actor: Annotated[str | None, "Who halted it."]


HALTS = Table(
    "halts",
    "One row per halt of trading.",
    ("position",),
    HaltRow,
    ("position",),
    (("account", "resumed_at"),),
    ("halted_at",),
    version=12,
)


def halt_row(account: str, recorded: Recorded, event: TradingHalted) -> HaltRow:
    """The columns of `tables.HALTS`."""
    return {
        "position": recorded.position or 0,
        "account": account,
        "instrument": event.instrument,
        "strategy": event.strategy,
        "halted_at": recorded.at,
        "resumed_at": None,
        "cancels_orders": event.cancels_orders,
        "mode": event.mode,
        "resumes": event.resumes,
        "reason": event.reason,
        "text": recorded.text,
        "actor": recorded.actor,
    }
