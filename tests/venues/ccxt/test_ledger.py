"""Ledger entries of ccxt become transfers, each movement once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Transfer, TransferKind
from orderledger.infrastructure.clock import SteppingClock
from orderledger.testing import VenueHarness
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.ledger import ledger_messages
from orderledger.venues.ccxt.translate import CcxtRecording
from tests.venues.ccxt.harness import ACCOUNT, Account
from tests.venues.ccxt.rows import T
from tests.venues.harness import played

UNIFIED = CcxtContext(account="ccxt:main", exchange="bitget")
OKX = CcxtContext(account="ccxt:main", exchange="okx")
KRAKEN = CcxtContext(account="ccxt:main", exchange="kraken")
BOTH = frozenset({TransferKind.DEPOSIT, TransferKind.WITHDRAWAL})


def entry(**changed: Any) -> dict[str, Any]:
    row = {"id": "L-1", "type": "transfer", "currency": "BTC", "amount": "0.5", "direction": "in"}
    return {**row, "timestamp": T, "status": "ok", "fee": None, "info": {}, **changed}


def facts(messages: Any) -> list[tuple[str, str, str | None]]:
    return [
        (one.kind.value, f"{one.amount:f}", one.reason)
        for one in messages
        if isinstance(one, Transfer)
    ]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, [("internal", "0.5", None)]),
        ({"direction": "out"}, [("internal", "-0.5", None)]),
        ({"type": "rebate"}, [("other", "0.5", "rebate")]),
        ({"type": "referral"}, [("other", "0.5", "referral")]),
        ({"type": "cashback"}, [("other", "0.5", "cashback")]),
        ({"type": "airdrop"}, [("airdrop", "0.5", "airdrop")]),
        ({"type": "interest", "direction": "out"}, [("interest", "-0.5", "interest")]),
        ({"type": "deposit"}, [("deposit", "0.5", None)]),
        ({"type": "transaction", "direction": "out"}, [("withdrawal", "-0.5", None)]),
        ({"type": "trade"}, []),
        ({"type": "fee"}, []),
        ({"type": "funding"}, []),
        ({"status": "pending"}, []),
        ({"amount": "0"}, []),
    ],
)
def test_an_entry_moves_its_amount_unless_it_is_read_elsewhere(
    changed: dict[str, Any], expected: list[tuple[str, str, str | None]]
) -> None:
    told = ledger_messages([entry(**changed)], UNIFIED)
    assert (facts(told.messages), list(told.faults)) == (expected, [])


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({"type": "deposit"}, []),
        ({"type": "withdrawal", "direction": "out"}, []),
        ({"type": "transaction", "direction": "out"}, []),
        ({"type": "transfer"}, ["internal"]),
    ],
)
def test_what_a_list_of_its_own_has_is_not_booked_again(
    changed: dict[str, Any], kept: list[str]
) -> None:
    told = ledger_messages([entry(**changed)], UNIFIED, BOTH)
    assert [kind for kind, *_ in facts(told.messages)] == kept
    assert not told.faults


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "loan"},
        {"type": None},
        {"direction": None},
        {"amount": None},
        {"id": None},
        {"type": 7},
    ],
)
def test_an_entry_that_is_not_known_is_shown(changed: dict[str, Any]) -> None:
    told = ledger_messages([entry(**changed), 7], UNIFIED)
    assert (list(told.messages), len(told.faults)) == ([], 2)


def test_the_same_id_under_two_words_is_two_movements() -> None:
    """At Binance an id is unique within a type of income."""
    told = ledger_messages([entry(type="rebate"), entry(type="cashback")], UNIFIED)
    assert [one.venue_id for one in told.messages if isinstance(one, Transfer)] == [
        "rebate:L-1",
        "cashback:L-1",
    ]


def test_binances_transfers_of_two_types_may_have_one_id() -> None:
    words = ("TRANSFER", "INTERNAL_TRANSFER")
    rows = [entry(type="transfer", info={"incomeType": word}) for word in words]
    told = ledger_messages(rows, CcxtContext(account="ccxt:main", exchange="binanceusdm"))
    assert [one.venue_id for one in told.messages if isinstance(one, Transfer)] == [
        "L-1",
        "internal_transfer:L-1",
    ]


def test_a_fee_that_may_be_inside_the_amount_is_named() -> None:
    fee = {"cost": "0.01", "currency": "BTC"}
    (unsure,) = ledger_messages([entry(fee=fee)], UNIFIED).messages
    (sure,) = ledger_messages([entry(fee=fee, info={"type": "transfer"})], KRAKEN).messages
    assert isinstance(unsure, Transfer) and isinstance(sure, Transfer)
    assert (unsure.amount, sure.amount) == (Decimal("0.5"), Decimal("0.49"))
    assert unsure.text == "fee 0.01: not documented whether the amount includes it"


def test_krakens_ledger_is_read_with_what_margin_trades_pay_for_borrowing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(account: Account) -> None:
        market, since = account.market, account.clock.now() - timedelta(hours=6)
        market.clock = SteppingClock(since, timedelta(minutes=1))
        market.fill(account.place())
        market.transfer("main", "USD", "100.25")
        market.transfer("main", "ETH", "-0.5")
        market.transfer("main", "USD", "-0.0143", "interest", reason="rollover")
        market.transfer("main", "USD", "2.5", "other", reason="invite bonus")
        market.transfer("main", "USD", "-3", "other", reason="margin")
        for _ in range(60):  # more than a page
            market.transfer("main", "BTC", "0.1", "internal")
        answer = await account.venue.fills_since(ACCOUNT, since)
        found = facts(answer.messages)
        assert [one for one in found if one[0] != "internal"] == [
            ("deposit", "100.25", None),
            ("withdrawal", "-0.5", None),
            ("interest", "-0.0143", "rollover"),
            ("other", "2.5", "invite bonus"),
        ]
        assert len(found) == 64
        (fault,) = answer.faults
        assert "a ledger entry margin is not known" in fault.fault

    async def whole() -> None:
        async with Account("kraken").open(monkeypatch) as account:
            await story(account)

    asyncio.run(whole())


def test_a_liquidation_at_binance_takes_its_fee_and_a_kickback_is_received() -> None:
    async def story(harness: VenueHarness) -> None:
        exchange, there = harness.exchange, harness.there
        exchange.transfer(there, "USDT", "5000")
        exchange.fees = replace(exchange.fees, liquidation=Decimal("0.01"), decimals=8)
        order = harness.place()
        exchange.fill(order)
        exchange.liquidate(there, order.instrument, order.quantity, order.limit_price or 1)
        exchange.transfer(there, "USDT", "0.25", "other", reason="REFERRAL_KICKBACK")
        async with harness.collected() as counters:
            await harness.settle(counters)
        moved = [
            (row["transfer"], row["quantity"])
            for row in harness.ledger.log.account_events(kind="transfer")
        ]
        fee = -order.quantity * (order.limit_price or 1) / 100
        assert moved == [("internal", 5000), ("other", fee), ("other", Decimal("0.25"))]

    played("ccxt", story)


def bill(code: str, unified: str, **info: Any) -> dict[str, Any]:
    """As okx.py of ccxt 4.5.90 parses a bill."""
    symbol, given = info.pop("symbol", "BTC/USD:BTC-241227"), {"type": code, "billId": "L-1"}
    return entry(type=unified, symbol=symbol, info={**given, **info})


@pytest.mark.parametrize(
    ("code", "unified", "expected"),
    [
        ("1", "transfer", [("internal", "0.5", None, "L-1")]),
        ("6", "transfer", [("internal", "0.5", None, "L-1")]),
        ("4", "rebate", [("other", "0.5", "rebate", "rebate:L-1")]),
        ("7", "trade", [("interest", "0.5", "7", "7:L-1")]),
        ("10", "trade", [("other", "0.5", "10", "10:L-1")]),
        ("11", "trade", [("other", "0.5", "11", "11:L-1")]),
        ("2", "trade", []),
        ("8", "fee", []),
    ],
)
def test_what_ccxt_calls_a_trade_of_okx_is_read_by_okxs_own_number(
    code: str, unified: str, expected: list[Any]
) -> None:
    """Interest and clawbacks were dropped as trades before. Ids stay as they were."""
    told = ledger_messages([bill(code, unified)], OKX)
    found = [
        (one.kind.value, f"{one.amount:f}", one.reason, one.venue_id)
        for one in told.messages
        if isinstance(one, Transfer)
    ]
    assert (found, list(told.faults)) == (expected, [])


def test_a_bill_of_an_unknown_number_is_shown() -> None:
    told = ledger_messages([bill("99", "99")], OKX)
    assert (list(told.messages), len(told.faults)) == ([], 1)


FUTURE = {"instType": "FUTURES", "sz": "1", "px": "94012.3", "pnl": "0.0001", "ccy": "BTC"}
OPTIONED = {**FUTURE, "instType": "OPTION", "sz": "2", "px": "27290.1", "fee": "-0.0003"}


def settled(told: Any) -> list[tuple[Any, ...]]:
    assert not told.faults
    return [(one.kind.value, one.price, one.quantity, len(one.fees)) for one in told.messages]


def test_a_delivery_and_an_exercise_at_okx_are_settlements() -> None:
    future = bill("3", "trade", **FUTURE)
    assert settled(ledger_messages([future], OKX)) == [("delivery", Decimal("94012.3"), 1, 0)]
    option = bill("3", "trade", symbol="BTC/USD:BTC-230523-25750-C", **OPTIONED)
    lost = {**option, "info": {**option["info"], "balChg": "0", "fee": "0"}}
    assert settled(ledger_messages([lost], OKX)) == [("expiry", 0, 2, 0)]
    sized = replace(OKX, size_of=lambda symbol: Decimal("0.01"))
    for change in ("0.0009", "-0.0015"):
        won = {**option, "info": {**option["info"], "balChg": change}}
        assert settled(ledger_messages([won], sized)) == [("exercise", Decimal("0.06"), 2, 1)]
    told = ledger_messages([{**option, "info": {**option["info"], "balChg": "0.0009"}}], OKX)
    assert "the size of a contract" in told.faults[0].fault


def test_settlements_of_deribit_are_read_in_documents() -> None:
    """The sample of docs.deribit.com, as a delivery."""
    info = {"type": "delivery", "position": -66, "mark_price": Decimal("121.67")}
    info |= {"instrument_name": "ETH-22FEB19", "index_price": Decimal("119.8")}
    row = {"symbol": "ETH/USD:ETH-190222", "timestamp": 1550475692526, "info": info}
    read = CcxtRecording("ccxt:main").read
    document = {"exchange": "deribit", "settlements": [row]}
    assert settled(read(document)) == [("delivery", Decimal("121.67"), None, 0)]
    daily = {**row, "info": {**info, "type": "settlement"}}
    assert not read({**document, "settlements": [daily]}).messages
    option = {**row, "info": {**info, "instrument_name": "ETH-22FEB19-120-C"}}
    unknown = {**row, "info": {**info, "type": "bankruptcy"}}
    shown = read({**document, "settlements": [option, unknown]})
    assert (list(shown.messages), len(shown.faults)) == ([], 2)
    other = read({"exchange": "gate", "settlements": [row]})
    assert "settlements of gate are not read" in other.faults[0].fault
