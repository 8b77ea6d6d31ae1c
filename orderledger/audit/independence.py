"""Proves on the user's own log that the order of reports does not matter: records them again in
other orders, in memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from random import Random
from typing import Any, get_args

from orderledger import Ledger, Outcome, parse_document
from orderledger.audit.as_messages import Document
from orderledger.audit.differing import AnyRow, rows_of
from orderledger.audit.rows import Independence
from orderledger.audit.shuffling import (
    Item,
    items_of,
    kept_in_order,
    orders_with_shared_names,
    shuffled,
)
from orderledger.extend.events import Recorded
from orderledger.extend.store import Store
from orderledger.extend.values import SteppingClock, stream_names
from orderledger.extend.views import FoldedViews, Method, Views, folded

HIDDEN = frozenset({"stream", "version", "recorded_at", "position", "rank", "source", "tags"})
"""Columns that may depend on when, how often and from where messages came. Messages are recorded
again without tags."""

Progress = Callable[[int, int], None]
Ends = dict[str, list[AnyRow]]


def proved(
    store: Store, *, rounds: int, seed: int, account: str | None, progress: Progress | None = None
) -> Independence:
    """Record the messages of each account again in `rounds` legal orders, until one order ends in
    another state."""
    accounts = _events_by_account(store, account)
    chance = Random(seed)
    messages = kept = done = 0
    total = rounds * sum(map(len, accounts.values()))
    for events in accounts.values():
        log = AccountLog(events)
        messages, kept = messages + len(log.items), kept + len(log.kept)
        for _ in range(rounds):
            tried = shuffled(log.items, log.kept, chance)
            if differences := log.differences(tried):
                return _counterexample(
                    log, tried, differences, rounds, seed, len(accounts), messages, kept
                )
            done += len(events)
            if progress is not None:
                progress(done, total)
    return {
        "holds": True, "rounds": rounds, "seed": seed, "accounts": len(accounts),
        "messages": messages, "kept_in_order": kept,
        "differences": [], "log_order": [], "counterexample": [],
    }  # fmt: skip


def _counterexample(
    log: "AccountLog",
    tried: list[Item],
    differences: list[str],
    rounds: int,
    seed: int,
    accounts: int,
    messages: int,
    kept: int,
) -> Independence:
    smallest = shrunk(log, tried)
    return {
        "holds": False, "rounds": rounds, "seed": seed, "accounts": accounts, "messages": messages,
        "kept_in_order": kept,
        "differences": log.differences(smallest, is_part=True) or differences,
        "log_order": [item.document for item in _in_log_order(smallest)],
        "counterexample": [item.document for item in smallest],
    }  # fmt: skip


class AccountLog:
    """The messages of one account, and the state in which its log ends."""

    def __init__(self, events: list[Recorded]) -> None:
        self.items = items_of(events)
        self._end = _end_of(FoldedViews(events, None, None))
        self._now = max(event.recorded_at for event in events)
        self.kept = self._find_kept()

    def _find_kept(self) -> set[int]:
        """The messages that must stay in log order so that no command is refused."""
        shared = orders_with_shared_names(self.items)
        pins: dict[str, int] = {}
        while True:
            kept = kept_in_order(self.items, pins, shared)
            trial = [item for item in self.items if item.number in kept]
            refused = [
                item
                for item, one in zip(trial, self._recorded(trial)[0], strict=True)
                if one.outcome == "refused"
            ]
            fresh = {
                item.order or "": item.number
                for item in refused
                if pins.get(item.order or "", -1) < item.number
            }
            if not fresh:
                return kept
            pins |= fresh

    def differences(self, tried: Sequence[Item], *, is_part: bool = False) -> list[str]:
        """List the differences if the messages come in this order. `is_part`: they are a part of
        the log, compared with the same part in log order. Empty if a command of the part is
        refused."""
        outcomes, views = self._recorded(tried)
        if not is_part:
            return list(_differences(self._end, _end_of(views)))
        others, expected = self._recorded(_in_log_order(tried))
        if any(one.outcome == "refused" for one in (*outcomes, *others)):
            return []
        return list(_differences(_end_of(expected), _end_of(views)))

    def _recorded(self, items: Sequence[Item]) -> tuple[list[Outcome], Views]:
        """Record the messages into a new ledger in memory."""
        return recorded_anew((item.document for item in items), self._now)


def recorded_anew(documents: Iterable[Document], now: datetime) -> tuple[list[Outcome], Views]:
    """The outcomes of these messages in a new ledger in memory, and its views."""
    with Ledger.open("memory://", clock=SteppingClock(now), update_views=False) as ledger:
        outcomes = ledger.record_many(map(parse_document, documents))
        return outcomes, folded(ledger.internals.store, None, None)


def shrunk(log: AccountLog, tried: Sequence[Item]) -> list[Item]:
    """A minimal part of the messages that still ends differently."""
    items = list(tried)
    if not log.differences(items, is_part=True):
        return items
    size = max(1, len(items) // 2)
    while True:
        smaller = next(
            (part for part in _without(items, size) if log.differences(part, is_part=True)), None
        )
        if smaller is not None:
            items = smaller
            size = min(size, max(1, len(items) // 2))
        elif size == 1:
            return items
        else:
            size //= 2


def _without(items: list[Item], size: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), size):
        yield [*items[:start], *items[start + size :]]


def _in_log_order(items: Iterable[Item]) -> list[Item]:
    """Each message once, as the log has them."""
    return [item for _, item in sorted({item.number: item for item in items}.items())]


def _events_by_account(store: Store, account: str | None) -> dict[str, list[Recorded]]:
    found: dict[str, list[Recorded]] = {}
    for recorded in store.all_events():
        owner = stream_names.account_of(recorded.stream)
        if account in (None, owner):
            found.setdefault(owner, []).append(recorded)
    return found


def _end_of(views: Views) -> Ends:
    """The rows of orders, trades and P&L, without the columns that depend on the arrival."""
    orders, trades = rows_of(views, "orders", "average"), rows_of(views, "trades", "average")
    ends = {
        "orders": orders,
        "trades": [{**row, "venue_order_id": None} for row in trades],
    }  # as the first report gave it
    ends |= {f"pnl by {method}": rows_of(views, "pnl", method) for method in get_args(Method)}
    return {
        view: sorted((_shown(row) for row in rows), key=_sort_key) for view, rows in ends.items()
    }


def _shown(row: AnyRow) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in HIDDEN}


def _sort_key(row: AnyRow) -> str:
    names = (
        "account",
        "client_order_id",
        "venue_order_ids",
        "aliases",
        "fill_id",
        "instrument",
        "at",
    )
    return repr([row.get(name) for name in names])


def _differences(expected: Ends, found: Ends) -> Iterator[str]:
    for view, rows in expected.items():
        others = found[view]
        if len(rows) != len(others):
            yield f"{view}: {len(rows)} rows in log order, {len(others)} in this order"
            continue
        for row, other in zip(rows, others, strict=True):
            for name in row:
                if row[name] != other[name]:
                    who = row.get("client_order_id") or row.get("instrument")
                    yield (
                        f"{view}, {who}, {name}: {row[name]} in log order, {other[name]} in this "
                        "order"
                    )
