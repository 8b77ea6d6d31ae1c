"""Messages as leaves make and read them: base classes, types of fields, parsing, evidence."""

from orderledger.infrastructure import numbers_and_times
from orderledger.infrastructure.engine.entries import to_entry
from orderledger.infrastructure.messages import facts, registry
from orderledger.infrastructure.messages.document import document, message_line
from orderledger.infrastructure.messages.fields import Identifier, Number, Quantity, Text
from orderledger.infrastructure.messages.parsing import read_document, read_line, said_of
from orderledger.infrastructure.messages.registry import Report

__all__ = [
    "Identifier",
    "Number",
    "Quantity",
    "Report",
    "Text",
    "document",
    "facts",
    "message_line",
    "numbers_and_times",
    "read_document",
    "read_line",
    "registry",
    "said_of",
    "to_entry",
]
