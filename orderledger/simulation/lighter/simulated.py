"""A simulated Lighter for dry runs."""

from datetime import timedelta

from orderledger.extend.values import Clock
from orderledger.simulation.lighter.server import FIRST_ORDER_ID, LighterServer
from orderledger.simulation.market import ExchangeSimulator
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.simulated import (
    KEY_VARIABLE,
    TOKEN_VARIABLE,
    SimulatedVenue,
)

ACCOUNT, INDEX = "lighter:fake", 281
KEY_INDEX = 3
KEY = "5e" * 40
"""The server does not check signatures: any key of 40 bytes signs."""


def simulated(faults: Faults, clock: Clock) -> SimulatedVenue:
    """One account, with a token that holds for a year."""
    exchange = ExchangeSimulator(
        clock=clock,
        accounts=[ACCOUNT],
        first_order_id=FIRST_ORDER_ID + 101,
        first_fill_id=19_300_000_001,
    )
    ends_at = int((clock.now() + timedelta(days=365)).timestamp())
    section = (
        f'account = "{ACCOUNT}"\naccount_index = {INDEX}\n'
        f'token = {{ env = "{TOKEN_VARIABLE}" }}\n'
        f'api_key_index = {KEY_INDEX}\nprivate_key = {{ env = "{KEY_VARIABLE}" }}'
    )
    return SimulatedVenue(
        server=LighterServer(exchange, {ACCOUNT: INDEX}, clock=clock, faults=faults),
        account=ACCOUNT,
        section=section,
        token=f"{ends_at}:{INDEX}:2:{INDEX:040x}",
        key=KEY,
    )
