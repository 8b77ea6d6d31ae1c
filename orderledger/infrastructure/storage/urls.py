"""URLs and paths of stores, and their printable form: never a password, nor any part that was not
understood."""

import re
from functools import cache
from typing import Any
from urllib.parse import unquote

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.secrecy import learn

MEMORY = "memory://"
POSTGRES = ("postgresql://", "postgres://")
SQLITE = "sqlite:///"
NO_PATH = re.compile(r"(sqlite|file|memory|postgres|postgresql|:memory):|[\w+.-]+://")
"""Texts with such a start are meant as URLs."""

ESCAPED = (
    "in a user name or a password, write / as %2F, @ as %40, : as %3A and % as %25; names of "
    "parameters in lower case"
)


def file_of(url: str) -> str | None:
    """The file of a path or a URL, None for a store without a file. Raises InvalidSetting if the
    text does not name a store.
    """
    if url == MEMORY:
        return None
    if url.startswith(POSTGRES):
        if _server_of(url) is None:
            raise InvalidSetting("db", f"{public(url)!r} is not valid: {ESCAPED}")
        return None
    is_url = url.startswith(SQLITE)
    path = unquote(url.removeprefix(SQLITE)) if is_url else url
    if not path or ("?" in url if is_url else NO_PATH.match(url)):
        raise InvalidSetting(
            "db", f"{public(url)!r} is not a path, sqlite:///path, postgresql://... or memory://"
        )
    return path


def is_bundle(path: str | None) -> bool:
    """Check whether a path names a bundle, which is a zip file. A ledger in SQLite begins with
    other bytes."""
    try:
        with open(path or "", "rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except (OSError, ValueError):
        return False


def public(url: str) -> str:
    """The printable URL: a path unchanged; of a PostgreSQL URL the server and the database."""
    if url.startswith(POSTGRES):
        server = _server_of(url)
        return "postgresql://..." if server is None else _shown(server)
    is_foreign = "://" in url and not url.lower().startswith(("sqlite:", "file:"))
    return f"{url.partition('://')[0]}://..." if is_foreign and url != MEMORY else url


def without_password(url: str) -> str:
    """The URL without the password, which the driver then takes from PGPASSWORD or `~/.pgpass`.
    A path is returned unchanged."""
    if not url.startswith(POSTGRES):
        return url
    asked = re.sub(r"(?<=[?&])password=[^&]*&?", "", url).rstrip("?&")
    return re.sub(r"^(\w+://[^/?:@]*):[^/?@]*@", r"\1@", asked)


@cache
def _server_of(url: str) -> dict[str, Any] | None:
    """The URL as the driver parses it. None if it cannot, or if the result cannot be meant.

    An unescaped special character in a password makes the driver take a part of it for a port, a
    host or a database.
    """
    from psycopg import Error
    from psycopg.conninfo import conninfo_to_dict

    try:
        found = dict(conninfo_to_dict(url))
    except Error:
        return None
    learn(str(found.get("password") or ""))
    port, host, database = (str(found.get(name) or "") for name in ("port", "host", "dbname"))
    is_meant = (
        re.fullmatch(r"[0-9,]*", port) and "@" not in host and ("@" not in database or "%40" in url)
    )
    return found if is_meant else None


def _shown(server: dict[str, Any]) -> str:
    host, port, database = (str(server.get(name) or "") for name in ("host", "port", "dbname"))
    if host.startswith("/"):  # the folder of a socket
        where = "&".join(
            f"{name}={value}" for name, value in (("host", host), ("port", port)) if value
        )
        return f"postgresql:///{database}?{where}"
    hosts = f"[{host}]" if ":" in host else host
    return f"postgresql://{hosts}{':' if port else ''}{port}/{database}"
