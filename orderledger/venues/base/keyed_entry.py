"""`KeyedOrderEntry`: order entry at a venue whose key names the account, and whose answers have the
row of the order or its id.

A venue's own part is the request that places an order, the one that cancels it, and how its answers
refuse.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from orderledger.domain.exact import plain
from orderledger.infrastructure.errors import NotSent, Unanswered
from orderledger.infrastructure.messages.registry import CancelRejected, Message, Rejected, Report
from orderledger.projections.view import Row
from orderledger.venues.base.client_ids import ClientIds
from orderledger.venues.base.definitions import Now
from orderledger.venues.base.fields import Document
from orderledger.venues.base.order_entry import EntryAbilities, Sent
from orderledger.venues.base.order_rows import Readers, RowContext, each
from orderledger.venues.base.refusals import Refusals, codes_of
from orderledger.venues.base.symbols import SymbolTable
from orderledger.venues.base.transport.sender import Answer, Sender

WITH_LIMIT = ("limit", "stop_limit")
WITH_STOP = ("stop", "stop_limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to be sent once."""

    method: str
    path: str
    json: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A refusal in the venue's words. `code` is looked up in the venue's table."""

    code: str
    text: str


class KeyedOrderEntry:
    """Implements `OrderEntry`. `account`: its name in the ledger."""

    abilities: EntryAbilities
    alias: ClassVar[str]
    client_ids: ClassVar[ClientIds]
    markets: ClassVar[SymbolTable]
    readers: ClassVar[Readers]
    order_types: ClassVar[Mapping[str, str]]
    """The venue's words for the types of orders that it takes."""
    refusals: ClassVar[Refusals]
    """The answers that prove that the venue has not taken a request."""

    def __init__(
        self, account: str, *, token: str, url: str, now: Now, timeout: float = 10.0
    ) -> None:
        self._account = account
        self._now = now
        self._sender = Sender(
            url,
            headers=self.headers(token),
            timeout=timeout,
            secrets=[token],
            is_refusal=self.is_refusal,
        )

    # What a subclass gives.

    @staticmethod
    @abstractmethod
    def headers(token: str) -> dict[str, str]:
        """The headers that bear the token."""

    @staticmethod
    def is_refusal(document: Any) -> bool:
        """Whether an answer with 429 states that the request was refused."""
        return False

    @abstractmethod
    def placing(self, order: Row, base: str, quote: str) -> Request:
        """The request that places an order, of the venue's codes of its instrument. Raises
        NotSent."""

    @abstractmethod
    def canceling(self, order: Row) -> Request:
        """The request that cancels an order, by the venue's id if it is known, else by the client
        id."""

    @abstractmethod
    def refusal_in(self, document: Any) -> Refusal | None:
        """The refusal that an answer is; None if it is another answer."""

    @abstractmethod
    def row_in(self, document: Document) -> Document | None:
        """The row of the order in an answer; None where the answer only says that the request was
        received. Raises Unanswered if it is neither."""

    # What it does with that.

    def prepare(self, order: Row) -> Mapping[str, str]:
        self._placing(order)
        return {self.alias: self.client_id(order)}

    async def submit(self, order: Row) -> Sent:
        return await self._sent(self._placing(order), order, Rejected)

    async def submit_many(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        sent: list[Sent | Exception] = []
        for order in orders:
            try:
                sent.append(await self.submit(order))
            except (NotSent, Unanswered) as error:
                sent.append(error)
        return sent

    async def cancel(self, order: Row, request_id: str) -> Sent:
        return await self._sent(self.canceling(order), order, CancelRejected, request_id=request_id)

    async def replace(self, order: Row, request: Row) -> Sent:
        raise NotSent(
            "replace_unsupported", "the venue changes no orders: cancel the order and send another"
        )

    async def aclose(self) -> None:
        await self._sender.aclose()

    def client_id(self, order: Row) -> str:
        """The client id of an order at the venue: the one it was recorded with."""
        known = (order.get("aliases") or {}).get(self.alias)
        return str(known) if known else self.client_ids.of(order["client_order_id"])

    def _placing(self, order: Row) -> Request:
        codes = self.markets.codes(self.markets.symbol(order["instrument"]) or "")
        if codes is None:
            raise NotSent(
                "unknown_instrument", f"{order['instrument']!r} is not in the table of markets"
            )
        order_type = order["order_type"]
        if order_type not in self.order_types or order.get("post_only") or order.get("reduce_only"):
            raise NotSent(
                "unsupported_order_type",
                f"{order_type} is none of {', '.join(self.order_types)}, without conditions",
            )
        if order.get("time_in_force") not in (None, "gtc"):
            raise NotSent("unsupported_time_in_force", f"{order['time_in_force']} is not gtc")
        for name, types in (("limit_price", WITH_LIMIT), ("stop_price", WITH_STOP)):
            if (order.get(name) is not None) != (order_type in types):
                raise NotSent(
                    f"incorrect_{name}", f"{name} is {order.get(name)} of a {order_type} order"
                )
        return self.placing(order, *codes)

    async def _sent(
        self, request: Request, order: Row, refused: type[Report], **names: str
    ) -> Sent:
        answer = await self._sender.send(request.method, request.path, json=request.json)
        refusal = self.refusal_in(answer.document)
        if refusal is not None or answer.status >= 400:
            return [self._refused(refused, answer, refusal, order, names)]
        if not isinstance(answer.document, dict):
            raise Unanswered("unreadable", f"the answer is no object: {answer.text[:200]}")
        row = self.row_in(answer.document)
        return [] if row is None else self.told(row, order)

    def told(self, row: Document, order: Row) -> Sent:
        """What the row of an answer says of our order, and only of ours."""
        now = self._now()
        context = RowContext(
            account=self._account, heard_at=now, first_seen_at=lambda name, *, is_end: now
        )
        told = each([row], self.readers.order, context)
        if told.faults:
            raise Unanswered("unreadable", told.faults[0].fault)
        named = {
            message.aliases.get(self.alias)
            for message in told.messages
            if isinstance(message, Report)
        }
        if named != {self.client_id(order)}:
            raise Unanswered("unreadable", f"the answer is about {named}")
        ours = {"client_order_id": order["client_order_id"]}
        return [
            message.model_copy(update=ours) if isinstance(message, Report) else message
            for message in told.messages
        ]

    def _refused(
        self,
        kind: type[Report],
        answer: Answer,
        refusal: Refusal | None,
        order: Row,
        names: Mapping[str, str],
    ) -> Message:
        """The refusal as a message. Raises Unanswered if it does not prove that nothing was
        taken."""
        stated, text = ((), answer.text) if refusal is None else ((refusal.code,), refusal.text)
        reason = self.refusals.reason(kind, codes_of(answer.status, *stated), text)
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


def without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
