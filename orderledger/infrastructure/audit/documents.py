"""Messages from the events that they became, so that a log can be recorded anew."""

from typing import Any

import msgspec

from orderledger.domain.accounts import SenderChanged, TradingHalted, TradingResumed
from orderledger.domain.orders.events import OrderJudgement
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import account_of
from orderledger.infrastructure.messages.base import Message
from orderledger.infrastructure.messages.registry import MESSAGES

Document = dict[str, Any]

TYPES: dict[type, tuple[str, type[Message]]] = {model.fact: (name, model) for name, model in MESSAGES.items()}
NOT_RECORDED_ANEW = OrderJudgement | TradingHalted | TradingResumed | SenderChanged
"""Judgements follow from the facts. Halts and senders change no order and no P&L."""


def document_of(recorded: Recorded) -> Document | None:
    """The message that becomes this event: without evidence, text and tags, and with its time. None for an event that no message
    becomes, or that changes neither orders nor P&L."""
    if recorded.attributed_from is not None or isinstance(recorded.event, NOT_RECORDED_ANEW):
        return None
    name, model = TYPES[type(recorded.event)]
    stored = dict(zip(recorded.event.__struct_encode_fields__, recorded.event.__struct_fields__, strict=True))
    given = {stored[key]: value for key, value in msgspec.to_builtins(recorded.event).items()}
    given |= {"at": recorded.at.isoformat(), "source": recorded.source}
    fields = {_given_as(model, key): value for key, value in given.items() if key != "tags" and value is not None}
    return {"type": name, "account": account_of(recorded.stream), **fields}


def _given_as(model: type[Message], name: str) -> str:
    return model.model_fields[name].serialization_alias or name
