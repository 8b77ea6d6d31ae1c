"""A backtest of NautilusTrader whose orders are recorded: `python nautilus_bot.py LEDGER OMS`, with
`amounts` at the end for orders of an amount of quote currency.

Prints what its cache has after each order event: the event, the orders, and all their events.
"""

import sys
import time
from decimal import Decimal
from typing import Any

from nautilus_trader.backtest.engine import (  # type: ignore[import-not-found]
    BacktestEngine,
    BacktestEngineConfig,
)
from nautilus_trader.common.config import LoggingConfig  # type: ignore[import-not-found]
from nautilus_trader.model.currencies import USDT  # type: ignore[import-not-found]
from nautilus_trader.model.data import QuoteTick  # type: ignore[import-not-found]
from nautilus_trader.model.enums import (  # type: ignore[import-not-found]
    AccountType,
    OmsType,
    OrderSide,
)
from nautilus_trader.model.identifiers import Venue  # type: ignore[import-not-found]
from nautilus_trader.model.objects import Money, Quantity  # type: ignore[import-not-found]
from nautilus_trader.test_kit.providers import (  # type: ignore[import-not-found]
    TestInstrumentProvider,
)
from nautilus_trader.trading.strategy import Strategy  # type: ignore[import-not-found]

from orderledger.venues import listen_to_nautilus

INSTRUMENT = TestInstrumentProvider.btcusdt_perp_binance()
QUOTES, START_NS = 400, 1_777_888_800_000_000_000


class Bot(Strategy):  # type: ignore[misc]
    """Places, changes, cancels: an order with each quote."""

    def __init__(self, ledger: str) -> None:
        super().__init__()
        self._ledger, self._count = ledger, 0

    def on_start(self) -> None:
        listen_to_nautilus(
            self.msgbus, self._ledger, account={"BINANCE": "binance:main"}, cache=self.cache
        )
        self.subscribe_quote_ticks(INSTRUMENT.id)

    def on_quote_tick(self, tick: Any) -> None:
        self._count += 1
        turn, quantity = self._count % 4, INSTRUMENT.make_qty(Decimal("0.010"))
        terms = {"instrument_id": INSTRUMENT.id, "quantity": quantity}
        if turn == 1:
            self.submit_order(self.order_factory.market(order_side=OrderSide.BUY, **terms))
        elif turn == 2:
            price = INSTRUMENT.make_price(tick.bid_price.as_decimal() - 50)
            order = self.order_factory.limit(
                order_side=OrderSide.BUY, price=price, post_only=True, **terms
            )
            self.submit_order(order)
        elif turn == 3:
            for order in self.cache.orders_open(strategy_id=self.id):
                price = INSTRUMENT.make_price(order.price.as_decimal() + 1)
                self.modify_order(order, quantity=quantity, price=price)
        else:
            for order in self.cache.orders_open(strategy_id=self.id):
                self.cancel_order(order)
        time.sleep(0.02)

    def on_order_event(self, event: Any) -> None:
        kept = [order.event_count for order in self.cache.orders()]
        print(type(event).__name__, len(kept), sum(kept), flush=True)


class BotOfAmounts(Bot):
    """Places two orders, each for 1000 USDT."""

    def on_quote_tick(self, tick: Any) -> None:
        self._count += 1
        terms = {
            "order_side": OrderSide.BUY,
            "instrument_id": INSTRUMENT.id,
            "quantity": Quantity.from_str("1000.00"),
            "quote_quantity": True,
        }
        if self._count == 1:
            self.submit_order(self.order_factory.market(**terms))
        elif self._count == 2:
            price = INSTRUMENT.make_price(60_002)
            self.submit_order(self.order_factory.limit(price=price, **terms))


def quotes() -> list[Any]:
    size = INSTRUMENT.make_qty(1)
    return [
        QuoteTick(
            INSTRUMENT.id,
            INSTRUMENT.make_price(60_000 + number % 7),
            INSTRUMENT.make_price(60_001 + number % 7),
            size,
            size,
            START_NS + number * 1_000_000_000,
            START_NS + number * 1_000_000_000,
        )
        for number in range(QUOTES)
    ]


def main(ledger: str, oms: str, kind: str = "") -> None:
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(log_level="ERROR")))
    engine.add_venue(
        Venue("BINANCE"),
        oms_type=OmsType[oms],
        account_type=AccountType.MARGIN,
        starting_balances=[Money(1_000_000, USDT)],
    )
    engine.add_instrument(INSTRUMENT)
    engine.add_data(quotes())
    engine.add_strategy(BotOfAmounts(ledger) if kind == "amounts" else Bot(ledger))
    print("starts with", len(engine.cache.orders()), "orders", flush=True)
    engine.run()
    print("ended", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
