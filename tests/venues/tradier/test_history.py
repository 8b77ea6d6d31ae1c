"""The history of an account: transfers, with days instead of times, and without ids."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger, parse_document
from orderledger.testing import VenueHarness
from orderledger.venues.tradier.translate import TradierRecording
from tests.venues.harness import played

DAY = "2018-10-25T00:00:00Z"


def event(kind: str, amount: Any, **other: Any) -> dict[str, Any]:
    return {"amount": amount, "date": DAY, "type": kind, **other}


def read(*rows: Any) -> Any:
    return TradierRecording("tradier:main").read({"history": {"event": list(rows)}})


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (event("dividend", Decimal("0.12")), ("dividend", "0.12")),
        (event("ach", 500), ("deposit", "500")),
        (event("wire", Decimal("-20.5")), ("withdrawal", "-20.5")),
        (event("interest", Decimal("-0.01")), ("interest", "-0.01")),
        (event("journal", 7), ("internal", "7")),
        (event("fee", -1), ("other", "-1")),
    ],
)
def test_an_event_is_a_transfer_of_dollars(row: Any, expected: tuple[str, str]) -> None:
    told = read(row)
    (message,) = told.messages
    assert (message.kind, message.amount, message.currency) == (
        expected[0],
        Decimal(expected[1]),
        "USD",
    )
    assert not told.faults


def test_trades_are_left_to_their_orders_and_an_unknown_event_is_shown() -> None:
    told = read(event("trade", 10), event("option", 5), event("new", 1), event("split", 0), 7)
    assert (list(told.messages), len(told.faults)) == ([], 4)


PUT, CALL = "SPY180921P00280000", "SPY180921C00291500"


def ended(word: str, symbol: str | None, quantity: Any = Decimal("-1.00")) -> dict[str, Any]:
    """As the sample of docs.tradier.com, which has no symbol."""
    part = {"option_type": word, "description": "Expired", "quantity": quantity}
    return event("option", 0, option=part, **({} if symbol is None else {"symbol": symbol}))


def test_an_option_that_expires_is_settled_at_the_end_of_its_day() -> None:
    (settled,) = read(ended("OPTEXP", PUT)).messages
    assert (settled.type, settled.kind, settled.quantity, settled.into) == (
        "settle",
        "expiry",
        1,
        None,
    )
    assert settled.at.isoformat() == "2018-10-25T23:59:59+00:00"


def test_an_assigned_option_delivers_its_shares_with_the_premium() -> None:
    """Publication 550: 1,000 received for a put at 28 make shares of 28,000 cost 27,000."""
    sold = {"type": "fill", "account": "tradier:main", "fill_id": "1", "venue_order_id": "1"}
    traded = {"instrument": PUT, "side": "sell", "quantity": "1", "price": "10"}
    with Ledger.open("memory://") as ledger:
        ledger.record(parse_document({**sold, **traded, "at": "2018-10-01T15:00:00Z"}))
        for definition in (PUT, "SPY"):
            terms = TradierRecording("tradier:main").terms_of(definition)
            assert terms is not None
            named = {"type": "instrument", "account": "tradier:main", "instrument": definition}
            given = {"kind": str(terms.kind), "quote": "USD", "multiplier": terms.multiplier}
            document = {**named, **given, "at": "2018-10-01T15:00:00Z"}
            ledger.record(parse_document({k: v for k, v in document.items() if v is not None}))
        ledger.record_many([*read(ended("assignment", PUT)).messages] * 2)
        (lot,) = ledger.lots()
        assert (lot["instrument"], lot["quantity"], lot["cost"]) == ("SPY", 100, 27000)
        (called,) = read(ended("Assignment", CALL)).messages
        assert (called.into.side, called.into.price) == ("sell", Decimal("291.5"))


@pytest.mark.parametrize(
    "row",
    [
        ended("OPTEXP", None),
        ended("OPTEXP", "SPY1180921P00280000"),
        ended("exercise", PUT),
        ended("assignment", PUT, 0),
        event("option", 0),
    ],
)
def test_an_option_event_that_does_not_say_which_or_how_is_listed(row: Any) -> None:
    told = read(row)
    assert (list(told.messages), len(told.faults)) == ([], 1)


def test_securities_that_move_with_money_or_without_are_listed() -> None:
    """Before, a row whose amount is 0 was dropped."""
    part = {"description": "6YA-00005 TO 6YA-00102", "quantity": Decimal("25.0")}
    told = read(event("journal", 0, journal=part), event("adjustment", 3, adjustment=part))
    assert [one.amount for one in told.messages] == [3]
    assert [one.fault for one in told.faults] == [
        "an event journal moves 25 of a security that it does not name",
        "an event adjustment moves 25 of a security that it does not name",
    ]


def test_a_dividend_that_names_its_share_has_a_cause() -> None:
    (named,) = read(event("dividend", 3, dividend={"symbol": "GE", "quantity": 0})).messages
    assert (named.cause.kind, named.cause.instrument) == ("dividend", "GE")


def test_two_equal_events_of_a_day_are_two_and_a_repeated_history_changes_nothing() -> None:
    rows = [event("ach", 500), event("ach", 500)]
    with Ledger.open("memory://") as ledger:
        ledger.record_many([*read(*rows).messages, *read(*rows).messages])
        (balance,) = ledger.balances()
    assert balance["total"] == 1000


def test_transfers_are_collected() -> None:
    async def story(harness: VenueHarness) -> None:
        harness.exchange.transfer(harness.there, "USD", "250.25")
        async with harness.collected() as counters:
            await harness.settle(counters)
        (balance,) = harness.ledger.balances()
        assert (balance["currency"], balance["total"]) == ("USD", Decimal("250.25"))

    played("tradier", story)


def test_an_expired_option_is_collected_and_an_unknown_event_is_shown() -> None:
    async def story(harness: VenueHarness) -> None:
        fake: Any = harness.server
        rows = [{**ended("OPTEXP", PUT), "date": f"{harness.exchange.clock.now():%Y-%m-%d}"}]
        rows.append({**event("new", 0), "date": rows[0]["date"]})
        for row in rows:
            row["date"] += "T00:00:00Z"
        fake.history = rows
        async with harness.collected() as counters:
            await harness.settle(counters)
        (settled,) = harness.ledger.log.account_events(kind="settle")
        assert (settled["instrument"], settled["quantity"]) == (PUT, 1)

    played("tradier", story)
