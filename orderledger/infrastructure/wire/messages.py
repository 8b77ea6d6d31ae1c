"""One model per message type. The contract of the Python API, the command line and every importer.

Unknown fields are errors. Commands may be refused; reports are the venue's and are always recorded.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from orderledger.domain.values import Liquidity, OrderType, Pending, Role, Side, Source, TimeInForce
from orderledger.infrastructure.wire.fields import Count, Flag, Identifier, Names, NotNegative, Number, Quantity, Tags, Text, Time

__all__ = [
    "Absent",
    "Acknowledge",
    "Adjust",
    "Approve",
    "Balance",
    "BustFill",
    "Cancel",
    "Certify",
    "CorrectFill",
    "Decline",
    "Deny",
    "DoneForDay",
    "Expire",
    "Fill",
    "Funding",
    "Gap",
    "Instrument",
    "LinksTo",
    "Mark",
    "Message",
    "OpenBreak",
    "Propose",
    "Reinstate",
    "Reject",
    "RejectCancel",
    "RejectReplace",
    "Replace",
    "ReportedClaims",
    "Request",
    "RequestCancel",
    "RequestReplace",
    "Restate",
    "Resume",
    "Status",
    "Stop",
    "Submit",
    "Suspend",
    "Trigger",
    "Unresolved",
]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ReportedClaims(Model):
    """What the venue claims besides the fact itself. Used to cross-check, never to invent a fill."""

    status: Identifier | None = None
    quantity: NotNegative | None = None
    cum_quantity: NotNegative | None = None
    leaves_quantity: NotNegative | None = None
    average_price: Number | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    order_type: OrderType | None = None
    time_in_force: TimeInForce | None = None
    post_only: Flag | None = None
    reduce_only: Flag | None = None


class LinksTo(Model):
    """What an order belongs to."""

    proposal_id: Identifier | None = None
    trade_id: Identifier | None = None
    role: Role | None = None
    parent: Identifier | None = None
    group: Identifier | None = None


class Message(Model):
    """What every message may carry."""

    account: Identifier = Field(description="The trading account, one at one venue, e.g. hyperliquid:main.")
    at: Time | None = Field(
        default=None, description="When it happened, by the sender's clock. Defaults to the time of recording."
    )
    source: Source | None = Field(
        default=None, description="Where it comes from. Default: strategy for commands, venue_push for reports."
    )
    message_id: Identifier | None = Field(default=None, description="Idempotency key of the sender.")
    evidence: Any = Field(default=None, description="The raw venue payload, any JSON, kept as it came.")
    reason: Identifier | None = Field(default=None, description="A code.")
    text: Text | None = Field(default=None, description="A sentence.")
    actor: Identifier | None = Field(default=None, description="Who.")
    correlation_id: Identifier | None = Field(default=None, description="What belongs together.")
    causation_id: Identifier | None = Field(default=None, description="Because of what.")


class OrderMessage(Message):
    """What every message about an order may carry. It needs one of client_order_id, venue_order_id and aliases."""

    client_order_id: Identifier | None = Field(default=None, description="Our id, or any id the order has borne.")
    venue_order_id: Identifier | None = Field(
        default=None, description="The venue's id. An order can have several over its life."
    )
    aliases: Names = Field(default_factory=dict, description="Other names under which the venue speaks of this order.")
    reported: ReportedClaims | None = Field(default=None, description="What the venue claims besides.")


class OrderTerms(Model):
    """What is to be traded, and how."""

    instrument: Identifier
    side: Side
    quantity: Quantity
    order_type: OrderType
    limit_price: Number | None = None
    stop_price: Number | None = None
    time_in_force: TimeInForce | None = None
    expire_at: Time | None = None
    post_only: Flag = False
    reduce_only: Flag = False


class Request(OrderMessage, OrderTerms):
    """We want this order. Recorded before it is sent."""

    type: Literal["request"] = "request"
    client_order_id: Identifier = Field(description="Our id, the key of the order inside the account, never changed.")
    strategy: Identifier | None = None
    links: LinksTo | None = None
    tags: Tags = Field(default_factory=dict)


class Deny(OrderMessage):
    """Refused by our own checks, never sent."""

    type: Literal["deny"] = "deny"
    reason: Identifier


class Submit(OrderMessage):
    """Handed to the venue."""

    type: Literal["submit"] = "submit"


class Unresolved(OrderMessage):
    """Sending ended without an answer (timeout, 5xx, dropped connection): the outcome is unknown."""

    type: Literal["unresolved"] = "unresolved"
    reason: Identifier


class RequestCancel(OrderMessage):
    """We want the order to end."""

    type: Literal["request_cancel"] = "request_cancel"
    request_id: Identifier | None = None


class RequestReplace(OrderMessage):
    """We want other terms. At least one of quantity (the new total, FIX OrderQty), limit_price and stop_price."""

    type: Literal["request_replace"] = "request_replace"
    quantity: Quantity | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    replacement_client_order_id: Identifier | None = None
    request_id: Identifier | None = None


class Propose(Message, OrderTerms):
    """A strategy would like to do this."""

    type: Literal["propose"] = "propose"
    proposal_id: Identifier
    kind: Role
    strategy: Identifier
    links: LinksTo | None = None
    tags: Tags = Field(default_factory=dict)


class Approve(Message):
    """The proposal may be carried out."""

    type: Literal["approve"] = "approve"
    proposal_id: Identifier


class Decline(Message):
    """The proposal will not be carried out."""

    type: Literal["decline"] = "decline"
    proposal_id: Identifier


class Report(OrderMessage):
    """The venue's word. `instrument` and `side` help when the order may be unknown to us; an empty side is one not told."""

    instrument: Identifier | None = None
    side: Annotated[Side | None, BeforeValidator(lambda side: None if side == "" else side)] = None


class Acknowledge(Report):
    """Accepted and working."""

    type: Literal["acknowledge"] = "acknowledge"


class Reject(Report):
    """Refused by the venue. With the reason duplicate_order it leaves a working order working."""

    type: Literal["reject"] = "reject"


class Fill(Report):
    """An execution. The same fill_id with the same numbers counts once."""

    type: Literal["fill"] = "fill"
    fill_id: Identifier
    quantity: Quantity
    price: Number
    fee: Number | None = Field(default=None, description="Positive when paid, negative when received.")
    fee_currency: Identifier | None = Field(default=None, description="Default: what the instrument is settled in.")
    liquidity: Liquidity | None = None


class CorrectFill(Report):
    """Replaces an earlier fill. Corrections chain."""

    type: Literal["correct_fill"] = "correct_fill"
    fill_id: Identifier
    corrects: Identifier
    quantity: Quantity
    price: Number
    fee: Number | None = None
    fee_currency: Identifier | None = None
    liquidity: Liquidity | None = None


class BustFill(Report):
    """That fill never happened."""

    type: Literal["bust_fill"] = "bust_fill"
    fill_id: Identifier


class Cancel(Report):
    """Ended by a cancel, ours or the venue's (`reason`: e.g. liquidation, self_trade)."""

    type: Literal["cancel"] = "cancel"


class RejectCancel(Report):
    """The order goes on as it was."""

    type: Literal["reject_cancel"] = "reject_cancel"
    request_id: Identifier | None = None


class RejectReplace(Report):
    """The order goes on as it was."""

    type: Literal["reject_replace"] = "reject_replace"
    request_id: Identifier | None = None


class Replace(Report):
    """New terms are in force, as the venue states them. At least one of quantity, limit_price and stop_price."""

    type: Literal["replace"] = "replace"
    quantity: Quantity | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    replacement_client_order_id: Identifier | None = None


class Expire(Report):
    """Ended by its time in force."""

    type: Literal["expire"] = "expire"


class Trigger(Report):
    """A stop order has become live."""

    type: Literal["trigger"] = "trigger"


class Suspend(Report):
    """Not eligible for trading for now."""

    type: Literal["suspend"] = "suspend"


class Resume(Report):
    """Eligible again."""

    type: Literal["resume"] = "resume"


class Reinstate(Report):
    """Working after all: what was said up to `at` to have ended it was a mistake, and does not stand."""

    type: Literal["reinstate"] = "reinstate"


class Stop(Report):
    """The venue guarantees an execution (FIX Stopped)."""

    type: Literal["stop"] = "stop"


class DoneForDay(Report):
    """No more fills today."""

    type: Literal["done_for_day"] = "done_for_day"


class Restate(Report):
    """Changed by the venue unasked."""

    type: Literal["restate"] = "restate"
    quantity: Quantity | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None


class Status(Report):
    """Observed by asking; never moves an order backwards. At least one of status and pending."""

    type: Literal["status"] = "status"
    status: Identifier | None = None
    pending: Pending | None = None


class Absent(Report):
    """Asked, and the venue did not know it; or missing from a full list. Evidence, never an end."""

    type: Literal["absent"] = "absent"


class Instrument(Message):
    """The definition of an instrument."""

    type: Literal["instrument"] = "instrument"
    instrument: Identifier
    multiplier: Quantity | None = None
    inverse: Flag = False
    currency: Identifier | None = None
    tick: Quantity | None = None
    lot: Quantity | None = None


class Mark(Message):
    """The price at which open positions are valued."""

    type: Literal["mark"] = "mark"
    instrument: Identifier
    price: Number


class Funding(Message):
    """Positive when received, negative when paid."""

    type: Literal["funding"] = "funding"
    instrument: Identifier
    amount: Number
    currency: Identifier


class Adjust(Message):
    """An opening or corrected position: from `at` on it is `quantity` (signed) at an average of `price`."""

    type: Literal["adjust"] = "adjust"
    instrument: Identifier
    quantity: Number
    price: Number


class Gap(Message):
    """A stream of the venue was down."""

    type: Literal["gap"] = "gap"
    from_at: Time = Field(validation_alias="from", serialization_alias="from")
    to_at: Time | None = Field(default=None, validation_alias="to", serialization_alias="to")


class Balance(Message):
    """What the venue says the position is."""

    type: Literal["balance"] = "balance"
    instrument: Identifier
    quantity: Number
    average_price: Number | None = None


class OpenBreak(Model):
    """A difference from the venue that is not settled."""

    id: Identifier
    since: Time


class Certify(Message):
    """The account was compared with its venue, and this is what came of it. Made by `orderledger reconcile` and `collect`."""

    type: Literal["certify"] = "certify"
    covered_from: Time
    covered_to: Time
    orders: Count
    fills: Count
    positions: Count
    breaks_open: Annotated[tuple[OpenBreak, ...], Field(max_length=10_000)] = ()


COMMANDS: tuple[type[Message], ...] = (
    Request,
    Deny,
    Submit,
    Unresolved,
    RequestCancel,
    RequestReplace,
    Propose,
    Approve,
    Decline,
)
REPORTS: tuple[type[Message], ...] = (
    Acknowledge,
    Reject,
    Fill,
    CorrectFill,
    BustFill,
    Cancel,
    RejectCancel,
    RejectReplace,
    Replace,
    Expire,
    Trigger,
    Suspend,
    Resume,
    Reinstate,
    Stop,
    DoneForDay,
    Restate,
    Status,
    Absent,
)
ACCOUNT_MESSAGES: tuple[type[Message], ...] = (Instrument, Mark, Funding, Adjust, Gap, Balance, Certify)
MESSAGES: dict[str, type[Message]] = {
    model.model_fields["type"].default: model for model in (*COMMANDS, *REPORTS, *ACCOUNT_MESSAGES)
}
AnyMessage = Annotated[
    Request | Deny | Submit | Unresolved | RequestCancel | RequestReplace | Propose | Approve | Decline
    | Acknowledge | Reject | Fill | CorrectFill | BustFill | Cancel | RejectCancel | RejectReplace | Replace | Expire | Trigger
    | Suspend | Resume | Reinstate | Stop | DoneForDay | Restate | Status | Absent
    | Instrument | Mark | Funding | Adjust | Gap | Balance | Certify,
    Field(discriminator="type"),
]  # fmt: skip
"""The union whose JSON Schema the docs publish."""
