"""Terms in a row that differ from those of our order. Needs no ccxt."""

from orderledger import Message, Replaced, ReportedClaims
from orderledger.venues.base.fields import Document
from orderledger.venues.ccxt.context import CcxtContext

TERMS = ("quantity", "limit_price", "stop_price")


def changed_terms(
    client_id: str | None,
    is_end: bool,
    claims: ReportedClaims,
    common: Document,
    context: CcxtContext,
) -> list[Message]:
    """The message that one of our orders has, or had until its end, other terms than the ledger
    shows: it was changed. `common`: the fields of the row's messages.
    """
    name, terms = common["venue_order_id"], tuple(getattr(claims, term) for term in TERMS)
    if context.memory.terms_of(name) == terms and not is_end:
        return []
    known, at = context.known(name) or context.known(client_id), common["at"]
    if known is None or known.get("origin") != "own":
        return []
    changed: Document = {
        key: value
        for key, value in zip(TERMS, terms, strict=True)
        if None not in (value, known.get(key)) and value != known[key]
    }
    if not changed:
        context.memory.note_terms(
            name, terms
        )  # wait until they are recorded: this translation may never be
        return []
    updated_at = known.get("updated_at")
    is_news = (
        is_end
        or known.get("pending") == "replace"
        or updated_at is None
        or (at is not None and at >= updated_at)
    )
    return [Replaced(**common, **changed)] if is_news else []
