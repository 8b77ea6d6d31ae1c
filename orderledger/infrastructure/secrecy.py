"""Masks secrets in errors, logs and evidence: passwords, keys, tokens, header values.

`learn` registers the secrets of this process. `masked` removes them from every error of this
package, every line of a collector's log, every status and all evidence that is recorded.
"""

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

HIDDEN = "***"
SHORTEST_HIDDEN = 6
"""Characters. A shorter header value is not a key, and masking it would hide half of every text."""
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


_learnt: dict[str, None] = {}
"""Each secret as it is, as it appears in a URL, and as it appears in JSON; the longest first."""


def learn(*secrets: str | None) -> None:
    """Register secrets for masking. A secret under six characters is skipped: masking it would hide
    half of every text."""
    known = {
        form
        for secret in secrets
        if secret and len(secret) >= SHORTEST_HIDDEN
        for form in _forms(secret)
    }
    if not known <= _learnt.keys():
        ordered = dict.fromkeys(
            sorted(known | _learnt.keys(), key=lambda secret: (-len(secret), secret))
        )
        _learnt.clear()
        _learnt.update(ordered)


def masked(text: str) -> str:
    """The text with all registered secrets masked."""
    for secret in tuple(_learnt):
        text = text.replace(secret, HIDDEN)
    return text


def masked_bytes(text: bytes) -> bytes:
    """`masked` for UTF-8 bytes."""
    for secret in tuple(_learnt):
        text = text.replace(secret.encode(), HIDDEN.encode())
    return text


def _forms(secret: str) -> set[str]:
    return {
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    }


class Secrecy:
    """Masks given secrets, the values of `headers`, and the values of `auth=` and `token=` anywhere
    in a text."""

    def __init__(
        self, secrets: Iterable[str] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        given = {secret for secret in secrets if secret} | set(_values(headers or {}))
        learn(*given)
        known = given | {quote(secret, safe="") for secret in given}  # as it appears in a URL
        self._known = sorted(
            known, key=lambda secret: (-len(secret), secret)
        )  # a whole header before its last word

    def hide(self, text: str) -> str:
        """The text with the secrets masked."""
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        return _IN_QUERY.sub(rf"\1={HIDDEN}", text)

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
                part for part in (value, value.rpartition(" ")[2]) if len(part) >= SHORTEST_HIDDEN
            )
