"""Compares one account with its venue, repairs differences from the venue's reports, and certifies
the result.

A run is a pipeline. Each stage takes the list of the stage before:

    facts of the venue -> differences -> proposed repairs -> records -> certificate

The rules, in order: query before concluding; absence is evidence, not an end; no observation does
not mean empty. Every repair is a normal message with the break as its cause. A second run finds
nothing to append.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from orderledger import Certify, Gap, Message, Source
from orderledger.extend.runtime import threads
from orderledger.extend.values import Clock
from orderledger.rows import AccountEventRow, CertificateRow
from orderledger.venues.base.venue import Records, Venue
from orderledger.venues.reconciliation.account import Before, ReconciledAccount, Record
from orderledger.venues.reconciliation.balances import BalanceComparison
from orderledger.venues.reconciliation.book import BookRecords
from orderledger.venues.reconciliation.breaks import ACTOR, Break, Kind
from orderledger.venues.reconciliation.certificate import (
    Agreed,
    ComparedBalances,
    certificate_of,
    is_news,
    left_open,
)
from orderledger.venues.reconciliation.differences import is_unanswered
from orderledger.venues.reconciliation.dry_run import DryRun
from orderledger.venues.reconciliation.facts import Fact, Facts
from orderledger.venues.reconciliation.fills import TERMS, money_in, record_missed
from orderledger.venues.reconciliation.orders import OrderComparison
from orderledger.venues.reconciliation.positions import PositionComparison
from orderledger.venues.reconciliation.rationing import Ration
from orderledger.venues.reconciliation.rules import Rules

if TYPE_CHECKING:
    from orderledger import Ledger

__all__ = ["Reconciled", "Reconciler", "Rules"]

UpAt = Callable[[], datetime | None]
UNREAD_FILLS = f"{Kind.UNREADABLE_FILL}:"
DIFFERING_FILLS = (f"{Kind.FILL_DIFFERS}:", f"{Kind.QUANTITY_DIFFERS}:")
"""Prefixes of breaks that stay open until the venue reports other fills, so fills are queried
again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """The result of one comparison: the lists of its stages.

    `facts`: the venue's reports. `breaks`: the differences with their repairs. `records`: the
    recorded messages, or those of a dry run. `appended`: number of recorded messages.
    `is_recorded`: whether a new certificate was recorded.
    """

    account: str
    at: datetime
    breaks: Sequence[Break]
    certificate: Certify
    appended: int
    is_recorded: bool
    facts: Sequence[Fact] = ()
    records: Sequence[Record] = ()


async def nothing() -> None:
    """Wait for nothing."""


class Reconciler:
    """Reconciles accounts of one venue. Raises VenueError if the venue cannot be queried; nothing
    is concluded then.

    `records`: finds orders by name, by default in the book's views. `actor`: who the recorded
    messages name.
    """

    def __init__(
        self,
        book: "Ledger",
        venue: Venue,
        clock: Clock,
        rules: Rules | None = None,
        *,
        records: Records | None = None,
        actor: str = ACTOR,
    ) -> None:
        self._book = book
        self._venue = venue
        self._clock = clock
        self._rules = rules or Rules()
        self._records = records or BookRecords(book)
        self._actor = actor

    async def run(
        self,
        name: str,
        *,
        is_dry_run: bool = False,
        up_at: UpAt = lambda: None,
        recorded: Callable[[], Awaitable[None]] = nothing,
    ) -> Reconciled:
        """Compare one account.

        `up_at` returns the time since which the account's stream is up, None while it is down. Gaps
        end at that time. Without a stream, what the gaps hid is queried, and the gaps stay open.
        `recorded` waits until earlier messages of the stream are recorded, so that a later answer
        is recorded after them.
        """
        kind = DryRun if is_dry_run else ReconciledAccount
        account = kind(self._book, name, self._records, self._actor)
        facts = Facts(self._venue, name, self._clock)
        before = await threads.to_thread(account.before)
        since = self._since(before)
        back_at = up_at()  # before the queries: a later interruption is another gap
        listing = await facts.open_orders()
        breaks = await threads.to_thread(record_missed, account, money_in(listing.messages))
        fills = await facts.fills(since)
        if any(isinstance(message, TERMS) for message in fills):
            await recorded()  # at equal times, the later in the log counts
        breaks += await threads.to_thread(record_missed, account, fills)
        ration = Ration(self._rules.most_questions, left_open(before.certificate))
        orders = OrderComparison(account, facts, listing, self._rules, ration, recorded)
        await orders.compare(since)
        await orders.compare_traded(fills)
        rules = replace(self._rules, may_open=self._rules.may_open and before.certificate is None)
        positions = PositionComparison(account, facts, rules, since, listing.at)
        await positions.compare()
        balances, last = ComparedBalances(), before.certificate
        if facts.balances or (last is not None and last["balances"]):
            balances = await BalanceComparison(
                account, facts, self._rules, positions, since, listing.at, last
            ).compare()
        await threads.to_thread(positions.settle)
        found = {
            one.id: one
            for one in (
                *facts.unread.values(),
                *breaks,
                *orders.breaks,
                *positions.breaks,
                *balances.breaks,
            )
        }
        ended = [] if back_at is None else [_covered(gap, back_at) for gap in before.gaps]
        proposed = [*balances.proposed, *positions.proposed, *ended]
        certificate = certificate_of(
            list(found.values()),
            Agreed(orders.agreed, positions.fills, positions.agreed, balances.certified),
            before.certificate,
            account=name,
            since=max(since, facts.fills_begin_at or since),
            at=listing.at,
            not_reported=[
                *positions.not_reported,
                *balances.not_reported,
                *facts.not_reported,
            ],
        )
        is_recorded = await threads.to_thread(
            self._certify, account, proposed, certificate, before.certificate
        )
        return Reconciled(
            account=name,
            at=listing.at,
            breaks=[replace(one, repairs=account.signed(one.repairs)) for one in found.values()],
            certificate=certificate,
            appended=account.appended,
            is_recorded=is_recorded,
            facts=facts.reported,
            records=account.recorded,
        )

    def _since(self, before: Before) -> datetime:
        """The time from which to query fills, so that everything missed is included."""
        last = before.certificate
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
            requested_at
            for row in before.orders
            if is_unanswered(row)
            and (requested_at := row["requested_at"]) is not None
            and requested_at - overlap < covered_from
        ]
        left = left_open(last)
        differing = [
            max(at, oldest) for found, at in left.items() if found.startswith(DIFFERING_FILLS)
        ]
        began = [at for gap in before.gaps if (at := gap["from_at"]) is not None]
        moment = min([begin, *unsure, *differing, *began]) - overlap
        # These times already include the overlap.
        unread = [
            max(at, oldest - overlap)
            for found, at in left.items()
            if found.startswith(UNREAD_FILLS)
        ]
        return min([moment, *unread])

    def _certify(
        self,
        account: ReconciledAccount,
        proposed: Sequence[Message],
        certificate: Certify,
        last: CertificateRow | None,
    ) -> bool:
        """Record what is proposed, and the certificate if it is news. Returns True if it is
        recorded."""
        is_new = bool(proposed or account.appended)
        if not is_new and not is_news(certificate, last, self._rules.certifying):
            return False
        account.record([*proposed, certificate])
        return not isinstance(account, DryRun)


def _covered(gap: AccountEventRow, to_at: datetime) -> Gap:
    """The gap with its end: everything that it hid has been queried."""
    assert gap["from_at"] is not None
    end = max(to_at, gap["from_at"])
    return Gap(
        account=gap["account"],
        from_at=gap["from_at"],
        to_at=end,
        at=end,
        source=Source.RECONCILIATION,
        actor=ACTOR,
    )
