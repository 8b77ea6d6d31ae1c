"""The memory of a local venue: all of it as typed values, in one JSON file that is replaced
atomically.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from orderledger.simulation.local.line import LineFaults, LineState
from orderledger.simulation.local.requests import Message
from orderledger.simulation.market.background import FlowState
from orderledger.simulation.market.instruments import FeeSchedule, SimulatedInstrument
from orderledger.simulation.market.matching import SavedExchange

RandomState = tuple[int, tuple[int, ...], float | None]
"""As `random.Random.getstate` gives it."""


@dataclass(frozen=True, kw_only=True)
class LocalMemory:
    """The parameters of a venue, and its current state. `sent`: its reports, oldest first."""

    account: str
    instruments: list[SimulatedInstrument]
    fees: FeeSchedule
    faults: LineFaults
    flow_interval_seconds: float | None
    chance: RandomState
    line: LineState
    exchange: SavedExchange
    sent: list[Message]
    flows: dict[str, FlowState]


def write_memory(path: Path, memory: LocalMemory) -> None:
    """Replace the file atomically: a reader finds the old state or the new one, whenever the
    writer dies.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_bytes(msgspec.json.encode(memory))
    os.replace(unfinished, path)


def read_memory(path: Path) -> LocalMemory:
    """The state that `write_memory` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=LocalMemory)
