"""The numbers that identify instruments in actions."""

from typing import Any

FIRST_OF_SPOT = 10_000


def assets_of(perpetuals: Any, spot: Any) -> dict[str, int]:
    """Numbers by coin, from `meta` and `spotMeta`: perpetuals by their place in the list, spot
    pairs by their index.
    """
    found = {
        row["name"]: FIRST_OF_SPOT + row["index"]
        for row in _universe(spot)
        if isinstance(row.get("name"), str) and isinstance(row.get("index"), int)
    }
    for place, row in enumerate(_universe(perpetuals)):
        if isinstance(row.get("name"), str):
            found[row["name"]] = place
    return found


def _universe(document: Any) -> list[dict[str, Any]]:
    rows = document.get("universe") if isinstance(document, dict) else None
    return [row if isinstance(row, dict) else {} for row in rows] if isinstance(rows, list) else []
