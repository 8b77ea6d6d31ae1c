"""From text to messages, and the reasons why not."""

import json
from decimal import Decimal
from typing import Any, NoReturn

from pydantic import ValidationError

from orderledger.domain.exact import integer
from orderledger.infrastructure.errors import InvalidMessage
from orderledger.infrastructure.messages.registry import MESSAGES, Message

__all__ = ["parse_document", "parse_line"]

LINE_LIMIT = 1 << 20
"""Bytes. A longer line is not a message."""

FIELD_SHOWN = 200


def parse_line(line: str | bytes) -> Message:
    """One NDJSON line. Raises InvalidMessage naming the field and the fault."""
    if not isinstance(line, (str, bytes)):
        raise TypeError(f"a line is text or bytes, not a {type(line).__name__}")
    if len(line) > LINE_LIMIT:
        raise InvalidMessage("", f"is longer than {LINE_LIMIT} bytes")
    try:
        text = line.decode() if isinstance(line, bytes) else line
        document = _decoder.decode(text)
    except UnicodeDecodeError:
        raise InvalidMessage("", "is not UTF-8") from None
    except json.JSONDecodeError as fault:
        raise InvalidMessage("", f"is not JSON: {fault.msg.lower()} at column {fault.colno}") from None
    except RecursionError:
        raise InvalidMessage("", "is nested too deeply") from None
    except InvalidMessage:
        raise
    except (ValueError, ArithmeticError):
        raise InvalidMessage("", "holds a number with too many digits") from None
    return parse_document(document)


def parse_document(document: Any) -> Message:
    """One message as a dictionary, e.g. from JSON. Raises InvalidMessage naming the field and the fault."""
    if not isinstance(document, dict):
        raise InvalidMessage("", "is not a JSON object")
    kind = document.get("type")
    model = MESSAGES.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise InvalidMessage("type", "is missing" if "type" not in document else f"{str(kind)[:50]!r} is no message type")
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise _first_fault(error) from None
    except RecursionError:
        raise InvalidMessage("", "is nested too deeply") from None


def uncapitalized(sentence: str) -> str:
    """To go on with after a name. What it quotes stays as it is."""
    return sentence[:1].lower() + sentence[1:]


def _first_fault(error: ValidationError) -> InvalidMessage:
    fault = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in fault["loc"])
    words = {"missing": "is missing", "extra_forbidden": "is no field of this message"}.get(fault["type"])
    return InvalidMessage(_readable(field), words or uncapitalized(fault["msg"].removeprefix("Value error, ")))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise InvalidMessage(_readable(name), "is given twice")
            seen.add(name)
    return document


def _readable(field: str) -> str:
    """The name of a field as it can be printed: no half of a surrogate pair, and no end of it."""
    return field[:FIELD_SHOWN].encode(errors="backslashreplace").decode()


def _refuse_constant(word: str) -> NoReturn:
    raise InvalidMessage("", f"holds {word}, which is no JSON number")


_decoder = json.JSONDecoder(parse_float=Decimal, parse_int=integer, parse_constant=_refuse_constant, object_pairs_hook=_unique)
