"""Client order ids for Lighter: a `client_order_index` between 1 and 2^48 - 1 for each client order
id."""

from collections.abc import Callable
from hashlib import sha256
from typing import Protocol

from orderledger.extend.views import Row
from orderledger.venues.lighter.vocabulary import CLIENT_ORDER_INDEX

LARGEST = 2**48 - 1
ATTEMPTS = 1000

Lookup = Callable[[str, str], Row | None]


class KnowsOrders(Protocol):
    """The part of `Records` that minting needs."""

    def order(self, account: str, name: str) -> Row | None: ...


def mint_client_order_index(
    records: KnowsOrders | Lookup, account: str, client_order_id: str
) -> int:
    """The index for an order: the same in every process, and not used by another order of this
    account.

    The indexes form a fixed sequence (SHA-256 of account, id and a count). The result is the first
    that is free in the ledger, or belongs to this order. Record it with the request,
    `aliases={"lighter.client_order_index": str(index)}`, before the order is sent: an unrecorded
    index counts as free.
    """
    lookup: Lookup = records if callable(records) else records.order
    for salt in range(ATTEMPTS):
        index = hashed_index(account, client_order_id, salt)
        known = lookup(account, str(index))
        if known is None or _is_ours(known, client_order_id, str(index)):
            return index
    raise RuntimeError(f"{ATTEMPTS} indexes for {client_order_id!r} are taken in {account!r}")


def hashed_index(account: str, client_order_id: str, salt: int) -> int:
    """One index of the sequence. NUL separates the parts, because identifiers never contain it."""
    digest = sha256(f"{account}\0{client_order_id}\0{salt}".encode()).digest()
    return 1 + int.from_bytes(digest, "big") % LARGEST


def _is_ours(row: Row, client_order_id: str, index: str) -> bool:
    return bool(
        row["client_order_id"] == client_order_id
        and row["aliases"].get(CLIENT_ORDER_INDEX) == index
    )
