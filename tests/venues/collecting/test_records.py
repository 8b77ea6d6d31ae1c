"""What adapters ask the ledger: the answers of the log, at once, are those of the views."""

from collections.abc import Iterator
from typing import Any

import pytest

from orderledger import Ledger, parse_document
from orderledger.venues.base.registry import adapters, installed
from orderledger.venues.base.venue import ManyRecords, Records
from orderledger.venues.collecting.records import records_of
from orderledger.venues.reconciliation.book import BookRecords
from tests.scenarios import ACCOUNT, at, fill, message, request

CLOID = "0x" + "c1".zfill(32)
ALIASES = {"hyperliquid.cloid": CLOID, "lighter.client_order_index": "8127", "tradier.tag": "T-1"}
LEG = {"tradier.leg_id.77": "77"}


def reported(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "acknowledged", "account": ACCOUNT, "venue_order_id": name, "at": at(9), **more}


@pytest.fixture
def ledger(durable_store_url: str) -> Iterator[Ledger]:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        yield ledger


@pytest.fixture
def records(ledger: Ledger, durable_store_url: str) -> Iterator[Records]:
    with records_of(durable_store_url, ledger, adapters(installed())) as records:
        yield records


def record(ledger: Ledger, *documents: dict[str, Any]) -> None:
    outcomes = ledger.record_many(parse_document(document) for document in documents)
    assert [outcome.outcome for outcome in outcomes] == ["recorded"] * len(documents)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["\ud800", "\x00", "C-1\x00", "C-1\n", "", "7" * 5000, "é"])
def test_a_name_that_nothing_bears_is_no_fault_of_the_store(
    name: str, ledger: Ledger, records: Records
) -> None:
    record(ledger, request())
    assert (records.order(ACCOUNT, name), records.trades(ACCOUNT, name)) == (None, [])


@pytest.mark.slow
def test_an_order_is_found_by_every_name_the_venue_may_use(
    ledger: Ledger, records: Records
) -> None:
    record(
        ledger,
        request(aliases=ALIASES),
        message("submit"),
        message("acknowledged", venue_order_id="V-1", aliases=LEG),
    )
    record(
        ledger, fill("F-1", "4", at=at(5), venue_order_id="V-1", instrument="BTC-USD", side="buy")
    )
    names = ["C-1", "V-1", CLOID, "8127", "T-1", "77"]
    found = [records.order(ACCOUNT, name) for name in names]
    assert found == [ledger.order("C-1")] * len(names)
    assert [
        records.order(account, name) for account, name in ((ACCOUNT, "V-2"), ("other:main", "V-1"))
    ] == [None, None]
    assert isinstance(records, ManyRecords)
    of_ours = {name: ledger.order("C-1") for name in (CLOID, "C-1")}
    assert (
        records.orders_named(ACCOUNT, [CLOID, "C-1", "C-2"], alias="hyperliquid.cloid") == of_ours
    )
    assert records.orders_named(ACCOUNT, [CLOID], alias="tradier.tag") == {}


def test_an_order_is_found_by_what_was_shown_to_be_it_before_it_was_shown_to_be_another(
    ledger: Ledger, records: Records
) -> None:
    told = fill("F-1", "1", at=at(2), instrument="BTC-USD", side="buy")
    record(
        ledger,
        told | {"client_order_id": "C-3"},
        told | {"client_order_id": "C-2", "venue_order_id": "V-1"},
    )
    record(ledger, reported("V-1", client_order_id="C-3"))  # C-2 is C-3
    record(
        ledger, request(aliases=ALIASES), reported("V-1", aliases={"tradier.tag": "T-1"})
    )  # which is C-1
    assert [records.order(ACCOUNT, name) for name in ("C-2", "C-3", "V-1")] == [
        ledger.order("C-1")
    ] * 3


def test_its_standing_fills_are_those_of_the_view(ledger: Ledger, records: Records) -> None:
    record(ledger, reported("V-1"), reported("V-2"))
    terms: dict[str, Any] = {"client_order_id": None, "instrument": "BTC-USD", "side": "buy"}
    record(
        ledger,
        *(
            fill(f"F-{n}", "1", at=at(n), venue_order_id=f"V-{1 + n % 2}", **terms)
            for n in range(4)
        ),
    )
    record(
        ledger, message("fill_busted", client_order_id=None, venue_order_id="V-1", fill_id="F-2")
    )
    assert [row["fill_id"] for row in records.trades(ACCOUNT, "V-1")] == ["F-0"]
    for name in ("V-1", "V-2", "V-3"):
        assert records.trades(ACCOUNT, name) == BookRecords(ledger).trades(ACCOUNT, name)


def test_the_standing_fills_of_an_order_are_those_under_all_its_ids(
    ledger: Ledger, records: Records
) -> None:
    terms: dict[str, Any] = {"client_order_id": None, "instrument": "BTC-USD", "side": "buy"}
    record(
        ledger,
        reported("V-1", aliases={"hyperliquid.cloid": CLOID}),
        reported("V-2", aliases={"hyperliquid.cloid": CLOID}),
    )
    record(
        ledger,
        *(
            fill(f"F-{n}", "1", at=at(n), venue_order_id=f"V-{1 + n % 2}", **terms)
            for n in range(4)
        ),
    )
    record(
        ledger, message("fill_busted", client_order_id=None, venue_order_id="V-1", fill_id="F-2")
    )
    order = records.order(ACCOUNT, CLOID)
    assert order is not None and isinstance(records, ManyRecords)
    assert {row["fill_id"] for row in records.trades_of(order)} == {"F-0", "F-1", "F-3"}
    assert records.trades_of(order) == ledger.trades(stream=order["stream"])
    record(ledger, request(aliases=ALIASES))
    adopted = records.order(ACCOUNT, CLOID)
    assert adopted is not None and adopted["client_order_id"] == "C-1"
    assert records.trades_of(adopted) == ledger.trades(stream=adopted["stream"]) != []


def test_an_unknown_order_that_turned_out_to_be_ours_is_found_as_ours(
    ledger: Ledger, records: Records
) -> None:
    """Behaviour 11"""
    record(ledger, reported("V-1"), request(), message("acknowledged", venue_order_id="V-1"))
    found = records.order(ACCOUNT, "V-1")
    assert found is not None and found["client_order_id"] == "C-1"
    assert found == ledger.order("C-1")


def test_what_was_just_recorded_is_found_though_no_view_has_it_yet(
    ledger: Ledger, records: Records
) -> None:
    record(ledger, reported("V-1"))
    assert ledger.status()["views_position"] == 0
    found = records.order(ACCOUNT, "V-1")
    assert found is not None and found["status"] == "new"
    assert ledger.status()["views_position"] == 0


def test_a_store_in_memory_is_asked_through_its_ledger() -> None:
    with (
        Ledger.open("memory://", update_views=False) as ledger,
        records_of("memory://", ledger, []) as records,
    ):
        record(ledger, reported("V-1"))
        assert records.order(ACCOUNT, "V-1") == ledger.order("V-1")
