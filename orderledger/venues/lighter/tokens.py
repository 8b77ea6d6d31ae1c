"""Tokens of accounts: when they expire, and how they are kept out of texts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orderledger.extend.runtime import secrecy
from orderledger.venues.errors import VenueUnavailable

SIGNED = re.compile(r"(?P<ends>[0-9]{9,11}):[0-9]+:[0-9]+:[0-9A-Fa-f]+")
READ_ONLY = re.compile(r"ro:[0-9]+:(?:single|all):(?P<ends>[0-9]{9,11}):[^\s\"'&<>,}]+")
LONGEST_MARGIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class LighterAccount:
    """An account of the venue. `token` returns a valid token; it is called for each connection and
    each request."""

    account_index: int
    token: Callable[[], str]


def token_of(account: LighterAccount) -> str:
    """A token. Raises VenueUnavailable if there is none. The callable's error may contain a
    secret and is not repeated.
    """
    try:
        token = account.token()
    except Exception as error:
        raise VenueUnavailable(
            f"no token for account {account.account_index}: {type(error).__name__}"
        ) from None
    if not token:
        raise VenueUnavailable(f"no token for account {account.account_index}: it is empty")
    secrecy.learn(token)
    return token


def ends_of(token: str) -> datetime | None:
    """The expiry of the token, if it states one."""
    found = SIGNED.fullmatch(token) or READ_ONLY.fullmatch(token)
    return None if found is None else datetime.fromtimestamp(int(found["ends"]), UTC)


def renew_at(token: str, now: datetime) -> datetime | None:
    """When a connection needs a new token: a quarter of the token's lifetime before its expiry, 15
    minutes at most.

    None if the token states no expiry.
    """
    ends_at = ends_of(token)
    if ends_at is None:
        return None
    return ends_at - min(LONGEST_MARGIN, max(ends_at - now, timedelta(0)) / 4)


def hidden(text: str) -> str:
    """The text without tokens of this venue."""
    return READ_ONLY.sub(secrecy.HIDDEN, SIGNED.sub(secrecy.HIDDEN, text))
