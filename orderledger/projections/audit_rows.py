"""The classes of rows of the queries for auditors. See `rows`: at run time a row is a dictionary."""

from datetime import datetime
from typing import Annotated, TypedDict


class StepRow(TypedDict):
    """One event of an order, in sentences."""

    position: Annotated[int, "Log position."]
    stream: Annotated[str, "Stream of the event in the log."]
    version: Annotated[int, "Number of the event in its stream."]
    name: Annotated[str, "Stored name of the event."]
    at: Annotated[datetime, "When it happened, by the sender's clock."]
    recorded_at: Annotated[datetime, "When it was recorded, by ours."]
    source: Annotated[str, "Where the message came from; `ledger` for judgements of the ledger."]
    actor: Annotated[str | None, "Who caused it, if the message said so."]
    reason: Annotated[str | None, "Reason code."]
    text: Annotated[str | None, "Sentence that came with the message."]
    correlation_id: Annotated[str | None, "Id shared by related messages."]
    causation_id: Annotated[str | None, "Id of the cause."]
    has_evidence: Annotated[bool, "Whether the payload of the venue is kept with the event."]
    sentence: Annotated[str, "What happened."]
    notes: Annotated[list[str], "What it changed, and what is odd about it."]
    status: Annotated[str | None, "Status of the order after it. Null for events of proposals."]


class Explanation(TypedDict):
    """What happened to an order, what is not known, and what it is now."""

    account: Annotated[str, "Trading account."]
    client_order_id: Annotated[str | None, "Our id."]
    stream: Annotated[str, "Stream of the order in the log."]
    steps: Annotated[list[StepRow], "The events, in the order of the log."]
    unknown: Annotated[list[str], "What the log does not tell."]
    summary: Annotated[str, "What the order is now."]
