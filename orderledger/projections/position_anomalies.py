"""Anomalies that follow from a fill and the definition of its instrument together, found when
anomalies are asked for.

No event records them: a definition may come later, and the anomaly is gone when the fill is
completed, corrected or busted. The rows of positions say which instruments have any. A fill that
has several is listed with the first of them.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

from orderledger.domain.exact import ZERO
from orderledger.domain.values import account_stream
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.instruments import INSTRUMENTS
from orderledger.projections.position_tables import POSITIONS
from orderledger.projections.sides import (
    IMPOSSIBLE_PRICE,
    NAMED,
    NET,
    SIDE_CONFLICT,
    SIDE_UNKNOWN,
    Modes,
    Sides,
    mode_at,
    sides_from,
    when,
)
from orderledger.projections.trades import TRADES
from orderledger.projections.view import Row, Table

CODES = POSITIONS.narrowed(
    ("account", "instrument", "position_side", "position_id", "method", "anomalies", "book")
)
FLAGS = POSITIONS.narrowed(
    ("account", "instrument", "position_side", "position_id", "method", "anomalies")
)

DETAILS = {
    SIDE_UNKNOWN: "the venue keeps a long and a short position of the instrument, and nothing "
    "says which one this changes",
    SIDE_CONFLICT: "it names a position side, and the account keeps one net position of the "
    "instrument",
    IMPOSSIBLE_PRICE: "an inverse instrument has no value at a price of 0 or less",
}


class Source(Protocol):
    def rows(self, table: Table, **where: Any) -> list[Row]: ...


def position_anomalies(
    source: Source,
    table: Table,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    **where: Any,
) -> list[Row]:
    """The rows of `anomalies`, with the columns of `table`, that match and that no event
    records."""
    asked = {name: value for name, value in where.items() if value is not None}
    flagged = source.rows(FLAGS, method="average", account=asked.get("account"))
    names = dict.fromkeys(
        (row["account"], row["instrument"]) for row in flagged if row["anomalies"]
    )
    rows = sorted(
        (row for key in names for row in _of_instrument(source, *key)),
        key=lambda row: int(row["position"]),
    )
    return [
        {name: row[name] for name in table.names}
        for row in rows
        if all(row[name] == value for name, value in asked.items())
        and (since is None or row["detected_at"] >= since)
        and (until is None or row["detected_at"] < until)
    ]


def _of_instrument(source: Source, account: str, instrument: str) -> Iterator[Row]:
    where = {"account": account, "instrument": instrument}
    (defined,) = source.rows(INSTRUMENTS, **where) or [None]
    sides, modes = sides_from(source.rows(CODES, method="average", **where)[0]["book"].get("sides"))
    is_inverse = bool(defined and defined["inverse"])
    trades = (row for row in source.rows(TRADES, state="active", **where) if row["side"])
    for entry in [*trades, *source.rows(ACCOUNT_EVENTS, kind="adjust", **where)]:
        code = _code(entry, sides, modes)
        if code is None and is_inverse and "fill_id" in entry and entry["price"] <= ZERO:
            code = IMPOSSIBLE_PRICE
        if code is not None:
            yield _row(entry, code)


def _code(entry: Row, sides: Sides | None, modes: Modes) -> str | None:
    if sides is None:
        return None
    mode, is_named = mode_at(modes, when(entry)), entry["position_side"] in NAMED
    if is_named:
        return SIDE_CONFLICT if mode == NET else None
    return SIDE_UNKNOWN if sides.is_lost(when(entry), mode) else None


def _row(entry: Row, code: str) -> Row:
    return {
        "position": entry["position"],
        "account": entry["account"],
        "client_order_id": entry.get("client_order_id"),
        "code": code,
        "detail": f"fill {entry['fill_id']}: {DETAILS[code]}"
        if "fill_id" in entry
        else f"adjustment: {DETAILS[code]}",
        "detected_at": entry.get("recorded_at", entry["at"]),
        "cleared_at": None,
        "stream": entry.get("stream")
        or account_stream(entry["account"], "adjust", entry["instrument"]),
    }
