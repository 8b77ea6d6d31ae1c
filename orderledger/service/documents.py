"""JSON bodies as documents."""

from typing import Any

from orderledger.infrastructure.messages.parsing import read_document
from orderledger.service.problems import invalid


def document_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises InvalidMessage or Problem naming what is wrong."""
    document = read_document(body)
    if not isinstance(document, dict):
        raise invalid("", "the body is not a JSON object")
    return document
