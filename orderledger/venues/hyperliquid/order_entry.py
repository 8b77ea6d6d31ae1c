"""Sends orders to Hyperliquid: actions, signed by the official SDK, to `/exchange`.

An order is sent under its cloid. The answer is final: resting, filled or refused. The fills
themselves are reported by the feed. An action expires at the venue: a late one is refused there,
and cannot become an order afterwards.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from orderledger.extend.views import Row
from orderledger.venues.base.absence import Absence, new_aliases, sent_ids
from orderledger.venues.base.order_entry import (
    BOTH_CONDITIONS,
    NEEDS_WORST_PRICE,
    EntryAbilities,
    Sent,
    SwitchTerms,
)
from orderledger.venues.base.refusals import codes_of
from orderledger.venues.base.transport import Http, pacing_of
from orderledger.venues.base.transport.pacing import ONE_WINDOW
from orderledger.venues.base.transport.sender import HttpAnswer, Sender
from orderledger.venues.base.venue_clock import VenueClock
from orderledger.venues.errors import NotSent, Unanswered, VenueError
from orderledger.venues.hyperliquid.actions import (
    TRIGGERS,
    cancel_action,
    modify_action,
    order_action,
    order_wire,
)
from orderledger.venues.hyperliquid.assets import assets_of
from orderledger.venues.hyperliquid.groups import NORMAL_TPSL, arranged
from orderledger.venues.hyperliquid.limits import (
    USUAL_WEIGHT,
    HyperliquidLimits,
    weight_limit,
    weight_of_action,
)
from orderledger.venues.hyperliquid.refusals import REFUSALS
from orderledger.venues.hyperliquid.rows import EPOCH, MILLISECOND, milliseconds
from orderledger.venues.hyperliquid.statuses import (
    CommitTicket,
    cancel_answer,
    order_answer,
    replace_answer,
    statuses_in,
)
from orderledger.venues.hyperliquid.vocabulary import (
    AS_AT_THE_VENUE,
    CLOID,
    NAME,
    Symbols,
    cloid_for,
)

Sign = Callable[[Mapping[str, Any], int, int], Mapping[str, Any]]
"""The signature of an action, a nonce and a time of expiry, both in ms."""

EXPIRES_MS = 15_000
"""Milliseconds after which the venue refuses an action without a recorded expiry."""

ABSENCE = Absence(
    expires_seconds=5.0,
    margin_seconds=10.0,  # ours: the delay of queries is not documented
    queries=2,
    pause_seconds=3.0,
    unfilled_seconds=300.0,  # `orderStatus` knows the last 2000 orders; a maker lost one in 7 min
    expiry="expiresAfter",
    checked="engine",
    source="Hyperliquid docs, Exchange endpoint (Expires After), Info endpoint (orderStatus, "
    "userFillsByTime)",
)

MOST_ORDERS = 20


class HyperliquidOrderEntry:
    """Orders of one account at Hyperliquid. `account` is its name in the ledger; the signing key
    decides whose orders they are. `native_groups`: send an entry with its exits as one group.

    An unknown cloid proves that an order was never received once its action has expired.
    """

    abilities = EntryAbilities(
        batch=MOST_ORDERS,
        replaces=True,
        cancels_by_client_id=True,
        absence=ABSENCE,
        order_types=frozenset({"market", "limit", *TRIGGERS}),
        times_in_force=frozenset({"gtc", "ioc"}),
        conditions=BOTH_CONDITIONS | {"trigger_source"},
        needs_limit=NEEDS_WORST_PRICE,
        groups_by_setting=frozenset({"oto", "bracket"}),
    )

    switch_terms = SwitchTerms(
        shortest=5.0,
        longest=86_400.0,
        by_instrument=False,
        covers="all open orders of the address, protective stops too; 10 times a day; only after "
        "1,000,000 USD were traded",
        source="hyperliquid.gitbook.io, Exchange endpoint, Schedule cancel",
    )

    def __init__(
        self,
        *,
        account: str,
        url: str,
        sign: Sign,
        now: Callable[[], datetime],
        symbols: Symbols = AS_AT_THE_VENUE,
        vault: str | None = None,
        timeout: float = 10.0,
        native_groups: bool = False,
    ) -> None:
        if native_groups:
            self.abilities = replace(self.abilities, groups=self.abilities.groups_by_setting)
        self.pacing = pacing_of(NAME, url, "", weight_limit(HyperliquidLimits()))
        self._sender = Sender(url, timeout=timeout, pacing=self.pacing)
        self._http = Http(url, attempts=2, timeout=timeout, rate_limiter=self.pacing.share())
        self._account = account
        self._sign = sign
        self._now = now
        self._symbols = symbols
        self._vault = vault
        self.clock = VenueClock(self._time)
        self._assets: dict[str, int] = {}
        self._last_nonce = 0
        self._listing = asyncio.Lock()

    def prepare(self, order: Row) -> Mapping[str, str]:
        """The cloid. Raises NotSent for terms that Hyperliquid does not support."""
        order_wire(order, asset=0)
        return {CLOID: cloid_for(order["client_order_id"])}

    def prepare_again(self, order: Row) -> Mapping[str, str]:
        """Another cloid: what the venue does with a used one is not documented."""
        number = len(sent_ids(order["aliases"], CLOID)) + 1
        new_id = cloid_for(f"{order['client_order_id']}#{number}")
        return new_aliases(order["aliases"] or {}, CLOID, new_id)

    async def submit(self, order: Row) -> Sent:
        (sent,) = await self.submit_many([order])
        if isinstance(sent, Exception):
            raise sent
        return sent

    async def submit_many(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        return await self._submitted(orders)

    def prepare_group(self, orders: Sequence[Row]) -> Sequence[Mapping[str, str]]:
        arranged(orders)
        return [self.prepare(order) for order in orders]

    async def submit_group(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        """One action. The venue answers for each order alone."""
        whole = arranged(orders)
        answers = await self._submitted(whole, NORMAL_TPSL)
        return [answers[whole.index(order)] for order in orders]

    async def _submitted(
        self, orders: Sequence[Row], grouping: str = "na"
    ) -> Sequence[Sent | Exception]:
        """One action for all orders. Without an answer to the action, no order has one."""
        try:
            wires = [
                order_wire(order, asset=await self._asset(order["instrument"])) for order in orders
            ]
            times = [at for one in orders if (at := one.get("request_expires_at")) is not None]
            action, expires_at = order_action(wires, grouping), min(times, default=None)
            answer = await self._act(action, expires_at, orders=len(wires))
            statuses = statuses_in(answer, len(orders))
        except (NotSent, Unanswered) as error:
            return [error] * len(orders)
        return [
            self._sent_or_error(order, answer, status)
            for order, status in zip(orders, statuses, strict=True)
        ]

    async def cancel(self, order: Row, request_id: str) -> Sent:
        """Cancel by the cloid, which stays when the venue's id changes, or by the venue's id for
        an order without a cloid.
        """
        asset = await self._asset(order["instrument"])
        answer = await self._act(
            cancel_action(asset, order["aliases"].get(CLOID), order["venue_order_id"])
        )
        (status,) = statuses_in(answer, 1)
        return self._messages(order, answer, cancel_answer(status), request_id)

    async def replace(self, order: Row, request: Row) -> Sent:
        """Change an order. The filled quantity is subtracted from the new quantity, because the
        venue counts only the working part.
        """
        asset = await self._asset(order["instrument"])
        action = modify_action(order, request, asset)
        answer = await self._act(action, request.get("request_expires_at"))
        (status,) = statuses_in(answer, 1)
        return self._messages(order, answer, replace_answer(status, request), request["request_id"])

    async def set_switch(self, seconds: float | None, instrument: str | None) -> None:
        """`scheduleCancel`: cancel all open orders of the address at a time. Without a time, the
        switch is off.
        """
        due = {} if seconds is None else {"time": milliseconds(self._now()) + int(seconds * 1_000)}
        answer = await self._act({"type": "scheduleCancel", **due})
        document = answer.document if isinstance(answer.document, dict) else {}
        if document.get("status") != "ok":
            raise NotSent("switch_refused", str(document.get("response", answer.text))[:500])

    async def aclose(self) -> None:
        await self._sender.aclose()
        await self._http.aclose()

    async def _time(self) -> datetime | None:
        """The time of the venue's last block or later, at this moment."""
        document = await self._http.post("/info", json={"type": "exchangeStatus"})
        at = document.get("time") if isinstance(document, dict) else None
        return EPOCH + int(at) * MILLISECOND if isinstance(at, int) else None

    async def _act(
        self, action: Mapping[str, Any], expires_at: datetime | None = None, *, orders: int = 1
    ) -> HttpAnswer:
        """Sign and send an action in its turn. Every nonce is used once."""
        await self.pacing.turn({ONE_WINDOW: weight_of_action(orders)})
        now = milliseconds(self._now())
        nonce = self._last_nonce = max(now, self._last_nonce + 1)
        expires_after = now + EXPIRES_MS if expires_at is None else milliseconds(expires_at)
        signature = self._sign(action, nonce, expires_after)
        payload = {
            "action": action,
            "nonce": nonce,
            "signature": signature,
            "vaultAddress": self._vault,
            "expiresAfter": expires_after,
        }
        return await self._sender.send("POST", "/exchange", json=payload)

    async def _asset(self, instrument: str) -> int:
        """The number of an instrument. Raises NotSent if the venue does not list it, or does not
        answer."""
        coin = self._symbols.coin(instrument)
        async with self._listing:
            if coin not in self._assets:
                try:
                    perpetuals = await self._http.post(
                        "/info", json={"type": "meta"}, weight=USUAL_WEIGHT
                    )
                    spot = await self._http.post(
                        "/info", json={"type": "spotMeta"}, weight=USUAL_WEIGHT
                    )
                except VenueError as error:
                    raise NotSent("no_instruments", str(error)) from None
                self._assets = assets_of(perpetuals, spot)
        if coin not in self._assets:
            raise NotSent(
                "unknown_instrument",
                f"Hyperliquid does not list {coin!r} on its main exchange or at spot",
            )
        return self._assets[coin]

    def _sent_or_error(self, order: Row, answer: HttpAnswer, status: Any) -> Sent | Exception:
        try:
            return self._messages(order, answer, order_answer(status))
        except Unanswered as error:
            return error

    def _messages(
        self, order: Row, answer: HttpAnswer, ticket: CommitTicket, request_id: str | None = None
    ) -> Sent:
        """The message of a status. Raises Unanswered for a refusal that does not prove that
        nothing was accepted.
        """
        if ticket is None:
            return []
        kind, fields = ticket
        refusal = fields.pop("refusal", None)
        about = (
            {}
            if refusal is None
            else {
                "reason": REFUSALS.reason(kind, codes_of(answer.status), refusal),
                "text": refusal,
            }
        )
        if refusal is not None and request_id is not None:
            about["request_id"] = request_id
        given = {
            "client_order_id": order["client_order_id"],
            "venue_order_id": order["venue_order_id"],
            **{name: value for name, value in fields.items() if value is not None},
        }
        evidence = answer.document if answer.document is not None else {"text": answer.text}
        return [kind(account=self._account, at=self._now(), evidence=evidence, **given, **about)]
