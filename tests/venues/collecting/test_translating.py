"""Recorded payloads, one after the other: what a ledger makes of them, and how a file of them may
be written."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orderledger import Ledger, parse_document, parse_line
from orderledger.cli.main import main
from orderledger.venues.base.registry import adapter
from orderledger.venues.collecting.translating import documents, translated
from tests.venues.hyperliquid import payloads as hyperliquid
from tests.venues.lighter import rows as lighter
from tests.venues.tradier import payloads as tradier


def told(venue: str, *payloads: Any, number: str = "1234", ledger: Ledger | None = None) -> Ledger:
    """A ledger that was told them, from a file in which each has a line."""
    ledger = ledger or Ledger.open("memory://", update_views=False)
    recording = adapter(venue).recording(f"{venue}:main", number, None)
    for one in translated(
        recording, [f"{json.dumps(payload, default=str)}\n".encode() for payload in payloads]
    ):
        assert one.faults == []
        assert {ledger.record(parse_line(line)).outcome for line in one.lines} <= {
            "recorded",
            "duplicate",
        }
    return ledger


def numbers(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    return [(row["fill_id"], str(row["quantity"]), str(row["price"])) for row in rows]


def test_what_an_order_of_tradier_fills_between_two_payloads_is_counted_once() -> None:
    rows = [
        tradier.filled_row(4, "500.2", (4, "500.2")),
        tradier.filled_row(10, "500.5", (6, "500.7"), at=9),
    ]
    polls = [tradier.orders(row) for row in rows]
    with told("tradier", *polls, *polls) as ledger:
        assert numbers(ledger.trades()) == [("900101:4", "4", "500.2"), ("900101:10", "6", "500.7")]
        assert (ledger.order("900101")["status"], ledger.order("900101")["cum_quantity"]) == (
            "filled",
            10,
        )


def test_a_tag_names_the_order_that_was_requested_under_it() -> None:
    """Of two with one tag, in whichever payload they come, it is the first."""
    with Ledger.open("memory://", update_views=False) as ledger:
        request = {
            "client_order_id": "C-42",
            "instrument": "SPY",
            "side": "buy",
            "quantity": "10",
            "order_type": "market",
        }
        ledger.record(
            parse_document(
                {
                    "type": "request",
                    "account": "tradier:main",
                    "aliases": {"tradier.tag": tradier.TAG},
                    **request,
                }
            )
        )
        again = tradier.filled_row(4, "500.2", id=900102)
        told(
            "tradier",
            tradier.orders(tradier.filled_row(10, "500.2")),
            tradier.orders(again),
            ledger=ledger,
        )
        assert (ledger.order("C-42")["venue_order_ids"], ledger.order("C-42")["cum_quantity"]) == (
            ["900101"],
            10,
        )
        assert (ledger.order("900102")["origin"], ledger.order("900102")["cum_quantity"]) == (
            "external",
            4,
        )


def test_both_halves_of_a_modify_may_come_in_payloads_of_their_own() -> None:
    canceled = hyperliquid.order_updates(hyperliquid.reported("canceled", hyperliquid.T + 50))
    newer = hyperliquid.order_updates(
        hyperliquid.reported("open", hyperliquid.T + 50, oid=155, timestamp=hyperliquid.T + 50)
    )
    opened = hyperliquid.order_updates(hyperliquid.reported("open"))
    for halves in ([canceled, newer], [newer, canceled]):
        with told("hyperliquid", opened, *halves) as ledger:
            (order,) = ledger.orders()
            assert (order["status"], order["venue_order_ids"], order["anomalies"]) == (
                "new",
                ["101", "155"],
                ["unknown_order"],
            )


def test_a_cancel_that_no_modify_follows_is_an_end() -> None:
    canceled = hyperliquid.order_updates(hyperliquid.reported("canceled", hyperliquid.T + 50))
    later = hyperliquid.order_updates(
        hyperliquid.reported("open", hyperliquid.T + 5000, oid=300, cloid=None)
    )
    recording = adapter("hyperliquid").recording("hyperliquid:main", "", None)
    ends = [
        sum('"type":"canceled"' in line for line in one.lines)
        for one in translated(
            recording, [json.dumps(payload).encode() for payload in (canceled, later)]
        )
    ]
    assert ends == [0, 1, 0]  # with the next payload that is two seconds younger
    with told("hyperliquid", canceled) as ledger:
        assert ledger.order("101")["status"] == "canceled"


def test_markets_that_a_payload_names_are_those_of_the_payloads_behind_it() -> None:
    details = {"code": 200, "order_book_details": [{"market_id": 0, "symbol": "ETH"}]}
    trades = {"code": 200, "trades": [lighter.trade()]}
    with told("lighter", details, trades) as named, told("lighter", trades) as unnamed:
        assert [row["instrument"] for row in named.trades()] == ["ETH"]
        assert [row["instrument"] for row in unnamed.trades()] == ["lighter:market:0"]


TEXTS = {
    "a line each": '{"a": 1}\n\n[2.50]\n{"a": {}}\n',
    "no end of line": '{"a": 1}\n[2.50]\n{"a": {}}',
    "set in lines": '{\n  "a": 1\n}\n\n[\n  2.50\n]\n{\n  "a": {\n  }\n}',
    "end to end": '{"a": 1}[2.50] {"a": {}}',
    "end to end, set in lines": '{\n  "a": 1\n}[\n  2.50\n]{\n  "a": {\n  }\n}\n',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_file_of_documents_may_be_laid_out_in_any_way(text: str) -> None:
    found = [document for _, document in documents(text.encode().splitlines(keepends=True))]
    assert found == [{"a": 1}, [Decimal("2.50")], {"a": {}}]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ('{"a": 1}\nWebsocket connection established.\n{"a": 1}\n', [1, 2, 3]),
        ('{"a": \n{"a": 1}\n[\n1\n]\n', [1, 2, 3]),
        ('{"a": "cut he\n{"a": 1}\n', [1, 2]),
        ('{"a": 1}\n{"a": [', [1, 2]),
        ('{"a": 1}\n{\n[\n', [1, 2, 3]),
    ],
)
def test_what_is_no_document_is_told_with_its_line_and_costs_the_others_nothing(
    text: str, places: list[int]
) -> None:
    found = list(documents(text.encode().splitlines(keepends=True)))
    assert [number for number, _ in found] == places
    good = [document for _, document in found if not isinstance(document, ValueError)]
    assert good in ([{"a": 1}, {"a": 1}], [{"a": 1}, [1]], [{"a": 1}])


def test_a_row_that_cannot_be_read_is_told_with_its_line_and_the_rest_is_translated(
    tmp_path: Path,
) -> None:
    file = tmp_path / "payloads"
    file.write_text(
        json.dumps(
            tradier.orders(tradier.row(quantity="many"), {"id": 5}, tradier.row(id=900102)),
            default=str,
        )
    )
    said = CliRunner().invoke(
        main, ["translate", "tradier", str(file), "--account", "tradier:main"]
    )
    assert said.exit_code == 1
    assert [json.loads(line)["venue_order_id"] for line in said.stdout.splitlines()] == [
        "900101",
        "900102",
    ]
    assert said.stderr.splitlines() == [
        "line 1: quantity is not a decimal number",
        "line 1: status is missing or not valid",
    ]


SENT = {
    "hyperliquid": {
        "method": "subscribe",
        "subscription": {"type": "orderUpdates", "user": "0xaa"},
    },
    "lighter": {"type": "subscribe", "channel": "account_all_orders/1234", "auth": "s3cr3t"},
    "tradier": {"events": ["order"], "sessionid": "s3cr3t", "excludeAccounts": []},
}


@pytest.mark.parametrize("venue", SENT)
def test_frames_that_we_sent_say_nothing_and_no_secret_is_shown(venue: str, tmp_path: Path) -> None:
    file = tmp_path / "frames"
    file.write_text(
        f'{json.dumps(SENT[venue])}\n{{"auth": "s3cr3t", "sessionid": 5, "method": []}}\n'
    )
    said = CliRunner().invoke(
        main, ["translate", venue, str(file), "--account", f"{venue}:main", "--number", "1234"]
    )
    assert said.stdout == ""
    assert [line.partition(":")[0] for line in said.stderr.splitlines()] == (
        ["line 2"] if venue == "lighter" else []
    )
    assert "s3cr3t" not in said.output


def test_payloads_can_be_read_beside_a_ledger(tmp_path: Path) -> None:
    """There, a fill that is recorded is told no more, and a tag is that of the order that was sent
    with it."""
    db, file = str(tmp_path / "orders.db"), tmp_path / "payloads"
    with Ledger.open(db) as ledger:
        told("tradier", tradier.orders(tradier.filled_row(4, "500.2")), ledger=ledger)
    file.write_text(json.dumps(tradier.orders(tradier.filled_row(10, "500.5", at=9)), default=str))
    command = ["translate", "tradier", str(file), "--account", "tradier:main"]
    alone, beside = (CliRunner().invoke(main, [*command, *more]) for more in ([], ["--db", db]))
    quantities = [
        [json.loads(line).get("quantity") for line in said.stdout.splitlines()]
        for said in (alone, beside)
    ]
    assert quantities == [
        [None, "10", None],
        [None, "6", None],
    ]  # the instrument, the fill, the status
