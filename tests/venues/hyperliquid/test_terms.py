"""Types, times in force, stops, children, names of instruments, ids in any clothing."""

from typing import Any

import pytest

from orderledger import Ledger, Request
from orderledger.domain.values import Source
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.message_context import MessageContext
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.recording import from_recorded
from orderledger.venues.hyperliquid.vocabulary import CLOID, Symbols, cloid_for
from tests.typed import fields
from tests.venues.hyperliquid.payloads import (
    ACCOUNT,
    T,
    basic,
    fill,
    listed,
    moment,
    only_order_after,
    open_orders,
    order_updates,
    reported,
    said,
)


def claims(**fields: Any) -> dict[str, Any]:
    (message,) = from_recorded(open_orders(listed(**fields)), ACCOUNT)
    reported_claims: dict[str, Any] = said(message)["reported"]
    return reported_claims


@pytest.mark.parametrize(
    ("kind", "order_type", "limit_price", "stop_price"),
    [
        ("Limit", "limit", "2500.5", None),
        ("Market", "market", None, None),
        ("Stop Market", "stop", None, "2400"),
        ("Stop Limit", "stop_limit", "2500.5", "2400"),
        ("Take Profit Market", "take_profit", None, "2400"),
        ("Take Profit Limit", "take_profit_limit", "2500.5", "2400"),
    ],
)
def test_an_order_type_is_told_with_the_prices_that_it_has(
    kind: str, order_type: str, limit_price: str | None, stop_price: str | None
) -> None:
    is_trigger = stop_price is not None
    found = claims(
        orderType=kind, isTrigger=is_trigger, triggerPx="2400" if is_trigger else "0.0", tif=None
    )
    assert found["order_type"] == order_type
    assert (found.get("limit_price"), found.get("stop_price")) == (limit_price, stop_price)
    assert "time_in_force" not in found and "post_only" not in found


@pytest.mark.parametrize(
    ("tif", "time_in_force", "is_post_only"),
    [
        ("Gtc", "gtc", False),
        ("Alo", "gtc", True),
        ("Ioc", "ioc", False),
        ("FrontendMarket", "ioc", False),
        ("LiquidationMarket", "ioc", False),
    ],
)
def test_a_time_in_force_is_told_in_the_words_of_the_trade(
    tif: str, time_in_force: str, is_post_only: bool
) -> None:
    found = claims(tif=tif)
    assert (found["time_in_force"], found["post_only"]) == (time_in_force, is_post_only)


def test_the_terms_of_an_order_made_elsewhere_are_the_ones_that_the_venue_tells() -> None:
    row = listed(
        orderType="Stop Limit", isTrigger=True, triggerPx="2400", reduceOnly=True, tif="Alo"
    )
    order = only_order_after(from_recorded(open_orders(row), ACCOUNT))
    names = (
        "order_type",
        "time_in_force",
        "post_only",
        "reduce_only",
        "origin",
        "instrument",
        "side",
        "is_open",
    )
    assert [order[name] for name in names] == [
        "stop_limit",
        "gtc",
        True,
        True,
        "external",
        "ETH",
        "buy",
        True,
    ]
    assert (str(order["limit_price"]), str(order["stop_price"]), str(order["quantity"])) == (
        "2500.5",
        "2400",
        "1.2",
    )


def test_children_wait_for_their_parent() -> None:
    stop = listed(
        oid=102,
        cloid=None,
        side="A",
        orderType="Stop Market",
        isTrigger=True,
        triggerPx="2400",
        timestamp=T,
    )
    profit = listed(
        oid=103,
        cloid=None,
        side="A",
        orderType="Take Profit Market",
        isTrigger=True,
        triggerPx="2600",
    )
    told = from_recorded(open_orders(listed(children=[stop, {"oid": "?"}, profit])), ACCOUNT)
    assert [
        (message.type, getattr(message, "status", None), message.venue_order_id)  # type: ignore[attr-defined]
        for message in told
    ] == [
        ("acknowledged", None, "101"),
        ("status_observed", "pending_new", "102"),
        ("status_observed", "pending_new", "103"),
    ]


def test_a_child_that_the_list_has_itself_is_told_once() -> None:
    child = listed(oid=102, cloid=None)
    told = from_recorded(open_orders(listed(children=[child]), child), ACCOUNT)
    assert fields(told, "venue_order_id") == ["101", "102"]


@pytest.mark.parametrize("coin", ["BTC", "@107", "PURR/USDC", "xyz:TSLA", "#250", "kPEPE"])
def test_coins_are_instruments_as_they_are(coin: str) -> None:
    for document in (
        open_orders(listed(coin=coin)),
        order_updates(reported("open", coin=coin)),
        [fill(coin=coin)],
    ):
        assert fields(from_recorded(document, ACCOUNT), "instrument") == [coin]


def test_names_of_instruments_are_data_and_lead_both_ways() -> None:
    symbols = Symbols({"@107": "HYPE/USDC", "BTC": "BTC-PERP"})
    assert [symbols.instrument(coin) for coin in ("@107", "BTC", "ETH", "xyz:TSLA")] == [
        "HYPE/USDC", "BTC-PERP", "ETH", "xyz:TSLA",
    ]  # fmt: skip
    for coin in ("@107", "BTC", "ETH", "xyz:TSLA", "#250", "PURR/USDC"):
        assert symbols.coin(symbols.instrument(coin)) == coin
    context = MessageContext(account=ACCOUNT, source=Source.VENUE_PUSH, symbols=symbols)
    (message,) = payload_rows.fills([fill(coin="@107")], AccountLegs(ACCOUNT), context).messages
    assert (message.instrument, message.fill_id) == ("HYPE/USDC", f"{T + 4000}-@107-411-B")  # type: ignore[attr-defined]


@pytest.mark.parametrize("names", [{"A": "X", "B": "X"}, {"A": "B", "B": "C"}])
def test_two_coins_cannot_have_one_name(names: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="same name"):
        Symbols(names)


@pytest.mark.parametrize("cloid", [None, ..., ""])
def test_an_order_without_cloid_has_no_alias(cloid: Any) -> None:
    (message,) = from_recorded(order_updates(reported("open", cloid=cloid)), ACCOUNT)
    assert message.aliases == {}  # type: ignore[attr-defined]


def test_cloids_compare_in_lower_case() -> None:
    (message,) = from_recorded(order_updates(reported("open", cloid="0x" + "AB" * 16)), ACCOUNT)
    assert message.aliases == {CLOID: "0x" + "ab" * 16}  # type: ignore[attr-defined]


def test_ids_and_times_say_the_same_as_numbers_and_as_text() -> None:
    numbers = order_updates(reported("open", T, oid=101, timestamp=T))
    text = order_updates(reported("open", str(T), oid="101", timestamp=str(T)))
    assert [said(m) for m in from_recorded(numbers, ACCOUNT)] == [
        said(m) for m in from_recorded(text, ACCOUNT)
    ]
    assert [said(m) for m in from_recorded([fill()], ACCOUNT)] == [
        said(m) for m in from_recorded([fill(oid="101", tid="411", time=str(T + 4000))], ACCOUNT)
    ]


def test_a_status_without_its_time_is_of_the_time_of_the_order() -> None:
    row = {"order": basic(), "status": "open"}
    assert [message.at for message in from_recorded([row], ACCOUNT)] == [moment(T)]


def test_an_id_of_ours_becomes_a_cloid_that_is_the_same_in_every_process() -> None:
    assert cloid_for("C-1") == "0x07e9a9696557f5c8f882be06e799bc09"
    assert cloid_for("C-1") != cloid_for("c-1")
    assert cloid_for("0x" + "Ab" * 16) == "0x" + "ab" * 16
    for text in ("0x" + "ab" * 15, "0x" + "zz" * 16, "ab" * 17, "0x" + "ab" * 17):
        assert cloid_for(text) not in (text, text.lower()) and len(cloid_for(text)) == 34


def test_reports_find_the_order_that_was_requested_with_its_cloid() -> None:
    with Ledger.open("memory://") as ledger:
        terms: dict[str, Any] = {
            "instrument": "ETH",
            "side": "buy",
            "quantity": "1.2",
            "order_type": "limit",
            "limit_price": "2500.5",
        }
        aliases = {CLOID: cloid_for("C-1")}
        request = Request(account=ACCOUNT, client_order_id="C-1", aliases=aliases, **terms)
        ledger.record(request)
        ledger.record_many(
            from_recorded(order_updates(reported("open", cloid=cloid_for("C-1"))), ACCOUNT)
        )
        ledger.record_many(from_recorded([fill(cloid=...)], ACCOUNT))
        (order,) = ledger.orders()
    assert (order["client_order_id"], order["origin"], order["status"], order["anomalies"]) == (
        "C-1", "own", "partially_filled", [],
    )  # fmt: skip
