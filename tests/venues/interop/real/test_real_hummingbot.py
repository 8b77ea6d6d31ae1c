"""The events of an installed Hummingbot."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.venues import from_hummingbot
from tests.venues.importers.importing import imported
from tests.venues.interop import hummingbot_shapes
from tests.venues.interop.listening import ACCOUNT, outcomes

pytestmark = pytest.mark.interop
events = pytest.importorskip("hummingbot.core.event.events")
AT = 1_777_888_800.25


def test_an_order_as_hummingbot_tells_it() -> None:
    common = pytest.importorskip("hummingbot.core.data_type.common")
    fees = pytest.importorskip("hummingbot.core.data_type.trade_fee")
    limit, buy = common.OrderType.LIMIT, common.TradeType.BUY
    price, quantity = Decimal("64000.1"), Decimal("0.3")
    fee = fees.AddedToCostTradeFee(flat_fees=[fees.TokenAmount("USDT", Decimal("1.28"))])
    told = [
        events.BuyOrderCreatedEvent(AT, limit, "BTC-USDT", quantity, price, "HB-1", AT, "X-1"),
        events.OrderFilledEvent(
            AT, "HB-1", "BTC-USDT", buy, limit, price, quantity, fee, "T-1", "X-1"
        ),
        events.BuyOrderCompletedEvent(
            AT, "HB-1", "BTC", "USDT", quantity, quantity * price, limit, "X-1"
        ),
    ]
    with Ledger.open("memory://") as ledger:
        for each in told:
            assert set(outcomes(ledger, from_hummingbot(each, account=ACCOUNT))) == {"recorded"}
            assert set(outcomes(ledger, from_hummingbot(each, account=ACCOUNT))) == {"duplicate"}
        row = ledger.order("HB-1")
    assert (row["status"], row["cum_quantity"], row["fees"], row["anomalies"]) == (
        "filled",
        quantity,
        {"USDT": "1.28"},
        [],
    )


@pytest.mark.parametrize(
    "name",
    [
        "BuyOrderCreatedEvent", "OrderFilledEvent", "OrderCancelledEvent", "OrderExpiredEvent",
        "MarketOrderFailureEvent",
        "BuyOrderCompletedEvent", "FundingPaymentCompletedEvent", "PositionUpdateEvent",
    ],
)  # fmt: skip
def test_the_shapes_of_the_other_tests_are_hummingbots_own(name: str) -> None:
    real, shape = getattr(events, name), getattr(hummingbot_shapes, name)
    assert list(real.__annotations__) == list(shape.__annotations__)


def test_the_database_of_hummingbot_is_imported(tmp_path: Path) -> None:
    orm = pytest.importorskip("sqlalchemy.orm")
    sqlalchemy = pytest.importorskip("sqlalchemy")
    base = pytest.importorskip("hummingbot.model").HummingbotBase
    model = {
        name: getattr(pytest.importorskip(f"hummingbot.model.{module}"), name)
        for name, module in TABLES.items()
    }
    path, milliseconds = tmp_path / "bot.sqlite", int(AT * 1000)
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    base.metadata.create_all(engine)
    pair: dict[str, Any] = {
        "config_file_path": "pmm.yml",
        "strategy": "pmm",
        "market": "binance",
        "symbol": "BTC-USDT",
    }
    pair |= {"base_asset": "BTC", "quote_asset": "USDT", "order_type": "LIMIT", "leverage": 1}
    numbers = {"price": Decimal("64000.1"), "amount": Decimal("0.3")}
    fee = {
        "percent": "0",
        "percent_token": None,
        "flat_fees": [{"token": "USDT", "amount": "1.28"}],
    }
    with orm.Session(engine) as session:
        times = {
            "creation_timestamp": milliseconds,
            "last_update_timestamp": milliseconds,
            "last_status": "OrderFilled",
        }
        session.add(model["Order"](id="HB-1", exchange_order_id="X-1", **times, **pair, **numbers))
        session.add(
            model["OrderStatus"](order_id="HB-1", timestamp=milliseconds, status="BuyOrderCreated")
        )
        told = {
            "timestamp": milliseconds,
            "order_id": "HB-1",
            "trade_type": "BUY",
            "exchange_trade_id": "T-1",
            "trade_fee": fee,
        }
        session.add(model["TradeFill"](**told, **pair, **numbers))
        session.commit()
    with Ledger.open("memory://") as ledger:
        assert imported(ledger, "hummingbot", path).is_whole
        row = ledger.order("HB-1")
    assert (row["status"], row["cum_quantity"], row["fees"]) == (
        "filled",
        Decimal("0.3"),
        {"USDT": "1.28"},
    )


TABLES = {
    "Order": "order",
    "OrderStatus": "order_status",
    "TradeFill": "trade_fill",
    "FundingPayment": "funding_payment",
}
