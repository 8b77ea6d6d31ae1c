"""Permissions of a key at the exchanges of ccxt. Each has its own query; others are not asked."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from orderledger.venues.base.fields import Document, Unreadable
from orderledger.venues.base.keys import KeyPermissions
from orderledger.venues.ccxt import key_readers as readers
from orderledger.venues.errors import VenueUnavailable

Read = Callable[[Document], KeyPermissions]


class KeyQuery(NamedTuple):
    """A query about the key. `method`: of ccxt; `read` reads its answer. `given`: a method whose
    answer has in `data` the user that the query has to name, with the key."""

    method: str
    name: str
    read: Read
    given: str | None = None

    async def ask(self, exchange: Any) -> Any:
        """The answer of the exchange."""
        fields = {}
        if self.given is not None:
            user = await getattr(exchange, self.given)()
            fields = {"uid": user["data"], "accessKey": exchange.apiKey}
        return await getattr(exchange, self.method)(fields)


BINANCE = KeyQuery("sapi_get_account_apirestrictions", "account/apiRestrictions", readers.binance)
BYBIT = KeyQuery("private_get_v5_user_query_api", "v5/user/query-api", readers.bybit)
COINBASE = KeyQuery(
    "v3_private_get_brokerage_key_permissions", "brokerage/key_permissions", readers.coinbase
)
BINGX = KeyQuery(
    "account_v1_private_get_account_apipermissions", "account/apiPermissions", readers.bingx
)
QUERIES: Mapping[str, KeyQuery] = {
    "binance": BINANCE,
    "binanceusdm": BINANCE,
    "binancecoinm": BINANCE,
    "bingx": BINGX,
    "bitfinex": KeyQuery("private_post_auth_r_permissions", "auth/r/permissions", readers.bitfinex),
    "bybit": BYBIT,
    "coinbase": COINBASE,
    "deribit": KeyQuery("private_get_list_api_keys", "private/list_api_keys", readers.deribit),
    "htx": KeyQuery(
        "spot_private_get_v2_user_api_key",
        "v2/user/api-key",
        readers.htx,
        given="spot_private_get_v2_user_uid",
    ),
    "kraken": KeyQuery("private_post_getapikeyinfo", "private/GetApiKeyInfo", readers.kraken),
    "kucoin": KeyQuery("private_get_user_api_key", "user/api-key", readers.kucoin),
    "okx": KeyQuery("private_get_account_config", "account/config", readers.okx),
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
    answer = await asked(partial(query.ask, exchange), query.name)
    try:
        found = query.read(_as_document(answer, exchange.apiKey))
    except Unreadable as fault:
        raise VenueUnavailable(f"{query.name}: {fault}") from None
    return replace(found, source=query.name)


def _as_document(answer: Any, own: str) -> Document:
    """The answer as an object, with the public part of the key, by which a list names it."""
    if isinstance(answer, list):
        return {"rows": answer}
    if not isinstance(answer, dict):
        raise Unreadable("the answer is neither an object nor a list")
    return {**answer, "client_id": own} if "client_id" not in answer else answer
