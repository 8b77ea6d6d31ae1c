"""Masks secrets in errors, logs and evidence: passwords, keys, tokens, header values.

`learn` registers the secrets of this process. `masked` removes them from every error of this
package, every line of a collector's log, every status and all evidence that is recorded.
"""

import json
from urllib.parse import quote

HIDDEN = "***"
SHORTEST_HIDDEN = 6
"""Characters. A shorter header value is not a key, and masking it would hide half of every text."""

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
