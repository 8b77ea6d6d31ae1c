"""A simulated Hyperliquid for dry runs."""

from orderledger.extend.values import Clock
from orderledger.simulation.hyperliquid.server import HyperliquidServer
from orderledger.simulation.market import ExchangeSimulator
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.simulated import KEY_VARIABLE, SimulatedVenue

ADDRESS = "0x" + "fa" * 20
KEY = "0x" + "fa" * 32
WALLET = "0x14dcb427a216216791fb63973c5b13878de30916"
"""The address of the key, an API wallet of the account: it trades, and cannot withdraw."""


def simulated(faults: Faults, clock: Clock) -> SimulatedVenue:
    """One account, read without a token. Orders are signed as at the test network."""
    exchange = ExchangeSimulator(clock=clock, accounts=[ADDRESS], first_order_id=700_000_000_101)
    server = HyperliquidServer(exchange, faults=faults)
    server.actions.agents[WALLET] = ADDRESS
    section = (
        f'network = "testnet"\naccounts = [{{ account = "hyperliquid:fake", address = '
        f'"{ADDRESS}", private_key = {{ env = "{KEY_VARIABLE}" }} }}]'
    )
    return SimulatedVenue(
        server=server,
        account=ADDRESS,
        section=section,
        key=KEY,
        client_id=lambda number: f"0x{number:032x}",
        with_new_id=True,
    )
