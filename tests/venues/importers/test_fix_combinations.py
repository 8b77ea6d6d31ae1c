"""Combinations in FIX logs: NewOrderMultileg, its replace, and reports about legs and the whole."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from orderledger import Ledger
from orderledger.venues.importers.fix_instruments import instrument_named
from orderledger.venues.importers.fix_tags import Tags
from orderledger.venues.interop.context import ObjectContext
from tests.venues.importers.importing import ACCOUNT, imported

CALL, PUT = "AAPL261218C00150000", "AAPL261218P00140000"
STRANGLE = (
    *("55=STRANGLE", "167=MLEG", "54=B", "38=5", "40=2", "44=7.5", "555=2"),
    *("600=AAPL", "608=OCASPS", "611=20261218", "612=150", "623=1", "624=1"),
    *("600=AAPL", "608=OPASPS", "611=20261218", "612=140", "623=2", "624=1"),
)
TIME = "60=20261123-15:00:00"
CALL_TERMS = ("55=AAPL", "167=OPT", "200=202612", "205=18", "201=1", "202=150", "54=1")
PUT_TERMS = ("55=AAPL", "167=OPT", "541=20261218", "201=0", "202=140.000", "54=1")
REPORT = ("35=8", "11=C-1", "37=V-1", TIME)
ACCEPTED = (*REPORT, "17=E0", "150=0", "39=0", "442=3", *STRANGLE, "14=0", "151=5", "6=0")


def leg_fill(name: str, terms: tuple[str, ...], quantity: int, price: str) -> tuple[str, ...]:
    figures = (f"32={quantity}", f"31={price}", "14=3", "151=2", "38=5", "6=1")
    return (*REPORT, f"17={name}", "150=F", "39=1", "442=2", *terms, *figures)


def whole_fill(quantity: int, price: str, status: str = "1") -> tuple[str, ...]:
    figures = (f"32={quantity}", f"31={price}", f"14={quantity}", f"151={5 - quantity}")
    return (*REPORT, "17=W1", "150=F", f"39={status}", "442=3", *STRANGLE, *figures)


def log(folder: Path, *messages: tuple[str, ...]) -> Path:
    lines = []
    for number, (kind, *pairs) in enumerate(messages):
        fields = [kind, f"34={number}", *pairs]
        body = "".join(f"{pair}\x01" for pair in fields)
        whole = f"8=FIX.4.4\x019={len(body)}\x01{body}"
        lines.append(f"{whole}10={sum(whole.encode()) % 256:03d}\x01\n")
    path = folder / "session.log"
    path.write_bytes("".join(lines).encode())
    return path


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://") as opened:
        yield opened


REQUEST = ("35=AB", "11=C-1", TIME, *STRANGLE)


def test_a_combination_counts_whole_units_and_the_fills_of_its_legs(
    ledger: Ledger, tmp_path: Path
) -> None:
    told = imported(
        ledger,
        "fix",
        log(
            tmp_path,
            REQUEST,
            ACCEPTED,
            leg_fill("L1", CALL_TERMS, 3, "2.5"),
            whole_fill(3, "7.5"),
            leg_fill("L2", PUT_TERMS, 5, "2.5"),
        ),
    )
    assert told.is_whole
    order = ledger.order("C-1")
    assert (order["quantity"], order["cum_quantity"], order["status"]) == (5, 2, "partially_filled")
    assert [(leg["instrument"], leg["ratio"]) for leg in order["legs"] or ()] == [
        (CALL, 1),
        (PUT, 2),
    ]
    assert order["average_price"] == Decimal("7.5")
    assert [(one["instrument"], one["leg"]) for one in ledger.trades()] == [(CALL, 0), (PUT, 1)]
    assert {one["instrument"]: one["position_quantity"] for one in ledger.positions()} == {
        CALL: 3,
        PUT: 5,
    }
    assert not [one["code"] for one in ledger.anomalies()]


def test_the_package_is_replaced_and_canceled(ledger: Ledger, tmp_path: Path) -> None:
    replace = ("35=AC", "11=C-2", "41=C-1", TIME, *STRANGLE[:3], "38=4", "40=2", "44=7.6")
    replaced = (*REPORT[:1], "11=C-2", "41=C-1", "37=V-1", TIME, "17=E1", "150=5", "39=0")
    canceled = (*REPORT[:1], "11=C-3", "41=C-2", "37=V-1", TIME, "17=E2", "150=4", "39=4")
    messages = [
        REQUEST,
        ACCEPTED,
        replace,
        (*replaced, "442=3", "55=STRANGLE", "54=B", "38=4", "44=7.6"),
        ("35=F", "11=C-3", "41=C-2", TIME, *STRANGLE[:4]),
        (*canceled, "442=3", "55=STRANGLE", "54=B"),
    ]
    assert imported(ledger, "fix", log(tmp_path, *messages[:4])).is_whole
    order = ledger.order("C-1")
    assert (order["quantity"], order["limit_price"]) == (4, Decimal("7.6"))
    assert imported(ledger, "fix", log(tmp_path, *messages)).is_whole
    assert ledger.order("C-1")["status"] == "canceled"
    assert not [one["code"] for one in ledger.anomalies()]


def test_a_net_price_of_zero_is_a_price(ledger: Ledger, tmp_path: Path) -> None:
    even = tuple("44=0" if pair == "44=7.5" else pair for pair in REQUEST)
    imported(ledger, "fix", log(tmp_path, even))
    assert ledger.order("C-1")["limit_price"] == 0


def test_a_drop_copy_of_a_combination_counts_its_legs_once(ledger: Ledger, tmp_path: Path) -> None:
    """Without a request, the order has no legs: its quantity is not stated in their units."""
    path = log(
        tmp_path,
        ACCEPTED,
        leg_fill("L1", CALL_TERMS, 5, "2.5"),
        leg_fill("L2", PUT_TERMS, 10, "2.5"),
        whole_fill(5, "7.5", "2"),
    )
    assert imported(ledger, "fix", path).is_whole
    order = ledger.order("C-1")
    assert (order["origin"], order["status"], order["cum_quantity"]) == ("external", "filled", 15)
    assert {one["instrument"]: one["position_quantity"] for one in ledger.positions()} == {
        CALL: 5,
        PUT: 10,
    }
    assert [one["code"] for one in ledger.anomalies()] == ["unknown_order"]


def test_the_state_of_a_leg_is_counted_and_is_no_state_of_the_order(
    ledger: Ledger, tmp_path: Path
) -> None:
    canceled = (*REPORT, "17=E9", "150=4", "39=4", "442=2", *CALL_TERMS)
    told = imported(ledger, "fix", log(tmp_path, REQUEST, ACCEPTED, canceled))
    assert ledger.order("C-1")["status"] == "new"
    assert [reason for reason in told.left_out if "state of a leg" in reason]


def test_a_damaged_group_is_listed(ledger: Ledger, tmp_path: Path) -> None:
    damaged = tuple("555=3" if pair == "555=2" else pair for pair in REQUEST)
    no_side = tuple("624=7" if pair == "624=1" else pair for pair in REQUEST)
    told = imported(ledger, "fix", log(tmp_path, damaged, no_side))
    assert [row.field for row in told.unreadable] == ["555", "624"]


@pytest.mark.parametrize(
    ("pairs", "name"),
    [
        (CALL_TERMS, CALL),
        (PUT_TERMS, PUT),
        (("55=AAPL", "167=CS"), "AAPL"),
        (("55=AAPL", "200=202612", "201=1", "202=150"), "AAPL"),
        (("55=BTC-28JUL17-5000-C", "202=5000", "201=1", "541=20170728"), "BTC-28JUL17-5000-C"),
        (("55=[N/A]", "48=US0378331005"), "US0378331005"),
        ((), None),
    ],
)
def test_an_option_has_the_name_that_occ_gives_it(pairs: tuple[str, ...], name: str | None) -> None:
    tags = Tags([(int(tag), value) for tag, _, value in (pair.partition("=") for pair in pairs)])
    context = ObjectContext(account=ACCOUNT, at=None, instruments={}, evidence={})
    assert instrument_named(tags, context) == name
