"""How far the tables of proof have come, for the status of a ledger."""

from typing import NamedTuple

from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.table_names import CHECKPOINTS_TABLE, TILES_TABLE


class ProofPositions(NamedTuple):
    """Log positions: of the last hashed event, and of the newest checkpoint. 0 if there is none."""

    tiles: int
    checkpoint: int


def proof_positions(session: Session) -> ProofPositions:
    """The positions of one state of the ledger."""
    tiles = session.execute(
        f"SELECT positions FROM {TILES_TABLE} WHERE level = 0 ORDER BY number DESC LIMIT 1"
    )
    checkpoints = session.execute(
        f"SELECT position FROM {CHECKPOINTS_TABLE} ORDER BY size DESC LIMIT 1"
    )
    return ProofPositions(
        int.from_bytes(bytes(tiles[0][0])[-8:], "big") if tiles else 0,
        checkpoints[0][0] if checkpoints else 0,
    )
