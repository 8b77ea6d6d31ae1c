"""Sends orders to Tradier: POST to place, PUT to change, DELETE to cancel.

`status: ok` means "received": the order may be rejected moments later. So placing returns the
venue's id with the status `pending_new`, and canceling or changing returns nothing; the order's row
shows the result.
"""

from collections.abc import Callable, Mapping, Sequence
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
from orderledger.venues.tradier.multileg import ROOT_ENDS, SIDE_TAG, multileg_form
from orderledger.venues.tradier.refusals import REFUSALS
from orderledger.venues.tradier.tags import tag_for
from orderledger.venues.tradier.vocabulary import (
    NAME,
    SHARE,
    SIDES,
    STANDARD_OPTION,
    TAG_ALIAS,
)

ORDER_TYPES = {"market": "market", "limit": "limit", "stop": "stop", "stop_limit": "stop_limit"}
DURATIONS = {None: "day", "day": "day", "gtc": "gtc"}
DURATION_TAG = "tradier.duration"
"""Tag of a request that chooses `pre` or `post`."""

ORDERS_A_MINUTE = 60


class TradierOrderEntry:
    """Orders of one account at Tradier. `account` is its name in the ledger, `number` its number at
    the venue.

    A retried request would make a second order with the same tag. An unlisted tag proves nothing,
    so no time proves that an order was never received.
    """

    abilities = EntryAbilities(
        replaces=True,
        resizes=False,
        orders_per_second=ORDERS_A_MINUTE / 60,
        order_types=EVERY_TYPE,
        times_in_force=frozenset({"day", "gtc"}),
        conditions=frozenset({"reduce_only", "legs"}),
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
    ) -> None:
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
        form = form_of(order)
        await self.pacing.turn({ORDERS: 1})
        answer = await self._sender.send("POST", self._path, form=form)
        refusal = _refusal(answer)
        names = {
            "client_order_id": order["client_order_id"],
            "aliases": {TAG_ALIAS: tag_for(order["client_order_id"])},
        }
        if refusal is not None:
            return [self._message(Rejected, answer, names, refusal)]
        venue_order_id = _order_id(answer)
        return [
            self._message(
                StatusObserved,
                answer,
                {
                    **names,
                    "venue_order_id": venue_order_id,
                    "status": "pending_new",
                    "dated_by": DatedBy.RECEIPT,
                },
            )
        ]

    async def submit_many(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        return await submitted_one_by_one(self, orders)

    async def cancel(self, order: Row, request_id: str) -> Sent:
        """Request to cancel an order. Raises NotSent while its venue id is unknown."""
        return await self._changed("DELETE", order, None, CancelRejected, request_id)

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
    ) -> Sent:
        venue_order_id = order["venue_order_id"]
        if venue_order_id is None:
            raise NotSent(
                "no_venue_order_id",
                "Tradier identifies orders only by its own id, which is not known yet",
            )
        await self.pacing.turn({ORDERS: 1})
        answer = await self._sender.send(method, f"{self._path}/{venue_order_id}", form=form)
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


def form_of(order: Row) -> dict[str, str]:
    """The form that places an order. Raises NotSent for terms that Tradier does not support."""
    order_type, duration = ORDER_TYPES.get(order["order_type"]), _duration(order)
    if order_type is None:
        raise NotSent(
            "unsupported_order_type",
            f"{order['order_type']} is not one of {', '.join(ORDER_TYPES)}",
        )
    if order["post_only"]:
        raise NotSent("unsupported_order_type", "Tradier has no post-only orders")
    quantity = Decimal(order["quantity"])
    if quantity != quantity.to_integral_value():
        raise NotSent(
            "incorrect_quantity", f"{plain(quantity)} is not a whole number of shares or contracts"
        )
    if order.get("legs"):
        return {
            **multileg_form(order, quantity),
            "duration": duration,
            "tag": tag_for(order["client_order_id"]),
        }
    prices = {"price": order["limit_price"], "stop": order["stop_price"]}
    return {
        **_instrument(order["instrument"]),
        "side": _side(order),
        "quantity": plain(quantity),
        "type": order_type,
        "duration": duration,
        **{name: plain(Decimal(price)) for name, price in prices.items() if price is not None},
        "tag": tag_for(order["client_order_id"]),
    }


def _instrument(name: str) -> dict[str, str]:
    if STANDARD_OPTION.fullmatch(name):
        return {"class": "option", "symbol": name[:-ROOT_ENDS], "option_symbol": name}
    if SHARE.fullmatch(name):
        return {"class": "equity", "symbol": name}
    raise NotSent("unknown_instrument", f"{name!r} is neither a share nor a standard option")


def _side(order: Row) -> str:
    """Tradier's word for the side. An option's order opens a position, unless it is
    `reduce_only`."""
    side, chosen = str(order["side"]), (order.get("tags") or {}).get(SIDE_TAG)
    if chosen is not None:
        if SIDES.get(chosen) != side:
            raise NotSent(
                "incorrect_side", f"the tag {SIDE_TAG} is {chosen!r}, but the side is {side}"
            )
        return str(chosen)
    if STANDARD_OPTION.fullmatch(order["instrument"]):
        return f"{side}_to_{'close' if order['reduce_only'] else 'open'}"
    return "buy_to_cover" if side == "buy" and order["reduce_only"] else side


def _duration(order: Row) -> str:
    chosen = (order.get("tags") or {}).get(DURATION_TAG)
    if chosen in ("pre", "post"):
        return str(chosen)
    if order["time_in_force"] not in DURATIONS:
        raise NotSent(
            "unsupported_time_in_force", f"{order['time_in_force']} is not one of day, gtc"
        )
    return DURATIONS[order["time_in_force"]]


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
