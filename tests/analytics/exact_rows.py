"""Rows of a table with the exact value of each derived figure, which the table has as a double and
as text."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from orderledger.analytics.relations import EXACT_TEXT


def exact_rows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows without the columns of text, and with their values instead of doubles."""
    return [_exact(row) for row in rows]


def _exact(row: dict[str, Any]) -> dict[str, Any]:
    texts = {
        name.removesuffix(EXACT_TEXT): text
        for name, text in row.items()
        if name.endswith(EXACT_TEXT)
    }
    return {
        name: value if texts.get(name) is None else Decimal(texts[name])
        for name, value in row.items()
        if not name.endswith(EXACT_TEXT)
    }
