"""Balances at earlier times, which the venue's statements are compared with."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.recorded import Recorded
from orderledger.projections.account_events import ACCOUNT_EVENTS, AccountEventRow
from orderledger.projections.cash import Openings, openings_of
from orderledger.projections.entries import (
    Entry,
    Trade,
    has_position,
    is_account_entry,
    is_of_instrument,
)
from orderledger.projections.fill_changes import (
    FillEvents,
    changes_after,
    orders_with_changed_fills,
    trades_at,
)
from orderledger.projections.instruments import StoredInstrumentRow, modes_of
from orderledger.projections.positions import Position, terms_of
from orderledger.projections.renames import RENAMES
from orderledger.projections.shares import Holder, quantities, shared
from orderledger.projections.sides import when
from orderledger.projections.store import Source
from orderledger.projections.trades import TRADES

MOMENT = timedelta(microseconds=1)

Balance = tuple[str, str]
"""Account and currency."""


class Past:
    """The totals of balances at earlier times. A time after the opening balance needs the entries
    since; of margined positions that traded since, also those before. An earlier time, or fills
    that were busted or corrected since, need all entries up to it."""

    def __init__(
        self,
        source: Source,
        instruments: dict[tuple[str, str], StoredInstrumentRow],
        events_of: FillEvents,
    ) -> None:
        self._source = source
        self._instruments = instruments
        self._events_of = events_of
        self._changed = cache(self._changed_orders)
        self._since = cache(self._moved_since)
        self._until = cache(self._totals_until)

    def total(
        self, balance: Balance, now: Decimal, opened: datetime | None, at: datetime
    ) -> Decimal:
        """The total of a balance at that time. `now`: its total at present."""
        account, currency = balance
        is_changed = any(changes_after(events, at) for events in self._changed(account).values())
        if is_changed or (opened is not None and at < opened):
            return self._until(account, at).get(currency, ZERO)
        return EXACT.subtract(now, self._since(account, at).get(currency, ZERO))

    def _moved_since(self, account: str, at: datetime) -> dict[str, Decimal]:
        trades, events = self._entries(account, since=at + MOMENT)
        since: list[Entry] = [*trades, *(row for row in events if is_account_entry(row))]
        whole = {one["instrument"] for one in since if self._needs_all(account, one)}
        entries = [one for one in since if one["instrument"] not in whole and not _sets(one)]
        for instrument in whole:
            traded, others = self._entries(account, instrument=instrument)
            entries += [*traded, *(row for row in others if is_account_entry(row))]
        return self._moved(account, entries, Openings(first=at + MOMENT), events)

    def _totals_until(self, account: str, at: datetime) -> dict[str, Decimal]:
        trades, events = self._entries(account, until=at + MOMENT)
        changed = self._changed(account)
        trades = [trade for trade in trades if trade["stream"] not in changed]
        renames = self._source.rows(RENAMES, account=account) if changed else ()
        for recorded in changed.values():
            trades += trades_at(recorded, at, renames)
        openings = openings_of(events)
        entries: list[Entry] = [*trades, *(row for row in events if is_account_entry(row))]
        totals = self._moved(account, entries, openings, events)
        for currency, (_, amount) in openings.own.items():
            sum_in(totals, currency, amount)
        return totals

    def _changed_orders(self, account: str) -> dict[str, list[Recorded]]:
        """The events of the orders whose fills were busted or corrected."""
        streams = orders_with_changed_fills(self._source, account)
        return self._events_of(streams) if streams else {}

    def _entries(self, account: str, **where: Any) -> tuple[list[Trade], list[AccountEventRow]]:
        trades = self._source.rows(TRADES, account=account, state="active", **where)
        events = self._source.rows(ACCOUNT_EVENTS, account=account, **where)
        return [row for row in trades if has_position(row)], events

    def _moved(
        self,
        account: str,
        entries: list[Entry],
        openings: Openings,
        events: Iterable[AccountEventRow],
    ) -> dict[str, Decimal]:
        """By currency, what the entries and transfers moved since the openings."""
        sums: dict[str, Decimal] = {}
        positions: dict[Holder, Position] = {}
        held = quantities(positions)
        for entry in sorted(entries, key=when):
            instrument = entry["instrument"]
            defined = self._instruments.get((account, instrument))
            for holder, share in shared(entry, modes_of(defined), held):
                if holder not in positions:
                    terms = terms_of(defined)
                    positions[holder] = Position(
                        account,
                        instrument,
                        terms,
                        side=holder[2],
                        position_id=holder[3],
                        openings=openings,
                        terms_of=lambda name: terms_of(self._instruments.get((account, name))),
                    )
                positions[holder].take(share)
        for position in positions.values():
            for name, amount in position.moved_cash().items():
                sum_in(sums, name, amount)
        for row in events:
            currency = row["currency"] or ""
            if row["state"] == "active" and openings.has(currency, row["at"]):
                sum_in(sums, currency, row["quantity"] or ZERO)
        return sums

    def _needs_all(self, account: str, entry: Entry) -> bool:
        """Whether what an entry moved depends on those before it."""
        if "fill_id" not in entry and entry["kind"] == "funding":
            return False
        terms = terms_of(self._instruments.get((account, entry["instrument"])))
        return is_of_instrument(entry) or (terms.is_margined and not _sets(entry))


def _sets(entry: Entry) -> bool:
    return "fill_id" not in entry and entry["kind"] == "adjust"


def sum_in(sums: dict[str, Decimal], name: str, amount: Decimal) -> None:
    """Add an amount to the sum of this name."""
    sums[name] = EXACT.add(sums.get(name, ZERO), amount)
