"""The explanation of one order: a fold of its events into sentences, each with what it changed and
what is odd about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, cast

from orderledger import Certainty, Pending, Side
from orderledger import OrderStatus as Status
from orderledger.audit.rows import Explanation, StepRow
from orderledger.audit.summary import summary_sentence
from orderledger.audit.unknowns import unknowns
from orderledger.audit.wording import span
from orderledger.extend.events import (
    Order,
    Recorded,
    commands,
    evolve,
    listed,
    moment,
    order_events,
    order_name,
    reports,
    word,
)
from orderledger.extend.values import short
from orderledger.rows import OrderRow

LATE = timedelta(minutes=1)
"""A report that is recorded this long after it happened is called late."""

AHEAD = timedelta(seconds=1)
"""A sender's clock that is this far ahead of ours is reported as ahead."""


class Standpoint(NamedTuple):
    """State of an order that an event may change."""

    status: Status
    certainty: Certainty
    pending: Pending | None
    cum_quantity: Decimal
    average_price: Decimal | None
    quantity: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    side: Side | None
    is_ended: bool
    ended_at: datetime | None

    @classmethod
    def of(cls, order: Order) -> "Standpoint":
        standing = order.standing()
        prices = (order.quantity, order.limit_price, order.stop_price, order.terms.side)
        return cls(
            standing.status, standing.certainty, standing.pending, order.cum_quantity,
            order.average_price, *prices,
            standing.is_ended, standing.ended_at,
        )  # fmt: skip


@dataclass
class Story:
    """The fold: the order so far, and what later sentences refer to."""

    order: Order
    first_recorded: Mapping[tuple[str, int], Recorded]
    steps: list[StepRow] = field(default_factory=list)
    reported_fills: list[tuple[StepRow, reports.FillRecorded]] = field(default_factory=list)
    newest: Recorded | None = None
    doubted: int | None = None
    cancels_asked: list[int] = field(default_factory=list)
    replaces_asked: list[tuple[int, commands.ReplaceRequested]] = field(default_factory=list)

    def take(self, recorded: Recorded) -> None:
        """Tell one event of the order."""
        event = cast(order_events.Event, recorded.event)
        before = Standpoint.of(self.order)
        sentence = event.sentence(self.order)
        notes = [*self._of_arrival(recorded), *self._of_repetition(recorded, event)]
        evolve(self.order, event, recorded.when)
        after = Standpoint.of(self.order)
        notes += [
            *self._of_request(event),
            *self._of_change(event, before, after),
            *self._of_doubt(recorded, before, after),
        ]
        self.steps.append(step_row(recorded, sentence, notes, str(after.status)))
        if isinstance(event, reports.FillRecorded):
            self.reported_fills.append((self.steps[-1], event))
        self._remember(recorded, event)

    def judge_fills(self) -> None:
        """Say of each reported fill what has become of it."""
        fills = self.order.fills
        for step, event in self.reported_fills:
            counted = fills.by_id[event.fill_id]
            step["is_contested"] = fills.is_contested(event.fill_id)
            step["fill_state"] = (
                fills.state_of(counted) if _numbers(event) == counted.numbers else "contested"
            )

    def _remember(self, recorded: Recorded, event: order_events.Event) -> None:
        if isinstance(event, commands.CancelRequested):
            self.cancels_asked.append(recorded.position or 0)
        if isinstance(event, commands.ReplaceRequested):
            self.replaces_asked.append((recorded.position or 0, event))
        is_newest = self.newest is None or recorded.at > self.newest.at
        if is_newest and isinstance(event, order_events.OrderEvent):
            self.newest = recorded

    def _of_arrival(self, recorded: Recorded) -> list[str]:
        """When it came, beside when it happened."""
        if not isinstance(recorded.event, order_events.OrderEvent):
            return []
        notes = notes_of_clocks(recorded)
        if recorded.attributed_from is not None:
            notes.append(self._first_recorded(recorded.attributed_from))
        elif self.newest is not None and recorded.at < self.newest.at:
            notes.append(
                f"Out of order: it happened before {moment(self.newest.at)}, the time of log "
                f"position {self.newest.position}, which was recorded earlier."
            )
        return notes

    def _first_recorded(self, attributed_from: tuple[str, int]) -> str:
        first = self.first_recorded.get(attributed_from)
        where = (
            ""
            if first is None
            else f" at log position {first.position}, at {moment(first.recorded_at)},"
        )
        return (
            f"First recorded{where} when the ledger did not know that it is this order: as "
            f"{order_name(attributed_from[0])}."
        )

    def _of_repetition(self, recorded: Recorded, event: order_events.Event) -> list[str]:
        """A fill that was reported before."""
        if (
            not isinstance(event, reports.FillRecorded)
            or (known := self.order.fills.by_id.get(event.fill_id)) is None
        ):
            return []
        if known.numbers == _numbers(event):
            return [
                (
                    f"Fill {event.fill_id} was reported before with the same numbers. It counts "
                    "once; this report adds details."
                )
            ]
        counts = "This" if recorded.at < known.reported_at else "That"
        numbers = f"{short(known.quantity)} at {short(known.price)}"
        return [
            (
                f"Fill {event.fill_id} was reported before as {numbers}. {counts} one counts, the "
                "earlier."
            )
        ]

    def _of_request(self, event: order_events.Event) -> list[str]:
        """Whether we had asked for a cancel or a replace."""
        if isinstance(event, reports.OrderReplaced):
            return self._of_replace(event)
        if not isinstance(event, reports.OrderCanceled):
            return []
        if self.cancels_asked:
            return [f"We had asked for it at log position {self.cancels_asked[-1]}."]
        if event.reason is not None:
            return ["No cancel request of ours is recorded."]
        return ["No cancel request of ours is recorded, and the venue gave no reason."]

    def _of_replace(self, event: reports.OrderReplaced) -> list[str]:
        if not self.replaces_asked:
            return ["No request of ours to change the order is recorded."]
        new_id = event.replacement_client_order_id
        named = [
            asked
            for asked in self.replaces_asked
            if new_id and asked[1].replacement_client_order_id == new_id
        ]
        position, asked = (named or self.replaces_asked)[-1]
        names = ("quantity", "limit_price", "stop_price")
        pairs = [(name, getattr(asked, name), getattr(event, name)) for name in names]
        other = [
            f"{word(name)} {short(wanted)}"
            for name, wanted, given in pairs
            if None not in (wanted, given) and wanted != given
        ]
        if other:
            return [
                f"These are not the terms we asked for at log position {position}: {listed(other)}."
            ]
        return [f"We had asked for it at log position {position}."]

    def _of_change(
        self, event: order_events.Event, before: Standpoint, after: Standpoint
    ) -> list[str]:
        """Describe how the event changed the order."""
        notes = []
        if (after.cum_quantity, after.average_price) != (before.cum_quantity, before.average_price):
            of = "" if after.quantity is None else f" of {short(after.quantity)}"
            average = (
                ""
                if after.average_price is None
                else f", at an average of {short(after.average_price)}"
            )
            notes.append(f"Filled so far: {short(after.cum_quantity)}{of}{average}.")
        if after.status != before.status:
            notes.append(
                _of_status(before, after) if self.steps else f"Status: {word(after.status)}."
            )
        elif (
            isinstance(event, order_events.OrderReport)
            and self.steps
            and after == before
            and _is_without_trace(event)
        ):
            notes.append(f"It changes nothing: the order stays {word(after.status)}.")
        return notes

    def _of_doubt(self, recorded: Recorded, before: Standpoint, after: Standpoint) -> list[str]:
        """Whether the outcome of our messages is known."""
        if before.certainty == after.certainty:
            return []
        if after.certainty is Certainty.UNRESOLVED:
            self.doubted = recorded.position
            return [
                (
                    "From here on the outcome is unknown. The order counts as exposure until the "
                    "venue confirms its state."
                )
            ]
        since = "" if self.doubted is None else f" that began at log position {self.doubted}"
        return [f"This resolves the doubt{since}: the state of the order is known again."]


def explanation(
    row: OrderRow,
    events: Iterable[Recorded],
    origins: Iterable[Recorded] = (),
    decisions: Iterable[Recorded] = (),
) -> Explanation:
    """The explanation of the order in `row` from the events of its stream.

    `origins`: events of streams that were attributed to it. `decisions`: the events of its
    proposal.
    """
    first = {(one.stream, one.version): one for one in origins}
    story = Story(Order.of(row["stream"]), first)
    for recorded in events:
        story.take(recorded)
    story.judge_fills()
    decided = [step_of(recorded) for recorded in decisions]
    return {
        "account": row["account"],
        "client_order_id": row["client_order_id"],
        "stream": row["stream"],
        "steps": sorted([*decided, *story.steps], key=lambda step: step["position"]),
        "unknown": unknowns(row, story.order, is_cancel_asked=bool(story.cancels_asked)),
        "summary": f"{summary_sentence(row)}.",
    }


def step_of(recorded: Recorded) -> StepRow:
    """The step of an event, described without its history."""
    event = recorded.event
    sentence = (
        event.sentence(Order.of(recorded.stream))
        if isinstance(event, order_events.Event)
        else event.sentence()
    )
    return step_row(recorded, sentence, notes_of_clocks(recorded))


def step_row(
    recorded: Recorded, sentence: str, notes: list[str], status: str | None = None
) -> StepRow:
    return {
        "position": recorded.position or 0,
        "stream": recorded.stream,
        "version": recorded.version,
        "name": recorded.event.stored_name,
        "at": recorded.at,
        "recorded_at": recorded.recorded_at,
        "source": recorded.source,
        "actor": recorded.actor,
        "on_behalf_of": recorded.on_behalf_of,
        "reason": getattr(recorded.event, "reason", None),
        "text": recorded.text,
        "correlation_id": recorded.correlation_id,
        "causation_id": recorded.causation_id,
        "has_evidence": recorded.has_evidence,
        "sentence": sentence,
        "notes": notes,
        "status": status,
        "fill_state": None,
        "is_contested": None,
    }


def _numbers(event: reports.FillRecorded) -> tuple[Decimal, Decimal, str | None]:
    return (
        event.quantity,
        event.price,
        event.corrects if isinstance(event, reports.FillCorrected) else None,
    )


def notes_of_clocks(recorded: Recorded) -> list[str]:
    """A note on an event that was recorded late, or that claims to happen later than it was
    recorded."""
    delay = recorded.recorded_at - recorded.at
    if delay >= LATE:
        return [f"Late: recorded {span(delay)} after it happened."]
    if delay <= -AHEAD:
        return [
            (
                f"The sender's clock is ahead of ours: it dates this {span(delay)} after we "
                "recorded it."
            )
        ]
    return []


def _of_status(before: Standpoint, after: Standpoint) -> str:
    change = f"Status: {word(before.status)} becomes {word(after.status)}"
    if before.is_ended and not after.is_ended:
        return f"{change}. The order is open again."
    if after.is_ended and not before.is_ended:
        return f"{change}. The order has ended."
    return f"{change}."


def _is_without_trace(event: order_events.OrderReport) -> bool:
    """True for a report whose own sentence does not say what it did."""
    return not isinstance(
        event, reports.FillRecorded | reports.OrderAbsent | reports.OrderTriggered
    )
