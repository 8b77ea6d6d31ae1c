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


LEGS = [
    {"instrument": SELL_PUT, "side": "sell", "ratio": 1},
    {"instrument": BUY_PUT, "side": "buy", "ratio": 2},
]


def combination(book: Book, **terms: Any) -> None:
    request(book, **{"side": "buy", "quantity": "3", "limit_price": "-1.05", "legs": LEGS, **terms})


def ratio_spread(status: str, sold: int, bought: int, **terms: Any) -> dict[str, Any]:
    units = min(sold, bought // 2)
    legs = (
        leg(900111, SELL_PUT, "sell_to_open", sold, "2.6", quantity=3),
        leg(900112, BUY_PUT, "buy_to_open", bought, "0.7", quantity=6),
    )
    return spread(status, *legs, quantity=3, exec_quantity=units, **terms)


def test_a_combination_that_we_requested_is_counted_in_units_and_its_fills_name_their_legs() -> (
    None
):
    with a_book() as book:
        combination(book)
        book.tell(orders(ratio_spread("open", 0, 0)))
        assert in_short(book) == ("new", "3", "0", [])
        book.tell(orders(ratio_spread("partially_filled", 2, 3)))
        assert in_short(book) == ("partially_filled", "3", "1", [])
        assert [(row["leg"], row["instrument"]) for row in book.ledger.trades()] == [
            (0, SELL_PUT),
            (1, BUY_PUT),
        ]
        left = {
            (one["instrument"], str(one["position_quantity"])) for one in book.ledger.positions()
        }
        assert left == {(SELL_PUT, "-2"), (BUY_PUT, "3")}
        book.tell(orders(ratio_spread("filled", 3, 6, transaction_date=LATER)))
        assert in_short(book) == ("filled", "3", "3", [])
        assert book.order("900110")["average_price"] == Decimal("-1.2")


def test_a_sold_combination_trades_each_leg_on_its_other_side() -> None:
    with a_book() as book:
        turned = [{**one, "side": {"buy": "sell", "sell": "buy"}[str(one["side"])]} for one in LEGS]
        combination(book, side="sell", limit_price="1.05", legs=turned)
        book.tell(orders(ratio_spread("filled", 3, 6)))
        assert in_short(book) == ("filled", "3", "3", [])
        assert [row["leg"] for row in book.ledger.trades()] == [0, 1]


def test_a_new_net_price_replaces_that_of_the_combination() -> None:
    with a_book() as book:
        combination(book)
        book.tell(orders(ratio_spread("open", 0, 0)))
        book.record(
            "request_replace",
            client_order_id="C-43-entry",
            limit_price="-1.2",
            request_id="R-1",
            at="2026-05-04T14:00:06Z",
        )
        changed = {"price": "1.2", "transaction_date": LATER}
        book.tell(orders(ratio_spread("open", 0, 0, **changed)))
        order = book.order("900110")
        assert (str(order["limit_price"]), order["pending"], order["anomalies"]) == (
            "-1.2",
            None,
            [],
        )


def test_the_legs_of_a_group_that_we_requested_one_by_one_are_orders_of_their_own() -> None:
    with a_book() as book:
        for name, side in (("profit", "sell"), ("loss", "sell")):
            links = {"group": "G-1", "kind": "oco"}
            terms = {"instrument": "SPY", "side": side, "quantity": "10", "order_type": "limit"}
            book.request(
                client_order_id=f"C-{name}",
                tag=f"own-{name}",
                links=links,
                limit_price="510",
                **terms,
            )
        profit = {**share(900112, "sell", 10, "filled", "510"), "tag": "own-profit"}
        loss = {**share(900113, "sell", 0, "canceled"), "tag": "own-loss"}
        book.tell(stage("03", profit, loss, kind="oco", status="filled"))
        found = [book.order(name) for name in ("900112", "900113")]
        assert [(one["client_order_id"], one["status"]) for one in found] == [
            ("C-profit", "filled"),
            ("C-loss", "canceled"),
        ]
        assert book.positions() == {"SPY": "-10"}
