"""Corrections of a translation that need the ledger's data. None of them decides anything.

1. The venue gives one moment in s, ms or us. A row without microseconds may mean the recorded
   moment of the order. It is then reported with that moment, so that one fact read in two units
   stays one fact.

2. Terms that differ from those in force are reported as `replaced` if a replace is outstanding,
   else as `restated`, besides the row's own message. The venue has no event for a modified order,
   and the row that shows it may be missed.

3. An order that was recorded while its market had no name keeps its instrument.

4. The price of a stop or take-profit is the worst at which it may trade. It is reported as the
   limit price of an order of ours that was requested with one, because a replace may change it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from orderledger import (
    Acknowledged,
    Canceled,
    Expired,
    Fill,
    Message,
    Rejected,
    Replaced,
    Restated,
    StatusObserved,
)
from orderledger.extend.messages import Report
from orderledger.extend.views import Row
from orderledger.venues.base.fields import price
from orderledger.venues.base.venue import Records
from orderledger.venues.lighter.markets import FALLBACK, Markets
from orderledger.venues.lighter.orders import CHANGE_TIMES
from orderledger.venues.lighter.reading import grain, latest
from orderledger.venues.lighter.vocabulary import AT_WORST_PRICE_TYPES

EXACT_TIME = CHANGE_TIMES[0]
KNOWN_TIMES = ("acknowledged_at", "last_fill_at", "ended_at", "updated_at")
ENDINGS = (Canceled, Rejected, Expired)
KEPT = frozenset(Report.model_fields) - {"reported", "type", "reason", "text"}


def settled(
    messages: Iterable[Message], account: str, records: Records, markets: Markets
) -> list[Message]:
    """The messages of one answer or frame, in its order, corrected by the ledger's records."""
    changed: list[Message] = []
    fills: dict[str | None, datetime] = {}
    for message in messages:
        order = _known(message, account, records)
        if isinstance(message, Report):
            message = _with_worst_price(message, order)
            message = _changed(message, instrument=_instrument(message.instrument, order, markets))
            if not isinstance(message, Fill):
                message = _changed(
                    message, at=_moment(message, order, fills.get(message.venue_order_id))
                )
            elif message.at is not None:
                fills[message.venue_order_id] = max(
                    message.at, fills.get(message.venue_order_id, message.at)
                )
        changed.append(message)
        if isinstance(message, (Acknowledged, StatusObserved, *ENDINGS)) and order is not None:
            changed += _new_terms(message, order)
    return changed


def _known(message: Message, account: str, records: Records) -> Row | None:
    """The recorded order: by the venue's id, otherwise by an alias."""
    if not isinstance(message, Report):
        return None
    names = (
        *((message.venue_order_id,) if message.venue_order_id else ()),
        *message.aliases.values(),
    )
    return next(
        (order for name in names if (order := records.order(account, name)) is not None), None
    )


def _changed(message: Report, **changes: Any) -> Report:
    is_same = all(getattr(message, name) == value for name, value in changes.items())
    return message if is_same else message.model_copy(update=changes)


def _with_worst_price(message: Report, order: Row | None) -> Report:
    """The report with the worst price of a stop or take-profit that we requested with one."""
    row, claims = message.evidence, message.reported
    if order is None or order["origin"] != "own" or order["limit_price"] is None:
        return message
    if claims is None or not isinstance(row, dict) or row.get("type") not in AT_WORST_PRICE_TYPES:
        return message
    worst = price(row, "price")
    if worst is None:
        return message
    return message.model_copy(update={"reported": claims.model_copy(update={"limit_price": worst})})


def _instrument(stated: str | None, order: Row | None, markets: Markets) -> str | None:
    known = None if order is None else order["instrument"]
    if stated is None or not isinstance(known, str) or not known.startswith(FALLBACK):
        return stated
    return known if markets.index(known) == markets.index(stated) else stated


def _moment(message: Report, order: Row | None, filled_at: datetime | None) -> datetime | None:
    """The recorded time that a less precise time can mean. For an end its own time, otherwise
    the latest, including its fills.
    """
    at = message.at
    if (
        at is None
        or not isinstance(message.evidence, dict)
        or latest(message.evidence, EXACT_TIME) == at
    ):
        return at
    known = (
        [filled_at, *(order[name] for name in KNOWN_TIMES)] if order is not None else [filled_at]
    )
    possible = [moment for moment in known if moment is not None and at <= moment < at + grain(at)]
    if order is not None and isinstance(message, ENDINGS) and order["ended_at"] in possible:
        return order["ended_at"]  # type: ignore[no-any-return]
    return max(possible, default=at)


def _new_terms(message: Report, order: Row) -> Iterator[Message]:
    """Changed terms of one of our orders. Its first acknowledgement is left unchanged: it is
    compared with the request.
    """
    claims = message.reported
    is_first_word = isinstance(message, Acknowledged) and order["acknowledged_at"] is None
    if claims is None or order["origin"] != "own" or is_first_word:
        return
    claimed = {name: getattr(claims, name) for name in ("quantity", "limit_price", "stop_price")}
    changes = {name: value for name, value in claimed.items() if value and value != order[name]}
    if changes:
        model = Replaced if order["pending"] == "replace" else Restated
        kept = {name: getattr(message, name) for name in model.model_fields if name in KEPT}
        yield model(**kept, **changes)
