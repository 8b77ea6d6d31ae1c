"""A strategy in Qubx's simulator whose orders are recorded: `python qubx_bot.py LEDGER`.

Prints what Qubx's account knows after each event.
"""

import sys
import time
from typing import Any

import numpy as np
import pandas as pd
from qubx.backtester.simulator import simulate  # type: ignore[import-not-found]
from qubx.core.basics import AssetType, Instrument, MarketType  # type: ignore[import-not-found]
from qubx.core.interfaces import IStrategy  # type: ignore[import-not-found]

from orderledger.venues import listen_to_qubx

ETH = Instrument(
    symbol="ETHUSDT", asset_type=AssetType.CRYPTO, market_type=MarketType.SWAP,
    exchange="BINANCE.UM", base="ETH", quote="USDT", settle="USDT", exchange_symbol="ETHUSDT",
    tick_size=0.01, lot_size=0.001, min_size=0.001,
)  # fmt: skip


class Bot(IStrategy):  # type: ignore[misc]
    """Buys, offers far above the market, and cancels."""

    ledger = ""
    turn = 0

    def on_init(self, initializer: Any) -> None:
        initializer.set_base_subscription("ohlc(1Min)")
        initializer.set_event_schedule("1Min")

    def on_start(self, ctx: Any) -> None:
        print("starts with", ctx.get_position(ETH).quantity, flush=True)
        listen_to_qubx(ctx, self.ledger, account={"BINANCE.UM": "binance:main"})

    def on_event(self, ctx: Any, event: Any) -> None:
        self.turn += 1
        if self.turn % 4 == 1:
            ctx.trade(ETH, 0.1)
        elif self.turn % 4 == 2:
            ctx.trade_async(ETH, -0.1, price=2600.0)
        elif self.turn % 4 == 3:
            for order_id in list(ctx.get_orders()):
                ctx.cancel_order(order_id)
        print("position", ctx.get_position(ETH).quantity, flush=True)
        time.sleep(0.05)


def main(ledger: str) -> None:
    Bot.ledger = ledger
    index = pd.date_range("2026-05-04 10:00", "2026-05-04 16:00", freq="1min", name="timestamp")
    price = 2500 + np.sin(np.arange(len(index)) / 5) * 10
    bars = {"open": price, "high": price + 3, "low": price - 3, "close": price + 1, "volume": 10.0}
    data = {"ohlc(1Min)": {"BINANCE.UM:ETHUSDT": pd.DataFrame(bars, index=index)}}
    simulate(
        {"bot": Bot()}, data, 100_000, "2026-05-04 10:10", "2026-05-04 15:50", instruments=[ETH],
        commissions="vip0_usdt", exchange="BINANCE.UM", silent=True,
    )  # fmt: skip
    print("ended", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
