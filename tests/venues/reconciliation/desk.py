"""A ledger, a plain venue and their clock, to record, ask and reconcile."""

import asyncio
from datetime import timedelta
from typing import Any

from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.venues.reconciliation.reconciler import Reconciled, Reconciler, Rules
from tests.scenarios import ACCOUNT, at, message, request
from tests.typed import values
from tests.venues.reconciliation.plain_venue import PlainVenue

ALIAS = {"plain.cloid": "0xc1"}
SENT = (request(aliases=ALIAS), message("submit"))
WORKING = (*SENT, message("acknowledged", venue_order_id="V-1", aliases=ALIAS))
RULES = Rules(lookback=timedelta(hours=1), grace=timedelta(seconds=1), pause=0, opening_pause=0)


class Desk:
    def __init__(self, ledger: Ledger, venue: PlainVenue, clock: SteppingClock) -> None:
        self.ledger = ledger
        self.venue = venue
        self.clock = clock

    def record(self, *documents: dict[str, Any]) -> None:
        for document in documents:
            outcome = self.ledger.record(parse_document(document))
            assert outcome.outcome == "recorded", outcome

    def reconcile(self, second: float, *, is_dry_run: bool = False, **rules: Any) -> Reconciled:
        self.clock.set(at(second))
        chosen = Rules(
            **{
                **{
                    name: getattr(RULES, name)
                    for name in ("lookback", "grace", "pause", "opening_pause")
                },
                **rules,
            }
        )
        return asyncio.run(
            Reconciler(self.ledger, self.venue, self.clock, chosen).run(
                ACCOUNT, is_dry_run=is_dry_run
            )
        )

    def order(self, *names: str) -> tuple[Any, ...]:
        row = self.ledger.order("C-1")
        return tuple(
            str(value) if name.endswith("quantity") else value
            for name, value in zip(names, values(row, names), strict=True)
        )


def kinds(found: Reconciled) -> list[tuple[str, bool]]:
    return [(one.kind.value, one.is_settled) for one in found.breaks]


def left(found: Reconciled) -> list[str]:
    return [one.id for one in found.certificate.open_breaks]
