"""`RowMeaning`: how a kind of row of an account's history is recorded, for the reference."""

from typing import NamedTuple


class RowMeaning(NamedTuple):
    """How a kind of row is recorded. `checked_with`: the document or the real export that shows
    such a row."""

    row: str
    recorded_as: str
    checked_with: str
