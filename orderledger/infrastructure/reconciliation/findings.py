"""What one comparison of one account has found so far, and what of it is only thought of because nothing may be recorded."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ParamSpec, TypeVar

from orderledger.domain.exact import EXACT, ZERO, total
from orderledger.infrastructure.reconciliation.book import Book, named_by
from orderledger.infrastructure.reconciliation.breaks import Break, Kind, repairing
from orderledger.infrastructure.venues.venue import Records
from orderledger.infrastructure.wire.messages import CorrectFill, Fill, Funding, Instrument, Message, Replace, Restate
from orderledger.projections.tables import Row

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

TERMS = (Replace, Restate)


async def apart(ask: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
    """Ask the ledger without holding up the event loop."""
    return await asyncio.to_thread(ask, *arguments, **named)


async def nothing() -> None:
    """There is nothing to wait for."""


@dataclass(slots=True)
class Findings:
    """`unrecorded` are the fills of a dry run, which no row shows yet. `records`: orders by their names. `heard`: waits until
    what was heard before is recorded."""

    account: str
    book: Book
    records: Records
    is_dry_run: bool
    heard: Callable[[], Awaitable[None]] = nothing
    breaks: dict[str, Break] = field(default_factory=dict)
    unrecorded: list[Fill] = field(default_factory=list)
    appended: int = 0

    async def add(self, found: Break) -> None:
        """A break, and its repairs into the log."""
        self.breaks[found.id] = found
        await self.record(found.repairs)

    async def record(self, messages: Sequence[Message]) -> None:
        if self.is_dry_run:
            self.unrecorded += [message for message in messages if isinstance(message, Fill)]
        elif messages:
            if any(isinstance(message, TERMS) for message in messages):  # of those of one time the later in the log counts
                await self.heard()
            outcomes = await apart(self.book.record_many, messages)
            self.appended += sum(outcome.outcome == "recorded" for outcome in outcomes)

    async def news(self, messages: Sequence[Message]) -> list[Message]:
        """Those that are not recorded yet."""
        if not messages:
            return []
        outcomes = await apart(self.book.preview, messages)
        thought_of = {_identity(fill) for fill in self.unrecorded}
        told = zip(messages, outcomes, strict=True)
        return [message for message, outcome in told if outcome.outcome == "recorded" and _identity(message) not in thought_of]

    async def learn(self, messages: Sequence[Message]) -> None:
        """Take over the fills, their corrections and the fundings that were missed, with the terms that go with them. What else
        an answer about fills says of orders is left to the questions about orders."""
        for message in await self.news([message for message in messages if is_money(message) or isinstance(message, TERMS)]):
            if isinstance(message, (Instrument, *TERMS)) or (isinstance(message, Fill) and await self._is_known(message)):
                await self.record([message])  # the terms of a fill; or the same fill, with what was not known of it
                continue
            kind = Kind.MISSING_FUNDING if isinstance(message, Funding) else Kind.MISSING_FILL
            subject = _subject(message)
            await self.add(
                Break(
                    kind=kind,
                    account=self.account,
                    subject=subject,
                    since=message.at,  # type: ignore[arg-type]  # a venue's report has its time
                    text=_said(message),
                    theirs=message.evidence,
                    repairs=repairing([message], kind, subject),
                )
            )

    async def _is_known(self, fill: Fill) -> bool:
        """Whether its order has such a fill: two looks by key, however long the history is."""
        order = await apart(self.records.order, self.account, fill.venue_order_id) if fill.venue_order_id else None
        if order is None:
            return False
        return bool(await apart(self.book.trades, stream=order["stream"], fill_id=fill.fill_id))

    def unrecorded_of(self, row: Row) -> Decimal:
        """What the unrecorded fills of an order add up to."""
        return total(fill.quantity for fill in self.unrecorded if named_by(row, fill))

    def unrecorded_position(self, instrument: str) -> Decimal:
        """What the unrecorded fills add to a position."""
        fills = [fill for fill in self.unrecorded if fill.instrument == instrument]
        bought = total(fill.quantity for fill in fills if fill.side == "buy")
        return EXACT.subtract(bought, total(fill.quantity for fill in fills if fill.side == "sell")) if fills else ZERO


def is_money(message: Message) -> bool:
    """Whether it is about what was traded or paid, or about what is traded, and not about an order."""
    return isinstance(message, (Fill, CorrectFill, Funding, Instrument))


def _identity(message: Any) -> tuple[str | None, str] | None:
    return (message.venue_order_id, message.fill_id) if isinstance(message, Fill) else None


def _subject(message: Any) -> str:
    if isinstance(message, (Fill, CorrectFill)):
        return f"{message.instrument}:{message.venue_order_id}:{message.fill_id}"
    return f"{message.instrument}:{message.at.isoformat()}"


def _said(message: Any) -> str:
    if isinstance(message, (Fill, CorrectFill)):
        return f"{message.side} {message.quantity:f} {message.instrument} at {message.price:f}"
    return f"{message.amount:f} {message.currency} on {message.instrument}"
