"""The findings of one comparison of one account. A dry run also keeps the messages that it would
record."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, ParamSpec, TypeVar

from orderledger.domain.exact import total
from orderledger.infrastructure.messages.registry import (
    Fill,
    FillBusted,
    FillCorrected,
    Funding,
    Instrument,
    Message,
    Replaced,
    Restated,
    StatusObserved,
)
from orderledger.projections.view import Row
from orderledger.venues.base.translation import Fault
from orderledger.venues.base.venue import PriorPosition, Records, Venue
from orderledger.venues.reconciliation.book import (
    Book,
    Name,
    names_of,
    names_of_message,
)
from orderledger.venues.reconciliation.breaks import ACTOR, Break, Kind, repairing
from orderledger.venues.reconciliation.comparing import numbers
from orderledger.venues.reconciliation.moves import MOVING, Move, as_trade, moved
from orderledger.venues.reconciliation.position_name import Named, PositionName

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

TERMS = (Replaced, Restated)
FILLS = (Fill, FillCorrected, FillBusted)

DIGITS = 16


async def off_loop(
    ask: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
) -> Result:
    """Query the ledger in a thread, without blocking the event loop."""
    return await asyncio.to_thread(ask, *arguments, **named)


async def nothing() -> None:
    """Wait for nothing."""


@dataclass(slots=True)
class Findings:
    """The findings so far.

    `thought_of`: messages that a dry run would have recorded, with the names of their orders.
    `foreseen`: the orders as they would then be. `moves`: the changes of positions. `records`:
    finds orders by name. `heard`: waits until earlier messages of the stream are recorded. `actor`:
    whom repairs and certificates name. `fills_begin_at`: time from which the venue reported every
    fill, if that is later than requested. `prior_positions`: positions before the venue's first
    fill of each instrument, if it reports them.
    """

    account: str
    book: Book
    records: Records
    is_dry_run: bool
    heard: Callable[[], Awaitable[None]] = nothing
    actor: str = ACTOR
    breaks: dict[str, Break] = field(default_factory=dict)
    thought_of: list[tuple[set[Name], Message]] = field(default_factory=list)
    foreseen: dict[str, Row] = field(default_factory=dict)
    appended: int = 0
    fills_begin_at: datetime | None = None
    prior_positions: dict[str, PriorPosition] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)

    async def add(self, found: Break) -> None:
        """Add a break, and record its repairs."""
        found = replace(found, repairs=tuple(self._named(found.repairs)))
        self.breaks[found.id] = found
        await self.record(found.repairs)

    def settle(self, found: Break) -> None:
        """Note that the repairs of a break proved to settle it."""
        self.breaks[found.id] = replace(self.breaks[found.id], is_settled=True)

    def leave_open(self, found: Break) -> None:
        """Add a break that nothing settles now."""
        self.breaks[found.id] = found

    @property
    def has_unread(self) -> bool:
        """True if a part of an answer was unreadable, and may contain something unknown here."""
        return any(
            found.kind in (Kind.UNREADABLE_FILL, Kind.UNREADABLE_ORDER)
            for found in self.breaks.values()
        )

    def _named(self, messages: Sequence[Message]) -> list[Message]:
        """The messages with the actor of this comparison."""
        if self.actor == ACTOR:
            return list(messages)
        return [
            one.model_copy(update={"actor": self.actor}) if one.actor == ACTOR else one
            for one in messages
        ]

    async def record(self, messages: Sequence[Message]) -> None:
        messages = self._named(messages)
        if self.is_dry_run and messages:
            self.thought_of += [(_names(message), message) for message in messages]
            rows = await off_loop(self.book.simulate, self._said_before(messages))
            self.foreseen = {
                row["stream"]: row for row in [*_others(self.foreseen.values(), rows), *rows]
            }
        elif messages:
            if any(
                isinstance(message, (*TERMS, StatusObserved)) for message in messages
            ):  # at equal times, the later in the log counts
                await self.heard()
            outcomes = await off_loop(self.book.record_many, messages)
            self.appended += sum(outcome.outcome == "recorded" for outcome in outcomes)

    async def news(self, messages: Sequence[Message]) -> list[Message]:
        """The messages that are not recorded yet."""
        if not messages:
            return []
        before = self._said_before(messages)
        outcomes = (await off_loop(self.book.preview, [*before, *messages]))[len(before) :]
        return [
            message
            for message, outcome in zip(messages, outcomes, strict=True)
            if outcome.outcome == "recorded"
        ]

    async def open_orders(self) -> list[Row]:
        """The open orders of the account."""
        rows = await off_loop(self.book.orders, open_only=True, account=self.account)
        foreseen = list(self.foreseen.values())
        return _others(rows, foreseen) + [row for row in foreseen if row["is_open"]]

    async def orders_of_ours(self, *, reason: str) -> list[Row]:
        """Our canceled orders with this reason."""
        return await off_loop(
            self.book.orders, account=self.account, origin="own", status="canceled", reason=reason
        )

    async def order(self, name: str) -> Row | None:
        """The order of the account with this id."""
        for row in self.foreseen.values():
            if name in (row["client_order_id"], *row["venue_order_ids"], *row["aliases"].values()):
                return row
        return await off_loop(self.records.order, self.account, name)

    def _said_before(self, messages: Sequence[Message]) -> list[Message]:
        """The messages of the dry run about the same orders, including these messages if they were
        added."""
        about = {name for message in messages for name in _names(message)}
        return [message for names, message in self.thought_of if not about.isdisjoint(names)]

    async def ask_fills(self, venue: Venue, since: datetime) -> Sequence[Message]:
        """Query the venue for fills from `since` on, and record them. An unreadable part may hide a
        fill."""
        answer = await venue.fills_since(self.account, since)
        if answer.begins_at is not None:
            self.fills_begin_at = max(self.fills_begin_at or answer.begins_at, answer.begins_at)
        for held in answer.prior_positions:
            known = self.prior_positions.get(held.instrument)
            if known is None or held.at < known.at:
                self.prior_positions[held.instrument] = held
        self.leave_unread(Kind.UNREADABLE_FILL, answer.faults, since)
        await self.learn(answer.messages)
        return answer.messages

    def leave_unread(self, kind: Kind, faults: Sequence[Fault], since: datetime) -> None:
        """Add a break for each unreadable part of an answer. It stays open until it is readable or
        no longer sent."""
        for fault in faults:
            digest = sha256(
                f"{fault.fault} {fault.payload}".encode(errors="backslashreplace")
            ).hexdigest()
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
        """Record missed fills, corrections, busts and funding payments, with their terms.

        Other reports about orders in an answer about fills are ignored here: the comparison of
        orders queries the orders.
        """
        news = await self.news(
            [message for message in messages if is_money(message) or isinstance(message, TERMS)]
        )
        filled = {
            message.venue_order_id for message in news if isinstance(message, (Fill, FillCorrected))
        }
        for message in news:
            if isinstance(message, TERMS) and message.venue_order_id not in filled:
                # the fills were known before; the comparison of orders settles a difference in
                # terms
                continue
            if isinstance(message, (Instrument, *TERMS)) or (
                isinstance(message, Fill) and await self._is_known(message)
            ):
                await self.record(
                    [message]
                )  # the terms of a fill, or a known fill with additional fields
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
        """Check whether the order of the fill has it already: two lookups by key, however long the
        history."""
        return bool(await self._standing(fill.fill_id, await self._order_of(fill)))

    async def _order_of(self, fill: Fill | FillCorrected | FillBusted) -> Row | None:
        return await self.order(fill.venue_order_id) if fill.venue_order_id else None

    async def _standing(self, fill_id: str, order: Row | None) -> list[Row]:
        return (
            []
            if order is None
            else await off_loop(self.book.trades, stream=order["stream"], fill_id=fill_id)
        )

    async def _move(self, message: Fill | FillCorrected | FillBusted) -> None:
        """Note the change of a position. A correction or bust removes a fill of the ledger or of
        this dry run."""
        if not isinstance(message, Fill):
            gone = message.corrects if isinstance(message, FillCorrected) else message.fill_id
            thought = [
                move
                for move in self.moves
                if (move.venue_order_id, move.fill_id) == (message.venue_order_id, gone)
            ]
            standing = [] if thought else await self._standing(gone, await self._order_of(message))
            self.moves = [move for move in self.moves if move not in thought]
            self.moves += [moved(trade, trade["venue_order_id"], fills=-1) for trade in standing]
        if not isinstance(message, FillBusted):
            order = await self._order_of(message)
            told = _with_position_of(order, message.model_dump(include=MOVING))
            self.moves.append(moved(told, message.venue_order_id, fills=1))

    def set_position(self, name: PositionName, at: datetime, change: Decimal) -> None:
        """Note the change of a position by an adjustment, in a dry run."""
        if self.is_dry_run:
            self.moves.append(
                Move(
                    venue_order_id=None, fill_id="", **name.fields, at=at, quantity=change, fills=0
                )
            )

    async def compare_fills(self, fills: Sequence[Fill], order: Row) -> None:
        """Add an open break for each fill of an order with other numbers at the venue than here."""
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
        """The fills after a moment that a dry run would have recorded, as rows of trades."""
        moves = [
            move
            for move in self.moves
            if move.instrument == instrument and move.at > moment and move.fills > 0
        ]
        return [as_trade(move, number) for number, move in enumerate(moves, 1)]

    def unrecorded_position(
        self, name: PositionName, named: Named, moment: datetime | None = None
    ) -> Decimal:
        """The change of a position by a dry run: in total, or up to a moment."""
        moves = [move for move in self.moves if move.instrument == name.instrument]
        mine = (
            move
            for move in moves
            if named.name(name.instrument, move.position_side, move.position_id) == name
        )
        return total(move.quantity for move in mine if moment is None or move.at <= moment)


def _others(rows: Iterable[Row], known: Sequence[Row]) -> list[Row]:
    """The orders that are not among the known ones and were not attributed to one of them."""
    streams, names = (
        {row["stream"] for row in known},
        {name for row in known for name in names_of(row)},
    )
    return [row for row in rows if row["stream"] not in streams and names.isdisjoint(names_of(row))]


def _with_position_of(order: Row | None, fill: Row) -> Row:
    """A fill without a position side takes its order's."""
    if order is None:
        return fill
    return {
        **fill,
        **{name: fill[name] or order[name] for name in ("position_side", "position_id")},
    }


def is_money(message: Message) -> bool:
    """Check for a message about fills, funding or an instrument, as opposed to an order."""
    return isinstance(message, (Fill, FillCorrected, FillBusted, Funding, Instrument))


def _names(message: Any) -> set[Name]:
    """The names of an order in a message. None for a message about the account, which a dry run
    adds only once."""
    if not hasattr(message, "venue_order_id"):
        return set()
    ours = set() if message.client_order_id is None else {("client", message.client_order_id)}
    return ours | names_of_message(message)


def _kind(message: Message) -> Kind:
    if isinstance(message, Funding):
        return Kind.MISSING_FUNDING
    return Kind.EXCESS_FILL if isinstance(message, FillBusted) else Kind.MISSING_FILL


def _subject(message: Any) -> str:
    if isinstance(message, (Fill, FillCorrected, FillBusted)):
        return f"{message.instrument}:{message.venue_order_id}:{message.fill_id}"
    return f"{message.instrument}:{message.at.isoformat()}"


def _said(message: Any) -> str:
    if isinstance(message, FillBusted):
        return f"fill {message.fill_id} counts here, and not at the venue"
    if isinstance(message, (Fill, FillCorrected)):
        return f"{message.side} {message.quantity:f} {message.instrument} at {message.price:f}"
    return f"{message.amount:f} {message.currency} on {message.instrument}"
