"""`CcxtOrderEntry`: sends the orders of one account through ccxt.

ccxt leaves out terms that it does not know, and its errors do not show whether an order may have
reached the exchange. So each request is compared with its order (`sending`), and each answer is
classified by the exchange's own document (`refusals`).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from orderledger import CancelRejected, Rejected, ReplaceRejected
from orderledger.extend.views import Row
from orderledger.venues.base.absence import new_aliases, sent_ids
from orderledger.venues.base.keys import KeyPermissions
from orderledger.venues.base.order_entry import (
    EntryAbilities,
    Sent,
    submitted_one_by_one,
)
from orderledger.venues.base.venue_clock import VenueClock
from orderledger.venues.ccxt import keys
from orderledger.venues.ccxt.absence import EPOCH, MILLISECOND, WINDOW_MILLISECONDS, rule_of
from orderledger.venues.ccxt.arguments import (
    Arguments,
    client_id_for,
)
from orderledger.venues.ccxt.brakes import brakes_of
from orderledger.venues.ccxt.calls import Call, noted
from orderledger.venues.ccxt.canceling import OrderCancels
from orderledger.venues.ccxt.changing import OrderChanges
from orderledger.venues.ccxt.exchange import Connections, shown, venue_error
from orderledger.venues.ccxt.order_answers import OrderAnswers
from orderledger.venues.ccxt.orders import venue_order_id
from orderledger.venues.ccxt.pacing import pacing_in
from orderledger.venues.ccxt.quirks import quirks_of
from orderledger.venues.ccxt.refusals import Refusal, Wanted, judged
from orderledger.venues.ccxt.sending import Brake, Change, Orders
from orderledger.venues.ccxt.sending.tables import language_of
from orderledger.venues.ccxt.sending.terms import waits_for_trigger
from orderledger.venues.ccxt.terms_sent import terms_of_account
from orderledger.venues.ccxt.timing import resolution_of
from orderledger.venues.ccxt.vocabulary import CLIENT_ID
from orderledger.venues.errors import NotSent, Unanswered

BATCH = ("symbol", "type", "side", "amount", "price", "params")
"""The fields of an order in createOrders."""
SERVER_ERROR = 500


class CcxtOrderEntry:
    """`OrderEntry` of one account. `exchange`: ccxt's, with numbers as text (see
    `exchange.connected`)."""

    def __init__(self, exchange: Any, *, account: str, now: Callable[[], datetime]) -> None:
        self._exchange = exchange
        self._quirks = quirks_of(exchange.id)
        self._language = language_of(exchange.id)
        self._arguments = Arguments(exchange, self._quirks, account)
        self.pacing = pacing_in(exchange)
        self._brakes = brakes_of(exchange)
        self.cancel_all_scope = self._brakes.cancel_all if self._brakes else None
        switch = self._brakes.switch if self._brakes else None
        self.switch_terms = switch.terms if switch else None
        self._account = account
        self._answers = OrderAnswers(exchange, self._arguments, account=account, now=now)
        self._changes = OrderChanges(exchange, self._arguments, self._answers)
        self._cancels = OrderCancels(exchange, self._sent)
        self._rule = rule_of(exchange.id)
        if self._rule is not None and self._rule.expiry.option is not None:
            exchange.options[self._rule.expiry.option] = WINDOW_MILLISECONDS
        has_time = exchange.has.get("fetchTime") is True
        self.clock = VenueClock(
            self._time if has_time else None, resolution=resolution_of(exchange.id)
        )
        if getattr(exchange, "venue_clock", None) is not None:
            exchange.venue_clock = self.clock
        if not has_time:
            exchange.on_date = self.clock.note_date
        self._turn = asyncio.Semaphore(1 if self._quirks.is_serial else 1_000)
        sent = terms_of_account(exchange)
        self.abilities = EntryAbilities(
            batch=self._quirks.batch,
            replaces=self._quirks.edits_in_place,
            replaces_waiting=self._changes.changes_waiting,
            cancels_by_client_id=self._quirks.cancels_by_client_id,
            absence=None if self._rule is None else self._rule.absence,
            resends_safely=self._quirks.resends_safely,
            orders_per_second=1_000 / exchange.rateLimit if exchange.rateLimit else None,
            order_types=sent["order_types"],
            times_in_force=sent["times_in_force"],
            conditions=sent["conditions"],
            trail_offset_types=sent["trail_offset_types"],
        )

    def prepare(self, order: Row) -> Mapping[str, str]:
        """Our own id where it fits, else one derived from it. Raises NotSent for terms that ccxt
        cannot send."""
        self._arguments.type_of(order)
        if self._exchange.markets:
            self._arguments.check_steps(order)
        return {CLIENT_ID: client_id_for(self._quirks, self._account, order["client_order_id"])}

    def prepare_again(self, order: Row) -> Mapping[str, str]:
        """Another id for an order that is sent again. The earlier ones stay its aliases."""
        number = len(sent_ids(order["aliases"], CLIENT_ID)) + 1
        name = f"{order['client_order_id']}#{number}"
        new_id = client_id_for(self._quirks, self._account, name)
        return new_aliases(order["aliases"] or {}, CLIENT_ID, new_id)

    async def submit(self, order: Row) -> Sent:
        await self._load_markets()
        self._arguments.check_steps(order)
        *asked, params = self._arguments.of(order)
        row, call, refusal = await self._sent(
            "submit",
            self._orders([order]),
            "create_order",
            *asked,
            {**params, **self._expiring(order)},
            expires_at=order.get("request_expires_at"),
        )
        return (
            [self._answers.reject(Rejected, order, refusal)]
            if refusal
            else self._answers.accepted(row, order, call)
        )

    async def submit_many(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        is_batch = 1 < len(orders) <= self._quirks.batch
        if not is_batch or any(map(waits_for_trigger, orders)):  # ccxt batches no stops
            return await submitted_one_by_one(self, orders)
        try:
            await self._load_markets()
            for order in orders:
                self._arguments.check_steps(order)
            asked = [dict(zip(BATCH, self._arguments.of(order), strict=True)) for order in orders]
            more = [self._expiring(orders[0])] if self._expiring(orders[0]) else []
            _, call, refusal = await self._sent(
                "submit",
                self._orders(orders),
                "create_orders",
                asked,
                *more,
                expires_at=orders[0].get("request_expires_at"),
            )
        except (NotSent, Unanswered) as error:
            return [error for _ in orders]
        if refusal:
            return [[self._answers.reject(Rejected, order, refusal)] for order in orders]
        # ccxt sorts the rows by time, and raises if a single one is refused: the document has them
        # in their order.
        document = call.answer
        if not isinstance(document, list) or len(document) != len(orders):
            return [
                Unanswered("unreadable_answer", "the answer is for other orders than were sent")
                for _ in orders
            ]
        return [
            self._answers.part(raw, order, call)
            for raw, order in zip(document, orders, strict=True)
        ]

    async def cancel(self, order: Row, request_id: str) -> Sent:
        await self._load_markets()
        name, client_id = order.get("venue_order_id"), self._arguments.client_id(order)
        if name is None and not (self._quirks.cancels_by_client_id and client_id):
            raise NotSent(
                "no_venue_order_id",
                f"{self._exchange.id} cancels by its own id, which is not known yet",
            )
        row, refusal = await self._cancels.send(order, client_id)
        if refusal:
            return [self._answers.reject(CancelRejected, order, refusal, request_id=request_id)]
        return (
            self._answers.accepted(row, order)
            if isinstance(row, dict) and row.get("status") and venue_order_id(row) == name
            else []
        )

    async def replace(self, order: Row, request: Row) -> Sent:
        self._changes.check(order)
        await self._load_markets()
        meant, asked = self._changes.of(order, request, self._expiring(request))
        row, _, refusal = await self._sent(
            "replace", meant, "edit_order", *asked, expires_at=request.get("request_expires_at")
        )
        if refusal:
            request_id = request["request_id"]
            return [self._answers.reject(ReplaceRejected, order, refusal, request_id=request_id)]
        return self._changes.answered(row, order, request)

    async def cancel_all_orders(self, instrument: str | None) -> Sent:
        await self._load_markets()
        await self._brake(instrument, "cancel_all_orders", instrument)
        if self._quirks.conditional is not None:
            await self._brake(instrument, "cancel_all_orders", instrument, {"trigger": True})
        return []

    async def set_switch(self, seconds: float | None, instrument: str | None) -> None:
        await self._load_markets()
        brake = self._brakes
        assert brake is not None and brake.switch is not None
        named = instrument if brake.switch.terms.by_instrument else None
        await self._brake(named, *brake.switch.call(self._exchange, seconds, instrument))

    async def _brake(self, instrument: str | None, method: str, *asked: Any) -> None:
        """Raises NotSent for a refusal, too."""
        names = [] if instrument is None else [self._exchange.market(instrument)["id"]]
        meant = Brake(self._exchange.id, names, {})
        _, _, refusal = await self._sent("cancel", meant, method, *asked)
        if refusal is not None:
            raise NotSent(refusal.reason, refusal.sentence)

    async def permissions(self) -> KeyPermissions:
        """Query the permissions of the key."""
        return await keys.permissions(self._exchange)

    async def aclose(self) -> None:
        await Connections(self._exchange).aclose()

    # Sending

    def _expiring(self, row: Row) -> dict[str, Any]:
        """The parameters that make a request expire."""
        rule = self._rule
        return {} if rule is None else rule.expiry.params(row.get("request_expires_at"))

    async def _time(self) -> datetime | None:
        with noted() as call:
            try:
                milliseconds = await self._exchange.fetch_time()
            except Exception as error:
                raise venue_error(error, call, "fetch_time") from None
        return None if milliseconds is None else EPOCH + int(milliseconds) * MILLISECOND

    async def _sent(
        self,
        wanted: Wanted,
        meant: Orders | Change,
        method: str,
        *asked: Any,
        expires_at: datetime | None = None,
    ) -> tuple[Any, Call, Refusal | None]:
        """The answer, or a refusal. Raises NotSent and Unanswered. An answer that is a list,
        with one part for each order, does not count as a refusal.
        """
        async with self._turn:
            expiry = None if self._rule is None else self._rule.expiry
            with noted(meant, expiry, expires_at) as call:
                try:
                    return await getattr(self._exchange, method)(*asked), call, None
                except Exception as error:
                    if (
                        call.status < SERVER_ERROR
                        and isinstance(call.answer, list)
                        and call.is_sent
                    ):
                        return None, call, None
                    return None, call, judged(error, call, self._exchange.id, wanted)

    def _orders(self, orders: Sequence[Row]) -> Orders:
        markets = [self._exchange.market(order["instrument"]) for order in orders]
        return Orders(
            self._exchange.id,
            orders,
            markets,
            [self._arguments.client_id(order) for order in orders],
        )

    async def _load_markets(self) -> None:
        try:
            if not self._exchange.markets:
                await self._exchange.load_markets()
        except NotSent:
            raise
        except Exception as error:
            raise NotSent(
                "not_connected", f"the markets cannot be loaded: {shown(error)}"
            ) from None
