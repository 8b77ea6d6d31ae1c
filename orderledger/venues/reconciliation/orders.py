"""Compares the orders of one account: the venue's list with the open orders of the ledger. Queries
single orders to make sure."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from orderledger import Anomaly, Fill, Message
from orderledger.extend.messages import Report
from orderledger.extend.runtime import threads
from orderledger.rows import OrderRow
from orderledger.venues.base.venue import Listing
from orderledger.venues.reconciliation.account import ReconciledAccount
from orderledger.venues.reconciliation.breaks import (
    Break,
    Kind,
    absent_order,
    name_of,
    not_asked,
    two_live_orders,
    updated_at,
)
from orderledger.venues.reconciliation.concluding import (
    concluded_end,
    may_be,
    may_conclude,
    of_ours_after_all,
    was_taken_back,
)
from orderledger.venues.reconciliation.differences import (
    Compared,
    differences,
    subject_of,
)
from orderledger.venues.reconciliation.facts import Facts
from orderledger.venues.reconciliation.fills import differing, money_in, record_missed, reports_in
from orderledger.venues.reconciliation.rationing import Ration
from orderledger.venues.reconciliation.rules import Rules
from orderledger.venues.reconciliation.settling import Settlement

CLOCKS_APART = timedelta(minutes=1)
"""Largest lead of the venue's clock over ours."""

UNEXPLAINED = frozenset(
    {Anomaly.CLIENT_ORDER_ID_REUSED, Anomaly.OVERFILL, Anomaly.QUANTITY_MISMATCH}
)
"""Anomalies of an ended order that suggest a missing report of the venue."""

SURE = Kind.UNANSWERED_ORDER
"""The difference of a known order that even an outdated list proves. The order itself is queried
before any other counts."""


Listed = tuple[Report, OrderRow]
"""A report of the list, and its order."""


class Questions(NamedTuple):
    """The orders about which the venue is queried. They differ from the list, are missing in it, or
    have several ids at the venue that are not all explained."""

    doubtful: Sequence[Listed]
    missing: Sequence[OrderRow]
    reused: Sequence[OrderRow]


class OrderComparison:
    """The comparison of orders with the venue's list of open orders. `breaks`: the differences, in
    the order in which they were found.

    `recorded`: waits until the stream's earlier messages are recorded, so that a later answer is
    recorded after them.
    """

    def __init__(
        self,
        account: ReconciledAccount,
        facts: Facts,
        listing: Listing,
        rules: Rules,
        ration: Ration,
        recorded: Callable[[], Awaitable[None]],
    ) -> None:
        self._account = account
        self._facts = facts
        self._listing = listing
        self._rules = rules
        self._ration = ration
        self._recorded = recorded
        self._settlement = Settlement(account, listing)
        self.breaks = self._settlement.breaks
        self._agreed: dict[str, bool] = {}
        self._rows: Sequence[OrderRow] = ()

    @property
    def agreed(self) -> int:
        """The number of open orders that agree, after recording what was missed.

        A list may have several messages about one order, which must all agree. A list of the day
        also has ended orders, and names the open ones.
        """
        listed = self._listing.venue_order_ids
        return sum(is_agreed for name, is_agreed in self._agreed.items() if name in listed)

    async def compare(self, since: datetime) -> None:
        """Compare the full list. Fills were queried from `since` on."""
        await self._recorded()
        questions = await threads.to_thread(self._compare_list)
        await self._ask_again(questions.doubtful, since)
        for row in questions.missing:
            answer = await self._facts.order(row)
            await self._recorded()
            await threads.to_thread(self._settle_missing, row, answer)
        for row in questions.reused:
            count = len(row["venue_order_ids"])
            await self._ask_for_all(row, f"{count} ids at the venue, and not all of them explained")

    async def compare_traded(self, fills: Sequence[Message]) -> None:
        """Compare the orders of these fills.

        Compares the fills' numbers if one id came with several. Queries orders that ended by their
        fills while the venue's last report was missed: that report may have changed their terms.
        """
        for row in await threads.to_thread(self._ended_by_fills, fills):
            await self._ask_for_all(row, f"{row['status']} here, by its fills alone")

    def _compare_list(self) -> Questions:
        """Settle what the list proves, and choose the orders to query."""
        again = [of_ours_after_all(row) for row in self._account.concluded_orders()]
        self._account.record([repair for found in again for repair in found.repairs])
        self._rows = rows = self._account.open_orders()
        self.breaks += [*again, *self._twins(rows)]
        compared = self._settlement.compared(reports_in(self._listing.messages), rows)
        doubtful = self._settle(compared)
        return self._questions(doubtful, {row["stream"] for _, row in compared if row is not None})

    def _twins(self, rows: Sequence[OrderRow]) -> list[Break]:
        """Orders of ours that are two orders at the venue."""
        listed = self._listing.venue_order_ids
        live = [(row, sorted(listed.intersection(row["venue_order_ids"]))) for row in rows]
        return [two_live_orders(row, names) for row, names in live if len(names) > 1]

    def _settle(
        self, compared: Sequence[Compared], answers: Mapping[str, Sequence[Message]] | None = None
    ) -> list[Listed]:
        """Settle the reports of the list. Returns the doubtful ones, unless the venue has answered
        on their orders. `answers`: by stream."""
        doubtful: list[Listed] = []
        first = differences(compared, self._listing.venue_order_ids)
        for (report, known), one in zip(compared, first, strict=True):
            row, found = self._settlement.look_again(report, known, one)
            if found is None or row is None or found.kind is SURE:
                is_agreed = found is None or self._settlement.repair(found, report, row)
            elif answers is None:
                doubtful.append((report, row))
                continue
            else:
                answer = answers[(known or row)["stream"]]
                self.breaks += record_missed(self._account, money_in(answer))
                reports = self._settlement.reports_on(report, row, reports_in(answer))
                is_agreed = self._settlement.settle_answer(reports, row)
            self._count(report, is_agreed=is_agreed)
        return doubtful

    def _questions(self, doubtful: Sequence[Listed], compared: set[str]) -> Questions:
        """The orders to query in this run. `compared`: streams of the orders in the list."""
        settled = [row for row in self._rows if self._has_settled(row)]
        listed: list[OrderRow] = []
        unlisted: list[OrderRow] = []
        for row in settled:
            is_listed = not self._listing.venue_order_ids.isdisjoint(row["venue_order_ids"])
            (listed if is_listed or row["stream"] in compared else unlisted).append(row)
        missing = sorted(unlisted, key=lambda row: (row["absent_at"] is not None, updated_at(row)))
        reused = [row for row in listed if Anomaly.CLIENT_ORDER_ID_REUSED in row["anomalies"]]
        self._plan([*(row for _, row in doubtful), *missing, *reused])
        return Questions(
            [(report, row) for report, row in doubtful if self._may_ask(row, report=report)],
            [row for row in missing if self._may_ask(row)],
            [row for row in reused if self._may_ask(row)],
        )

    def _has_settled(self, row: OrderRow) -> bool:
        """Check that the order did not change within the grace period, in which the venue may still
        report.

        An absent order counts as settled, because the venue will not report it. So does a time in
        the future: that time is wrong.
        """
        at = self._listing.at
        is_fresh = at - self._rules.grace <= updated_at(row) <= at + CLOCKS_APART
        return row["absent_at"] is not None or not is_fresh

    def _plan(self, rows: Sequence[OrderRow]) -> None:
        """Distribute this run's queries among these orders, and among orders of earlier runs that
        have ended here."""
        names = {name for row in self._rows for name in (name_of(row), *row["venue_order_ids"])}
        self._ration.plan(
            [*map(name_of, rows), *(name for name in self._ration.waiting if name not in names)]
        )

    def _may_ask(self, row: OrderRow, *, report: Report | None = None) -> bool:
        """Check whether this run may query the order. `report`: the list's report on it, if any.

        If not, a break stays open; for an order that was absent before, a second one.
        """
        if self._ration.may_ask(name_of(row)):
            return True
        at = self._listing.at
        self.breaks.append(not_asked(row, name_of(row), at, self._ration.most))
        if row["absent_at"] is not None and report is None:
            self.breaks.append(absent_order(row, at))
        if report is not None:
            self._count(report, is_agreed=False)
        return False

    def _count(self, report: Report, *, is_agreed: bool) -> None:
        subject = subject_of(report)
        self._agreed[subject] = is_agreed and self._agreed.get(subject, True)

    async def _ask_again(self, doubtful: Sequence[Listed], since: datetime) -> None:
        """Query each order once, and then once for all the fills up to the last answer."""
        orders = {row["stream"]: row for _, row in doubtful}
        if not orders:
            return
        answers = {stream: await self._facts.order(row) or () for stream, row in orders.items()}
        begun = (row["requested_at"] or row["acknowledged_at"] or since for row in orders.values())
        fills = await self._facts.fills(min([since, *begun]))
        await self._recorded()
        self.breaks += await threads.to_thread(record_missed, self._account, fills)
        await threads.to_thread(self._settle, doubtful, answers)

    def _settle_missing(self, row: OrderRow, answer: Sequence[Message] | None) -> None:
        """Settle an order that is open here and missing in the venue's list, by the venue's answer
        on it.

        If it is still open then, and the venue reported nothing about its current id, the venue
        does not know that id.
        """
        reports = reports_in(answer or ())
        self.breaks += record_missed(self._account, money_in(answer or ()))
        self._settlement.settle_answer(reports, row)
        fresh = self._account.order(name_of(row)) or row
        name = fresh["venue_order_id"]
        if fresh["is_open"] and not any(report.venue_order_id == name for report in reports):
            is_over = answer is None and self._is_over(fresh)
            at = self._listing.at
            found = concluded_end(fresh, at) if is_over else absent_order(fresh, at)
            self.breaks.append(found)
            self._account.record(found.repairs)

    def _is_over(self, row: OrderRow) -> bool:
        """Check whether the end of an order that the venue does not know can be concluded.
        Unreadable answers prevent that."""
        if self._facts.unread or not may_conclude(row, self._listing.at, self._rules.concluding):
            return False
        if any(may_be(row, own) for own in self._rows):
            return False
        return not was_taken_back(self._account.book, row)

    def _ended_by_fills(self, fills: Sequence[Message]) -> list[OrderRow]:
        """The orders to query that ended by these fills, or that earlier runs have left."""
        listed = self._listing.venue_order_ids.union(
            name for one in reports_in(self._listing.messages) if (name := one.venue_order_id)
        )
        traded: dict[str, list[Fill]] = {}
        for fill in fills:
            if isinstance(fill, Fill) and fill.venue_order_id is not None:
                traded.setdefault(fill.venue_order_id, []).append(fill)
        names = list(dict.fromkeys([*self._ration.waiting, *traded]))
        asked: dict[str, OrderRow] = {}
        for name, row in zip(names, self._account.orders(names), strict=True):
            if row is not None and Anomaly.FILL_ID_REUSED in row["anomalies"]:
                self.breaks += differing(self._account, traded.get(name, ()), row)
            if row is None or name in listed or not self._is_unexplained(row):
                continue
            if self._ration.may_ask(name):
                asked[row["stream"]] = row
            else:
                self.breaks.append(not_asked(row, name, self._listing.at, self._ration.most))
        return list(asked.values())

    def _is_unexplained(self, row: OrderRow) -> bool:
        """Check for an ended order that seems to lack a report of the venue."""
        if row["is_open"] or not self._has_settled(row):
            return False
        is_reported = row["reported_cum_quantity"] == row["cum_quantity"]
        return not is_reported or not UNEXPLAINED.isdisjoint(row["anomalies"])

    async def _ask_for_all(self, row: OrderRow, text: str) -> None:
        answer = await self._facts.order(row) or ()
        await self._recorded()
        await threads.to_thread(self._settlement.record_all, answer, row, text)
