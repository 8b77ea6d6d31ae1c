"""Records the venue's reports on one order if they are new, until both sides agree or a break
remains."""

from collections.abc import Sequence
from typing import Any

from orderledger.infrastructure.messages.registry import Message, Replaced, Restated, StatusObserved
from orderledger.projections.view import Row
from orderledger.venues.reconciliation.book import (
    is_taken_back,
    named_by,
    terms_reported,
)
from orderledger.venues.reconciliation.breaks import (
    CONCLUDED,
    Break,
    Kind,
    name_of,
    repairing,
)
from orderledger.venues.reconciliation.comparing import (
    difference,
    says_ended,
    says_working,
    stays_unknown,
    terms,
)
from orderledger.venues.reconciliation.concluding import seen_again
from orderledger.venues.reconciliation.findings import Findings, is_money, off_loop
from orderledger.venues.reconciliation.wording import observed, restated

Kinds = frozenset[Kind]

STAY_OPEN = frozenset({Kind.QUANTITY_DIFFERS, Kind.STATUS_DIFFERS})
DOUBTFUL = frozenset(
    {
        Kind.QUANTITY_DIFFERS,
        Kind.STATUS_DIFFERS,
        Kind.TERMS_DIFFER,
        Kind.MISSING_END,
        Kind.MISSING_ORDER,
    }
)
"""Breaks that an outdated list may suggest. The order itself is queried before they count."""


class Verdict:
    """Settles differences of orders. `listed`: ids that work by the venue's list. `changed`:
    streams of orders that repairs changed."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.listed: frozenset[str] = frozenset()
        self.changed: set[str] = set()

    async def look_up(self, message: Any) -> Row | None:
        """The order of this message, also if it has ended here."""
        for name in (message.venue_order_id, *message.aliases.values()):
            row = await self._findings.order(name) if name else None
            if row is not None and named_by(row, message):
                return row
        return None

    def is_doubtful(self, message: Any, row: Row) -> bool:
        found = difference(row, message, self.listed)
        return found is not None and found[0] in DOUBTFUL

    async def agrees(self, message: Any, row: Row | None) -> bool:
        """Check whether both sides agree, after recording what was missed."""
        found = difference(row, message, self.listed)
        return found is None or await self.add(*found, message, row)

    async def compare_words(self, words: Sequence[Any], row: Row) -> bool:
        """Compare all reports of the venue about one order, in order. The last counts, earlier ones
        if they are new.

        Returns True if both sides agree then.
        """
        has_ended, shown = (
            any(map(says_ended, words)),
            [message for message in words if _is_shown(message)],
        )
        is_agreed = True
        if not words or (
            not has_ended
            and difference(await self.fresh(words[-1], row), words[-1], self.listed) is None
        ):
            return is_agreed
        for message in words:
            news = await self._findings.news([message])
            if not news and message is not words[-1] and not says_ended(message):
                continue
            fresh = await self.fresh(message, row)
            # Once the end is known, an earlier report that the order worked is no difference.
            found = (
                None
                if has_ended and not says_ended(message)
                else difference(fresh, message, self.listed)
            )
            if (
                found is not None
                and found[0] is Kind.STATUS_DIFFERS
                and shown
                and not _is_shown(message)
            ):
                await self._findings.record(
                    repairing(news, Kind.STATUS_DIFFERS, subject_of(message))
                )
            elif found is not None:
                is_agreed = await self.add(*found, message, fresh) and is_agreed
            elif has_ended:
                await self._findings.record(
                    repairing(news, Kind.MISSING_END, fresh["venue_order_id"] or "")
                )
        return is_agreed

    async def words(self, message: Any, row: Row, answer: Sequence[Message]) -> Sequence[Any]:
        """The reports that count for a listed order. All of them: a leg that has ended meanwhile
        may have begun before."""
        await self._findings.learn([report for report in answer if is_money(report)])
        words: list[Any] = [report for report in answer if not is_money(report)]
        fresh = await self.fresh(message, row)
        if any(report.venue_order_id == message.venue_order_id for report in words):
            return [
                report
                for report in words
                if report.venue_order_id == message.venue_order_id or named_by(fresh, report)
            ]
        # A known id that is missing in the answer was replaced since the list was made.
        return words if message.venue_order_id in fresh["venue_order_ids"] and words else [message]

    async def add(
        self, kind: Kind, text: str, message: Any, row: Row | None, tried: Kinds = frozenset()
    ) -> bool:
        """Add a break. Returns True if the venue's report settles it, which a recorded and reverted
        report does not."""
        return await self.take_over(
            kind, text, message, row, await self._repairs(kind, message, row), tried
        )

    async def take_over(
        self,
        kind: Kind,
        text: str,
        message: Any,
        row: Row | None,
        repairs: Sequence[Message] | None = None,
        tried: Kinds = frozenset(),
    ) -> bool:
        tried |= {kind}
        subject = subject_of(message)
        if kind is Kind.MISSING_END:
            await self._compare_terms(message, tried)
        new = await self._findings.news([message] if repairs is None else repairs)
        if not new and (is_agreed := await self._agrees_by_now(message, tried)) is not None:
            return is_agreed  # the stream has delivered it meanwhile
        self.changed |= {row["stream"]} if row is not None and new else set()
        is_settled = bool(new) and kind not in STAY_OPEN
        found = Break(
            kind=kind,
            account=self._findings.account,
            subject=subject,
            since=message.at,
            text=text,
            ours=row,
            theirs=message.evidence,
            repairs=repairing(new, kind, subject),
            is_settled=is_settled,
        )
        await self._findings.add(found)
        if kind is Kind.STATUS_DIFFERS and _is_shown(message):
            is_settled = (
                difference(await self.look_up(message), message, self.listed) is None
            )  # the answer has opened it again
            self._findings.settle(found) if is_settled else None
        if is_settled and (row is None or row["origin"] == "external"):
            return await self._agrees_by_now(message, tried) is not False
        return is_settled

    async def _agrees_by_now(self, message: Any, tried: Kinds) -> bool | None:
        """Check whether the order agrees now; it may have been attributed to another order. Another
        difference is another break.

        Returns None for a difference in a kind already tried, or one that later reports may settle.
        """
        fresh = await self.look_up(message)
        found = difference(fresh, message, self.listed)
        if found is None:
            return True
        return (
            None if found[0] in tried | STAY_OPEN else await self.add(*found, message, fresh, tried)
        )

    async def _repairs(self, kind: Kind, message: Any, row: Row | None) -> Sequence[Message]:
        """The messages that repair a difference: the venue's report.

        If that does not bring its terms into force, or is older than the order's absence, the
        report is repeated in another form. Empty for a report older than the venue's last one here,
        which may be stale, and for one that was reverted.
        """
        if kind is Kind.MISSING_ORDER and row is not None and row["reason"] == CONCLUDED:
            return seen_again(row, message)
        if kind is Kind.UNANSWERED_ORDER and row is not None:
            fresh = await self.fresh(message, row)
            return (
                [message, observed(message, fresh)] if stays_unknown(fresh, message) else [message]
            )
        if (
            kind is not Kind.TERMS_DIFFER
            or row is None
            or message.venue_order_id not in row["venue_order_ids"]
        ):
            return [message]
        terms = await off_loop(terms_reported, self._findings.book, row)
        if terms is not None and is_taken_back(terms) and message.at <= terms["at"]:
            return []
        is_news = bool(await self._findings.news([message]))
        if is_news and isinstance(message, (Replaced, Restated)):
            return [message]
        if terms is not None and message.at < terms["at"]:
            return []
        return [message] if is_news and row["origin"] == "external" else [restated(message, row)]

    async def _compare_terms(self, message: Any, tried: Kinds) -> None:
        """Compare the terms of an end first: nobody queries the order after its end."""
        fresh = await self.look_up(message)
        found = (
            terms(fresh, message, self.listed)
            if fresh is not None and message.venue_order_id in fresh["venue_order_ids"]
            else None
        )
        if found is not None and found[0] not in tried:
            await self.add(*found, message, fresh, tried)

    async def fresh(self, message: Any, row: Row) -> Row:
        """The current row of the order."""
        return await self.look_up(message) or await self._findings.order(name_of(row)) or row


def _is_shown(message: Any) -> bool:
    """Check whether this shows the order working at the time of a query: it opens an order that
    ended before."""
    return (
        isinstance(message, StatusObserved)
        and message.asked_at is not None
        and says_working(message)
    )


def subject_of(message: Any) -> str:
    """The most reliable name of the order in a message."""
    subject: str = message.venue_order_id or next(iter(message.aliases.values()))
    return subject
