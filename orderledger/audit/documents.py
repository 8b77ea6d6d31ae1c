"""Messages of a log, to be recorded again in other orders."""

from orderledger.audit.as_messages import Document
from orderledger.audit.as_messages import document_of as whole_document_of
from orderledger.extend.events import Recorded, accounts

NOT_RECORDED_ANEW = accounts.TradingHalted | accounts.TradingResumed | accounts.SenderChanged
"""Halts and senders change no order and no P&L."""


def document_of(recorded: Recorded) -> Document | None:
    """The message that becomes this event, without evidence, text and tags. None for an event that
    no message becomes, or that changes neither orders nor P&L."""
    document = (
        None if isinstance(recorded.event, NOT_RECORDED_ANEW) else whole_document_of(recorded)
    )
    return (
        None
        if document is None
        else {name: value for name, value in document.items() if name != "tags"}
    )
