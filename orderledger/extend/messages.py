"""Messages as leaves make and read them: base classes, types of fields, parsing, evidence."""

from orderledger.infrastructure.engine.entries import to_entry
from orderledger.infrastructure.messages import registry
from orderledger.infrastructure.messages.document import document, message_line
from orderledger.infrastructure.messages.facts import NESTING_LIMIT, Evidence, evidence_of, to_fact
from orderledger.infrastructure.messages.fields import Identifier, Number, Quantity, Text
from orderledger.infrastructure.messages.parsing import read_document, read_line, said_of
from orderledger.infrastructure.messages.registry import BY_WORD, MESSAGES, AnyMessage, Report
from orderledger.infrastructure.numbers_and_times import (
    DIGITS,
    PLAIN_NUMBER,
    parse_number,
    parse_time,
)

__all__ = [
    "BY_WORD",
    "DIGITS",
    "MESSAGES",
    "NESTING_LIMIT",
    "PLAIN_NUMBER",
    "AnyMessage",
    "Evidence",
    "Identifier",
    "Number",
    "Quantity",
    "Report",
    "Text",
    "document",
    "evidence_of",
    "message_line",
    "parse_number",
    "parse_time",
    "read_document",
    "read_line",
    "registry",
    "said_of",
    "to_entry",
    "to_fact",
]
