"""A simulated Hyperliquid for dry runs."""

from orderledger.extend.values import Clock
from orderledger.simulation.hyperliquid.server import HyperliquidServer
from orderledger.simulation.market import ExchangeSimulator
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.simulated import SimulatedVenue

ADDRESS = "0x" + "fa" * 20


def simulated(faults: Faults, clock: Clock) -> SimulatedVenue:
    """One account, read without a token."""
    exchange = ExchangeSimulator(clock=clock, accounts=[ADDRESS], first_order_id=700_000_000_101)
    return SimulatedVenue(
        server=HyperliquidServer(exchange, faults=faults),
        account=ADDRESS,
        section=f'accounts = [{{ account = "hyperliquid:fake", address = "{ADDRESS}" }}]',
        client_id=lambda number: f"0x{number:032x}",
        with_new_id=True,
    )
