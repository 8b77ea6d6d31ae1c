"""Sends orders to Lighter: transactions, signed by the official SDK, to `sendTx`.

An accepted transaction is only queued: the feed reports the result of the order. So an accepted
request has no message. A transaction expires: a late one cannot become an order afterwards.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from orderledger import CancelRejected, Message, Rejected, ReplaceRejected
from orderledger.extend.messages import Report
from orderledger.extend.views import Row
from orderledger.venues.base.absence import Absence, new_aliases, sent_ids
from orderledger.venues.base.order_entry import (
    BOTH_CONDITIONS,
    NEEDS_WORST_PRICE,
    EntryAbilities,
    Sent,
    submitted_one_by_one,
)
from orderledger.venues.base.refusals import codes_of
from orderledger.venues.base.transport.sender import HttpAnswer
from orderledger.venues.base.transport.turns import prepares
from orderledger.venues.base.venue_clock import SECOND, VenueClock
from orderledger.venues.errors import NotSent, Unanswered, VenueError
from orderledger.venues.lighter.execution import reason_of, refusal_in
from orderledger.venues.lighter.ids import (
    Lookup,
    hashed_index,
    mint_client_order_index,
)
from orderledger.venues.lighter.markets import Markets
from orderledger.venues.lighter.refusals import REFUSALS, code_in
from orderledger.venues.lighter.rest import PREFIX, STANDARD, Allowance, pacing_for
from orderledger.venues.lighter.sending import Sign, TransactionSender
from orderledger.venues.lighter.signing import Signer
from orderledger.venues.lighter.transactions import (
    TYPES,
    Scale,
    created,
    new_terms,
    scaled,
)
from orderledger.venues.lighter.vocabulary import CLIENT_ORDER_INDEX, OK

ABSENCE = Absence(
    expires_seconds=610.0,  # the SDK signs for ten minutes
    margin_seconds=10.0,  # ours
    queries=2,
    pause_seconds=3.0,
    expiry="ExpiredAt",
    checked="sequencer",
    source="lighter-sdk 1.1.8 (ExpiredAt of a transaction); apidocs.lighter.xyz nextNonce, "
    "accountOrders, accountInactiveOrders, trades",
)


class LighterOrderEntry:
    """Orders of one account at Lighter. `account` is its name in the ledger; `account_index` and
    `api_key_index` are its numbers.

    `lookup` finds orders of the ledger by name: with it, no two orders get the same client order
    index. Requests are sent one after the other, because nonces have no gaps.
    """

    abilities = EntryAbilities(
        replaces=True,
        cancels_by_client_id=True,
        absence=ABSENCE,
        order_types=frozenset(TYPES),
        times_in_force=frozenset({"gtc", "gtd", "ioc"}),
        conditions=BOTH_CONDITIONS | {"trigger_source"},
        needs_limit=NEEDS_WORST_PRICE,
    )

    def __init__(
        self,
        *,
        account: str,
        account_index: int,
        api_key_index: int,
        url: str,
        signer: Signer,
        now: Callable[[], datetime],
        lookup: Lookup | None = None,
        timeout: float = 10.0,
        allowance: Allowance = STANDARD,
    ) -> None:
        self.pacing = pacing_for(url, allowance, str(account_index))
        self._allowance = allowance
        self._transactions = TransactionSender(
            url=url,
            key={"account_index": account_index, "api_key_index": api_key_index},
            allowance=allowance,
            pacing=self.pacing,
            timeout=timeout,
        )
        self._account = account
        self._signer = signer
        self._now = now
        self._lookup = lookup
        self._markets = Markets()
        self.clock = VenueClock(self._transactions.time, resolution=SECOND)

    def prepare(self, order: Row) -> Mapping[str, str]:
        """The client order index. Raises NotSent for terms that Lighter does not support."""
        created(order, Scale.UNKNOWN)
        return {CLIENT_ORDER_INDEX: str(self._index_of(order))}

    def prepare_again(self, order: Row) -> Mapping[str, str]:
        """Another client order index: the venue accepts one again after the end of its order."""
        known = sent_ids(order["aliases"], CLIENT_ORDER_INDEX)
        name = f"{order['client_order_id']}#{len(known) + 1}"
        index = (
            hashed_index(self._account, name, 0)
            if self._lookup is None
            else mint_client_order_index(self._lookup, self._account, name)
        )
        return new_aliases(order["aliases"] or {}, CLIENT_ORDER_INDEX, str(index))

    async def absence_proof(self, order: Row) -> str | None:
        """The proof that an order of this process never arrived and never can: another transaction
        has taken its nonce. None without such a proof. Raises VenueError.
        """
        market, _ = await self._market(order["instrument"])
        index = self._index_of(order)
        return await self._transactions.proof_of_absence(
            index, lambda nonce: self._signer.cancel(market, index, nonce)
        )

    async def outcome(self, order: Row) -> Sent:
        """The refusal of an order of this process that was queued and that no query shows: the
        sequencer may refuse it later. Empty if the venue states none. Raises VenueError.
        """
        document = await self._transactions.execution(self._index_of(order))
        refusal = refusal_in(document)
        reason = None if refusal is None else reason_of(refusal)
        if refusal is None or reason is None:
            return []
        return [
            Rejected(
                account=self._account,
                client_order_id=order["client_order_id"],
                at=self._now(),
                reason=reason,
                text=refusal.sentence,
                evidence=document,
            )
        ]

    async def submit(self, order: Row) -> Sent:
        prepares()
        market, scale = await self._market(order["instrument"])
        terms = created(order, scale)
        index = self._index_of(order)
        return await self._sent(
            order,
            Rejected,
            lambda nonce: self._signer.create(market, index, terms, nonce),
            expires_at=order.get("request_expires_at"),
            index=index,
        )

    async def submit_many(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        """Sends orders one after the other: the answer to a batch would not show which order it
        refuses.
        """
        return await submitted_one_by_one(self, orders)

    async def cancel(self, order: Row, request_id: str) -> Sent:
        """Cancel by the client order index, or by the venue's id for an order without one."""
        prepares()
        market, _ = await self._market(order["instrument"])
        index = self._name_of(order)
        return await self._sent(
            order,
            CancelRejected,
            lambda nonce: self._signer.cancel(market, index, nonce),
            request_id,
        )

    async def replace(self, order: Row, request: Row) -> Sent:
        """Change quantity or prices; the rest stays. A transaction has all three, so those of an
        earlier change without an answer are sent again.
        """
        prepares()
        market, scale = await self._market(order["instrument"])
        quantity, price, stop = new_terms(order, request)
        if price is None:
            raise NotSent("incorrect_price", "the order has no limit price")
        terms = (
            scaled("incorrect_quantity", quantity, scale.lot),
            scaled("incorrect_price", price, scale.tick),
            0 if stop is None else scaled("incorrect_stop_price", stop, scale.tick),
        )
        index = self._name_of(order)
        request_id = request["request_id"]
        return await self._sent(
            order,
            ReplaceRejected,
            lambda nonce: self._signer.modify(market, index, *terms, nonce),
            request_id,
            expires_at=request.get("request_expires_at"),
        )

    async def aclose(self) -> None:
        await self._transactions.aclose()
        await self._signer.aclose()

    async def _sent(
        self,
        order: Row,
        refused: type[Report],
        sign: Sign,
        request_id: str | None = None,
        *,
        expires_at: datetime | None = None,
        index: int | None = None,
    ) -> Sent:
        """Send a transaction. Empty if it is queued, else its refusal. `index`: of a new order."""
        answer = await self._transactions.send(sign, expires_at=expires_at, index=index)
        code = code_in(answer.document)
        if code == OK:
            return []
        if code is None and answer.status < 400:
            raise Unanswered("unreadable", f"the answer has no code: {answer.text[:200]}")
        return [self._refusal(order, refused, answer, code, request_id)]

    async def _market(self, instrument: str) -> tuple[int, Scale]:
        """The number of a market, and the units of its amounts and prices. Raises NotSent if the
        venue does not state them.
        """
        if self._markets.index(instrument) is None:
            try:
                self._markets = self._markets.learned(
                    await self._transactions.http.get(
                        f"{PREFIX}orderBookDetails",
                        weight=self._allowance.weight("orderBookDetails"),
                    )
                )
            except VenueError as error:
                raise NotSent("no_instruments", str(error)) from None
        index = self._markets.index(instrument)
        tick, lot = (
            self._markets.steps.get(index, (None, None)) if index is not None else (None, None)
        )
        if index is None or tick is None or lot is None:
            raise NotSent(
                "unknown_instrument",
                f"Lighter lists no market {instrument!r}, or does not state its decimals",
            )
        return index, Scale(tick=tick, lot=lot)

    def _index_of(self, order: Row) -> int:
        """The client order index: the recorded one, or the one that will be recorded."""
        recorded = (order.get("aliases") or {}).get(CLIENT_ORDER_INDEX)
        if recorded is not None:
            return int(recorded)
        if self._lookup is not None:
            return mint_client_order_index(self._lookup, self._account, order["client_order_id"])
        return hashed_index(self._account, order["client_order_id"], 0)

    def _name_of(self, order: Row) -> int:
        """A number by which the venue knows the order: its ids and ours cannot be confused."""
        if (order.get("aliases") or {}).get(CLIENT_ORDER_INDEX) is None and order[
            "venue_order_id"
        ] is not None:
            return int(order["venue_order_id"])
        return self._index_of(order)

    def _refusal(
        self,
        order: Row,
        refused: type[Report],
        answer: HttpAnswer,
        code: int | None,
        request_id: str | None,
    ) -> Message:
        """The refusal as a message. Raises Unanswered if it does not prove that nothing was
        accepted.
        """
        message = answer.document.get("message") if isinstance(answer.document, dict) else None
        sentence = str(message or answer.text or f"HTTP {answer.status}")
        reason = REFUSALS.reason(
            refused, codes_of(answer.status, *([] if code is None else [code])), sentence
        )
        given = {
            "client_order_id": order["client_order_id"],
            "venue_order_id": order["venue_order_id"],
            "evidence": answer.document if answer.document is not None else {"text": answer.text},
            "reason": reason,
            "text": sentence,
        }
        named = given if request_id is None else {**given, "request_id": request_id}
        return refused(account=self._account, at=self._now(), **named)
