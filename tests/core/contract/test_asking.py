"""What can be asked of a ledger, on every store: filters, and what is answered to arguments that
cannot be."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orderledger import Ledger, parse_document, parse_line
from orderledger.cli import main
from tests.typed import values

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MAIN = {
    "account": "sim:main",
    "instrument": "BTC-USD",
    "side": "buy",
    "quantity": "2",
    "order_type": "market",
}
TOLD: tuple[dict[str, Any], ...] = (
    {**MAIN, "type": "propose", "proposal_id": "P-1", "kind": "entry", "strategy": "s",
    "at": "2026-11-20T10:00:00Z"},
    {**MAIN, "type": "propose", "proposal_id": "P-2", "kind": "entry", "strategy": "s",
    "at": "2026-11-20T10:01:00Z"},
    {**MAIN, "type": "request", "client_order_id": "C-1", "links": {"proposal_id": "P-1"},
    "at": "2026-11-20T11:00:00Z"},
    {**MAIN, "type": "request", "client_order_id": "C-2", "links": {"proposal_id": "P-1"},
    "at": "2026-11-20T11:01:00Z"},
    {**MAIN, "type": "request", "client_order_id": "C-3", "links": {"trade_id": "T-1"},
    "at": "2026-11-20T11:02:00Z"},
    {**MAIN, "account": "sim:other", "type": "request", "client_order_id": "C-9",
    "links": {"proposal_id": "P-1"},
     "at": "2026-11-20T11:30:00Z"},
    {"account": "sim:main", "type": "fill", "client_order_id": "C-1", "fill_id": "F-1",
    "quantity": "2", "price": "3",
     "at": "2026-11-20T11:59:59.999999Z"},
    {"account": "sim:main", "type": "fill", "client_order_id": "C-2", "fill_id": "F-2",
    "quantity": "0.5", "price": "3",
     "at": "2026-11-20T12:00:00Z"},
    {"account": "sim:main", "type": "fill", "venue_order_id": "V-8", "instrument": "BTC-USD",
    "side": "sell", "fill_id": "F-3",
     "quantity": "1", "price": "4", "at": "2026-11-20T12:00:00.000001Z"},
    {"account": "sim:main", "type": "unresolved", "client_order_id": "C-3", "reason": "timeout",
    "at": "2026-11-20T12:01:00Z"},
    {"account": "sim:main", "type": "fill", "venue_order_id": "V-7", "instrument": "BTC-USD",
    "side": "buy", "fill_id": "F-4",
     "quantity": "1", "price": "4", "at": "2026-11-20T11:03:00Z"},
    {**MAIN, "type": "request", "client_order_id": "C-4", "at": "2026-11-20T12:02:00Z"},
    {"account": "sim:main", "type": "acknowledged", "client_order_id": "C-4",
    "venue_order_id": "V-7",
     "at": "2026-11-20T12:03:00Z"},
)  # fmt: skip
LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def ledger(store_url: str) -> Any:
    with Ledger.open(store_url) as opened:
        opened.record_many(map(parse_document, TOLD))
        yield opened


@pytest.fixture(params=[{}, {"as_of": LATER}], ids=["live", "as of"])
def moment(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The live views, and views that are folded for the question."""
    given: dict[str, Any] = request.param
    return given


def test_trades_are_asked_for_from_a_time_on_and_before_another(
    ledger: Ledger, moment: dict[str, Any]
) -> None:
    def fills(**asked: Any) -> list[str]:
        return [row["fill_id"] for row in ledger.trades(**asked, **moment)]

    assert fills(since=NOON) == ["F-2", "F-3"]
    assert fills(until=NOON) == ["F-4", "F-1"]
    assert fills(since=NOON, until=NOON.replace(microsecond=1)) == ["F-2"]
    assert fills(since=NOON, side="sell") == ["F-3"]


def test_a_state_of_trades_goes_before_what_is_usual(
    ledger: Ledger, moment: dict[str, Any]
) -> None:
    ledger.record(
        parse_document(
            {
                "account": "sim:main",
                "type": "fill_busted",
                "client_order_id": "C-1",
                "fill_id": "F-1",
            }
        )
    )
    assert [row["fill_id"] for row in ledger.trades(state="busted", **moment)] == ["F-1"]
    assert (
        len(ledger.trades(**moment)) == 3 and len(ledger.trades(include_busted=True, **moment)) == 4
    )


def test_orders_are_asked_for_by_the_time_of_their_request_or_else_of_their_last_update(
    ledger: Ledger, moment: dict[str, Any]
) -> None:
    def names(**asked: Any) -> list[str]:
        return [
            row["client_order_id"] or row["venue_order_id"]  # type: ignore[misc]
            for row in ledger.orders(**asked, **moment)
        ]

    assert names(since=NOON) == ["V-8", "C-4"]
    assert names(until=NOON.replace(hour=11, minute=2)) == ["C-1", "C-2"]
    assert names(since=NOON.replace(hour=11, minute=2), until=NOON) == ["C-3", "C-9"]
    assert names(since=NOON.replace(hour=11, minute=1), limit=2) == ["C-3", "C-4"]


def test_anomalies_and_proposals_are_asked_for_by_their_time(
    ledger: Ledger, moment: dict[str, Any]
) -> None:
    detected_at = [row["detected_at"] for row in ledger.anomalies(**moment)]
    assert ledger.anomalies(since=detected_at[0], until=LATER, **moment) == ledger.anomalies(
        **moment
    )
    assert ledger.anomalies(until=detected_at[0], **moment) == []
    made_at = NOON.replace(hour=10, minute=1)
    assert [row["proposal_id"] for row in ledger.proposals(since=made_at, **moment)] == ["P-2"]
    assert [
        row["proposal_id"] for row in ledger.proposals(until=made_at, state="proposed", **moment)
    ] == ["P-1"]


def test_a_proposal_tells_who_made_it_and_who_decided_it(
    ledger: Ledger, moment: dict[str, Any]
) -> None:
    me = {"account": "sim:main", "proposal_id": "P-1"}
    by_anna = {
        "type": "approve",
        "actor": "anna",
        "source": "operator",
        "evidence": {"mail": 7},
        "at": "2026-11-20T10:02:00Z",
    }
    ledger.record(parse_document({**me, **by_anna}))
    told = {
        **TOLD[0],
        "proposal_id": "P-9",
        "actor": "scanner",
        "correlation_id": "K",
        "causation_id": "L",
    }
    ledger.record(parse_document({**told, "at": "2026-11-20T10:09:00Z"}))
    ledger.record(parse_document({**me, "proposal_id": "P-9", "type": "decline", "actor": "ben"}))
    names = (
        "proposed_by",
        "correlation_id",
        "causation_id",
        "source",
        "decided_by",
        "decision_source",
        "has_evidence",
    )
    assert [tuple(values(row, names)) for row in ledger.proposals(**moment)] == [
        (None, None, None, "strategy", "anna", "operator", True),
        (None, None, None, "strategy", None, None, False),
        ("scanner", "K", "L", "strategy", "ben", "strategy", False),
    ]


def test_a_limit_leaves_the_orders_of_which_was_heard_last(
    ledger: Ledger, moment: dict[str, Any]
) -> None:
    assert [row["client_order_id"] for row in ledger.orders(limit=2, **moment)] == ["C-3", "C-4"]
    assert len(ledger.orders(limit=100, **moment)) == len(ledger.orders(**moment)) == 6


def test_orders_of_unknown_outcome_and_open_ones_are_found(
    ledger: Ledger, moment: dict[str, Any]
) -> None:
    assert [row["client_order_id"] for row in ledger.orders(certainty="unresolved", **moment)] == [
        "C-3"
    ]
    assert [row["client_order_id"] for row in ledger.orders(is_open=False, **moment)] == ["C-1"]
    assert (
        ledger.orders(is_open=True, **moment)
        == ledger.orders(open_only=True, **moment)
        == ledger.open_orders(**moment)
    )
    assert [
        row["client_order_id"]
        for row in ledger.orders(quantity=2, side="buy", account="sim:other", **moment)
    ] == ["C-9"]


def test_anomalies_that_were_cleared_need_not_be_listed(
    ledger: Ledger, moment: dict[str, Any]
) -> None:
    told, standing = ledger.anomalies(**moment), ledger.anomalies(open_only=True, **moment)
    assert [row["stream"] for row in told] == ["sim:main#venue/V-8", "sim:main#venue/V-7"]
    assert [row["stream"] for row in standing] == ["sim:main#venue/V-8"], "V-7 is C-4"


def test_events_of_one_account(ledger: Ledger) -> None:
    whole = list(ledger.events())
    assert (
        list(ledger.events(account="sim:other"))
        == [row for row in whole if row["account"] == "sim:other"]
        != []
    )
    assert list(ledger.events(account="sim:nobody")) == []


EVENTS_ASKED: tuple[tuple[dict[str, Any], list[str | None]], ...] = (
    ({"name": "fill_recorded"}, ["F-1", "F-2", "F-3", "F-4", "F-4"]),
    ({"name": "fill_recorded.v1", "since": NOON}, ["F-2", "F-3"]),
    ({"name": "fill_recorded", "until": NOON, "account": "sim:main"}, ["F-1", "F-4", "F-4"]),
    ({"name": "fill_recorded", "source": "operator"}, []),
    ({"name": "fill_recorded", "actor": "anna"}, []),
    ({"name": "fill_recorded", "limit": 2}, ["F-1", "F-2"]),
    ({"source": "ledger", "limit": 1}, [None]),
    ({"limit": 0}, []),
)


@pytest.mark.parametrize(("asked", "fills"), EVENTS_ASKED, ids=str)
def test_events_are_asked_for_by_their_columns_and_times(
    ledger: Ledger, asked: dict[str, Any], fills: list[str | None]
) -> None:
    assert [row["payload"].get("fill_id") for row in ledger.events(**asked)] == fills


def test_events_go_on_after_a_position(ledger: Ledger) -> None:
    whole, read = list(ledger.events()), list(ledger.events(limit=5))
    while page := list(ledger.events(after=read[-1]["position"], limit=5)):
        read += page
    assert read == whole


def test_a_history_is_asked_for_by_the_columns_and_times_of_its_events(
    ledger: Ledger, moment: dict[str, Any]
) -> None:
    told = {
        "account": "sim:main",
        "type": "request_cancel",
        "client_order_id": "C-4",
        "actor": "anna",
        "source": "operator",
    }
    ledger.record(parse_document({**told, "at": "2026-11-20T12:05:00Z"}))

    def names(**asked: Any) -> list[str]:
        return [row["name"].partition(".")[0] for row in ledger.history("C-4", **asked, **moment)]

    assert names() == ["order_requested", "order_acknowledged", "fill_recorded", "cancel_requested"]
    assert (
        names(actor="anna")
        == names(source="operator")
        == names(name="cancel_requested")
        == ["cancel_requested"]
    )
    assert names(since=NOON.replace(minute=3)) == ["order_acknowledged", "cancel_requested"]
    assert names(until=NOON) == ["fill_recorded"]


def test_a_proposal_tells_the_orders_that_carry_it_out(
    ledger: Ledger, moment: dict[str, Any]
) -> None:
    told = [
        (row["proposal_id"], row["orders"], row["cum_quantity"])
        for row in ledger.proposals(**moment)
    ]
    assert told == [("P-1", ["C-1", "C-2"], Decimal("2.5")), ("P-2", [], Decimal(0))]


def test_numbers_of_a_history_have_no_exponent_and_keep_their_digits(store_url: str) -> None:
    fill = (
        b'{"type":"fill","account":"sim:main","client_order_id":"C-1","fill_id":"F-1","instrument":"PEPE-USD","side":"buy",'
        b'"quantity":"1e3","price":1.50e-7,"fee":"-1E-9","fee_currency":"USD","reported":{"cum_quantity":"1E+3"},'
        b'"evidence":{"sz":"1e3","fee":"-1E-9"}}'
    )
    with Ledger.open(store_url) as ledger:
        assert ledger.recording.record_lines([fill])[0].outcome == "recorded"
        for row in (
            ledger.history("C-1", account="sim:main")[0],
            ledger.history("C-1")[0],
            next(ledger.events()),
        ):
            told = row["payload"]
            assert [told[name] for name in ("quantity", "price", "fee")] == [
                "1000",
                "0.000000150",
                "-0.000000001",
            ]
            assert told["reported"] == {"cum_quantity": "1000"}
            assert row["evidence"] == {"sz": "1e3", "fee": "-1E-9"}, "as the venue sent it"


WRONG: tuple[tuple[Callable[[Any], Any], type[Exception], str], ...] = (
    (
        lambda told: told.record({"type": "submit"}),
        TypeError,
        "a message such as Fill(...) can be recorded, not a dict",
    ),
    (lambda told: told.record_many([None]), TypeError, "not a NoneType"),
    (
        lambda told: told.recording.record_lines('{"type":"submit"}'),
        TypeError,
        "lines takes a sequence of lines",
    ),
    (
        lambda told: told.recording.record_lines([{"type": "submit"}]),
        TypeError,
        "a line is text or bytes, not a dict",
    ),
    (
        lambda told: told.orders(as_of="2024-01-01"),
        TypeError,
        "as_of takes a datetime with an offset, not '2024-01-01'",
    ),
    (
        lambda told: told.pnl(effective_at=date(2024, 1, 1)),
        TypeError,
        "effective_at takes a datetime with an offset",
    ),
    (
        lambda told: told.history("C-1", as_of=datetime(2024, 1, 1)),  # noqa: DTZ001
        ValueError,
        "as_of: 2024-01-01T00:00:00 has no offset",
    ),
    (
        lambda told: told.trades(since="2024-01-01"),
        TypeError,
        "since takes a datetime with an offset",
    ),
    (lambda told: told.orders(status=["open"]), TypeError, "status takes text, not ['open']"),
    (
        lambda told: told.orders(status="open"),
        ValueError,
        "status: 'open' is not one of pending_new, new, partially_filled",
    ),
    (lambda told: told.orders(is_open=1), TypeError, "is_open takes True or False, not 1"),
    (
        lambda told: told.orders(quantity=0.5),
        TypeError,
        "quantity takes a Decimal or an int, not 0.5",
    ),
    (lambda told: told.orders(links={}), TypeError, "links takes nothing"),
    (lambda told: told.orders(limit=0), ValueError, "limit takes 1 or more, not 0"),
    (lambda told: told.orders(state="open"), ValueError, "'state' is not a column of orders"),
    (
        lambda told: told.trades(state="open"),
        ValueError,
        "state: 'open' is not one of active, busted, corrected",
    ),
    (lambda told: told.order(5), TypeError, "order_id takes text, not 5"),
    (lambda told: told.order(None), TypeError, "order_id takes text, not None"),
    (lambda told: told.history("C-1", account=5), TypeError, "account takes text, not 5"),
    (lambda told: told.recover(account=5), TypeError, "account takes text, not 5"),
    (
        lambda told: told.trades(since=LATER, until=NOON),
        ValueError,
        f"since {LATER.isoformat()} is after until {NOON.isoformat()}",
    ),
    (
        lambda told: told.orders(since=LATER, until=NOON),
        ValueError,
        "since 2100-01-01T00:00:00+00:00 is after until 2026-11-20T",
    ),
    (lambda told: told.history("C-1", since=LATER, until=NOON), ValueError, "is after until"),
    (lambda told: told.anomalies(since=LATER, until=NOON), ValueError, "is after until"),
    (
        lambda told: told.events(name="fill"),
        ValueError,
        "name: 'fill' is not one of order_requested, order_denied, order_submitted",
    ),
    (
        lambda told: told.events(source="moon"),
        ValueError,
        "source: 'moon' is not one of strategy, operator, venue_push",
    ),
    (lambda told: told.events(actor=5), TypeError, "actor takes text, not 5"),
    (lambda told: told.events(after=None), TypeError, "after takes an int, not None"),
    (lambda told: list(told.events(account=5)), TypeError, "account takes text, not 5"),
    (
        lambda told: told.views.rebuild("orders"),
        TypeError,
        "names takes a sequence of names, not one text: ['orders']",
    ),
    (lambda told: told.pnl(by=5), TypeError, "by takes names of groups, not 5"),
)


def test_a_wrong_argument_is_told_by_its_name(ledger: Ledger) -> None:
    for asked, error, sentence in WRONG:
        with pytest.raises(error, match=re.escape(sentence)):
            asked(ledger)


def test_a_line_is_text() -> None:
    with pytest.raises(TypeError, match="a line is text or bytes, not a dict"):
        parse_line({})  # type: ignore[arg-type]


def test_a_path_is_the_place_of_a_store(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "orders.db") as ledger:
        ledger.record(parse_document(TOLD[2]))
    with Ledger.open(str(tmp_path / "orders.db")) as again:
        assert again.order("C-1")["status"] == "pending_new"
    with pytest.raises(TypeError, match="url takes text, not 5"):
        Ledger.open(5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("command", "name", "found"),
    [
        (["orders", "--certainty", "unresolved"], "client_order_id", ["C-3"]),
        (["orders", "--limit", "2"], "client_order_id", ["C-3", "C-4"]),
        (
            ["trades", "--since", "2026-11-20T12:00:00Z", "--until", "2026-11-20T12:00:01Z"],
            "fill_id",
            ["F-2", "F-3"],
        ),
        (["trades", "--side", "sell"], "fill_id", ["F-3"]),
        (["anomalies", "--open"], "code", ["unknown_order"]),
        (["events", "--account", "sim:other"], "name", ["order_requested.v1"]),
        (["proposals"], "orders", [["C-1", "C-2"], []]),
        (["orders", "--account", "sim:nobody"], "client_order_id", []),
        (["orders", "--since", "2026-11-20T12:00:00Z"], "client_order_id", [None, "C-4"]),
        (["orders", "--since", "2026-11-20T12:00:00Z", "--limit", "1"], "client_order_id", ["C-4"]),
        (
            ["trades", "--source", "venue_push", "--until", "2026-11-20T12:00:00Z"],
            "fill_id",
            ["F-4", "F-1"],
        ),
        (["trades", "--source", "import"], "fill_id", []),
        (["events", "--source", "ledger", "--limit", "1"], "name", ["anomaly_detected.v1"]),
        (
            [
                "events",
                "--name",
                "fill_recorded",
                "--since",
                "2026-11-20T12:00:00Z",
                "--after",
                "3",
            ],
            "version",
            [2, 1],
        ),
        (["history", "C-4", "--name", "fill_recorded"], "version", [3]),
        (["anomalies", "--code", "unknown_order", "--until", "2026-11-20T12:00:00Z"], "code", []),
        (["proposals", "--decided-by", "anna"], "proposal_id", []),
        (
            ["proposals", "--state", "proposed", "--since", "2026-11-20T10:01:00Z"],
            "proposal_id",
            ["P-2"],
        ),
    ],
)
def test_the_command_line_asks_the_same(
    durable_store_url: str, command: list[str], name: str, found: list[Any]
) -> None:
    with Ledger.open(durable_store_url) as ledger:
        ledger.record_many(map(parse_document, TOLD))
    printed = (
        CliRunner()
        .invoke(main, [*command, "--json", "--db", durable_store_url], catch_exceptions=False)
        .stdout
    )
    assert [json.loads(line)[name] for line in printed.splitlines()] == found


BACKWARDS = ("--since", "2026-11-21T00:00:00Z", "--until", "2026-11-20T00:00:00Z")


@pytest.mark.parametrize(
    "command",
    [
        "orders",
        "orders --limit 1",
        "trades",
        "events",
        "history C-1",
        "anomalies",
        "proposals",
        "account-events",
        "certificates",
        "marks",
    ],
)
def test_a_period_that_ends_before_it_begins_is_wrong_usage(tmp_path: Path, command: str) -> None:
    Ledger.open(tmp_path / "orders.db").close()
    for form in ((), ("--json",)):
        said = CliRunner().invoke(
            main, [*command.split(), *form, *BACKWARDS, "--db", str(tmp_path / "orders.db")]
        )
        assert (said.exit_code, said.stdout) == (2, "")
        assert (
            "since 2026-11-21T00:00:00+00:00 is after until 2026-11-20T00:00:00+00:00"
            in said.stderr
        )
