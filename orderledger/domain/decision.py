"""Decisions of the ledger on a proposed fact. They are values, not exceptions."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Reason of a refusal."""

    UNKNOWN_ORDER = "unknown_order"
    ORDER_ENDED = "order_ended"
    DUPLICATE_CLIENT_ORDER_ID = "duplicate_client_order_id"
    ALREADY_SUBMITTED = "already_submitted"
    ALREADY_ACKNOWLEDGED = "already_acknowledged"
    REQUEST_ID_REUSED = "request_id_reused"
    MESSAGE_ID_REUSED = "message_id_reused"
    DUPLICATE_PROPOSAL_ID = "duplicate_proposal_id"
    UNKNOWN_PROPOSAL = "unknown_proposal"
    PROPOSAL_DECIDED = "proposal_decided"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The fact may be recorded."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The log has the same fact. `reason` is `no_time_given` if only a time or a message id could
    distinguish the two."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that is not allowed. `text` states the known and the unknown facts."""

    reason: Reason
    text: str


Decision = Accepted | Duplicate | Refused

ACCEPTED = Accepted()
DUPLICATE = Duplicate()
NO_TIME_GIVEN = Duplicate("no_time_given")
