"""FIX 4.2 and 4.4 messages about orders, translated: requests (35=D, F, G, and AB, AC of
combinations), ExecutionReports (35=8), OrderCancelRejects (35=9).

Source: the public FIX 4.4 specification; 4.2 where it differs (ExecTransType, ExecType 1 and 2).
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from orderledger import InvalidMessage, Message
from orderledger.extend.values import EXACT
from orderledger.venues.importers.fix_instruments import instrument_named, legs_of
from orderledger.venues.importers.fix_tags import Tags
from orderledger.venues.importers.fix_words import (
    CANCEL_REJECT_REASONS,
    EXEC_TYPES,
    FIXED_STATES,
    LIQUIDITY,
    ORDER_REJECT_REASONS,
    ORDER_TYPES,
    PLAIN_REPORTS,
    REPORT_TYPES,
    SIDES_OF_ORDERS,
    STATUSES,
    TIMES_IN_FORCE,
    TRAIL_OFFSET_TYPES,
    TRIGGER_SOURCES,
)
from orderledger.venues.importers.source import NothingToRecord
from orderledger.venues.interop.context import ObjectContext

ABSOLUTE = "3"
"""CommType: the commission is the total. Other types need the contract's terms, so the fee stays in
the evidence."""

TRAILING_STOP_PEG = "8"

LEG, PACKAGE = "2", "3"
"""MultiLegReportingType (442): a report about a leg of a combination, and about all of it."""

FILLS = frozenset("FGH")
"""ExecTypes about a fill."""


def translated(tags: Tags, context: ObjectContext) -> list[Message]:
    """The messages of one FIX message; none if it is not about an order. Raises InvalidMessage
    naming the tag, and NothingToRecord for the state of a leg.
    """
    translate = KINDS.get(tags.needed(35))
    return [] if translate is None else translate(tags, context)


def _message(kind: str, tags: Tags, context: ObjectContext, **fields: Any) -> Message:
    return context.message(kind, at=tags.moment(60, 52), **fields)


def _requested(tags: Tags, context: ObjectContext, **terms: Any) -> list[Message]:
    client_order_id = tags.needed(11)
    request = _message(
        "request",
        tags,
        context,
        client_order_id=client_order_id,
        instrument=_needed_instrument(tags, context),
        side=_side(tags),
        quantity=tags.number(38),
        expire_at=tags.moment(126),
        **{**_terms(tags), **terms},
        **_rare_terms(tags),
    )
    return [request, _message("submit", tags, context, client_order_id=client_order_id)]


def _combination_requested(tags: Tags, context: ObjectContext) -> list[Message]:
    """NewOrderMultileg. A net price may be 0."""
    return _requested(tags, context, legs=legs_of(tags, context), limit_price=tags.number(44))


def _needed_instrument(tags: Tags, context: ObjectContext) -> str:
    found = instrument_named(tags, context)
    if found is None:
        raise InvalidMessage("55", "is missing")
    return found


def _side(tags: Tags) -> str:
    side = tags.word(54, SIDES_OF_ORDERS)
    if side is None:
        raise InvalidMessage("54", f"{tags.get(54)!r} is not a side that the ledger supports")
    return side


def _terms(tags: Tags) -> dict[str, Any]:
    code = tags.get(40)
    kind = None if code is None else _order_type(tags, code)
    return {
        "order_type": "other" if tags.get(442) == PACKAGE else kind,
        "limit_price": tags.above_zero(44),
        "stop_price": tags.above_zero(99) or tags.above_zero(1102),
        "time_in_force": tags.word(59, TIMES_IN_FORCE),
        "post_only": True if "6" in (tags.get(18) or "").split() else None,
    }


def _order_type(tags: Tags, code: str) -> str:
    is_trailing = code == "P" and tags.get(1094) == TRAILING_STOP_PEG
    return "trailing_stop" if is_trailing else ORDER_TYPES.get(code, "other")


def _rare_terms(tags: Tags) -> dict[str, Any]:
    """Terms of FIX 5.0 and of few orders. An offset in ticks or basis points stays in the
    evidence."""
    unit = tags.word(836, TRAIL_OFFSET_TYPES) if tags.get(836) else "amount"
    offset = tags.above_zero(211) if tags.get(1094) == TRAILING_STOP_PEG and unit else None
    shown = tags.number(111)
    return {
        "quote_quantity": None if tags.get(38) else tags.above_zero(152),
        "display_quantity": tags.number(1138) if shown is None else shown,
        "trail_offset": None if offset is None else abs(offset),
        "trail_offset_type": None if offset is None else unit,
        "trigger_source": tags.word(1107, TRIGGER_SOURCES),
    }


def _cancel_requested(tags: Tags, context: ObjectContext) -> list[Message]:
    names = {"client_order_id": tags.needed(41), "request_id": tags.needed(11)}
    return [_message("request_cancel", tags, context, **names)]


def _replace_requested(tags: Tags, context: ObjectContext) -> list[Message]:
    return [
        _message(
            "request_replace",
            tags,
            context,
            client_order_id=tags.needed(41),
            replacement_client_order_id=tags.needed(11),
            **_changed_terms(tags),
        )
    ]


def _refused(tags: Tags, context: ObjectContext) -> list[Message]:
    """OrderCancelReject. The state in 39 is a claim, not an end: an end has a report of its own."""
    kind = "replace_rejected" if tags.get(434) == "2" else "cancel_rejected"
    reason = CANCEL_REJECT_REASONS.get(tags.get(102) or "", "rejected")
    given = {
        "client_order_id": tags.needed(41),
        "request_id": tags.needed(11),
        "reason": reason,
        "text": tags.get(58),
    }
    return [_message(kind, tags, context, **given, **_claims(tags, {}))]


def _executed(tags: Tags, context: ObjectContext) -> list[Message]:
    exec_type = EXEC_TYPES.get(tags.get(20) or "0", {}).get(tags.needed(150), tags.needed(150))
    if tags.get(442) == LEG and exec_type not in FILLS:
        raise NothingToRecord("is the state of a leg, and the combination has reports of its own")
    if tags.get(442) == PACKAGE and exec_type in FILLS:
        return [_observed(exec_type, tags, context)]
    return [REPORTS.get(exec_type, _observed)(exec_type, tags, context)]


def _names(tags: Tags, *, is_replaced: bool = False) -> dict[str, Any]:
    """The ids of the order. 41 is its earlier id if 11 is the id of the answered request."""
    order, request, venue = tags.get(41) or tags.get(11), tags.get(11), tags.get(37)
    if order is None and venue is None:
        raise InvalidMessage("11", "is missing, and so is 37")
    names = {"client_order_id": order, "venue_order_id": None if venue == "NONE" else venue}
    return (
        {**names, "replacement_client_order_id": request} if is_replaced and tags.get(41) else names
    )


def _claims(tags: Tags, terms: Mapping[str, Any]) -> dict[str, Any]:
    """Further claims of the report, to be compared. Its terms are recorded for an order that is
    missing from the log. A leg's report claims nothing about the order. The report of a
    combination claims no quantity: an order without a request counts the fills of its legs.
    """
    if tags.get(442) == LEG:
        return {"reported": {"order_type": "other"}}
    quantities = {
        "quantity": tags.above_zero(38),
        "cum_quantity": tags.number(14),
        "leaves_quantity": tags.number(151),
    }
    found = {
        "status": tags.word(39, STATUSES),
        **({} if tags.get(442) == PACKAGE else quantities),
        **{name: value for name, value in terms.items() if value is not None},
    }
    given = {name: value for name, value in found.items() if value is not None}
    return {"reported": given} if given else {}


def _report(
    kind: str, tags: Tags, context: ObjectContext, *, is_replaced: bool = False, **fields: Any
) -> Message:
    return _message(
        kind,
        tags,
        context,
        **_names(tags, is_replaced=is_replaced),
        instrument=instrument_named(tags, context),
        side=tags.word(54, SIDES_OF_ORDERS),
        text=tags.get(58),
        **fields,
    )


def _filled(exec_type: str, tags: Tags, context: ObjectContext) -> Message:
    given = {
        "fill_id": tags.needed(17),
        "quantity": tags.number(32),
        "price": tags.number(31),
        "liquidity": tags.word(851, LIQUIDITY),
        **_fee(tags),
    }
    if exec_type == "G":
        return _report("fill_corrected", tags, context, corrects=tags.needed(19), **given)
    return _report("fill", tags, context, **given, **_claims(tags, _terms(tags)))


def _fee(tags: Tags) -> dict[str, Any]:
    """The commission and the miscellaneous fees, if all are totals in one currency."""
    amounts = (
        [(tags.number(12), tags.get(479))]
        if tags.get(12) and tags.get(13) in (None, ABSOLUTE)
        else []
    )
    miscellaneous: list[Tags] = []
    for tag, value in tags.pairs:
        if tag == 137:
            miscellaneous.append(Tags([(tag, value)]))
        elif tag == 138 and miscellaneous:
            miscellaneous[-1] = Tags([*miscellaneous[-1].pairs, (tag, value)])
    amounts += [(fee.number(137), fee.get(138)) for fee in miscellaneous]
    currencies = {currency or tags.get(15) for amount, currency in amounts if amount}
    if len(currencies) > 1 or (tags.get(12) and tags.get(13) not in (None, ABSOLUTE)):
        return {}
    total = Decimal(0)
    for amount, _ in amounts:
        total = EXACT.add(total, amount or Decimal(0))
    return {"fee": total, "fee_currency": next(iter(currencies), None)} if amounts else {}


def _busted(exec_type: str, tags: Tags, context: ObjectContext) -> Message:
    return _report("fill_busted", tags, context, fill_id=tags.needed(19))


def _accepted(exec_type: str, tags: Tags, context: ObjectContext) -> Message:
    return _report("acknowledged", tags, context, **_claims(tags, _terms(tags)))


def _rejected(exec_type: str, tags: Tags, context: ObjectContext) -> Message:
    reason = ORDER_REJECT_REASONS.get(tags.get(103) or "", "rejected")
    return _report("rejected", tags, context, reason=reason, **_claims(tags, {}))


def _ended(exec_type: str, tags: Tags, context: ObjectContext) -> Message:
    return _report(REPORT_TYPES[exec_type], tags, context, **_claims(tags, {}))


def _replaced(exec_type: str, tags: Tags, context: ObjectContext) -> Message:
    return _report(
        "replaced", tags, context, is_replaced=True, **_changed_terms(tags), **_claims(tags, {})
    )


def _changed_terms(tags: Tags) -> dict[str, Any]:
    return {
        "quantity": tags.above_zero(38),
        "limit_price": tags.above_zero(44),
        "stop_price": tags.above_zero(99) or tags.above_zero(1102),
        **_rare_terms(tags),
    }


def _restated(exec_type: str, tags: Tags, context: ObjectContext) -> Message:
    reason = tags.get(378) and f"restatement_{tags.get(378)}"
    return _report(
        "restated", tags, context, reason=reason, **_changed_terms(tags), **_claims(tags, {})
    )


def _observed(exec_type: str, tags: Tags, context: ObjectContext) -> Message:
    """A state without a change: pending requests, OrderStatus, Calculated."""
    state: dict[str, Any] = FIXED_STATES.get(exec_type) or {
        "status": tags.word(39, STATUSES) or f"fix_{tags.get(39)}"
    }
    if state.get("status") in ("pending_cancel", "pending_replace"):
        state = {"pending": state["status"].removeprefix("pending_")}
    return _report("status_observed", tags, context, **state, **_claims(tags, _terms(tags)))


REPORTS: dict[str, Callable[[str, Tags, ObjectContext], Message]] = {
    "F": _filled,
    "G": _filled,
    "H": _busted,
    "0": _accepted,
    "8": _rejected,
    "5": _replaced,
    "D": _restated,
    **dict.fromkeys(PLAIN_REPORTS, _ended),
}

KINDS: dict[str, Callable[[Tags, ObjectContext], list[Message]]] = {
    "D": _requested,
    "AB": _combination_requested,
    "AC": _replace_requested,
    "F": _cancel_requested,
    "G": _replace_requested,
    "8": _executed,
    "9": _refused,
}
"""MsgType -> translation. Session messages and market data are not about orders."""
