"""Hummingbot's connector of Binance's perpetuals with its own recorder, and our listener:
`python hummingbot_bot.py URL LEDGER ORDERS`. Prints an order's id when it is placed."""

import asyncio
import sys
import time
from decimal import Decimal
from types import SimpleNamespace

import hummingbot.connector.derivative.binance_perpetual.binance_perpetual_constants as constants  # type: ignore[import-not-found]
from hummingbot.client.config.client_config_map import (  # type: ignore[import-not-found]
    DBSqliteMode,
    MarketDataCollectionConfigMap,
)
from hummingbot.connector.derivative.binance_perpetual.binance_perpetual_derivative import (  # type: ignore[import-not-found]
    BinancePerpetualDerivative,
)
from hummingbot.connector.markets_recorder import (  # type: ignore[import-not-found]
    MarketsRecorder,
)
from hummingbot.core.clock import Clock, ClockMode  # type: ignore[import-not-found]
from hummingbot.core.data_type.common import (  # type: ignore[import-not-found]
    OrderType,
    PositionAction,
)
from hummingbot.model.sql_connection_manager import (  # type: ignore[import-not-found]
    SQLConnectionManager,
    SQLConnectionType,
)

from orderledger.simulation.ccxt.binance import TOKEN
from orderledger.venues import listen_to_hummingbot

PAIR, CONFIG = "ETH-USDT", "bot.yml"


async def run(url: str, ledger: str, orders: int) -> None:
    constants.PERPETUAL_BASE_URL = f"{url}/fapi/"
    constants.PERPETUAL_WS_URL = url.replace("http", "ws") + "/"
    connector = BinancePerpetualDerivative(
        binance_perpetual_api_key=TOKEN, binance_perpetual_api_secret=TOKEN, trading_pairs=[PAIR]
    )
    database = SQLConnectionManager(
        SimpleNamespace(db_mode=DBSqliteMode()),
        connection_type=SQLConnectionType.TRADE_FILLS,
        db_path="bot.sqlite",
    )
    recorder = MarketsRecorder(
        database, [connector], CONFIG, "script", MarketDataCollectionConfigMap()
    )
    recorder.restore_market_states(CONFIG, connector)
    print("restored", len(connector.in_flight_orders), flush=True)
    listener = listen_to_hummingbot(connector, ledger, account="binance:main", strategy="script")
    recorder.start()
    await connector._update_trading_rules()
    clock = Clock(ClockMode.REALTIME)
    clock.add_iterator(connector)
    with clock:
        ticking = asyncio.ensure_future(clock.run_til(time.time() + 600))
        while not connector._user_stream_tracker.data_source.last_recv_time:
            await asyncio.sleep(0.1)
        for number in range(orders):
            price = Decimal(2500) if number % 2 == 0 else Decimal(2400)
            order = connector.buy(
                PAIR,
                Decimal("0.3"),
                OrderType.LIMIT,
                price,
                position_action=PositionAction.OPEN,
            )
            print("placed", order, flush=True)
            await asyncio.sleep(1)
            if number == 1:
                connector.cancel(PAIR, order)
        await ticking
    print(listener.failed)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3])))
