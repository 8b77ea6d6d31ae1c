"""Metrics: what a scrape says, that it never fails, and that it stays small."""

import sqlite3
import time
from collections.abc import Iterator
from datetime import timedelta
from math import inf
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.serve.figures import FIGURES, PREFIX
from orderledger.serve.metrics import LedgerMetrics, MetricsSettings, metrics_text
from tests.command_line import run
from tests.core.contract.streams import (
    START,
    fill,
    moment,
    of_account,
    opened,
    parsed,
    report,
    request,
)
from tests.core.contract.test_exposure import day
from tests.serve.alerts.desk import Desk

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def values(text: bytes) -> Values:
    return {
        (sample.name.removeprefix(PREFIX), tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


class Scrape:
    """The metrics of a ledger, by name and labels."""

    def __init__(self, ledger: Ledger, **settings: Any) -> None:
        self.metrics = LedgerMetrics(
            ledger,
            MetricsSettings(**{"reading_seconds": 0, **settings}),
            clock=SteppingClock(START + timedelta(minutes=1), timedelta()),
        )

    def __call__(self, name: str, *labels: str) -> float | None:
        return self.metrics.samples().values.get(name, {}).get(labels)

    def labels(self, name: str) -> list[tuple[str, ...]]:
        return sorted(self.metrics.samples().values.get(name, {}))


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    with opened(store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*day()))
        ledger.views.catch_up()
        yield ledger


def test_positions_are_those_of_the_exposure_view(ledger: Ledger) -> None:
    scrape = Scrape(ledger)
    for row in ledger.exposure():
        labels = (row["account"], row["instrument"], row["position_side"])
        assert row["position_quantity"] is not None
        assert scrape("position_quantity", *labels) == float(row["position_quantity"])
        for end in ("least", "most"):
            exact = row[f"position_quantity_{end}"]  # type: ignore[literal-required]
            unbounded = inf if end == "most" else -inf
            assert scrape(f"position_quantity_{end}", *labels) == (
                unbounded if exact is None else float(exact)
            )
        if row["notional"] is not None and row["currency"]:
            assert scrape("position_notional", *labels, "USD") == float(row["notional"])
            assert scrape("position_notional_most", *labels, "USD") == float(
                row["notional_most"] or 0
            )
    assert scrape("position_quantity_most", "sim:main", "BTC-USD", "net") == 8
    assert scrape("net_pnl", "sim:main", "BTC-USD", "net", "USD") == -1


def test_an_order_that_a_gateway_holds_is_not_at_the_venue_and_cannot_fill(ledger: Ledger) -> None:
    scrape = Scrape(ledger)
    held: dict[str, Any] = {"side": "sell", "quantity": "50", "tags": {"gateway.held": "parent"}}
    legs = [
        {"instrument": "BTC-USD", "side": "buy", "ratio": 1},
        {"instrument": "ETH-USD", "side": "sell", "ratio": 1},
    ]
    ledger.record_many(
        parsed(
            request("CHILD", 20, **held),
            request("SPREAD", 20, **held | {"instrument": "BTC-ETH", "legs": legs}),
        )
    )
    ledger.views.catch_up()
    assert (scrape("open_orders", "sim:main"), scrape("held_orders", "sim:main")) == (5, 2)
    assert scrape("in_flight_orders", "sim:main") == 1
    test_positions_are_those_of_the_exposure_view(ledger)
    ledger.record_many(parsed(report("submit", "CHILD", 21)))
    ledger.views.catch_up()
    assert scrape("position_quantity_least", "sim:main", "BTC-USD", "net") == -52
    assert (scrape("open_orders", "sim:main"), scrape("held_orders", "sim:main")) == (6, 1)
    assert scrape("in_flight_orders", "sim:main") == 2


def test_orders_are_counted_by_what_is_known_of_them(ledger: Ledger) -> None:
    scrape = Scrape(ledger)
    rows = ledger.open_orders()
    assert scrape("open_orders", "sim:main") == len(rows) == 5
    assert scrape("unresolved_orders", "sim:main") == 2
    assert scrape("in_flight_orders", "sim:main") == len(ledger.recover().in_flight) == 1
    assert scrape("pending_orders", "sim:main") == 1
    assert (
        scrape("unresolved_order_age_seconds", "sim:main") == 54
    )  # submitted at 6 s, a minute has passed
    ledger.record_many(
        parsed(
            report("rejected", "LOST", 20, reason="x"), report("rejected", "MARKET", 20, reason="x")
        )
    )
    ledger.views.catch_up()
    assert (
        scrape("unresolved_orders", "sim:main"),
        scrape("unresolved_order_age_seconds", "sim:main"),
    ) == (0, 0)


def test_gaps_breaks_halts_and_anomalies_are_counted(ledger: Ledger) -> None:
    certificate = {
        "covered_from": moment(0),
        "covered_to": moment(9),
        "orders": 0,
        "fills": 0,
        "positions": 0,
    }
    open_break = {"id": "missing_fill:X", "since": moment(1)}
    ledger.record_many(
        parsed(
            of_account("gap", 10, **{"from": moment(5)}),
            of_account("certify", 30, **certificate, open_breaks=[open_break]),
            of_account("halt", 31, reason="review"),
        )
    )
    ledger.views.catch_up()
    scrape = Scrape(ledger)
    assert (
        scrape("open_gaps", "sim:main"),
        scrape("open_breaks", "sim:main"),
        scrape("active_halts", "sim:main"),
    ) == (1, 1, 1)
    assert scrape("reconciliation_age_seconds", "sim:main") == 30
    assert scrape("open_anomalies", "unknown_order") == len(ledger.anomalies(open_only=True)) == 1
    assert scrape("open_anomalies", "overfill") == 0


def test_messages_are_counted_by_their_outcome(ledger: Ledger) -> None:
    ledger.record_many(
        parsed(
            request("HELD", 0, quantity="2"),
            request("HELD", 0, quantity="3"),
            report("rejected", "X", 1),
        )
    )
    ledger.recording.record_lines(["{", '{"type":"mark"}'])
    recorded = len(day()) + 1
    assert ledger.metrics.outcomes() == {
        "recorded": recorded,
        "duplicate": 1,
        "refused": 1,
        "invalid": 2,
    }
    found = values(metrics_text(ledger))
    assert [
        found["messages_total", (("outcome", outcome),)] for outcome in ledger.metrics.outcomes()
    ] == [
        recorded,
        1,
        1,
        2,
    ]
    assert found["commit_seconds_count", ()] == ledger.metrics.durations()["commit"]["count"] > 0
    assert 0 < found["commit_seconds_sum", ()] < 500
    assert found["commit_seconds_bucket", (("le", "500"),)] == found["commit_seconds_count", ()]


def test_histograms_are_such_that_prometheus_reads_quantiles_from_them(ledger: Ledger) -> None:
    families = {
        family.name: family
        for family in text_string_to_metric_families(metrics_text(ledger).decode())
    }
    for name, measured in (
        ("commit_queue", "queue"),
        ("commit", "commit"),
        ("views_delay", "views"),
    ):
        family = families[f"orderledger_{name}_seconds"]
        buckets = [one for one in family.samples if one.name.endswith("_bucket")]
        bounds, counts = (
            [float(one.labels["le"]) for one in buckets],
            [one.value for one in buckets],
        )
        (count,) = [one.value for one in family.samples if one.name.endswith("_count")]
        assert family.type == "histogram"
        assert bounds == sorted(set(bounds))
        assert (bounds[0], bounds[-2], bounds[-1]) == (1e-6, 500, float("inf"))
        assert counts == sorted(counts)
        assert counts[-1] == count == ledger.metrics.durations()[measured]["count"] > 0


def test_a_scrape_shows_how_far_the_views_are_behind_and_does_not_move_them(ledger: Ledger) -> None:
    ledger.record_many(parsed(request("NEW", 40), request("NEWER", 41)))
    scrape = Scrape(ledger)
    assert (scrape("views_lag_events"), scrape("open_orders", "sim:main")) == (2, 5)
    assert scrape("views_lag_events") == 2
    ledger.views.catch_up()
    assert (scrape("views_lag_events"), scrape("open_orders", "sim:main")) == (0, 7)


def test_collectors_are_shown_with_the_age_of_what_they_say(ledger: Ledger) -> None:
    counters = {
        "is_up": True,
        "messages": 3,
        "gaps": 1,
        "unreadable": 2,
        "last_message_age_seconds": 4.5,
        "venue_lag_seconds": None,
    }
    status = {
        "at": moment(50),
        "is_running": True,
        "waiting": 7,
        "accounts": {"sim:main": counters},
    }
    ledger.internals.publish("here", status)
    ledger.internals.publish("new", {"accounts": {}, "claim": {"token": "t", "accounts": []}})
    scrape, feed = Scrape(ledger), ("here", "sim:main")
    assert scrape("collector_status_age_seconds", "here") == 10
    assert scrape("feed_last_message_age_seconds", *feed) == 14.5
    assert (
        scrape("feed_up", *feed),
        scrape("feed_messages", *feed),
        scrape("feed_gaps", *feed),
    ) == (1, 3, 1)
    assert scrape("collector_up", "new") == 0
    ledger.internals.publish("here", {**status, "is_running": False})
    assert scrape("feed_up", *feed) == 0


def test_beyond_their_number_accounts_and_instruments_are_summed_under_other(
    store_url: str,
) -> None:
    with opened(store_url, update_views=False) as ledger:
        for number in range(6):
            account = f"sim:{number % 3}"
            ledger.record_many(
                parsed(
                    of_account(
                        "instrument", 0, account=account, instrument=f"I{number}", currency="USD"
                    ),
                    of_account("mark", 0, account=account, instrument=f"I{number}", price="10"),
                    request(f"C{number}", 1, account=account, instrument=f"I{number}"),
                    fill(
                        f"C{number}",
                        f"F{number}",
                        2,
                        account=account,
                        instrument=f"I{number}",
                        quantity="1",
                        price="4",
                    ),
                )
            )
        ledger.views.catch_up()
        scrape = Scrape(ledger, accounts=2, instruments=3)
        assert scrape.labels("open_orders") == [("other",), ("sim:0",), ("sim:1",)]
        assert [scrape("open_orders", name) for name in ("sim:0", "sim:1", "other")] == [2, 2, 2]
        assert scrape.labels("position_quantity") == [
            ("sim:0", "I0", "net"),
            ("sim:0", "I3", "net"),
            ("sim:1", "I1", "net"),
        ]
        assert (
            sum(
                scrape("unrealized_pnl", *labels) or 0 for labels in scrape.labels("unrealized_pnl")
            )
            == 6 * 6
        )
        assert scrape("position_notional", "other", "other", "net", "USD") == 20
        ledger.record_many(
            parsed(request("EARLY", 3, account="a:first"))
        )  # sorts before all others, and takes no slot of theirs
        ledger.views.catch_up()
        assert scrape.labels("open_orders") == [("other",), ("sim:0",), ("sim:1",)]


NASTY = ('quo"te', "back\\slash", "größe-注文", '"} 1\norderledger_up 7')


@pytest.mark.parametrize("account", NASTY[:3])
def test_no_name_breaks_the_text(account: str) -> None:
    with opened("memory://") as ledger:
        ledger.record_many(parsed(request("C-1", account=account, instrument=account)))
        ledger.internals.publish(NASTY[3], {"at": moment(0), "is_running": True})
        ledger.views.catch_up()
        found = values(metrics_text(ledger))
    assert found["open_orders", (("account", account),)] == 1
    assert found["up", ()] == 1
    assert "C-1" not in metrics_text(ledger).decode()


def test_a_broken_store_is_a_metric_and_no_failed_scrape(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    with opened(str(path), update_views=False) as ledger:
        ledger.record_many(parsed(request("C-1")))
        assert values(metrics_text(ledger))["up", ()] == 1
        with sqlite3.connect(path) as other:
            other.execute("DROP TABLE view_positions")
        found = values(metrics_text(ledger))
        assert found["up", ()] == 0
        assert ("log_position", ()) not in found
        assert found["messages_total", (("outcome", "recorded"),)] == 1
    assert values(metrics_text(ledger))["up", ()] == 0  # closed


def test_views_of_another_version_are_not_shown(tmp_path: Path) -> None:
    with opened(str(tmp_path / "orders.db"), update_views=False) as ledger:
        ledger.record_many(parsed(request("C-1")))
        ledger.views.catch_up()
        scrape = Scrape(ledger)
        assert (scrape("views_up"), scrape("open_orders", "sim:main")) == (1, 1)
        with ledger.internals.store.database.writing() as session:
            session.execute(
                "UPDATE view_versions SET version = 1 WHERE name = 'orders' RETURNING version"
            )
            session.execute(
                "UPDATE view_positions SET position = 0 WHERE name = 'views' RETURNING position"
            )
        assert (scrape("up"), scrape("views_up"), scrape("open_orders", "sim:main")) == (1, 0, None)


def test_every_metric_is_named_as_prometheus_wants_it() -> None:
    for figure in FIGURES.values():
        assert not figure.name.endswith("_total")
        assert not any(unit in figure.name for unit in ("millisecond", "_ms", "_us", "minute"))
        assert figure.meaning.endswith(".")


def test_a_command_prints_the_metrics_of_the_store(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    with opened(str(path)) as ledger:
        ledger.record_many(parsed(request("C-1")))
        ledger.views.catch_up()
    done = run("metrics", "--db", path)
    found = values(done.out.encode())
    assert (done.status, found["open_orders", (("account", "sim:main"),)]) == (0, 1)
    assert ("messages_total", (("outcome", "recorded"),)) not in found
    assert run("metrics", "--db", tmp_path / "none.db").status == 3


def test_what_the_views_say_is_read_once_for_each_state_of_them(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "orders.db", update_views=False) as ledger:
        ledger.record_many(
            parse_document(request(f"C-{number}", number)) for number in range(2_000)
        )
        ledger.views.catch_up()
        scrape = Scrape(ledger)
        first = scrape("reading_seconds")
        began = time.process_time()
        assert {scrape("reading_seconds") for _ in range(20)} == {first}
        assert (time.process_time() - began) / 20 < 0.02
        ledger.record_many(parsed(request("NEW")))
        ledger.views.catch_up()
        assert scrape("reading_seconds") != first


@pytest.mark.parametrize(
    ("value", "limit", "share"),
    [("2", "4", 0.5), ("-3", "4", 0.0), ("0", "0", 0.0), ("3", "0", 3.0), (None, "4", None)],
)
def test_a_breaker_shows_the_share_of_its_limit(
    value: str | None, limit: str, share: float | None
) -> None:
    breaker = {
        "breaker": "daily_loss",
        "instrument": None,
        "strategy": None,
        "currency": "USD",
        "limit": limit,
        "value": value,
        "cancels_orders": False,
    }
    status = {"at": moment(0), "holder": "here", "is_running": True, "breakers": [breaker]}
    with opened("memory://", update_views=False) as ledger:
        ledger.internals.publish("gateway sim:main", status)
        scrape = Scrape(ledger)
        assert scrape("breaker_limit_ratio", "sim:main", "daily_loss") == share
        assert scrape("tripped_breakers", "sim:main", "daily_loss") == 0
        assert (
            scrape("gateway_up", "sim:main"),
            scrape("gateway_status_age_seconds", "sim:main"),
        ) == (
            1,
            60,
        )


def test_open_alerts_are_counted_by_rule() -> None:
    desk = Desk("memory://", {"kind": "halt"}, {"kind": "halt", "name": "second"})
    desk.record(of_account("halt", 1))
    desk.at(2)
    scrape = Scrape(desk.ledger)
    assert (scrape("open_alerts", "halt"), scrape("open_alerts", "second")) == (1, 1)
    desk.record(of_account("resume_trading", 3))
    desk.at(4)
    assert not scrape("open_alerts", "halt") and not scrape("open_alerts", "second")
