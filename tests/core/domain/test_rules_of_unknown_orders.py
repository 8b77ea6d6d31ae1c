"""Rules 2.9 and 2.12 of the contract, where several orders and their names matter: on the ledger
itself."""

from collections.abc import Iterator
from itertools import permutations

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from orderledger.projections.view import Row
from tests.core.domain.telling import told, words
from tests.scenarios import Document, at, correct_fill, fill, message, readable, request

UNKNOWN: Document = {
    "client_order_id": None,
    "venue_order_id": "V-1",
    "instrument": "BTC-USD",
    "side": "buy",
}
ALIASED: Document = {
    "client_order_id": None,
    "aliases": {"sim.index": "081"},
    "instrument": "BTC-USD",
    "side": "buy",
}


def opened() -> Ledger:
    return Ledger.open("memory://", clock=SteppingClock(at(1000)), update_views=False)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with opened() as ledger:
        yield ledger


def rows(ledger: Ledger, *names: str) -> list[tuple[object, ...]]:
    return [tuple(readable(row)[name] for name in names) for row in ledger.orders()]


def shown(ledger: Ledger) -> tuple[list[Row], list[Row], list[list[Row]]]:
    """What must not depend on the order in which reports arrived."""
    orders = [
        {name: value for name, value in readable(row).items() if name != "version"}
        for row in ledger.orders()
    ]
    kept = (
        "client_order_id",
        "fill_id",
        "side",
        "quantity",
        "price",
        "fee",
        "at",
        "strategy",
        "state",
        "venue_order_id",
    )
    trades = [
        {name: readable(row)[name] for name in kept} for row in ledger.trades(include_busted=True)
    ]
    return (
        orders,
        sorted(trades, key=lambda trade: (trade["at"], trade["fill_id"])),
        [ledger.pnl(method="average"), ledger.pnl(method="fifo"), ledger.pnl(method="lifo")],
    )


def test_a_fill_of_an_order_we_do_not_know_counts_at_once(ledger: Ledger) -> None:
    assert words(ledger, fill("F-1", "4", **UNKNOWN)) == [("recorded", "unknown_order")]
    assert rows(
        ledger, "origin", "client_order_id", "venue_order_id", "status", "cum_quantity", "quantity"
    ) == [("external", None, "V-1", "partially_filled", "4", None)]
    assert readable(ledger.pnl()[0])["position_quantity"] == "4"


@pytest.mark.parametrize(
    "mapping",
    [
        message("acknowledged", venue_order_id="V-1", at=at(2)),
        message("submit", aliases={"sim.index": "081"}, at=at(2)),
        message("status_observed", status="new", venue_order_id="V-1", at=at(2)),
    ],
    ids=lambda mapping: str(mapping["type"]),
)
def test_its_reports_are_attributed_once_when_the_order_becomes_known(
    ledger: Ledger, mapping: Document
) -> None:
    fills = (
        fill("F-1", "4", **UNKNOWN, aliases={"sim.index": "081"}, at=at(3)),
        fill("F-2", "1", **UNKNOWN, at=at(4)),
    )
    told(ledger, *fills, request(at=at(1), strategy="grid"))
    assert words(ledger, mapping)[0][0] == "recorded"
    assert rows(
        ledger, "origin", "client_order_id", "status", "cum_quantity", "strategy", "anomalies"
    ) == [("own", "C-1", "partially_filled", "5", "grid", [])]
    assert [
        (row["fill_id"], row["client_order_id"], row["strategy"]) for row in ledger.trades()
    ] == [
        ("F-1", "C-1", "grid"),
        ("F-2", "C-1", "grid"),
    ]
    assert words(ledger, *fills) == [("duplicate",), ("duplicate",)]
    assert readable(ledger.pnl()[0])["position_quantity"] == "5"


def test_attributed_fills_count_once_whatever_time_is_asked_about(ledger: Ledger) -> None:
    told(
        ledger,
        request(at=at(1)),
        fill("F-1", "4", **UNKNOWN, at=at(3)),
        message("acknowledged", venue_order_id="V-1", at=at(5)),
    )
    for second in (3, 4, 5, 6):
        orders = [
            (row["client_order_id"], str(row["cum_quantity"]))
            for row in ledger.orders(effective_at=at(second))
        ]
        assert orders == [("C-1", "4")]
        assert [row["client_order_id"] for row in ledger.trades(effective_at=at(second))] == ["C-1"]
        assert [str(row["position_quantity"]) for row in ledger.pnl(effective_at=at(second))] == [
            "4"
        ]
    assert [row["cum_quantity"] for row in ledger.orders(effective_at=at(2))] == [0]


def test_an_alias_stored_before_sending_finds_the_order(ledger: Ledger) -> None:
    told(ledger, request(), message("submit", aliases={"sim.index": "081"}))
    assert words(ledger, fill("F-1", "4", **ALIASED)) == [("recorded",)]
    assert rows(ledger, "client_order_id", "cum_quantity") == [("C-1", "4")]


def test_the_name_of_an_alias_may_hold_what_parts_it_from_its_value(ledger: Ledger) -> None:
    told(ledger, request(), message("submit", aliases={"a=b": "c"}))
    told(
        ledger,
        request(client_order_id="C-2"),
        message("submit", client_order_id="C-2", aliases={"a": "b=c"}),
    )
    told(ledger, fill("F-1", "4", client_order_id=None, aliases={"a": "b=c"}))
    assert [ledger.order(name)["cum_quantity"] for name in ("C-1", "C-2")] == [0, 4]


def test_an_order_that_bears_an_alias_may_bear_an_id_that_reads_like_it(ledger: Ledger) -> None:
    told(ledger, request(), message("submit", aliases={"sim.index": "7"}))
    told(ledger, message("replaced", quantity="9", replacement_client_order_id="sim.index=7"))
    assert words(ledger, fill("F-1", "4", client_order_id="sim.index=7")) == [("recorded",)]
    assert rows(ledger, "client_order_id", "working_client_order_id", "cum_quantity") == [
        ("C-1", "sim.index=7", "4")
    ]


def test_an_alias_is_another_when_it_is_written_otherwise(ledger: Ledger) -> None:
    told(ledger, request(), message("submit", aliases={"sim.index": "81"}))
    assert words(ledger, fill("F-1", "4", **ALIASED)) == [("recorded", "unknown_order")]


def test_an_order_known_by_our_id_alone_is_ours_once_it_is_requested(ledger: Ledger) -> None:
    assert words(
        ledger, fill("F-1", "4", instrument="BTC-USD", side="buy", at=at(5)), request(at=at(1))
    ) == [
        ("recorded", "unknown_order"),
        ("recorded",),
    ]
    assert rows(ledger, "origin", "cum_quantity", "leaves_quantity", "anomalies") == [
        ("own", "4", "6", [])
    ]


def test_a_bust_of_an_unknown_order_comes_along_when_it_becomes_known(ledger: Ledger) -> None:
    told(
        ledger,
        fill("F-1", "4", **UNKNOWN, at=at(3)),
        message("fill_busted", fill_id="F-1", **UNKNOWN, at=at(4)),
    )
    told(ledger, request(at=at(1)), message("acknowledged", venue_order_id="V-1", at=at(2)))
    assert rows(ledger, "client_order_id", "status", "cum_quantity") == [("C-1", "new", "0")]
    assert ledger.trades() == []


def test_a_cancel_request_of_an_order_that_was_not_known_stays_recorded_when_it_is(
    ledger: Ledger,
) -> None:
    """The order is filled by then: such a request would be refused, and none is outstanding."""
    told(ledger, fill("F-1", "10", **UNKNOWN), fill("F-1", "10", venue_order_id="V-1"))
    cancel = message("request_cancel", at=at(5))
    assert words(ledger, cancel, request(), cancel) == [
        ("recorded",),
        ("recorded",),
        ("duplicate",),
    ]
    assert rows(ledger, "client_order_id", "status", "pending") == [("C-1", "filled", None)]


@pytest.mark.slow
def test_any_interleaving_of_mapping_and_reports_ends_in_the_same_order_and_the_same_pnl() -> None:
    reports = (
        message("acknowledged", venue_order_id="V-1", at=at(2)),
        fill("F-1", "4", "100", **UNKNOWN, at=at(3)),
        fill("F-2", "2", "101", venue_order_id="V-1", at=at(4)),
        correct_fill("F-3", "F-1", "3", "99", **UNKNOWN, at=at(5)),
        message("canceled", **UNKNOWN, at=at(6)),
    )
    views = []
    for shuffled in permutations(reports):
        with opened() as ledger:
            told(ledger, request(at=at(1)), *shuffled)
            views.append(shown(ledger))
    assert all(view == views[0] for view in views)
    assert [(row["status"], row["cum_quantity"]) for row in views[0][0]] == [("canceled", "5")]


def test_a_report_may_give_any_id_the_order_has_borne(ledger: Ledger) -> None:
    told(ledger, request(), message("submit"), message("acknowledged", venue_order_id="V-1"))
    told(ledger, message("request_replace", quantity="8", replacement_client_order_id="C-1b"))
    told(ledger, message("request_cancel", request_id="R-1"))
    by: list[Document] = [
        {"client_order_id": "C-1"},
        {"client_order_id": "C-1b"},
        {"client_order_id": "R-1"},
    ]
    by.append({"client_order_id": None, "venue_order_id": "V-1"})
    assert (
        words(ledger, *(fill(f"F-{number}", "1", **names) for number, names in enumerate(by)))
        == [("recorded",)] * 4
    )
    assert rows(ledger, "client_order_id", "cum_quantity") == [("C-1", "4")]


def test_reports_under_a_cancel_requests_id_that_came_before_it_are_the_orders(
    ledger: Ledger,
) -> None:
    """FIX matrix J.1.b: a bust and a new execution after the cancel, under the id of the
    request."""
    told(ledger, request(at=at(1)), fill("F-1", "5", at=at(3)))
    told(ledger, message("fill_busted", client_order_id="R-1", fill_id="F-1", at=at(6)))
    told(
        ledger, fill("F-2", "4", client_order_id="R-1", instrument="BTC-USD", side="buy", at=at(7))
    )
    told(ledger, message("request_cancel", request_id="R-1", at=at(4)))
    told(ledger, fill("F-3", "1", client_order_id="R-1", at=at(8)))
    assert rows(ledger, "client_order_id", "origin", "cum_quantity") == [("C-1", "own", "5")]
    assert [readable(row)["position_quantity"] for row in ledger.pnl()] == ["5"]


def test_the_same_ids_in_another_account_are_another_order(ledger: Ledger) -> None:
    other = {"account": "sim:other"}
    assert (
        words(ledger, request(), request(quantity="3", **other), fill("F-1", "3", **other))
        == [("recorded",)] * 3
    )
    assert rows(ledger, "account", "cum_quantity") == [("sim:main", "0"), ("sim:other", "3")]


def test_a_request_may_not_take_the_id_of_anothers_replacement(ledger: Ledger) -> None:
    told(
        ledger,
        request(),
        message("request_replace", quantity="8", replacement_client_order_id="C-2"),
    )
    assert words(ledger, request(client_order_id="C-2")) == [
        ("refused", "duplicate_client_order_id")
    ]


def test_a_replacement_may_not_take_the_id_of_another_order(ledger: Ledger) -> None:
    told(ledger, request(), request(client_order_id="C-2"), request(client_order_id="C-3"))
    told(
        ledger,
        message(
            "request_replace",
            client_order_id="C-2",
            quantity="8",
            replacement_client_order_id="C-2b",
        ),
    )
    for taken in ("C-2", "C-2b"):
        replace = message("request_replace", quantity="8", replacement_client_order_id=taken)
        assert words(ledger, replace) == [("refused", "duplicate_client_order_id")]
    own = message("request_replace", quantity="8", replacement_client_order_id="C-1")
    assert words(ledger, own, message("acknowledged", client_order_id="C-2b")) == [
        ("recorded",),
        ("recorded",),
    ]
    assert rows(ledger, "client_order_id", "status") == [
        ("C-1", "pending_new"),
        ("C-2", "new"),
        ("C-3", "pending_new"),
    ]


def test_a_replacement_under_which_the_venue_has_spoken_already_is_this_order(
    ledger: Ledger,
) -> None:
    told(ledger, request(), fill("F-1", "1", client_order_id="C-1b"))
    replace = message("request_replace", quantity="8", replacement_client_order_id="C-1b")
    assert words(ledger, replace) == [("recorded",)]
    assert rows(ledger, "client_order_id", "cum_quantity") == [("C-1", "1")]


def test_a_venue_id_that_is_another_orders_already_is_said_to_be_reused(ledger: Ledger) -> None:
    told(
        ledger,
        request(),
        message("acknowledged", venue_order_id="V-1"),
        request(client_order_id="C-2"),
    )
    assert words(ledger, message("acknowledged", client_order_id="C-2", venue_order_id="V-1")) == [
        ("recorded", "venue_order_id_reused")
    ]
    assert rows(ledger, "client_order_id", "status") == [("C-1", "new"), ("C-2", "new")]


def test_a_file_recorded_again_gives_a_duplicate_for_every_line_and_changes_nothing(
    ledger: Ledger,
) -> None:
    account = {"client_order_id": None, "instrument": "BTC-USD"}
    proposal = {"client_order_id": None, "proposal_id": "P-1"}
    terms = {
        "instrument": "BTC-USD",
        "side": "buy",
        "quantity": "1",
        "order_type": "market",
        "strategy": "grid",
    }
    file = [
        message("instrument", **account, currency="USD"),
        message("propose", **proposal, **terms, kind="entry"),
        message("approve", **proposal),
        fill("F-0", "1", **{**UNKNOWN, "venue_order_id": "V-9"}),
        fill("F-1", "4", **UNKNOWN),
        request(links={"proposal_id": "P-1"}),
        message("submit"),
        message("acknowledged", venue_order_id="V-1"),
        message("request_replace", quantity="12", request_id="R-1"),
        message("replaced", quantity="12", venue_order_id="V-2"),
        fill("F-2", "9", venue_order_id="V-2"),
        fill("F-2", "8", venue_order_id="V-2"),
        message("fill_busted", fill_id="F-1"),
        message("status_observed", status="odd", reported={"cum_quantity": "1"}),
        message("absent"),
        message("request_cancel"),
        message("unresolved", reason="timeout"),
        message("canceled"),
        message("gap", client_order_id=None, **{"from": at(1), "to": at(2)}),
        message("mark", **account, price="100"),
        message("funding", **account, amount="1", currency="USD"),
        message("adjust", **account, quantity="5", price="100"),
        message("balance", **account, quantity="5"),
    ]
    assert {outcome.outcome for outcome in told(ledger, *file)} == {"recorded"}
    log, views = list(ledger.events()), shown(ledger)
    assert [outcome.outcome for outcome in told(ledger, *file)] == ["duplicate"] * len(file)
    assert (list(ledger.events()), shown(ledger)) == (log, views)


@pytest.mark.parametrize("late", [0, 1, 2, 3], ids=["ack", "first fill", "replaced", "second fill"])
def test_a_fill_that_names_no_venue_order_stands_under_the_id_that_the_order_had_then(
    ledger: Ledger, late: int
) -> None:
    reports = [
        message("acknowledged", venue_order_id="V-1", at=at(3)),
        fill("F-1", "2", at=at(4)),
        message("replaced", quantity="8", venue_order_id="V-2", at=at(5)),
        fill("F-2", "1", at=at(6)),
    ]
    told(ledger, request(at=at(1)), *reports[:late], *reports[late + 1 :], reports[late])
    assert [(row["fill_id"], row["venue_order_id"]) for row in ledger.trades()] == [
        ("F-1", "V-1"),
        ("F-2", "V-2"),
    ]
    assert ledger.views.check().differences == ()


def test_a_fill_keeps_its_place_in_the_log_when_it_is_attributed(ledger: Ledger) -> None:
    """Two fills of one time: which lot they close must not depend on when the venue's id became
    known."""
    other = {"client_order_id": "C-2", "at": at(3)}
    told(
        ledger,
        fill("F-1", "4", "100", **UNKNOWN, at=at(3)),
        request(client_order_id="C-2", at=at(1)),
        fill("F-2", "4", "110", **other),
    )
    before = [
        (trade["fill_id"], trade["position"], trade["recorded_at"]) for trade in ledger.trades()
    ]
    told(ledger, request(at=at(1)), message("acknowledged", venue_order_id="V-1", at=at(2)))
    assert [
        (trade["fill_id"], trade["position"], trade["recorded_at"]) for trade in ledger.trades()
    ] == before
    sold = {"client_order_id": "C-3", "venue_order_id": "V-3"}
    told(ledger, fill("F-3", "4", "120", **sold, instrument="BTC-USD", side="sell", at=at(5)))
    assert [readable(row)["realized_pnl"] for row in ledger.pnl(method="fifo")] == ["80"]


def test_a_venue_order_id_that_two_of_our_orders_claim_is_flagged_on_both(ledger: Ledger) -> None:
    told(
        ledger,
        request(),
        request(client_order_id="C-2"),
        message("acknowledged", venue_order_id="V-1"),
    )
    again = message("acknowledged", client_order_id="C-2", venue_order_id="V-1")
    assert words(ledger, again) == [("recorded", "venue_order_id_reused")]
    assert rows(ledger, "client_order_id", "anomalies") == [
        ("C-1", ["venue_order_id_reused"]),
        ("C-2", ["venue_order_id_reused"]),
    ]
