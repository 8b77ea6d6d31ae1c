"""`Request`: what ccxt is about to send, as flat fields that can be compared with an order.
Needs no ccxt.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from orderledger.venues.ccxt.sending.tables import Language

NOT_AS_MEANT = "term_not_sent"
PATH = "@path"
"""The field that holds the path of the address."""
SHORTEST_ENCODED = 40
ACTS = re.compile(r"(?i)^(buy|sell|edit|amend|cancel|create|place|submit|trade$)")
"""The end of a path that changes something, whatever the method."""
TOKEN = re.compile(r"[a-z0-9.]+")
Fields = Mapping[str, str]
"""The texts of a request, by their places: `a.0.b` is `b` in the first one of the list `a`."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request before it is sent."""

    method: str
    address: str
    headers: Mapping[str, str]
    body: Any

    @property
    def path(self) -> str:
        return urlsplit(self.address).path

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"

    def document(self) -> Any:
        """The parameters of the address and those of the body. A body that is a list is the
        document itself."""
        query = _form(urlsplit(self.address).query)
        body = self._body()
        return (
            {**query, **body}
            if isinstance(body, dict)
            else body
            if isinstance(body, list)
            else query
        )

    def _body(self) -> Any:
        if not isinstance(self.body, (str, bytes)) or not self.body:
            return _encoded(self.headers)
        text = self.body.decode("utf-8", "replace") if isinstance(self.body, bytes) else self.body
        return _json(text) if text.lstrip()[:1] in ("{", "[") else _form(text)


def flat(document: Any, path: str = "") -> dict[str, str]:
    """The fields of a document. Null counts as absent."""
    return dict(_walked(document, path))


def is_query(request: Request, language: Language | None) -> bool:
    """Whether a request changes nothing. Some exchanges, such as Deribit, take orders by GET."""
    if request.method == "GET":
        return ACTS.search(request.path.rsplit("/", 1)[-1]) is None
    return language is not None and any(
        pattern.search(request.line) for pattern in language.queries
    )


def texts_of(request: Request, fields: Fields) -> tuple[set[str], set[str]]:
    """The texts of a request, and the words in them, in lower case."""
    texts = {value.lower() for value in fields.values()} | set(request.path.lower().split("/"))
    return texts, {word for text in texts for word in words_of(text)}


def words_of(text: str) -> set[str]:
    """The words in a text, in lower case."""
    return set(TOKEN.findall(text.lower().replace("_", " ")))


def holds(fields: Fields, number: Decimal | None) -> bool:
    """Whether a field has this number, with either sign."""
    return number is not None and any(
        number_in(value) in (number, -number) for value in fields.values()
    )


def number_in(text: str) -> Decimal | None:
    """The text as a number, if it is one."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _walked(document: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(document, (dict, list)):
        named = document.items() if isinstance(document, dict) else enumerate(document)
        for name, value in named:
            yield from _walked(value, f"{path}.{name}" if path else str(name))
    elif document is not None:
        yield path, str(document).lower() if isinstance(document, bool) else str(document)


def _form(text: str) -> dict[str, Any]:
    return {
        name: _json(value) if value[:1] in ("{", "[") else value
        for name, value in parse_qsl(text, keep_blank_values=True)
    }


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=str)
    except ValueError:
        return text


def _encoded(headers: Mapping[str, str]) -> Any:
    """The parameters of exchanges that take them in a header, as base64 of JSON."""
    for value in map(str, headers.values()):
        if len(value) >= SHORTEST_ENCODED:
            try:
                found = json.loads(base64.b64decode(value, validate=True), parse_float=str)
            except (binascii.Error, ValueError):
                continue
            if isinstance(found, dict):
                return found
    return {}
