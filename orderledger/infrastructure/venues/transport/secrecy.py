"""What must not be read in errors and logs: keys, tokens, the values of headers."""

import logging
import re
from collections.abc import Iterable, Mapping

HIDDEN = "***"
SHORTEST_HIDDEN = 6
"""A header's value that is shorter is no key, and hiding it would hide half of every text."""
PUBLIC_HEADERS = frozenset({"accept", "accept-encoding", "accept-language", "connection", "content-type", "host", "user-agent"})
SECRET_PARAMETERS = ("auth", "token")
_IN_QUERY = re.compile(rf"(?i)\b({'|'.join(SECRET_PARAMETERS)})=[^&\s\"'<>]+")


class Secrecy:
    """Takes secrets out of texts: those it was told, the values of `headers`, and values of `auth=` and `token=` anywhere."""

    def __init__(self, secrets: Iterable[str] = (), headers: Mapping[str, str] | None = None) -> None:
        known = {secret for secret in secrets if secret} | set(_values(headers or {}))
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


class HidesQueries(logging.Filter):
    """Takes the values of `auth` and `token` out of the addresses that an HTTP library logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _IN_QUERY.search(record.getMessage()):
            record.msg, record.args = _IN_QUERY.sub(rf"\1={HIDDEN}", record.getMessage()), ()
        return True
