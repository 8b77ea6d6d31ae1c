"""The orders of one account: those the venue lists against those that are open here. Asks again before it concludes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from orderledger.domain.values import Anomaly
from orderledger.infrastructure.messages.registry import Fill, Message
from orderledger.infrastructure.sync.reconciliation.book import names_of, names_of_message
from orderledger.infrastructure.sync.reconciliation.breaks import (
    CONCLUDED,
    Kind,
    absent_order,
    name_of,
    not_asked,
    two_live_orders,
)
from orderledger.infrastructure.sync.reconciliation.comparing import at_end, says_ended, terms
from orderledger.infrastructure.sync.reconciliation.concluding import (
    concluded_end,
    may_be,
    may_conclude,
    of_ours_after_all,
    was_taken_back,
)
from orderledger.infrastructure.sync.reconciliation.findings import Findings, is_money, off_loop
from orderledger.infrastructure.sync.reconciliation.rationing import Ration
from orderledger.infrastructure.sync.reconciliation.verdict import Verdict, subject_of
from orderledger.infrastructure.venues.base.venue import Listing, Venue
from orderledger.projections.view import Row

CLOCKS_APART = timedelta(minutes=1)
"""How far the venue's clock may be ahead of ours."""

UNEXPLAINED = frozenset({Anomaly.CLIENT_ORDER_ID_REUSED, Anomaly.OVERFILL, Anomaly.QUANTITY_MISMATCH})
"""What an order that has ended may lack the venue's word for."""


class OrderComparison:
    """`agreed` counts the open orders of which both sides say the same, now that what was missed is recorded."""

    def __init__(self, findings: Findings, venue: Venue, ration: Ration, *, grace: timedelta, concluding: timedelta) -> None:
        self._findings = findings
        self._venue = venue
        self._ration = ration
        self._grace = grace
        self._concluding = concluding
        self._verdict = Verdict(findings)
        self._is_agreed: dict[str, bool] = {}
        self._rows: Sequence[Row] = ()

    @property
    def agreed(self) -> int:
        """The open orders of which both sides say the same.

        A list may tell of one order in several messages: it agrees when all of them do. A list of the day, which also tells of
        orders that have ended, names those that are open.
        """
        return sum(is_agreed for name, is_agreed in self._is_agreed.items() if name in self._verdict.listed)

    async def compare(self, listing: Listing, since: datetime) -> None:
        """Compare a full list of open orders. Fills were asked for from `since` on."""
        self._verdict.listed = listing.venue_order_ids
        for row in await self._findings.orders_of_ours(reason=CONCLUDED):
            await self._findings.add(of_ours_after_all(row))
        self._rows = rows = await self._findings.open_orders()
        await self._compare_twins(listing, rows)
        doubtful, compared = await self._compare_listed(listing, rows)
        settled = [row for row in rows if self._has_settled(row, listing)]
        unlisted = {row["stream"]: row for row in settled if row["stream"] not in compared and not self._is_listed(row)}
        reused = [row for row in settled if row["stream"] not in unlisted and Anomaly.CLIENT_ORDER_ID_REUSED in row["anomalies"]]
        missing = sorted(unlisted.values(), key=lambda row: (row["absent_at"] is not None, row["updated_at"]))
        self._plan([*(row for _, row in doubtful), *missing, *reused], rows)
        await self._compare_again([(message, row) for message, row in doubtful if self._may_ask(row, listing, message)], since)
        for row in [row for row in missing if self._may_ask(row, listing)]:
            await self._ask_for(row, listing)
        for row in [row for row in reused if self._may_ask(row, listing)]:
            await self._hear_all_of(row, f"{len(row['venue_order_ids'])} ids at the venue, and not all of them explained")

    async def _compare_listed(self, listing: Listing, rows: Sequence[Row]) -> tuple[list[tuple[Any, Row]], set[str]]:
        """Compare what the list tells of each order. What it tells that the order itself has to be asked about, and which orders
        here it speaks of."""
        names = {name: row for row in rows for name in names_of(row)}
        doubtful: list[tuple[Any, Row]] = []
        compared: set[str] = set()  # an alias in the list may be that of two orders here: it stands for the one that it is about
        words: list[Any] = [told for told in listing.messages if not is_money(told)]
        for message in words:
            row = next((names[name] for name in sorted(names_of_message(message)) if name in names), None)
            if row is None or row["stream"] in self._verdict.changed or message.venue_order_id not in row["venue_order_ids"]:
                row = await self._verdict.look_up(message) or row
            compared |= set() if row is None else {row["stream"]}
            if row is not None and self._verdict.is_doubtful(message, row):
                doubtful.append((message, row))
            else:
                self._count(message, is_agreed=await self._verdict.agrees(message, row))
        return doubtful, compared

    def _is_listed(self, row: Row) -> bool:
        return not self._verdict.listed.isdisjoint(row["venue_order_ids"])

    def _plan(self, rows: Sequence[Row], open_orders: Sequence[Row]) -> None:
        """Share the questions of this run out: to these orders, and to those that earlier runs left and that have ended here."""
        names = {name for row in open_orders for name in (name_of(row), *row["venue_order_ids"])}
        self._ration.plan([*map(name_of, rows), *(name for name in self._ration.waiting if name not in names)])

    def _may_ask(self, row: Row, listing: Listing, message: Any = None) -> bool:
        """Whether this run still asks about the order, of which the list tells `message` if it tells anything. If not, that stays
        open, and so does that the order was absent before."""
        if self._ration.may_ask(name_of(row)):
            return True
        self._leave(row, name_of(row), listing)
        if row["absent_at"] is not None and message is None:
            self._findings.leave_open(absent_order(row, listing.at))
        if message is not None:
            self._count(message, is_agreed=False)
        return False

    def _leave(self, row: Row, name: str, listing: Listing) -> None:
        self._findings.leave_open(not_asked(row, name, listing.at, self._ration.most))

    async def compare_traded(self, listing: Listing, fills: Sequence[Message]) -> None:
        """The orders of these fills: their numbers, where one id has come with several; and of those that have ended here by
        their fills, and of which the venue's last word was missed, whatever it has said: it may have been on their terms."""
        told = {*listing.venue_order_ids, *(word.venue_order_id for word in listing.messages if not is_money(word))}  # type: ignore[attr-defined]
        traded: dict[str, list[Fill]] = {}
        for fill in fills:
            if isinstance(fill, Fill) and fill.venue_order_id is not None:
                traded.setdefault(fill.venue_order_id, []).append(fill)
        for name in dict.fromkeys([*self._ration.waiting, *traded]):
            row = await self._findings.order(name)
            if row is not None and Anomaly.FILL_ID_REUSED in row["anomalies"]:
                await self._findings.compare_fills(traded.get(name, ()), row)
            if row is None or name in told or row["is_open"] or not self._has_settled(row, listing):
                continue
            if not UNEXPLAINED & set(row["anomalies"]) and row["reported_cum_quantity"] == row["cum_quantity"]:
                continue
            if self._ration.may_ask(name):
                await self._hear_all_of(row, f"{row['status']} here, by its fills alone")
            else:
                self._leave(row, name, listing)

    async def _hear_all_of(self, row: Row, text: str) -> None:
        """Whatever the venue says of the order that was not heard before, and the terms that it ended on."""
        answer: Sequence[Any] = await self._venue.order(self._findings.account, row) or ()
        for message in answer:
            if is_money(message):
                await self._findings.learn([message])
                continue
            if await self._findings.news([message]):
                await self._verdict.take_over(Kind.MISSING_END if says_ended(message) else Kind.TERMS_DIFFER, text, message, row)
            fresh = await self._verdict.fresh(message, row)
            if message.venue_order_id == fresh["venue_order_id"]:
                found = terms(fresh, message) or at_end(fresh, message)
                if found is not None:
                    await self._verdict.add(*found, message, fresh)

    def _has_settled(self, row: Row, listing: Listing) -> bool:
        """What changed a moment ago may be told in a moment. That it was found absent is nothing the venue will tell. A time that
        is still to come was told wrongly: it is not waited for."""
        changed_at = row["updated_at"]
        is_fresh = listing.at - self._grace <= changed_at <= listing.at + CLOCKS_APART
        return row["absent_at"] is not None or not is_fresh

    def _count(self, message: Any, *, is_agreed: bool) -> None:
        self._is_agreed[subject_of(message)] = is_agreed and self._is_agreed.get(subject_of(message), True)

    async def _compare_again(self, doubtful: Sequence[tuple[Any, Row]], since: datetime) -> None:
        """Each order is asked for once, and then, once for all, what was filled until the last has answered."""
        orders = {row["stream"]: row for _, row in doubtful}
        answers = {stream: await self._venue.order(self._findings.account, row) or () for stream, row in orders.items()}
        if orders:
            begun = (row["requested_at"] or row["acknowledged_at"] or since for row in orders.values())
            await self._findings.ask_fills(self._venue, min([since, *begun]))
        for message, row in doubtful:
            fresh = await self._verdict.look_up(message) or row if row["stream"] in self._verdict.changed else row
            if self._verdict.is_doubtful(message, fresh):
                words = await self._verdict.words(message, fresh, answers[row["stream"]])
                is_agreed = await self._verdict.compare_words(words, fresh)
            else:
                is_agreed = await self._verdict.agrees(message, fresh)
            self._count(message, is_agreed=is_agreed)

    async def _ask_for(self, row: Row, listing: Listing) -> None:
        """An order that is open here and not in the venue's list: by client id, alias and venue id, then by its fills. If it is
        still open after that, under an id of which the venue has nothing to say, that id is not known to it."""
        answer = await self._venue.order(self._findings.account, row)
        words: list[Any] = [told for told in answer or () if not is_money(told)]
        await self._findings.learn([told for told in answer or () if is_money(told)])
        await self._verdict.compare_words(words, row)
        fresh = await self._findings.order(name_of(row)) or row
        if fresh["is_open"] and not any(told.venue_order_id == fresh["venue_order_id"] for told in words):
            is_over = answer is None and await self._is_over(fresh, listing)
            await self._findings.add(concluded_end(fresh, listing.at) if is_over else absent_order(fresh, listing.at))

    async def _is_over(self, row: Row, listing: Listing) -> bool:
        """Whether the end of an order that the venue does not know can be concluded: not from answers that cannot be read."""
        is_whole = not listing.faults and not self._findings.has_unread
        if not is_whole or not may_conclude(row, listing.at, self._concluding):
            return False
        if any(may_be(row, own) for own in self._rows):
            return False
        return not await off_loop(was_taken_back, self._findings.book, row)

    async def _compare_twins(self, listing: Listing, rows: Sequence[Row]) -> None:
        for row in rows:
            live = sorted(name for name in row["venue_order_ids"] if name in listing.venue_order_ids)
            if len(live) > 1:
                await self._findings.add(two_live_orders(row, live))
