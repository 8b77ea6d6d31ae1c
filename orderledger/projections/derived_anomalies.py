"""Anomalies that are found when anomalies are queried, because no order's stream has them.

Some follow from a fill and the definition of its instrument together. A definition may come later.
The anomaly is gone when the fill is completed, corrected or busted. The rows of positions say which
instruments have any. A fill that has several is listed with the first of them. Others follow from
transfers and balances, from the fills of a group of orders, or from open orders and a split. Some
concern the whole log.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol, cast

from orderledger.domain.accounts import EVERY_ACCOUNT
from orderledger.domain.exact import ZERO
from orderledger.domain.stream_names import account_stream
from orderledger.domain.values import Anomaly
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.anomalies import AnomalyRow
from orderledger.projections.cash import CASH
from orderledger.projections.entries import (
    Ordered,
    is_of_instrument,
    is_ordered,
    is_trade,
)
from orderledger.projections.groups import broken_in
from orderledger.projections.instruments import INSTRUMENTS
from orderledger.projections.order_times import microseconds
from orderledger.projections.orders import ORDERS, StoredOrderRow
from orderledger.projections.position_tables import POSITIONS
from orderledger.projections.positions import terms_of
from orderledger.projections.renames import RENAMES, under_latest
from orderledger.projections.sides import (
    IMPOSSIBLE_PRICE,
    KIND_CONFLICT,
    NAMED,
    NET,
    SIDE_CONFLICT,
    SIDE_UNKNOWN,
    Modes,
    Sides,
    mode_at,
    part_of,
    sides_from,
    when,
)
from orderledger.projections.trades import TRADES
from orderledger.projections.view import AnyRow, RowType, Table

CODES = POSITIONS.narrowed(
    ("account", "instrument", "position_side", "position_id", "method", "anomalies", "book")
)
SPLITS = INSTRUMENTS.narrowed(("account", "instrument", "split_at"))
REPORTED = INSTRUMENTS.narrowed(("account", "instrument", "reported_positions"))
OPEN_ORDERS = ORDERS.narrowed(
    (
        *("account", "client_order_id", "instrument", "requested_at", "first_fill_at"),
        *("is_open", "stream", "timing"),
    )
)
FLAGS = POSITIONS.narrowed(
    ("account", "instrument", "position_side", "position_id", "method", "anomalies")
)

DETAILS = {
    SIDE_UNKNOWN: "the venue keeps a long and a short position of the instrument, and nothing "
    "says which one this changes",
    SIDE_CONFLICT: "it names a position side, and the account keeps one net position of the "
    "instrument",
    KIND_CONFLICT: "the definition of the instrument contradicts itself or this",
    IMPOSSIBLE_PRICE: "an inverse instrument has no value at a price of 0 or less",
}


class Source(Protocol):
    def rows(self, table: Table[RowType], **where: Any) -> list[RowType]: ...


def derived_anomalies(
    source: Source,
    table: Table[RowType],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    **where: Any,
) -> list[RowType]:
    """The rows of `anomalies`, with the columns of `table`, that match and that no order's stream
    has."""
    asked = {name: value for name, value in where.items() if value is not None}
    flagged = source.rows(FLAGS, method="average", account=asked.get("account"))
    names = dict.fromkeys(
        (row["account"], row["instrument"]) for row in flagged if row["anomalies"]
    )
    found = [row for key in names for row in _of_instrument(source, *key)]
    found += _of_cash(source, asked.get("account"))
    found += _of_reported_positions(source, asked.get("account"))
    found += _of_groups(source, asked.get("account"), {row["position"] for row in found})
    found += _of_reused_ids(source, asked.get("account"))
    found += _of_splits(source, asked.get("account"), {row["position"] for row in found})
    if asked.get("account") in (None, EVERY_ACCOUNT):
        found += _of_log(source)
    rows = sorted(found, key=lambda row: row["position"])
    return [
        cast(RowType, _with_columns(table.names, row))
        for row in rows
        if _has_values(row, asked)
        and (since is None or row["detected_at"] >= since)
        and (until is None or row["detected_at"] < until)
    ]


def _with_columns(names: tuple[str, ...], row: AnyRow) -> AnyRow:
    return {name: row[name] for name in names}


def _has_values(row: AnyRow, asked: dict[str, Any]) -> bool:
    return all(row[name] == value for name, value in asked.items())


def _of_instrument(source: Source, account: str, instrument: str) -> Iterator[AnomalyRow]:
    where = {"account": account, "instrument": instrument}
    defined = next(iter(source.rows(INSTRUMENTS, **where)), None)
    rows = source.rows(CODES, method="average", **where)
    sides, modes = sides_from(rows[0]["book"].get("sides"))
    claims = Counter(claim for row in rows for claim in row["book"].get("claims", ()))
    terms = terms_of(defined)
    trades = source.rows(TRADES, state="active", **where)
    events = source.rows(ACCOUNT_EVENTS, **where)
    entries: list[Ordered] = [row for row in trades if is_trade(row)]
    entries += [row for row in events if is_ordered(row)]
    is_unpriced = any(row["book"].get("fault") == IMPOSSIBLE_PRICE for row in rows)
    for entry in entries:
        if is_of_instrument(entry):
            if claims[entry["position"]] > 1:
                yield _row(entry, SIDE_UNKNOWN)
            elif _is_priceless(entry, is_unpriced=is_unpriced):
                yield _row(entry, IMPOSSIBLE_PRICE)
            continue
        code = _code(entry, sides, modes)
        if code is None and terms.contradicts(part_of(entry, modes)[0]):
            code = KIND_CONFLICT
        if code is None and terms.inverse and _is_priceless(entry, is_unpriced=is_unpriced):
            code = IMPOSSIBLE_PRICE
        if code is not None:
            yield _row(entry, code)


def _is_priceless(entry: Ordered, *, is_unpriced: bool) -> bool:
    """Whether an entry has no value of an inverse instrument. `is_unpriced`: an adjustment or a
    settlement of the instrument stands so."""
    if "fill_id" not in entry and entry["kind"] == "split":
        return False
    is_known = "fill_id" in entry or entry["kind"] == "delivery"
    is_flat = "fill_id" not in entry and entry["quantity"] == ZERO
    return entry["price"] <= ZERO and (is_known or (is_unpriced and not is_flat))


def _of_cash(source: Source, account: str | None) -> Iterator[AnomalyRow]:
    """Of transfers whose id has other numbers, and of balances that contradict each other."""
    for row in source.rows(CASH, account=account):
        if row["reused"]:
            of = {"account": row["account"], "kind": "transfer", "state": "reused"}
            for one in source.rows(ACCOUNT_EVENTS, currency=row["currency"], **of):
                detail = f"{one['transfer']} {one['venue_id']} was recorded with other numbers"
                yield _of_fact(one, Anomaly.TRANSFER_ID_REUSED, detail, "transfer", row["currency"])
        if row["conflicting"]:
            fact = {
                "account": row["account"],
                "position": row["reported_position"] or 0,
                "at": row["reported_at"],
            }
            detail = f"the venue reported {' and '.join(row['conflicting'])} for one time"
            yield _of_fact(fact, Anomaly.BALANCE_CONFLICT, detail, "balance", row["currency"])


def _of_reported_positions(source: Source, account: str | None) -> Iterator[AnomalyRow]:
    """Of positions that the venue reported with several quantities for one time."""
    for row in source.rows(REPORTED, account=account):
        for one in row["reported_positions"] or ():
            if "conflicting" not in one:
                continue
            fact = {
                "position": one["position"],
                "account": row["account"],
                "at": datetime.fromisoformat(one["at"]),
            }
            detail = f"the venue reported {' and '.join(one['conflicting'])} for one time"
            name = one.get("former_name") or row["instrument"]
            yield _of_fact(fact, Anomaly.BALANCE_CONFLICT, detail, "balance", name)


def _of_reused_ids(source: Source, account: str | None) -> Iterator[AnomalyRow]:
    """Of fundings, splits and settlements whose id an earlier one has."""
    for row in source.rows(ACCOUNT_EVENTS, account=account, state="reused"):
        kind, name = row["kind"], row["former_name"] or row["instrument"] or ""
        if kind not in REPORTED_ONCE:
            continue
        yield {
            "position": row["position"],
            "account": row["account"],
            "client_order_id": None,
            "code": str(Anomaly.MESSAGE_ID_REUSED),
            "detail": f"{NAMES[kind]} {row['venue_id']} was recorded with other content: the "
            "earlier counts",
            "detected_at": row["at"],
            "cleared_at": None,
            "stream": account_stream(row["account"], kind, name),
        }


def _of_groups(source: Source, account: str | None, used: set[int]) -> Iterator[AnomalyRow]:
    """Of orders that break a rule of their group: at the first fill of the order."""
    for order, (code, detail) in broken_in(source, account):
        trades = source.rows(TRADES, stream=order["stream"])
        fills = [one for one in trades if one["state"] == "active" and one["position"] not in used]
        if fills:
            yield {
                "position": fills[0]["position"],
                "account": order["account"],
                "client_order_id": order["client_order_id"],
                "code": str(code),
                "detail": detail,
                "detected_at": fills[0]["recorded_at"],
                "cleared_at": None,
                "stream": order["stream"],
            }


def _of_splits(source: Source, account: str | None, used: set[int]) -> Iterator[AnomalyRow]:
    """Of open orders with terms from before a split: at the last split of the instrument."""
    for row in source.rows(SPLITS, account=account):
        split_at, of = row["split_at"], {"account": row["account"]}
        if split_at is None:
            continue
        named = under_latest(
            source.rows(OPEN_ORDERS, is_open=True, **of), source.rows(RENAMES, **of)
        )
        orders = [
            order["client_order_id"] or ""
            for order in named
            if order["instrument"] == row["instrument"] and _is_older(order, split_at)
        ]
        splits = source.rows(ACCOUNT_EVENTS, instrument=row["instrument"], kind="split", **of)
        if orders and splits[-1]["position"] not in used:
            detail = f"{', '.join(orders)}: from before the split of {row['instrument']}"
            name = splits[-1]["former_name"] or row["instrument"]
            yield {
                "position": splits[-1]["position"],
                "account": row["account"],
                "client_order_id": orders[0] if len(orders) == 1 else None,
                "code": str(Anomaly.TERMS_BEFORE_SPLIT),
                "detail": detail,
                "detected_at": split_at,
                "cleared_at": None,
                "stream": account_stream(row["account"], "split", name),
            }


def _is_older(order: StoredOrderRow, split_at: datetime) -> bool:
    changed = order["timing"].get("terms_changed")
    is_changed = changed is not None and changed >= microseconds(split_at)
    requested_at = order["requested_at"]
    return requested_at is not None and requested_at < split_at and not is_changed


def _of_fact(fact: Any, code: str, detail: str, kind: str, currency: str) -> AnomalyRow:
    return {
        "position": fact["position"],
        "account": fact["account"],
        "client_order_id": None,
        "code": str(code),
        "detail": f"{currency}: {detail}",
        "detected_at": fact["at"],
        "cleared_at": None,
        "stream": account_stream(fact["account"], kind, currency),
    }


def _of_log(source: Source) -> Iterator[AnomalyRow]:
    code = str(Anomaly.LOG_WENT_BACK)
    for row in source.rows(ACCOUNT_EVENTS, account=EVERY_ACCOUNT, kind=code):
        yield {
            "position": row["position"],
            "account": EVERY_ACCOUNT,
            "client_order_id": None,
            "code": code,
            "detail": row["reason"] or "",
            "detected_at": row["at"],
            "cleared_at": None,
            "stream": account_stream(EVERY_ACCOUNT, code, ""),
        }


def _code(entry: Ordered, sides: Sides | None, modes: Modes) -> str | None:
    if sides is None:
        return None
    mode, is_named = mode_at(modes, when(entry)), entry["position_side"] in NAMED
    if is_named:
        return SIDE_CONFLICT if mode == NET else None
    return SIDE_UNKNOWN if sides.is_lost(when(entry), mode) else None


NAMES = {
    "adjust": "adjustment",
    "funding": "funding",
    "split": "split",
    "settle": "settlement",
    "delivery": "delivery",
}
REPORTED_ONCE = ("funding", "split", "settle")
"""Kinds of events of which one counts of those with one message id."""


def _row(entry: Ordered, code: str) -> AnomalyRow:
    if "fill_id" in entry:
        return {
            "position": entry["position"],
            "account": entry["account"],
            "client_order_id": entry["client_order_id"],
            "code": code,
            "detail": f"fill {entry['fill_id']}: {DETAILS[code]}",
            "detected_at": entry["recorded_at"],
            "cleared_at": None,
            "stream": entry["stream"],
        }
    kind, instrument = (
        ("settle", entry["terms"]["of"])
        if entry["kind"] == "delivery"
        else (entry["kind"], entry["former_name"] or entry["instrument"])
    )
    return {
        "position": entry["position"],
        "account": entry["account"],
        "client_order_id": None,
        "code": code,
        "detail": f"{NAMES[entry['kind']]}: {DETAILS[code]}",
        "detected_at": entry["at"],
        "cleared_at": None,
        "stream": account_stream(entry["account"], kind, instrument),
    }
