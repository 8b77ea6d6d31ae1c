"""The ledger's tables for pandas, Polars and DuckDB, SQL over them, and ready-made analyses (extra
`analytics`). Also archives, and the fold of archived events for jobs in Spark, Ray or Dask."""

from typing import TYPE_CHECKING

from orderledger.lazy import lazy

if TYPE_CHECKING:
    from orderledger.analytics.archive.folding import (
        fold_bucket as fold_bucket,
    )
    from orderledger.analytics.archive.folding import (
        fold_positions as fold_positions,
    )
    from orderledger.analytics.archive.rows import bucket_of as bucket_of
    from orderledger.analytics.errors import ArchiveError as ArchiveError
    from orderledger.analytics.errors import RelayError as RelayError
    from orderledger.analytics.table import LedgerTable as LedgerTable

HOMES: dict[str, tuple[str, ...]] = {
    "orderledger.analytics.errors": (
        "ArchiveError",
        "RelayError",
    ),
    "orderledger.analytics.table": ("LedgerTable",),
    "orderledger.analytics.archive.folding": (
        "fold_bucket",
        "fold_positions",
    ),
    "orderledger.analytics.archive.rows": ("bucket_of",),
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, HOMES)
