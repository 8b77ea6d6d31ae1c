"""The same log under other assumptions, folded in memory. Nothing is written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from orderledger.audit.differing import AnyRow, differing, rows_of
from orderledger.audit.fee_schedule import FeeSchedule
from orderledger.audit.rows import WhatIfRow
from orderledger.extend.events import Recorded, order_events, reports
from orderledger.extend.store import Store
from orderledger.extend.values import EXACT, stream_names
from orderledger.extend.views import FoldedViews, Method, Terms, one_order, tables, terms_of
from orderledger.rows import OrderRow

COMPARED = ("orders", "positions", "pnl")
ASSUMED = "what_if"
"""Reason of an assumed cancel, and id of an assumed fill."""


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """Assumptions that replace recorded facts. Orders are named by any of their ids.

    `filled`: these orders are filled at their limit price, or else at the mark; `not_filled`: these
    got no more fills.
    """

    method: Method = "average"
    than: Method = "average"
    fees: FeeSchedule | None = None
    without: tuple[str, ...] = ()
    without_accounts: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    not_filled: tuple[str, ...] = ()
    account: str | None = None


def what_if(store: Store, assumed: Assumptions) -> Iterator[WhatIfRow]:
    """The rows of orders, positions and P&L that differ under the assumptions."""
    world = World(store)
    before = world.views
    after = FoldedViews(world.under(assumed), None, None, rate_rules=store.rate_rules)
    for view in COMPARED:
        rows = rows_of(before, view, assumed.than), rows_of(after, view, assumed.method)
        for found in differing(view, *map(_without_method, rows)):
            row, (is_now, would_be) = found.either, found.fields()
            yield {
                "view": view,
                "change": found.change,
                "account": row["account"],
                "client_order_id": row.get("client_order_id"),
                "instrument": row["instrument"],
                "is_now": is_now,
                "would_be": would_be,
                "difference": _difference(is_now, would_be),
            }


class World:
    """The unchanged log: its views, and the terms of its instruments."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.views = FoldedViews(store.all_events(), None, None, rate_rules=store.rate_rules)
        self._terms = {
            (row["account"], row["instrument"]): terms_of(row)
            for row in self.views.rows(tables.INSTRUMENTS)
        }
        self._trades = {
            (row["stream"], row["fill_id"]): row for row in self.views.rows(tables.TRADES)
        }

    def under(self, assumed: Assumptions) -> Iterator[Recorded]:
        """The events of the log under the assumptions."""
        removed = self._streams(assumed.without, assumed.account)
        self._check_accounts(assumed.without_accounts)
        newest: Recorded | None = None
        for recorded in self._store.all_events():
            newest = recorded
            if (
                recorded.stream not in removed
                and stream_names.account_of(recorded.stream) not in assumed.without_accounts
            ):
                yield self._priced(recorded, assumed.fees)
        if newest is not None:
            for recorded in self._assumed(assumed, newest):
                yield self._priced(recorded, assumed.fees)

    def _streams(self, names: Sequence[str], account: str | None) -> set[str]:
        """The streams of these orders. Reports that first came under another name are theirs
        already, and count nowhere else."""
        return {one_order(self.views, name, account)["stream"] for name in names}

    def _check_accounts(self, accounts: Sequence[str]) -> None:
        known = (
            {stream_names.account_of(recorded.stream) for recorded in self._store.all_events()}
            if accounts
            else set()
        )
        for account in accounts:
            if account not in known:
                raise ValueError(f"nothing is recorded of the account {account!r}")

    def _assumed(self, assumed: Assumptions, newest: Recorded) -> Iterator[Recorded]:
        """The events of orders that are taken as filled or not."""
        position = newest.position or 0
        at = newest.recorded_at
        for name in (*assumed.filled, *assumed.not_filled):
            row = one_order(self.views, name, assumed.account)
            if not row["is_open"]:
                raise ValueError(f"{name} has ended: its outcome is known")
            event = (
                self._fill(row)
                if name in assumed.filled
                else reports.OrderCanceled(reason=ASSUMED, at=at)
            )
            position += 1
            yield _after(row, msgspec.structs.replace(event, at=at), at, position)

    def _fill(self, row: OrderRow) -> reports.FillRecorded:
        """A fill of what is left of the order."""
        price = row["limit_price"] if row["limit_price"] is not None else self._mark(row)
        if not row["leaves_quantity"] or price is None:
            missing = (
                "quantity"
                if not row["leaves_quantity"]
                else "limit price, nor its instrument a mark"
            )
            raise ValueError(
                f"{row['client_order_id']} cannot be taken as filled: it has no {missing}"
            )
        return reports.FillRecorded(fill_id=ASSUMED, quantity=row["leaves_quantity"], price=price)

    def _mark(self, row: OrderRow) -> Decimal | None:
        marks = self.views.rows(
            tables.INSTRUMENTS, account=row["account"], instrument=row["instrument"]
        )
        return marks[0]["mark_price"] if marks else None

    def _priced(self, recorded: Recorded, fees: FeeSchedule | None) -> Recorded:
        """The event with the fee of the schedule, if it is a fill."""
        event = recorded.event
        if fees is None or not isinstance(event, reports.FillRecorded):
            return recorded
        account, trade = (
            stream_names.account_of(recorded.stream),
            self._trades.get((recorded.stream, event.fill_id)),
        )
        instrument = event.instrument or (
            trade["instrument"] if trade else self._instrument(recorded.stream)
        )
        rates = fees.rates(account, instrument)
        if rates is None:
            return recorded
        liquidity = trade["liquidity"] if trade else None
        terms = self._terms.get((account, instrument or ""), Terms())
        value = terms.amount(terms.value(event.quantity, event.price))
        fee = EXACT.multiply(value, rates.rate(liquidity))
        return _replaced(
            recorded, msgspec.structs.replace(event, fee=fee, fee_currency=None, fees=())
        )

    def _instrument(self, stream: str) -> str | None:
        rows = rows_of(self.views, "orders", "average", stream=stream)
        return rows[0]["instrument"] if rows else None


def _after(
    row: OrderRow, event: reports.FillRecorded | reports.OrderCanceled, at: datetime, position: int
) -> Recorded:
    """An event after the last one of the order."""
    return Recorded(
        stream=row["stream"],
        version=row["version"] + 1,
        event=event,
        recorded_at=at,
        at=at,
        source="operator",
        position=position,
    )


def _replaced(recorded: Recorded, event: reports.FillRecorded) -> Recorded:
    assert not isinstance(recorded.event, order_events.OrderJudgement)
    return msgspec.structs.replace(recorded, event=event)


def _without_method(rows: Iterable[AnyRow]) -> list[AnyRow]:
    """The rows without the method, which differs whenever another is requested."""
    return [{name: value for name, value in row.items() if name != "method"} for row in rows]


def _difference(is_now: dict[str, Any], would_be: dict[str, Any]) -> dict[str, Decimal]:
    """By how much numbers would be greater."""
    names = [
        name
        for name in would_be
        if isinstance(would_be[name], Decimal) and isinstance(is_now.get(name), Decimal)
    ]
    return {name: EXACT.subtract(would_be[name], is_now[name]) for name in names}
