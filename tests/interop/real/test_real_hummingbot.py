"""The events of an installed Hummingbot."""

from decimal import Decimal

import pytest

from orderledger import Ledger
from orderledger.interop import from_hummingbot
from tests.interop import hummingbot_shapes
from tests.interop.listening import ACCOUNT, outcomes

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
        events.OrderFilledEvent(AT, "HB-1", "BTC-USDT", buy, limit, price, quantity, fee, "T-1", "X-1"),
        events.BuyOrderCompletedEvent(AT, "HB-1", "BTC", "USDT", quantity, quantity * price, limit, "X-1"),
    ]
    with Ledger.open("memory://") as ledger:
        for each in told:
            assert set(outcomes(ledger, from_hummingbot(each, account=ACCOUNT))) == {"recorded"}
            assert set(outcomes(ledger, from_hummingbot(each, account=ACCOUNT))) == {"duplicate"}
        row = ledger.order("HB-1")
    assert (row["status"], row["cum_quantity"], row["fees"], row["anomalies"]) == ("filled", quantity, {"USDT": "1.28"}, [])


@pytest.mark.parametrize(
    "name",
    [
        "BuyOrderCreatedEvent", "OrderFilledEvent", "OrderCancelledEvent", "OrderExpiredEvent", "MarketOrderFailureEvent",
        "BuyOrderCompletedEvent", "FundingPaymentCompletedEvent", "PositionUpdateEvent",
    ],
)  # fmt: skip
def test_the_shapes_of_the_other_tests_are_hummingbots_own(name: str) -> None:
    real, shape = getattr(events, name), getattr(hummingbot_shapes, name)
    assert list(real.__annotations__) == list(shape.__annotations__)
