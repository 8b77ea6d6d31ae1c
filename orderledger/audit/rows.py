"""The classes of rows of the queries for auditors. See `rows`: at run time a row is a
dictionary."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypedDict

__all__ = [
    "AuditRow",
    "CauseRow",
    "Explanation",
    "Independence",
    "OrderRecord",
    "PartRow",
    "RestatedRow",
    "StepRow",
    "WhatIfRow",
    "Why",
]

FILL_STATES = ("active", "busted", "corrected", "contested")


class StepRow(TypedDict):
    """One event of an order, in sentences."""

    position: Annotated[int, "Log position."]
    stream: Annotated[str, "Stream of the event in the log."]
    version: Annotated[int, "Number of the event in its stream."]
    name: Annotated[str, "Stored name of the event."]
    at: Annotated[datetime, "When it happened, by the sender's clock."]
    recorded_at: Annotated[datetime, "When it was recorded, by ours."]
    source: Annotated[str, "Where the message came from; `ledger` for judgements of the ledger."]
    actor: Annotated[str | None, "Actor who caused it, if the message names one."]
    on_behalf_of: Annotated[str | None, "Party for whom the actor acted, if named."]
    reason: Annotated[str | None, "Reason code."]
    text: Annotated[str | None, "Sentence that came with the message."]
    correlation_id: Annotated[str | None, "Id shared by related messages."]
    causation_id: Annotated[str | None, "Id of the cause."]
    has_evidence: Annotated[bool, "Whether the payload of the venue is kept with the event."]
    sentence: Annotated[str, "What happened."]
    notes: Annotated[list[str], "The changes that it made, and its anomalies."]
    status: Annotated[str | None, "Status of the order after it. Null for events of proposals."]
    fill_state: Annotated[
        str | None,
        "Of a fill in an explanation, what has become of it: active, busted, corrected, or "
        "contested: another report of its id has other numbers, and counts instead.",
        FILL_STATES,
    ]
    is_contested: Annotated[
        bool | None,
        "Of a fill in an explanation, whether reports of its id differ. One of them counts.",
    ]


class Explanation(TypedDict):
    """The history of an order, the facts that are unknown, and its present state."""

    account: Annotated[str, "Trading account."]
    client_order_id: Annotated[str | None, "Our id."]
    stream: Annotated[str, "Stream of the order in the log."]
    steps: Annotated[list[StepRow], "The events, in the order of the log."]
    unknown: Annotated[list[str], "Facts that the log does not show."]
    summary: Annotated[str, "The present state of the order, in a sentence."]


class PartRow(TypedDict):
    """One part of a figure, with the event that it comes from. The parts of a figure add up to it
    exactly."""

    figure: Annotated[
        str,
        "Figure that the part counts in: realized_pnl, fees, funding, position_quantity, "
        "cum_quantity, ...",
    ]
    part: Annotated[
        str, "fill, fee, funding, adjustment, value at the mark, cost, rounding, or term."
    ]
    amount: Annotated[Decimal | None, "Amount that the part adds to the figure."]
    currency: Annotated[str | None, "Currency of the amount."]
    net_amount: Annotated[
        Decimal | None, "Amount that the part adds to `net_pnl`, in the settlement currency."
    ]
    value: Annotated[Any, "Value of a term, such as a status: a term is not a sum."]
    client_order_id: Annotated[str | None, "Our id of the order."]
    fill_id: Annotated[str | None, "The venue's id of the fill."]
    side: Annotated[str | None, "Side of the fill."]
    quantity: Annotated[
        Decimal | None, "Quantity of the fill or the adjustment, or of the position that is valued."
    ]
    price: Annotated[Decimal | None, "Price of the fill or the adjustment, or the mark."]
    at: Annotated[datetime | None, "When it happened."]
    position: Annotated[int | None, "Log position of the event."]
    name: Annotated[str | None, "Stored name of the event."]
    recorded_at: Annotated[datetime | None, "When the event was recorded."]
    source: Annotated[str | None, "Where the event came from."]
    actor: Annotated[str | None, "Who caused it."]
    evidence: Annotated[Any, "Payload of the venue, if it was asked for."]


class Why(TypedDict):
    """A figure and its parts."""

    subject: Annotated[str, "pnl, position or order."]
    account: Annotated[str, "Trading account."]
    instrument: Annotated[str | None, "Instrument."]
    client_order_id: Annotated[str | None, "Our id of the order, for an order."]
    method: Annotated[str | None, "Lots that a fill closes first, for P&L and positions."]
    figures: Annotated[dict[str, Any], "The figures, as their view shows them."]
    parts: Annotated[list[PartRow], "The parts, in the order in which they happened."]


class CauseRow(TypedDict):
    """An event that made a difference."""

    position: Annotated[int, "Log position."]
    name: Annotated[str, "Stored name of the event."]
    at: Annotated[datetime, "When it happened."]
    recorded_at: Annotated[datetime, "When it was recorded."]
    source: Annotated[str, "Where the message came from."]
    actor: Annotated[str | None, "Who caused it."]
    sentence: Annotated[str, "What happened."]


class RestatedRow(TypedDict):
    """A row of a view that was stated differently at two times."""

    view: Annotated[str, "View of the row."]
    key: Annotated[dict[str, Any], "The columns that identify the row in its view."]
    change: Annotated[str, "added, removed or changed."]
    account: Annotated[str, "Trading account."]
    client_order_id: Annotated[str | None, "Our id of the order."]
    fill_id: Annotated[str | None, "The venue's id of the fill."]
    instrument: Annotated[str | None, "Instrument."]
    stream: Annotated[str | None, "Stream of the order in the log."]
    before: Annotated[
        dict[str, Any], "First values: the columns that differ, or all of a removed row."
    ]
    after: Annotated[
        dict[str, Any], "Later values: the columns that differ, or all of an added row."
    ]
    events: Annotated[
        list[CauseRow], "The events recorded between the two times that touch the row."
    ]


class AuditRow(StepRow):
    """An event, with what an auditor would ask about it."""

    account: Annotated[str, "Trading account."]
    findings: Annotated[dict[str, str], "Findings, each with a sentence."]


class OrderRecord(TypedDict):
    """The record of one event by MiFID II RTS 24."""

    position: Annotated[int, "Log position."]
    account: Annotated[str, "Trading account."]
    client_order_id: Annotated[str | None, "Our id of the order."]
    name: Annotated[str, "Stored name of the event."]
    fields: Annotated[
        dict[str, Any], "The fields by their number. Null where the log does not know it."
    ]


class WhatIfRow(TypedDict):
    """A row of a view that would be different under other assumptions."""

    view: Annotated[str, "orders, positions or pnl."]
    change: Annotated[str, "added, removed or changed."]
    account: Annotated[str, "Trading account."]
    client_order_id: Annotated[str | None, "Our id of the order."]
    instrument: Annotated[str | None, "Instrument."]
    is_now: Annotated[dict[str, Any], "The columns that differ, as they are."]
    would_be: Annotated[dict[str, Any], "The same as they would be."]
    difference: Annotated[dict[str, Decimal], "By how much numbers would be greater."]


class Independence(TypedDict):
    """Whether the order of reports matters in a ledger's own log."""

    holds: Annotated[
        bool, "True if all orders that were tried end in the same orders, trades and P&L."
    ]
    rounds: Annotated[int, "Orders tried per account."]
    seed: Annotated[int, "Seed of the orders that were tried."]
    accounts: Annotated[int, "Accounts in the log."]
    messages: Annotated[int, "Messages that were recorded again in each round."]
    kept_in_order: Annotated[
        int, "Those that stay in log order, because their order may matter by the rules."
    ]
    differences: Annotated[list[str], "The differences, in sentences."]
    log_order: Annotated[list[dict[str, Any]], "The messages of the counterexample in log order."]
    counterexample: Annotated[
        list[dict[str, Any]], "The fewest messages found that end differently in this order."
    ]
