"""Each breaker: when it trips, what its halt says, and what is shown of it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from orderledger import Halt, Ledger, Mark, Rejected, parse_document
from orderledger.gateway.book import Book
from orderledger.gateway.breakers import Breakers
from orderledger.gateway.loading import load
from orderledger.gateway.results import Sending
from orderledger.gateway.settings import Breaker
from orderledger.infrastructure.clock import SteppingClock
from orderledger.rows import OrderRow

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
ROW = cast(OrderRow, {"instrument": "X", "strategy": "s"})


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://", clock=SteppingClock(NOW)) as ledger:
        yield ledger


def breakers_of(ledger: Ledger, **given: Any) -> tuple[Breakers, Book]:
    def load_from_views(book: Book) -> None:
        ledger.views.catch_up()
        load(book)

    breaker = Breaker.model_validate(given)
    store = ledger.internals.store
    book = Book(store, ("a", "b"), SteppingClock(NOW), ZoneInfo("UTC"), load_from_views)
    book.positions.highs = {breaker.limits(account): {} for account in ("a", "b")}
    load_from_views(book)
    return Breakers([breaker], book), book


def note(
    breakers: Breakers,
    *,
    account: str = "a",
    row: OrderRow | None = ROW,
    at: datetime = NOW,
    is_failure: bool = False,
    is_rejected: bool = False,
) -> None:
    refusal = Rejected(account=account, client_order_id="C-1", at=at)
    result = Sending("denied", account, "C-1", messages=(refusal,) if is_rejected else ())
    breakers.note(result, row, at, is_failure=is_failure)


def causes(
    breakers: Breakers, at: datetime = NOW, status: Mapping[str, Any] | None = None
) -> list[tuple[str, str | None, str | None]]:
    return [(halt.account, halt.reason, halt.text) for halt in breakers.halts(at, status or {})]


def test_failures_in_a_row_are_counted_for_each_account(ledger: Ledger) -> None:
    breakers, _ = breakers_of(ledger, sending_failures=2)
    for account, is_failure in [("a", True), ("b", True), ("a", False), ("a", True)]:
        note(breakers, account=account, is_failure=is_failure)
    assert causes(breakers) == []
    note(breakers, is_failure=True)
    text = "2 requests in a row were not sent or not answered"
    assert causes(breakers) == [("a", "sending_failures", text)]
    assert causes(breakers) == [], "a halt begins the count anew"


def test_refusals_are_counted_for_a_minute(ledger: Ledger) -> None:
    breakers, _ = breakers_of(ledger, rejects_per_minute=2)
    note(breakers, is_rejected=True)
    later = NOW + timedelta(minutes=1)
    note(breakers, is_rejected=True, at=later)
    assert causes(breakers, later) == [], "the first one is a minute old"
    assert shown(breakers, later) == ("rejects_per_minute", "2", "1", None)
    note(breakers, is_rejected=True, at=later + timedelta(seconds=59))
    assert shown(breakers, later + timedelta(seconds=59)) == ("rejects_per_minute", "2", "2", None)
    assert causes(breakers, later + timedelta(seconds=59)) == [
        ("a", "rejects_per_minute", "the venue refused 2 orders within a minute")
    ]


def shown(
    breakers: Breakers, at: datetime = NOW, status: Mapping[str, Any] | None = None
) -> tuple[Any, ...]:
    row = breakers.shown(at, status or {})["a"][0]
    return row["breaker"], row["limit"], row["value"], row["currency"]


@pytest.mark.parametrize(
    ("row", "is_counted"),
    [
        (ROW, True),
        ({"instrument": "Y", "strategy": "s"}, False),
        ({"instrument": "X", "strategy": "t"}, False),
        (None, False),
    ],
)
def test_a_breaker_counts_the_orders_of_its_scope(
    ledger: Ledger, row: Any, is_counted: bool
) -> None:
    breakers, _ = breakers_of(ledger, instrument="X", strategy="s", sending_failures=1)
    note(breakers, row=row, is_failure=True)
    assert bool(causes(breakers)) == is_counted


def test_a_breaker_of_one_account_watches_no_other(ledger: Ledger) -> None:
    breakers, _ = breakers_of(ledger, account="b", sending_failures=1)
    note(breakers, is_failure=True)
    assert causes(breakers) == []
    assert list(breakers.shown(NOW, {})) == ["b"]


def test_its_halt_has_its_scope_and_is_recorded_once(ledger: Ledger) -> None:
    breakers, book = breakers_of(
        ledger, account="a", instrument="X", sending_failures=1, cancels_orders=True
    )
    note(breakers, is_failure=True)
    (halt,) = breakers.halts(NOW, {})
    assert (halt.instrument, halt.strategy, halt.cancels_orders) == ("X", None, True)
    assert (halt.actor, str(halt.source), halt.at) == ("breaker", "strategy", NOW)
    ledger.record(halt)
    book.catch_up()
    note(breakers, is_failure=True)
    assert causes(breakers) == [], "it is halted already"


@pytest.mark.parametrize(
    ("scope", "is_same"), [({}, False), ({"instrument": "X"}, True), ({"strategy": "s"}, False)]
)
def test_a_halt_of_another_scope_does_not_stop_a_breaker(
    ledger: Ledger, scope: dict[str, str], is_same: bool
) -> None:
    breakers, book = breakers_of(ledger, account="a", instrument="X", sending_failures=1)
    ledger.record(Halt(account="a", at=NOW, **scope))  # type: ignore[arg-type]
    book.catch_up()
    note(breakers, is_failure=True)
    assert bool(causes(breakers)) != is_same


def feed(seconds: float, *, is_up: bool = True, account: str = "a") -> dict[str, Any]:
    at = (NOW - timedelta(seconds=seconds)).isoformat()
    return {"at": at, "accounts": {account: {"is_up": is_up}}}


@pytest.mark.parametrize(
    ("collectors", "value", "text"),
    [
        ([], None, "no collector feeds the account"),
        ([feed(5)], "5.0", None),
        ([feed(5.1)], "5.1", "the feed is 5.1 s old, the limit is 5 s"),
        ([feed(9), feed(2)], "2.0", None),
        ([feed(1, is_up=False)], None, "no collector feeds the account"),
        ([feed(1, account="b")], None, "no collector feeds the account"),
        ([feed(-3)], "0.0", None),
    ],
)
def test_the_age_of_the_newest_feed(
    ledger: Ledger, collectors: list[Any], value: str | None, text: str | None
) -> None:
    breakers, _ = breakers_of(ledger, account="a", feed_age_seconds=5.0, grace_seconds=0)
    status = {"collectors": {str(number): one for number, one in enumerate(collectors)}}
    assert shown(breakers, status=status) == ("feed_age_seconds", "5", value, None)
    assert [cause[2] for cause in causes(breakers, status=status)] == [text] * (text is not None)


def test_a_feed_that_is_back_within_the_grace_time_halts_nothing(ledger: Ledger) -> None:
    """A collector restarts: its status is gone for some seconds."""
    breakers, _ = breakers_of(ledger, account="a", feed_age_seconds=5.0, grace_seconds=20)
    gone: dict[str, Any] = {"collectors": {}}
    back = {"collectors": {"1": feed(-40)}}
    for seconds, status in [(0, gone), (19, gone), (20, back), (21, gone), (40, gone)]:
        assert causes(breakers, NOW + timedelta(seconds=seconds), status) == []
    assert [one[1] for one in causes(breakers, NOW + timedelta(seconds=41), gone)] == [
        "feed_age_seconds"
    ]


@pytest.mark.parametrize("resumes", ["auto", "operator"])
def test_the_halt_of_a_feed_ends_when_the_feed_is_back(ledger: Ledger, resumes: str) -> None:
    breakers, book = breakers_of(
        ledger, account="a", feed_age_seconds=5.0, grace_seconds=0, resumes=resumes
    )
    (halt,) = breakers.halts(NOW, {})
    assert (halt.mode, halt.resumes) == ("reduce", resumes)
    ledger.record(halt)
    ledger.record(Halt(account="a", at=NOW + timedelta(seconds=1), reason="review"))
    book.catch_up()
    assert list(breakers.resumes(NOW, {})) == [], "the feed is not back"
    ends = list(breakers.resumes(NOW, {"collectors": {"1": feed(1)}}))
    assert len(ends) == (resumes == "auto")
    for end in ends:
        assert (end.actor, end.reason, end.halt_reason) == (
            "breaker",
            "feed_age_seconds_over",
            "feed_age_seconds",
        )
        ledger.record(end)
        book.catch_up()
        assert [row["reason"] for row in book.halts.values()] == ["review"]
        ledger.views.catch_up()
        assert [row["reason"] for row in ledger.halts(active_only=True)] == ["review"]


def test_the_halt_of_a_loss_is_ended_by_an_operator_alone(ledger: Ledger) -> None:
    breakers, _ = breakers_of(ledger, sending_failures=1, resumes="auto", mode="stop")
    note(breakers, is_failure=True)
    (halt,) = breakers.halts(NOW, {})
    assert (halt.mode, halt.resumes) == ("stop", "operator")


def test_a_break_that_reconciliation_left_open(ledger: Ledger) -> None:
    breakers, book = breakers_of(ledger, account="a", open_break=True)
    assert (shown(breakers), causes(breakers)) == (("open_break", "0", "0", None), [])
    certificate = {"type": "certify", "account": "a", "at": NOW.isoformat()}
    certificate |= {"covered_from": NOW.isoformat(), "covered_to": NOW.isoformat()}
    counts = {"orders": 1, "fills": 0, "positions": 0}
    ledger.record(
        parse_document({**certificate, **counts, "open_breaks": [{"id": "one", "since": NOW}]})
    )
    book.catch_up()
    assert shown(breakers) == ("open_break", "0", "1", None)
    assert causes(breakers) == [
        ("a", "open_break", "the last reconciliation left 1 breaks open"),
    ]


def test_losses_are_compared_by_currency(ledger: Ledger) -> None:
    breakers, book = breakers_of(ledger, account="a", daily_loss="10", drawdown="12")
    assert [row["value"] for row in breakers.shown(NOW, {})["a"]] == [None, None]
    fill = {"client_order_id": "C-1", "fill_id": "F-1", "side": "buy", "quantity": "2"}
    about = {"account": "a", "instrument": "X", "at": NOW.isoformat()}
    ledger.record(parse_document({"type": "instrument", **about, "currency": "USD"}))
    ledger.record(parse_document({"type": "fill", **about, **fill, "price": "100"}))
    for price, values, reasons in [
        ("103", ["-6", "0"], []),
        ("97", ["6", "12"], []),
        ("96.9", ["6.2", "12.2"], ["drawdown"]),
        ("94", ["12", "18"], ["daily_loss"]),
    ]:
        ledger.record(Mark(account="a", instrument="X", price=Decimal(price), at=NOW))
        book.catch_up()
        rows = breakers.shown(NOW, {})["a"]
        assert [(row["breaker"], row["value"], row["currency"]) for row in rows] == [
            ("daily_loss", values[0], "USD"),
            ("drawdown", values[1], "USD"),
        ]
        assert [cause[1] for cause in causes(breakers)] == reasons


def test_a_breaker_without_conditions_watches_nothing(ledger: Ledger) -> None:
    breakers, _ = breakers_of(ledger, account="a")
    assert (list(breakers.shown(NOW, {})["a"]), causes(breakers)) == ([], [])
    assert not Breaker().cancels_orders
