"""The fold of the log into all tables. The same code makes the live views, rebuilds them, and
answers questions as of another time; only where the rows are kept differs."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import Any, assert_never

from orderledger.domain.accounts import (
    AnyAccountEvent,
    BalanceReported,
    FundingRecorded,
    GapRecorded,
    InstrumentDefined,
    InstrumentRenamed,
    InstrumentSettled,
    InstrumentSplit,
    LogWentBack,
    MarkRecorded,
    PositionAdjusted,
    ReconciliationCertified,
    SenderChanged,
    SettlementBusted,
    TradingHalted,
    TradingResumed,
    TransferRecorded,
)
from orderledger.domain.orders.events import Event
from orderledger.domain.orders.fill import Fill
from orderledger.domain.orders.judgements import AnomalyCleared, AnomalyDetected, OrderAttributed
from orderledger.domain.orders.reports import FillRecorded
from orderledger.domain.proposals import AnyProposalEvent
from orderledger.domain.recorded import Recorded
from orderledger.domain.stream_names import account_of
from orderledger.projections.account_events import (
    ACCOUNT_EVENTS,
    AccountEventRow,
    Shown,
    account_event_row,
    delivery_row,
)
from orderledger.projections.anomalies import ANOMALIES, AnomalyRow, anomaly_row
from orderledger.projections.cash_fold import CashFold
from orderledger.projections.certificates import CERTIFICATES, certificate_row
from orderledger.projections.halts import HALTS, HaltRow, halt_row
from orderledger.projections.instruments import (
    INSTRUMENTS,
    StoredInstrumentRow,
    blank,
    defined,
    definition_of,
    marked,
    report_of,
    was_split,
    with_report,
)
from orderledger.projections.marks import MARKS, mark_row
from orderledger.projections.orders import ORDERS, order_row
from orderledger.projections.position_fold import NoPositions, PositionFold
from orderledger.projections.proposals import PROPOSALS, proposal_row
from orderledger.projections.renames import RENAMES, of_settlement, rename_row
from orderledger.projections.renaming import (
    KnownPayments,
    KnownRenames,
    rename_events,
    rename_instruments,
    rename_marks,
    restate_reports,
    restate_settlement,
    with_state,
)
from orderledger.projections.store import Rows
from orderledger.projections.tracked import Tracked
from orderledger.projections.trades import TRADES, StoredTradeRow, trade_row

ENDED_ORDERS_KEPT = 1_000
ORDERS_KEPT = 20_000
"""Orders in memory between two batches, about 2.7 kB each. One that is met again is read from its
stream."""

Streams = Callable[[str], Iterable[Recorded]]


def nothing_earlier(stream: str) -> Iterable[Recorded]:
    """For a fold from the beginning of the log, which has seen every event."""
    return ()


class Fold:
    """Takes events in the order of the log. `settle` brings the rows up to date with all that was
    taken."""

    def __init__(
        self, rows: Rows, streams: Streams = nothing_earlier, *, has_positions: bool = True
    ) -> None:
        self._rows = rows
        self.positions = PositionFold(rows) if has_positions else NoPositions(rows)
        self._cash = CashFold(rows)
        self._renames = KnownRenames(rows)
        self._payments = KnownPayments(rows)
        self._streams = streams
        self._tracked: dict[str, Tracked] = {}
        self._limit = 2 * ENDED_ORDERS_KEPT
        self._dirty: list[str] = []
        self._gaps: list[tuple[str, Recorded, GapRecorded]] = []
        self._sources: dict[str, dict[int, Recorded]] = {}

    def take(self, recorded: Recorded) -> None:
        """One event."""
        event = recorded.event
        if isinstance(event, AnyAccountEvent):
            self._take_account_fact(recorded, event)
        elif isinstance(event, AnyProposalEvent):
            self._take_proposal_fact(recorded, event)
        else:
            self._take_order_event(recorded, event)

    def settle(self) -> None:
        """Write the rows of all orders, gaps and positions that have changed."""
        for stream in self._dirty:
            tracked = self._tracked[stream] = self._tracked.pop(
                stream
            )  # last, so that the others are forgotten first
            tracked.is_dirty = False
            self._write_stale_trades(stream, tracked)
            if tracked.order.attributed_to is None:
                row = order_row(stream, tracked.order, tracked.version, tracked.times)
                tracked.is_ended = not row["is_open"]
                self._rows.put(ORDERS, row)
        self._dirty.clear()
        self._sources.clear()
        self._write_gaps()
        self.positions.settle()

    def evict(self) -> None:
        """Keep at most a limited number of orders: forget ended ones first, then those unchanged
        for longest. A settled row has all that is needed when their next event comes."""
        if len(self._tracked) > self._limit:
            ended = [stream for stream, tracked in self._tracked.items() if tracked.is_ended]
            for stream in ended[:-ENDED_ORDERS_KEPT]:
                del self._tracked[stream]
            for stream in list(islice(self._tracked, max(0, len(self._tracked) - ORDERS_KEPT))):
                del self._tracked[stream]
            self._limit = len(self._tracked) + 2 * ENDED_ORDERS_KEPT

    def forget(self) -> None:
        """Read what came from rows again when it is needed: others may have replaced them."""
        self.positions.forget()
        self._cash.forget()
        self._renames.forget()
        self._payments.forget()

    # Orders and their fills

    def _take_order_event(self, recorded: Recorded, event: Event) -> None:
        stream = recorded.stream
        tracked = self._tracked.get(stream) or self._track(stream, recorded.version)
        fills_before = len(tracked.reports)
        was_another = tracked.order.attributed_to is not None
        tracked.follow(recorded, event, self._first_record)
        if was_another and tracked.order.attributed_to is None:
            self._mark_cleared(tracked.open_anomalies, None)
        if not tracked.is_dirty:
            tracked.is_dirty = True
            self._dirty.append(stream)
        match event:
            case AnomalyDetected() | AnomalyCleared():
                self._take_anomaly(recorded, tracked, event)
            case OrderAttributed():
                self._withdraw(stream, tracked, recorded.recorded_at)
            case FillRecorded() if len(tracked.reports) > fills_before:
                self._take_new_fill(stream, tracked, event.fill_id)
            case _:
                pass

    def _track(self, stream: str, version: int) -> Tracked:
        """Begin to follow an order, from the state that it was in before this version."""
        tracked = self._tracked[stream] = Tracked.of(stream)
        if version > 1:
            for earlier in self._streams(stream):
                if earlier.version < version:
                    tracked.follow(earlier, earlier.event, self._first_record)  # type: ignore[arg-type]
                    if isinstance(earlier.event, AnomalyCleared):
                        tracked.raised.pop(earlier.event.code, None)
            tracked.stale.clear()
        return tracked

    def _first_record(self, fill_id: str, stream: str, version: int) -> tuple[int, datetime] | None:
        """Where in the log, and when, a fill was recorded under an order that turned out to be
        another."""
        source = self._tracked.get(stream)
        report = source.reports.get(fill_id) if source is not None else None
        if report is not None and report.version == version:
            return report.position, report.recorded_at
        if stream not in self._sources:
            self._sources[stream] = {one.version: one for one in self._streams(stream)}
        original = self._sources[stream].get(version)
        if original is None:
            return None
        earlier = (
            self._first_record(fill_id, *original.attributed_from)
            if original.attributed_from
            else None
        )
        return earlier or (original.position or 0, original.recorded_at)

    def _take_new_fill(self, stream: str, tracked: Tracked, fill_id: str) -> None:
        """Add a new active fill that changes no other to its position."""
        fill = tracked.order.fills.by_id[fill_id]
        if fill.is_active and fill.corrects is None and fill_id in tracked.stale:
            del tracked.stale[fill_id]
            row = self._trade_row(stream, tracked, fill)
            self._rows.put(TRADES, row)
            self.positions.take(row)

    def _write_stale_trades(self, stream: str, tracked: Tracked) -> None:
        """Write the rows of the fills that have changed."""
        order = tracked.order
        for fill_id in tracked.stale:
            fill = order.fills.by_id[fill_id]
            before = self._rows.get(TRADES, (stream, fill_id))
            row = self._trade_row(stream, tracked, fill)
            self._rows.put(TRADES, row)
            self.positions.reconsider(before, row)
        tracked.stale.clear()

    def _trade_row(self, stream: str, tracked: Tracked, fill: Fill) -> StoredTradeRow:
        """Under the latest name of its instrument."""
        order = tracked.order
        row = trade_row(stream, order, fill, tracked.reports[fill.fill_id])
        return self._renames.of(order.account).of_trade(row)

    def _withdraw(self, stream: str, tracked: Tracked, at: datetime) -> None:
        """The order turned out to be another: its row, its trades and its anomalies are that one's
        now. If it is requested itself after all, it never was another, and has them back."""
        self._rows.delete(ORDERS, (stream,))
        tracked.stale.clear()
        tracked.is_ended = True
        self._mark_cleared(tracked.open_anomalies, at)
        for fill_id in tracked.reports:
            before = self._rows.get(TRADES, (stream, fill_id))
            if before is not None:
                self._rows.delete(TRADES, (stream, fill_id))
                self.positions.reconsider(before, None)

    def _take_anomaly(
        self, recorded: Recorded, tracked: Tracked, event: AnomalyDetected | AnomalyCleared
    ) -> None:
        match event:
            case AnomalyDetected():
                self._rows.put(ANOMALIES, anomaly_row(tracked.order, recorded, event))
            case AnomalyCleared():
                self._mark_cleared(tracked.raised.pop(event.code, ()), recorded.recorded_at)
            case _:
                assert_never(event)

    def _mark_cleared(self, positions: Iterable[int], at: datetime | None) -> None:
        """Without a time, they are open again."""
        for position in positions:
            row = self._rows.get(ANOMALIES, (position,))
            if row is not None:
                cleared: AnomalyRow = {**row, "cleared_at": at}
                self._rows.put(ANOMALIES, cleared)

    # Accounts and proposals

    def _take_account_fact(self, recorded: Recorded, event: AnyAccountEvent) -> None:
        account = account_of(recorded.stream)
        match event:
            case FundingRecorded() | TransferRecorded() | PositionAdjusted() | BalanceReported():
                self._take_amount(account, recorded, event)
            case InstrumentDefined() | MarkRecorded():
                self._take_definition(account, recorded, event)
            case InstrumentSplit() | InstrumentSettled():
                self._take_instrument_event(account, recorded, event)
            case InstrumentRenamed():
                self._take_rename(account, recorded, event)
            case SettlementBusted():
                self._take_settlement_bust(account, recorded, event)
            case GapRecorded():
                self._gaps.append((account, recorded, event))
            case ReconciliationCertified():
                self._rows.put(CERTIFICATES, certificate_row(account, recorded, event))
            case TradingHalted():
                self._rows.put(HALTS, halt_row(account, recorded, event))
            case TradingResumed():
                self._end_halts(account, recorded, event)
            case LogWentBack():
                self._rows.put(ACCOUNT_EVENTS, account_event_row(account, recorded, event))
            case SenderChanged():
                pass
            case _:
                assert_never(event)

    def _take_definition(
        self, account: str, recorded: Recorded, event: InstrumentDefined | MarkRecorded
    ) -> None:
        """A definition or a mark of an instrument."""
        before = self._instrument(account, event.instrument, recorded.at)
        match event:
            case InstrumentDefined():
                definition = definition_of(event, recorded.at, recorded.position or 0)
                self._rows.put(INSTRUMENTS, defined(before, definition, recorded.at))
                self.positions.redefine(account, before["instrument"])
            case MarkRecorded():
                self._rows.put(INSTRUMENTS, marked(before, event.price, recorded.at))
                mark = self._renames.of(account).of_mark(mark_row(account, recorded, event))
                self._rows.put(MARKS, mark)
            case _:
                assert_never(event)

    def _instrument(self, account: str, name: str, at: datetime) -> StoredInstrumentRow:
        """The row of the instrument that has this name at a time."""
        latest = self._renames.of(account).latest(name, at)
        return self._rows.get(INSTRUMENTS, (account, latest)) or blank(account, latest)

    def _take_amount(
        self,
        account: str,
        recorded: Recorded,
        event: FundingRecorded | TransferRecorded | PositionAdjusted | BalanceReported,
    ) -> None:
        """A fact that moves or states a position or a balance."""
        match event:
            case TransferRecorded():
                self._cash.take_transfer(self._event_row(account, recorded, event))
            case PositionAdjusted() if event.currency is not None:
                self._rows.put(ACCOUNT_EVENTS, self._event_row(account, recorded, event))
                self._cash.open(account)
                self.positions.reopen(account)
            case PositionAdjusted():
                row = self._event_row(account, recorded, event)
                self._rows.put(ACCOUNT_EVENTS, row)
                self.positions.take(row)
            case FundingRecorded():
                self._take_funding(self._event_row(account, recorded, event))
            case BalanceReported() if event.currency is not None:
                self._cash.report(account, event, recorded.at, recorded.position or 0)
            case BalanceReported():
                before = self._instrument(account, event.instrument or "", recorded.at)
                report = report_of(event, recorded.at, recorded.position or 0)
                self._rows.put(INSTRUMENTS, with_report(before, report, recorded.at))
            case _:
                assert_never(event)

    def _take_funding(self, row: AccountEventRow) -> None:
        """Of fundings with one message id, one counts."""
        if not self._payments.add(row):
            self._rows.put(ACCOUNT_EVENTS, row)
            self.positions.take(row)
            return
        account, (stated,) = row["account"], with_state(self._rows, [row])
        self._rows.put(ACCOUNT_EVENTS, stated)
        self.positions.take(stated)
        changed = restate_reports(self._rows, self._renames.of(account), row)
        self.positions.form_again(account, sorted(set(changed)))

    def _event_row(self, account: str, recorded: Recorded, event: Shown) -> AccountEventRow:
        """Under the latest names of its instruments."""
        row = account_event_row(account, recorded, event)
        return self._renames.of(account).of_event(row)

    def _take_instrument_event(
        self, account: str, recorded: Recorded, event: InstrumentSplit | InstrumentSettled
    ) -> None:
        if isinstance(event, InstrumentSplit):
            before = self._instrument(account, event.instrument, recorded.at)
            self._rows.put(INSTRUMENTS, was_split(before, recorded.at))
        row = account_event_row(account, recorded, event)
        delivered = delivery_row(row, event) if isinstance(event, InstrumentSettled) else None
        rows = of_settlement(self._renames.of(account), row, delivered)
        for one in with_state(self._rows, rows):
            self._rows.put(ACCOUNT_EVENTS, one)
        for one in rows:  # the first may carry its result into the second
            stored = self._rows.get(ACCOUNT_EVENTS, ACCOUNT_EVENTS.key_of(one))
            self.positions.take(stored or one)
        changed = restate_reports(self._rows, self._renames.of(account), rows[0])
        self.positions.form_again(account, sorted(set(changed)))

    def _take_settlement_bust(
        self, account: str, recorded: Recorded, event: SettlementBusted
    ) -> None:
        bust = self._event_row(account, recorded, event)
        self._rows.put(ACCOUNT_EVENTS, bust)
        named: dict[str, Any] = {"account": account, "venue_id": event.settlement_id}
        of = {"instrument": bust["instrument"], "kind": "settle"}
        for settled in self._rows.select(ACCOUNT_EVENTS, **of, **named):
            rows = restate_settlement(self._rows, self._renames.of(account), settled["position"])
            self.positions.form_again(account, [row["instrument"] or "" for row in rows])

    def _take_rename(self, account: str, recorded: Recorded, event: InstrumentRenamed) -> None:
        """Put all rows of the names that it connects under the latest ones."""
        rows = self._rows
        rows.put(RENAMES, rename_row(account, recorded, event))
        self._renames.forget()
        self._payments.forget()
        rows.put(ACCOUNT_EVENTS, self._event_row(account, recorded, event))
        renames = self._renames.of(account)
        names = sorted(renames.related(event.to))
        of_settlements = set(rename_events(rows, account, renames, names))
        rename_marks(rows, account, renames, names)
        rename_instruments(rows, account, renames, names)
        self.positions.rename(account, renames, names)
        self.positions.form_again(account, sorted(of_settlements.difference(names)))

    def _end_halts(self, account: str, recorded: Recorded, event: TradingResumed) -> None:
        for row in self._rows.select(HALTS, account=account, resumed_at=None):
            if not event.ends(row["instrument"], row["strategy"], row["reason"]):
                continue
            resumed: HaltRow = {**row, "resumed_at": recorded.at}
            self._rows.put(HALTS, resumed)

    def _write_gaps(self) -> None:
        """A gap that began when an open one did is that gap, with its end."""
        going_on: dict[str, dict[datetime | None, AccountEventRow]] = {}
        for account, recorded, event in self._gaps:
            if account not in going_on:
                rows = self._rows.select(
                    ACCOUNT_EVENTS, account=account, instrument=None, kind="gap", to_at=None
                )
                going_on[account] = {row["from_at"]: row for row in rows}
            row = account_event_row(account, recorded, event)
            known = going_on[account].pop(event.from_at, None)
            if known is not None:
                row = {**known, "to_at": event.to_at, "reason": known["reason"] or event.reason}
            if row["to_at"] is None:
                going_on[account][event.from_at] = row
            self._rows.put(ACCOUNT_EVENTS, row)
        self._gaps.clear()

    def _take_proposal_fact(self, recorded: Recorded, event: AnyProposalEvent) -> None:
        account = account_of(recorded.stream)
        before = self._rows.get(PROPOSALS, (account, event.proposal_id))
        self._rows.put(PROPOSALS, proposal_row(before, account, event, recorded))
