"""A balance is opened or adjusted only if it is known which fills the venue's statement contains.

The statement is dated by our clock, and fills by the venue's, which may be ahead or behind.
"""

from datetime import timedelta
from typing import Any

import pytest

from orderledger.domain.exact import ZERO, plain
from orderledger.venues.base.translation import Fault
from orderledger.venues.base.venue_clock import VenueClock
from orderledger.venues.collecting.reconciling import in_words, report_of
from orderledger.venues.reconciliation.reconciler import Reconciled
from tests.scenarios import at, message, request
from tests.venues.reconciliation.desk import Desk, left
from tests.venues.reconciliation.plain_venue import Known

SPOT: Any = {"client_order_id": None, "instrument": "BTC-USD", "kind": "spot", "at": at(0)}


@pytest.fixture
def spot(desk: Desk) -> Desk:
    """An order that buys BTC for 100 USD each, at a venue with 1000 USD and 5 BTC."""
    desk.record(
        message("instrument", base="BTC", quote="USD", **SPOT),
        request(instrument="BTC-USD", at=at(1)),
        message("acknowledged", venue_order_id="V-1", at=at(2)),
    )
    desk.venue.orders["V-1"] = Known("V-1", at=at(2))
    desk.venue.wallet = {"USD": ["1000"], "BTC": ["5"]}
    desk.venue.reports_position = lambda instrument: False  # type: ignore[method-assign]
    return desk


def buys(desk: Desk, fill_id: str, second: float) -> None:
    """The venue fills 1 BTC, dates the fill by its clock, and books it at once."""
    desk.venue.trade("V-1", fill_id, "1", at(second))
    assert desk.venue.wallet is not None
    (usd,), (btc,) = desk.venue.wallet["USD"], desk.venue.wallet["BTC"]
    desk.venue.wallet = {"USD": [str(int(usd) - 100)], "BTC": [str(int(btc) + 1)]}


def opened(desk: Desk) -> list[str]:
    return [row["currency"] or "" for row in desk.ledger.log.account_events(kind="adjust")]


def states(found: Reconciled) -> set[str]:
    return {one.state.value for one in found.certificate.balances or ()}


def agrees(desk: Desk, second: float) -> bool:
    """Whether the ledger has the venue's balances, and the next run finds no difference."""
    assert desk.venue.wallet is not None
    found = desk.reconcile(second)
    totals = {row["currency"]: plain(row["total"] or ZERO) for row in desk.ledger.balances()}
    there = {name: amounts[0] for name, amounts in desk.venue.wallet.items()}
    return (left(found), totals) == ([], there)


@pytest.mark.parametrize("second", [999.5, 1000.5, 1002])
def test_no_balance_is_opened_while_a_fill_may_be_inside_or_not(spot: Desk, second: float) -> None:
    buys(spot, "F-1", second)
    found = spot.reconcile(1000)
    assert (states(found), opened(spot)) == ({"unstable"}, [])
    assert {one.reason for one in found.certificate.balances or ()} == {"no_opening_balance"}
    sentence = in_words(report_of(found), is_dry_run=False)
    assert "0 of 2 balances close, none is opened yet: a fill" in sentence
    assert agrees(spot, 1100) and opened(spot) == ["BTC", "USD"]
    buys(spot, "F-2", 1101)
    assert agrees(spot, 1200)


def test_a_fill_during_the_query_is_not_counted_twice(spot: Desk) -> None:
    fills = [("F-1", 1002.0)]

    def fill() -> None:
        if fills:
            buys(spot, *fills.pop())

    spot.venue.while_positions_are_told = fill
    spot.reconcile(1000)
    assert opened(spot) == []
    assert agrees(spot, 1100) and agrees(spot, 1200)


def test_a_fill_that_is_listed_after_the_balance_is_not_counted_twice(spot: Desk) -> None:
    buys(spot, "F-1", 999)
    spot.venue.hides_fills = 1
    spot.reconcile(1000)
    assert opened(spot) == []
    assert agrees(spot, 1100) and agrees(spot, 1200)


@pytest.mark.parametrize("ahead", [-3, 0, 3])
def test_a_fill_after_the_answer_counts_by_any_clock(spot: Desk, ahead: int) -> None:
    buys(spot, "F-1", 900 + ahead)
    assert agrees(spot, 1000) and opened(spot) == ["BTC", "USD"]
    buys(spot, "F-2", 1000.1 + ahead)
    assert agrees(spot, 1100)


def test_a_fill_that_cannot_be_read_is_not_counted_twice_once_it_can(spot: Desk) -> None:
    buys(spot, "F-1", 900)
    fills, spot.venue.fills = spot.venue.fills, []
    spot.venue.unread_fills = {at(900): Fault("no price", {"id": "F-1"})}
    assert (states(spot.reconcile(1000)), opened(spot)) == ({"unstable"}, [])
    spot.venue.fills, spot.venue.unread_fills = fills, {}
    assert agrees(spot, 1100) and opened(spot) == ["BTC", "USD"]


def test_a_busy_account_is_opened_in_the_run_that_finds_it_quiet(spot: Desk) -> None:
    for number, second in enumerate((1000, 1010, 1020)):
        buys(spot, f"F-{number}", second - 1)
        assert states(spot.reconcile(second)) == {"unstable"}
    assert agrees(spot, 1030) and opened(spot) == ["BTC", "USD"]


@pytest.mark.parametrize(("ahead", "is_opened"), [(20, True), (0, False)])
def test_the_clock_of_the_venue_counts_where_it_is_known(
    spot: Desk, ahead: int, *, is_opened: bool
) -> None:
    """The fill is dated 10 seconds after the query by our clock. The venue's clock is 20 ahead."""
    clock = VenueClock(elapsed=lambda: 7.0)
    clock.note(at(1000 + ahead), timedelta(milliseconds=1), 7.0)
    spot.venue.venue_clock = clock  # type: ignore[attr-defined]
    buys(spot, "F-1", 1010)
    spot.reconcile(1000)
    assert bool(opened(spot)) is is_opened
    if is_opened:
        buys(spot, "F-2", 1000.1 + ahead)
        assert agrees(spot, 1010)


def test_an_adjustment_waits_until_its_fills_are_known(spot: Desk) -> None:
    assert agrees(spot, 500)
    assert spot.venue.wallet is not None
    spot.venue.wallet = {**spot.venue.wallet, "USD": ["990"]}
    buys(spot, "F-1", 999.5)
    found = spot.reconcile(1000, may_adjust=True)
    assert left(found) == ["balance_differs:USD"]
    (differs,) = [one for one in found.breaks if one.kind.value == "balance_differs"]
    assert differs.text.startswith("900 here, 890 at the venue; not adjusted: a fill")
    assert left(spot.reconcile(1100, may_adjust=True)) == []
    buys(spot, "F-2", 1100.5)
    assert agrees(spot, 1200)


def test_a_dry_run_finds_what_the_run_finds(spot: Desk) -> None:
    buys(spot, "F-1", 999.5)
    thought = spot.reconcile(1000, is_dry_run=True)
    assert states(thought) == {"unstable"}
    found = spot.reconcile(1000)
    assert [one.text for one in thought.breaks] == [one.text for one in found.breaks]
