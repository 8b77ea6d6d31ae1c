"""Readers of the answers about a key, by the exchange of ccxt. Each gives what the answer states.

Sources:
- Binance: developers.binance.com, Wallet, "Get API Key Permission".
- BingX: bingx-api.github.io, "Query API KEY Permissions", with the fields of Binance under `data`.
- Bitfinex: docs.bitfinex.com, "Key Permissions".
- Bybit: bybit-exchange.github.io, v5, "Get API Key Information".
- Coinbase: docs.cdp.coinbase.com, Advanced Trade, "Get API Key Permissions".
- Deribit: docs.deribit.com, "private/list_api_keys", and its table of access scopes.
- HTX: huobiapi.github.io/docs/spot, "API key query", which needs the UID of "Get UID".
- Kraken: docs.kraken.com, "Get API Key Info", with its table of permissions.
- KuCoin: github.com/Kucoin/kucoin-universal-sdk, "Get Apikey Info". Its words are General, Spot,
  Margin, Futures, InnerTransfer, Transfer and Earn; `Transfer` is the right to withdraw, as its
  clients read it.
- OKX: API v5, "Get account configuration" (`perm`, `ip`), as its clients have it (docs.rs/rust-okx,
  `AccountConfig`).
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from orderledger.venues.base.fields import Document, Unreadable, moment
from orderledger.venues.base.keys import KeyPermissions


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
    result = _part(answer, "result")
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
        can_trade=_has(words, "trade"),
        can_withdraw=_has(words, "withdraw"),
        has_address_limit=bool(addresses) if isinstance(addresses, str) else None,
    )


def bingx(answer: Document) -> KeyPermissions:
    inner = answer.get("data")
    return binance(inner if isinstance(inner, dict) else answer)


def bitfinex(answer: Document) -> KeyPermissions:
    """Rows of a scope, whether it may read, and whether it may write."""
    rows = answer.get("rows")
    if not isinstance(rows, list) or not all(
        isinstance(one, list) and len(one) > 2 for one in rows
    ):
        raise Unreadable("the answer has no list of scopes")
    writes = {str(one[0]): one[2] == 1 for one in rows}
    return KeyPermissions(can_trade=writes.get("orders"), can_withdraw=writes.get("withdraw"))


def coinbase(answer: Document) -> KeyPermissions:
    """`can_transfer` includes other addresses."""
    return KeyPermissions(
        can_trade=_flag(answer, "can_trade"), can_withdraw=_flag(answer, "can_transfer")
    )


def deribit(answer: Document) -> KeyPermissions:
    """The keys of the account; `client_id` is that of the one that has asked."""
    rows, own = answer.get("result"), answer.get("client_id")
    if not isinstance(rows, list):
        raise Unreadable("result is missing")
    found = [one for one in rows if isinstance(one, dict) and one.get("client_id") == own]
    if not found:
        raise Unreadable("the key is not in the list of keys")
    row, scope = found[0], found[0].get("max_scope")
    words, addresses = scope.split() if isinstance(scope, str) else None, row.get("ip_whitelist")
    return KeyPermissions(
        can_trade=_has(words, "trade:read_write"),
        can_withdraw=_has(words, "wallet:read_write"),
        has_address_limit=bool(addresses) if isinstance(addresses, list) else None,
        created_at=_time(row.get("timestamp")),
    )


def htx(answer: Document) -> KeyPermissions:
    """The one key that was named. A key without an address limit has empty `ipAddresses`. Its days
    of validity are left out: they do not say from when they count."""
    rows = answer.get("data")
    row = rows[0] if isinstance(rows, list) and len(rows) == 1 else None
    if not isinstance(row, dict) or row.get("accessKey") != answer.get("client_id"):
        raise Unreadable("the answer is not about the key")
    allowed, addresses = row.get("permission"), row.get("ipAddresses")
    words = allowed.split(",") if isinstance(allowed, str) else None
    return KeyPermissions(
        can_trade=_has(words, "trade"),
        can_withdraw=_has(words, "withdraw"),
        has_address_limit=bool(addresses) if isinstance(addresses, str) else None,
        created_at=_time(row.get("createTime")),
    )


def kraken(answer: Document) -> KeyPermissions:
    """Times are 0 where there is none. An address limit is a list of addresses."""
    result = _part(answer, "result")
    allowed, addresses = result.get("permissions"), result.get("ipAllowlist")
    words = allowed if isinstance(allowed, list) else None
    return KeyPermissions(
        can_trade=_has(words, "modify-trades"),
        can_withdraw=_has(words, "withdraw-funds"),
        has_address_limit=bool(addresses) if isinstance(addresses, list) else None,
        created_at=_time(result.get("createdTime")),
        expires_at=_time(result.get("validUntil")),
    )


def kucoin(answer: Document) -> KeyPermissions:
    """A key without an address limit has no `ipWhitelist`, or an empty one."""
    row = _part(answer, "data")
    allowed, addresses = row.get("permission"), row.get("ipWhitelist")
    words = [one.strip() for one in allowed.split(",")] if isinstance(allowed, str) else None
    return KeyPermissions(
        can_trade=_has(words, "Spot", "Margin", "Futures"),
        can_withdraw=_has(words, "Transfer"),
        has_address_limit=bool(addresses) if isinstance(addresses, str | None) else None,
        created_at=_time(row.get("createdAt")),
    )


def _part(answer: Document, name: str) -> Document:
    """A document in the answer. Raises Unreadable without it."""
    found = answer.get(name)
    if not isinstance(found, dict):
        raise Unreadable(f"{name} is missing")
    return found


def _has(words: Sequence[Any] | None, *rights: str) -> bool | None:
    """Whether one of these rights is among the words. None if the answer has no words."""
    return None if words is None else any(right in words for right in rights)


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
