"""Sends orders to Tradier: POST to place, PUT to change, DELETE to cancel.

`status: ok` means "received": the order may be rejected moments later. So placing returns the
venue's id with the status `pending_new`, and canceling or changing returns nothing; the order's row
shows the result.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from orderledger import CancelRejected, Message, Rejected, ReplaceRejected, StatusObserved
from orderledger.extend.messages import Report
from orderledger.extend.values import DatedBy, plain
from orderledger.extend.views import Row
from orderledger.venues.base.fields import Unreadable, identity, is_nothing
from orderledger.venues.base.order_entry import (
    EVERY_TYPE,
    EntryAbilities,
    Sent,
    submitted_one_by_one,
)
from orderledger.venues.base.refusals import codes_of
from orderledger.venues.base.transport import RateLimiter, pacing_of
from orderledger.venues.base.transport.pacing import ORDERS
from orderledger.venues.base.transport.sender import HttpAnswer, Sender
from orderledger.venues.base.venue_clock import VenueClock
from orderledger.venues.errors import NotSent, Unanswered
from orderledger.venues.tradier.endpoints import errors_in, is_quota
from orderledger.venues.tradier.forms import form_of
from orderledger.venues.tradier.groups import cancels_group, group_form, prepared_group
from orderledger.venues.tradier.refusals import REFUSALS
from orderledger.venues.tradier.tags import (
    GROUP_ID_ALIAS,
    group_id_of,
    order_name,
    place_of,
    tag_for,
)
from orderledger.venues.tradier.vocabulary import NAME, TAG_ALIAS

ORDERS_A_MINUTE = 60


class TradierOrderEntry:
    """Orders of one account at Tradier. `account` is its name in the ledger, `number` its number at
    the venue.

    A retried request would make a second order with the same tag. An unlisted tag proves nothing,
    so no time proves that an order was never received. `native_groups`: send OCO, OTO and brackets
    as orders of the classes `oco`, `oto` and `otoco`.
    """

    abilities = EntryAbilities(
        replaces=True,
        resizes=False,
        orders_per_second=ORDERS_A_MINUTE / 60,
        order_types=EVERY_TYPE,
        times_in_force=frozenset({"day", "gtc"}),
        conditions=frozenset({"reduce_only", "legs"}),
        groups_by_setting=frozenset({"oco", "oto", "bracket"}),
    )

    def __init__(
        self,
        *,
        account: str,
        number: str,
        token: str,
        url: str,
        now: Callable[[], datetime],
        timeout: float = 10.0,
        native_groups: bool = False,
    ) -> None:
        if native_groups:
            self.abilities = replace(self.abilities, groups=self.abilities.groups_by_setting)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self.clock = VenueClock()
        self.pacing = pacing_of(NAME, url, token, {ORDERS: RateLimiter(ORDERS_A_MINUTE, 60.0)})
        self._sender = Sender(
            url,
            headers=headers,
            timeout=timeout,
            secrets=[token],
            is_refusal=_is_quota_fault,
            clock=self.clock,
            pacing=self.pacing,
        )
        self._account = account
        self._path = f"{url.rstrip('/')}/accounts/{number}/orders"
        self._now = now

    def prepare(self, order: Row) -> Mapping[str, str]:
        """The tag. Raises NotSent for terms that Tradier does not support."""
        form_of(order)
        return {TAG_ALIAS: tag_for(order["client_order_id"])}

    async def submit(self, order: Row) -> Sent:
        answer = await self._placed(form_of(order))
        return [self._answer_to(order, answer, {TAG_ALIAS: tag_for(order["client_order_id"])})]

    def prepare_group(self, orders: Sequence[Row]) -> Sequence[Mapping[str, str]]:
        """The tag of the group, with the place of each order in it."""
        return prepared_group(orders)

    async def submit_group(self, orders: Sequence[Row]) -> Sequence[Sent]:
        """Send a group. The answer has its id; the group's row shows the ids of its orders."""
        answer = await self._placed(group_form(orders))
        aliases = prepared_group(orders)
        return [
            [self._answer_to(order, answer, names, is_in_group=True)]
            for order, names in zip(orders, aliases, strict=True)
        ]

    async def _placed(self, form: Mapping[str, str]) -> HttpAnswer:
        await self.pacing.turn({ORDERS: 1})
        return await self._sender.send("POST", self._path, form=form)

    def _answer_to(
        self,
        order: Row,
        answer: HttpAnswer,
        aliases: Mapping[str, str],
        *,
        is_in_group: bool = False,
    ) -> Message:
        names = {"client_order_id": order["client_order_id"], "aliases": dict(aliases)}
        refusal = _refusal(answer)
        if refusal is not None:
            return self._message(Rejected, answer, names, refusal)
        placed = _order_id(answer)
        if is_in_group:
            names["aliases"][GROUP_ID_ALIAS] = order_name(placed, place_of(aliases[TAG_ALIAS]))
        else:
            names["venue_order_id"] = placed
        terms = {"status": "pending_new", "dated_by": DatedBy.RECEIPT}
        return self._message(StatusObserved, answer, {**names, **terms})

    async def submit_many(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        return await submitted_one_by_one(self, orders)

    async def cancel(self, order: Row, request_id: str) -> Sent:
        """Request to cancel an order. Raises NotSent while its venue id is unknown.

        The first order of a group, and each order of an OCO, is canceled with its whole group.
        """
        group_id = group_id_of(order) if cancels_group(order) else None
        return await self._changed("DELETE", order, None, CancelRejected, request_id, group_id)

    async def replace(self, order: Row, request: Row) -> Sent:
        """Request to change the prices of an order. Raises NotSent for a new quantity, which
        Tradier does not support.
        """
        if request.get("quantity") is not None and request["quantity"] != order["quantity"]:
            raise NotSent(
                "quantity_unsupported",
                "Tradier changes prices, not quantities: cancel the order and send another",
            )
        prices = {"price": request.get("limit_price"), "stop": request.get("stop_price")}
        form = {name: plain(Decimal(price)) for name, price in prices.items() if price is not None}
        if not form:
            raise NotSent("no_change", "the request changes neither limit_price nor stop_price")
        return await self._changed("PUT", order, form, ReplaceRejected, request["request_id"])

    async def aclose(self) -> None:
        await self._sender.aclose()

    async def _changed(
        self,
        method: str,
        order: Row,
        form: Mapping[str, str] | None,
        refused: type[Report],
        request_id: str,
        group_id: str | None = None,
    ) -> Sent:
        venue_order_id = order["venue_order_id"]
        named = group_id or venue_order_id
        if named is None:
            raise NotSent(
                "no_venue_order_id",
                "Tradier identifies orders only by its own id, which is not known yet",
            )
        await self.pacing.turn({ORDERS: 1})
        answer = await self._sender.send(method, f"{self._path}/{named}", form=form)
        refusal = _refusal(answer)
        if refusal is None:
            _order_id(answer)
            return []
        names = {
            "client_order_id": order["client_order_id"],
            "venue_order_id": venue_order_id,
            "request_id": request_id,
        }
        return [self._message(refused, answer, names, refusal)]

    def _message(
        self,
        kind: type[Report],
        answer: HttpAnswer,
        names: Mapping[str, Any],
        refusal: str | None = None,
    ) -> Message:
        sentences: dict[str, Any] = {}
        if refusal is not None:
            sentences = {"reason": _reason(kind, answer, refusal), "text": refusal}
        evidence = answer.document if answer.document is not None else {"text": answer.text}
        known = {name: value for name, value in names.items() if value is not None}
        return kind(account=self._account, at=self._now(), evidence=evidence, **known, **sentences)


def _refusal(answer: HttpAnswer) -> str | None:
    """Tradier's sentence, if it refuses: an error may come with HTTP 200."""
    sentences = errors_in(answer.document)
    if sentences is not None:
        return sentences
    return answer.text or f"HTTP {answer.status}" if answer.status >= 400 else None


def _reason(kind: type[Report], answer: HttpAnswer, refusal: str) -> str:
    """The ledger's word for a refusal. Raises Unanswered if it does not prove that nothing was
    accepted.
    """
    document = answer.document if isinstance(answer.document, dict) else {}
    stated = (
        ("errors",) if is_nothing(document.get("fault")) and errors_in(document) is not None else ()
    )
    return REFUSALS.reason(kind, codes_of(answer.status, *stated), refusal)


def _order_id(answer: HttpAnswer) -> str:
    """The id in an answer. Raises Unanswered if there is none."""
    order = answer.document.get("order") if isinstance(answer.document, dict) else None
    try:
        found = identity(order, "id") if isinstance(order, dict) else None
    except Unreadable:
        found = None
    if found is None:
        raise Unanswered("unreadable", f"the answer has no order id: {answer.text[:200]}")
    return found


def _is_quota_fault(document: Any) -> bool:
    """Whether Tradier's gateway states that it refused the request because of a limit."""
    return (
        isinstance(document, dict)
        and not is_nothing(document.get("fault"))
        and is_quota(429, str(document["fault"]))
    )
