"""The classes of rows that queries return, for programs that are type-checked. At run time a row is
a dictionary."""

from orderledger.projections.rows import *  # noqa: F403
