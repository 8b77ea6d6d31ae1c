"""The classes of an installed Qubx, with its numpy times and floats."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.venues import from_qubx
from tests.venues.interop.listening import ACCOUNT, outcomes, plain

pytestmark = pytest.mark.interop
basics = pytest.importorskip("qubx.core.basics")
numpy = pytest.importorskip("numpy")

NEW = {"side": "SELL", "client_id": "qubx_1", "options": {"lighter_client_order_index": 123456789}}


def instrument() -> Any:
    return basics.Instrument(
        symbol="ETHUSDC", asset_type=basics.AssetType.CRYPTO, market_type=basics.MarketType.SWAP,
        exchange="LIGHTER", base="ETH",
        quote="USDC", settle="USDC", exchange_symbol="ETH", tick_size=0.01, lot_size=0.0001,
        min_size=0.001,
    )  # fmt: skip


def requested(instrument_: Any) -> Any:
    """A request of the installed generation: the first has no client id, and no side."""
    if "client_id" in basics.OrderRequest.__dataclass_fields__:
        return basics.OrderRequest(instrument_, 0.5, 2500.5, **NEW)
    return basics.OrderRequest(instrument_, -0.5, 2500.5, options=NEW["options"])


def test_a_request_an_order_and_its_deals() -> None:
    ours = instrument()
    at = numpy.datetime64("2026-05-04T10:00:00.123456789", "ns")
    order = basics.Order(
        "281474976710700", "LIMIT", ours, at, 0.5, 2500.5, "SELL", "OPEN", "GTC", "123456789"
    )
    deals = [
        basics.Deal(
            "77", "281474976710700", at, numpy.float64(-0.1) - 0.2, 2500.5, False, 0.0, "USDC"
        ),
        basics.Deal(
            "78",
            "281474976710700",
            at + numpy.timedelta64(1, "s"),
            -0.2,
            numpy.float32(2500.5),
            True,
        ),
    ]
    closed = basics.Order(
        "281474976710700", "LIMIT", ours, at, 0.5, 2500.5, "SELL", "CLOSED", "GTC", "123456789"
    )
    with Ledger.open("memory://") as ledger:
        outcomes(ledger, from_qubx(requested(ours), account=ACCOUNT, client_order_id="qubx_1"))
        outcomes(ledger, from_qubx(order, account=ACCOUNT))
        for deal in deals * 2:
            outcomes(ledger, from_qubx(deal, account=ACCOUNT, instrument=ours))
        outcomes(ledger, from_qubx(closed, account=ACCOUNT))
        row = ledger.order("qubx_1")
        trades = ledger.trades()
    assert (row["instrument"], row["side"], row["quantity"], row["status"]) == (
        "LIGHTER:SWAP:ETHUSDC",
        "sell",
        Decimal("0.5"),
        "filled",
    )
    assert [(trade["quantity"], trade["price"], trade["liquidity"]) for trade in trades] == [
        (Decimal("0.30000000000000004"), Decimal("2500.5"), "maker"),
        (Decimal("0.2"), Decimal("2500.5"), "taker"),
    ]
    assert trades[0]["at"].isoformat() == "2026-05-04T10:00:00.123456+00:00"


def test_a_position_without_a_time() -> None:
    position = basics.Position(instrument(), -0.5, 2500.5)
    (told,) = plain(from_qubx(position, account=ACCOUNT))
    assert {name: Decimal(told[name]) for name in ("quantity", "average_price")} == {
        "quantity": Decimal("-0.5"),
        "average_price": Decimal("2500.5"),
    }


def test_not_a_time_is_no_time() -> None:
    deal = basics.Deal("77", "V-1", numpy.datetime64("NaT"), -0.1, 2500.5, False)
    (told,) = from_qubx(deal, account=ACCOUNT)
    assert told.at is None
