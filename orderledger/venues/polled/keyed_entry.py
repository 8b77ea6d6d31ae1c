"""`KeyedOrderEntry`: order entry at the venue of a `SpotTable`, whose answers have the row of the
order or its id."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlencode

from orderledger import CancelRejected, Message, OrderType, Rejected, Side, StatusObserved
from orderledger.extend.messages import Report
from orderledger.extend.values import DatedBy, plain
from orderledger.extend.views import Row
from orderledger.venues.base.definitions import Now
from orderledger.venues.base.documents import number_in
from orderledger.venues.base.fields import Document
from orderledger.venues.base.order_entry import Sent, submitted_one_by_one
from orderledger.venues.base.refusals import codes_of
from orderledger.venues.base.transport import pacing_of
from orderledger.venues.base.transport.sender import HttpAnswer, Sender
from orderledger.venues.base.venue_clock import VenueClock
from orderledger.venues.errors import NotSent, Unanswered
from orderledger.venues.polled.order_rows import RowContext, each
from orderledger.venues.polled.pairs import (
    arranged,
    client_ids_for,
    first_id,
    is_second,
    pair_fields,
    rows_of_pair,
    second_name,
)
from orderledger.venues.polled.queries import Sign, signed
from orderledger.venues.polled.reader import Reader
from orderledger.venues.polled.requests import Fields, OcoPlacing
from orderledger.venues.polled.table import Refusal, SpotTable

WITH_LIMIT = ("limit", "stop_limit")
WITH_STOP = ("stop", "stop_limit")


class KeyedOrderEntry:
    """Implements `OrderEntry`. `account`: its name in the ledger. `sign`: as in `ListedVenue`.
    `native_groups`: send OCO pairs as such, where the table has them."""

    def __init__(
        self,
        table: SpotTable,
        account: str,
        *,
        token: str,
        url: str,
        now: Now,
        timeout: float = 10.0,
        sign: Sign | None = None,
        native_groups: bool = False,
    ) -> None:
        self.abilities = table.entry_abilities
        if native_groups:
            self.abilities = replace(self.abilities, groups=self.abilities.groups_by_setting)
        self.table, self.sign = table, sign
        self._reader = Reader(table)
        self._account = account
        self._now = now
        self.clock = VenueClock()
        self.pacing = pacing_of(table.name, url, token, table.order_limits)
        self._sender = Sender(
            url,
            clock=self.clock,
            headers=table.headers_of(token),
            timeout=timeout,
            secrets=[token],
            is_refusal=table.is_turned_away,
            pacing=self.pacing,
            pause_in=lambda text: number_in(text, table.pause_field),
        )

    def prepare(self, order: Row) -> Mapping[str, str]:
        self._placing(order)
        return {self.table.alias: self.client_id(order)}

    async def submit(self, order: Row) -> Sent:
        fields = self._placing(order)
        return await self._sent("POST", self.table.place.path, fields, order, Rejected)

    async def submit_many(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        return await submitted_one_by_one(self, orders)

    def prepare_group(self, orders: Sequence[Row]) -> Sequence[Mapping[str, str]]:
        self._placing_pair(orders)
        first, _ = arranged(orders)
        name = self.client_id({**first, "aliases": {}})
        return [
            {self.table.alias: name if order is first else second_name(name)} for order in orders
        ]

    async def submit_group(self, orders: Sequence[Row]) -> Sequence[Sent]:
        """Send a pair. Each order is reported from its own row of the answer."""
        oco, fields = self._placing_pair(orders)
        first, _ = arranged(orders)
        answer, refusal = await self._asked("POST", self.table.place.path, fields)
        if refusal is not None or answer.status >= 400:
            return [[self._refused(Rejected, answer, refusal, one, {})] for one in orders]
        rows = rows_of_pair(oco, answer.document, self.table.order.id)
        if rows is None:
            raise Unanswered("unreadable", f"the answer has no pair: {answer.text[:200]}")
        return [self._reported(rows[one is not first], one) for one in orders]

    def _placing_pair(self, orders: Sequence[Row]) -> tuple[OcoPlacing, Fields]:
        """The fields of the request that places a pair. Raises NotSent."""
        first, second = arranged(orders)
        if self.table.oco is None:
            raise NotSent("unsupported_group", "the venue has no groups")
        fields = (self._placing(first), self._placing(second))
        return self.table.oco, pair_fields(self.table.oco, *fields, self._fields_of_terms)

    @property
    def _fields_of_terms(self) -> Mapping[str, str]:
        return {term: name for name, term in self.table.place.terms.items()}

    async def cancel(self, order: Row, request_id: str) -> Sent:
        """By the venue's id if it is known, else by the client id. A cancel of an order of a pair
        ends both."""
        known, cancel = order.get("venue_order_id"), self.table.cancel
        name = self.table.order_id(known) if known else first_id(self.client_id(order))
        path, fields = cancel.of(name, is_client_id=not known)
        return await self._sent(
            cancel.method, path, fields, order, CancelRejected, request_id=request_id
        )

    async def replace(self, order: Row, request: Row) -> Sent:
        raise NotSent(
            "replace_unsupported", "the venue cannot change an order: cancel it and send another"
        )

    async def aclose(self) -> None:
        await self._sender.aclose()

    def client_id(self, order: Row) -> str:
        """The client id of an order at the venue: the one it was recorded with."""
        known = (order.get("aliases") or {}).get(self.table.alias)
        return str(known) if known else self.table.client_ids.of(order["client_order_id"])

    def _placing(self, order: Row) -> Fields:
        """The fields of the request that places an order. Raises NotSent."""
        markets, place = self.table.markets, self.table.place
        symbol = markets.symbol(order["instrument"]) or ""
        codes = markets.codes(symbol)
        if codes is None:
            raise NotSent(
                "unknown_instrument", f"{order['instrument']!r} is not in the table of markets"
            )
        self._check(order)
        terms = {
            "symbol": symbol,
            "base": place.write_code(codes[0]),
            "quote": place.write_code(codes[1]),
            "side": self.table.sides[Side(order["side"])],
            "order_type": self.table.order_types[OrderType(order["order_type"])],
            "client_id": self.client_id(order),
        } | {name: written(order, name) for name in ("quantity", "limit_price", "stop_price")}
        fields = {name: terms[term] for name, term in place.terms.items()}
        return {
            **{name: value for name, value in fields.items() if value is not None},
            **place.fields,
        }

    def _check(self, order: Row) -> None:
        """Raises NotSent for an order that the venue cannot take."""
        order_type, known = order["order_type"], self.abilities.order_types
        if order_type not in known or order.get("post_only") or order.get("reduce_only"):
            raise NotSent(
                "unsupported_order_type",
                f"{order_type} is not one of {', '.join(sorted(known))}, without conditions",
            )
        if order.get("time_in_force") not in (None, "gtc"):
            raise NotSent("unsupported_time_in_force", f"{order['time_in_force']} is not gtc")
        for name, types in (("limit_price", WITH_LIMIT), ("stop_price", WITH_STOP)):
            if (order.get(name) is not None) != (order_type in types):
                raise NotSent(
                    f"incorrect_{name}", f"{name} is {order.get(name)} for a {order_type} order"
                )

    async def _sent(
        self,
        method: str,
        path: str,
        fields: Fields,
        order: Row,
        refused: type[Report],
        **names: str,
    ) -> Sent:
        answer, refusal = await self._asked(method, path, fields)
        if refusal is not None or answer.status >= 400:
            return [self._refused(refused, answer, refusal, order, names)]
        if not self.table.is_accepted(answer.document):
            raise Unanswered("unreadable", f"the answer accepts nothing: {answer.text[:200]}")
        receipt, row = self.table.receipt_field, self._reader.one_order(answer.document)
        if row is None and receipt and receipt in answer.document:
            return []
        if row is None:
            raise Unanswered("unreadable", "the answer names no order")
        return [self._received(row, order)] if receipt else self._reported(row, order)

    async def _asked(
        self, method: str, path: str, fields: Fields
    ) -> tuple[HttpAnswer, Refusal | None]:
        await self.pacing.turn(self.table.order_costs(path))
        fields = signed(fields, self.sign)
        if method != "POST":
            path, fields = f"{path}?{urlencode(fields)}" if fields else path, {}
        answer = await self._sender.send(method, path, json=fields or None)
        return answer, self.table.refusal(answer.document)

    def _received(self, row: Document, order: Row) -> Message:
        """A sign that the venue received the order, and its id. The result follows from its row."""
        name = self._reader.id_of(row)
        if name is None:
            raise Unanswered("unreadable", "the answer names no order")
        return StatusObserved(
            account=self._account,
            client_order_id=order["client_order_id"],
            aliases={self.table.alias: self.client_id(order)},
            venue_order_id=name,
            status="pending_new",
            at=self._now(),
            dated_by=DatedBy.RECEIPT,
            evidence=row,
        )

    def _reported(self, row: Document, order: Row) -> Sent:
        """The messages of the row of an answer about our order, and only about ours. An answer
        about the first order of a pair says nothing about the second."""
        now, client_id = self._now(), self.client_id(order)
        context = RowContext(
            account=self._account,
            received_at=now,
            first_seen_at=lambda name, *, is_end: now,
            client_ids=client_ids_for(self.table.oco, row, client_id),
        )
        if is_second(client_id) and not context.client_ids:
            return []
        read = each([row], self._reader.order, context)
        if read.faults:
            raise Unanswered("unreadable", read.faults[0].fault)
        named = {
            message.aliases.get(self.table.alias)
            for message in read.messages
            if isinstance(message, Report)
        }
        if named != {client_id}:
            raise Unanswered("unreadable", f"the answer is about {named}")
        ours = {"client_order_id": order["client_order_id"]}
        return [
            message.model_copy(update=ours) if isinstance(message, Report) else message
            for message in read.messages
        ]

    def _refused(
        self,
        kind: type[Report],
        answer: HttpAnswer,
        refusal: Refusal | None,
        order: Row,
        names: Mapping[str, str],
    ) -> Message:
        """The refusal as a message. Raises Unanswered if it does not prove that nothing was
        accepted.
        """
        stated, text = ((), answer.text) if refusal is None else ((refusal.code,), refusal.text)
        reason = self.table.refusals.reason(kind, codes_of(answer.status, *stated), text)
        fields: Document = {
            "account": self._account,
            "client_order_id": order["client_order_id"],
            "at": self._now(),
            "reason": reason,
            "text": text[:2000] or f"HTTP {answer.status}",
            "evidence": answer.document if answer.document is not None else {"text": answer.text},
            **names,
        }
        return kind(**fields)


def written(order: Row, name: str) -> str | None:
    """A number of an order, without an exponent."""
    value = order.get(name)
    return None if value is None else plain(Decimal(value))
