"""Tradier's `tag`: the only client id of an order, which need not be unique."""

import re
from datetime import datetime, timedelta
from hashlib import sha256

from orderledger.extend.views import Row
from orderledger.venues.base.venue import Records
from orderledger.venues.tradier.vocabulary import TAG_ALIAS

FITS = re.compile(r"[A-Za-z0-9-]{1,255}", re.ASCII)
PRINTED = re.compile(r"[ -~]{1,200}", re.ASCII)
HASHED = re.compile(r"sha256-[0-9a-f]{64}", re.ASCII)
LONGEST_OF_GROUP = 190
GROUP_ID_ALIAS = "tradier.group_id"
"""The alias with the venue's id of the group in which an order was sent, and its place."""
CLOCK_TOLERANCE = timedelta(minutes=1)


def tag_for(client_order_id: str) -> str:
    """The tag of one of our orders: its id if that has only letters, digits and `-`, else `sha256-`
    and its SHA-256.

    It is the same in every process. Two ids never share a tag: an id that looks like such a hash is
    hashed itself.
    """
    if FITS.fullmatch(client_order_id) and not HASHED.fullmatch(client_order_id):
        return client_order_id
    return _hash_of(client_order_id)


def group_tag(client_order_id: str) -> str:
    """The tag of a group whose first order has this id. It is short enough for `order_name`."""
    tag = tag_for(client_order_id)
    return tag if len(tag) <= LONGEST_OF_GROUP else _hash_of(client_order_id)


def order_name(group: str, place: int) -> str:
    """The name of one order of a group: the tag or the id of the group, `#`, and its place in the
    request. No tag and no id contains a `#`."""
    return f"{group}#{place}"


def place_of(name: str) -> int:
    """The place in such a name."""
    return int(name.rpartition("#")[2])


def is_in_group(order: Row) -> bool:
    """Whether an order was sent in a group."""
    return "#" in ((order.get("aliases") or {}).get(TAG_ALIAS) or "")


def tag_of(order: Row) -> str | None:
    """The tag that the venue has for an order: its own, or that of its group."""
    tag: str | None = (order.get("aliases") or {}).get(TAG_ALIAS)
    client_order_id: str | None = order.get("client_order_id")
    if tag is not None:
        return tag.partition("#")[0]
    return tag_for(client_order_id) if client_order_id else None


def group_id_of(order: Row) -> str | None:
    """The venue's id of the group in which an order was sent."""
    name: str | None = (order.get("aliases") or {}).get(GROUP_ID_ALIAS)
    return None if name is None else name.partition("#")[0]


def _hash_of(client_order_id: str) -> str:
    return f"sha256-{sha256(client_order_id.encode()).hexdigest()}"


class Holders:
    """Which venue order was matched with a tag, as long as the ledger may not have recorded it."""

    def __init__(self) -> None:
        self._venue_order_ids: dict[tuple[str, str], str] = {}

    def first(self, account: str, tag: str | None, venue_order_id: str) -> dict[str, str]:
        """The aliases of a venue order if no requests are known: the first order with a tag gets
        it.
        """
        if tag is None or not PRINTED.fullmatch(tag):
            return {}
        holder = self._venue_order_ids.setdefault((account, tag), venue_order_id)
        return {TAG_ALIAS: tag} if holder == venue_order_id else {}

    def named(
        self,
        records: Records,
        account: str,
        tag: str | None,
        venue_order_id: str,
        created_at: datetime | None,
    ) -> tuple[dict[str, str], str | None]:
        """The aliases of a venue order, and a sentence if its tag belongs to another order.

        A tag identifies an order only if the ledger has requested one with it that has no other
        venue order id. Every other order with that tag is a separate order.
        """
        own = requested(records, account, tag)
        if tag is None or own is None:
            return {}, None
        known_ids = ids_of(own)
        if venue_order_id in known_ids:
            self._venue_order_ids.pop((account, tag), None)
            return {TAG_ALIAS: tag}, None
        holder: str | None = (
            known_ids[-1] if known_ids else self._venue_order_ids.get((account, tag))
        )
        if holder is None and _may_be(own, known_as(records, account, venue_order_id), created_at):
            holder = self._venue_order_ids[account, tag] = venue_order_id
        if holder == venue_order_id:
            return {TAG_ALIAS: tag}, None
        of_order = f", venue order {holder}" if holder else ""
        return (
            {},
            (
                f"its tag {tag} belongs to order {own.get('client_order_id')}{of_order}: this is "
                "a separate order"
            ),
        )


def ids_of(order: Row) -> list[str]:
    """The venue's ids of an order, in order of appearance."""
    ids: list[str] = order.get("venue_order_ids") or []
    return ids or ([order["venue_order_id"]] if order.get("venue_order_id") else [])


def known_as(records: Records, account: str, venue_order_id: str) -> Row | None:
    """The order of the ledger with this venue id. Another kind of id with the same text does not
    count.
    """
    known = records.order(account, venue_order_id)
    return known if known is not None and venue_order_id in ids_of(known) else None


def requested(records: Records, account: str, tag: str | None) -> Row | None:
    """The order that was requested here with this tag."""
    own = records.order(account, tag) if tag is not None else None
    if own is None or own.get("origin") != "own":
        return None
    return own if (own.get("aliases") or {TAG_ALIAS: tag}).get(TAG_ALIAS) == tag else None


def _may_be(own: Row, known: Row | None, created_at: datetime | None) -> bool:
    """Whether a venue order can be the requested one. A known order is another one if it is ours or
    older than the request."""
    if known is None:
        return True
    requested_at: datetime | None = own.get("requested_at")
    if known.get("origin") == "own" or created_at is None or requested_at is None:
        return False
    return created_at >= requested_at - CLOCK_TOLERANCE
