"""A simulated venue in this process: the market behind an unreliable line, in virtual time,
using the ledger's messages.
"""

from orderledger.simulation.local.line import CALM, LineFaults
from orderledger.simulation.local.reports import VenueAnswer, VenueUnreachable
from orderledger.simulation.local.venue import LocalVenue
from orderledger.simulation.market.instruments import FeeSchedule, SimulatedInstrument

__all__ = [
    "CALM",
    "FeeSchedule",
    "LineFaults",
    "LocalVenue",
    "SimulatedInstrument",
    "VenueAnswer",
    "VenueUnreachable",
]
