"""Payloads of Corner, to messages: an order lists its fills, which have no ids."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

from orderledger.domain.values import Source
from orderledger.infrastructure.messages.registry import (
    Acknowledge,
    Balance,
    Cancel,
    Expire,
    Fill,
    Reject,
    Report,
    ReportedClaims,
    Status,
)
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import (
    Document,
    Unreadable,
    identity,
    moment,
    needed_number,
    number,
    price,
    word,
)
from orderledger.venues.base.translation import Fault, Translation, guarded, joined

CLIENT_ID = "corner.client_id"
SIDES = {"BUY": "buy", "SELL": "sell"}
STATES: dict[str, tuple[type[Report], str]] = {
    "WORKING": (Acknowledge, "new"),
    "DONE": (Status, "filled"),
    "GONE": (Cancel, "canceled"),
    "LATE": (Expire, "expired"),
    "REFUSED": (Reject, "rejected"),
}
ENDED = frozenset({"DONE", "GONE", "LATE", "REFUSED"})


class CornerRecording:
    """`Recording`."""

    def __init__(self, account: str) -> None:
        self._account = account

    def read(self, document: Any) -> Translation:
        rows = document.get("orders") if isinstance(document, dict) else None
        if not isinstance(rows, list):
            return Translation(faults=(Fault("is not a list of orders", document),))
        return orders_told(rows, self._account)

    def rest(self) -> Translation:
        return Translation()

    def terms_of(self, instrument: str) -> Terms | None:
        return terms_of(instrument)


def orders_told(rows: list[Any], account: str) -> Translation:
    return joined(guarded(partial(_order_told, row, account), row) for row in rows)


def positions_told(rows: list[Any], account: str) -> Translation:
    return joined(guarded(partial(_position_told, row, account), row) for row in rows)


def terms_of(instrument: str) -> Terms | None:
    """Everything here is quoted in US dollars, `ETH`."""
    return Terms(currency="USD")


def id_of(row: Any) -> str:
    found = identity(row, "id") if isinstance(row, dict) else None
    if found is None:
        raise Unreadable("id is missing")
    return found


def _order_told(row: Any, account: str) -> Translation:
    venue_order_id, symbol, state = id_of(row), word(row, "symbol"), word(row, "state")
    side, at, name = (
        SIDES.get(word(row, "side") or ""),
        moment(row, "updated"),
        word(row, "client_id"),
    )
    if symbol is None or state is None or side is None or at is None:
        raise Unreadable("symbol, state, side or updated is missing, or is none")
    common: Document = {
        "account": account,
        "venue_order_id": venue_order_id,
        "aliases": {CLIENT_ID: name} if name else {},
        "instrument": symbol,
        "side": side,
        "source": Source.VENUE_POLL,
    }
    kind, status = STATES.get(state, (Status, state))
    filled = number(row, "filled")
    claims = ReportedClaims(
        status="partially_filled"
        if kind is Acknowledge and filled
        else status
        if state in STATES
        else None,
        quantity=number(row, "quantity"),
        cum_quantity=filled,
        limit_price=price(row, "price"),
    )
    own: Document = {
        **common,
        "at": at,
        "reported": claims,
        **({"status": status} if kind is Status else {}),
    }
    return Translation((*_fills(row, common), kind(**own, evidence=row)))


def _fills(row: Document, common: Document) -> Iterator[Fill]:
    filled = Decimal(0)
    for fill in row.get("fills") or ():
        quantity = needed_number(fill, "quantity")
        filled += quantity
        fill_id, paid = f"{common['venue_order_id']}:{filled:f}", needed_number(fill, "price")
        yield Fill(
            **common,
            fill_id=fill_id,
            quantity=quantity,
            price=paid,
            at=moment(fill, "at"),
            evidence=fill,
        )


def _position_told(row: Any, account: str) -> Translation:
    symbol = word(row, "symbol")
    if symbol is None:
        raise Unreadable("symbol is missing")
    held: Document = {
        "instrument": symbol,
        "quantity": needed_number(row, "quantity"),
        "average_price": price(row, "price"),
    }
    return Translation(
        [
            Balance(
                account=account,
                **held,
                source=Source.VENUE_POLL,
                at=moment(row, "at"),
                evidence=row,
            )
        ]
    )
