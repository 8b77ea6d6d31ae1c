"""A strategy of freqtrade whose orders are recorded. Files in its folder say what it does."""

import os
from pathlib import Path
from typing import Any, ClassVar

from freqtrade.strategy import IStrategy  # type: ignore[import-not-found]

from orderledger.venues import listen_to_freqtrade


class Recorded(IStrategy):  # type: ignore[misc]
    """Buys at once; `low`: far below the market; `half`: sells half once; `out`: sells all."""

    INTERFACE_VERSION = 3
    timeframe = "1m"
    minimal_roi: ClassVar = {"0": 10}
    stoploss = -0.9
    startup_candle_count = 0
    process_only_new_candles = False
    position_adjustment_enable = True
    order_types: ClassVar = {
        "entry": "limit",
        "exit": "limit",
        "stoploss": "market",
        "stoploss_on_exchange": False,
    }

    def bot_start(self, **kwargs: Any) -> None:
        listen_to_freqtrade(self, os.environ["LEDGER"], account="binance:main")

    def populate_indicators(self, dataframe: Any, metadata: Any) -> Any:
        return dataframe

    def populate_entry_trend(self, dataframe: Any, metadata: Any) -> Any:
        dataframe["enter_long"] = int(Path(f"buy_{metadata['pair'][:3]}").exists())
        return dataframe

    def populate_exit_trend(self, dataframe: Any, metadata: Any) -> Any:
        dataframe["exit_long"] = int(Path("out").exists())
        return dataframe

    def custom_entry_price(self, proposed_rate: float, **kwargs: Any) -> float:
        return proposed_rate * (0.9 if Path("low").exists() else 1.0)

    def adjust_trade_position(self, trade: Any, **kwargs: Any) -> Any:
        if Path("half").exists() and trade.nr_of_successful_exits == 0:
            return -trade.stake_amount / 2, "half"
        return None
