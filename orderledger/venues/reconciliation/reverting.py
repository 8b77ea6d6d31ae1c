"""Reverts a repair: erases nothing, but appends messages that undo it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from orderledger import (
    Absent,
    Adjust,
    Canceled,
    FillBusted,
    FillCorrected,
    Funding,
    Message,
    Reinstated,
    Restated,
    SettlementBusted,
    Source,
    Transfer,
)
from orderledger.extend.events import reports
from orderledger.extend.messages import numbers_and_times
from orderledger.extend.values import EXACT, ONE, ZERO, plain, sides
from orderledger.extend.views import instruments, position_rows
from orderledger.rows import EventRow, OrderRow
from orderledger.venues.reconciliation.book import JUST, TERMS, position_at
from orderledger.venues.reconciliation.breaks import ACTOR, UNDOES

if TYPE_CHECKING:
    from orderledger import Ledger

SMALLEST = ONE.scaleb(-numbers_and_times.DIGITS)
"""The finest price of a message. An average price may have more digits."""
REASON = "repair_reverted"
CERTIFICATE = "reconciliation_certified."
ATTRIBUTED = "order_attributed."
TERMS_OF_A_FILL = frozenset(
    {"quantity", "price", "fee", "fee_currency", "liquidity", "instrument", "side", "at"}
)


def repairs_of(log: "Ledger", break_id: str, account: str | None = None) -> list[EventRow]:
    """The events that a break appended when it was last found, oldest first.

    A position may differ again under the same id. Reverting the last adjustment does not include
    the one before. A certificate after each run that appends separates them.
    """
    found: dict[str, list[EventRow]] = {}
    certified: set[str] = set()
    for event in log.events():
        if event["name"].startswith(CERTIFICATE):
            certified.add(event["account"])
        elif (
            event["causation_id"] == break_id
            and _is_repair(event)
            and event["attributed_from"] is None
        ):
            if event["account"] in certified:
                found.pop(event["account"], None)
                certified.remove(event["account"])
            found.setdefault(event["account"], []).append(event)
    return [event for name, events in found.items() for event in events if account in (None, name)]


def _is_repair(event: EventRow) -> bool:
    """Check whether a reconciliation appended it, on its own or for a person."""
    return bool(event["actor"] == ACTOR or event["source"] == Source.RECONCILIATION)


def reverting(log: "Ledger", repairs: Sequence[EventRow], now: datetime) -> list[Message]:
    """The messages that undo these events, the latest first. Mere evidence needs none."""
    undone = []
    for event in reversed(repairs):
        undo = _UNDO.get(event["name"].partition(".")[0])
        message = undo(log, event, now) if undo else None
        if message is not None:
            undone.append(_stamped(message, event))
    return undone


def _stamped(message: Message, event: EventRow) -> Message:
    name = f"{UNDOES}{event['position']}"
    stamp = {
        "source": Source.RECONCILIATION,
        "actor": ACTOR,
        "causation_id": name,
        "reason": REASON,
    }
    return message.model_copy(update={**stamp, "message_id": name})


def _order(log: "Ledger", event: EventRow) -> OrderRow:
    """The order of an event: the one in its stream, or the order that it was attributed to."""
    stream = event["stream"]
    while not (rows := log.orders(account=event["account"], stream=stream)):
        stream = next(
            each["payload"]["to"]
            for each in log.events()
            if each["stream"] == stream and _is_attribution(each)
        )
    return rows[0]


def _is_attribution(event: EventRow) -> bool:
    name: str = event["name"]
    return name.startswith(ATTRIBUTED)


def _names(order: OrderRow) -> dict[str, Any]:
    """The names of an order for a message. An external order gets our id only if it has no other
    name."""
    is_known_by_ours = order["origin"] == "own" or not (order["venue_order_id"] or order["aliases"])
    return {
        "account": order["account"],
        "client_order_id": order["client_order_id"] if is_known_by_ours else None,
        "venue_order_id": order["venue_order_id"],
        "aliases": {} if is_known_by_ours else order["aliases"],
    }


def _bust(log: "Ledger", event: EventRow, now: datetime) -> Message:
    return FillBusted(**_names(_order(log, event)), fill_id=event["payload"]["fill_id"], at=now)


def _correct_back(log: "Ledger", event: EventRow, now: datetime) -> Message:
    """Correct a fill back to its earlier numbers. Busting the correction would remove the fill, so
    that is only done if the fill was unknown before."""
    payload, order = event["payload"], _order(log, event)
    before = log.trades(
        stream=order["stream"], fill_id=payload["corrects"], include_busted=True
    )  # other orders may share the id
    if not before:
        return _bust(log, event, now)
    was: dict[str, Any] = {
        name: term for name, term in before[0].items() if name in TERMS_OF_A_FILL
    }
    return FillCorrected(
        **_names(order),
        **was,
        fill_id=f"{payload['fill_id']}@{REASON}",
        corrects=payload["fill_id"],
    )


def _reinstate(log: "Ledger", event: EventRow, now: datetime) -> Message:
    """Reinstate the order at the time of its end, so that later reports of the venue count."""
    return Reinstated(**_names(_order(log, event)), at=event["at"])


def _withdraw(log: "Ledger", event: EventRow, now: datetime) -> Message:
    """An order of ours becomes absent, as before; an external one is canceled."""
    order = _order(log, event)
    message_class = Absent if order["origin"] == "own" else Canceled
    return message_class(**_names(order), at=max(now, event["at"]))


def _observed(log: "Ledger", event: EventRow, now: datetime) -> Message | None:
    return (
        _reinstate(log, event, now)
        if event["payload"].get("status") in reports.OBSERVED_ENDS
        else None
    )


def _restate(log: "Ledger", event: EventRow, now: datetime) -> Message | None:
    """Restore the earlier terms, unless the venue has reported later ones.

    The time is just after the reverted report: if the venue repeats that report in another form,
    the restored terms still win.
    """
    before = log.orders(
        account=event["account"], stream=event["stream"], as_of=event["position"] - 1
    )
    terms = before[0].items() if before else ()
    changed = TERMS & event["payload"].keys()
    known: dict[str, Any] = {
        name: term for name, term in terms if name in changed and term is not None
    }
    return Restated(**_names(_order(log, event)), **known, at=event["at"] + JUST) if known else None


def _adjust(log: "Ledger", event: EventRow, now: datetime) -> Message | None:
    if event["payload"].get("currency") is not None:
        return _adjust_balance(log, event)
    return _adjust_position(log, event)


def _adjust_balance(log: "Ledger", event: EventRow) -> Message | None:
    """Set the balance to its total just before, by all that is known now. None if that is
    unknown."""
    currency, at = event["payload"]["currency"], event["at"]
    rows = log.balances(account=event["account"], currency=currency, effective_at=at - JUST)
    total = rows[0]["total"] if rows else ZERO
    if total is None:
        return None
    return Adjust(account=event["account"], currency=currency, amount=total, at=at)


def _adjust_position(log: "Ledger", event: EventRow) -> Message:
    """Set the position to its quantity at that time without the adjustment, by all that is known
    now."""
    account, instrument, at = event["account"], event["payload"]["instrument"], event["at"]
    defined = next(iter(log.instruments(account=account, instrument=instrument)), None)
    named = {name: event["payload"].get(name) for name in ("position_side", "position_id")}
    entry: Any = {**named, "at": at, "position": event["position"]}
    part = sides.part_of(entry, instruments.modes_of(defined))
    held: Any = position_rows(
        position_at(log, account, instrument, at, part, without=event["position"])
    )[0]
    price = Decimal(plain(EXACT.quantize(held["average_open_price"], SMALLEST)))
    return Adjust(
        account=account,
        instrument=instrument,
        quantity=held["position_quantity"],
        price=price,
        at=at,
        **named,
    )


def _transfer_back(log: "Ledger", event: EventRow, now: datetime) -> Message:
    payload = event["payload"]
    return Transfer(
        account=event["account"],
        currency=payload["currency"],
        amount=-Decimal(payload["amount"]),
        kind=payload["kind"],
        at=event["at"],
    )


def _bust_settlement(log: "Ledger", event: EventRow, now: datetime) -> Message | None:
    """None for a settlement without an id: nothing can name it."""
    payload = event["payload"]
    if payload.get("message_id") is None:
        return None
    return SettlementBusted(
        account=event["account"],
        instrument=payload["instrument"],
        settlement_id=payload["message_id"],
        at=event["at"],
    )


def _pay_back(log: "Ledger", event: EventRow, now: datetime) -> Message:
    payload = event["payload"]
    return Funding(
        account=event["account"],
        instrument=payload["instrument"],
        amount=-Decimal(payload["amount"]),
        currency=payload["currency"],
        position_side=payload.get("position_side"),
        position_id=payload.get("position_id"),
        at=event["at"],
    )


_UNDO: dict[str, Callable[["Ledger", EventRow, datetime], Message | None]] = {
    "fill_recorded": _bust,
    "fill_corrected": _correct_back,
    "order_canceled": _reinstate,
    "order_rejected": _reinstate,
    "order_expired": _reinstate,
    "status_observed": _observed,
    "order_acknowledged": _withdraw,
    "order_replaced": _restate,
    "order_restated": _restate,
    "position_adjusted": _adjust,
    "funding_recorded": _pay_back,
    "transfer_recorded": _transfer_back,
    "instrument_settled": _bust_settlement,
}
