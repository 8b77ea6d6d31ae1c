"""What was known then, and what had happened by then, in every store."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from orderledger import AmbiguousOrder, Ledger, UnknownOrder, parse_document
from tests.core.contract.streams import MADE_AT, START, fill, parsed, report, request, story
from tests.typed import column


@pytest.mark.slow
def test_as_of_shows_what_was_known_then(ledger: Ledger) -> None:
    messages = parsed(*story())
    views = []
    for number, message in enumerate(messages[:80]):
        ledger.record(message)
        if number % 7 == 0:
            views.append(
                (
                    last_recorded_at(ledger),
                    ledger.orders(),
                    ledger.trades(include_busted=True),
                    ledger.pnl(),
                    ledger.anomalies(),
                )
            )
    for known_at, orders, trades, pnl, anomalies in views:
        assert ledger.orders(as_of=known_at) == orders
        assert ledger.trades(include_busted=True, as_of=known_at) == trades
        assert ledger.pnl(as_of=known_at) == pnl
        assert [row | {"cleared_at": None} for row in ledger.anomalies(as_of=known_at)] == [
            row | {"cleared_at": None} for row in anomalies
        ]


def test_as_of_a_position_tells_apart_what_was_recorded_at_one_time(ledger: Ledger) -> None:
    ledger.record_many(
        parsed(
            request("C-1"),
            report("acknowledged", "C-1", 1),
            fill("C-1", "F-1", 2),
            fill("C-1", "F-2", 3),
        )
    )
    assert len({event["recorded_at"] for event in ledger.events()}) == 1
    assert [len(ledger.trades(as_of=position)) for position in range(5)] == [0, 0, 0, 1, 2]
    assert [len(ledger.history("C-1", as_of=position)) for position in (1, 3)] == [1, 3]


def test_numbers_have_the_digits_of_today_as_of_any_time(ledger: Ledger) -> None:
    me, of_instrument = (
        {"account": "sim:main", "at": "2026-11-20T09:00:00Z"},
        {"instrument": "BTC-USD"},
    )
    told = [
        request("C-1", quantity="1e3", limit_price="64000.10"),
        fill("C-1", "F-1", quantity="1E+2", price="0.0000010", fee="-0.0"),
    ]
    told += [{**me, **of_instrument, "type": "mark", "price": "1e2"}]
    told += [{**me, **of_instrument, "type": "funding", "amount": "-1.10", "currency": "USD"}]
    told += [{**me, "instrument": "ETH-USD", "type": "adjust", "quantity": "-1e1", "price": "0"}]
    ledger.record_many(parsed(*told))
    late, known_at = MADE_AT + timedelta(days=365), last_recorded_at(ledger)
    for ask in (
        ledger.orders,
        ledger.trades,
        ledger.positions,
        ledger.pnl,
        ledger.instruments,
        ledger.log.account_events,
    ):
        assert repr(ask(as_of=known_at)) == repr(ask(effective_at=late)) == repr(ask())
    assert [
        str(ledger.order("C-1", as_of=known_at)[name]) for name in ("quantity", "limit_price")
    ] == [
        "1000",
        "64000.1",
    ]


NAMES = ("client_order_id", "venue_order_id", "replacement_client_order_id", "request_id")


@pytest.mark.slow
def test_as_of_an_order_is_found_by_the_names_that_were_known_then(ledger: Ledger) -> None:
    """One that is unknown at first and turns out to be ours among them, and names of several kinds
    and accounts."""
    unknown: dict[str, Any] = {
        "venue_order_id": "V-U",
        "aliases": {"index": "81"},
        "instrument": "BTC-USD",
        "side": "buy",
    }
    told = [
        fill(None, "F-U", 1, **unknown),
        fill("X-U", "F-X", 1, venue_order_id="V-X"),
        request("U-1", 2),
    ]
    told += [
        report("request_cancel", "U-1", 3, request_id="R-U"),
        report("acknowledged", "U-1", 4, venue_order_id="V-U"),
    ]
    told += [
        report(
            "replaced",
            "X-U",
            5,
            quantity="9",
            venue_order_id="V-U",
            replacement_client_order_id="U-2",
        )
    ]
    told += [
        report("submit", "U-1", 6, aliases={"other": "V-X"}),
        fill(None, "F-O", 7, account="o", venue_order_id="81"),
    ]
    documents = [*told, *story()]
    aliases = {value for document in documents for value in document.get("aliases", {}).values()}
    names = aliases | {
        document[field] for document in documents for field in NAMES if document.get(field)
    }

    def found(**moment: datetime) -> dict[str, object]:
        return {name: answer(ledger, name, **moment) for name in sorted(names)}

    known = []
    for number, message in enumerate(parsed(*documents[:40])):
        ledger.record(message)
        if number < len(told) or number % 10 == 9:
            known.append((last_recorded_at(ledger), found()))
    for known_at, answers in known:
        assert found(as_of=known_at) == answers
    assert found(effective_at=MADE_AT + timedelta(days=1)) == found()


def answer(ledger: Ledger, name: str, **moment: Any) -> object:
    try:
        return ledger.order(name, **moment)
    except (UnknownOrder, AmbiguousOrder) as error:
        return str(error)


def last_recorded_at(ledger: Ledger) -> datetime:
    moments: list[datetime] = [event["recorded_at"] for event in ledger.events()]
    return moments[-1]


def test_a_new_name_may_come_with_the_report_that_shows_whose_it_is(ledger: Ledger) -> None:
    ledger.record_many(parsed(request("C-1")))
    replaced = {"quantity": "9", "venue_order_id": "V-1", "replacement_client_order_id": "C-1"}
    assert (
        ledger.record(parse_document(report("replaced", "X", 1, **replaced))).outcome == "recorded"
    )
    assert ledger.record(parse_document(fill(None, "F-1", venue_order_id="V-1"))).anomalies == ()
    assert [
        (row["client_order_id"], row["quantity"], row["cum_quantity"]) for row in ledger.orders()
    ] == [("C-1", 9, 1)]


def test_one_commit_may_name_an_unknown_order_and_show_whose_it_is(ledger: Ledger) -> None:
    told = [fill(None, "F-1", venue_order_id="V-1", aliases={"index": "7"}), request("C-1", 0)]
    ledger.record_many(parsed(*told, report("acknowledged", "C-1", 2, venue_order_id="V-1")))
    assert len({event["recorded_at"] for event in ledger.events()}) == 1
    assert [
        (row["client_order_id"], row["aliases"], row["cum_quantity"]) for row in ledger.orders()
    ] == [("C-1", {"index": "7"}, 1)]


def test_one_commit_may_request_an_order_and_show_whose_it_is_as_well(ledger: Ledger) -> None:
    replaced = {"quantity": "9", "venue_order_id": "V-1", "replacement_client_order_id": "C-1"}
    ledger.record_many(parsed(request("C-1"), report("replaced", "X", 1, **replaced)))
    assert len({event["recorded_at"] for event in ledger.events()}) == 1
    assert [(row["client_order_id"], row["quantity"]) for row in ledger.orders()] == [("C-1", 9)]


def test_effective_at_shows_what_had_happened_by_then(ledger: Ledger) -> None:
    ledger.record_many(
        parsed(
            request("C-1", 0),
            report("canceled", "C-1", 5),
            fill("C-1", "F-2", 6, quantity="3"),
            fill("C-1", "F-1", 2),
        )
    )
    seen = []
    for second in (1, 3, 5, 6):
        at = START + timedelta(seconds=second)
        order = ledger.order("C-1", effective_at=at)
        position = sum(column(ledger.pnl(effective_at=at), "position_quantity"))
        seen.append(
            (order["status"], order["cum_quantity"], len(ledger.trades(effective_at=at)), position)
        )
        assert len(ledger.history("C-1", effective_at=at)) >= 1
    assert seen == [
        ("pending_new", 0, 0, 0),
        ("partially_filled", 1, 1, 1),
        ("canceled", 1, 1, 1),
        ("canceled", 4, 2, 4),
    ]
    assert ledger.orders(effective_at=START - timedelta(seconds=1)) == []


def test_effective_at_shows_the_names_that_had_appeared_and_finds_an_order_by_any_name_known_now(
    ledger: Ledger,
) -> None:
    """A fill and a replace under names that are tied to the order only later, by the venue's time
    and by the log."""
    ledger.record_many(
        parsed(
            request("C-1", 0, aliases={"index": "81"}),
            fill(None, "F-1", 2, venue_order_id="V-1"),
            report("request_replace", "C-1", 3, quantity="9", replacement_client_order_id="C-1b"),
            report(
                "replaced",
                "C-1",
                4,
                quantity="9",
                replacement_client_order_id="C-1b",
                venue_order_id="V-2",
            ),
            report("acknowledged", "C-1", 5, venue_order_id="V-1", aliases={"other": "7"}),
        )
    )
    shown = []
    for second in (1, 2, 3, 4, 5):
        at = START + timedelta(seconds=second)
        order = ledger.order("C-1", effective_at=at)
        assert all(
            ledger.order(name, effective_at=at) == order
            for name in ("81", "V-1", "V-2", "C-1b", "7")
        )
        assert [row["client_order_id"] for row in ledger.trades(effective_at=at)] == ["C-1"] * (
            second >= 2
        )
        shown.append(
            (
                order["cum_quantity"],
                order["venue_order_ids"],
                order["working_client_order_id"],
                sorted(order["aliases"]),
            )
        )
    assert shown == [
        (0, [], "C-1", ["index"]),
        (1, ["V-1"], "C-1", ["index"]),
        (1, ["V-1"], "C-1", ["index"]),
        (1, ["V-1", "V-2"], "C-1b", ["index"]),
        (1, ["V-1", "V-2"], "C-1b", ["index", "other"]),
    ]


def test_effective_at_keeps_an_order_that_was_taken_for_another_before_it_was_requested(
    ledger: Ledger,
) -> None:
    ledger.record_many(
        parsed(
            report("acknowledged", "C-1", 1, venue_order_id="V"),
            fill("C-1", "F-1", 2),
            report("acknowledged", "C-2", 3, aliases={"index": "81"}),
            report("suspended", "C-2", 4, venue_order_id="V"),  # so C-1 is C-2
            request("C-1", 6),  # no: C-2 is C-1
        )
    )
    seen = []
    for second in (1, 2, 5, 6):
        at = START + timedelta(seconds=second)
        orders = [
            (row["client_order_id"], row["origin"], row["cum_quantity"])
            for row in ledger.orders(effective_at=at)
        ]
        trades = [row["client_order_id"] for row in ledger.trades(effective_at=at)]
        seen.append((orders, trades, sum(column(ledger.pnl(effective_at=at), "position_quantity"))))
        assert ledger.order("81", effective_at=at)["client_order_id"] == "C-1"
    assert seen == [
        ([("C-1", "external", 0)], [], 0),
        ([("C-1", "external", 1)], ["C-1"], 1),
        ([("C-1", "external", 1)], ["C-1"], 1),
        ([("C-1", "own", 1)], ["C-1"], 1),
    ]


@pytest.mark.slow
def test_the_present_is_the_same_from_the_log_and_from_the_views(ledger: Ledger) -> None:
    ledger.record_many(parsed(*story()))
    later, known_at = MADE_AT + timedelta(days=1), last_recorded_at(ledger)
    for view in ("orders", "trades", "positions", "pnl", "anomalies", "proposals"):
        ask = getattr(ledger, view)
        assert (
            ask(as_of=known_at)
            == ask()
            == ask(effective_at=later)
            == ask(as_of=known_at, effective_at=later)
        ), view


def test_what_was_odd_about_an_order_is_so_again_when_it_turns_out_to_be_no_other(
    ledger: Ledger,
) -> None:
    def tell(*documents: dict[str, Any]) -> list[tuple[str | None, str]]:
        for message in parsed(*documents):
            ledger.record(message)
        anomalies = ledger.anomalies()
        assert ledger.anomalies(effective_at=MADE_AT + timedelta(days=1)) == anomalies
        return [
            (row["client_order_id"], row["code"]) for row in anomalies if row["cleared_at"] is None
        ]

    index = {"index": "81"}
    of_venue = {"client_order_id": None, "venue_order_id": "V"}
    unknown, late = ("C-1", "unknown_order"), ("C-1", "late_report")
    assert tell(report("expired", "C-1", 56, aliases=index), report("triggered", "C-1", 38)) == [
        unknown,
        late,
    ]
    told = tell(
        {**report("acknowledged", "", 31), **of_venue},
        {**report("suspended", "", 39, aliases=index), **of_venue},
    )
    assert told == [(None, "unknown_order"), late]  # C-1 is taken for the venue's order
    assert tell(request("C-1", 14, aliases=index)) == [
        late,
        late,
        late,
    ]  # no: the venue's order is C-1
    assert ledger.views.rebuild().is_equal


def test_a_busted_trade_shows_the_venues_id_of_its_order_whenever_that_becomes_known(
    ledger: Ledger,
) -> None:
    ledger.record_many(
        parsed(
            request("C-1"), fill("C-1", "F-1", 2), report("fill_busted", "C-1", 3, fill_id="F-1")
        )
    )
    assert [row["venue_order_id"] for row in ledger.trades(include_busted=True)] == [None]
    ledger.record_many(parsed(report("acknowledged", "C-1", 1, venue_order_id="V")))
    trades = ledger.trades(include_busted=True)
    assert [row["venue_order_id"] for row in trades] == ["V"]
    assert ledger.trades(include_busted=True, effective_at=MADE_AT + timedelta(days=1)) == trades
    assert ledger.views.check().differences == ()
