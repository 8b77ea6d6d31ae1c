"""Builds views with several processes: orders and trades apart by stream, positions from the trades at the end."""

import gc
from multiprocessing import get_context
from zlib import crc32

from orderledger.domain.values import is_order_stream
from orderledger.infrastructure.storage.codec import decode
from orderledger.infrastructure.storage.projecting import BATCH_FAR_BEHIND
from orderledger.infrastructure.storage.sqlrows import SqlRows
from orderledger.infrastructure.storage.store import Store, open_store
from orderledger.projections.fold import Fold
from orderledger.projections.position_fold import PositionFold
from orderledger.projections.tables import ACCOUNT_EVENTS, TRADES

ROWS_PER_FLUSH = 20_000


def build_in_parallel(store: Store, suffix: str, jobs: int) -> tuple[int, int]:
    """Fill the tables with this suffix. Returns the position up to which they are built, and the number of events."""
    up_to = store.recorder.last_position()
    assert store.url is not None
    with get_context("spawn").Pool(jobs) as pool:
        counts = pool.starmap(_build_share, [(store.url, suffix, share, jobs, up_to) for share in range(jobs)])
    _build_positions(store, suffix)
    return up_to, sum(counts)


def _build_share(url: str, suffix: str, share: int, jobs: int, up_to: int) -> int:
    """One process: everything but the positions, of its share of the streams."""
    gc.disable()  # the process lives for this alone, and makes nothing that is in a cycle
    store = open_store(url)
    rows = SqlRows(suffix)
    fold = Fold(rows, has_positions=False)
    position, taken, waiting = 0, 0, 0
    try:
        while position < up_to:
            with store.database.reading() as session:
                rows.session = session
                stored = session.stored_after(position, BATCH_FAR_BEHIND)
                for stream, version, name, state, at in stored:
                    if at <= up_to and _share_of(stream, jobs) == share:
                        fold.take(decode(stream, version, name, state, at))
                        waiting += 1
            position = stored[-1][4] if stored else up_to
            if waiting >= ROWS_PER_FLUSH or position >= up_to:
                with store.database.writing() as session:
                    rows.session = session
                    fold.settle()
                    rows.flush()
                taken, waiting = taken + waiting, 0
    finally:
        store.close()
    return taken


def _share_of(stream: str, jobs: int) -> int:
    """Whose a stream is. What is not an order's is all one process's: several streams write to one row there."""
    return crc32(stream.encode()) % jobs if is_order_stream(stream) else 0


def _build_positions(store: Store, suffix: str) -> None:
    rows = SqlRows(suffix)
    positions = PositionFold(rows)
    with store.database.writing() as session:
        rows.session = session
        for table in (TRADES, ACCOUNT_EVENTS):
            for account, instrument in session.execute(f"SELECT DISTINCT account, instrument FROM {table.name}{suffix}"):
                positions.distrust({"account": account, "instrument": instrument})
        positions.settle()
        rows.flush()
