"""What every test of a listening ledger does: record messages, and look at them without what all of
them share."""

from collections.abc import Iterable
from typing import Any

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Message

ACCOUNT = "bot:main"


def plain(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """The messages as JSON, without account, evidence and what is not set."""
    return [
        message.model_dump(
            mode="json", exclude_none=True, exclude_defaults=True, exclude={"account", "evidence"}
        )
        | {"type": message.model_fields_set and message.__dict__["type"]}
        for message in messages
    ]


def outcomes(ledger: Ledger, messages: Iterable[Message]) -> list[str]:
    """What becomes of each message."""
    return [ledger.record(message).outcome for message in messages]
