"""`ledger.recording`: messages in one commit, as lines or together, and previews."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

from orderledger.infrastructure.engine.committer import Committer
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.engine.writer import GROUP_LIMIT, Writer
from orderledger.infrastructure.errors import InvalidMessage
from orderledger.infrastructure.latency import Latencies
from orderledger.infrastructure.messages.outcome import Outcome
from orderledger.infrastructure.storage.store import Store, reaching
from orderledger.infrastructure.views.checking import check_arguments
from orderledger.infrastructure.views.views import FoldedViews
from orderledger.projections import queries
from orderledger.projections.rows import BalanceRow, OrderRow, TradeRow

if TYPE_CHECKING:
    from orderledger.domain.recorded import Recorded
    from orderledger.infrastructure.messages.registry import Message


class RecordingLedger(Protocol):
    """The parts of a ledger that record."""

    _store: Store
    _url: str
    _writer: Writer
    _committer: Committer
    _latencies: Latencies

    @property
    def _wire(self) -> Any: ...


class RecordingMethods:
    """Recording of lines and of batches in one commit, and previews: `ledger.recording`."""

    def __init__(self, ledger: RecordingLedger) -> None:
        self._ledger = ledger

    def record_lines(self, lines: Iterable[str | bytes]) -> list[Outcome]:
        """Record NDJSON lines in order, in one commit. A line that is not a message gets the
        outcome `invalid`; the others are recorded."""
        outcomes: list[Outcome | None] = []
        entries: list[Entry] = []
        for line in lines:
            try:
                entries.append(self._ledger._wire.to_entry(self._ledger._wire.parse_line(line)))
                outcomes.append(None)
            except InvalidMessage as error:
                self._ledger._latencies.outcomes["invalid"] += 1
                outcomes.append(
                    Outcome(
                        "invalid", reason=str(error), text=error.fault, field=error.field or None
                    )
                )
        written = iter(self._ledger._committer.write(entries) if entries else ())
        return [next(written) if outcome is None else outcome for outcome in outcomes]

    async def arecord_together(
        self, messages: Sequence["Message"], *, fence: int | None = None
    ) -> list[Outcome]:
        """Record at most a thousand messages in one commit without blocking the event loop, all of
        them or none.

        `fence`: of the lease under which the orders of these accounts are sent; raises Fenced if
        another process sends them now.
        """
        entries = [self._ledger._wire.to_entry(message) for message in messages]
        if len(entries) > GROUP_LIMIT:
            raise ValueError(
                f"messages takes at most {GROUP_LIMIT} for one commit, not {len(entries)}"
            )
        for entry in entries:
            entry.fence = fence
        return await self._ledger._committer.asubmit_together(entries) if entries else []

    def record_again(
        self, events: Sequence["Recorded"], *, is_dry_run: bool = False
    ) -> list[Outcome | None]:
        """Record events of another log, such as an archive of this one, in one commit. Each becomes
        a new event, with the fact, time, sender and evidence of the other.

        A fact that is there already is a duplicate. The outcome is None for events that the ledger
        adds by itself, and for copies. `is_dry_run`: show the outcomes, and record nothing.
        """
        entries = [self._ledger._wire.entry_of_event(recorded) for recorded in events]
        given = [entry for entry in entries if entry is not None]
        record = self._ledger._writer.preview if is_dry_run else self._ledger._committer.write
        outcomes = iter(record(given) if given else ())
        return [None if entry is None else next(outcomes) for entry in entries]

    @overload
    def preview(
        self, messages: Iterable["Message"], *, view: Literal["outcomes"] = "outcomes"
    ) -> list[Outcome]: ...
    @overload
    def preview(
        self, messages: Iterable["Message"], *, view: Literal["orders"]
    ) -> list[OrderRow]: ...
    @overload
    def preview(
        self, messages: Iterable["Message"], *, view: Literal["trades"]
    ) -> list[TradeRow]: ...
    @overload
    def preview(
        self, messages: Iterable["Message"], *, view: Literal["balances"]
    ) -> list[BalanceRow]: ...
    def preview(
        self,
        messages: Iterable["Message"],
        *,
        view: Literal["outcomes", "orders", "trades", "balances"] = "outcomes",
    ) -> Any:
        """Show what recording these messages now, in order, would give. Records nothing.

        `view`: their outcomes, in one commit; or their orders, or the active fills of these; or all
        balances, for which the whole log is read.
        """
        to_entry = self._ledger._wire.to_entry
        entries = [to_entry(message) for message in messages]
        if view == "outcomes":
            return self._ledger._writer.preview(entries)
        with reaching(self._ledger._url):
            events = self._ledger._writer.simulate(entries, is_whole=view == "balances")
        views = FoldedViews(events, None, None, rate_rules=self._ledger._store.rate_rules)
        if view == "balances":
            return _balances(views, events)
        return queries.orders(views) if view == "orders" else queries.trades(views)


def _balances(views: FoldedViews, events: Sequence["Recorded"]) -> list[BalanceRow]:
    by_stream: dict[str, list[Recorded]] = {}
    for event in events:
        by_stream.setdefault(event.stream, []).append(event)
    now = max(event.recorded_at for event in events)
    return queries.balances(
        views, now, events_of=lambda streams: {one: by_stream[one] for one in streams}
    )


check_arguments(RecordingMethods)
