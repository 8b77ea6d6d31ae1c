"""Settles differences of orders: proposes the venue's reports as repairs, records them, and
compares again. Ends when both sides agree, or when no report settles the remaining differences."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from orderledger import Acknowledged, Message, Replaced, Restated
from orderledger.extend.messages import Report
from orderledger.rows import OrderRow
from orderledger.venues.base.venue import Listing
from orderledger.venues.reconciliation.account import ReconciledAccount
from orderledger.venues.reconciliation.book import TERMS, is_taken_back, terms_reported
from orderledger.venues.reconciliation.breaks import (
    CONCLUDED,
    Break,
    Kind,
    name_of,
    repairing,
    reported_at,
    updated_at,
)
from orderledger.venues.reconciliation.concluding import seen_again
from orderledger.venues.reconciliation.differences import (
    Compared,
    Difference,
    Names,
    at_end,
    difference,
    named_by,
    names_of,
    names_of_report,
    says_ended,
    shows_working,
    stated_by,
    stays_unknown,
    subject_of,
    terms,
)
from orderledger.venues.reconciliation.disputed import disputed_end
from orderledger.venues.reconciliation.fills import money_in, record_missed, reports_in

Kinds = frozenset[Kind]

STAY_OPEN = frozenset({Kind.QUANTITY_DIFFERS, Kind.STATUS_DIFFERS})


class Settlement:
    """The settled and the open differences of the orders of one account.

    `listed`: ids that work by the venue's list. `breaks`: the differences found. `changed`: streams
    of the orders that repairs changed.
    """

    def __init__(self, account: ReconciledAccount, listing: Listing) -> None:
        self.breaks: list[Break] = []
        self.changed: set[str] = set()
        self.listed: Names = listing.venue_order_ids
        self._asked_at = listing.at
        self._account = account

    def order_of(self, report: Report) -> OrderRow | None:
        """The order of this report, also if it has ended here."""
        for name in (report.venue_order_id, *report.aliases.values()):
            row = self._account.order(name) if name else None
            if row is not None and named_by(row, report):
                return row
        name = report.client_order_id
        row = self._account.order(name) if name else None
        return row if row is not None and row["client_order_id"] == name else None

    def compared(self, reports: Sequence[Report], rows: Sequence[OrderRow]) -> list[Compared]:
        """The reports of a list, each with its order. `rows`: the open orders."""
        by_name = {name: row for row in rows for name in names_of(row)}
        found: list[Compared] = []
        for report in reports:
            names = sorted(names_of_report(report))
            row = next((by_name[name] for name in names if name in by_name), None)
            if row is None or report.venue_order_id not in row["venue_order_ids"]:
                row = self.order_of(report) or row
            found.append((report, row))
        return found

    def now(self, report: Report, row: OrderRow) -> OrderRow:
        """The current row of the order."""
        return self.order_of(report) or self._account.order(name_of(row)) or row

    def look_again(
        self, report: Report, row: OrderRow | None, found: Difference | None
    ) -> tuple[OrderRow | None, Difference | None]:
        """The order and its difference now, after the repairs of other reports."""
        is_outdated = bool(self.breaks) if row is None else row["stream"] in self.changed
        if not is_outdated:
            return row, found
        fresh = self.order_of(report) or row
        return fresh, difference(fresh, report, self.listed)

    def settle_answer(self, answer: Sequence[Report], row: OrderRow) -> bool:
        """Compare all reports of the venue about one order, in order. The last counts, earlier ones
        if they are new.

        Returns True if both sides agree then.
        """
        has_ended = any(map(says_ended, answer))
        if not answer or (not has_ended and self._difference_now(answer[-1], row) is None):
            return True
        is_shown = any(map(shows_working, answer))
        is_agreed = True
        for report in answer:
            is_last = report is answer[-1] or says_ended(report)
            news = self._account.news([report])
            if not news and not is_last:
                continue
            # Once the end is known, an earlier report that the order worked is not a difference.
            is_earlier = has_ended and not says_ended(report)
            fresh = self.now(report, row)
            found = None if is_earlier else difference(fresh, report, self.listed)
            if found is None:
                if has_ended:
                    subject = fresh["venue_order_id"] or ""
                    self._account.record(repairing(news, Kind.MISSING_END, subject))
            elif found.kind is Kind.STATUS_DIFFERS and is_shown and not shows_working(report):
                self._account.record(repairing(news, found.kind, subject_of(report)))
            else:
                is_agreed = self.repair(found, report, fresh) and is_agreed
        return is_agreed

    def record_all(self, answer: Sequence[Message], row: OrderRow, text: str) -> None:
        """Record all reports of the venue about the order that were missed, and compare its final
        terms."""
        for message in answer:
            self.breaks += record_missed(self._account, money_in([message]))
            for report in reports_in([message]):
                if self._account.news([report]):
                    kind = Kind.MISSING_END if says_ended(report) else Kind.TERMS_DIFFER
                    self._take_over(Difference(kind, text), report, row, [report])
                fresh = self.now(report, row)
                if report.venue_order_id == fresh["venue_order_id"]:
                    found = terms(fresh, report) or at_end(fresh, report)
                    if found is not None:
                        self.repair(found, report, fresh)

    def reports_on(
        self, report: Report, row: OrderRow, answer: Sequence[Report]
    ) -> Sequence[Report]:
        """The reports of an answer that count for a listed order. All of them: a leg that has ended
        meanwhile may have begun before."""
        fresh = self.now(report, row)
        name = report.venue_order_id
        if any(one.venue_order_id == name for one in answer):
            return [one for one in answer if one.venue_order_id == name or named_by(fresh, one)]
        # A known id that is missing in the answer was replaced since the list was made.
        return answer if name in fresh["venue_order_ids"] and answer else [report]

    def repair(
        self, found: Difference, report: Report, row: OrderRow | None, tried: Kinds = frozenset()
    ) -> bool:
        """Add a break. Returns True if the venue's report settles it, which a recorded and reverted
        report does not."""
        return self._take_over(found, report, row, self._proposed(found, report, row), tried)

    def _take_over(
        self,
        found: Difference,
        report: Report,
        row: OrderRow | None,
        proposed: Sequence[Message],
        tried: Kinds = frozenset(),
    ) -> bool:
        kind, subject = found.kind, subject_of(report)
        tried |= {kind}
        if kind is Kind.MISSING_END:
            self._repair_terms(report, tried)
        new = self._account.news(proposed)
        if not new and (is_agreed := self._agrees_by_now(report, tried)) is not None:
            return is_agreed  # the stream has delivered it meanwhile
        self.changed |= {row["stream"]} if row is not None and new else set()
        one = Break(
            kind=kind,
            account=self._account.name,
            subject=subject,
            since=reported_at(report),
            text=found.text,
            ours=row,
            theirs=report.evidence,
            repairs=repairing(new, kind, subject),
            is_settled=bool(new) and kind not in STAY_OPEN,
        )
        self._account.record(one.repairs)
        if kind is Kind.MISSING_END and (ends := self._ends_disputed(report)):
            one = replace(one, repairs=(*one.repairs, *ends), is_settled=True)
        if kind is Kind.STATUS_DIFFERS and shows_working(report):
            is_open = difference(self.order_of(report), report, self.listed) is None
            one = replace(one, is_settled=is_open)  # the answer has opened the order again
        self.breaks.append(one)
        if one.is_settled and (row is None or row["origin"] == "external"):
            return self._agrees_by_now(report, tried) is not False
        return one.is_settled

    def _ends_disputed(self, report: Report) -> Sequence[Message]:
        """Record the end as of the query, if the recorded one does not count."""
        row = self.order_of(report)
        end = row and disputed_end(self._account.book, row, report, self._asked_at)
        if not row or not end:
            return ()
        repairs = repairing([end], Kind.MISSING_END, subject_of(report))
        self._account.record(repairs)
        self.changed.add(row["stream"])
        return repairs

    def _agrees_by_now(self, report: Report, tried: Kinds) -> bool | None:
        """Check whether the order agrees now; it may have been attributed to another order. Another
        difference is another break.

        Returns None for a difference in a kind already tried, or one that later reports may settle.
        """
        fresh = self.order_of(report)
        found = difference(fresh, report, self.listed)
        if found is None:
            return True
        return None if found.kind in tried | STAY_OPEN else self.repair(found, report, fresh, tried)

    def _repair_terms(self, report: Report, tried: Kinds) -> None:
        """Compare the terms of an end first: the order is not queried after its end."""
        fresh = self.order_of(report)
        if fresh is None or report.venue_order_id not in fresh["venue_order_ids"]:
            return
        found = terms(fresh, report, self.listed)
        if found is not None and found.kind not in tried:
            self.repair(found, report, fresh, tried)

    def _difference_now(self, report: Report, row: OrderRow) -> Difference | None:
        return difference(self.now(report, row), report, self.listed)

    def _proposed(
        self, found: Difference, report: Report, row: OrderRow | None
    ) -> Sequence[Message]:
        """The messages that repair a difference: the venue's report.

        If that does not bring its terms into force, or is older than the order's absence, the
        report is repeated in another form.
        """
        if row is None:
            return [report]
        if found.kind is Kind.MISSING_ORDER and row["reason"] == CONCLUDED:
            return seen_again(row, report)
        if found.kind is Kind.UNANSWERED_ORDER:
            fresh = self.now(report, row)
            more = [observed(report, fresh)] if stays_unknown(fresh, report) else []
            return [report, *more]
        if found.kind is Kind.TERMS_DIFFER and report.venue_order_id in row["venue_order_ids"]:
            return self._proposed_terms(report, row)
        return [report]

    def _proposed_terms(self, report: Report, row: OrderRow) -> Sequence[Message]:
        """The report, or its terms in another form. Empty for a report older than the venue's last
        one here, which may be stale, and for one that was reverted."""
        last = terms_reported(self._account.book, row)
        at = reported_at(report)
        if last is not None and is_taken_back(last) and at <= last["at"]:
            return []
        is_news = bool(self._account.news([report]))
        if is_news and isinstance(report, (Replaced, Restated)):
            return [report]
        if last is not None and at < last["at"]:
            return []
        return [report] if is_news and row["origin"] == "external" else [restated(report, row)]


def observed(report: Report, row: OrderRow) -> Acknowledged:
    """An acknowledgement that the venue knows the order. It claims no terms: its time may be ours,
    and later than the venue's next report."""
    return Acknowledged(
        account=report.account,
        venue_order_id=report.venue_order_id,
        aliases=report.aliases,
        at=max(reported_at(report), updated_at(row)),
        evidence=report.evidence,
    )


def restated(report: Report, row: OrderRow) -> Restated | Replaced:
    """The venue's terms as terms in force, of the outstanding replace if there is one. With the
    venue's time, so that its next report supersedes them."""
    claims = stated_by(report)
    assert claims is not None
    here = {name: term for name, term in row.items() if name in TERMS}
    claimed: dict[str, Any] = {name: getattr(claims, name) for name in TERMS}
    kind = Replaced if row["pending"] == "replace" else Restated
    return kind(
        account=report.account,
        venue_order_id=report.venue_order_id,
        at=report.at,
        reported=report.reported,
        evidence=report.evidence,
        **{name: term for name, term in claimed.items() if term is not None and term != here[name]},
    )
