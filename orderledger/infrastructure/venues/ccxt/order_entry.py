"""`CcxtOrderEntry`: sends the orders of one account through ccxt.

ccxt's errors do not say whether an order may have reached the exchange. `refusals.judged` does: from the error, from its cause,
and from whether a request was made.
"""

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import ccxt

from orderledger.domain.exact import plain
from orderledger.domain.values import OrderType, Source, TimeInForce
from orderledger.infrastructure.errors import NotSent, Unanswered
from orderledger.infrastructure.messages.registry import Message, Reject, RejectCancel, RejectReplace, Replace
from orderledger.infrastructure.venues.base.order_entry import EntryAbilities, Sent
from orderledger.infrastructure.venues.ccxt.context import Context
from orderledger.infrastructure.venues.ccxt.exchange import Connections, noted, shown
from orderledger.infrastructure.venues.ccxt.orders import client_id_of, order_messages, venue_order_id
from orderledger.infrastructure.venues.ccxt.quirks import Quirks, quirks_of
from orderledger.infrastructure.venues.ccxt.refusals import judged, reason_of
from orderledger.infrastructure.venues.ccxt.vocabulary import CLIENT_ID
from orderledger.projections.view import Row

LONGEST_DERIVED = 26
"""Characters of a derived text, without its prefix: every exchange takes so many."""
LARGEST_INTEGER = 2**45

TYPES = {
    OrderType.LIMIT: "limit",
    OrderType.MARKET: "market",
    OrderType.STOP: "market",
    OrderType.STOP_LIMIT: "limit",
}
"""ccxt's types. A stop order is one with a trigger price."""
IN_FORCE: Mapping[str | None, str | None] = {None: None, TimeInForce.GTC: None, TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}


class CcxtOrderEntry:
    """`OrderEntry` of one account. `exchange`: ccxt's, with numbers as text (see `exchange.connected`)."""

    def __init__(self, exchange: Any, *, account: str, now: Callable[[], datetime]) -> None:
        self._exchange = exchange
        self._quirks = quirks_of(exchange.id)
        self._account = account
        self._now = now
        self._turn = asyncio.Semaphore(1 if self._quirks.is_serial else 1_000)
        self.abilities = EntryAbilities(
            batch=self._quirks.batch,
            replaces=self._quirks.edits_in_place,
            cancels_by_client_id=self._quirks.cancels_by_client_id,
            absence_seconds=self._quirks.absence_seconds,
            orders_per_second=1_000 / exchange.rateLimit if exchange.rateLimit else None,
        )

    def prepare(self, order: Row) -> Mapping[str, str]:
        """Our own id where it fits, else one derived from it. Raises NotSent for terms that ccxt cannot send."""
        self._type_of(order)
        if self._exchange.markets:
            self._check_steps(order)
        return {CLIENT_ID: client_id_for(self._quirks, self._account, order["client_order_id"])}

    async def submit(self, order: Row) -> Sent:
        await self._load_markets()
        self._check_steps(order)
        row, refusal = await self._sent(partial(self._exchange.create_order, *self._arguments(order)))
        return [self._reject(Reject, order, *refusal)] if refusal else self._accepted(row, order)

    async def submit_many(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        if self._quirks.batch < len(orders) or len(orders) == 1:
            return [await _caught(self.submit(order)) for order in orders]
        try:
            await self._load_markets()
            for order in orders:
                self._check_steps(order)
            names = ("symbol", "type", "side", "amount", "price", "params")
            asked = [dict(zip(names, self._arguments(order), strict=True)) for order in orders]
            with noted() as note:
                _, refusal = await self._sent(partial(self._exchange.create_orders, asked))
        except (NotSent, Unanswered) as error:
            return [error for _ in orders]
        # ccxt sorts the rows by time, and raises for a single one that is refused: the document has them in their order.
        document = refusal[2] if refusal else note.answer
        if refusal and not isinstance(document, list):
            return [[self._reject(Reject, order, *refusal)] for order in orders]
        if not isinstance(document, list) or len(document) != len(orders):
            return [Unanswered("unreadable_answer", "an answer for other orders than were sent") for _ in orders]
        return [self._part(self._exchange.parse_order(raw), order) for raw, order in zip(document, orders, strict=True)]

    async def cancel(self, order: Row, request_id: str) -> Sent:
        await self._load_markets()
        name, client_id = order.get("venue_order_id"), self._client_id(order)
        if name is None and not (self._quirks.cancels_by_client_id and client_id):
            raise NotSent("no_venue_order_id", f"{self._exchange.id} cancels by its own id, which is not known yet")
        params = {} if name is not None else {"clientOrderId": client_id}
        row, refusal = await self._sent(partial(self._exchange.cancel_order, name or "", order["instrument"], params))
        if refusal:
            return [self._reject(RejectCancel, order, *refusal, request_id=request_id)]
        return self._accepted(row, order) if isinstance(row, dict) and row.get("status") and venue_order_id(row) == name else []

    async def replace(self, order: Row, request: Row) -> Sent:
        if not self._quirks.edits_in_place or order.get("venue_order_id") is None:
            raise NotSent("no_replace", f"{self._exchange.id} cannot change this order in its place")
        await self._load_markets()
        terms = {name: request.get(name) for name in ("quantity", "limit_price", "stop_price") if request.get(name) is not None}
        changed = {**order, **terms}
        self._check_steps(changed)
        symbol, kind, side, amount, price, params = self._arguments(changed)
        params = {name: value for name, value in params.items() if name == "triggerPrice"}
        edit = partial(self._exchange.edit_order, order["venue_order_id"], symbol, kind, side, amount, price, params)
        _, refusal = await self._sent(edit, is_repeated=True)
        if refusal:
            return [self._reject(RejectReplace, order, *refusal, request_id=request["request_id"])]
        return [Replace(**self._named(order), **terms)]

    async def aclose(self) -> None:
        await Connections(self._exchange).aclose()

    # Sending

    async def _sent(
        self, call: Callable[[], Awaitable[Any]], *, is_repeated: bool = False
    ) -> tuple[Any, tuple[str, str, Any] | None]:
        """The answer, or a refusal: reason, sentence and document. Raises NotSent and Unanswered."""
        async with self._turn:
            with noted() as note:
                try:
                    return await call(), None
                except Exception as error:
                    return None, judged(error, note, is_repeated=is_repeated)

    async def _load_markets(self) -> None:
        try:
            if not self._exchange.markets:
                await self._exchange.load_markets()
        except Exception as error:
            raise NotSent("not_connected", f"the markets cannot be loaded: {shown(error)}") from None

    def _arguments(self, order: Row) -> tuple[str, str, str, str, str | None, dict[str, Any]]:
        """The arguments of createOrder."""
        kind, client_id = self._type_of(order), self._client_id(order)
        params: dict[str, Any] = {self._quirks.id_param: int(client_id) if self._quirks.id_form == "integer" else client_id}
        in_force = IN_FORCE[order.get("time_in_force")]
        params |= {"timeInForce": in_force} if in_force else {}
        params |= {"postOnly": True} if order.get("post_only") else {}
        params |= {"reduceOnly": True} if order.get("reduce_only") else {}
        params |= {"triggerPrice": plain(order["stop_price"])} if order.get("stop_price") is not None else {}
        price = order.get("limit_price")
        return (
            order["instrument"],
            kind,
            str(order["side"]),
            plain(order["quantity"]),
            None if price is None else plain(price),
            params,
        )

    def _type_of(self, order: Row) -> str:
        kind, in_force = TYPES.get(order["order_type"]), order.get("time_in_force")
        if kind is None:
            raise NotSent("order_type", f"{order['order_type']} orders are not sent through ccxt")
        if in_force not in IN_FORCE:
            raise NotSent("time_in_force", f"{in_force} orders are not sent through ccxt")
        return kind

    def _check_steps(self, order: Row) -> None:
        """ccxt would round without a word, and send other terms than are recorded."""
        symbol = order["instrument"]
        if symbol not in self._exchange.markets:
            raise NotSent("unknown_instrument", f"{self._exchange.id} has no market {symbol}")
        for name, rounded, reason in (
            ("quantity", self._exchange.amount_to_precision, "quantity_step"),
            ("limit_price", self._exchange.price_to_precision, "price_step"),
            ("stop_price", self._exchange.price_to_precision, "price_step"),
        ):
            value = order.get(name)
            if value is not None and not _is_exact(partial(rounded, symbol), value):
                raise NotSent(reason, f"{name} {plain(value)} is no multiple of the step of {symbol}")

    # Answers

    def _accepted(self, row: Any, order: Row) -> Sent:
        """The messages of an order that the exchange has answered with."""
        if venue_order_id(row) is None:
            raise Unanswered("unreadable_answer", "the answer has no order id")
        whole = {"symbol": order["instrument"], "side": str(order["side"]), **_given(row)}
        context = Context(account=self._account, quirks=self._quirks, source=Source.VENUE_PUSH, heard_at=self._now())
        told = order_messages(whole, context)
        if told.faults:
            raise Unanswered("unreadable_answer", told.faults[0].fault)
        names = {"client_order_id": order["client_order_id"], "aliases": {CLIENT_ID: self._client_id(order)}}
        return [message.model_copy(update=names) for message in told.messages]

    def _part(self, row: Any, order: Row) -> Sent | Exception:
        """One answer of several: an order, or a refusal that ccxt reads as an order without an id."""
        info = row.get("info") if isinstance(row, dict) else None
        said = info.get("msg") or info.get("message") if isinstance(info, dict) else None
        client_id = client_id_of(row, self._quirks) if isinstance(row, dict) else None
        if client_id not in (None, self._client_id(order)):
            return Unanswered("unreadable_answer", f"an answer about {client_id}, where {self._client_id(order)} was sent")
        if venue_order_id(row) is None and isinstance(said, str):
            return [self._reject(Reject, order, reason_of(said, "refused"), said, info)]
        try:
            return self._accepted(row, order)
        except Unanswered as error:
            return error

    def _reject(self, kind: Any, order: Row, reason: str, said: str, document: Any, **other: Any) -> Message:
        found: Message = kind(**self._named(order), **other, reason=reason, text=said, evidence=document)
        return found

    def _named(self, order: Row) -> dict[str, Any]:
        return {
            "account": self._account,
            "client_order_id": order["client_order_id"],
            "venue_order_id": order.get("venue_order_id"),
            "instrument": order["instrument"],
            "side": order["side"],
            "source": Source.VENUE_PUSH,
            "at": self._now(),
        }

    def _client_id(self, order: Row) -> str:
        recorded: str | None = (order.get("aliases") or {}).get(CLIENT_ID)
        return recorded or client_id_for(self._quirks, self._account, order["client_order_id"])


def client_id_for(quirks: Quirks, account: str, client_order_id: str) -> str:
    """The client id that the exchange is given: ours where it fits. The same order has the same id in every process."""
    if quirks.fits(client_order_id):
        return client_order_id
    digest = hashlib.sha256(f"{account}\n{client_order_id}".encode()).digest()
    match quirks.id_form:
        case "hex":
            return f"0x{digest[:16].hex()}"
        case "integer":
            return str(int.from_bytes(digest[:8]) % (LARGEST_INTEGER - 1) + 1)
        case "uuid":
            return str(uuid.UUID(bytes=digest[:16], version=4))
        case _:
            return f"{quirks.id_prefix}{digest.hex()[:LONGEST_DERIVED]}"


def _is_exact(rounded: Callable[[str], str], value: Decimal) -> bool:
    try:
        return Decimal(rounded(plain(value))) == value
    except ccxt.BaseError:  # it is below the smallest step
        return False


def _given(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


async def _caught(sending: Awaitable[Sent]) -> Sent | Exception:
    try:
        return await sending
    except (NotSent, Unanswered) as error:
        return error
