"""The fold of the views over archived events, for jobs of your own in Spark, Ray or Dask.

`fold_bucket` takes the events of one bucket, or of several whole ones, and returns the rows that
follow from them. `fold_positions` takes the trades and account events of some instruments. Both are
pure functions of Arrow tables.
"""

from orderledger.analytics.archive.folding import fold_bucket, fold_positions
from orderledger.analytics.archive.rows import bucket_of

__all__ = ["bucket_of", "fold_bucket", "fold_positions"]
