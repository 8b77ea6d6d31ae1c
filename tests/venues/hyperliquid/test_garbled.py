"""Payloads that are not what the venue documents: what can be read is told, the rest is said to be
unreadable."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderledger import Acknowledged, Balance, Ledger
from orderledger.venues.hyperliquid.recording import (
    from_recorded,
    translate_recorded,
)
from tests.seeds import long
from tests.typed import fields
from tests.venues.hyperliquid.payloads import (
    ACCOUNT,
    ADDRESS,
    T,
    basic,
    fill,
    heard,
    listed,
    open_orders,
    order_updates,
    reported,
    user_fills,
)

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["open", "0.0", "-1", "1e5", "B", "A", "\ud800", "\x00", "0x" + "1" * 32, T, str(T)]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["order", "oid", "fills", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
STATE = {"assetPositions": [{"position": {"coin": "ETH", "szi": "1", "entryPx": "2"}}], "time": T}
ACKNOWLEDGED = [{"resting": {"oid": 1}}, {"filled": {"oid": 2, "totalSz": "1", "avgPx": "2"}}]
FUNDING = {"time": T, "coin": "ETH", "usdc": "1", "szi": "1", "fundingRate": "0.1"}
PAYLOADS: list[Any] = [
    order_updates(reported("open"), reported("filled", T + 5, oid=155, sz="0.0", timestamp=T + 1)),
    order_updates(reported("canceled", T + 9)),
    open_orders(listed(), listed(oid=102, children=[listed(oid=103)])),
    user_fills(fill(), fill(oid=0, tid=0)),
    {"channel": "userFundings", "data": {"user": ADDRESS, "fundings": [FUNDING]}},
    {
        "channel": "user",
        "data": {
            "nonUserCancel": [{"coin": "ETH", "oid": 1}],
            "fills": [fill()],
            "funding": FUNDING,
        },
    },
    {
        "channel": "webData2",
        "data": {
            "openOrders": [listed(sz="0.7")],
            "serverTime": T,
            "clearinghouseState": STATE,
            "user": ADDRESS,
        },
    },
    {"channel": "clearinghouseState", "data": {"clearinghouseState": STATE}},
    {
        "channel": "post",
        "data": {"id": 1, "response": {"type": "info", "payload": {"type": "x", "data": [fill()]}}},
    },
    {"channel": "userTwapSliceFills", "data": {"twapSliceFills": [{"fill": fill(), "twapId": 1}]}},
    [reported("open"), reported("canceled", T + 9)],
    [fill(), fill(tid=412)],
    [listed()],
    [{"time": T, "delta": {"type": "funding", "coin": "ETH", "usdc": "1"}}],
    {"status": "order", "order": reported("open")},
    {"status": "ok", "response": {"data": {"statuses": ACKNOWLEDGED}}},
    STATE,
]


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something can be put in place of what is there."""
    inner = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    return [path, *(found for key, value in inner for found in places(value, (*path, key)))]


def put(document: Any, path: tuple[Any, ...], junk: Any) -> Any:
    """The same document with something else in one place."""
    if not path:
        return junk
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = put(copy[path[0]], path[1:], junk)
    return copy


@pytest.mark.slow
@pytest.mark.parametrize("examples", [100, *long([300])])
def test_whatever_stands_where_nothing_is_raised_and_all_that_is_told_can_be_recorded(
    examples: int,
) -> None:
    settings(max_examples=examples)(given(st.data())(translated_and_recorded))()


def translated_and_recorded(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(PAYLOADS))
    for _ in range(data.draw(st.integers(1, 3))):
        document = put(document, data.draw(st.sampled_from(places(document))), data.draw(JUNK))
    told = translate_recorded(document, ACCOUNT)
    assert told == translate_recorded(document, ACCOUNT)
    with Ledger.open("memory://", update_views=False) as ledger:
        assert {outcome.outcome for outcome in ledger.record_many(told.messages)} <= {
            "recorded",
            "duplicate",
        }
        assert {
            outcome.outcome for outcome in ledger.record_many(m for m in told.messages if m.at)
        } <= {"duplicate"}


@pytest.mark.parametrize("document", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_as_documented_has_no_fault(document: Any) -> None:
    told = translate_recorded(document, ACCOUNT)
    assert (list(told.faults), len(told.messages) > 0) == ([], True)


SPOILS: list[tuple[str, Any]] = [
    ("oid", None), ("oid", "x"), ("oid", -1), ("oid", 1.5), ("oid", True), ("oid", {}),
    ("coin", None), ("coin", 7), ("coin", "\x00"), ("coin", "x" * 300),
    ("side", None), ("side", "X"), ("side", 1), ("side", ["B"]),
]  # fmt: skip


NUMBERS = [("sz", "a lot"), ("origSz", "NaN"), ("limitPx", []), ("timestamp", "yesterday")]
OF_FILLS = [("sz", None), ("sz", "0"), ("px", "x"), ("time", None), ("tid", "x")]
OPTIONAL = [
    ("fee", "x"),
    ("feeToken", 5),
    ("cloid", 7),
    ("crossed", "yes"),
    ("dir", ["Open"]),
    ("closedPnl", "much"),
]
DESCRIPTIONS = [
    "tif",
    "reduceOnly",
    "orderType",
    "triggerCondition",
    "isTrigger",
    "children",
    "isPositionTpsl",
]


@pytest.mark.parametrize(("name", "junk"), [*SPOILS, *NUMBERS])
def test_an_order_that_cannot_be_read_costs_the_others_nothing(name: str, junk: Any) -> None:
    for frame in (
        order_updates(reported("open", **{name: junk}), reported("open", oid=102, cloid=None)),
        open_orders(listed(**{name: junk}), listed(oid=102, cloid=None)),
    ):
        told = heard([frame])
        assert fields(told.messages, "venue_order_id") == ["102"]
        (fault,) = told.faults
        assert name in fault.fault
        assert json.loads(fault.payload)


@pytest.mark.parametrize(("name", "junk"), [*SPOILS, *OF_FILLS])
def test_a_fill_that_cannot_be_read_costs_the_others_nothing(name: str, junk: Any) -> None:
    told = heard([user_fills(fill(**{name: junk}), fill(tid=412))])
    assert fields(told.messages, "fill_id") == [f"{T + 4000}-ETH-412-B"]
    (fault,) = told.faults
    assert name in fault.fault or name == "sz"


@pytest.mark.parametrize(("name", "junk"), OPTIONAL)
def test_a_field_that_a_fill_can_do_without_never_costs_the_fill(name: str, junk: Any) -> None:
    told = heard([user_fills(fill(**{name: junk}))])
    (message,) = told.messages
    assert (list(told.faults), fields([message], "quantity")) == ([], [Decimal("0.5")])
    named = f"cannot be read: {name}" if name in ("fee", "feeToken", "cloid") else None
    assert fields([message], "text") == [named]


PUBLIC = {
    "coin": "ETH",
    "side": "B",
    "px": "2500.5",
    "sz": "3.0",
    "time": T,
    "tid": 9,
    "users": [ADDRESS, ADDRESS],
}


@pytest.mark.parametrize(
    "row", [PUBLIC, {name: value for name, value in PUBLIC.items() if name != "users"}]
)
def test_trades_of_the_market_are_no_fills_of_the_account(row: dict[str, Any]) -> None:
    """As `recentTrades` answers, and the channel `trades` pushes: anybody's, ours among them."""
    told = translate_recorded([row, {**row, "tid": 10}], ACCOUNT)
    assert list(told.messages) == []
    assert [fault.fault for fault in told.faults] == [
        "is a public trade, not a fill of this account"
    ] * 2
    assert [*translate_recorded({"channel": "trades", "data": [row]}, ACCOUNT).messages] == []


DELEGATIONS = [
    {
        "time": T,
        "hash": "0x1",
        "delta": {"delegate": {"validator": ADDRESS, "amount": "10000.0", "isUndelegate": False}},
    },
    {"time": T, "hash": "0x2", "delta": {"cDeposit": {"amount": "10000.0"}}},
    {"time": T, "hash": "0x3", "delta": {"withdrawal": {"amount": "5.0", "phase": "initiated"}}},
]


def test_a_history_of_delegations_is_none_of_fundings() -> None:
    """As `delegatorHistory` answers."""
    for document in (DELEGATIONS, DELEGATIONS[0]):
        told = translate_recorded(document, ACCOUNT)
        assert (list(told.messages), list(told.faults)) == ([], [])


LIQUIDATED = {"liquidatedUser": ADDRESS, "markPx": "2300", "method": "market"}


@pytest.mark.parametrize("direction", [["Close Long"], {}, {"dir": []}, [], 7, True, None, "\x00"])
@pytest.mark.parametrize("liquidation", [LIQUIDATED, None, [], "x"])
def test_the_direction_of_a_fill_may_be_anything(direction: Any, liquidation: Any) -> None:
    told = translate_recorded([fill(dir=direction, liquidation=liquidation)], ACCOUNT)
    assert ([message.type for message in told.messages], list(told.faults)) == (["fill"], [])


@pytest.mark.parametrize("price", ["0", "0.0", "-0.5", "-1e-20"])
def test_a_fill_at_no_price_is_unreadable(price: str) -> None:
    (fault,) = translate_recorded([fill(px=price)], ACCOUNT).faults
    assert fault.fault == f"px must be a price above 0: {price}"


def test_an_outcome_that_did_not_come_about_is_settled_at_0() -> None:
    (message,) = translate_recorded(
        [fill(px="0.0", dir="Settlement", coin="#250", oid=0, tid=0)], ACCOUNT
    ).messages
    assert (message.price, message.reason) == (0, "Settlement")  # type: ignore[attr-defined]
    assert len(translate_recorded([fill(px="-0.5", dir="Settlement")], ACCOUNT).faults) == 1


@pytest.mark.parametrize("name", ["limitPx", "triggerPx"])
def test_an_order_at_less_than_0_is_unreadable(name: str) -> None:
    (fault,) = heard([open_orders(listed(**{name: "-1"}))]).faults
    assert fault.fault == f"{name} is negative: -1"


@pytest.mark.parametrize("time", [0, 5, 1_790_000, 946_684_799])
def test_a_time_before_there_were_venues_is_no_time(time: int) -> None:
    for document, name in (
        ([fill(time=time)], "time"),
        ([reported("open", time)], "statusTimestamp"),
        ([listed(timestamp=time)], "timestamp"),
        ([{"time": time, "delta": {"type": "funding", "coin": "ETH", "usdc": "1"}}], "time"),
        ({**STATE, "time": time}, "time"),
    ):
        told = translate_recorded(document, ACCOUNT)
        assert (list(told.messages), [fault.fault.split()[0] for fault in told.faults]) == (
            [],
            [name],
        )
        assert "is before the year 2000" in told.faults[0].fault


@pytest.mark.parametrize("junk", [None, "", 7, "Sometimes", True, [], {}])
@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_what_describes_an_order_may_be_anything(name: str, junk: Any) -> None:
    told = heard([open_orders(listed(**{name: junk}))])
    assert ([message.type for message in told.messages], told.faults) == (["acknowledged"], [])


SILENT: list[Any] = [
    *[None, True, 7, "Websocket connection established.", "", [], {}, [None], [[]]],
    *[
        {"channel": None},
        {"channel": 7},
        {"channel": "x"},
        {"channel": "pong"},
        {"channel": "orderUpdates"},
    ],
    *[{"channel": "orderUpdates", "data": {}}, {"channel": "userFills", "data": []}],
    *[{"channel": "error", "data": "Cannot track more than 15 total users."}],
    *[{"channel": "subscriptionResponse", "data": {"method": "subscribe"}}],
    *[{"status": "ok"}, {"status": "order"}, {"status": "err"}, {"cumVlm": "1"}, {"balances": []}],
    *[{"assetPositions": 5}, {"assetPositions": [5]}, {"assetPositions": [], "time": "x"}],
]


@pytest.mark.parametrize("document", SILENT, ids=str)
def test_what_says_nothing_of_orders_says_nothing(document: Any) -> None:
    assert from_recorded(document, ACCOUNT) == []


def test_numbers_that_the_ledger_does_not_take_are_faults() -> None:
    for junk in ("1" + "0" * 40, "1e99", Decimal("NaN"), 0.5):
        told = heard([user_fills(fill(px=junk))])
        assert (told.messages, len(told.faults)) == ([], 1)


def test_evidence_that_cannot_be_kept_makes_a_row_unreadable() -> None:
    told = heard([user_fills(fill(whatever="\ud800"), fill(tid=412))])
    assert (len(told.messages), len(told.faults)) == (1, 1)


def test_basic_rows_are_orders_too() -> None:
    told = translate_recorded([basic()], ACCOUNT)
    assert ([message.type for message in told.messages], list(told.faults)) == (
        ["acknowledged"],
        [],
    )


def test_a_negative_size_costs_its_own_row_and_no_other_leg_of_the_order() -> None:
    cloid = "0x00000000000000000000000000000b01"
    order = {
        "coin": "ETH",
        "side": "B",
        "limitPx": "2500.5",
        "sz": "1.2",
        "timestamp": 1_790_000_000_000,
        "cloid": cloid,
    }
    rows = [
        {
            "order": {**order, "oid": 101, "origSz": "-1"},
            "status": "open",
            "statusTimestamp": 1_790_000_000_000,
        },
        {
            "order": {**order, "oid": 155, "origSz": "1.2"},
            "status": "open",
            "statusTimestamp": 1_790_000_000_005,
        },
    ]
    told = translate_recorded({"channel": "orderUpdates", "data": rows}, ACCOUNT)
    assert [
        message.venue_order_id for message in told.messages if isinstance(message, Acknowledged)
    ] == ["155"]
    assert [fault.fault for fault in told.faults] == ["origSz is negative: -1"]


SINGLE = [
    ({"channel": "orderUpdates", "data": reported("open")}, "acknowledged"),
    ({"channel": "userFills", "data": {"user": ADDRESS, "fills": fill()}}, "fill"),
    (
        {"channel": "openOrders", "data": {"dex": "", "user": ADDRESS, "orders": listed()}},
        "acknowledged",
    ),
    ({"channel": "user", "data": {"nonUserCancel": {"coin": "ETH", "oid": 101}}}, "canceled"),
    ({"channel": "user", "data": {"funding": FUNDING}}, "funding"),
]


@pytest.mark.parametrize(("document", "kind"), SINGLE)
def test_a_row_that_stands_where_a_list_should_is_read(document: Any, kind: str) -> None:
    told = translate_recorded(document, ACCOUNT)
    assert ([message.model_dump()["type"] for message in told.messages], list(told.faults)) == (
        [kind],
        [],
    )


@pytest.mark.parametrize("nothing", [None, "", 5])
@pytest.mark.parametrize(
    ("channel", "name"),
    [
        ("orderUpdates", None),
        ("userFills", "fills"),
        ("openOrders", "orders"),
        ("webData2", "openOrders"),
        ("userHistoricalOrders", "orderHistory"),
        ("allDexsClearinghouseState", "clearinghouseStates"),
        ("clearinghouseState", "clearinghouseState"),
        ("spotState", "spotState"),
    ],
)
def test_no_list_is_not_an_empty_one(channel: str, name: str | None, nothing: Any) -> None:
    for data in (nothing,) if name is None else ({name: nothing}, {}):
        assert len(translate_recorded({"channel": channel, "data": data}, ACCOUNT).faults) == 1


@pytest.mark.parametrize("state", [{}, {"assetPositions": None, "time": T}, {"balances": None}])
@pytest.mark.parametrize("channel", ["clearinghouseState", "spotState"])
def test_a_state_without_its_list_is_not_flat(channel: str, state: Any) -> None:
    assert (
        len(translate_recorded({"channel": channel, "data": {channel: state}}, ACCOUNT).faults) == 1
    )


@pytest.mark.parametrize("data", [{}, {"newKind": [{"oid": 1}]}])
def test_an_event_of_a_kind_that_nobody_knows_is_told_as_such(data: Any) -> None:
    (fault,) = translate_recorded({"channel": "user", "data": data}, ACCOUNT).faults
    assert fault.fault == "is not a known event"


@pytest.mark.parametrize("kind", [None, 7, [], {}, ["order"]])
def test_an_answer_to_an_action_of_no_kind_is_a_fault(kind: Any) -> None:
    document = {"status": "ok", "response": {"type": kind, "data": {"running": {}}}}
    assert len(translate_recorded(document, ACCOUNT).faults) == 1


@pytest.mark.parametrize(
    "document",
    [
        {"status": "ok", "response": {"type": "default"}},
        {
            "channel": "post",
            "data": {"id": 1, "response": {"type": "error", "payload": "429 Too Many Requests"}},
        },
        {
            "channel": "post",
            "data": {
                "id": 1,
                "response": {"type": "action", "payload": {"status": "err", "response": "no"}},
            },
        },
        {
            "channel": "trades",
            "data": [{"coin": "ETH", "px": "1", "sz": "2", "side": "B", "time": T, "tid": 1}],
        },
        {"channel": "l2Book", "data": {"coin": "ETH", "levels": [[], []], "time": T}},
    ],
)
def test_what_says_nothing_of_the_account_is_no_fault(document: Any) -> None:
    told = translate_recorded(document, ACCOUNT)
    assert (list(told.messages), list(told.faults)) == ([], [])


def test_a_spot_balance_that_cannot_be_read_costs_the_others_nothing() -> None:
    rows = [
        {"coin": "USDC", "total": "1.5"},
        {"coin": "HYPE", "total": "much"},
        7,
        {"total": "1"},
        {"coin": "PURR", "total": "0.0"},
    ]
    for document in (
        {"balances": rows},
        {
            "channel": "webData2",
            "data": {"serverTime": T, "openOrders": [], "spotState": {"balances": rows}},
        },
    ):
        told = translate_recorded(document, ACCOUNT)
        said = [
            (balance.instrument or balance.currency, str(balance.quantity or balance.amount))
            for balance in told.messages
            if isinstance(balance, Balance)
        ]
        assert (said, len(told.faults)) == ([("USDC.spot", "1.5"), ("PURR", "0.0")], 3)


@pytest.mark.parametrize(
    ("cloid", "is_told_as"),
    [
        ("0X" + "AB" * 16, "0x" + "ab" * 16),
        ("0x" + "AB" * 15 + "A", "0x" + "AB" * 15 + "A"),
        ("0x" + "AB" * 16 + "A", "0x" + "AB" * 16 + "A"),
        ("0x" + "AB" * 15 + "AG", "0x" + "AB" * 15 + "AG"),
    ],
)
def test_only_what_is_a_cloid_is_told_in_lower_case(cloid: str, is_told_as: str) -> None:
    (message,) = translate_recorded(order_updates(reported("open", cloid=cloid)), ACCOUNT).messages
    assert message.aliases == {"hyperliquid.cloid": is_told_as}  # type: ignore[attr-defined]


def test_a_number_of_more_than_thirty_digits_is_no_id() -> None:
    told = [
        translate_recorded(order_updates(reported("open", oid=number)), ACCOUNT)
        for number in (10**30 - 1, 10**30)
    ]
    assert [len(one.messages) for one in told] == [1, 0]
    assert told[1].faults[0].fault == f"oid is not an id or time: {10**30}"
