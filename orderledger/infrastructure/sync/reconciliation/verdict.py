"""The venue's word on one order, taken over where it is news, until both sides say the same or what differs is a break."""

from collections.abc import Sequence
from typing import Any

from orderledger.infrastructure.messages.registry import Message, Replace, Restate
from orderledger.infrastructure.sync.reconciliation.book import is_taken_back, named_by, terms_told
from orderledger.infrastructure.sync.reconciliation.breaks import CONCLUDED, Break, Kind, name_of, repairing
from orderledger.infrastructure.sync.reconciliation.comparing import difference, says_ended, stays_unknown, terms
from orderledger.infrastructure.sync.reconciliation.concluding import seen_again
from orderledger.infrastructure.sync.reconciliation.findings import Findings, is_money, off_loop
from orderledger.infrastructure.sync.reconciliation.wording import observed, restated
from orderledger.projections.view import Row

Kinds = frozenset[Kind]

STAY_OPEN = frozenset({Kind.QUANTITY_DIFFERS, Kind.STATUS_DIFFERS})
DOUBTFUL = frozenset({Kind.QUANTITY_DIFFERS, Kind.STATUS_DIFFERS, Kind.TERMS_DIFFER, Kind.MISSING_END, Kind.MISSING_ORDER})
"""What a list that is a moment old may seem to say: the order itself is asked for before it is believed."""


class Verdict:
    """`listed` are the ids that work at the venue by its list, `changed` the orders that were changed by what was taken over."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.listed: frozenset[str] = frozenset()
        self.changed: set[str] = set()

    async def look_up(self, message: Any) -> Row | None:
        """The order, if it has ended here."""
        for name in (message.venue_order_id, *message.aliases.values()):
            row = await self._findings.order(name) if name else None
            if row is not None and named_by(row, message):
                return row
        return None

    def is_doubtful(self, message: Any, row: Row) -> bool:
        found = difference(row, message, self.listed)
        return found is not None and found[0] in DOUBTFUL

    async def agrees(self, message: Any, row: Row | None) -> bool:
        """Whether both sides say the same, now that what was listed is recorded."""
        found = difference(row, message, self.listed)
        return found is None or await self.add(*found, message, row)

    async def compare_words(self, words: Sequence[Any], row: Row) -> bool:
        """All that the venue answers about one order, in its order: the last word counts, and those before it where they are
        news. Whether both sides say the same by then."""
        has_ended = any(map(says_ended, words))
        is_agreed = True
        if not words or (not has_ended and difference(await self.fresh(words[-1], row), words[-1], self.listed) is None):
            return is_agreed
        for message in words:
            news = await self._findings.news([message])
            if not news and message is not words[-1] and not says_ended(message):
                continue
            fresh = await self.fresh(message, row)
            # That it worked before it ended is no difference from what may be known of its end by now.
            found = None if has_ended and not says_ended(message) else difference(fresh, message, self.listed)
            if found is not None:
                is_agreed = await self.add(*found, message, fresh) and is_agreed
            elif has_ended:
                await self._findings.record(repairing(news, Kind.MISSING_END, fresh["venue_order_id"] or ""))
        return is_agreed

    async def words(self, message: Any, row: Row, answer: Sequence[Message]) -> Sequence[Any]:
        """What the venue says now of an order that it has listed, all of it: a leg that has ended meanwhile began before."""
        await self._findings.learn([told for told in answer if is_money(told)])
        words: list[Any] = [told for told in answer if not is_money(told)]
        fresh = await self.fresh(message, row)
        if any(told.venue_order_id == message.venue_order_id for told in words):
            return [told for told in words if told.venue_order_id == message.venue_order_id or named_by(fresh, told)]
        # If it is an id that is known here, another has taken its place since the list was made.
        return words if message.venue_order_id in fresh["venue_order_ids"] and words else [message]

    async def add(self, kind: Kind, text: str, message: Any, row: Row | None, tried: Kinds = frozenset()) -> bool:
        """A break. Whether the venue's word settles it: not if that word is recorded already, and was taken back."""
        return await self.take_over(kind, text, message, row, await self._repairs(kind, message, row), tried)

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
            return is_agreed  # heard in the meantime
        self.changed |= {row["stream"]} if row is not None and new else set()
        is_settled = bool(new) and kind not in STAY_OPEN
        await self._findings.add(
            Break(
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
        )
        if is_settled and (row is None or row["origin"] == "external"):
            return await self._agrees_by_now(message, tried) is not False
        return is_settled

    async def _agrees_by_now(self, message: Any, tried: Kinds) -> bool | None:
        """Whether the order, which may have turned out to be another, is now what the venue says; what else differs is a break of
        its own. None where it differs in what was tried, or in what may yet be told."""
        fresh = await self.look_up(message)
        found = difference(fresh, message, self.listed)
        if found is None:
            return True
        return None if found[0] in tried | STAY_OPEN else await self.add(*found, message, fresh, tried)

    async def _repairs(self, kind: Kind, message: Any, row: Row | None) -> Sequence[Message]:
        """The venue's word; where that does not bring its terms into force, or was said before we lost sight of the order, the
        same again in other words. None where it is older than what the venue has told here: an answer may be stale; nor where it
        was taken back: only what the venue tells later stands."""
        if kind is Kind.MISSING_ORDER and row is not None and row["reason"] == CONCLUDED:
            return seen_again(row, message)
        if kind is Kind.UNANSWERED_ORDER and row is not None:
            fresh = await self.fresh(message, row)
            return [message, observed(message, fresh)] if stays_unknown(fresh, message) else [message]
        if kind is not Kind.TERMS_DIFFER or row is None or message.venue_order_id not in row["venue_order_ids"]:
            return [message]
        told = await off_loop(terms_told, self._findings.book, row)
        if told is not None and is_taken_back(told) and message.at <= told["at"]:
            return []
        is_news = bool(await self._findings.news([message]))
        if is_news and isinstance(message, (Replace, Restate)):
            return [message]
        if told is not None and message.at < told["at"]:
            return []
        return [message] if is_news and row["origin"] == "external" else [restated(message, row)]

    async def _compare_terms(self, message: Any, tried: Kinds) -> None:
        """An end may state terms that nobody has told before. They come first: once it has ended, nobody asks again."""
        fresh = await self.look_up(message)
        found = (
            terms(fresh, message, self.listed)
            if fresh is not None and message.venue_order_id in fresh["venue_order_ids"]
            else None
        )
        if found is not None and found[0] not in tried:
            await self.add(*found, message, fresh, tried)

    async def fresh(self, message: Any, row: Row) -> Row:
        """The row of the order as it is by now."""
        return await self.look_up(message) or await self._findings.order(name_of(row)) or row


def subject_of(message: Any) -> str:
    """The order that a message speaks of, by the surest name it gives."""
    subject: str = message.venue_order_id or next(iter(message.aliases.values()))
    return subject
