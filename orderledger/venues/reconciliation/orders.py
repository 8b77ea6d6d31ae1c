"""Compares the orders of one account: the venue's list with the open orders of the ledger. Queries
single orders to make sure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from orderledger import Anomaly, Fill, Message
from orderledger.extend.views import Row
from orderledger.venues.base.venue import Listing, Venue
from orderledger.venues.reconciliation.book import names_of, names_of_message
from orderledger.venues.reconciliation.breaks import (
    CONCLUDED,
    Kind,
    absent_order,
    name_of,
    not_asked,
    two_live_orders,
)
from orderledger.venues.reconciliation.comparing import at_end, says_ended, terms
from orderledger.venues.reconciliation.concluding import (
    concluded_end,
    may_be,
    may_conclude,
    of_ours_after_all,
    was_taken_back,
)
from orderledger.venues.reconciliation.findings import Findings, is_money, off_loop
from orderledger.venues.reconciliation.rationing import Ration
from orderledger.venues.reconciliation.verdict import Verdict, subject_of

CLOCKS_APART = timedelta(minutes=1)
"""Largest lead of the venue's clock over ours."""

UNEXPLAINED = frozenset(
    {Anomaly.CLIENT_ORDER_ID_REUSED, Anomaly.OVERFILL, Anomaly.QUANTITY_MISMATCH}
)
"""Anomalies of an ended order that suggest a missing report of the venue."""


class OrderComparison:
    """The comparison of orders. `agreed` counts the open orders that agree, after recording what
    was missed."""

    def __init__(
        self,
        findings: Findings,
        venue: Venue,
        ration: Ration,
        *,
        grace: timedelta,
        concluding: timedelta,
    ) -> None:
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
        """The number of open orders that agree.

        A list may have several messages about one order, which must all agree. A list of the day
        also has ended orders, and names the open ones.
        """
        return sum(
            is_agreed for name, is_agreed in self._is_agreed.items() if name in self._verdict.listed
        )

    async def compare(self, listing: Listing, since: datetime) -> None:
        """Compare a full list of open orders. Fills were queried from `since` on."""
        self._verdict.listed = listing.venue_order_ids
        for row in await self._findings.orders_of_ours(reason=CONCLUDED):
            await self._findings.add(of_ours_after_all(row))
        self._rows = rows = await self._findings.open_orders()
        await self._compare_twins(listing, rows)
        doubtful, compared = await self._compare_listed(listing, rows)
        settled = [row for row in rows if self._has_settled(row, listing)]
        unlisted = {
            row["stream"]: row
            for row in settled
            if row["stream"] not in compared and not self._is_listed(row)
        }
        reused = [
            row
            for row in settled
            if row["stream"] not in unlisted and Anomaly.CLIENT_ORDER_ID_REUSED in row["anomalies"]
        ]
        missing = sorted(
            unlisted.values(), key=lambda row: (row["absent_at"] is not None, row["updated_at"])
        )
        self._plan([*(row for _, row in doubtful), *missing, *reused], rows)
        await self._compare_again(
            [(message, row) for message, row in doubtful if self._may_ask(row, listing, message)],
            since,
        )
        for row in [row for row in missing if self._may_ask(row, listing)]:
            await self._ask_for(row, listing)
        for row in [row for row in reused if self._may_ask(row, listing)]:
            await self._hear_all_of(
                row,
                f"{len(row['venue_order_ids'])} ids at the venue, and not all of them explained",
            )

    async def _compare_listed(
        self, listing: Listing, rows: Sequence[Row]
    ) -> tuple[list[tuple[Any, Row]], set[str]]:
        """Compare the list's messages about each order. Returns messages to verify by querying the
        order, and the orders compared."""
        names = {name: row for row in rows for name in names_of(row)}
        doubtful: list[tuple[Any, Row]] = []
        compared: set[str] = (
            set()
        )  # of two orders that share an alias, only the one that the message is about
        words: list[Any] = [report for report in listing.messages if not is_money(report)]
        for message in words:
            row = next(
                (names[name] for name in sorted(names_of_message(message)) if name in names), None
            )
            if (
                row is None
                or row["stream"] in self._verdict.changed
                or message.venue_order_id not in row["venue_order_ids"]
            ):
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
        """Distribute this run's queries among these orders, and among orders of earlier runs that
        have ended here."""
        names = {name for row in open_orders for name in (name_of(row), *row["venue_order_ids"])}
        self._ration.plan(
            [*map(name_of, rows), *(name for name in self._ration.waiting if name not in names)]
        )

    def _may_ask(self, row: Row, listing: Listing, message: Any = None) -> bool:
        """Check whether this run may still query the order. `message`: the list's message about it,
        if any.

        If not, a break stays open; for an order that was absent before, a second one.
        """
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
        """Compare the orders of these fills.

        Compares the fills' numbers if one id came with several. Queries orders that ended by their
        fills while the venue's last report was missed, whatever it said: it may have changed their
        terms.
        """
        listed = {
            *listing.venue_order_ids,
            *(word.venue_order_id for word in listing.messages if not is_money(word)),  # type: ignore[attr-defined]
        }
        traded: dict[str, list[Fill]] = {}
        for fill in fills:
            if isinstance(fill, Fill) and fill.venue_order_id is not None:
                traded.setdefault(fill.venue_order_id, []).append(fill)
        for name in dict.fromkeys([*self._ration.waiting, *traded]):
            row = await self._findings.order(name)
            if row is not None and Anomaly.FILL_ID_REUSED in row["anomalies"]:
                await self._findings.compare_fills(traded.get(name, ()), row)
            if (
                row is None
                or name in listed
                or row["is_open"]
                or not self._has_settled(row, listing)
            ):
                continue
            if (
                not UNEXPLAINED & set(row["anomalies"])
                and row["reported_cum_quantity"] == row["cum_quantity"]
            ):
                continue
            if self._ration.may_ask(name):
                await self._hear_all_of(row, f"{row['status']} here, by its fills alone")
            else:
                self._leave(row, name, listing)

    async def _hear_all_of(self, row: Row, text: str) -> None:
        """Record all reports of the venue about the order that were missed, and compare its final
        terms."""
        answer: Sequence[Any] = await self._venue.order(self._findings.account, row) or ()
        for message in answer:
            if is_money(message):
                await self._findings.learn([message])
                continue
            if await self._findings.news([message]):
                await self._verdict.take_over(
                    Kind.MISSING_END if says_ended(message) else Kind.TERMS_DIFFER,
                    text,
                    message,
                    row,
                )
            fresh = await self._verdict.fresh(message, row)
            if message.venue_order_id == fresh["venue_order_id"]:
                found = terms(fresh, message) or at_end(fresh, message)
                if found is not None:
                    await self._verdict.add(*found, message, fresh)

    def _has_settled(self, row: Row, listing: Listing) -> bool:
        """Check that the order did not change within the grace period, in which the venue may still
        report.

        An absent order counts as settled, because the venue will not report it. So does a time in
        the future: that time is wrong.
        """
        changed_at = row["updated_at"]
        is_fresh = listing.at - self._grace <= changed_at <= listing.at + CLOCKS_APART
        return row["absent_at"] is not None or not is_fresh

    def _count(self, message: Any, *, is_agreed: bool) -> None:
        self._is_agreed[subject_of(message)] = is_agreed and self._is_agreed.get(
            subject_of(message), True
        )

    async def _compare_again(self, doubtful: Sequence[tuple[Any, Row]], since: datetime) -> None:
        """Query each order once, and then once for all the fills up to the last answer."""
        orders = {row["stream"]: row for _, row in doubtful}
        answers = {
            stream: await self._venue.order(self._findings.account, row) or ()
            for stream, row in orders.items()
        }
        if orders:
            begun = (
                row["requested_at"] or row["acknowledged_at"] or since for row in orders.values()
            )
            await self._findings.ask_fills(self._venue, min([since, *begun]))
        for message, row in doubtful:
            fresh = (
                await self._verdict.look_up(message) or row
                if row["stream"] in self._verdict.changed
                else row
            )
            if self._verdict.is_doubtful(message, fresh):
                words = await self._verdict.words(message, fresh, answers[row["stream"]])
                is_agreed = await self._verdict.compare_words(words, fresh)
            else:
                is_agreed = await self._verdict.agrees(message, fresh)
            self._count(message, is_agreed=is_agreed)

    async def _ask_for(self, row: Row, listing: Listing) -> None:
        """Query an order that is open here and missing in the venue's list: by client id, alias and
        venue id, then by its fills.

        If it is still open then, and the venue said nothing about its current id, the venue does
        not know that id.
        """
        answer = await self._venue.order(self._findings.account, row)
        words: list[Any] = [report for report in answer or () if not is_money(report)]
        await self._findings.learn([report for report in answer or () if is_money(report)])
        await self._verdict.compare_words(words, row)
        fresh = await self._findings.order(name_of(row)) or row
        if fresh["is_open"] and not any(
            report.venue_order_id == fresh["venue_order_id"] for report in words
        ):
            is_over = answer is None and await self._is_over(fresh, listing)
            await self._findings.add(
                concluded_end(fresh, listing.at) if is_over else absent_order(fresh, listing.at)
            )

    async def _is_over(self, row: Row, listing: Listing) -> bool:
        """Check whether the end of an order that the venue does not know can be concluded.
        Unreadable answers prevent that."""
        is_whole = not listing.faults and not self._findings.has_unread
        if not is_whole or not may_conclude(row, listing.at, self._concluding):
            return False
        if any(may_be(row, own) for own in self._rows):
            return False
        return not await off_loop(was_taken_back, self._findings.book, row)

    async def _compare_twins(self, listing: Listing, rows: Sequence[Row]) -> None:
        for row in rows:
            live = sorted(
                name for name in row["venue_order_ids"] if name in listing.venue_order_ids
            )
            if len(live) > 1:
                await self._findings.add(two_live_orders(row, live))
