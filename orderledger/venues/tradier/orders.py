"""Translates a row of an order, or an event about one, to messages: terms, fills, then the status.

An order with legs is one order of the ledger. Its fills are those of its legs, each with the leg's
own instrument and side. A combination that we requested with `legs` is counted in units, and its
fills name their leg. The quantity of any other order with legs counts the contracts of all of them;
a `restated` reports this before the first of them is filled. The legs of a group that we sent, or
requested one by one, are orders of their own.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from orderledger import Fill, FillBusted, FillCorrected, Message, Replaced, ReportedClaims, Restated
from orderledger import OrderStatus as Status
from orderledger import StatusObserved as StatusReport
from orderledger.extend.runtime import printable
from orderledger.extend.values import ZERO, DatedBy
from orderledger.extend.views import Row
from orderledger.venues.base.translation import Translation, joined
from orderledger.venues.tradier.claims import (
    claims_of,
    counts_legs,
    event_claims_of,
    leg_quantity,
    story_of,
)
from orderledger.venues.tradier.combinations import (
    leg_number,
    own_orders,
    requested_legs,
    sent_together,
)
from orderledger.venues.tradier.context import TradierContext
from orderledger.venues.tradier.fills import Filled, Numbers
from orderledger.venues.tradier.rows import TradierOrder
from orderledger.venues.tradier.tags import ids_of, known_as
from orderledger.venues.tradier.vocabulary import (
    GROUPS,
    HAS_WORKED,
    LEG_ALIAS,
    ROW_HAS_MORE,
    SAYS_MORE,
    STATUSES,
    UNFILLED_ENDS,
)

REASON_LENGTH = 200
TEXT_LENGTH = 10_000
COUNTED_TWICE = "counted_twice"


def order_messages(row: TradierOrder, context: TradierContext) -> Translation:
    """The messages of a REST row. The questions are about fills without a price."""
    own = own_orders(row, context)
    if own:
        apart = joined(order_messages(leg, context) for leg in own)
        rest = [leg for leg in row.legs if leg not in own]
        return apart + order_messages(replace(row, legs=rest), context) if rest else apart
    sent = sent_together(row, context) if row.kind in GROUPS and not row.legs else []
    if sent:
        return _without_legs(row, sent, context)
    common, text = _common(row, context)
    legs = requested_legs(row, context)
    is_stale = context.memory.is_stale(context.account, row.venue_order_id, row.age)
    fills, is_short = _fills(row, context, common, legs)
    claims = (
        None if is_stale else claims_of(row, is_in_units=bool(legs))
    )  # otherwise old numbers of the same moment would count as the last ones
    messages = [*([] if legs else _restated(row, common)), *fills]
    messages += _replaced(row, context, common, is_in_units=bool(legs))
    messages.append(
        _status(row, common, claims, "; ".join(filter(None, (text, story_of(row)))) or None)
    )
    return Translation(messages, (), (row.venue_order_id,) if is_short else ())


def _without_legs(row: TradierOrder, sent: Sequence[Row], context: TradierContext) -> Translation:
    """A group that we sent, and whose row lists no legs. It is queried again, unless Tradier has
    ended it before any of its orders had an id."""
    if row.status not in UNFILLED_ENDS or any(ids_of(own) for own in sent):
        return Translation((), (), (row.venue_order_id,))
    return Translation(
        [
            _status(
                row,
                {
                    "account": context.account,
                    "client_order_id": own["client_order_id"],
                    "at": row.latest_at,
                    "source": context.source,
                    "evidence": row.raw,
                },
                None,
                None,
            )
            for own in sent
        ]
    )


def event_messages(row: TradierOrder, parent: str | None, context: TradierContext) -> Translation:
    """The content of a stream event: the order's state, and never a fill, because the event has no
    fill price.

    Events come out of order. Each has its time, and the ledger does not let an older one revert a
    newer one. So they are reported in the order of arrival.

    An event about a leg does not show the state of the whole order: that is queried.
    """
    named = context.records.order(context.account, row.venue_order_id)
    if (
        parent is None
        and named is not None
        and f"{LEG_ALIAS}{row.venue_order_id}" in (named.get("aliases") or {})
    ):
        parent = named["venue_order_id"]
    if parent is not None and parent != row.venue_order_id:
        return Translation((), (), (parent,))
    known = known_as(context.records, context.account, row.venue_order_id)
    if known is None and sent_together(row, context):
        return Translation((), (), (row.venue_order_id,))
    common, text = _common(row, context)
    unrecorded = context.memory.unrecorded.setdefault((context.account, row.venue_order_id), {})
    filled = Filled.of(context.records, context.account, row.venue_order_id, None, unrecorded)
    is_news = (
        known is None or (row.exec_quantity or ZERO) > filled.quantity or row.status in ROW_HAS_MORE
    )
    return Translation(
        [_status(row, common, event_claims_of(row, known), text)],
        (),
        (row.venue_order_id,) if is_news else (),
    )


def _common(row: TradierOrder, context: TradierContext) -> tuple[dict[str, Any], str | None]:
    """The fields of all messages about the order, and a note about its tag."""
    aliases, text = context.named(row.tag, row.venue_order_id, row.created_at)
    legs = {f"{LEG_ALIAS}{leg.venue_order_id}": leg.venue_order_id for leg in row.legs}
    common = {
        "account": context.account,
        "venue_order_id": row.venue_order_id,
        "aliases": {**aliases, **row.aliases, **legs},
        "at": row.latest_at,
        "source": context.source,
        "instrument": row.instrument,
        "side": row.side,
        "evidence": row.raw,
    }
    return common, text


def _status(
    row: TradierOrder, common: dict[str, Any], claims: ReportedClaims | None, text: str | None
) -> Message:
    """The message for the row's status. An unknown word is passed on unchanged, and the order
    stays open.
    """
    model, status = STATUSES.get(row.status, (StatusReport, None))
    if (
        row.status == "calculated"
        and row.quantity is not None
        and (row.exec_quantity or ZERO) >= row.quantity
    ):
        status = Status.FILLED
    if text is None and row.description is not None:
        text = printable(row.description)[:TEXT_LENGTH]
    fields: dict[str, Any] = {**common, "reported": claims, "reason": _reason(row), "text": text}
    if model is StatusReport:
        fields["status"] = status.value if status else row.status
        fields["dated_by"] = DatedBy.RECEIPT if row.at == row.created_at else DatedBy.VENUE
    return model(**fields)


def _reason(row: TradierOrder) -> str | None:
    """The venue's reason for the end; else its status word if that is more precise than the
    message.

    The end in an event has no reason: events never state one, and the first recorded reason would
    stay.
    """
    if row.status in UNFILLED_ENDS and "event" in row.raw and row.description is None:
        return None
    if row.status in UNFILLED_ENDS:
        described = printable(row.description or "").strip()[:REASON_LENGTH]
        return described or row.status
    return row.status if row.status in SAYS_MORE else None


def _fills(
    row: TradierOrder, context: TradierContext, common: dict[str, Any], legs: Sequence[Row]
) -> tuple[list[Message], bool]:
    """The fills that the ledger may not have, and whether some could not be priced."""
    unrecorded = context.memory.unrecorded.setdefault((context.account, row.venue_order_id), {})
    lines: list[TradierOrder | None] = list(row.legs) if row.is_compound else [None]
    messages: list[Message] = []
    is_short = row.is_compound and not row.legs and (row.status == "filled" or row.has_filled)
    for leg in lines:
        filled = Filled.of(context.records, context.account, row.venue_order_id, leg, unrecorded)
        line = leg or row
        fields = {
            **common,
            "instrument": line.instrument,
            "side": line.side,
            "at": line.at,
            "evidence": line.raw,
        }
        messages += [
            FillBusted(**fields, fill_id=fill_id, reason=COUNTED_TWICE)
            for fill_id in filled.take_contained()
        ]
        fills: list[Fill | FillCorrected] = list(filled.pending)
        numbers = (
            filled.news(line) if line.instrument is not None and line.side is not None else None
        )
        if numbers is not None:
            fields["leg"] = leg_number(line, legs)
            fills.append(_fill(numbers, fields))
            filled.add(fills[-1])
        messages += fills
        is_short = is_short or _is_short(line, filled.quantity)
    return messages, is_short


def _is_short(line: TradierOrder, given: Decimal) -> bool:
    """Whether the row implies more fills than it shows: the price is missing, or the status is
    `filled` without numbers.
    """
    return (line.exec_quantity or ZERO) > given or (
        line.status == "filled" and not line.exec_quantity
    )


def _fill(numbers: Numbers, fields: dict[str, Any]) -> Fill | FillCorrected:
    numbered: dict[str, Any] = {
        "fill_id": numbers.fill_id,
        "quantity": numbers.quantity,
        "price": numbers.price,
        "text": numbers.text,
        "reason": numbers.reason,
    }
    if numbers.corrects is not None:
        return FillCorrected(**fields, **numbered, corrects=numbers.corrects)
    return Fill(**fields, **numbered)


def _restated(row: TradierOrder, common: dict[str, Any]) -> list[Message]:
    """The message that the quantity of an order with legs counts the contracts of all of them,
    once it works or has filled.
    """
    quantity = leg_quantity(row)
    if quantity is None or not counts_legs(row):
        return []
    at = common["at"] if row.kind in GROUPS or row.created_at is None else row.created_at
    return [
        Restated(
            **{**common, "at": at},
            quantity=quantity,
            text=f"the quantity counts all {len(row.legs)} legs",
        )
    ]


def _replaced(
    row: TradierOrder, context: TradierContext, common: dict[str, Any], *, is_in_units: bool = False
) -> list[Message]:
    """The prices in force, or until the end, if they differ from our request: the order was
    changed. Tradier keeps the id, and cannot change quantities. The price of a combination is the
    net price of a unit.
    """
    known = known_as(context.records, context.account, row.venue_order_id)
    if (
        known is None
        or known.get("origin") != "own"
        or (row.is_compound and not is_in_units)
        or row.status not in HAS_WORKED
    ):
        return []
    is_news = (
        known.get("pending") == "replace"
        or known.get("updated_at") is None
        or row.at >= known["updated_at"]
    )
    limit_price, asked = row.limit_price, known.get("limit_price")
    if is_in_units and limit_price is not None and asked is not None:
        limit_price = limit_price.copy_abs().copy_sign(asked)  # `credit` and `debit` have no sign
    changed: dict[str, Any] = {
        name: stated
        for name, stated in (("limit_price", limit_price), ("stop_price", row.stop_price))
        if stated is not None and known.get(name) is not None and stated != known[name]
    }
    return [Replaced(**common, **changed)] if changed and is_news else []
