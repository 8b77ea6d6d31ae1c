"""New names of instruments, by which facts choose theirs by their time; and settlements that are
busted."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from orderledger import InvalidMessage, Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock

ACCOUNT = "ib:U1"
RENAMED = "2022-06-09T00:00:00Z"


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    clock = SteppingClock(datetime.fromisoformat("2022-07-01T00:00:00Z"))
    with Ledger.open(store_url, clock=clock, update_views=False) as ledger:
        yield ledger


def record(ledger: Ledger, *messages: dict[str, Any]) -> None:
    for message in messages:
        ledger.record(parse_document({"account": ACCOUNT, **message}))
        ledger.views.catch_up()
    assert ledger.views.check().differences == ()


def rename(
    old: str = "FB", new: str = "META", at: str | None = RENAMED, **more: Any
) -> dict[str, Any]:
    return {"type": "rename", "instrument": old, "to": new, "at": at, **more}


def request(name: str, instrument: str, at: str) -> dict[str, Any]:
    terms = {"side": "buy", "quantity": "10", "order_type": "limit", "limit_price": "150"}
    named = {"client_order_id": name, "instrument": instrument, "at": at}
    return {"type": "request", "time_in_force": "gtc", **terms, **named}


def fill(name: str, number: int, at: str, **more: Any) -> dict[str, Any]:
    numbers = {"fill_id": f"F-{number}", "quantity": "2", "price": "150"}
    return {"type": "fill", "client_order_id": name, "at": at, **numbers, **more}


def test_an_order_from_before_goes_on_under_the_new_name(ledger: Ledger) -> None:
    """Its fills, also those that do not name an instrument, and what it may still fill."""
    record(
        ledger,
        request("C-1", "FB", "2022-06-01T00:00:00Z"),
        fill("C-1", 1, "2022-06-02T00:00:00Z"),
        rename(),
        fill("C-1", 2, "2022-06-10T00:00:00Z"),
        fill("C-1", 3, "2022-06-11T00:00:00Z", instrument="META"),
        fill("C-1", 4, "2022-06-03T00:00:00Z", instrument="FB", side="buy"),
    )
    trades = ledger.trades()
    assert {row["instrument"] for row in trades} == {"META"}
    assert [row["former_name"] for row in trades] == ["FB", "FB", "FB", None]
    (row,) = ledger.positions()
    assert (row["instrument"], row["position_quantity"]) == ("META", Decimal(8))
    (exposed,) = ledger.exposure()
    assert exposed["instrument"] == "META"
    assert exposed["position_quantity_most"] == Decimal(10)
    (order,) = ledger.open_orders()
    assert order["instrument"] == "FB"  # as it was sent


def test_the_old_name_is_another_instrument_from_then_on(ledger: Ledger) -> None:
    record(
        ledger,
        {"type": "instrument", "instrument": "FB", "multiplier": "5", "at": "2000-01-01T00:00:00Z"},
        {"type": "mark", "instrument": "FB", "price": "170", "at": "2022-06-08T00:00:00Z"},
        {"type": "balance", "instrument": "FB", "quantity": "2", "at": "2022-06-08T00:00:00Z"},
        request("C-1", "FB", "2022-06-10T00:00:00Z"),
        fill("C-1", 1, "2022-06-10T00:00:00Z"),
        rename(),
        {"type": "mark", "instrument": "FB", "price": "9", "at": "2022-06-12T00:00:00Z"},
    )
    held = [(row["instrument"], row["position_quantity"]) for row in ledger.positions()]
    assert held == [("FB", Decimal(2)), ("META", Decimal(0))]
    defined = {row["instrument"]: row for row in ledger.instruments()}
    assert defined["META"]["multiplier"] == Decimal(5)
    assert defined["META"]["mark_price"] == Decimal(170)
    (report,) = defined["META"]["reported_positions"] or [{}]
    assert (report["former_name"], report["quantity"]) == ("FB", "2")
    assert defined["FB"]["multiplier"] is None
    assert defined["FB"]["mark_price"] == Decimal(9)
    marks = {(row["instrument"], row["former_name"]) for row in ledger.marks()}
    assert marks == {("META", "FB"), ("FB", None)}


RENAMES = (
    rename("A", "B", "2022-06-02T00:00:00Z"),
    rename("B", "C", "2022-06-04T00:00:00Z"),
    rename("A", "B", "2022-06-06T00:00:00Z"),
)


@pytest.mark.parametrize("order", [*permutations(range(6))][::31], ids=str)
def test_a_name_that_returns_in_any_order_of_arrival(
    ledger: Ledger, order: tuple[int, ...]
) -> None:
    """A is renamed to B, B to C; another A is renamed to another B."""
    fills = [
        fill(f"V-{n}", n, f"2022-06-0{day}T00:00:00Z", instrument=name, side="buy")
        for n, (name, day) in enumerate((("A", 1), ("A", 3), ("B", 3)))
    ]
    messages = [*RENAMES, *fills]
    for number in order:
        ledger.record(parse_document({"account": ACCOUNT, **messages[number]}))
        ledger.views.catch_up()
    held = {row["instrument"]: row["position_quantity"] for row in ledger.positions()}
    assert held == {"C": Decimal(4), "B": Decimal(2)}
    assert ledger.views.check().differences == ()
    assert ledger.views.rebuild(["trades", "positions", "instruments"]).is_equal


def test_one_rename_is_one_fact_and_a_name_becomes_another(ledger: Ledger) -> None:
    outcomes = [
        ledger.record(parse_document({"account": ACCOUNT, **one})).outcome
        for one in (rename(), rename(), rename(message_id="M-1"), rename(message_id="M-1"))
    ]
    assert outcomes == ["recorded", "duplicate", "duplicate", "duplicate"]
    (row,) = ledger.log.account_events()
    assert (row["kind"], row["instrument"], row["former_name"]) == ("rename", "META", "FB")
    for wrong, field in ((rename(new="FB"), "to"), (rename(at=None), "at"), (rename(new=""), "to")):
        with pytest.raises(InvalidMessage) as raised:
            ledger.record(parse_document({"account": ACCOUNT, **wrong}))
        assert str(raised.value).startswith(field)


def test_a_settlement_and_what_it_delivers_are_renamed(ledger: Ledger) -> None:
    leg = {"instrument": "FB", "side": "buy", "quantity": "100", "price": "50"}
    option = {"instrument": "FB C", "kind": "option", "quote": "USD", "multiplier": "100"}
    at = "2022-06-01T00:00:00Z"
    record(
        ledger,
        {"type": "instrument", **option, "at": "2000-01-01T00:00:00Z"},
        {"type": "instrument", "instrument": "FB", "quote": "USD", "at": "2000-01-01T00:00:00Z"},
        fill("V-1", 1, "2022-05-01T00:00:00Z", instrument="FB C", side="buy"),
        {
            "type": "settle", "instrument": "FB C", "kind": "exercise", "price": "0", "at": at,
            "into": leg, "premium": "carry",
        },
        rename(),
        rename("FB C", "META C"),
    )  # fmt: skip
    rows = {row["kind"]: row for row in ledger.log.account_events() if row["kind"] != "rename"}
    assert rows["settle"]["terms"]["into"] == "META"  # type: ignore[index]
    assert rows["delivery"]["terms"]["of"] == "META C"  # type: ignore[index]
    lots = [(row["instrument"], row["cost"]) for row in ledger.lots()]
    assert lots == [("META", Decimal(35_000))]  # 100 at 50, and 2 * 150 * 100 of premium


def test_a_busted_fill_before_the_rename_is_in_no_curve(ledger: Ledger) -> None:
    record(
        ledger,
        {"type": "instrument", "instrument": "FB", "quote": "USD", "at": "2000-01-01T00:00:00Z"},
        fill("V-1", 1, "2022-06-01T00:00:00Z", instrument="FB", side="buy"),
        {
            "type": "fill_busted", "client_order_id": "V-1", "fill_id": "F-1",
            "at": "2022-06-20T00:00:00Z",
        },
        rename(),
        {"type": "mark", "instrument": "META", "price": "160", "at": "2022-06-10T00:00:00Z"},
    )  # fmt: skip
    curve = [row["equity"] for row in ledger.equity()]
    assert curve[-2:] == [Decimal(20), Decimal(0)]
    assert (
        ledger.pnl(effective_at=datetime.fromisoformat("2022-06-08T00:00:00Z"))[0]["instrument"]
        == "FB"
    )


def settled(**more: Any) -> dict[str, Any]:
    leg = {"instrument": "FB", "side": "buy", "quantity": "100", "price": "50"}
    return {
        "type": "settle", "instrument": "FB C", "kind": "exercise", "price": "0",
        "at": "2022-06-01T00:00:00Z", "message_id": "S-1", "premium": "carry", "into": leg, **more,
    }  # fmt: skip


BUST = {
    "type": "settlement_busted", "instrument": "FB C", "settlement_id": "S-1",
    "at": "2022-06-05T00:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize("order", [*permutations(range(3))], ids=str)
def test_a_busted_settlement_never_was(ledger: Ledger, order: tuple[int, ...]) -> None:
    bought = fill("V-1", 1, "2022-05-01T00:00:00Z", instrument="FB C", side="buy")
    messages = [bought, settled(), BUST]
    record(ledger, *(messages[number] for number in order))
    held = [(row["instrument"], row["position_quantity"]) for row in ledger.positions()]
    assert [one for one in held if one[1]] == [("FB C", Decimal(2))]
    assert ledger.lots()[0]["price"] == Decimal(150)
    before = ledger.positions(effective_at=datetime.fromisoformat("2022-06-02T00:00:00Z"))
    assert {row["instrument"]: row["position_quantity"] for row in before} == {
        "FB": Decimal(100),
        "FB C": Decimal(0),
    }
    record(ledger, settled(message_id="S-2", at="2022-06-06T00:00:00Z"))
    assert {row["instrument"] for row in ledger.positions() if row["position_quantity"]} == {"FB"}


def test_a_bust_names_the_settlement_of_its_instrument(ledger: Ledger) -> None:
    bought = fill("V-1", 1, "2022-05-01T00:00:00Z", instrument="FB C", side="buy")
    record(ledger, bought, settled(), {**BUST, "instrument": "FB"}, {**BUST, "settlement_id": "S"})
    assert {row["instrument"] for row in ledger.positions() if row["position_quantity"]} == {"FB"}
    record(ledger, rename("FB C", "META C"), {**BUST, "at": "2022-06-08T00:00:00Z"})
    assert {row["instrument"] for row in ledger.positions() if row["position_quantity"]} == {
        "META C"
    }


def split(name: str, at: str) -> dict[str, Any]:
    return {"type": "split", "instrument": name, "ratio": [2, 1], "at": at}


def found(ledger: Ledger) -> list[tuple[str, str | None, str]]:
    rows = ledger.anomalies(code="terms_before_split")
    return [(row["code"], row["client_order_id"], row["detail"]) for row in rows]


def test_open_orders_from_before_a_split_are_an_anomaly_until_the_venue_reports(
    ledger: Ledger,
) -> None:
    record(
        ledger,
        request("C-1", "FB", "2022-06-01T00:00:00Z"),
        request("C-2", "FB", "2022-06-01T00:00:00Z"),
        request("C-3", "FB", "2022-06-12T00:00:00Z"),
        split("FB", "2022-06-05T00:00:00Z"),
    )
    both = "C-1, C-2: from before the split of FB"
    assert found(ledger) == [("terms_before_split", None, both)]
    restated = {
        "type": "restated", "client_order_id": "C-1", "quantity": "20", "limit_price": "75",
        "reason": "split", "at": "2022-06-05T08:00:00Z",
    }  # fmt: skip
    record(ledger, restated, rename())
    second = "C-2: from before the split of META"
    assert found(ledger) == [("terms_before_split", "C-2", second)]
    canceled = {"type": "canceled", "client_order_id": "C-2", "at": "2022-06-05T09:00:00Z"}
    record(ledger, canceled)
    assert found(ledger) == []


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_of_settlements_with_one_id_the_earliest_counts(order: tuple[int, ...]) -> None:
    """Two sources may report one settlement with other fees, one under a former name."""
    leg = {"instrument": "GOODS", "side": "buy", "quantity": "2", "price": "100"}
    first = {"type": "settle", "instrument": "FB", "kind": "exercise", "price": "0", "into": leg}
    first |= {"quantity": "1", "at": "2022-06-07T00:00:00Z", "message_id": "E-1"}
    fee = {"fees": [{"currency": "USD", "amount": "3", "kind": "commission"}]}
    other = {**first, **fee, "instrument": "META", "at": "2022-06-10T00:00:00Z"}
    facts = [fill("C-1", 1, "2022-06-02T00:00:00Z", instrument="FB", side="buy")]
    facts += [first, other, rename()]
    with Ledger.open("memory://") as ledger:
        record(ledger, *(facts[number] for number in order))
        held = {row["instrument"]: row["position_quantity"] for row in ledger.positions()}
        assert held == {"META": 1, "GOODS": 2}
        (found,) = (one for one in ledger.anomalies() if one["code"] == "message_id_reused")
        assert "settlement E-1" in found["detail"]
