"""A simulated Tradier for dry runs."""

from decimal import Decimal

from orderledger.extend.values import Clock
from orderledger.simulation.market import HAPPENINGS, ExchangeSimulator, SimulatedInstrument
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.simulated import TOKEN_VARIABLE, SimulatedVenue
from orderledger.simulation.tradier.server import TradierServer

NUMBER = "VA000001"
SHARES = (
    SimulatedInstrument(name="SPY", price=Decimal(500), tick=Decimal("0.01"), lot=Decimal(1)),
)


def simulated(faults: Faults, clock: Clock) -> SimulatedVenue:
    """One account that trades a share, without fundings."""
    server = TradierServer(
        ExchangeSimulator(clock=clock, accounts=[NUMBER], first_order_id=900_101, currency="USD"),
        faults=faults,
    )
    return SimulatedVenue(
        server=server,
        account=NUMBER,
        section=f'account = "tradier:fake"\nnumber = "{NUMBER}"\ntoken = {{ env = '
        f'"{TOKEN_VARIABLE}" }}',
        token=server.token,
        path="/v1",
        instruments=SHARES,
        happenings={name: often for name, often in HAPPENINGS.items() if name != "fund"},
        client_id=lambda number: f"O-{number}",
    )
