"""Parsing of messages, with the reason for each invalid one."""

import json
from collections.abc import Mapping
from decimal import Decimal
from math import nan
from typing import Any, NoReturn, cast

import msgspec
from pydantic import ValidationError

from orderledger.domain.exact import integer
from orderledger.infrastructure.errors import InvalidMessage
from orderledger.infrastructure.messages.registry import BY_WORD, MESSAGES, Message
from orderledger.infrastructure.similar import did_you_mean

__all__ = ["parse_document", "parse_line"]

LINE_LIMIT = 1 << 20
"""Bytes. A longer line is invalid."""

FIELD_SHOWN = 200

LONG = 1 << 63
"""Integers of at least this magnitude are read by `json` alone."""


def parse_line(line: str | bytes) -> Message:
    """Parse one NDJSON line. Raises InvalidMessage naming the field and the fault."""
    if not isinstance(line, (str, bytes)):
        raise TypeError(f"a line is text or bytes, not a {type(line).__name__}")
    return parse_document(read_line(line))


def read_line(line: str | bytes) -> Any:
    """Parse the JSON in one line. Raises InvalidMessage saying where it is wrong."""
    if len(line) > LINE_LIMIT:
        raise InvalidMessage("", f"is longer than {LINE_LIMIT} bytes")
    return read_document(line)


def read_document(text: str | bytes) -> Any:
    """Parse JSON with exact numbers and without repeated names. Raises InvalidMessage saying where
    it is wrong."""
    document = _plain_document(text)
    return _any_document(text) if document is None else document


def _plain_document(line: str | bytes) -> dict[str, Any] | None:
    """Parse a line that msgspec reads exactly as `json` does, in a quarter of the time. None for
    any other line.

    Such a line holds an object without escapes and without a repeated key.
    """
    try:
        document = _plain_decoder.decode(line)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        return None
    quotes, escapes = ('"', "\\") if isinstance(line, str) else (b'"', b"\\")
    is_whole = (
        type(document) is dict
        and escapes not in line  # type: ignore[operator]
        and line.count(quotes) == _quotes_in(document)  # type: ignore[arg-type]
    )
    return document if is_whole else None


def _quotes_in(value: Any) -> float:
    """Number of quotation marks in the JSON text of a value without escapes; a text with a repeated
    key has more. NaN, which equals no count, if the value holds an integer that `json` has to
    read."""
    if type(value) is str:
        return 2
    if type(value) is dict:
        return 2 * len(value) + sum(map(_quotes_in, value.values()))
    if type(value) is list:
        return sum(map(_quotes_in, value))
    return nan if type(value) is int and abs(value) >= LONG else 0


def _any_document(line: str | bytes) -> Any:
    try:
        text = line.decode() if isinstance(line, bytes) else line
        return _decoder.decode(text)
    except UnicodeDecodeError:
        raise InvalidMessage("", "is not UTF-8") from None
    except json.JSONDecodeError as fault:
        raise InvalidMessage(
            "", f"is not JSON: {fault.msg.lower()} at column {fault.colno}"
        ) from None
    except RecursionError:
        raise InvalidMessage("", "is nested too deeply") from None
    except InvalidMessage:
        raise
    except (ValueError, ArithmeticError):
        raise InvalidMessage("", "holds a number with too many digits") from None


def parse_document(document: Any) -> Message:
    """Parse one message given as a dictionary, e.g. from JSON. Raises InvalidMessage naming the
    field and the fault."""
    if not isinstance(document, dict):
        raise InvalidMessage("", "is not a JSON object")
    kind = document.get("type")
    model = MESSAGES.get(kind) if isinstance(kind, str) else None
    if model is None and isinstance(kind, str) and kind in BY_WORD:
        model = BY_WORD[kind]
        document = {**document, "type": model.fact.wire_name}
    if model is None:
        raise InvalidMessage(
            "type",
            "is missing" if "type" not in document else _not_a_type(str(kind)[:50]),
        )
    try:
        # `model_validate` does this after checks of its own arguments: bench_batches.py
        return cast(Message, model.__pydantic_validator__.validate_python(document))
    except ValidationError as error:
        raise _first_fault(error) from None
    except RecursionError:
        raise InvalidMessage("", "is nested too deeply") from None


def _not_a_type(word: str) -> str:
    hint = did_you_mean(word, MESSAGES)
    return f"{word!r} is not a message type{hint and '.'}{hint}"


def uncapitalized(sentence: str) -> str:
    """The sentence with a small first letter, to follow a name. A quotation at its start stays
    unchanged."""
    return sentence[:1].lower() + sentence[1:]


def said_of(fault: Mapping[str, Any]) -> str:
    """Describe a fault that pydantic found: in the words of our validator, else in pydantic's."""
    ours = fault.get("ctx", {}).get("error")
    return str(ours) if ours else uncapitalized(fault["msg"])


def _first_fault(error: ValidationError) -> InvalidMessage:
    fault = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in fault["loc"])
    words = {"missing": "is missing", "extra_forbidden": "is not a field of this message"}.get(
        fault["type"]
    )
    return InvalidMessage(
        _readable(field), words or uncapitalized(fault["msg"].removeprefix("Value error, "))
    )


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
    """A printable form of a field's name: without lone surrogates, and of limited length."""
    return field[:FIELD_SHOWN].encode(errors="backslashreplace").decode()


def _refuse_constant(word: str) -> NoReturn:
    raise InvalidMessage("", f"holds {word}, which is not a JSON number")


_decoder = json.JSONDecoder(
    parse_float=Decimal,
    parse_int=integer,
    parse_constant=_refuse_constant,
    object_pairs_hook=_unique,
)
_plain_decoder = msgspec.json.Decoder(float_hook=Decimal)
