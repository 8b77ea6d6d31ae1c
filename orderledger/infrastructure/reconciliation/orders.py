"""The orders of one account: those the venue lists against those that are open here. Asks again before it concludes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from orderledger.domain.values import Anomaly
from orderledger.infrastructure.reconciliation.book import is_taken_back, named_by, names_of, names_of_message, terms_told
from orderledger.infrastructure.reconciliation.breaks import Break, Kind, absent_order, name_of, repairing, two_live_orders
from orderledger.infrastructure.reconciliation.comparing import at_end, difference, says_ended, stays_unknown, terms
from orderledger.infrastructure.reconciliation.findings import Findings, apart, is_money
from orderledger.infrastructure.reconciliation.wording import observed, restated
from orderledger.infrastructure.venues.venue import Listing, Venue
from orderledger.infrastructure.wire.messages import Fill, Message, Replace, Restate
from orderledger.projections.tables import Row

Kinds = frozenset[Kind]

STAY_OPEN = frozenset({Kind.QUANTITY_DIFFERS, Kind.STATUS_DIFFERS})
DOUBTFUL = frozenset({Kind.QUANTITY_DIFFERS, Kind.STATUS_DIFFERS, Kind.TERMS_DIFFER, Kind.MISSING_END, Kind.MISSING_ORDER})
"""What a list that is a moment old may seem to say: the order itself is asked for before it is believed."""

CLOCKS_APART = timedelta(minutes=1)
"""How far the venue's clock may be ahead of ours."""

UNEXPLAINED = frozenset({Anomaly.CLIENT_ORDER_ID_REUSED, Anomaly.OVERFILL, Anomaly.QUANTITY_MISMATCH})
"""What an order that has ended may lack the venue's word for."""


class OrderComparison:
    """`agreed` counts the open orders of which both sides say the same, now that what was missed is recorded."""

    def __init__(self, findings: Findings, venue: Venue, settling: timedelta) -> None:
        self._findings = findings
        self._venue = venue
        self._settling = settling
        self._changed: set[str] = set()
        self._is_agreed: dict[str, bool] = {}
        self._listed: frozenset[str] = frozenset()

    @property
    def agreed(self) -> int:
        """Of one order a list may tell in several messages: it agrees when all of them do."""
        return sum(self._is_agreed.values())

    async def compare(self, listing: Listing, since: datetime) -> None:
        """Compare a full list of open orders. Fills were asked for from `since` on."""
        self._listed = listing.venue_order_ids
        rows = await self._findings.open_orders()
        names = {name: row for row in rows for name in names_of(row)}
        compared: set[str] = set()  # an alias in the list may be that of two orders here: it stands for the one that it is about
        await self._compare_twins(listing, rows)
        words: list[Any] = [told for told in listing.messages if not is_money(told)]
        doubtful: list[tuple[Any, Row]] = []
        for message in words:
            row = next((names[name] for name in sorted(names_of_message(message)) if name in names), None)
            if row is None or row["stream"] in self._changed or message.venue_order_id not in row["venue_order_ids"]:
                row = await self._look_up(message) or row
            compared |= set() if row is None else {row["stream"]}
            if row is not None and self._is_doubtful(message, row):
                doubtful.append((message, row))
            else:
                self._count(message, is_agreed=await self._agrees(message, row))
        await self._compare_again(doubtful, since)
        for row in rows:
            is_listed = row["stream"] in compared or not self._listed.isdisjoint(row["venue_order_ids"])
            if not is_listed and self._has_settled(row, listing):
                await self._ask_for(row, listing.at)
            elif Anomaly.CLIENT_ORDER_ID_REUSED in row["anomalies"] and self._has_settled(row, listing):
                await self._hear_all_of(row, f"{len(row['venue_order_ids'])} ids at the venue, and not all of them explained")

    async def compare_traded(self, listing: Listing, fills: Sequence[Message]) -> None:
        """The orders of these fills: their numbers, where one id has come with several; and of those that have ended here by
        their fills, and of which the venue's last word was missed, whatever it has said: it may have been on their terms."""
        told = {*listing.venue_order_ids, *(word.venue_order_id for word in listing.messages if not is_money(word))}  # type: ignore[attr-defined]
        traded: dict[str, list[Fill]] = {}
        for fill in fills:
            if isinstance(fill, Fill) and fill.venue_order_id is not None:
                traded.setdefault(fill.venue_order_id, []).append(fill)
        for name, filled in traded.items():
            row = await self._findings.order(name)
            if row is not None and Anomaly.FILL_ID_REUSED in row["anomalies"]:
                await self._findings.compare_fills(filled, row)
            if row is None or name in told or row["is_open"] or not self._has_settled(row, listing):
                continue
            if UNEXPLAINED & set(row["anomalies"]) or row["reported_cum_quantity"] != row["cum_quantity"]:
                await self._hear_all_of(row, f"{row['status']} here, by its fills alone")

    async def _hear_all_of(self, row: Row, text: str) -> None:
        """Whatever the venue says of the order that was not heard before, and the terms that it ended on."""
        answer: Sequence[Any] = await self._venue.order(self._findings.account, row) or ()
        for message in answer:
            if is_money(message):
                await self._findings.learn([message])
                continue
            if await self._findings.news([message]):
                await self._take_over(Kind.MISSING_END if says_ended(message) else Kind.TERMS_DIFFER, text, message, row)
            fresh = await self._fresh(message, row)
            if message.venue_order_id == fresh["venue_order_id"]:
                found = terms(fresh, message) or at_end(fresh, message)
                if found is not None:
                    await self._add(*found, message, fresh)

    def _has_settled(self, row: Row, listing: Listing) -> bool:
        """What changed a moment ago may be told in a moment. That it was found absent is nothing the venue will tell. A time that
        is still to come was told wrongly: it is not waited for."""
        changed_at = row["updated_at"]
        is_fresh = listing.at - self._settling <= changed_at <= listing.at + CLOCKS_APART
        return row["absent_at"] is not None or not is_fresh

    async def _look_up(self, message: Any) -> Row | None:
        """The order, if it has ended here."""
        for name in (message.venue_order_id, *message.aliases.values()):
            row = await self._findings.order(name) if name else None
            if row is not None and named_by(row, message):
                return row
        return None

    def _is_doubtful(self, message: Any, row: Row) -> bool:
        found = difference(row, message, self._listed)
        return found is not None and found[0] in DOUBTFUL

    async def _agrees(self, message: Any, row: Row | None) -> bool:
        """Whether both sides say the same, now that what was listed is recorded."""
        found = difference(row, message, self._listed)
        return found is None or await self._add(*found, message, row)

    def _count(self, message: Any, *, is_agreed: bool) -> None:
        self._is_agreed[_subject(message)] = is_agreed and self._is_agreed.get(_subject(message), True)

    async def _compare_again(self, doubtful: Sequence[tuple[Any, Row]], since: datetime) -> None:
        """Each order is asked for once, and then, once for all, what was filled until the last has answered."""
        orders = {row["stream"]: row for _, row in doubtful}
        answers = {stream: await self._venue.order(self._findings.account, row) or () for stream, row in orders.items()}
        if orders:
            begun = (row["requested_at"] or row["acknowledged_at"] or since for row in orders.values())
            await self._findings.ask_fills(self._venue, min([since, *begun]))
        for message, row in doubtful:
            fresh = await self._look_up(message) or row if row["stream"] in self._changed else row
            if self._is_doubtful(message, fresh):
                words = await self._words(message, fresh, answers[row["stream"]])
                is_agreed = await self._compare_words(words, fresh)
            else:
                is_agreed = await self._agrees(message, fresh)
            self._count(message, is_agreed=is_agreed)

    async def _compare_words(self, words: Sequence[Any], row: Row) -> bool:
        """All that the venue answers about one order, in its order: the last word counts, and those before it where they are
        news. Whether both sides say the same by then."""
        has_ended = any(map(says_ended, words))
        is_agreed = True
        if not words or (not has_ended and difference(await self._fresh(words[-1], row), words[-1], self._listed) is None):
            return is_agreed
        for message in words:
            news = await self._findings.news([message])
            if not news and message is not words[-1] and not says_ended(message):
                continue
            fresh = await self._fresh(message, row)
            # That it worked before it ended is no difference from what may be known of its end by now.
            found = None if has_ended and not says_ended(message) else difference(fresh, message, self._listed)
            if found is not None:
                is_agreed = await self._add(*found, message, fresh) and is_agreed
            elif has_ended:
                await self._findings.record(repairing(news, Kind.MISSING_END, fresh["venue_order_id"] or ""))
        return is_agreed

    async def _words(self, message: Any, row: Row, answer: Sequence[Message]) -> Sequence[Any]:
        """What the venue says now of an order that it has listed, all of it: a leg that has ended meanwhile began before."""
        await self._findings.learn([told for told in answer if is_money(told)])
        words: list[Any] = [told for told in answer if not is_money(told)]
        fresh = await self._fresh(message, row)
        if any(told.venue_order_id == message.venue_order_id for told in words):
            return [told for told in words if told.venue_order_id == message.venue_order_id or named_by(fresh, told)]
        # If it is an id that is known here, another has taken its place since the list was made.
        return words if message.venue_order_id in fresh["venue_order_ids"] and words else [message]

    async def _add(self, kind: Kind, text: str, message: Any, row: Row | None, tried: Kinds = frozenset()) -> bool:
        """A break. Whether the venue's word settles it: not if that word is recorded already, and was taken back."""
        return await self._take_over(kind, text, message, row, await self._repairs(kind, message, row), tried)

    async def _take_over(
        self,
        kind: Kind,
        text: str,
        message: Any,
        row: Row | None,
        repairs: Sequence[Message] | None = None,
        tried: Kinds = frozenset(),
    ) -> bool:
        tried |= {kind}
        subject = _subject(message)
        if kind is Kind.MISSING_END:
            await self._compare_terms(message, tried)
        new = await self._findings.news([message] if repairs is None else repairs)
        if not new and (is_agreed := await self._agrees_by_now(message, tried)) is not None:
            return is_agreed  # heard in the meantime
        self._changed |= {row["stream"]} if row is not None and new else set()
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
        fresh = await self._look_up(message)
        found = difference(fresh, message, self._listed)
        if found is None:
            return True
        return None if found[0] in tried | STAY_OPEN else await self._add(*found, message, fresh, tried)

    async def _repairs(self, kind: Kind, message: Any, row: Row | None) -> Sequence[Message]:
        """The venue's word; where that does not bring its terms into force, or was said before we lost sight of the order, the
        same again in other words. None where it is older than what the venue has told here: an answer may be stale; nor where it
        was taken back: only what the venue tells later stands."""
        if kind is Kind.UNANSWERED_ORDER and row is not None:
            fresh = await self._fresh(message, row)
            return [message, observed(message, fresh)] if stays_unknown(fresh, message) else [message]
        if kind is not Kind.TERMS_DIFFER or row is None or message.venue_order_id not in row["venue_order_ids"]:
            return [message]
        told = await apart(terms_told, self._findings.book, row)
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
        fresh = await self._look_up(message)
        found = (
            terms(fresh, message, self._listed)
            if fresh is not None and message.venue_order_id in fresh["venue_order_ids"]
            else None
        )
        if found is not None and found[0] not in tried:
            await self._add(*found, message, fresh, tried)

    async def _ask_for(self, row: Row, asked_at: datetime) -> None:
        """An order that is open here and not in the venue's list: by client id, alias and venue id, then by its fills. If it is
        still open after that, under an id of which the venue has nothing to say, that id is not known to it."""
        answer = await self._venue.order(self._findings.account, row)
        words: list[Any] = [told for told in answer or () if not is_money(told)]
        await self._findings.learn([told for told in answer or () if is_money(told)])
        await self._compare_words(words, row)
        fresh = await self._findings.order(name_of(row)) or row
        if fresh["is_open"] and not any(told.venue_order_id == fresh["venue_order_id"] for told in words):
            await self._findings.add(absent_order(fresh, asked_at))

    async def _fresh(self, message: Any, row: Row) -> Row:
        """The row of the order as it is by now."""
        return await self._look_up(message) or await self._findings.order(name_of(row)) or row

    async def _compare_twins(self, listing: Listing, rows: Sequence[Row]) -> None:
        for row in rows:
            live = sorted(name for name in row["venue_order_ids"] if name in listing.venue_order_ids)
            if len(live) > 1:
                await self._findings.add(two_live_orders(row, live))


def _subject(message: Any) -> str:
    """The order that a message speaks of, by the surest name it gives."""
    subject: str = message.venue_order_id or next(iter(message.aliases.values()))
    return subject
