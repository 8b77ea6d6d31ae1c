"""Tokens of the service: permissions to read, record, collect, and operate.

The file is TOML, readable by its owner alone:

    [[tokens]]
    name = "page"
    token_sha256 = "hex digits"          # of the token, or: token = "the token itself"
    roles = ["read", "operate"]
"""

import hashlib
import hmac
import os
import stat
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from orderledger import InvalidSetting
from orderledger.extend.runtime import EventLogger, secrecy

READ, RECORD, COLLECT, OPERATE = "read", "record", "collect", "operate"
ROLES = (READ, RECORD, COLLECT, OPERATE)
SHORTEST = 20
LONGEST_NAME = 200
"""Characters: the name is the actor of messages, an identifier."""

FIELDS = {"name", "token", "token_sha256", "roles"}
SETTLING_NS = 100_000_000
"""A file changed less than this long ago is read again: two changes within one tick of the file
system's clock look alike.
"""


@dataclass(frozen=True, slots=True)
class Token:
    """A known token: the name of its holder, the hash of its text, and what it may do."""

    name: str
    digest: bytes
    roles: frozenset[str]


class TokenSource(Protocol):
    """A source of tokens."""

    def find(self, text: bytes) -> Token | None:
        """The token with this text."""

    def with_digest(self, digest: bytes) -> Token | None:
        """The token with this hash."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """All known tokens."""

    known: tuple[Token, ...]

    def find(self, text: bytes) -> Token | None:
        """The token with this text."""
        return self.with_digest(hashlib.sha256(text).digest())

    def with_digest(self, digest: bytes) -> Token | None:
        """The token with this hash. Compares all hashes in constant time."""
        found = None
        for token in self.known:
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found

    @classmethod
    def read(cls, path: Path) -> "Tokens":
        """Read a file of tokens. Raises InvalidSetting naming the file and the field."""
        try:
            with path.open("rb") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise InvalidSetting(str(path), "can be read by others: chmod 600 it")
                document = tomllib.load(file)
        except OSError as error:
            raise InvalidSetting(str(path), f"cannot be read: {error.strerror}") from None
        except ValueError as fault:
            if isinstance(fault, InvalidSetting):
                raise
            raise InvalidSetting(str(path), f"is not TOML: {fault}") from None
        rows = document.get("tokens")
        if not isinstance(rows, list) or not rows or set(document) != {"tokens"}:
            raise InvalidSetting(str(path), "has no tables [[tokens]], or something besides them")
        tokens = tuple(_token(f"{path}: tokens.{index}", row) for index, row in enumerate(rows))
        for what, values in (
            ("name", [token.name for token in tokens]),
            ("token", [token.digest for token in tokens]),
        ):
            if len(set(values)) != len(values):
                raise InvalidSetting(str(path), f"has a {what} twice")
        return cls(tokens)


class TokenFile:
    """The tokens in a file in its current state: a changed file is read again at the next query.
    A file that cannot be used changes nothing, and an error is logged. Not thread-safe.
    """

    def __init__(self, path: Path) -> None:
        """Raises InvalidSetting if the file cannot be used."""
        self._path = path
        self._seen = self._look()
        self._tokens = Tokens.read(path)
        self._fault: str | None = None
        self._log = EventLogger("orderledger.serve")

    def find(self, text: bytes) -> Token | None:
        return self._now().find(text)

    def with_digest(self, digest: bytes) -> Token | None:
        return self._now().with_digest(digest)

    def _now(self) -> Tokens:
        seen = self._look()
        if seen is None or seen != self._seen:
            self._seen = seen
            self._read_again()
        return self._tokens

    def _look(self) -> tuple[int, ...] | None:
        """Distinguishes one state of the file from another. None if the file is too young for
        that, or missing.
        """
        try:
            found = self._path.stat()
        except OSError:
            return None
        is_young = time.time_ns() - found.st_ctime_ns < SETTLING_NS
        return (
            None
            if is_young
            else (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size)
        )

    def _read_again(self) -> None:
        before, fault = self._tokens, self._fault
        try:
            self._tokens, self._fault = Tokens.read(self._path), None
        except InvalidSetting as error:
            self._fault = str(error)
        if self._fault is not None and self._fault != fault:
            self._log.error(
                "tokens_kept", why=self._fault, names=[token.name for token in before.known]
            )
        elif self._tokens != before:
            self._log.info("tokens_read", names=[token.name for token in self._tokens.known])


def _token(where: str, row: Any) -> Token:
    if not isinstance(row, dict) or not set(row) <= FIELDS:
        raise InvalidSetting(where, f"has other fields than {', '.join(sorted(FIELDS))}")
    name, roles = row.get("name"), row.get("roles")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidSetting(
            f"{where}.name", f"is not a printable text of 1 to {LONGEST_NAME} characters"
        )
    if (
        not isinstance(roles, list)
        or not roles
        or not all(isinstance(role, str) and role in ROLES for role in roles)
    ):
        raise InvalidSetting(f"{where}.roles", f"is not a list of {', '.join(ROLES)}")
    return Token(name, _digest(where, row), frozenset(roles))


def _digest(where: str, row: dict[str, Any]) -> bytes:
    text, digest = row.get("token"), row.get("token_sha256")
    if (text is None) == (digest is None):
        raise InvalidSetting(where, "needs either token or token_sha256")
    if digest is not None:
        if (
            not isinstance(digest, str)
            or len(digest) != 64
            or not set(digest.lower()) <= set("0123456789abcdef")
        ):
            raise InvalidSetting(f"{where}.token_sha256", "is not 64 hexadecimal digits")
        return bytes.fromhex(digest)
    if (
        not isinstance(text, str)
        or len(text) < SHORTEST
        or not text.isascii()
        or not text.isprintable()
        or " " in text
    ):
        raise InvalidSetting(
            f"{where}.token",
            f"is not a text of at least {SHORTEST} ASCII characters without spaces",
        )
    secrecy.learn(text)
    return hashlib.sha256(text.encode()).digest()
