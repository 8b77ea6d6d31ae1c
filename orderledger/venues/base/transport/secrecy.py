"""Masks the secrets of a connection in what it reports."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from orderledger.extend.runtime import secrecy

PUBLIC_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "connection",
        "content-type",
        "host",
        "user-agent",
    }
)
SECRET_PARAMETERS = ("auth", "token")
_IN_QUERY = re.compile(rf"(?i)\b({'|'.join(SECRET_PARAMETERS)})=[^&\s\"'<>]+")


class Secrecy:
    """Masks given secrets, the values of `headers`, and the values of `auth=` and `token=` anywhere
    in a text."""

    def __init__(
        self, secrets: Iterable[str] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        given = {secret for secret in secrets if secret} | set(_values(headers or {}))
        secrecy.learn(*given)
        known = given | {quote(secret, safe="") for secret in given}  # as it appears in a URL
        self._known = sorted(
            known, key=lambda secret: (-len(secret), secret)
        )  # a whole header before its last word

    def hide(self, text: str) -> str:
        """The text with the secrets masked."""
        for secret in self._known:
            text = text.replace(secret, secrecy.HIDDEN)
        return _IN_QUERY.sub(rf"\1={secrecy.HIDDEN}", text)

    def and_of(
        self, headers: Mapping[str, str] | None, parameters: Mapping[str, object] | None
    ) -> "Secrecy":
        """A copy that also masks the secrets of one request."""
        hidden = [
            str(value)
            for name, value in (parameters or {}).items()
            if name.lower() in SECRET_PARAMETERS
        ]
        return Secrecy([*self._known, *hidden], headers)


def _values(headers: Mapping[str, str]) -> Iterable[str]:
    for name, value in headers.items():
        if name.lower() not in PUBLIC_HEADERS:
            # A server may echo "Bearer KEY" as a whole, or the key alone.
            yield from (
                part
                for part in (value, value.rpartition(" ")[2])
                if len(part) >= secrecy.SHORTEST_HIDDEN
            )
