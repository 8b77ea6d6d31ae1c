"""Compares the balances of one account by currency: the totals of the log, and the venue's
statement.

The statement counts if nothing that moves a balance was recorded from the query until the ledger
was read. Otherwise it is queried again, a few times. A difference counts if it is the same twice.
A balance is opened or adjusted only if it is known which fills the statement contains.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache

from orderledger import Adjust, Balance, BalanceState, CertifiedBalance, Source
from orderledger.extend.runtime import threads
from orderledger.extend.values import ZERO, plain
from orderledger.rows import BalanceRow, CertificateRow, EventRow
from orderledger.venues.reconciliation.account import ReconciledAccount
from orderledger.venues.reconciliation.book import ADDS_ROWS
from orderledger.venues.reconciliation.bookings import Booking
from orderledger.venues.reconciliation.breaks import Break, Kind, repairing
from orderledger.venues.reconciliation.certificate import ComparedBalances
from orderledger.venues.reconciliation.facts import Facts
from orderledger.venues.reconciliation.fills import record_missed
from orderledger.venues.reconciliation.positions import PositionComparison
from orderledger.venues.reconciliation.rules import Rules
from orderledger.venues.reconciliation.wallet import (
    CONFLICT,
    NEAR_FILLS,
    NO_OPENING,
    Certified,
    Printed,
    Wallet,
    adjusted,
    by_currency,
    compared,
    place_of,
    to_compare,
    unstable,
)

LOOKS = 3
"""Attempts. A row that the venue has booked may reach the ledger a moment later."""


class BalanceComparison:
    """The comparison of balances."""

    def __init__(
        self,
        account: ReconciledAccount,
        facts: Facts,
        rules: Rules,
        positions: PositionComparison,
        since: datetime,
        at: datetime,
        last: CertificateRow | None,
    ) -> None:
        """`positions`: their last answer has the balances. Fills were queried from `since` on, the
        orders `at`. `last`: the certificate before."""
        self.result = ComparedBalances()
        self._account = account
        self._facts = facts
        self._rules = rules
        self._positions = positions
        self._since = since
        self._at = at
        self._known = Certified.of(last)

    async def compare(self) -> ComparedBalances:
        """Compare all balances."""
        looks = [await self._sure_look()]
        while not looks[-1].is_settled and len(looks) < LOOKS:
            await asyncio.sleep(self._rules.pause)
            fills = await self._facts.fills(self._since)
            self.result.breaks += await threads.to_thread(record_missed, self._account, fills)
            await self._positions.look_again()
            looks.append(await self._sure_look())
        await threads.to_thread(self._conclude, looks)
        return self.result

    async def _sure_look(self) -> Wallet:
        """Compare. If a balance may be set to the venue's, query the fills once more, so that those
        before the statement are known."""
        found = await threads.to_thread(self._look)
        if not found.is_still or not any(map(self._may_set, found.balances.values())):
            return found
        await asyncio.sleep(self._rules.opening_pause)
        fills = await self._facts.fills(min(self._since, found.unsure_from))
        self.result.breaks += await threads.to_thread(record_missed, self._account, fills)
        again = await threads.to_thread(self._look)
        has_fills = await threads.to_thread(self._account.has_money_since, again.unsure_from)
        return replace(again, is_sure=not has_fills and not self._facts.has_unread_fills)

    def _may_set(self, found: CertifiedBalance) -> bool:
        """Whether the balance may be opened, or adjusted to the venue's."""
        is_unopened = found.reason == NO_OPENING and self._rules.may_open
        return is_unopened or (self._rules.may_adjust and found.state == BalanceState.DIFFERS)

    def _look(self) -> Wallet:
        """Compare the last statement of the venue with the ledger now."""
        stated, rows = by_currency(self._facts.balances), self._account.balances()
        mark = self._positions.mark
        is_still = not self._account.has_moved(mark)
        names, missing = to_compare(stated, rows, self._facts.reports_balance)
        wallet = Wallet(
            stated=stated,
            rows=rows,
            missing=missing,
            is_still=is_still,
            unsure_from=self._facts.unsure_from,
            balances={},
        )
        is_opened = any(row["opened_at"] is not None for row in rows.values())
        booked = Booked(self._account, self._account.position_of(mark), self._at)
        found: dict[str, CertifiedBalance] = {}
        for name in names:
            amount, printed = wallet.amount(name), self._printed(wallet, name, booked)
            found[name] = compared(name, amount, rows.get(name), printed, is_opened=is_opened)
        return replace(wallet, balances=found)

    def _printed(self, wallet: Wallet, currency: str, booked: "Booked") -> Printed:
        """The bound of the residual."""
        row, known = wallet.rows.get(currency), self._known.get(currency)
        opened_at = row["opened_at"] if row is not None else None
        amounts = [one.amount or ZERO for one in wallet.stated.get(currency, ())]
        place = place_of(amounts, known.place if known is not None else None)
        if opened_at is None:
            return Printed(place, 0, 0, booked.counted_to)
        return booked.printed(currency, place, opened_at, known)

    def _conclude(self, looks: Sequence[Wallet]) -> None:
        """Certify what the comparisons have in common, and propose statements and adjustments."""
        still = [look for look in looks if look.is_still]
        last = (still or looks)[-1]
        for name in last.missing:
            unknown = CertifiedBalance(currency=name, state=BalanceState.UNKNOWN)
            self._keep_open(unknown, last, "the venue does not state it")
        if not last.stated:
            return
        self.result.not_reported = [f"balance:{name}" for name in last.missing]
        self.result.certified = [
            self._concluded(one, last, still) for one in last.balances.values()
        ]
        if still:
            self.result.proposed += self._statements(last)
        settled = (one for one in self.result.breaks if one.kind in OF_BALANCES and one.is_settled)
        self.result.proposed += [repair for one in settled for repair in one.repairs]

    def _concluded(
        self, found: CertifiedBalance, last: Wallet, still: Sequence[Wallet]
    ) -> CertifiedBalance:
        """The balance of the certificate, and its break if there is one."""
        name = found.currency
        earlier = [look.balances[name] for look in still[-2:] if name in look.balances]
        is_same = len(earlier) > 1 and earlier[0].difference == earlier[1].difference
        if found.reason == NO_OPENING and self._rules.may_open:
            return self._opened(found, last)
        if not still or (found.state == BalanceState.DIFFERS and not is_same):
            self._keep_open(found, last, "it changed during every query")
            return unstable(found)
        if found.state == BalanceState.DIFFERS:
            return self._differing(found, last)
        if found.reason == CONFLICT:
            text = "the venue states it more than once"
            self._add(Kind.BALANCE_DIFFERS, found, text, last, is_settled=False)
        elif found.state == BalanceState.UNKNOWN:
            self._keep_open(found, last, f"it is unknown here: {found.reason}")
        return found

    def _keep_open(self, found: CertifiedBalance, last: Wallet, text: str) -> None:
        """A difference of the last certificate stays open until the balance is compared again."""
        known = self._known.get(found.currency)
        if known is not None and known.is_open:
            self._add(Kind.BALANCE_DIFFERS, found, text, last, is_settled=False)

    def _opened(self, found: CertifiedBalance, last: Wallet) -> CertifiedBalance:
        """A balance that is opened at what the venue states, if it is known which fills that
        contains."""
        text = f"{plain(found.reported or ZERO)} at the venue, and not opened here"
        if not last.is_known:
            return unstable(found, NO_OPENING)
        self._add(Kind.OPENING_BALANCE, found, text, last, is_settled=True)
        return found if found.total is None else adjusted(found)

    def _differing(self, found: CertifiedBalance, last: Wallet) -> CertifiedBalance:
        """A balance that differs. It is adjusted if that is allowed."""
        total, amount = found.total or ZERO, found.reported or ZERO
        text = f"{plain(total)} here, {plain(amount)} at the venue"
        may_adjust = self._rules.may_adjust and last.is_known
        text += "" if may_adjust or not self._rules.may_adjust else f"; not adjusted: {NEAR_FILLS}"
        self._add(Kind.BALANCE_DIFFERS, found, text, last, is_settled=may_adjust)
        return adjusted(found) if may_adjust else found

    def _add(
        self, kind: Kind, found: CertifiedBalance, text: str, last: Wallet, *, is_settled: bool
    ) -> None:
        row, stated = last.rows.get(found.currency), last.stated.get(found.currency, ())
        at = max((one.at for one in stated if one.at), default=self._at)
        is_known = found.reported is not None and last.is_known
        repairs = [self._adjustment(found, last.unsure_from, kind)] if is_known else []
        self.result.breaks.append(
            Break(
                kind=kind,
                account=self._account.name,
                subject=found.currency,
                since=at,
                text=text,
                ours=row,
                theirs=[one.evidence for one in stated] or None,
                repairs=repairing(repairs, kind, found.currency),
                is_settled=is_settled,
            )
        )

    def _adjustment(self, found: CertifiedBalance, at: datetime, kind: Kind) -> Adjust:
        """The adjustment to the venue's balance."""
        return Adjust(
            account=self._account.name,
            currency=found.currency,
            amount=found.reported,
            at=at,
            reason=kind.value,
        )

    def _statements(self, last: Wallet) -> list[Balance]:
        """The venue's statements that are new here, also of currencies that it no longer lists."""
        found = [
            one
            for name, stated in last.stated.items()
            for one in stated
            if _is_news(last.rows.get(name), one, is_one=last.amount(name) is not None)
        ]
        gone = [
            Balance(account=self._account.name, currency=name, amount=ZERO, at=self._at)
            for name, row in last.rows.items()
            if row["reported"] and name not in last.stated and self._facts.reports_balance(name)
        ]
        return [one.model_copy(update={"source": Source.RECONCILIATION}) for one in (*found, *gone)]


class Booked:
    """Counts the rows of each currency up to a log position: fills, fundings and transfers. `at`:
    of the run."""

    def __init__(self, account: ReconciledAccount, counted_to: int, at: datetime) -> None:
        self.counted_to = counted_to
        self._at = at
        self._booked = cache(account.booked)
        self._moves = cache(account.moves)

    def printed(
        self, currency: str, place: Decimal, opened_at: datetime, known: Certified | None
    ) -> Printed:
        """The rows since the opening balance, however late they were recorded.

        Counts on from the last certificate. After anything but new rows, e.g. a correction or an
        opening balance, all rows are counted again.
        """
        moves = self._moves_since(known)
        if known is None or known.counted_to is None or moves is None:
            return self._counted(currency, place, self._booked(opened_at, 0, self.counted_to))
        first = min((move["at"] for move in moves), default=self._at)
        since = max(opened_at, first)
        added = self._booked(since, known.counted_to, self.counted_to)
        found = self._counted(currency, place, added)
        return found._replace(rows=known.rows + found.rows, rounded=known.rounded + found.rounded)

    def _moves_since(self, known: Certified | None) -> Sequence[EventRow] | None:
        """The events since the last certificate that add rows. None if others changed some."""
        if known is None or known.counted_to is None:
            return None
        moves = self._moves(known.counted_to, self.counted_to)
        return moves if all(move["name"].startswith(ADDS_ROWS) for move in moves) else None

    def _counted(self, currency: str, place: Decimal, booked: Sequence[Booking]) -> Printed:
        rows = [one for one in booked if one.currency == currency]
        rounded = sum(one.is_rounded(place) for one in rows)
        return Printed(place, len(rows), rounded, self.counted_to)


OF_BALANCES = (Kind.OPENING_BALANCE, Kind.BALANCE_DIFFERS)


def _is_news(row: BalanceRow | None, stated: Balance, *, is_one: bool) -> bool:
    """Check whether a statement of the venue is not recorded yet. `is_one`: it is the only one of
    its currency. If two differ, the ledger has none."""
    if row is None or row["reported_at"] is None:
        return bool(stated.amount) or not is_one
    return row["reported"] != stated.amount if is_one else row["reported"] is not None
