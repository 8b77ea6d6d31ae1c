"""The names of streams: an order, a proposal or an account has one each."""

from functools import lru_cache
from hashlib import sha256

ALIAS_SHOWN = 100
"""Characters. A longer alias is not part of the name of a stream."""


@lru_cache(maxsize=4096)
def quoted(account: str) -> str:
    """The account in the form of stream names, in which `/` and `#` are separators."""
    return account.replace("%", "%25").replace("/", "%2F").replace("#", "%23")


def order_stream(account: str, client_order_id: str) -> str:
    return f"{quoted(account)}/{client_order_id}"


def venue_order_stream(account: str, venue_order_id: str) -> str:
    """The stream of an order known by the venue's id alone."""
    return f"{quoted(account)}#venue/{venue_order_id}"


def alias_text(name: str, value: str) -> str:
    """A text that identifies an alias by name and value."""
    if "=" in name or "%" in name:
        name = name.replace("%", "%25").replace("=", "%3D")
    return f"{name}={value}"


def alias_stream(account: str, name: str, value: str) -> str:
    """The stream of an order known by an alias alone. A long alias is replaced by its SHA-256."""
    alias = alias_text(name, value)
    shown = alias if len(alias) <= ALIAS_SHOWN else sha256(alias.encode()).hexdigest()
    return f"{quoted(account)}#alias/{shown}"


def proposal_stream(account: str, proposal_id: str) -> str:
    return f"{quoted(account)}#proposal/{proposal_id}"


def account_stream(account: str, kind: str, name: str) -> str:
    """The stream for an account, a kind of message and an instrument, e.g. the marks of one
    instrument."""
    return f"{quoted(account)}#{kind}/{name}"


def is_order_stream(stream: str) -> bool:
    """True for the stream of an order: one of ours, or one known from reports alone."""
    return _kind_of(stream) in ("", "venue", "alias")


def is_proposal_stream(stream: str) -> bool:
    """True for the stream of a proposal."""
    return _kind_of(stream) == "proposal"


def _kind_of(stream: str) -> str:
    return stream.partition("/")[0].partition("#")[2]


def account_of(stream: str) -> str:
    """The account of a stream."""
    name = stream.partition("/")[0].partition("#")[0]
    return (
        name
        if "%" not in name
        else name.replace("%23", "#").replace("%2F", "/").replace("%25", "%")
    )


def client_order_id_of(stream: str) -> str | None:
    """The client order id in the name of an order's stream. None if the order is known by another
    id alone."""
    head, _, client_order_id = stream.partition("/")
    return None if "#" in head else client_order_id
