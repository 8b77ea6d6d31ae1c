"""Permissions of a key at the exchanges of ccxt. Each has its own query; others are not asked.

Sources: developers.binance.com, Wallet, "Get API Key Permission"; bybit-exchange.github.io, v5,
"Get API Key Information"; OKX API v5, "Get account configuration" (`perm`, `ip`), as its clients
have it (docs.rs/rust-okx, `AccountConfig`).
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from orderledger.venues.base.fields import Document, Unreadable, moment
from orderledger.venues.base.keys import KeyPermissions
from orderledger.venues.errors import VenueUnavailable

Read = Callable[[Document], KeyPermissions]


class KeyQuery(NamedTuple):
    """A query about the key. `method`: of ccxt; `read` reads its answer."""

    method: str
    name: str
    read: Read


def binance(answer: Document) -> KeyPermissions:
    trading = [
        answer.get(name)
        for name in ("enableSpotAndMarginTrading", "enableFutures", "enablePortfolioMarginTrading")
    ]
    return KeyPermissions(
        can_trade=True in trading if any(isinstance(one, bool) for one in trading) else None,
        can_withdraw=_flag(answer, "enableWithdrawals"),
        has_address_limit=_flag(answer, "ipRestrict"),
        created_at=_time(answer.get("createTime")),
        expires_at=_time(answer.get("tradingAuthorityExpirationTime")),
    )


def bybit(answer: Document) -> KeyPermissions:
    """`ips` of a key without a limit holds `*`, or nothing."""
    result = answer.get("result")
    if not isinstance(result, dict):
        raise Unreadable("result is missing")
    allowed, addresses = result.get("permissions"), result.get("ips")
    kinds = allowed if isinstance(allowed, dict) else {}
    trading = ("ContractTrade", "Spot", "Options", "Derivatives")
    is_writing = str(result.get("readOnly")) == "0"
    return KeyPermissions(
        can_trade=is_writing and any(kinds.get(name) for name in trading),
        can_withdraw=is_writing and "Withdraw" in (kinds.get("Wallet") or ()) if kinds else None,
        has_address_limit=bool(addresses) and addresses != ["*"]
        if isinstance(addresses, list)
        else None,
        created_at=_time(result.get("createdAt")),
        expires_at=_time(result.get("expiredAt")),
    )


def okx(answer: Document) -> KeyPermissions:
    rows = answer.get("data")
    row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    allowed, addresses = row.get("perm"), row.get("ip")
    words = allowed.split(",") if isinstance(allowed, str) and allowed else None
    return KeyPermissions(
        can_trade=None if words is None else "trade" in words,
        can_withdraw=None if words is None else "withdraw" in words,
        has_address_limit=bool(addresses) if isinstance(addresses, str) else None,
    )


BINANCE = KeyQuery("sapi_get_account_apirestrictions", "account/apiRestrictions", binance)
QUERIES: Mapping[str, KeyQuery] = {
    "binance": BINANCE,
    "binanceusdm": BINANCE,
    "binancecoinm": BINANCE,
    "bybit": KeyQuery("private_get_v5_user_query_api", "v5/user/query-api", bybit),
    "okx": KeyQuery("private_get_account_config", "account/config", okx),
}
"""By the exchange's id."""


async def permissions(exchange: Any) -> KeyPermissions:
    """Query the permissions of the key of this object. Raises VenueUnavailable and
    VenueRefused."""
    from orderledger.venues.ccxt.exchange import asked
    from orderledger.venues.ccxt.timing import read_once

    query = QUERIES.get(exchange.id)
    if query is None:
        return KeyPermissions(source=f"{exchange.id} has no documented query about keys")
    await read_once(exchange)
    answer = await asked(partial(getattr(exchange, query.method)), query.name)
    if not isinstance(answer, dict):
        raise VenueUnavailable(f"{query.name}: the answer is not a JSON object")
    try:
        found = query.read(answer)
    except Unreadable as fault:
        raise VenueUnavailable(f"{query.name}: {fault}") from None
    return replace(found, source=query.name)


def _flag(answer: Document, name: str) -> bool | None:
    value = answer.get(name)
    return value if isinstance(value, bool) else None


def _time(value: Any) -> datetime | None:
    """A time in milliseconds or as text. None for none, which some write as 1970 or 0."""
    if value in (None, "", 0, "0"):
        return None
    with suppress(Unreadable):
        found = moment({"at": value}, "at")
        return found if found is not None and found > datetime(2000, 1, 1, tzinfo=UTC) else None
    return None
