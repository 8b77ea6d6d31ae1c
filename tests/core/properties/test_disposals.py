"""The lots that were closed are the auditor's, and add up to the P&L to the last digit."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from orderledger import Ledger, parse_document
from orderledger.domain.exact import EXACT, total
from orderledger.infrastructure.clock import SteppingClock
from orderledger.projections.positions import LOT_CHOICES
from tests.account_auditor import AccountAuditor
from tests.auditing.account_cases import is_same
from tests.core.properties.accounts import LENGTH, account_story, event_story
from tests.core.properties.stories import START
from tests.core.properties.test_accounts import ACCOUNT, RECORDED_AT, Messages
from tests.seeds import of_seeds

OF_POSITION = ("instrument", "position_side", "position_id")
NAMES = {
    "acquired": "acquired_at",
    "disposed": "disposed_at",
    "quantity": "quantity",
    "proceeds": "proceeds",
    "cost": "cost",
    "fees": "fees",
    "gain": "gain",
}


def by_position(rows: Any) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        key = tuple(str(row.get(name) or "") for name in OF_POSITION)
        found.setdefault(key, []).append(row)
    return found


def is_equal(row: dict[str, Any], expected: dict[str, Any], *, is_dated: bool) -> bool:
    return all(
        (row[name] is None and value is None) or row[name] == value or is_same(row[name], value)
        for name, value in ((NAMES[one], expected[one]) for one in NAMES)
        if is_dated or name != "acquired_at"
    )


@of_seeds
@pytest.mark.parametrize("tell", [account_story, event_story])
def test_closed_lots_are_the_auditors(seeds: range, tell: Callable[[Random], Messages]) -> None:
    for seed in seeds:
        chance = Random(seed)
        auditor = AccountAuditor(ACCOUNT)
        clock = SteppingClock(RECORDED_AT)
        with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
            for message in tell(chance):
                given = {**message, "account": ACCOUNT}
                ledger.record(parse_document(given))
                auditor.offer(given, RECORDED_AT)
            end = START + LENGTH
            seen = auditor.seen(effective_at=end)
            for method in LOT_CHOICES:
                rows = ledger.disposals(method=method, effective_at=end)
                ours, theirs = by_position(rows), by_position(seen.disposals(method))
                for key, expected in theirs.items():
                    found = ours[key]
                    assert len(found) == len(expected), (seed, method, key)
                    for row, one in zip(found, expected, strict=True):
                        is_dated = method != "average"
                        assert is_equal(row, one, is_dated=is_dated), (seed, method, row, one)
                for key in ours.keys() - theirs.keys():  # without figures: each row says why
                    assert all(row["reason"] for row in ours[key]) or has_no_rate(
                        ledger, method, key, end
                    ), (seed, key)
                add_up(ledger, method, rows, end, seed)


def has_no_rate(ledger: Ledger, method: Any, key: tuple[str, ...], at: Any) -> bool:
    """Whether a fee or funding of the position has no rate: the auditor then lists none of it."""
    rows = by_position(ledger.pnl(method=method, effective_at=at))[key]
    return all(row["net_pnl"] is None for row in rows)


def add_up(ledger: Ledger, method: Any, rows: Any, at: Any, seed: int) -> None:
    """The realized P&L of the rows is that of the position; so it is in each part of the time."""
    middle = START + LENGTH / 2
    periods: tuple[dict[str, Any], ...] = ({}, {"until": middle}, {"since": middle})
    for period in periods:
        asked: dict[str, Any] = {"method": method, "effective_at": at, **period}
        of_period = ledger.disposals(**asked) if period else rows
        closed = by_position(of_period)
        for key, (position,) in by_position(ledger.pnl(**asked)).items():
            own = closed.get(key, [])
            if position["realized_pnl"] is not None and not any(
                row["realized_pnl"] is None for row in own
            ):
                realized = total(row["realized_pnl"] for row in own)
                assert realized == position["realized_pnl"], (seed, method, key, period)
                for row in own:
                    if row["cost"] is not None and row["realized_pnl"]:
                        difference = EXACT.subtract(row["proceeds"], row["cost"])
                        assert difference == row["realized_pnl"], (seed, row)
