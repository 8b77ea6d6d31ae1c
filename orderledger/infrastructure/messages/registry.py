"""One model per message type. The contract of the Python API, the command line and every importer.

Unknown fields are errors. Commands may be refused; reports are the venue's and are always recorded.
"""

from typing import Annotated

from pydantic import Field

from orderledger.infrastructure.messages.accounts import (
    ACCOUNT_MESSAGES,
    Adjust,
    Balance,
    Certify,
    Funding,
    Gap,
    Instrument,
    Mark,
    OpenBreak,
)
from orderledger.infrastructure.messages.base import (
    LinksTo,
    Message,
    ReportedClaims,
)
from orderledger.infrastructure.messages.commands import (
    COMMANDS,
    Approve,
    Decline,
    Deny,
    Propose,
    Request,
    RequestCancel,
    RequestReplace,
    Submit,
    Unresolved,
)
from orderledger.infrastructure.messages.reports import (
    REPORTS,
    Absent,
    Acknowledge,
    BustFill,
    Cancel,
    CorrectFill,
    DoneForDay,
    Expire,
    Fill,
    Reinstate,
    Reject,
    RejectCancel,
    RejectReplace,
    Replace,
    Restate,
    Resume,
    Status,
    Stop,
    Suspend,
    Trigger,
)

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
