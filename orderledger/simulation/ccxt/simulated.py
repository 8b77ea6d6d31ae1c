"""A simulated exchange of ccxt for dry runs: Binance USD-M."""

from decimal import Decimal

from orderledger.extend.values import Clock
from orderledger.simulation.ccxt.binance import TOKEN, BinanceServer
from orderledger.simulation.market import (
    HAPPENINGS,
    ExchangeSimulator,
    FeeSchedule,
    SimulatedInstrument,
)
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.simulated import TOKEN_VARIABLE, SimulatedVenue

ACCOUNT = "main"
PERPETUALS = (
    SimulatedInstrument(
        name="ETH/USDT:USDT", price=Decimal(2500), tick=Decimal("0.05"), lot=Decimal("0.01")
    ),
    SimulatedInstrument(
        name="BTC/USDT:USDT", price=Decimal(60000), tick=Decimal("0.5"), lot=Decimal("0.001")
    ),
)
NOT_THERE = ("place_stop", "trigger", "reject")
"""Binance treats conditional orders as a separate kind, and a refused order has no row."""
SECTION = f"""account = "ccxt:fake"
exchange = "binanceusdm"
credentials = {{ apiKey = {{ env = "{TOKEN_VARIABLE}" }}, secret = {{ env = "{TOKEN_VARIABLE}" }} }}
symbols = ["{PERPETUALS[0].name}", "{PERPETUALS[1].name}"]
milliseconds_per_request = 1
poll_seconds = 0.5"""


def simulated(faults: Faults, clock: Clock) -> SimulatedVenue:
    """One account that trades two perpetuals."""
    fees = FeeSchedule(maker=Decimal("0.0002"), taker=Decimal("0.0005"))
    exchange = ExchangeSimulator(
        clock=clock, accounts=[ACCOUNT], first_order_id=8_000_001, currency="USDT", fees=fees
    )
    return SimulatedVenue(
        server=BinanceServer(exchange, ACCOUNT, PERPETUALS, faults=faults),
        account=ACCOUNT,
        section=SECTION,
        token=TOKEN,
        instruments=PERPETUALS,
        happenings={name: often for name, often in HAPPENINGS.items() if name not in NOT_THERE},
        client_id=lambda number: f"O-{number}",
    )
