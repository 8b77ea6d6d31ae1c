"""The gateway's book: what it follows event by event is what a restart loads, and what the ledger's
own views show."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orderledger import InvalidMessage, Ledger, Message, Side, parse_document
from orderledger.extend.values import exposure
from orderledger.gateway.book import Book
from orderledger.gateway.limits import Limits
from orderledger.gateway.loading import load
from orderledger.gateway.situation import BookSituation
from orderledger.gateway.submissions import Submissions
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.engine.entries import to_entry
from tests.core.properties.any_messages import ACCOUNTS, NAMES, any_messages
from tests.core.properties.checks import RECORDED_AT
from tests.core.properties.stories import moment

RULES = (
    Limits(drawdown=Decimal(1)),
    Limits(account="a", drawdown=Decimal(1)),
    Limits(instrument="X", strategy="s", daily_loss=Decimal(1)),
)


def book_of(ledger: Ledger, clock: SteppingClock) -> Book:
    def load_from_views(book: Book) -> None:
        ledger.views.catch_up()
        load(book)

    book = Book(ledger.internals.store, ACCOUNTS, clock, ZoneInfo("UTC"), load_from_views)
    book.positions.highs = {rule: {} for rule in RULES}
    load_from_views(book)
    return book


def state_of(book: Book) -> dict[str, Any]:
    """What the gateway decides by."""
    situation = BookSituation(book)
    return {
        "position": book.log_position,
        "positions": {key: held for key, held in book.positions.held.items() if held},
        "unknown": set(book.positions.unknown),
        "working": sorted(book.exposures.working.items(), key=repr),
        "unresolved": {
            scope: book.exposures.working.unresolved(*scope) is not None
            for scope in [(name, one) for name in ACCOUNTS for one in (None, "X", "Y")]
        },
        "halts": book.halts,
        "open breaks": {name: count for name, count in book.open_breaks.items() if count},
        "marks": {
            scope: mark
            for scope in book.instruments.rows
            if (mark := book.instruments.mark_of(*scope)) is not None
        },
        "submissions": sorted(book.submissions.counts.items(), key=repr),
        "midnight": book.day_began,
        "rules": [
            (
                gains(book, rule),
                {name: high for name, high in book.positions.highs[rule].items() if high},
                situation.open_orders(rule),
                situation.gross_notional(rule),
                situation.sent_today(rule),
            )
            for rule in RULES
        ],
    }


def gains(book: Book, rule: Limits) -> dict[str, Decimal]:
    return {currency: gain for currency, gain in book.positions.gains(rule).items() if gain}


CONTRADICTORY = {
    *("venue_order_id", "aliases", "replacement_client_order_id", "reported"),
    *("position_side", "position_id", "position_mode"),
}


def messages_of(seed: int) -> list[Message]:
    """Any messages that do not contradict each other: each name is one order with one instrument,
    side and position side, and all positions have a side, or none."""
    chance = Random(seed)
    has_sides = chance.random() < 0.3
    terms = {name: order_terms(chance, has_sides=has_sides) for name in NAMES}
    found = []
    for document in any_messages(chance, are_timed=False) + any_messages(chance, are_timed=False):
        kept = {name: document[name] for name in document.keys() - CONTRADICTORY}
        mine = terms.get(kept.get("client_order_id", ""), {})
        is_whole = document["type"] in ("request", "fill", "fill_corrected")
        try:
            message = parse_document(
                {**kept, **(mine if is_whole else {key: mine[key] for key in mine.keys() & kept})}
            )
            to_entry(message)
        except InvalidMessage:
            continue
        found.append(message)
    return found


def order_terms(chance: Random, *, has_sides: bool) -> dict[str, str]:
    named = {"instrument": chance.choice("XY"), "side": chance.choice(("buy", "sell"))}
    return {**named, "position_side": chance.choice(("long", "short"))} if has_sides else named


def check_book(seed: int) -> None:
    clock = SteppingClock(RECORDED_AT)
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        followed = book_of(ledger, clock)
        messages = messages_of(seed)
        next_day = Random(seed).randrange(len(messages))
        for number, message in enumerate(messages):
            if number == next_day:
                clock.set(RECORDED_AT + timedelta(days=1))
            ledger.record(message)
            followed.catch_up()
            assert state_of(followed) == state_of(book_of(ledger, clock)), (seed, number)
            check_exposure(followed, ledger)


def check_exposure(book: Book, ledger: Ledger) -> None:
    """Against the view of exposure. The book counts more than open orders (an end may overtake
    fills), and no orders without a side."""
    for row in ledger.exposure():
        scope, part = (
            (row["account"], row["instrument"]),
            (row["position_side"], row["position_id"]),
        )
        if scope in book.positions.unknown or row["position_quantity"] is None:
            continue
        assert book.positions.of(*scope, None, part) == row["position_quantity"]
        least, most = book.exposures.interval(*scope, None, part)
        if all(order["side"] for order in row["orders"]):
            assert is_at_most(least, row["position_quantity_least"])
            assert is_at_most(row["position_quantity_most"], most)


def is_at_most(less: Decimal | None, more: Decimal | None) -> bool:
    """None is beyond every number."""
    return less is None or more is None or less <= more


@pytest.mark.parametrize("seed", range(20))
def test_a_book_that_follows_the_log_is_the_book_that_a_restart_loads(seed: int) -> None:
    check_book(seed)


def test_an_adjustment_of_a_position_loads_the_book_once() -> None:
    clock = SteppingClock(RECORDED_AT)
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        loads: list[int] = []

        def load_and_count(book: Book) -> None:
            ledger.views.catch_up()
            load(book)
            loads.append(book.log_position)

        book = Book(ledger.internals.store, ACCOUNTS, clock, ZoneInfo("UTC"), load_and_count)
        about = {"type": "adjust", "account": "a", "instrument": "X", "at": moment(0)}
        ledger.record(parse_document({**about, "quantity": "3", "price": "2", "reason": "opening"}))
        for _ in range(3):
            book.catch_up()
        assert (loads, book.positions.of("a", "X", None)) == ([1], Decimal(3))


@pytest.mark.parametrize(
    "setting",
    [
        {"type": "adjust", "instrument": "X", "quantity": "3", "price": "2", "reason": "opening"},
        {"type": "split", "instrument": "X", "ratio": [2, 1]},
        {"type": "settle", "instrument": "X", "kind": "expiry", "price": "0"},
        {"type": "rename", "instrument": "X", "to": "Y"},
    ],
    ids=lambda one: str(one["type"]),
)
def test_a_late_fill_counts_at_its_own_time(setting: dict[str, Any]) -> None:
    """One from before what set the position, or gave the instrument its name."""
    clock = SteppingClock(RECORDED_AT)
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        book = book_of(ledger, clock)
        for name, fill_id, second in (("N-1", "F-1", 1), (None, None, 4), ("N-2", "F-2", 2)):
            fill = {"type": "fill", "instrument": "X", "side": "buy", "quantity": "1", "price": "1"}
            named = {"client_order_id": name, "fill_id": fill_id} if name else {}
            message = {"account": "a", **(fill if name else setting), **named}
            ledger.record(parse_document({**message, "at": moment(second)}))
            book.catch_up()
        assert state_of(book) == state_of(book_of(ledger, clock))
        check_exposure(book, ledger)
        (row,) = [row for row in ledger.positions() if row["fills"]]
        assert book.positions.of("a", row["instrument"], None) == row["position_quantity"]


def test_the_day_begins_at_midnight_of_the_time_zone() -> None:
    clock = SteppingClock(datetime(2026, 1, 5, 22, 30, tzinfo=UTC), timedelta())
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        zone = ZoneInfo("Europe/Berlin")
        book = Book(ledger.internals.store, ACCOUNTS, clock, zone, load)
        assert book.midnight() == datetime(2026, 1, 5, tzinfo=zone)
        clock.set(datetime(2026, 1, 5, 23, 0, tzinfo=UTC))
        assert book.midnight() == datetime(2026, 1, 6, tzinfo=zone)
        book.catch_up()
        assert book.day_began == datetime(2026, 1, 6, tzinfo=zone)


def test_loading_forgets_what_the_log_does_not_show() -> None:
    clock = SteppingClock(RECORDED_AT)
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        book = book_of(ledger, clock)
        lost = exposure.Working("C-1", "C-1", Side.BUY, Decimal(1))
        book.exposures.working.put("a/C-1", [(("a", "X"), lost)])
        book.submissions.add(RECORDED_AT, ("a", "X", None))
        book.positions.held["a", "X", None, "net", ""] = Decimal(5)
        book.halts[7] = {"account": "a"}  # type: ignore[typeddict-item]
        load(book)
        assert state_of(book) == state_of(book_of(ledger, clock))


@pytest.mark.parametrize("before", [0, 1, 2, 3])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_restart_values_the_day_from_the_last_mark_before_midnight(
    before: int, after: int
) -> None:
    clock = SteppingClock(datetime(2026, 1, 5, 20, tzinfo=UTC))
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        about = {"type": "mark", "account": "a", "instrument": "X"}
        for number in range(before + after):
            if number == before:
                clock.set(datetime(2026, 1, 6, 8, tzinfo=UTC))
            price = str(100 + number)
            ledger.record(parse_document({**about, "at": clock.now().isoformat(), "price": price}))
        clock.set(datetime(2026, 1, 6, 9, tzinfo=UTC))
        book = book_of(ledger, clock)
        expected = {("a", "X"): Decimal(99 + before)} if before else {}
        assert book.positions.day.marks_at_open == expected


def test_ended_orders_are_forgotten_in_their_order_and_those_open_again_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orderledger.gateway.book.ENDED_KEPT", 2)
    clock = SteppingClock(RECORDED_AT)
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        book = book_of(ledger, clock)

        def report(kind: str, name: str, second: int) -> None:
            about = {"account": "a", "client_order_id": name, "at": moment(second)}
            ledger.record(parse_document({"type": kind, **about}))

        for number in range(5):
            terms = {"instrument": "X", "side": "buy", "quantity": "1", "order_type": "market"}
            about = {"account": "a", "client_order_id": f"N-{number}", "at": moment(0)}
            ledger.record(parse_document({"type": "request", **about, **terms}))
            report("canceled", f"N-{number}", 1)
            if number == 0:
                report("reinstated", "N-0", 2)
        book.catch_up()
        kept = [name for name in (f"N-{number}" for number in range(5)) if book.order("a", name)]
        assert kept == ["N-0", "N-3", "N-4"]


def test_an_order_that_a_gateway_holds_is_never_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many orders end after it: a restart has to find it, or its position stays open."""
    monkeypatch.setattr("orderledger.gateway.book.ENDED_KEPT", 2)
    clock = SteppingClock(RECORDED_AT)
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        book = book_of(ledger, clock)
        terms = {"instrument": "X", "side": "buy", "quantity": "1", "order_type": "market"}

        def request(name: str, **more: Any) -> None:
            about = {"account": "a", "client_order_id": name, "at": moment(0)}
            ledger.record(parse_document({"type": "request", **about, **terms, **more}))

        request("HELD", tags={"gateway.held": "parent"})
        for number in range(5):
            request(f"N-{number}")
            about = {"account": "a", "client_order_id": f"N-{number}", "at": moment(1)}
            ledger.record(parse_document({"type": "canceled", **about}))
        book.catch_up()
        restarted = book_of(ledger, clock)
        for one in (book, restarted):
            held = one.order("a", "HELD")
            assert held is not None and held.is_held
            assert one.order("a", "N-0") is None


def test_an_order_that_ended_yesterday_counts_until_its_fills_are_reported() -> None:
    """After a restart, too: its end overtook fills that the venue already counts."""
    clock = SteppingClock(datetime(2026, 1, 5, 20, tzinfo=UTC))
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        at = clock.now().isoformat()
        who = {"account": "a", "client_order_id": "C-1", "at": at}
        terms = {"instrument": "X", "side": "buy", "quantity": "5", "order_type": "limit"}
        claim = {"type": "canceled", **who, "reported": {"cum_quantity": "3"}}
        for message in (
            {"type": "request", **who, **terms, "limit_price": "10"},
            {"type": "submit", **who},
            {"type": "acknowledged", **who},
            claim,
        ):
            ledger.record(parse_document(message))
        clock.set(datetime(2026, 1, 6, 8, tzinfo=UTC))
        book = book_of(ledger, clock)
        assert book.exposures.interval("a", "X") == (0, 3)
        fill = {"type": "fill", **who, "instrument": "X", "side": "buy", "price": "10"}
        ledger.record(parse_document({**fill, "fill_id": "F-1", "quantity": "3"}))
        book.catch_up()
        assert book.exposures.interval("a", "X") == (3, 3)
        assert book_of(ledger, clock).exposures.interval("a", "X") == (3, 3)


def test_a_combination_is_one_open_order() -> None:
    clock = SteppingClock(RECORDED_AT)
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        legs = [
            {"instrument": name, "side": side, "ratio": 1}
            for name, side in (("X", "buy"), ("Y", "sell"), ("Z", "buy"))
        ]
        who = {"account": "a", "client_order_id": "C-1", "at": RECORDED_AT.isoformat()}
        terms = {"instrument": "X+Y+Z", "side": "buy", "quantity": "1", "order_type": "market"}
        ledger.record(parse_document({"type": "request", **who, **terms, "legs": legs}))
        situation = BookSituation(book_of(ledger, clock))
        found = [
            situation.open_orders(Limits(open_orders=1, instrument=instrument))
            for instrument in (None, "Y", "W")
        ]
        assert found == [1, 1, 0]


def test_the_submissions_of_a_day_are_counted_and_not_kept() -> None:
    submissions, rule = Submissions(), Limits(account="a", orders_per_day=1)
    for number in range(1000):
        at = RECORDED_AT + timedelta(seconds=number)
        submissions.add(at, ("a" if number % 2 else "b", "X", None))
    assert submissions.today(rule) == 500
    assert submissions.since(at - timedelta(seconds=1), rule) == 1
    assert len(submissions) < 10
    submissions.clear()
    assert (submissions.today(rule), len(submissions)) == (0, 0)
