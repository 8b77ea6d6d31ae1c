"""Shapes that others have recorded and published: what they come to here. All numbers are made
up."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Balance, Canceled, Fill
from orderledger.venues.hyperliquid.recording import (
    HyperliquidRecording,
    from_recorded,
    translate_recorded,
)
from tests.venues.hyperliquid.payloads import (
    ACCOUNT,
    ADDRESS,
    T,
    fill,
    listed,
    moment,
    orders_after,
    reported,
    user_fills,
)

OTHER = "0x" + "bb" * 20


def told(document: Any) -> list[Any]:
    translation = translate_recorded(document, ACCOUNT)
    assert list(translation.faults) == []
    return list(translation.messages)


def test_a_cancel_inside_the_venue_ends_the_order() -> None:
    """`internalCancel` is among the statuses of github.com/nktkas/hyperliquid since its version
    0.33.3."""
    (order,) = orders_after(told([reported("open"), reported("internalCancel", T + 5)]))
    assert (order["status"], order["cum_quantity"], order["anomalies"]) == (
        "canceled",
        0,
        ["unknown_order"],
    )


@pytest.mark.parametrize("status", ["tooManyOpenOrdersRejected", "outcomeSettledRejected"])
def test_refusals_that_came_later_are_refusals(status: str) -> None:
    assert [(message.type, message.reason) for message in told([reported(status)])] == [
        ("rejected", status)
    ]


def liquidated(**fields: Any) -> dict[str, Any]:
    return fill(
        liquidation={"liquidatedUser": OTHER, "markPx": "2499", "method": "market"}, **fields
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (liquidated(dir="Open Short", side="A", crossed=False), None),
        (liquidated(dir="Close Short", crossed=False), None),
        (liquidated(dir="Close Long", side="A", crossed=True), "liquidation"),
        (liquidated(dir="Auto-Deleveraging", crossed=True), "Auto-Deleveraging"),
        (liquidated(dir="Liquidated Cross Long", side="A", crossed=False), "liquidation"),
    ],
)
def test_a_counterparty_of_a_liquidated_account_is_not_liquidated_though_the_fill_has_no_name(
    row: dict[str, Any], reason: str | None
) -> None:
    """The venue puts `liquidation` on the fills of both: github.com/nautechsystems/nautilus_trader
    has a maker's in its file `ws_user_fill_liquidation.json`, github.com/ccxt/ccxt a liquidated
    account's, which closes and takes, in its responses."""
    (message,) = from_recorded({"channel": "user", "data": {"fills": [row]}}, ACCOUNT)
    assert message.reason == reason


def test_a_fill_of_the_time_before_spot_cost_its_fee_in_the_one_currency_there_was() -> None:
    """Rows of 2023 in github.com/hummingbot/hummingbot have a `fee` and neither `feeToken` nor
    `tid`."""
    rows = [
        fill(feeToken=..., tid=..., cloid=..., coin=coin)
        for coin in ("ETH", "@107", "PURR/USDC", "xyz:TSLA")
    ]
    assert [row.fee_currency for row in told(user_fills(*rows)) if isinstance(row, Fill)] == [
        "USDC",
        None,
        None,
        None,
    ]


def test_a_slice_of_a_twap_is_one_fill_in_each_of_its_three_forms() -> None:
    slice_fill: dict[str, Any] = {
        "fill": fill(cloid=..., hash="0x" + "0" * 64, twapId=None),
        "twapId": 2087225,
    }
    pushed = {
        "channel": "userTwapSliceFills",
        "data": {"user": ADDRESS, "isSnapshot": True, "twapSliceFills": [slice_fill]},
    }
    with Ledger.open("memory://") as ledger:
        outcomes = [
            ledger.record(m)
            for form in (pushed, [slice_fill], [{**slice_fill["fill"], "twapId": 2087225}])
            for m in told(form)
        ]
    assert [outcome.outcome for outcome in outcomes] == ["recorded", "duplicate", "duplicate"]


POSITION = {"type": "oneWay", "position": {"coin": "xyz:TSLA", "szi": "-3.0", "entryPx": "275.5"}}
STATE = {"assetPositions": [POSITION], "time": T}
TOKEN = {"coin": "USDC", "token": 0, "total": "-25", "hold": "50", "entryNtl": "0"}


@pytest.mark.parametrize(
    ("channel", "data", "held"),
    [
        (
            "allDexsClearinghouseState",
            {"clearinghouseStates": [["", {**STATE, "assetPositions": []}], ["xyz", STATE]]},
            "xyz:TSLA -3.0",
        ),
        (
            "spotState",
            {"spotState": {"balances": [TOKEN], "tokenToAvailableAfterMaintenance": [[0, "12"]]}},
            "USDC.spot -25",
        ),
    ],
)
def test_holdings_of_all_exchanges_and_of_spot_have_channels_of_their_own(
    channel: str, data: Any, held: str
) -> None:
    """Both are subscriptions of github.com/nktkas/hyperliquid;
    github.com/thrasher-corp/gocryptotrader has recorded them."""
    (balance,) = told({"channel": channel, "data": {"user": ADDRESS, **data}})
    assert isinstance(balance, Balance)
    assert f"{balance.instrument} {balance.quantity}" == held


def test_one_exchange_that_cannot_be_read_costs_the_others_nothing() -> None:
    frame = {
        "channel": "allDexsClearinghouseState",
        "data": {"clearinghouseStates": [["x"], None, ["xyz", STATE], ["y", 7]]},
    }
    translation = translate_recorded(frame, ACCOUNT)
    assert (len(translation.messages), len(translation.faults)) == (1, 3)


def test_the_history_of_orders_is_pushed_as_it_is_answered() -> None:
    rows = [
        {**reported("filled", T + 5), "order": listed(sz="0.0")},
        {**reported("open"), "order": listed()},
    ]
    pushed = told(
        {
            "channel": "userHistoricalOrders",
            "data": {"user": ADDRESS, "isSnapshot": True, "orderHistory": rows},
        }
    )
    assert [message.type for message in pushed] == ["acknowledged", "status_observed"]
    with Ledger.open("memory://") as ledger:
        ledger.record_many(pushed)
        assert {outcome.outcome for outcome in ledger.record_many(told(rows))} == {"duplicate"}


TWAP = {
    "time": 1_790_000_000,
    "state": {"coin": "xyz:HOOD", "sz": "100.0", "side": "B"},
    "status": {"status": "finished"},
    "twapId": 7,
}


@pytest.mark.parametrize(
    "document",
    [
        [TWAP],
        {"channel": "userTwapHistory", "data": {"user": ADDRESS, "history": [TWAP]}},
        {
            "channel": "twapStates",
            "data": {"dex": "", "user": ADDRESS, "states": [[7, TWAP["state"]]]},
        },
        {"channel": "allDexsAssetCtxs", "data": {"ctxs": []}},
        {"status": "ok", "response": {"type": "createSubAccount", "data": ADDRESS}},
        {
            "status": "ok",
            "response": {"type": "twapOrder", "data": {"status": {"running": {"twapId": 7}}}},
        },
    ],
    ids=str,
)
def test_what_says_nothing_of_orders_is_no_fault(document: Any) -> None:
    assert told(document) == []


def test_frames_of_another_user_are_not_of_this_account() -> None:
    recording = HyperliquidRecording(ACCOUNT, address=ADDRESS.upper().replace("X", "x"))
    assert len(recording.read(user_fills(fill())).messages) == 1
    others = user_fills(fill(tid=412))
    others["data"]["user"] = OTHER
    assert recording.read(others).messages == ()
    assert len(HyperliquidRecording(ACCOUNT).read(others).messages) == 1


@pytest.mark.parametrize(
    ("status", "left", "sold"), [("filled", "0.0", "1.2"), ("canceled", "0.7", "0.5")]
)
def test_an_order_that_opens_and_ends_within_a_millisecond_is_at_odds_with_nothing(
    status: str, left: str, sold: str
) -> None:
    """As an order that takes does: github.com/thrasher-corp/gocryptotrader has recorded both rows
    in one frame."""
    frame = {"channel": "orderUpdates", "data": [reported("open"), reported(status, sz=left)]}
    recording = HyperliquidRecording(ACCOUNT)
    messages = [
        *recording.read(frame).messages,
        *recording.read(user_fills(fill(time=T, sz=sold))).messages,
    ]
    for order in (messages, messages[::-1]):
        (seen,) = orders_after([*order, *recording.rest().messages])
        assert (seen["cum_quantity"], seen["anomalies"]) == (Decimal(sold), ["unknown_order"])


def test_a_cancel_without_a_time_waits_for_the_row_that_has_one_and_the_reason() -> None:
    event = {"channel": "user", "data": {"nonUserCancel": [{"coin": "ETH", "oid": 101}]}}
    opened = {"channel": "orderUpdates", "data": [reported("open", cloid=...)]}
    ended = {"channel": "orderUpdates", "data": [reported("reduceOnlyCanceled", T + 9, cloid=...)]}
    another = {
        "channel": "orderUpdates",
        "data": [reported("open", T + 5000, timestamp=T + 5000, oid=102, cloid=...)],
    }
    for frames, at, reason in (
        ([opened, event, ended], T + 9, "reduceOnlyCanceled"),
        ([opened, ended, event], T + 9, "reduceOnlyCanceled"),
        ([opened, event], T, "nonUserCancel"),
        ([opened, event, another], T, "nonUserCancel"),
    ):
        recording = HyperliquidRecording(ACCOUNT)
        messages = [message for frame in frames for message in recording.read(frame).messages]
        if another in frames:
            assert isinstance(messages[-1], Canceled)
        seen = orders_after([*messages, *recording.rest().messages])[0]
        assert (seen["status"], seen["ended_at"], seen["reason"]) == (
            "canceled",
            moment(at),
            reason,
        )
        assert seen["anomalies"] == ["unknown_order"]
    assert [message.at for message in told(event)] == [None]


def test_what_is_converted_at_spot_without_an_order_leaves_none_open() -> None:
    """As in the answers of `userFills`: `Spot Dust Conversion`, without a trade and an order
    (hyperliquid.gitbook.io)."""
    dust = fill(
        coin="@1",
        oid=0,
        tid=0,
        dir="Spot Dust Conversion",
        side="A",
        sz="0.00001",
        px="0.1",
        fee="0.0",
        cloid=...,
    )
    with Ledger.open("memory://") as ledger:
        for _ in range(2):
            ledger.record_many(told([dust]))
        (seen,), (trade,) = ledger.orders(), ledger.trades()
        assert (seen["status"], seen["cum_quantity"], ledger.open_orders()) == (
            "filled",
            Decimal("0.00001"),
            [],
        )
        assert (trade["venue_order_id"], trade["fee"]) == (
            f"none:{trade['fill_id']}",
            Decimal("0.0"),
        )
