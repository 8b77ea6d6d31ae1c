"""Compares one account with its venue, repairs differences from the venue's reports, and certifies
the result.

The rules, in order: query before concluding; absence is evidence, not an end; no observation does
not mean empty. Every repair is a normal message with the break as its cause. A second run finds
nothing to append.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from orderledger import Certify, Gap, OpenBreak, Source
from orderledger.extend.values import Clock
from orderledger.extend.views import Row
from orderledger.venues.base.venue import Records, Venue
from orderledger.venues.reconciliation.book import Book, BookRecords
from orderledger.venues.reconciliation.breaks import ACTOR, Break, Kind
from orderledger.venues.reconciliation.comparing import is_unanswered
from orderledger.venues.reconciliation.findings import (
    Findings,
    is_money,
    nothing,
    off_loop,
)
from orderledger.venues.reconciliation.orders import OrderComparison
from orderledger.venues.reconciliation.positions import PositionComparison
from orderledger.venues.reconciliation.rationing import Ration

MOST_BREAKS = 10_000
"""The most breaks that one certificate can hold."""
MORE_BREAKS = "more_breaks:"
UpAt = Callable[[], datetime | None]
UNREAD_FILLS = f"{Kind.UNREADABLE_FILL}:"
DIFFERING_FILLS = (f"{Kind.FILL_DIFFERS}:", f"{Kind.QUANTITY_DIFFERS}:")
"""Prefixes of breaks that stay open until the venue reports other fills, so fills are queried
again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The parameters of a comparison.

    `lookback`: how far the first comparison of an account queries fills. `overlap`: how much of the
    last period is queried again, since venues report late. `grace`: changes this recent are left to
    the next run. `pause`: seconds before a differing position is queried again; `opening_pause`:
    the same for one that may have been held before the first fill, since fills may be reported
    late. `certifying`: longest time without a new certificate if nothing changes. `concluding`: how
    long the venue must not know an order made elsewhere before its end is concluded.
    `most_questions`: most orders that a run queries at the venue. `may_open`: whether positions
    held before the first fill are opened. `may_adjust`: whether a differing position is adjusted to
    the venue's.
    """

    lookback: timedelta = timedelta(days=7)
    overlap: timedelta = timedelta(minutes=10)
    grace: timedelta = timedelta(seconds=5)
    pause: float = 0.5
    opening_pause: float = 2.5
    certifying: timedelta = timedelta(days=1)
    concluding: timedelta = timedelta(hours=1)
    most_questions: int = 200
    may_open: bool = True
    may_adjust: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """The result of one comparison. `appended`: number of recorded messages. `is_recorded`: whether
    a new certificate was recorded."""

    account: str
    at: datetime
    breaks: Sequence[Break]
    certificate: Certify
    appended: int
    is_recorded: bool


class Reconciler:
    """Reconciles accounts of one venue. Raises VenueError if the venue cannot be queried; nothing
    is concluded then.

    `records`: finds orders by name, by default in the book's views. `heard`: waits until earlier
    messages of the stream are recorded, so that a later answer is recorded after them. `actor`: who
    the recorded messages name.
    """

    def __init__(
        self,
        book: Book,
        venue: Venue,
        clock: Clock,
        rules: Rules | None = None,
        *,
        is_dry_run: bool = False,
        records: Records | None = None,
        heard: Callable[[], Awaitable[None]] = nothing,
        actor: str = ACTOR,
    ) -> None:
        self._book = book
        self._venue = venue
        self._clock = clock
        self._rules = rules or Rules()
        self._is_dry_run = is_dry_run
        self._records = records or BookRecords(book)
        self._heard = heard
        self._actor = actor

    async def run(self, account: str, *, up_at: UpAt = lambda: None) -> Reconciled:
        """Compare one account.

        `up_at` returns the time since which the account's stream is up, None while it is down. Gaps
        end at that time. Without a stream, what the gaps hid is queried, and the gaps stay open.
        """
        findings = Findings(
            account, self._book, self._records, self._is_dry_run, self._heard, self._actor
        )
        certified = await off_loop(self._book.certificates, account=account)
        last = max(certified, key=itemgetter("position"), default=None)
        gaps = await self._open_gaps(account)
        back_at = up_at()  # before the queries: a later interruption is another gap
        since = await self._since(account, last, gaps)
        listing = await self._venue.open_orders(account)
        await findings.learn([message for message in listing.messages if is_money(message)])
        findings.leave_unread(Kind.UNREADABLE_ORDER, listing.faults, listing.at)
        fills = await findings.ask_fills(self._venue, since)
        ration = Ration(self._rules.most_questions, _left_open(last))
        orders = OrderComparison(
            findings,
            self._venue,
            ration,
            grace=self._rules.grace,
            concluding=self._rules.concluding,
        )
        await orders.compare(listing, since)
        await orders.compare_traded(listing, fills)
        may_open = self._rules.may_open and last is None
        positions = PositionComparison(
            findings,
            self._venue,
            pause=self._rules.opening_pause if may_open else self._rules.pause,
            may_open=may_open,
            may_adjust=self._rules.may_adjust,
        )
        await positions.compare(since, listing.at)
        if back_at is not None:
            await findings.record([_covered(account, gap, back_at) for gap in gaps])
        covered_since = max(since, findings.fills_begin_at or since)
        certificate = _certificate(
            findings,
            last,
            covered_since,
            listing.at,
            (orders.agreed, positions.fills, positions.agreed),
        )
        is_recorded = self._says_more(certificate, last, findings)
        if is_recorded:
            await findings.record([certificate])
        return Reconciled(
            account=account,
            at=listing.at,
            breaks=list(findings.breaks.values()),
            certificate=certificate,
            appended=findings.appended,
            is_recorded=is_recorded and not self._is_dry_run,
        )

    async def _open_gaps(self, account: str) -> list[Row]:
        rows = await off_loop(self._book.account_events, account=account, kind="gap")
        return [row for row in rows if row["to_at"] is None]

    async def _since(self, account: str, last: Row | None, gaps: Sequence[Row]) -> datetime:
        """The time from which to query fills, so that everything missed is included."""
        now, overlap = self._clock.now(), self._rules.overlap
        oldest = now - self._rules.lookback
        # A certificate from the future came from a wrong clock, which makes its period unknown.
        is_covered = last is not None and last["covered_to"] <= now
        covered_from, begin = (
            (last["covered_from"], last["covered_to"]) if last and is_covered else (oldest, oldest)
        )
        # An order may stay unanswered for ever: fills since its request are queried once, not in
        # every run.
        unsure = [
            row["requested_at"]
            for row in await off_loop(self._book.orders, open_only=True, account=account)
            if is_unanswered(row)
            and row["requested_at"] is not None
            and row["requested_at"] - overlap < covered_from
        ]
        left = _left_open(last)
        differing = [
            max(at, oldest) for name, at in left.items() if name.startswith(DIFFERING_FILLS)
        ]
        moment: datetime = (
            min([begin, *unsure, *differing, *(gap["from_at"] for gap in gaps)]) - overlap
        )
        # These times already include the overlap.
        unread = [
            max(at, oldest - overlap) for name, at in left.items() if name.startswith(UNREAD_FILLS)
        ]
        return min([moment, *unread])

    def _says_more(self, certificate: Certify, last: Row | None, findings: Findings) -> bool:
        if (
            last is None
            or findings.appended
            or certificate.covered_to - last["at"] > self._rules.certifying
        ):
            return True
        has_gone_back = certificate.covered_to < last["covered_to"]  # the clock was set back
        if has_gone_back or certificate.covered_from > last["covered_from"]:
            return True
        counts = ("orders", "fills", "positions")
        open_before = [left["id"] for left in last["open_breaks"]]
        is_same = all(getattr(certificate, name) == last[name] for name in counts)
        return not is_same or [left.id for left in certificate.open_breaks] != open_before


def _covered(account: str, gap: Row, to_at: datetime) -> Gap:
    """The gap with its end: everything that it hid has been queried."""
    end = max(to_at, gap["from_at"])
    return Gap(
        account=account,
        from_at=gap["from_at"],
        to_at=end,
        at=end,
        source=Source.RECONCILIATION,
        actor=ACTOR,
    )


def _left_open(last: Row | None) -> dict[str, datetime]:
    """The breaks that the last certificate left open, and since when."""
    left = last["open_breaks"] if last else ()
    return {one["id"]: datetime.fromisoformat(one["since"]).astimezone(UTC) for one in left}


def _certificate(
    findings: Findings,
    last: Row | None,
    covered_since: datetime,
    asked_at: datetime,
    agreed: tuple[int, int, int],
) -> Certify:
    known = _left_open(last)
    left = {
        found.id: known.get(found.id, found.since)
        for found in findings.breaks.values()
        if not found.is_settled
    }
    is_continued = last is not None and covered_since <= last["covered_to"]
    orders, fills, positions = agreed
    return Certify(
        account=findings.account,
        at=asked_at,
        covered_from=min(last["covered_from"], covered_since)
        if last and is_continued
        else covered_since,
        covered_to=asked_at,
        orders=orders,
        fills=fills,
        positions=positions,
        open_breaks=_shown_open(left),
        actor=ACTOR,
    )


def _shown_open(left: dict[str, datetime]) -> tuple[OpenBreak, ...]:
    """The oldest open breaks, as many as a certificate holds, and the number of others."""
    oldest = sorted(left, key=lambda name: (left[name], name))
    kept = oldest if len(oldest) <= MOST_BREAKS else oldest[: MOST_BREAKS - 1]
    shown = [OpenBreak(id=name, since=left[name]) for name in sorted(kept)]
    more = oldest[len(kept) :]
    return (
        *shown,
        *([OpenBreak(id=f"{MORE_BREAKS}{len(more)}", since=left[more[0]])] if more else []),
    )
