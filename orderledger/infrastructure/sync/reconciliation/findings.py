"""What one comparison of one account has found so far, and what of it is only thought of because nothing may be recorded."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, ParamSpec, TypeVar

from orderledger.domain.exact import total
from orderledger.infrastructure.messages.registry import (
    BustFill,
    CorrectFill,
    Fill,
    Funding,
    Instrument,
    Message,
    Replace,
    Restate,
)
from orderledger.infrastructure.sync.reconciliation.book import Book, Name, names_of, names_of_message
from orderledger.infrastructure.sync.reconciliation.breaks import Break, Kind, repairing
from orderledger.infrastructure.sync.reconciliation.comparing import numbers
from orderledger.infrastructure.sync.reconciliation.moves import MOVING, Move, as_trade, moved
from orderledger.infrastructure.venues.base.translation import Fault
from orderledger.infrastructure.venues.base.venue import HeldBefore, Records, Venue
from orderledger.projections.view import Row

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

TERMS = (Replace, Restate)
FILLS = (Fill, CorrectFill, BustFill)

DIGITS = 16


async def off_loop(ask: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
    """Ask the ledger without holding up the event loop."""
    return await asyncio.to_thread(ask, *arguments, **named)


async def nothing() -> None:
    """There is nothing to wait for."""


@dataclass(slots=True)
class Findings:
    """`thought_of` is what a dry run would have recorded so far, under the names of its order, `foreseen` the orders as they
    would be then, and `moves` what it would do to positions. `records`: orders by their names. `heard`: waits until what was
    heard before is recorded. `fills_begin_at`: from when on the venue has told every fill, where it does not go back as far as
    it was asked. `held_before`: what was held of each instrument before the venue's first fill, where it tells that."""

    account: str
    book: Book
    records: Records
    is_dry_run: bool
    heard: Callable[[], Awaitable[None]] = nothing
    breaks: dict[str, Break] = field(default_factory=dict)
    thought_of: list[tuple[set[Name], Message]] = field(default_factory=list)
    foreseen: dict[str, Row] = field(default_factory=dict)
    appended: int = 0
    fills_begin_at: datetime | None = None
    held_before: dict[str, HeldBefore] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)

    async def add(self, found: Break) -> None:
        """A break, and its repairs into the log."""
        self.breaks[found.id] = found
        await self.record(found.repairs)

    def leave_open(self, found: Break) -> None:
        """A break that nothing settles now."""
        self.breaks[found.id] = found

    @property
    def has_unread(self) -> bool:
        """Whether something of an answer could not be read, and may say what is not known here."""
        return any(found.kind in (Kind.UNREADABLE_FILL, Kind.UNREADABLE_ORDER) for found in self.breaks.values())

    async def record(self, messages: Sequence[Message]) -> None:
        if self.is_dry_run and messages:
            self.thought_of += [(_names(message), message) for message in messages]
            rows = await off_loop(self.book.simulate, self._said_before(messages))
            self.foreseen = {row["stream"]: row for row in [*_others(self.foreseen.values(), rows), *rows]}
        elif messages:
            if any(isinstance(message, TERMS) for message in messages):  # of those of one time the later in the log counts
                await self.heard()
            outcomes = await off_loop(self.book.record_many, messages)
            self.appended += sum(outcome.outcome == "recorded" for outcome in outcomes)

    async def news(self, messages: Sequence[Message]) -> list[Message]:
        """Those that are not recorded yet."""
        if not messages:
            return []
        before = self._said_before(messages)
        outcomes = (await off_loop(self.book.preview, [*before, *messages]))[len(before) :]
        return [message for message, outcome in zip(messages, outcomes, strict=True) if outcome.outcome == "recorded"]

    async def open_orders(self) -> list[Row]:
        """Of the account."""
        rows = await off_loop(self.book.orders, open_only=True, account=self.account)
        foreseen = list(self.foreseen.values())
        return _others(rows, foreseen) + [row for row in foreseen if row["is_open"]]

    async def orders_of_ours(self, *, reason: str) -> list[Row]:
        """Those that were canceled for this reason."""
        return await off_loop(self.book.orders, account=self.account, origin="own", status="canceled", reason=reason)

    async def order(self, name: str) -> Row | None:
        """The order of the account that bears this id."""
        for row in self.foreseen.values():
            if name in (row["client_order_id"], *row["venue_order_ids"], *row["aliases"].values()):
                return row
        return await off_loop(self.records.order, self.account, name)

    def _said_before(self, messages: Sequence[Message]) -> list[Message]:
        """What was thought of about the same orders, these included where they were."""
        about = {name for message in messages for name in _names(message)}
        return [told for names, told in self.thought_of if not about.isdisjoint(names)]

    async def ask_fills(self, venue: Venue, since: datetime) -> Sequence[Message]:
        """All that the venue tells of fills from `since` on, which is taken over. What of it cannot be read may hide a fill."""
        answer = await venue.fills_since(self.account, since)
        if answer.begins_at is not None:
            self.fills_begin_at = max(self.fills_begin_at or answer.begins_at, answer.begins_at)
        for held in answer.held_before:
            known = self.held_before.get(held.instrument)
            if known is None or held.at < known.at:
                self.held_before[held.instrument] = held
        self.leave_unread(Kind.UNREADABLE_FILL, answer.faults, since)
        await self.learn(answer.messages)
        return answer.messages

    def leave_unread(self, kind: Kind, faults: Sequence[Fault], since: datetime) -> None:
        """What cannot be read of an answer: a break for each, that stays open until it can be, or is not told any more."""
        for fault in faults:
            digest = sha256(f"{fault.fault} {fault.payload}".encode(errors="backslashreplace")).hexdigest()
            found = Break(
                kind=kind,
                account=self.account,
                subject=digest[:DIGITS],
                since=since,
                text=f"cannot be read: {fault.fault}",
                theirs=fault.payload,
                is_settled=False,
            )
            self.breaks.setdefault(found.id, found)

    async def learn(self, messages: Sequence[Message]) -> None:
        """Take over the fills, their corrections and busts, and the fundings that were missed, with the terms that go with them.
        What else an answer about fills says of orders is left to the questions about orders."""
        news = await self.news([message for message in messages if is_money(message) or isinstance(message, TERMS)])
        filled = {message.venue_order_id for message in news if isinstance(message, (Fill, CorrectFill))}
        for message in news:
            if isinstance(message, TERMS) and message.venue_order_id not in filled:
                continue  # its fills were known before: terms that differ all the same are for the questions about orders
            if isinstance(message, (Instrument, *TERMS)) or (isinstance(message, Fill) and await self._is_known(message)):
                await self.record([message])  # the terms of a fill; or the same fill, with what was not known of it
                continue
            if self.is_dry_run and isinstance(message, FILLS):
                await self._move(message)
            kind = _kind(message)
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
        return bool(await self._standing(fill.fill_id, await self._order_of(fill)))

    async def _order_of(self, fill: Fill | CorrectFill | BustFill) -> Row | None:
        return await self.order(fill.venue_order_id) if fill.venue_order_id else None

    async def _standing(self, fill_id: str, order: Row | None) -> list[Row]:
        return [] if order is None else await off_loop(self.book.trades, stream=order["stream"], fill_id=fill_id)

    async def _move(self, told: Fill | CorrectFill | BustFill) -> None:
        """What it would do to a position. What a correction or a bust takes away stands here, or was itself only thought of."""
        if not isinstance(told, Fill):
            gone = told.corrects if isinstance(told, CorrectFill) else told.fill_id
            thought = [move for move in self.moves if (move.venue_order_id, move.fill_id) == (told.venue_order_id, gone)]
            standing = [] if thought else await self._standing(gone, await self._order_of(told))
            self.moves = [move for move in self.moves if move not in thought]
            self.moves += [moved(trade, trade["venue_order_id"], fills=-1) for trade in standing]
        if not isinstance(told, BustFill):
            self.moves.append(moved(told.model_dump(include=MOVING), told.venue_order_id, fills=1))

    def set_position(self, instrument: str, at: datetime, change: Decimal) -> None:
        """What an adjustment would do to a position, if nothing is recorded."""
        if self.is_dry_run:
            self.moves.append(Move(venue_order_id=None, fill_id="", instrument=instrument, at=at, quantity=change, fills=0))

    async def compare_fills(self, fills: Sequence[Fill], order: Row) -> None:
        """Leave open which fills of an order the venue tells with other numbers than stand here under their ids."""
        for fill in fills:
            for trade in await self._standing(fill.fill_id, order):
                text = numbers(trade, fill)
                if text is not None:
                    found = Break(
                        kind=Kind.FILL_DIFFERS,
                        account=self.account,
                        subject=_subject(fill),
                        since=fill.at,  # type: ignore[arg-type]  # a venue's report has its time
                        text=text,
                        ours=trade,
                        theirs=fill.evidence,
                        is_settled=False,
                    )
                    self.breaks[found.id] = found

    def unrecorded_fills(self, instrument: str, moment: datetime) -> list[Row]:
        """The fills after a moment that a dry run would have booked, as rows of trades."""
        moves = [move for move in self.moves if move.instrument == instrument and move.at > moment and move.fills > 0]
        return [as_trade(move, number) for number, move in enumerate(moves, 1)]

    def unrecorded_position(self, instrument: str, moment: datetime | None = None) -> Decimal:
        """What a dry run would add to a position: all of it, or that up to a moment."""
        moves = [move for move in self.moves if move.instrument == instrument]
        return total(move.quantity for move in moves if moment is None or move.at <= moment)


def _others(rows: Iterable[Row], known: Sequence[Row]) -> list[Row]:
    """The orders that are not among the known ones, nor have turned out to be one of them."""
    streams, names = {row["stream"] for row in known}, {name for row in known for name in names_of(row)}
    return [row for row in rows if row["stream"] not in streams and names.isdisjoint(names_of(row))]


def is_money(message: Message) -> bool:
    """Whether it is about what was traded or paid, or about what is traded, and not about an order."""
    return isinstance(message, (Fill, CorrectFill, BustFill, Funding, Instrument))


def _names(message: Any) -> set[Name]:
    """Every name that a message about an order gives. One about the account is only ever thought of once."""
    if not hasattr(message, "venue_order_id"):
        return set()
    ours = set() if message.client_order_id is None else {("client", message.client_order_id)}
    return ours | names_of_message(message)


def _kind(message: Message) -> Kind:
    if isinstance(message, Funding):
        return Kind.MISSING_FUNDING
    return Kind.EXCESS_FILL if isinstance(message, BustFill) else Kind.MISSING_FILL


def _subject(message: Any) -> str:
    if isinstance(message, (Fill, CorrectFill, BustFill)):
        return f"{message.instrument}:{message.venue_order_id}:{message.fill_id}"
    return f"{message.instrument}:{message.at.isoformat()}"


def _said(message: Any) -> str:
    if isinstance(message, BustFill):
        return f"fill {message.fill_id} counts here, and not at the venue"
    if isinstance(message, (Fill, CorrectFill)):
        return f"{message.side} {message.quantity:f} {message.instrument} at {message.price:f}"
    return f"{message.amount:f} {message.currency} on {message.instrument}"
