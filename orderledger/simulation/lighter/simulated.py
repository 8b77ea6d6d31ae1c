"""A simulated Lighter for dry runs."""

from datetime import timedelta

from orderledger.extend.values import Clock
from orderledger.simulation.lighter.server import FIRST_ORDER_ID, LighterServer
from orderledger.simulation.market import ExchangeSimulator
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.simulated import TOKEN_VARIABLE, SimulatedVenue

ACCOUNT, INDEX = "lighter:fake", 281


def simulated(faults: Faults, clock: Clock) -> SimulatedVenue:
    """One account, with a token that holds for a year."""
    exchange = ExchangeSimulator(
        clock=clock,
        accounts=[ACCOUNT],
        first_order_id=FIRST_ORDER_ID + 101,
        first_fill_id=19_300_000_001,
    )
    ends_at = int((clock.now() + timedelta(days=365)).timestamp())
    return SimulatedVenue(
        server=LighterServer(exchange, {ACCOUNT: INDEX}, clock=clock, faults=faults),
        account=ACCOUNT,
        section=f'account = "{ACCOUNT}"\naccount_index = {INDEX}\ntoken = {{ env = '
        f'"{TOKEN_VARIABLE}" }}',
        token=f"{ends_at}:{INDEX}:2:{INDEX:040x}",
    )
