"""`Request`: what ccxt is about to send, as flat fields that can be compared with an order. Needs no ccxt."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

PATH = "@path"
"""The field that holds the path of the address."""
SHORTEST_ENCODED = 40
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
        """The parameters of the address and those of the body. A body that is a list is the document itself."""
        query = _form(urlsplit(self.address).query)
        body = self._body()
        return {**query, **body} if isinstance(body, dict) else body if isinstance(body, list) else query

    def _body(self) -> Any:
        if not isinstance(self.body, (str, bytes)) or not self.body:
            return _encoded(self.headers)
        text = self.body.decode("utf-8", "replace") if isinstance(self.body, bytes) else self.body
        return _json(text) if text.lstrip()[:1] in ("{", "[") else _form(text)


def flat(document: Any, path: str = "") -> dict[str, str]:
    """The fields of a document. Null is no field."""
    return dict(_walked(document, path))


def _walked(document: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(document, (dict, list)):
        named = document.items() if isinstance(document, dict) else enumerate(document)
        for name, value in named:
            yield from _walked(value, f"{path}.{name}" if path else str(name))
    elif document is not None:
        yield path, str(document).lower() if isinstance(document, bool) else str(document)


def _form(text: str) -> dict[str, Any]:
    return {name: _json(value) if value[:1] in ("{", "[") else value for name, value in parse_qsl(text, keep_blank_values=True)}


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
