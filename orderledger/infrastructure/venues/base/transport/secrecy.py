"""What must not be read in errors and logs: keys, tokens, the values of headers."""

import logging
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

HIDDEN = "***"
SHORTEST_HIDDEN = 6
"""A header's value that is shorter is no key, and hiding it would hide half of every text."""
PUBLIC_HEADERS = frozenset({"accept", "accept-encoding", "accept-language", "connection", "content-type", "host", "user-agent"})
SECRET_PARAMETERS = ("auth", "token")
_IN_QUERY = re.compile(rf"(?i)\b({'|'.join(SECRET_PARAMETERS)})=[^&\s\"'<>]+")


class Secrecy:
    """Takes secrets out of texts: those it was told, the values of `headers`, and values of `auth=` and `token=` anywhere."""

    def __init__(self, secrets: Iterable[str] = (), headers: Mapping[str, str] | None = None) -> None:
        told = {secret for secret in secrets if secret} | set(_values(headers or {}))
        known = told | {quote(secret, safe="") for secret in told}  # as it stands in an address
        self._known = sorted(known, key=lambda secret: (-len(secret), secret))  # a whole header before its last word

    def hide(self, text: str) -> str:
        """The text without what is secret."""
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        return _IN_QUERY.sub(rf"\1={HIDDEN}", text)

    def and_of(self, headers: Mapping[str, str] | None, parameters: Mapping[str, object] | None) -> "Secrecy":
        """The same, and what one request adds."""
        told = [str(value) for name, value in (parameters or {}).items() if name.lower() in SECRET_PARAMETERS]
        return Secrecy([*self._known, *told], headers)


def _values(headers: Mapping[str, str]) -> Iterable[str]:
    for name, value in headers.items():
        if name.lower() not in PUBLIC_HEADERS:
            # "Bearer KEY" may be echoed as a whole or as the key alone.
            yield from (part for part in (value, value.rpartition(" ")[2]) if len(part) >= SHORTEST_HIDDEN)


class Censor(logging.Filter):
    """Takes secrets out of what a library logs: those of every Secrecy it was told of, and has not forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self._told: list[Secrecy] = [Secrecy()]

    def learn(self, secrecy: Secrecy) -> None:
        """Hide these secrets too."""
        self._told.append(secrecy)

    def forget(self, secrecy: Secrecy) -> None:
        """They are in use no more."""
        if secrecy in self._told:
            self._told.remove(secrecy)

    def filter(self, record: logging.LogRecord) -> bool:
        text = before = record.getMessage()
        for secrecy in self._told:
            text = secrecy.hide(text)
        if text != before:
            record.msg, record.args = text, ()
        return True
