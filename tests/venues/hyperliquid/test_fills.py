"""What makes a fill the same fill, and what else is in its row. Fundings and positions."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Fill
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.message_context import Translated
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.recording import from_recorded
from tests.typed import fields
from tests.venues.hyperliquid.payloads import (
    ACCOUNT,
    ADDRESS,
    POLLED,
    PUSHED,
    T,
    fill,
    heard,
    moment,
    open_orders,
    orders_after,
    said,
    user_fills,
)

SYSTEM: dict[str, Any] = {"hash": "0x" + "0" * 64, "tid": 0, "oid": 0, "cloid": ...}


def fills(*rows: dict[str, Any]) -> list[Fill]:
    return [message for message in heard([user_fills(*rows)]).messages if isinstance(message, Fill)]


def one(**fields: Any) -> Fill:
    (told,) = fills(fill(**fields))
    return told


def test_a_trade_with_oneself_is_two_fills() -> None:
    told = fills(fill(), fill(side="A", oid=102, cloid=...))
    assert [message.fill_id for message in told] == [
        f"{T + 4000}-ETH-411-B",
        f"{T + 4000}-ETH-411-A",
    ]
    told = fills(fill(), fill(side="A"))
    assert len({message.fill_id for message in told}) == 2


@pytest.mark.parametrize(
    "other", [{"time": T + 4001}, {"coin": "BTC"}, {"tid": 412}, {"side": "A"}]
)
def test_each_part_of_the_identity_counts(other: dict[str, Any]) -> None:
    assert one(**other).fill_id != one().fill_id


def test_the_hash_and_the_numbers_are_no_part_of_the_identity() -> None:
    assert (
        one(hash="0x" + "9" * 64, startPosition="7", closedPnl="1", fee="2").fill_id
        == one().fill_id
    )


def test_a_fill_that_comes_again_is_the_same_message_and_no_news() -> None:
    live, again = user_fills(fill()), user_fills(fill(), isSnapshot=True)
    first, second = heard([live]).messages, heard([again]).messages
    assert first == second
    with Ledger.open("memory://") as ledger:
        outcomes = ledger.record_many([*first, *second, *from_recorded([fill()], ACCOUNT)])
    assert [outcome.outcome for outcome in outcomes] == ["recorded", "duplicate", "duplicate"]


def test_the_fee_is_as_the_venue_says_with_the_builder_s_in_it() -> None:
    assert (one(fee="0.5", builderFee="0.1").fee, one(fee="-0.02").fee) == (
        Decimal("0.5"),
        Decimal("-0.02"),
    )
    assert (one(feeToken="PURR").fee_currency, one(feeToken=...).fee_currency) == ("PURR", "USDC")
    assert (one(fee=...).fee, one(fee=...).fee_currency) == (None, None)


@pytest.mark.parametrize(
    ("crossed", "liquidity"),
    [(True, "taker"), (False, "maker"), (None, None), (..., None), ("true", None)],
)
def test_who_crossed_took(crossed: Any, liquidity: str | None) -> None:
    assert one(crossed=crossed).liquidity == liquidity


@pytest.mark.parametrize(
    "direction", ["Spot Dust Conversion", "Settlement", "Auto-Deleveraging", "Something New"]
)
def test_executions_of_the_venue_are_orders_of_nobody_with_the_venue_s_reason(
    direction: str,
) -> None:
    others: list[dict[str, Any]] = [
        {},
        {"sz": "0.6"},
        {"startPosition": "0.5"},
        {"coin": "@107"},
        {"side": "A"},
    ]
    rows = [fill(**SYSTEM, dir=direction, **other) for other in others]
    told = fills(*rows)
    assert {message.reason for message in told} == {direction}
    assert (
        len({message.fill_id for message in told})
        == len({message.venue_order_id for message in told})
        == len(rows)
    )
    orders = orders_after(told)
    assert [(order["origin"], order["status"], len(order["anomalies"])) for order in orders] == [
        ("external", "filled", 1)
    ] * len(rows)
    assert fills(*rows) == told


def test_executions_of_the_venue_with_an_order_of_its_own_keep_its_id() -> None:
    told = one(hash="0x" + "0" * 64, oid=900, tid=77, dir="Auto-Deleveraging", cloid=...)
    assert (told.venue_order_id, told.reason, told.fill_id) == (
        "900",
        "Auto-Deleveraging",
        f"{T + 4000}-ETH-77-B",
    )


def test_a_slice_of_a_larger_order_has_no_hash_and_no_reason() -> None:
    told = one(hash="0x" + "0" * 64, twapId=12)
    assert (told.reason, told.venue_order_id) == (None, "101")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"liquidation": {"liquidatedUser": ADDRESS, "markPx": "2500", "method": "market"}},
            "liquidation",
        ),
        (
            {
                "liquidation": {
                    "liquidatedUser": ADDRESS.upper().replace("X", "x"),
                    "markPx": "2500",
                }
            },
            "liquidation",
        ),
        ({"liquidation": {"markPx": "2500", "method": "backstop"}}, "liquidation"),
        ({"liquidation": {"liquidatedUser": "0x" + "bb" * 20, "markPx": "2500"}}, None),
        ({"dir": "Liquidated Isolated Long"}, "liquidation"),
        ({"liquidation": None}, None),
    ],
)
def test_a_liquidation_is_told_from_a_trade_with_one_who_was_liquidated(
    fields: dict[str, Any], reason: str | None
) -> None:
    assert one(**fields).reason == reason


def test_a_fill_without_cloid_joins_its_order_by_id() -> None:
    (order,) = orders_after([*fills(fill()), *fills(fill(cloid=..., tid=412))])
    assert (order["cum_quantity"], order["status"]) == (1, "partially_filled")


def test_answers_come_with_the_newest_first_and_are_told_with_the_oldest_first() -> None:
    rows = [
        fill(time=T + 9, tid=3),
        fill(time=T + 5, tid=2, startPosition="0.5"),
        fill(time=T + 5, tid=1),
    ]
    told = payload_rows.fills(rows, AccountLegs(ACCOUNT), POLLED).messages
    assert fields(told, "fill_id") == [f"{T + 5}-ETH-1-B", f"{T + 5}-ETH-2-B", f"{T + 9}-ETH-3-B"]


def user(**data: Any) -> Translated:
    return heard([{"channel": "user", "data": data}])


def test_events_of_the_user_say_what_the_other_channels_say() -> None:
    assert user(fills=[fill()]).messages == fills(fill())
    assert [
        message.type for message in user(twapSliceFills=[{"fill": fill(), "twapId": 3}]).messages
    ] == ["fill"]
    assert user(liquidation={"lid": 1}).messages == []
    assert user(liquidation={"lid": 1}).faults == []


FLAT = {"time": T, "coin": "ETH", "usdc": "-3.625312", "szi": "49.1", "fundingRate": "0.0000125"}
NESTED = {
    "time": T,
    "hash": "0x" + "0" * 64,
    "delta": {"type": "funding", **{k: v for k, v in FLAT.items() if k != "time"}},
}
FUNDING = {
    "type": "funding",
    "at": "2026-09-21T14:13:20Z",
    "amount": "-3.625312",
    "currency": "USDC",
}


def test_a_funding_is_the_same_by_push_and_by_question() -> None:
    pushed = heard(
        [
            {
                "channel": "userFundings",
                "data": {"user": ADDRESS, "isSnapshot": True, "fundings": [FLAT]},
            }
        ]
    ).messages
    asked = from_recorded([NESTED], ACCOUNT)
    event = user(funding=FLAT).messages
    assert [said(message) for message in (*pushed, *asked, *event)] == [FUNDING] * 3
    with Ledger.open("memory://") as ledger:
        outcomes = ledger.record_many([*pushed, *asked, *event])
        assert [outcome.outcome for outcome in outcomes] == ["recorded", "duplicate", "duplicate"]
        (position,) = ledger.pnl()
        assert position["funding"] == {"USDC": Decimal("-3.625312")}


def test_deposits_are_no_fundings() -> None:
    (message,) = from_recorded(
        [{"time": T, "hash": "0x1", "delta": {"type": "deposit", "usdc": "100.0"}}], ACCOUNT
    )
    assert message.type == "transfer"


def test_positions_are_balances_as_of_the_state() -> None:
    def position(coin: str, size: str, price: Any) -> dict[str, Any]:
        return {
            "type": "oneWay",
            "position": {"coin": coin, "szi": size, "entryPx": price, "unrealizedPnl": "1"},
        }

    rows = [
        position("ETH", "-1.5", "2500.5"),
        position("BTC", "0.0", None),
        position("xyz:TSLA", "2", None),
    ]
    state = {"assetPositions": rows, "time": T}
    told = from_recorded(state, ACCOUNT)
    assert [said(message) for message in told] == [
        {
            "type": "balance",
            "at": "2026-09-21T14:13:20Z",
            "quantity": "-1.5",
            "average_price": "2500.5",
        },
        {"type": "balance", "at": "2026-09-21T14:13:20Z", "quantity": "2"},
    ]
    assert fields(told, "instrument") == ["ETH", "xyz:TSLA"]
    web_data = {
        "channel": "webData2",
        "data": {"user": ADDRESS, "serverTime": T, "openOrders": [], "clearinghouseState": state},
    }
    assert [said(message) for message in heard([web_data]).messages] == [
        said(message) for message in told
    ]


def test_a_poll_says_what_is_filled_as_of_the_question_unless_the_ledger_knows() -> None:
    class Knows:
        def __init__(self, quantity: str) -> None:
            self.row = {
                "venue_order_ids": ["101"],
                "cum_quantity": Decimal(quantity),
                "status": "new",
            }

        def order(self, account: str, name: str) -> dict[str, Any]:
            return {**self.row, "reported_cum_quantity": None}

        def trades(self, account: str, venue_order_id: str) -> list[dict[str, Any]]:
            return []

    rows = open_orders(
        {**fill(), "limitPx": "2500.5", "origSz": "1.2", "sz": "0.7", "timestamp": T}
    )["data"]["orders"]
    asked = replace(POLLED, at=moment(T + 60_000))
    for records, count in ((None, 2), (Knows("0.5"), 1), (Knows("0.4"), 2)):
        told = payload_rows.open_orders(
            rows, AccountLegs(ACCOUNT), replace(asked, records=records)
        ).messages
        assert len(told) == count
    assert len(payload_rows.open_orders(rows, AccountLegs(ACCOUNT), PUSHED).messages) == 1
