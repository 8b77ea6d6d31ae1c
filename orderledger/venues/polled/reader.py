"""`Reader`: the payloads of a polled spot venue to messages, by its table.

Pure: no clock, no network. A row that cannot be read is a Fault and costs the other rows nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from orderledger import Balance, Fill, Liquidity, Message, OrderType, Side
from orderledger import OrderStatus as Status
from orderledger.extend.values import ZERO, DatedBy, total
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import (
    Details,
    Document,
    PayloadRow,
    Unreadable,
    identity,
    moment,
    needed_number,
    needed_word,
    number,
    one_of,
    paid_price,
    price,
    rows_within,
    sequence_of,
    word,
)
from orderledger.venues.base.translation import Fault, Translation
from orderledger.venues.polled.order_rows import (
    ENDED,
    FillRow,
    PolledOrderState,
    ReadRow,
    RowContext,
    each,
    latest,
    nameless_fills,
)
from orderledger.venues.polled.table import RowKind, SpotTable

WITHOUT_LIMIT = (OrderType.MARKET, OrderType.STOP)
LIQUIDITY = {str(liquidity): liquidity for liquidity in Liquidity}


def at(document: object, path: str) -> object:
    """The value at a path of names; `*` names the values of an object. None if there is none."""
    for name in path.split(".") if path else ():
        if not isinstance(document, dict):
            return None
        document = list(document.values()) if name == "*" else document.get(name)
    return document


class Reader:
    """Reads rows and payloads. A reading method raises Unreadable unless it says otherwise."""

    def __init__(self, table: SpotTable) -> None:
        self.table = table
        self._sides = {word.lower(): side for side, word in table.sides.items()}
        self._types = {plain_type(word): one for one, word in table.order_types.items()}

    def order(self, row: PayloadRow, context: RowContext) -> Iterator[Message]:
        """The messages of an order's row: the fills that it lists, then its state."""
        fields = self.table.order
        name = self._name(row, fields.id)
        if name is None:
            raise Unreadable(f"{fields.id} is missing")
        symbol, side = fields.symbol(row), one_of(row, fields.side, self._sides)
        instrument = self.table.markets.instrument(symbol)
        order_type, client_id = self._order_type(row), word(row, fields.client_id)
        status = self._status(row, order_type, context.terms_of(instrument))
        status_word, filled = word(row, fields.status) or "", number(row, fields.filled)
        fills = list(self._fills(row, symbol, side))
        changed_at = self._first_time(row, fields.changed_at)
        made_at = self._made_at(row, name, status, context) if changed_at is None else None
        fills_at = latest(*(fill.at for fill in fills), self._filled_at(name, filled, context))
        state = PolledOrderState(
            venue_order_id=name,
            aliases={self.table.alias: client_id} if client_id else {},
            instrument=instrument,
            side=side,
            word=status_word,
            status=status,
            at=latest(changed_at, made_at, fills_at),
            dated_by=DatedBy.VENUE if changed_at is not None else DatedBy.RECEIPT,
            quantity=number(row, fields.quantity),
            filled=filled,
            average_price=price(row, fields.average_price),
            limit_price=self._limit_price(row, order_type),
            stop_price=price(row, fields.stop_price),
            order_type=order_type,
            reason=status_word if status_word.lower() in self.table.says_more else None,
        )
        if fills:
            yield from nameless_fills(fills, state.common(context), filled)
        yield from self.table.reports(state, context, row)

    def fill(self, row: PayloadRow, context: RowContext) -> Iterator[Message]:
        """The message of a row of the list of fills."""
        fields = self.table.fill
        name, fill_id = self._name(row, fields.order_id), self._name(row, fields.id)
        symbol, side = self.table.order.symbol(row), one_of(row, fields.side, self._sides)
        terms = self._terms_of_fill(row, symbol, side)
        if name is None or fill_id is None or terms["at"] is None:
            raise Unreadable(f"{fields.id}, {fields.order_id} or {fields.at} is missing")
        yield Fill(
            account=context.account,
            source=context.source,
            venue_order_id=name,
            instrument=self.table.markets.instrument(symbol),
            side=side,
            fill_id=fill_id,
            sequence=sequence_of(fill_id) if self.table.order.has_number_as_id else None,
            **terms,
        )

    def balance(self, row: PayloadRow, context: RowContext) -> Iterator[Message]:
        """The balance of a currency, including the amount blocked by open orders."""
        currency = needed_word(row, self.table.held_currency).upper()
        yield Balance(
            account=context.account,
            source=context.source,
            currency=self.table.markets.currency(currency),
            amount=needed_number(row, self.table.held_quantity),
            at=context.received_at,
            evidence=row,
        )

    def is_fill(self, row: object) -> bool:
        """Whether a row is of the list of fills, not an order's. Never raises."""
        name = self.table.fill.order_id
        return bool(name) and isinstance(row, dict) and name in row

    def id_in(self, row: PayloadRow) -> str | None:
        """The id of the order of a row. None if it has none, or if the row is a fill's."""
        return None if self.is_fill(row) else self._name(row, self.table.order.id)

    def id_of(self, row: object) -> str | None:
        """The same of any row; None if the id cannot be read. Never raises."""
        with suppress(Unreadable):
            return self.id_in(row) if isinstance(row, dict) else None
        return None

    def has_ended(self, row: PayloadRow) -> bool:
        """Whether an order has ended. Never raises."""
        with suppress(Unreadable):
            return self._status(row, None, None) in ENDED
        is_active = self.table.order.is_active
        return bool(is_active) and row.get(is_active) is False

    def filled(self, row: object) -> tuple[Decimal, Decimal]:
        """How much an order is filled, and how much of that its row lists, where rows list fills.
        Never raises."""
        fields = self.table.fill
        with suppress(Unreadable):
            if fields.within and isinstance(row, dict):
                fills = rows_within(row, fields.within)
                listed = total(needed_number(fill, fields.quantity) for fill in fills)
                return number(row, self.table.order.filled) or ZERO, listed
        return ZERO, ZERO

    def rows(self, document: object, kind: RowKind) -> list[object] | None:
        """The rows of a kind in an answer; None of another answer. Never raises."""
        paths = (path for path, one in self.table.answers.lists.items() if one == kind)
        found = (at(document, path) for path in paths)
        return next((rows for rows in found if isinstance(rows, list)), None)

    def one_order(self, document: object) -> Document | None:
        """The row of the order in an answer about one; None of another answer. Never raises."""
        answers = self.table.answers
        found = at(document, answers.one_order)
        is_order = isinstance(found, dict) and all(
            name in found for name in answers.one_order_has[:1]
        )
        return found if is_order else None  # type: ignore[return-value]

    def terms(self, document: PayloadRow) -> dict[str, Terms]:
        """The terms in a list of instruments. One that cannot be read is left out. Never raises."""
        where, found = self.table.market_rows, []
        rows = at(document, where) if isinstance(where, str) else where(document)
        for row in rows if isinstance(rows, list) else ():
            with suppress(Unreadable):
                market = self.table.read_market(row) if isinstance(row, dict) else None
                found += [] if market is None else [market]
        return self.table.markets.listed(found)

    def translated(self, document: Any, context: RowContext) -> Translation:
        """The messages and faults of one payload. Never raises."""
        if not isinstance(document, dict):
            return Translation(faults=[Fault("is not a JSON object", document)])
        found = self._readable(document)
        if found is not None:
            return each(found[1], found[0], context)
        if any(name in document for name in self.table.answers.known_by):
            return Translation()
        return Translation(faults=[Fault("is not an answer of this venue", document)])

    def _readable(self, document: Document) -> tuple[ReadRow, Sequence[object]] | None:
        """The rows of a payload, and the function that reads them. None if it has no rows."""
        answers = self.table.answers
        for path, kind in answers.lists.items():
            rows = at(document, path)
            if isinstance(rows, list):
                return getattr(self, kind), rows
        for name, read in answers.other.items():
            if name in document:
                return partial(read, self), [document]
        one = at(document, answers.one_order)
        has_it = isinstance(one, dict) and all(name in one for name in answers.one_order_has)
        is_there = has_it if answers.one_order_has else one is not None
        return (self.order, [one]) if is_there else None

    def _name(self, row: PayloadRow, field: str) -> str | None:
        """The id of an order or a fill."""
        return (identity if self.table.order.has_number_as_id else word)(row, field)

    def _status(
        self, row: PayloadRow, order_type: OrderType | None, terms: Terms | None
    ) -> Status | None:
        if self.table.status_of is not None:
            return self.table.status_of(row, order_type, terms)
        return self.table.statuses.get(needed_word(row, self.table.order.status).lower())

    def _order_type(self, row: PayloadRow) -> OrderType | None:
        found = word(row, self.table.order.order_type)
        return None if found is None else self._types.get(plain_type(found), OrderType.OTHER)

    def _limit_price(self, row: PayloadRow, order_type: OrderType | None) -> Decimal | None:
        fields = self.table.order
        is_market = fields.market_price and row.get(fields.limit_price) == fields.market_price
        return None if is_market or order_type in WITHOUT_LIMIT else price(row, fields.limit_price)

    def _first_time(self, row: PayloadRow, names: Sequence[str]) -> datetime | None:
        times = (moment(row, name, offset=self.table.utc_offset) for name in names)
        return next((time for time in times if time is not None), None)

    def _made_at(
        self, row: PayloadRow, name: str, status: Status | None, context: RowContext
    ) -> datetime | None:
        """When an order was made; or when it was first seen as it is, where its row cannot say."""
        made_at = self._first_time(row, self.table.order.made_at)
        if made_at is not None and status not in self.table.undated_ends:
            return made_at
        return latest(made_at, context.first_seen_at(name, is_end=status in ENDED))

    def _filled_at(self, name: str, filled: Decimal | None, context: RowContext) -> datetime | None:
        """When this quantity was filled, for venues that list fills separately from orders."""
        if self.table.fill.within or context.fills is None or not filled:
            return None
        return context.fills.reached_at(name, filled)

    def _fills(self, row: PayloadRow, symbol: str, side: Side) -> Iterator[FillRow]:
        if self.table.fill.within:
            for fill in rows_within(row, self.table.fill.within):
                yield FillRow(**self._terms_of_fill(fill, symbol, side))

    def _terms_of_fill(self, row: PayloadRow, symbol: str, side: Side) -> Document:
        fields, markets, details = self.table.fill, self.table.markets, Details()
        code = details.read(fields.fee_currency, lambda: word(row, fields.fee_currency))
        if not fields.fee_currency:
            codes = markets.codes_of(symbol)
            code = None if codes is None else codes[0 if side is Side.BUY else 1]
        fee = details.read(fields.fee, lambda: number(row, fields.fee))
        role = details.read(fields.liquidity, lambda: word(row, fields.liquidity))
        return {
            "at": moment(row, fields.at, offset=self.table.utc_offset),
            "quantity": needed_number(row, fields.quantity),
            "price": paid_price(row, fields.price),
            "fee": fee,
            "fee_currency": markets.currency(code) if code else None,
            "liquidity": LIQUIDITY.get((role or "").lower()),
            "text": details.text,
            "evidence": row,
        }


def plain_type(found: str) -> str:
    return found.lower().replace("_", "")
