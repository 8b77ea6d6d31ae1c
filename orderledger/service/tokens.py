"""Tokens of the service: who may read, record, and operate.

The file is TOML, readable by its owner alone:

    [[tokens]]
    name = "page"
    token_sha256 = "hex digits"          # of the token, or: token = "the token itself"
    roles = ["read", "operate"]
"""

import hashlib
import hmac
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.secrecy import learn

READ, RECORD, OPERATE = "read", "record", "operate"
ROLES = (READ, RECORD, OPERATE)
SHORTEST = 20
FIELDS = {"name", "token", "token_sha256", "roles"}


@dataclass(frozen=True, slots=True)
class Token:
    """A known token: the name of its holder, the hash of its text, and what it may do."""

    name: str
    digest: bytes
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tokens:
    """All known tokens."""

    known: tuple[Token, ...]

    def find(self, text: bytes) -> Token | None:
        """The token with this text. Compares all hashes in constant time."""
        digest = hashlib.sha256(text).digest()
        found = None
        for token in self.known:
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found

    @classmethod
    def read(cls, path: Path) -> "Tokens":
        """Read a file of tokens. Raises InvalidSetting naming the file and the field."""
        try:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise InvalidSetting(str(path), "can be read by others: chmod 600 it")
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InvalidSetting(str(path), f"cannot be read: {error.strerror}") from None
        except ValueError as fault:
            raise InvalidSetting(str(path), f"is not TOML: {fault}") from None
        rows = document.get("tokens")
        if not isinstance(rows, list) or not rows or set(document) != {"tokens"}:
            raise InvalidSetting(str(path), "has no tables [[tokens]], or something beside them")
        tokens = tuple(_token(f"{path}: tokens.{index}", row) for index, row in enumerate(rows))
        for what, values in (("name", [token.name for token in tokens]), ("token", [token.digest for token in tokens])):
            if len(set(values)) != len(values):
                raise InvalidSetting(str(path), f"has a {what} twice")
        return cls(tokens)


def _token(where: str, row: Any) -> Token:
    if not isinstance(row, dict) or not set(row) <= FIELDS:
        raise InvalidSetting(where, f"has other fields than {', '.join(sorted(FIELDS))}")
    name, roles = row.get("name"), row.get("roles")
    if not isinstance(name, str) or not name or not name.isprintable():
        raise InvalidSetting(f"{where}.name", "is not a printable text")
    if not isinstance(roles, list) or not roles or not all(isinstance(role, str) and role in ROLES for role in roles):
        raise InvalidSetting(f"{where}.roles", f"is not a list of {', '.join(ROLES)}")
    return Token(name, _digest(where, row), frozenset(roles))


def _digest(where: str, row: dict[str, Any]) -> bytes:
    text, digest = row.get("token"), row.get("token_sha256")
    if (text is None) == (digest is None):
        raise InvalidSetting(where, "needs either token or token_sha256")
    if digest is not None:
        if not isinstance(digest, str) or len(digest) != 64 or not set(digest.lower()) <= set("0123456789abcdef"):
            raise InvalidSetting(f"{where}.token_sha256", "is not 64 hexadecimal digits")
        return bytes.fromhex(digest)
    if not isinstance(text, str) or len(text) < SHORTEST or not text.isascii() or not text.isprintable() or " " in text:
        raise InvalidSetting(f"{where}.token", f"is not a text of at least {SHORTEST} ASCII characters without spaces")
    learn(text)
    return hashlib.sha256(text.encode()).digest()
