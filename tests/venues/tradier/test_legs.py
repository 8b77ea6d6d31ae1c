"""Orders with legs: one order of the ledger, whose fills are those of its legs, in the legs' own
instruments."""

from decimal import Decimal
from typing import Any

import pytest

from tests.venues.tradier.payloads import (
    ACCOUNT,
    BUY_PUT,
    SELL_PUT,
    Book,
    a_book,
    event,
    leg,
    orders,
    spread,
)

SOLD = leg(900111, SELL_PUT, "sell_to_open", 1, "2.6")
BOUGHT = leg(900112, BUY_PUT, "buy_to_open", 1, "1.5")
LATER = "2026-05-04T15:00:00.000Z"


def request(book: Book, role: str = "entry", **terms: Any) -> None:
    usual = {
        "instrument": "SPY-PUT-SPREAD",
        "side": "sell",
        "quantity": "1",
        "order_type": "other",
        "limit_price": "1.05",
    }
    links = {"proposal_id": f"P-{role}", "trade_id": "T-43", "role": role}
    names = {"client_order_id": f"C-43-{role}", "tag": f"prop-43-{role.upper()}"}
    book.request(**{**names, **usual, **terms}, strategy="spreads", links=links)


def in_short(book: Book, name: str = "900110") -> tuple[str, str, str, list[str]]:
    order = book.order(name)
    return order["status"], str(order["quantity"]), str(order["cum_quantity"]), order["anomalies"]


def test_a_spread_is_one_order_with_a_fill_for_each_of_its_legs() -> None:
    with a_book() as book:
        request(book)
        book.tell(orders(spread("filled", SOLD, BOUGHT)))
        assert in_short(book) == ("filled", "2", "2", [])
        assert book.fills() == [
            ("900110:900111:1", SELL_PUT, "sell", "1", "2.6"),
            ("900110:900112:1", BUY_PUT, "buy", "1", "1.5"),
        ]
        assert book.positions() == {SELL_PUT: "-1", BUY_PUT: "1"}
        assert [
            (row["client_order_id"], row["strategy"], row["links"]["trade_id"])  # type: ignore[index]
            for row in book.ledger.trades()
        ] == [("C-43-entry", "spreads", "T-43")] * 2


def test_the_profit_of_an_option_counts_a_hundred_times() -> None:
    with a_book() as book:
        request(book)
        request(book, role="exit", side="buy")
        book.tell(orders(spread("filled", SOLD, BOUGHT)))
        back = (
            leg(900211, SELL_PUT, "buy_to_close", 1, "1.1"),
            leg(900212, BUY_PUT, "sell_to_close", 1, "0.7"),
        )
        book.tell(
            orders(spread("filled", *back, id=900210, tag="prop-43-EXIT", transaction_date=LATER))
        )
        assert book.positions() == {SELL_PUT: "0", BUY_PUT: "0"}
        realized = {row["instrument"]: row["realized_pnl"] for row in book.ledger.pnl()}
        assert realized == {SELL_PUT: Decimal(150), BUY_PUT: Decimal(-80)}
        (by_strategy,) = book.ledger.pnl(by="strategy")
        assert (by_strategy["strategy"], by_strategy["net_pnl"], by_strategy["currency"]) == (
            "spreads",
            Decimal(70),
            "USD",
        )


def test_an_adjusted_option_is_left_to_the_operator() -> None:
    with a_book() as book:
        book.tell(
            orders(
                spread(
                    "filled", leg(900111, "SPY1260619P00480000", "sell_to_open", 1, "2.6"), BOUGHT
                )
            )
        )
        assert [row["instrument"] for row in book.ledger.instruments()] == [BUY_PUT]


def test_an_operator_who_defines_an_option_otherwise_is_not_overruled() -> None:
    with a_book() as book:
        book.record("instrument", instrument=SELL_PUT, multiplier="10", at="2026-05-01T00:00:00Z")
        book.tell(orders(spread("filled", SOLD, BOUGHT)))
        multipliers = {
            row["instrument"]: str(row["multiplier"]) for row in book.ledger.instruments()
        }
        assert multipliers == {SELL_PUT: "10", BUY_PUT: "100"}


def test_legs_that_fill_one_after_the_other_leave_the_order_partially_filled() -> None:
    with a_book() as book:
        request(book)
        open_leg = leg(900112, BUY_PUT, "buy_to_open")
        book.tell(orders(spread("open", leg(900111, SELL_PUT, "sell_to_open"), open_leg)))
        assert in_short(book) == ("new", "2", "0", [])
        book.tell(
            orders(
                spread("partially_filled", SOLD, open_leg, transaction_date="2026-05-04T14:00:06Z")
            )
        )
        assert in_short(book) == ("partially_filled", "2", "1", [])
        book.tell(orders(spread("filled", SOLD, BOUGHT, transaction_date="2026-05-04T14:00:07Z")))
        assert in_short(book) == ("filled", "2", "2", [])


def test_a_leg_that_was_booked_from_elsewhere_is_not_booked_again() -> None:
    with a_book() as book:
        request(book)
        elsewhere = {
            "venue_order_id": "900110",
            "fill_id": "statement-8",
            "instrument": SELL_PUT,
            "side": "sell",
        }
        book.tell(
            orders(
                spread(
                    "open",
                    leg(900111, SELL_PUT, "sell_to_open"),
                    leg(900112, BUY_PUT, "buy_to_open"),
                )
            )
        )
        book.record("fill", **elsewhere, quantity="1", price="2.6", at="2026-05-04T14:00:04Z")
        book.tell(orders(spread("filled", SOLD, BOUGHT)))
        assert [fill_id for fill_id, *_ in book.fills()] == ["statement-8", "900110:900112:1"]


def test_a_spread_that_waits_or_is_refused_keeps_the_quantity_it_was_requested_with() -> None:
    with a_book() as book:
        request(book)
        legs = leg(900111, SELL_PUT, "sell_to_open"), leg(900112, BUY_PUT, "buy_to_open")
        book.tell(orders(spread("pending", *legs)))
        assert in_short(book) == ("pending_new", "1", "0", [])
        book.tell(
            orders(spread("rejected", *legs, reason_description="Margin", transaction_date=LATER))
        )
        assert in_short(book) == ("rejected", "1", "0", [])


def test_a_spread_that_is_canceled_with_one_leg_filled_is_canceled() -> None:
    with a_book() as book:
        request(book)
        unfilled = leg(900112, BUY_PUT, "buy_to_open", status="canceled")
        book.tell(orders(spread("canceled", SOLD, unfilled)))
        assert in_short(book) == ("canceled", "2", "1", [])
        assert book.positions() == {SELL_PUT: "-1"}


def test_a_spread_read_twice_and_after_a_restart_says_nothing_new() -> None:
    with a_book() as book:
        request(book)
        filled = orders(spread("filled", SOLD, BOUGHT))
        first = book.tell(filled)
        assert set(first) == {"recorded"}
        assert book.tell(filled) == ["duplicate", "duplicate"]


def test_a_single_leg_may_come_as_an_object_and_none_as_nothing() -> None:
    with a_book() as book:
        book.tell(
            orders(spread("filled", SOLD)),
            orders(spread("filled", id=900120, leg="null", num_legs=2)),
        )
        assert in_short(book) == ("filled", "1", "1", ["unknown_order"])
        assert list(
            book.translate(orders(spread("filled", id=900120, leg=None, num_legs=2))).questions
        ) == ["900120"]
        assert book.order("900120")["is_open"] is True


def faults_of(*rows: dict[str, Any]) -> list[str]:
    with a_book() as book:
        return [fault.fault for fault in book.translate(orders(*rows)).faults]


@pytest.mark.parametrize("none", [None, "null", [], ""])
@pytest.mark.parametrize("status", ["filled", "partially_filled", "open", "pending"])
def test_an_order_that_has_legs_and_tells_none_says_that_they_are_missing(
    none: Any, status: str
) -> None:
    told = spread(status, id=900120, exec_quantity=1, leg=none)
    assert faults_of({**told, "num_legs": 2}) == [
        "leg is missing on multileg order 900120: none of 2 reported"
    ]
    assert faults_of({**told, "num_legs": None}) == [
        "leg is missing on multileg order 900120: none reported"
    ]
    assert faults_of({**told, "class": "otoco", "num_legs": 3}) == [
        "leg is missing on otoco order 900120: none of 3 reported"
    ]
    with a_book() as book:
        assert list(book.translate(orders(told)).questions) == ["900120"]


def test_an_order_that_tells_fewer_legs_than_it_has_says_how_many() -> None:
    assert faults_of(spread("filled", SOLD, num_legs=2)) == [
        "leg is missing on multileg order 900110: 1 of 2 reported"
    ]
    assert faults_of(spread("filled", SOLD, BOUGHT)) == []


@pytest.mark.parametrize("status", ["rejected", "canceled", "expired", "error"])
def test_of_an_order_that_ended_unfilled_no_legs_are_missed(status: str) -> None:
    assert faults_of(spread(status, leg=None, num_legs=2)) == []
    assert len(faults_of(spread(status, leg=None, num_legs=2, exec_quantity=1))) == 1


def test_the_legs_ids_are_names_of_the_order_and_their_events_questions_about_it() -> None:
    with a_book() as book:
        request(book)
        parted = event(
            id=900111, parent_id=900110, status="filled", exec_quantity=1, tag="left out"
        )
        assert (list(book.translate(parted).messages), list(book.translate(parted).questions)) == (
            [],
            ["900110"],
        )
        book.tell(
            orders(
                spread(
                    "open",
                    leg(900111, SELL_PUT, "sell_to_open"),
                    leg(900112, BUY_PUT, "buy_to_open"),
                )
            )
        )
        orphaned = event(id=900112, status="filled", exec_quantity=1, tag="left out")
        assert (
            list(book.translate(orphaned).messages),
            list(book.translate(orphaned).questions),
        ) == ([], ["900110"])
        assert book.order("900112")["client_order_id"] == "C-43-entry"


def test_an_event_about_a_spread_claims_no_numbers_for_it_counts_spreads() -> None:
    with a_book() as book:
        request(book)
        book.tell(orders(spread("filled", SOLD, BOUGHT)))
        said = event(
            id=900110,
            type="market",
            status="filled",
            exec_quantity=1,
            tag="left out",
            transaction_date=LATER,
        )
        book.tell(said, event(**{**said, "type": "credit"}))
        assert in_short(book) == ("filled", "2", "2", [])


def test_shares_and_an_option_in_one_order_are_two_legs() -> None:
    with a_book() as book:
        shares = leg(900121, None, "buy", 100, "500.2", quantity=100)
        call = leg(900122, "SPY260619C00510000", "sell_to_open", 1, "3.1")
        book.tell(orders(spread("filled", shares, call, **{"class": "combo"})))
        assert book.positions() == {"SPY": "100", "SPY260619C00510000": "-1"}
        assert in_short(book) == ("filled", "101", "101", ["unknown_order"])


def stage(second: str, *legs: dict[str, Any], kind: str, status: str) -> dict[str, Any]:
    moved = [{**one, "transaction_date": f"2026-05-04T14:00:{second}.000Z"} for one in legs]
    terms = {
        "class": kind,
        "symbol": None,
        "side": None,
        "quantity": 0,
        "price": None,
        "tag": "prop-43-ENTRY",
    }
    return orders(
        spread(status, *moved, **terms, transaction_date=f"2026-05-04T14:00:{second}.000Z")
    )


def share(leg_id: int, side: str, filled: int, status: str, price: str = "500") -> dict[str, Any]:
    return leg(leg_id, None, side, filled, price if filled else 0, quantity=10, status=status)


def test_of_an_entry_with_its_two_exits_the_one_that_fills_ends_the_order() -> None:
    with a_book() as book:
        request(book, instrument="SPY", side="buy", quantity="10")
        entry, profit, loss = (900111, "buy"), (900112, "sell"), (900113, "sell")
        waiting = share(*profit, 0, "held"), share(*loss, 0, "held")
        book.tell(stage("01", share(*entry, 0, "open"), *waiting, kind="otoco", status="open"))
        assert in_short(book) == ("new", "30", "0", [])
        live = share(*profit, 0, "open"), share(*loss, 0, "open")
        book.tell(stage("02", share(*entry, 10, "filled"), *live, kind="otoco", status="open"))
        assert in_short(book) == ("partially_filled", "30", "10", [])
        assert book.positions() == {"SPY": "10"}
        done = share(*profit, 10, "filled", "510"), share(*loss, 0, "canceled")
        book.tell(stage("03", share(*entry, 10, "filled"), *done, kind="otoco", status="filled"))
        assert in_short(book) == ("filled", "20", "20", [])
        (held,) = book.ledger.positions()
        assert (held["position_quantity"], held["realized_pnl"]) == (0, 100)
        assert book.ledger.history("900110", account=ACCOUNT)[-1]["text"] == (
            "900111 buy SPY: filled, 10 of 10; 900112 sell SPY: filled, 10 of 10; 900113 sell SPY: "
            "canceled, 0 of 10"
        )


def test_one_order_that_cancels_the_other_is_filled_by_either() -> None:
    with a_book() as book:
        request(book, instrument="SPY", side="sell", quantity="10")
        book.tell(
            stage(
                "01",
                share(900111, "sell", 4, "partially_filled"),
                share(900112, "sell", 0, "open"),
                kind="oco",
                status="open",
            )
        )
        assert in_short(book) == ("partially_filled", "20", "4", [])
        book.tell(
            stage(
                "02",
                share(900111, "sell", 10, "filled"),
                share(900112, "sell", 0, "canceled"),
                kind="oco",
                status="filled",
            )
        )
        assert in_short(book) == ("filled", "10", "10", [])


def test_a_group_that_is_canceled_is_canceled_with_what_had_filled() -> None:
    with a_book() as book:
        request(book, instrument="SPY", side="buy", quantity="10")
        legs = share(900111, "buy", 10, "filled"), share(900112, "sell", 0, "canceled")
        book.tell(stage("02", *legs, kind="oto", status="canceled"))
        assert in_short(book) == ("canceled", "20", "10", [])
        assert book.positions() == {"SPY": "10"}


def test_a_spread_inside_a_group_trades_by_its_own_legs() -> None:
    with a_book() as book:
        inner = leg(900115, None, "buy", 0, 0, **{"class": "multileg", "leg": [SOLD, BOUGHT]})
        book.tell(
            stage("05", share(900109, "buy", 10, "filled"), inner, kind="oto", status="filled")
        )
        assert book.positions() == {"SPY": "10", SELL_PUT: "-1", BUY_PUT: "1"}
