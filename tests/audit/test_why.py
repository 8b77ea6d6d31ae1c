"""A figure is the sum of its parts: on random ledgers, recomputed with fractions and compared with
the oracle."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given

from orderledger import Ledger, UnknownOrder, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.projections.positions import Method
from tests.audit.odd_orders import ODD_ORDERS, SetClock, record
from tests.auditor import Auditor, differences
from tests.command_line import run
from tests.core.contract.streams import fill, of_account, parsed, request
from tests.core.properties.accounts import account_story, event_story
from tests.core.properties.checks import ACCOUNTS, RECORDED_AT
from tests.core.properties.profiles import many, quick
from tests.core.properties.stories import Story, stories
from tests.seeds import of_seeds

METHODS = get_args(Method)


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://", clock=SteppingClock(RECORDED_AT), update_views=False) as opened:
        yield opened


def sums(parts: list[Any], field: str = "amount") -> dict[str, dict[str, Fraction]]:
    """The amounts added up: figure -> currency -> sum."""
    added: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for part in parts:
        if part[field] is not None:
            added[part["figure"]][part["currency"] or ""] += Fraction(part[field])
    return added


def exact(amounts: dict[str, Any]) -> dict[str, Fraction]:
    return {currency: Fraction(amount) for currency, amount in amounts.items()}


def check_pnl(ledger: Ledger, row: Any, method: Method, **when: Any) -> None:
    """Every figure of one row of `pnl`."""
    account, instrument = row["account"], row["instrument"]
    part = {name: row[name] for name in ("position_side", "position_id")}
    found = ledger.audit.why(
        "pnl", account=account, instrument=instrument, **part, method=method, **when
    )
    assert found["figures"] == {
        name: value
        for name, value in row.items()
        if name not in ("account", "instrument", "method")
    }
    check_rounding(found["parts"])
    added = sums(found["parts"])
    assert sum(added["realized_pnl"].values()) == Fraction(row["realized_pnl"])
    assert sum(added["unrealized_pnl"].values()) == Fraction(row["unrealized_pnl"] or 0)
    for figure in ("fees", "funding"):
        assert dict(added[figure]) == exact(row[figure])
    if row["net_pnl"] is not None:
        net = sums(found["parts"], "net_amount")
        assert sum(amount for amounts in net.values() for amount in amounts.values()) == Fraction(
            row["net_pnl"]
        )
    assert {part["name"] for part in found["parts"] if part["position"] is not None} <= {
        "fill_recorded.v1", "fill_corrected.v1", "funding_recorded.v1", "position_adjusted.v1",
        "mark_recorded.v1", "instrument_split.v1", "instrument_settled.v1",
    }  # fmt: skip


def check_rounding(parts: list[Any]) -> None:
    """A part for what rounding changes hides no amount: it is beyond the 33rd digit of the largest
    part."""
    amounts = [
        abs(Fraction(part[name]))
        for part in parts
        for name in ("amount", "net_amount")
        if part[name] is not None
    ]
    for part in parts:
        if part["part"] == "rounding":
            rest = part["amount"] if part["net_amount"] is None else part["net_amount"]
            assert abs(Fraction(rest)) <= max(amounts) / 10**33 + Fraction(1, 10**39), part


def check_position(ledger: Ledger, row: Any, method: Method) -> None:
    """The quantity and the cost of one row of `positions`."""
    found = ledger.audit.why(
        "position", account=row["account"], instrument=row["instrument"], method=method
    )
    added = sums(found["parts"])
    assert sum(added["position_quantity"].values()) == Fraction(row["position_quantity"])
    assert sum(added["cost"].values()) == Fraction(found["figures"]["cost"])


def check_order(ledger: Ledger, row: Any) -> None:
    order_id = (
        row["client_order_id"] or row["venue_order_id"] or next(iter(row["aliases"].values()))
    )
    found = ledger.audit.why("order", order_id=order_id, account=row["account"])
    added = sums(found["parts"])
    assert dict(added["fees"]) == exact(row["fees"])
    for number, leg in enumerate(row["legs"] or ()):
        filled = sum(added[f"leg_{number}_quantity"].values())
        assert filled == Fraction(leg["filled_quantity"])
    if row["legs"] is None:
        assert sum(added["cum_quantity"].values()) == Fraction(row["cum_quantity"])
    if row["legs"] is None and row["average_price"] is not None:
        average = sum(added["notional"].values()) / Fraction(row["cum_quantity"])
        assert abs(average - Fraction(row["average_price"])) <= average * Fraction(1, 10**33)
    terms = {part["figure"]: part["value"] for part in found["parts"] if part["part"] == "term"}
    assert all(row[name] == value for name, value in terms.items())


def check_story(ledger: Ledger, story: Story) -> None:
    """Every figure of every view is the sum of its parts, and the figure is the oracle's."""
    account, auditor = f"sim:{next(ACCOUNTS)}", Auditor()
    for message in story.messages:
        auditor.offer({**message, "account": account}, RECORDED_AT)
        ledger.record(parse_document({**message, "account": account}))
    for method in METHODS:
        rows = ledger.pnl(method=method, account=account)
        for row, expected in zip(rows, auditor.pnl(method), strict=True):
            check_pnl(ledger, row, method)
            assert differences(expected, row, list(expected)) == []
        for held in ledger.positions(method=method, account=account):
            check_position(ledger, held, method)
    for order in ledger.orders(account=account):
        check_order(ledger, order)


@pytest.mark.slow
@quick
@given(story=stories())
def test_parts_add_up_to_their_figure_on_random_ledgers(ledger: Ledger, story: Story) -> None:
    check_story(ledger, story)


@pytest.mark.long
@many
@given(story=stories())
def test_parts_add_up_to_their_figure_on_many_random_ledgers(ledger: Ledger, story: Story) -> None:
    check_story(ledger, story)


@of_seeds
@pytest.mark.parametrize("tell", [account_story, event_story])
def test_parts_add_up_in_accounts_with_fees_in_several_coins(
    seeds: range, tell: Callable[[Random], list[dict[str, Any]]]
) -> None:
    for seed in seeds:
        with Ledger.open(
            "memory://", clock=SteppingClock(RECORDED_AT), update_views=False
        ) as ledger:
            for message in tell(Random(seed)):
                ledger.record(parse_document({**message, "account": "sim:main"}))
            for row in ledger.pnl():
                if row["realized_pnl"] is not None:
                    check_pnl(ledger, row, "average")


def test_each_fee_of_a_fill_is_a_part_with_the_worth_of_its_time(store_url: str) -> None:
    """The fee in the coin at the price of the fill, that in a third coin at the mark before it."""
    fees = [
        {"currency": "BTC", "amount": "0.01", "kind": "commission"},
        {"currency": "BNB", "amount": "0.2", "kind": "exchange"},
        {"currency": "USDT", "amount": "0.5", "kind": "tax"},
    ]
    spot = {"kind": "spot", "quote": "USDT"}
    with Ledger.open(store_url, update_views=False) as ledger:
        ledger.record_many(
            parsed(
                of_account("instrument", 0, instrument="BTC/USDT", base="BTC", **spot),
                of_account("instrument", 0, instrument="BNB/USDT", base="BNB", **spot),
                of_account("mark", 1, instrument="BNB/USDT", price="300"),
                request("C-1", 2, instrument="BTC/USDT"),
                fill("C-1", "F-1", 3, instrument="BTC/USDT", quantity="1", price="100", fees=fees),
                of_account("mark", 4, instrument="BNB/USDT", price="900"),
            )
        )
        found = ledger.audit.why("pnl", account="sim:main", instrument="BTC/USDT")
        (order,) = ledger.orders()
        check_order(ledger, order)
    assert [
        (part["currency"], part["amount"], part["net_amount"])
        for part in found["parts"]
        if part["part"] == "fee"
    ] == [
        ("BNB", Decimal("0.2"), Decimal(-60)),
        ("BTC", Decimal("0.01"), Decimal(-1)),
        ("USDT", Decimal("0.5"), Decimal("-0.5")),
    ]
    assert found["figures"]["net_pnl"] == Decimal("-61.5")


def test_a_fee_in_the_base_of_a_perpetual_counts(store_url: str) -> None:
    """A perpetual moves no coin: a fee in its base has the rate of its time."""
    with Ledger.open(store_url, update_views=False) as ledger:
        ledger.record_many(
            parsed(
                of_account(
                    "instrument", 0, instrument="BTC-PERP", base="BTC", settlement="USDT",
                    kind="margined",
                ),
                of_account(
                    "instrument", 0, instrument="BTC/USDT", kind="spot", base="BTC", quote="USDT"
                ),
                of_account("mark", 1, instrument="BTC/USDT", price="200"),
                request("C-1", 2, instrument="BTC-PERP"),
                fill(
                    "C-1", "F-1", 3, instrument="BTC-PERP", quantity="1", price="100", fee="0.01",
                    fee_currency="BTC",
                ),
            )
        )  # fmt: skip
        (row,) = ledger.pnl(account="sim:main")
        assert row["net_pnl"] == Decimal(-2)
        check_pnl(ledger, row, "average")


def a_third(**fields: Any) -> list[dict[str, Any]]:
    """A position that was bought at prices whose average has no end, a part of which is sold.
    Funded, marked, paid in two currencies."""
    terms = {"multiplier": "3", "currency": "USD", **fields}
    return [
        of_account("instrument", 0, instrument="BTC-USD", **terms),
        of_account("mark", 1, price="300", instrument="BNB-USD"),
        of_account("mark", 2, price="105", instrument="BTC-USD"),
        request("C-1", 0),
        fill("C-1", "F-1", 3, quantity="1", price="100", fee="0.01", fee_currency="BNB"),
        fill("C-1", "F-2", 4, quantity="2", price="101", fee="0.3"),
        request("C-2", 5, side="sell"),
        fill("C-2", "F-3", 6, side="sell", quantity="1.1", price="103"),
        of_account("funding", 7, amount="-0.7", currency="USD", instrument="BTC-USD"),
        of_account("adjust", 8, quantity="5", price="99", reason="corrected", instrument="BTC-USD"),
        fill("C-2", "F-4", 9, side="sell", quantity="0.7", price="98"),
        of_account("mark", 60, price="110", instrument="BTC-USD", evidence={"from": "feed"}),
    ]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("terms", [{}, {"inverse": True}], ids=["linear", "inverse"])
def test_rounded_amounts_add_up_too(store_url: str, method: Method, terms: dict[str, Any]) -> None:
    with Ledger.open(store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*a_third(**terms)))
        for row in ledger.pnl(method=method):
            check_pnl(ledger, row, method)
            check_position(ledger, row, method)


def test_parts_are_events_and_events_have_evidence(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "a.db", update_views=False, synchronous="OFF") as ledger:
        ledger.record_many(parsed(*a_third()))
        plain = ledger.audit.why("pnl", account="sim:main", instrument="BTC-USD")
        found = ledger.audit.why("pnl", account="sim:main", instrument="BTC-USD", has_evidence=True)
        events = {event["position"]: event for event in ledger.events()}
    (mark,) = [part for part in found["parts"] if part["part"] == "value at the mark"]
    assert (mark["price"], mark["at"], mark["evidence"]) == (
        Decimal(110),
        events[mark["position"] or 0]["at"],
        {"from": "feed"},
    )
    assert all(part["evidence"] is None for part in plain["parts"])
    for part in found["parts"]:
        if part["position"] is not None:
            event = events[part["position"]]
            assert (part["name"], part["recorded_at"], part["source"]) == (
                event["name"],
                event["recorded_at"],
                event["source"],
            )


def test_parts_as_of_another_time_are_those_of_that_time(store_url: str) -> None:
    with Ledger.open(store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*a_third()))
        happened = parsed(request("C-9", 5.5))[0].at
        whens: tuple[dict[str, Any], ...] = ({"as_of": 6}, {"effective_at": happened})
        for when in whens:
            for row in ledger.pnl(**when):
                check_pnl(ledger, row, "average", **when)
                assert row["fills"] == 2


def test_the_terms_of_an_order_name_the_events_that_gave_them(tmp_path: Path) -> None:
    clock = SetClock()
    with Ledger.open(
        tmp_path / "a.db", clock=clock, update_views=False, synchronous="OFF"
    ) as ledger:
        record(
            lambda message: ledger.record(parse_document(message)),
            clock,
            ODD_ORDERS["replaced_by_less"],
        )
        found = ledger.audit.why("order", order_id="C-1")
    given = {
        part["figure"]: (part["value"], part["position"])
        for part in found["parts"]
        if part["part"] == "term"
    }
    assert given["quantity"] == (Decimal(6), 6)
    assert given["limit_price"] == (Decimal(100), 1)
    assert given["status"] == ("filled", 6)
    assert given["average_price"] == (Decimal(100), 4)


def test_the_command_prints_the_parts_and_then_the_figures(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "a.db", update_views=False, synchronous="OFF") as ledger:
        ledger.record_many(parsed(*a_third()))
    asked = (
        "why",
        "pnl",
        "--db",
        tmp_path / "a.db",
        "--account",
        "sim:main",
        "--instrument",
        "BTC-USD",
        "--method",
        "fifo",
    )
    done = run(*asked, "--json")
    *parts, last = map(json.loads, done.out.splitlines())
    assert done.status == 0
    assert sum(Fraction(part["net_amount"] or 0) for part in parts) == Fraction(
        last["summary"]["figures"]["net_pnl"]
    )
    people = run(*asked)
    assert people.status == 0
    assert " parts" in people.out
    assert "net pnl" in people.out


@pytest.mark.parametrize(
    ("asked", "status", "fault"),
    [
        (("pnl",), 2, "pnl needs an account and an instrument"),
        (("order",), 2, "an order needs its id"),
        (("pnl", "C-1", "--account", "a", "--instrument", "b"), 2, "pnl takes no order id"),
        (
            ("pnl", "--account", "sim:main", "--instrument", "DOGE"),
            1,
            "nothing is recorded of DOGE in sim:main",
        ),
        (("order", "nowhere"), 1, "nowhere"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(
    tmp_path: Path, asked: tuple[str, ...], status: int, fault: str
) -> None:
    with Ledger.open(tmp_path / "a.db", update_views=False, synchronous="OFF") as ledger:
        ledger.record_many(parsed(*a_third()))
        with pytest.raises(UnknownOrder):
            ledger.audit.why("order", order_id="nowhere")
    done = run("why", *asked, "--db", tmp_path / "a.db")
    assert (done.status, fault in done.err) == (status, True), done.err
