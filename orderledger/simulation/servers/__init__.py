"""Shared parts of all simulated servers: HTTP, websockets and the faults of a connection. Needs the
extra `fake`.

A venue's server is a `VenueServer` (`server.py`) over `orderledger.simulation.market`. aiohttp is
imported only to serve.
"""

from orderledger.simulation.servers.faults import Faults

__all__ = ["Faults"]
