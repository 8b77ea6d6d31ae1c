"""Qubx's objects of three generations become messages, and a ledger that listens to them knows the
orders."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger import InvalidMessage, Ledger
from orderledger.venues import from_qubx
from tests.venues.interop import qubx_shapes as shapes
from tests.venues.interop.listening import ACCOUNT, outcomes, plain
from tests.venues.interop.qubx_shapes import BTC, ETH, Moment

SAMPLES = Path(__file__).parent / "samples"
AT = 1_777_888_800_000_000_000
TIME = "2026-05-04T10:00:00Z"
INSTRUMENT = "BINANCE.UM:SWAP:BTCUSDT"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def deal(**changed: Any) -> shapes.Deal:
    terms: dict[str, Any] = {
        "trade_id": "77",
        "order_id": "V-1",
        "time": Moment(AT),
        "amount": -0.1,
        "price": 2500.5,
    }
    return shapes.Deal(
        **terms | {"aggressive": False, "fee_amount": 0.0125, "fee_currency": "USDT"} | changed
    )


def order(status: shapes.OrderStatus, **changed: Any) -> shapes.Order:
    terms: dict[str, Any] = {
        "client_order_id": "qubx_1",
        "instrument": BTC,
        "quantity": 0.3,
        "side": "SELL",
        "price": 2500.5,
    }
    return shapes.Order(**terms | {"status": status, "last_update_time": Moment(AT)} | changed)


def test_the_samples_are_read() -> None:
    accepted = from_qubx(sample("head_order_accepted"), account=ACCOUNT)
    assert plain(accepted) == [
        {
            "type": "acknowledged",
            "client_order_id": "qubx_000001",
            "venue_order_id": "281474976710700",
            "instrument": "LIGHTER:SWAP:ETHUSDC",
            "at": "2026-05-04T10:00:00.100000Z",
        }
    ]
    filled = from_qubx(sample("head_order_filled"), account=ACCOUNT)
    assert plain(filled) == [
        {
            "type": "fill",
            "client_order_id": "qubx_000001",
            "venue_order_id": "281474976710700",
            "fill_id": "77001",
            "instrument": "LIGHTER:SWAP:ETHUSDC",
            "side": "sell",
            "quantity": "0.5",
            "price": "2500.5",
            "fee": "0.0",
            "fee_currency": "USDC",
            "liquidity": "maker",
            "at": "2026-05-04T10:00:02.500000Z",
            "reported": {"status": "filled", "cum_quantity": "0.5", "average_price": "2500.5"},
        }
    ]
    assert filled[0].evidence == sample("head_order_filled")


def test_an_order_of_lighter_is_known_by_its_integer_and_not_as_our_id() -> None:
    first = sample("v07_order_and_deal")
    (told,) = from_qubx(first["order"], account=ACCOUNT)
    assert told.model_dump()["client_order_id"] is None
    assert told.model_dump()["aliases"] == {"lighter.client_order_index": "123456789"}


def test_a_request_and_the_order_under_the_integer_are_one_order() -> None:
    request = shapes.OrderRequest(
        ETH,
        0.5,
        2500.5,
        side="SELL",
        client_id="qubx_1",
        options={"lighter_client_order_index": 123456789},
    )
    with Ledger.open("memory://") as ledger:
        outcomes(ledger, from_qubx(request, account=ACCOUNT))
        outcomes(ledger, from_qubx(sample("v07_order_and_deal")["order"], account=ACCOUNT))
        (row,) = ledger.orders()
    assert (row["client_order_id"], row["venue_order_id"], row["status"]) == (
        "qubx_1",
        "281474976710700",
        "new",
    )
    assert (row["side"], row["quantity"], row["limit_price"]) == (
        "sell",
        Decimal("0.5"),
        Decimal("2500.5"),
    )


def test_a_deal_without_an_order_needs_its_instrument_and_counts_in_the_position() -> None:
    told = sample("v07_order_and_deal")["deal"]
    with pytest.raises(InvalidMessage) as raised:
        from_qubx(told, account=ACCOUNT)
    assert raised.value.field == "order_id"
    with Ledger.open("memory://") as ledger:
        messages = from_qubx(told, account=ACCOUNT, instrument=ETH)
        assert outcomes(ledger, messages + messages) == ["recorded", "duplicate"]
        assert ledger.positions()[0]["position_quantity"] == Decimal("-0.5")
        outcomes(ledger, from_qubx({**told, "id": "77002"}, account=ACCOUNT, instrument=ETH))
        rows = ledger.orders()
    assert [(row["origin"], row["is_open"], row["cum_quantity"]) for row in rows] == [
        ("external", False, Decimal("0.5"))
    ] * 2


def test_the_same_deal_in_two_events_counts_once() -> None:
    names: dict[str, Any] = {
        "instrument": BTC,
        "client_order_id": "qubx_1",
        "venue_order_id": "V-1",
    }
    events = [
        shapes.OrderPartiallyFilled(**names, fill=deal()),
        shapes.DealEvent(**names, deal=deal()),
        shapes.DealEvent(**names, deal=deal(), historical=True),
        shapes.OrderFilled(
            **names,
            fill=deal(trade_id="78", amount=-0.2),
            venue_filled_quantity=0.3,
            venue_avg_price=2500.5,
        ),
        shapes.DealEvent(**names, deal=deal(trade_id="78", amount=-0.2)),
    ]
    with Ledger.open("memory://") as ledger:
        outcomes(ledger, from_qubx(order(shapes.OrderStatus.SUBMITTED), account=ACCOUNT))
        told = [outcomes(ledger, from_qubx(event, account=ACCOUNT)) for event in events]
        assert told == [["recorded"], ["duplicate"], ["duplicate"], ["recorded"], ["duplicate"]]
        row = ledger.order("qubx_1")
        assert [trade["fill_id"] for trade in ledger.trades()] == ["77", "78"]
    assert (row["status"], row["cum_quantity"], row["fees"], row["anomalies"]) == (
        "filled",
        Decimal("0.3"),
        {"USDT": "0.025"},
        [],
    )


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (
            shapes.FirstRequest(BTC, -0.1, 2500.5),
            {"side": "sell", "order_type": "limit", "limit_price": "2500.5"},
        ),
        (shapes.FirstRequest(BTC, 0.1), {"side": "buy", "order_type": "market"}),
        (
            shapes.OrderRequest(BTC, 0.1, 1.5, "STOP_MARKET", "SELL", "GTC"),
            {"side": "sell", "order_type": "stop", "stop_price": "1.5", "time_in_force": "gtc"},
        ),
        (
            shapes.OrderRequest(BTC, 0.1, 1.5, "LIMIT", "BUY", "GTX", options={"reduceOnly": True}),
            {
                "side": "buy",
                "order_type": "limit",
                "limit_price": "1.5",
                "time_in_force": "gtc",
                "post_only": True,
                "reduce_only": True,
            },
        ),
    ],
)
def test_a_request_is_recorded_with_its_terms(request_: Any, expected: dict[str, Any]) -> None:
    told = plain(from_qubx(request_, account=ACCOUNT, client_order_id="C-1", at=None))
    assert told == [
        {
            "type": "request",
            "client_order_id": "C-1",
            "instrument": INSTRUMENT,
            "quantity": "0.1",
            **expected,
        },
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("ACCEPTED", ("new", None)),
        ("PARTIALLY_FILLED", ("new", None)),
        ("PENDING_CANCEL", ("pending_new", "cancel")),
        ("PENDING_UPDATE", ("pending_new", "replace")),
        ("CANCELED", ("canceled", None)),
        ("REJECTED", ("rejected", None)),
        ("EXPIRED", ("expired", None)),
        ("LOST", ("pending_new", None)),
    ],
)
def test_the_status_of_an_order_never_makes_a_fill(
    status: str, expected: tuple[str, str | None]
) -> None:
    with Ledger.open("memory://") as ledger:
        outcomes(
            ledger,
            from_qubx(
                order(shapes.OrderStatus.SUBMITTED, last_update_time=Moment(AT - 10**9)),
                account=ACCOUNT,
            ),
        )
        outcomes(ledger, from_qubx(order(shapes.OrderStatus(status)), account=ACCOUNT))
        row = ledger.order("qubx_1")
    assert (row["status"], row["pending"], row["cum_quantity"]) == (*expected, Decimal(0))
    assert row["certainty"] == ("unresolved" if status == "LOST" else "confirmed")


@pytest.mark.parametrize(("amount", "expected"), [(-0.3, "filled"), (-0.1, "canceled")])
def test_a_closed_order_is_filled_if_its_deals_come_to_the_quantity_else_canceled(
    amount: float, expected: str
) -> None:
    told = shapes.FirstOrder(
        "V-1", "LIMIT", BTC, Moment(AT), 0.3, 2500.5, "SELL", "CLOSED", "GTC", "C-1"
    )
    first = shapes.FirstDeal("77", "V-1", Moment(AT - 10**9), amount, 2500.5, True)
    with Ledger.open("memory://") as ledger:
        outcomes(
            ledger,
            from_qubx(
                shapes.FirstRequest(BTC, -0.3, 2500.5), account=ACCOUNT, client_order_id="C-1"
            ),
        )
        outcomes(
            ledger, from_qubx(shapes.FirstOrder(**{**vars(told), "status": "NEW"}), account=ACCOUNT)
        )
        outcomes(ledger, from_qubx(first, account=ACCOUNT) + from_qubx(told, account=ACCOUNT))
        row = ledger.order("C-1")
    assert (row["status"], row["anomalies"]) == (expected, [])


def test_a_change_and_refusals_of_changes() -> None:
    names: dict[str, Any] = {
        "client_order_id": "qubx_1",
        "venue_order_id": "V-2",
        "last_update_time": Moment(AT),
    }
    assert plain(
        from_qubx(shapes.OrderUpdated(**names, new_price=2501.5, new_quantity=0.4), account=ACCOUNT)
    ) == [
        {
            "type": "replaced",
            "client_order_id": "qubx_1",
            "venue_order_id": "V-2",
            "quantity": "0.4",
            "limit_price": "2501.5",
            "at": TIME,
        }
    ]
    refused = from_qubx(
        shapes.OrderUpdateRejectedEvent(**names, reason="PRICE_TOO_FAR: 5%"), account=ACCOUNT
    )
    assert (
        plain(refused)[0]["type"] == "replace_rejected"
        and plain(refused)[0]["reason"] == "PRICE_TOO_FAR"
    )
    assert (
        plain(from_qubx(shapes.OrderCancelRejected(**names, reason="gone"), account=ACCOUNT))[0][
            "type"
        ]
        == "cancel_rejected"
    )
    with pytest.raises(InvalidMessage, match="new_quantity: is missing, and so is new_price"):
        from_qubx(shapes.OrderUpdated(**names), account=ACCOUNT)


def test_sending_without_an_answer_is_no_reject() -> None:
    refused = shapes.OrderRejected(
        client_order_id="qubx_1", reason="Insufficient margin", code="InsufficientFunds"
    )
    lost = shapes.OrderRejected(
        client_order_id="qubx_1", reason="binance POST timed out", code="RequestTimeout"
    )
    assert [message["type"] for message in plain(from_qubx(refused, account=ACCOUNT))] == [
        "rejected"
    ]
    assert [message["type"] for message in plain(from_qubx(lost, account=ACCOUNT))] == [
        "unresolved"
    ]


def test_an_id_that_qubx_made_up_is_not_ours() -> None:
    (told,) = plain(
        from_qubx(shapes.OrderCanceled(client_order_id="ext:V-9", instrument=BTC), account=ACCOUNT)
    )
    assert told == {"type": "canceled", "venue_order_id": "V-9", "instrument": INSTRUMENT}


def listening(
    ledger: Ledger, *, open_orders: list[Any] | None, positions: list[Any] | None
) -> list[dict[str, Any]]:
    """What a snapshot says to a ledger with an open order and a position."""
    outcomes(
        ledger,
        from_qubx(
            order(shapes.OrderStatus.SUBMITTED, submitted_at=Moment(AT - 10**10)), account=ACCOUNT
        ),
    )
    outcomes(
        ledger,
        from_qubx(
            order(shapes.OrderStatus.ACCEPTED, accepted_at=Moment(AT - 10**9)), account=ACCOUNT
        ),
    )
    outcomes(
        ledger,
        from_qubx(
            deal(time=Moment(AT - 10**9)), account=ACCOUNT, client_order_id="qubx_1", instrument=BTC
        ),
    )
    snapshot = shapes.AccountSnapshot(
        exchange="BINANCE.UM", as_of=Moment(AT), open_orders=open_orders, positions=positions
    )
    return plain(
        from_qubx(
            shapes.AccountSnapshotEvent(snapshot=snapshot),
            account=ACCOUNT,
            open_orders=ledger.open_orders(),
            positions=ledger.positions(),
        )
    )


def test_a_list_that_was_not_observed_says_nothing() -> None:
    with Ledger.open("memory://") as ledger:
        assert listening(ledger, open_orders=None, positions=None) == []
    for message in sample("head_snapshot_none_vs_empty"):
        assert from_qubx(message, account=ACCOUNT) == []


def test_an_empty_list_says_that_the_venue_has_none() -> None:
    with Ledger.open("memory://") as ledger:
        told = listening(ledger, open_orders=[], positions=[])
    assert [
        (message["type"], message.get("client_order_id"), message.get("quantity"))
        for message in told
    ] == [
        ("absent", "qubx_1", None),
        ("balance", None, "0"),
    ]
    assert {(message["at"], message["source"]) for message in told} == {(TIME, "venue_poll")}


def test_a_listed_order_and_position_are_not_missing() -> None:
    with Ledger.open("memory://") as ledger:
        told = listening(
            ledger,
            open_orders=[order(shapes.OrderStatus.ACCEPTED)],
            positions=[shapes.Position(BTC, -0.1, 2500.5)],
        )
    assert [message["type"] for message in told] == ["acknowledged", "balance"]
    assert (told[1]["quantity"], told[1]["average_price"]) == ("-0.1", "2500.5")


def test_a_sum_of_floats_loses_its_noise() -> None:
    (told,) = plain(
        from_qubx(
            order(shapes.OrderStatus.PARTIALLY_FILLED, filled_quantity=0.1 + 0.2), account=ACCOUNT
        )
    )
    assert told["reported"]["cum_quantity"] == "0.3"


def test_evidence_holds_the_raw_attributes() -> None:
    (told,) = from_qubx(
        shapes.OrderPartiallyFilled(instrument=BTC, client_order_id="qubx_1", fill=deal()),
        account=ACCOUNT,
    )
    assert told.evidence["type"] == "OrderPartiallyFilled"
    assert told.evidence["instrument"] == INSTRUMENT
    assert told.evidence["fill"]["amount"] == -0.1


def test_another_name_of_an_instrument() -> None:
    names = {"LIGHTER:SWAP:ETHUSDC": "ETH"}
    (told,) = plain(from_qubx(sample("head_order_accepted"), account=ACCOUNT, instruments=names))
    assert told["instrument"] == "ETH"


@pytest.mark.parametrize(
    ("obj", "field", "fault"),
    [
        (object(), "obj", "'object' is not an order, deal, position or event of Qubx"),
        (
            {"type": "OrderFilledEvent", "order_id": "1"},
            "obj",
            "'OrderFilledEvent' is not an order, deal, position or event of Qubx",
        ),
        (shapes.OrderRequest(BTC, 0.1, 1.5), "client_id", "is missing: give client_order_id"),
        (
            shapes.OrderRequest(BTC, float("nan"), 1.5, client_id="C"),
            "quantity",
            "is missing on OrderRequest",
        ),
        (shapes.OrderFilled(client_order_id="C", fill=deal(amount=0.0)), "fill.amount", "is 0"),
        (
            shapes.OrderFilled(client_order_id="C", fill=deal(price=float("inf"))),
            "fill.price",
            "'inf' is not a finite number",
        ),
        (
            shapes.OrderFilled(client_order_id="C", fill=deal(trade_id="")),
            "fill.trade_id",
            "is missing on Deal",
        ),
    ],
)
def test_an_error_names_the_attribute(obj: Any, field: str, fault: str) -> None:
    with pytest.raises(InvalidMessage) as raised:
        from_qubx(obj, account=ACCOUNT)
    assert (raised.value.field, raised.value.fault) == (field, fault)


def test_what_says_nothing_about_orders_gives_no_message() -> None:
    assert from_qubx(shapes.BalanceUpdate(), account=ACCOUNT) == []
    assert (
        from_qubx(
            shapes.FirstOrder("V", "LIMIT", BTC, shapes.NOT_A_TIME, 1, 1, "BUY", "PENDING", "GTC"),
            account=ACCOUNT,
        )
        == []
    )


class NumpyFloat(float):
    """A float that is not exactly one, like numpy's."""


def test_a_float_of_numpy_can_be_kept_as_evidence() -> None:
    with Ledger.open("memory://") as ledger:
        messages = from_qubx(deal(amount=NumpyFloat(-0.1)), account=ACCOUNT, instrument=BTC)
        assert outcomes(ledger, messages) == ["recorded"]
