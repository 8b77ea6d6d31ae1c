"""The generated table of how exchanges of ccxt continue their lists of trades."""

from itertools import groupby

from markdown import table

from orderledger.venues.ccxt.cursors import CURSORS, Cursor


def pages_of_trades() -> list[str]:
    """Each way to the next page, with its exchanges."""
    ways = sorted(CURSORS.items(), key=lambda one: (str(one[1]), one[0]))
    rows = [
        (names, way.kind or "", f"`{way.param}`", _value(way), way.source)
        for cursors, group in groupby(ways, key=lambda one: one[1])
        for names in [", ".join(name for name, _ in group)]
        for way in cursors
    ]
    return [
        "### Pages of trades\n",
        "How the adapter of ccxt turns the pages of an exchange's list of trades. Every other",
        "exchange is read by times: see",
        "[connect-ccxt](../how-to/connect-ccxt.md#pages-of-trades).\n",
        table(("exchange", "markets", "parameter", "its value", "source"), sorted(rows)),
    ]


def _value(way: Cursor) -> str:
    if way.counts is not None:
        return (
            f"number of {way.counts} before, plus {way.first}"
            if way.first
            else (f"number of {way.counts} before")
        )
    where = ".".join("last row" if step == -1 else str(step) for step in way.at)
    return f"`{where}` of the answer" + (f", plus {way.plus}" if way.plus else "")
