"""Digests of rows from which a fold continues. A row that the fold did not write so is not used."""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, cast

import msgspec

from orderledger.projections.view import AnyRow, RowType

DIGEST_BYTES = 16

_encode = msgspec.json.Encoder(order="deterministic").encode


class UnusableRow(Exception):
    """A row from which the fold cannot continue: it is missing, damaged, or of an older state."""


def sealed(row: RowType) -> RowType:
    """The row with the digest of its other columns."""
    return cast(RowType, {**row, "digest": _digest(row)})


def is_intact(row: AnyRow) -> bool:
    """Whether the row is as it was when it was sealed."""
    return bool(row["digest"] == _digest(row))


def _digest(row: AnyRow) -> str:
    values = [_in_utc(row[name]) for name in sorted(row) if name != "digest"]
    return blake2b(_encode(values), digest_size=DIGEST_BYTES).hexdigest()


def _in_utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
