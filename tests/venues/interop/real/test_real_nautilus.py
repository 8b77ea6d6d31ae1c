"""The order events of an installed NautilusTrader, made by its own order factory and model."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.venues import from_nautilus
from orderledger.venues.interop import nautilus as nautilus_events
from tests.venues.interop.listening import ACCOUNT, outcomes, plain
from tests.venues.interop.nautilus_shapes import event, filled, initialized

pytestmark = pytest.mark.interop
NAUTILUS = "nautilus_trader"
events = pytest.importorskip(f"{NAUTILUS}.model.events")


def instrument() -> Any:
    return pytest.importorskip(
        f"{NAUTILUS}.test_kit.providers"
    ).TestInstrumentProvider.btcusdt_perp_binance()


@pytest.fixture
def order() -> Any:
    factories = pytest.importorskip(f"{NAUTILUS}.common.factories")
    identifiers = pytest.importorskip(f"{NAUTILUS}.model.identifiers")
    objects = pytest.importorskip(f"{NAUTILUS}.model.objects")
    side = pytest.importorskip(f"{NAUTILUS}.model.enums").OrderSide.SELL
    clock = pytest.importorskip(f"{NAUTILUS}.common.component").TestClock()
    clock.set_time(1_777_888_800_000_000_000)
    trader, strategy = identifiers.TraderId("T-001"), identifiers.StrategyId("S-001")
    factory = factories.OrderFactory(trader_id=trader, strategy_id=strategy, clock=clock)
    quantity, price = objects.Quantity.from_str("0.500"), objects.Price.from_str("64000.10")
    return factory.limit(instrument().id, side, quantity, price, post_only=True)


def test_an_order_as_nautilus_makes_it(order: Any) -> None:
    stubs = pytest.importorskip(f"{NAUTILUS}.test_kit.stubs.events").TestEventStubs
    told = [
        order.init_event,
        stubs.order_submitted(order),
        stubs.order_accepted(order),
        stubs.order_pending_cancel(order),
        stubs.order_filled(order, instrument(), ts_event=1_777_888_801_000_000_000),
    ]
    with Ledger.open("memory://") as ledger:
        for each in told:
            assert set(outcomes(ledger, from_nautilus(each, account=ACCOUNT))) == {"recorded"}
            assert set(outcomes(ledger, from_nautilus(each, account=ACCOUNT))) == {"duplicate"}
        row = ledger.order(str(order.client_order_id))
    assert (
        row["instrument"],
        row["side"],
        row["quantity"],
        row["limit_price"],
        row["post_only"],
    ) == (
        "BTCUSDT-PERP.BINANCE",
        "sell",
        Decimal("0.5"),
        Decimal("64000.10"),
        True,
    )
    assert (row["status"], row["cum_quantity"], row["strategy"]) == (
        "filled",
        Decimal("0.5"),
        "S-001",
    )


def test_every_order_event_of_nautilus_is_known() -> None:
    kinds = {name for name in dir(events) if name.startswith("Order") and name != "OrderEvent"}
    assert kinds <= {*nautilus_events.EVENTS, *nautilus_events.SILENT}


@pytest.mark.parametrize(
    "shape",
    [
        filled(position_id=None),
        event("OrderUpdated", quantity="0.300", price="64001.00", trigger_price=None),
        event("OrderRejected", reason="no", due_post_only=True),
        event("OrderCanceled"),
        event("OrderModifyRejected", reason="no"),
        event("OrderCancelRejected", reason="no"),
    ],
    ids=lambda shape: str(shape["type"]),
)
def test_the_shapes_of_the_other_tests_are_nautilus_own(shape: dict[str, Any]) -> None:
    real = getattr(events, shape["type"]).from_dict(shape)
    assert plain(from_nautilus(real, account=ACCOUNT)) == plain(
        from_nautilus(shape, account=ACCOUNT)
    )


def test_the_shape_of_a_request_lacks_nothing_that_is_read(order: Any) -> None:
    made = type(order.init_event).to_dict(order.init_event)
    assert set(initialized()) - {"venue_order_id", "account_id"} <= set(made)
