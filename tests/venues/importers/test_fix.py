"""FIX logs: the venue's own samples, whole scenarios, and lines that are damaged."""

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import simplefix

from orderledger import Ledger
from orderledger.infrastructure.errors import InvalidMessage, InvalidSetting
from orderledger.venues.importers.fix import tags_of
from orderledger.venues.importers.fix_messages import translated
from orderledger.venues.importers.fix_tags import Tags
from orderledger.venues.interop.context import ObjectContext
from tests.auditing.facts import FORMER_WORDS
from tests.venues.importers.importing import ACCOUNT, imported, written

pytestmark = pytest.mark.shared
LIFE = ("er_pending_new", "er_new", "er_partial_fill", "er_fill")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://") as opened:
        yield opened


@pytest.fixture
def samples(shared: Path) -> Path:
    return shared / "venues" / "samples" / "fix44"


def log_of(folder: Path, samples: Path, *names: str) -> Path:
    lines = b"".join(
        b"20260504-13:30:01.001 : " + (samples / f"{name}.txt").read_bytes().strip() + b"\n"
        for name in names
    )
    path = folder / "session.log"
    path.write_bytes(lines)
    return path


def test_an_order_of_a_drop_copy_is_filled_with_its_fees(
    ledger: Ledger, samples: Path, tmp_path: Path
) -> None:
    imported(ledger, "fix", log_of(tmp_path, samples, *LIFE))
    row = ledger.order("led-000001", account=ACCOUNT)
    assert (row["status"], row["cum_quantity"], row["average_price"]) == (
        "filled",
        100,
        Decimal("10.496"),
    )
    assert (row["fees"], row["venue_order_id"], row["side"], row["instrument"]) == (
        {"USD": "1.02"},
        "V1001",
        "buy",
        "XYZ",
    )
    assert [fill["liquidity"] for fill in ledger.trades()] == ["taker", "maker"]


def test_a_busted_fill_reopens_the_order(ledger: Ledger, samples: Path, tmp_path: Path) -> None:
    imported(ledger, "fix", log_of(tmp_path, samples, *LIFE, "er_trade_bust"))
    row = ledger.order("led-000001")
    assert (row["status"], row["cum_quantity"], row["leaves_quantity"]) == (
        "partially_filled",
        40,
        60,
    )


def test_a_correction_replaces_the_fill(ledger: Ledger, samples: Path, tmp_path: Path) -> None:
    imported(ledger, "fix", log_of(tmp_path, samples, *LIFE, "er_trade_correct"))
    assert [(fill["fill_id"], fill["price"]) for fill in ledger.trades()] == [
        ("E2", Decimal("10.49")),
        ("E4", Decimal("10.4867")),
    ]


def test_a_repeated_message_counts_once(ledger: Ledger, samples: Path, tmp_path: Path) -> None:
    imported(ledger, "fix", log_of(tmp_path, samples, "er_partial_fill", "er_partial_fill_possdup"))
    assert [fill["quantity"] for fill in ledger.trades()] == [40]


@pytest.mark.parametrize(
    ("name", "status"),
    [("er_expired", "expired"), ("er_rejected", "rejected"), ("er_restated_unsolicited_cancel",
    "canceled"),
     ("er_done_for_day", "done_for_day"), ("er_new", "new"), ("er_pending_new", "pending_new")],
)  # fmt: skip
def test_each_end_has_its_report(
    ledger: Ledger, samples: Path, tmp_path: Path, name: str, status: str
) -> None:
    imported(ledger, "fix", log_of(tmp_path, samples, name))
    assert [row["status"] for row in ledger.orders()] == [status]


def test_a_refused_cancel_leaves_the_order(ledger: Ledger, samples: Path, tmp_path: Path) -> None:
    imported(ledger, "fix", log_of(tmp_path, samples, *LIFE, "cancel_reject"))
    assert (ledger.order("led-000001")["status"], ledger.order("led-000001")["pending"]) == (
        "filled",
        None,
    )


def test_damaged_lines_are_listed_and_the_others_recorded(
    ledger: Ledger, samples: Path, tmp_path: Path
) -> None:
    path = log_of(tmp_path, samples, *LIFE)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"44=10.50", b"44=10.51")
    lines[2] = lines[2][:80] + b"\n"
    path.write_bytes(b"logon as DROPCOPY\n" + b"".join(lines))
    told = imported(ledger, "fix", path)
    assert [(row.place, row.field) for row in told.unreadable] == [
        ("line 3", "10"),
        ("line 4", "10"),
    ]
    assert "checksum" in told.unreadable[0].fault and "incomplete" in told.unreadable[1].fault
    assert [fill["fill_id"] for fill in ledger.trades()] == ["E3"]


@pytest.mark.parametrize("separator", ["\x01", "|", "^A"])
def test_logs_show_the_separator_in_their_own_ways(separator: str) -> None:
    text = (
        message([(35, "8"), (11, "C-1"), (58, "said")]).decode("latin-1").replace("\x01", separator)
    )
    assert tags_of(text).get(58) == "said"


def test_a_message_with_a_wrong_checksum_is_refused() -> None:
    text = message([(35, "8"), (11, "C-1"), (44, "10.50")]).decode("latin-1")
    assert tags_of(text).get(44) == "10.50"
    with pytest.raises(InvalidMessage, match="checksum"):
        tags_of(text.replace("44=10.50", "44=10.51"))


def test_fix_4_2_has_executions_and_their_ends_in_other_words(
    ledger: Ledger, tmp_path: Path
) -> None:
    report = [
        (35, "8"),
        (37, "V-1"),
        (11, "C-1"),
        (55, "XYZ"),
        (54, "1"),
        (38, "10"),
        (60, "20260105-10:00:00"),
    ]
    fill = [
        *report,
        (17, "E1"),
        (20, "0"),
        (150, "1"),
        (39, "1"),
        (32, "4"),
        (31, "9.5"),
        (14, "4"),
        (151, "6"),
    ]
    bust = [
        *report,
        (17, "E2"),
        (20, "1"),
        (19, "E1"),
        (150, "1"),
        (39, "0"),
        (14, "0"),
        (151, "10"),
    ]
    path = tmp_path / "old.log"
    path.write_bytes(b"\n".join(message(pairs, "FIX.4.2") for pairs in (fill, bust)))
    imported(ledger, "fix", path)
    assert [fill["state"] for fill in ledger.trades(include_busted=True)] == ["busted"]


def message(pairs: list[tuple[int, Any]], version: str = "FIX.4.4") -> bytes:
    """A message with its length and its checksum, by another library."""
    built = simplefix.FixMessage()
    built.append_pair(8, version)
    for tag, value in pairs:
        built.append_pair(tag, value)
    encoded: bytes = built.encode()
    return encoded


SIDES = {"buy": "1", "sell": "2"}
TIMES = {"day": "0", "gtc": "1", "ioc": "3", "fok": "4", "gtd": "6"}
EXEC_TYPES = {
    "acknowledged": "0", "rejected": "8", "canceled": "4", "expired": "C", "suspended": "9",
    "stopped": "7", "done_for_day": "3", "restated": "D", "replaced": "5", "fill": "F",
    "fill_corrected": "G", "fill_busted": "H",
    "resumed": "0",
}  # fmt: skip
STATES = {"pending_new": "A", "new": "0"}


def spoken(told: dict[str, Any]) -> list[tuple[int, Any]] | None:
    """A message of the ledger in the words of FIX. None if FIX has no word of its own for it."""
    kind, claims = FORMER_WORDS.get(told["type"], told["type"]), told.get("reported", {})
    names = [
        (11, told["client_order_id"]),
        (55, "FIX"),
        (60, told["at"].replace("-", "").replace("T", "-").rstrip("Z")),
    ]
    numbers = [
        (38, claims.get("quantity", told.get("quantity"))),
        (14, claims.get("cum_quantity")),
        (151, claims.get("leaves_quantity")),
    ]
    told_numbers = [(tag, value) for tag, value in numbers if value is not None]
    if kind == "request":
        limit = [(40, "2"), (44, told["limit_price"])] if "limit_price" in told else [(40, "1")]
        tif = [(59, TIMES[told["time_in_force"]])] if "time_in_force" in told else []
        return [(35, "D"), *names, (54, SIDES[told["side"]]), (38, told["quantity"]), *limit, *tif]
    if kind in ("request_cancel", "request_replace", "cancel_rejected", "replace_rejected"):
        request = told.get("request_id") or told["replacement_client_order_id"]
        chain = [(41, told["client_order_id"]), (11, request), *names[1:]]
        terms = [(44, told["limit_price"])] if "limit_price" in told else []
        if kind.startswith("request"):
            return [
                (35, "F" if kind == "request_cancel" else "G"),
                *chain,
                (38, told.get("quantity", "")),
                *terms,
            ]
        return [(35, "9"), *chain, (434, "2" if kind == "replace_rejected" else "1")]
    report: list[tuple[int, Any]] = [(35, "8"), *names, *told_numbers]
    if kind == "status_observed":
        state = {"cancel": "6", "replace": "E"}.get(told.get("pending", "")) or STATES.get(
            told.get("status", "")
        )
        return None if state is None else [*report, (17, "0"), (150, state), (39, state)]
    report += [(150, EXEC_TYPES[kind]), (17, told.get("fill_id", "X"))]
    if kind in ("fill", "fill_corrected"):
        report += [(32, told["quantity"]), (31, told["price"]), (19, told.get("corrects", ""))]
    if kind == "fill_busted":
        report += [(19, told["fill_id"])]
    if kind == "replaced":
        report[1:2] = [(41, told["client_order_id"]), (11, told["replacement_client_order_id"])]
        report = [pair for pair in report if pair[0] != 38] + [(38, told["quantity"])]
        report += [(44, told["limit_price"])] if "limit_price" in told else []
    if told.get("reason") == "duplicate_order":
        report += [(103, "6")]
    return report


@pytest.mark.slow
def test_every_scenario_of_fix_ends_as_the_matrix_says(shared: Path, tmp_path: Path) -> None:
    convert: list[str | Path] = [
        sys.executable,
        shared / "tools" / "fix_cases_to_messages.py",
        shared / "data" / "cases" / "fix_order_state.json",
    ]
    cases = [
        json.loads(line)
        for line in subprocess.run(convert, capture_output=True, check=True).stdout.splitlines()
    ]
    compared = 0
    for case in cases:
        told = [spoken(one) for one in case["messages"]]
        if any(one is None for one in told) or any(
            one["type"] in ("resume", "resumed") for one in case["messages"]
        ):
            continue  # resumed orders are `new` again in FIX, which is an acknowledgement
        path = tmp_path / "case.log"
        path.write_bytes(
            b"\n".join(message([pair for pair in one if pair[1] != ""]) for one in told if one)
        )
        with Ledger.open("memory://") as ledger:
            assert imported(ledger, "fix", path).unreadable == []
            for name, wanted in case["expected"].items():
                row = ledger.order(name)
                found = {
                    field: str(row[field]) if row[field] is not None else None  # type: ignore[literal-required]
                    for field in wanted
                }
                assert found == wanted, (case["id"], case["title"])
                compared += 1
    assert compared > 30


def test_a_file_of_another_kind_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="notes.txt is not a log of FIX messages"):
        imported(ledger, "fix", written(tmp_path, "notes.txt", "nothing of FIX\n"))


@pytest.mark.parametrize(
    ("pairs", "fees"),
    [
        ([(12, "1.5"), (13, "3"), (15, "USD")], {"USD": "1.5"}),
        ([(12, "1.5"), (13, "3"), (15, "USD"), (479, "EUR")], {"EUR": "1.5"}),
        ([(12, "1.5"), (13, "3"), (15, "USD"), (136, 1), (137, "0.5"), (138, "EUR")], {}),
        ([(12, "1.5"), (13, "3"), (15, "USD"), (136, 1), (137, "0.5")], {"USD": "2"}),
        ([(12, "1.5"), (13, "2"), (15, "USD")], {}),
    ],
)
def test_a_commission_without_a_currency_is_in_that_of_the_trade(
    ledger: Ledger, tmp_path: Path, pairs: list[tuple[int, Any]], fees: dict[str, str]
) -> None:
    known = [(35, "8"), (37, "V1"), (11, "C-1"), (17, "E1"), (150, "F"), (39, "2"), (55, "XYZ")]
    known += [(54, "1"), (38, "10"), (32, "10"), (31, "5"), (151, "0"), (14, "10"), (6, "5")]
    path = tmp_path / "session.log"
    path.write_bytes(message([*known, (60, "20260504-13:30:01.001"), *pairs]) + b"\n")
    told = imported(ledger, "fix", path)
    assert told.is_whole, told.unreadable
    assert ledger.order("C-1", account=ACCOUNT)["fees"] == fees


def fix(*pairs: str) -> list[Any]:
    tags = Tags([(int(tag), value) for tag, _, value in (pair.partition("=") for pair in pairs)])
    return translated(tags, ObjectContext(account=ACCOUNT, at=None, instruments={}, evidence={}))


NEW_ORDER = ("35=D", "11=C-1", "55=XYZ", "54=1", "60=20260504-13:30:00")


@pytest.mark.parametrize(
    ("pairs", "terms"),
    [
        (("152=500", "40=1"), {"quote_quantity": 500, "quantity": None}),
        (("38=10", "40=2", "44=5", "111=2"), {"display_quantity": 2}),
        (("38=10", "40=2", "44=5", "1138=0"), {"display_quantity": 0}),
        (("38=10", "40=J", "1102=7"), {"order_type": "take_profit", "stop_price": 7}),
        (
            ("38=10", "40=P", "1094=8", "211=-2.5", "836=4", "1107=2"),
            {
                "order_type": "trailing_stop",
                "trail_offset": Decimal("2.5"),
                "trail_offset_type": "percent",
                "trigger_source": "last",
            },
        ),
        (("38=10", "40=P", "1094=8", "211=3", "836=2"), {"trail_offset": None}),
        (("38=10", "40=P", "1094=4", "211=3"), {"order_type": "other", "trail_offset": None}),
    ],
)
def test_terms_of_few_orders_are_read(pairs: tuple[str, ...], terms: dict[str, Any]) -> None:
    request, _ = fix(*NEW_ORDER, *pairs)
    assert {name: getattr(request, name) for name in terms} == terms
