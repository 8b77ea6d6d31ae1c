"""Rows of the exchange that contradict an order of ours: another order with its client id, or
another price that triggers it."""

import functools
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from orderledger import Certainty, Message, Rejected, Restated
from orderledger.extend.views import Row
from orderledger.venues.base.fields import Document
from orderledger.venues.base.refusals import DUPLICATE_ORDER, Mark
from orderledger.venues.ccxt.context import CcxtContext


def names_of(client_id: str | None, common: Document, context: CcxtContext) -> Mapping[str, Any]:
    """The fields that identify one of our orders by its client id. Empty for another order with
    this id. `common`: the fields of the row's messages."""
    if client_id is None or _other_terms(client_id, common, context):
        return {}
    return context.names_for(common["venue_order_id"], client_id, common["side"])


def refused_for_another(
    client_id: str | None, common: Document, context: CcxtContext
) -> list[Message]:
    """The message that the exchange refused our order, because another one has its client id.

    Only if the exchange refuses a used id, and has never shown ours: no answer to it is known.
    """
    differing = {} if client_id is None else _other_terms(client_id, common, context)
    known = _own(client_id, context)
    if not differing or known is None or not _refuses_duplicates(context.exchange):
        return []
    if known.get("certainty") != Certainty.UNRESOLVED or known.get("acknowledged_at") is not None:
        return []
    words = ", ".join(f"{name} {theirs}, ours {ours}" for name, (theirs, ours) in differing.items())
    return [
        Rejected(
            account=context.account,
            client_order_id=known["client_order_id"],
            instrument=common["instrument"],
            side=common["side"],
            source=context.source,
            at=context.received_at or common["at"],
            reason=DUPLICATE_ORDER,
            text=f"order {common['venue_order_id']} has this client id: {words}",
            evidence=common["evidence"],
        )
    ]


def other_source(
    client_id: str | None, stated: Mapping[str, Any], common: Document, context: CcxtContext
) -> list[Message]:
    """The message that another price triggers one of our orders than the ledger shows."""
    source, known = stated.get("trigger_source"), _own(client_id, context)
    if source is None or known is None or common["venue_order_id"] not in known["venue_order_ids"]:
        return []
    ours = known.get("trigger_source")
    return [] if ours in (None, source) else [Restated(**common, trigger_source=source)]


def _own(client_id: str | None, context: CcxtContext) -> Row | None:
    """Our order with this client id."""
    if client_id is None or not context.names_of(client_id):
        return None
    known = context.known(context.quirks.folded(client_id))
    return known if known is not None and known.get("origin") == "own" else None


def _other_terms(
    client_id: str, common: Document, context: CcxtContext
) -> dict[str, tuple[Any, Any]]:
    """The terms of a row that our order with its client id does not have: theirs and ours. Side and
    instrument only: types, quantities and prices are not reported alike everywhere."""
    known = _own(client_id, context)
    if known is None or known.get("legs") or common["venue_order_id"] in known["venue_order_ids"]:
        return {}
    pairs = {name: (common[name], known.get(name)) for name in ("side", "instrument")}
    return {name: pair for name, pair in pairs.items() if None not in pair and pair[0] != pair[1]}


@functools.cache
def _refuses_duplicates(exchange: str | None) -> bool:
    """Whether a documented refusal of this exchange says that a client id is used. Needs no ccxt,
    unlike the package of the tables."""
    tables = (files("orderledger.venues.ccxt") / "refusals").iterdir()
    documents = (
        tomllib.loads(one.read_text(encoding="utf-8"))
        for one in tables
        if one.name.endswith(".toml")
    )
    return any(
        exchange in document["exchanges"]
        and (
            Mark.DUPLICATE in document
            or any(row.get("mark") == Mark.DUPLICATE for row in document.get("sentences", ()))
        )
        for document in documents
    )
