"""The view of instruments: definitions, marks, and the position that the venue reports."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Annotated, Any, TypedDict

from orderledger.domain.accounts import BalanceReported, InstrumentDefined
from orderledger.domain.exact import ZERO, plain
from orderledger.domain.orders.when import rank_of
from orderledger.domain.values import InstrumentKind, PositionMode, later
from orderledger.projections.sides import NET, UNKNOWN, Modes, Part, Sided, part_of
from orderledger.projections.view import HIDDEN, Table


class InstrumentRow(TypedDict):
    """One row per account and instrument: its definition and its last mark."""

    account: Annotated[str, "Trading account."]
    instrument: Annotated[str, "Instrument."]
    multiplier: Annotated[Decimal | None, "Units of the underlying in one unit of quantity."]
    inverse: Annotated[bool | None, "Whether quantity is worth quantity * multiplier / price."]
    currency: Annotated[
        str | None, "Currency of its P&L: as defined, else `settlement`, else `quote`."
    ]
    kind: Annotated[
        str | None,
        "Kind: as defined, or as `settlement`, `inverse`, `base` or `quote` show.",
        InstrumentKind,
    ]
    base: Annotated[str | None, "Coin that is bought and sold at spot."]
    quote: Annotated[str | None, "Currency in which its price is paid."]
    settlement: Annotated[str | None, "Currency in which a margined instrument settles."]
    position_mode: Annotated[
        str | None,
        "Whether long and short are two positions (hedge) or one (net), as last defined.",
        PositionMode,
    ]
    tick: Annotated[Decimal | None, "Smallest step of the price."]
    lot: Annotated[Decimal | None, "Smallest step of the quantity."]
    defined_at: Annotated[datetime | None, "When a definition was last given."]
    mark_price: Annotated[Decimal | None, "Price at which open positions are valued."]
    marked_at: Annotated[datetime | None, "When that price was."]
    reported_quantity: Annotated[Decimal | None, "Net position that the venue last reported."]
    reported_at: Annotated[datetime | None, "Time of the venue's last report of a position."]
    reported_positions: Annotated[
        list[dict[str, Any]] | None,
        "Each position as last reported: `position_side`, `position_id`, `quantity`, `at`, "
        "the log `position` of the report, `former_name` where it named another, and "
        "`conflicting`: all quantities, where the venue reported several for that time.",
    ]
    position_modes: Annotated[
        list[dict[str, Any]] | None,
        "Every position mode that was defined, oldest first: `at`, log `position`, "
        "`position_mode`.",
    ]


class StoredInstrumentRow(InstrumentRow):
    """With the columns that views leave out."""

    split_at: Annotated[
        datetime | None, "Time of the last split. Earlier marks are not used.", HIDDEN
    ]
    terms_at: Annotated[
        dict[str, str], "Of each term, when the definition in force gave it.", HIDDEN
    ]
    definitions: Annotated[
        list[dict[str, Any]] | None,
        "Every definition, in the order of the log: `at`, `instrument`, log `position`, `terms`.",
        HIDDEN,
    ]


INSTRUMENTS = Table(
    "instruments",
    "One row per account and instrument: its definition and its last mark.",
    ("account", "instrument"),
    StoredInstrumentRow,
    ("account", "instrument"),
    version=16,
)


TERMS = (
    *("multiplier", "inverse", "currency", "kind", "base", "quote", "settlement"),
    *("position_mode", "tick", "lot"),
)


NUMBERS = ("multiplier", "tick", "lot")


def definition_of(event: InstrumentDefined, at: datetime, position: int) -> dict[str, Any]:
    """A definition as `definitions` has it. `position`: its log position."""
    given = {name: value for name in TERMS if (value := getattr(event, name)) is not None}
    texts = {name: plain(given[name]) for name in NUMBERS if name in given}
    words = {name: str(value) for name, value in given.items() if name not in ("inverse", *NUMBERS)}
    return {
        "at": at.isoformat(),
        "instrument": event.instrument,
        "position": position,
        "terms": {**given, **texts, **words},
    }


def defined(
    row: StoredInstrumentRow, definition: dict[str, Any], at: datetime
) -> StoredInstrumentRow:
    """The row after a definition: of each term that it gives the latest holds.

    Of the position mode each one holds from its time on.
    """
    terms_at = row["terms_at"]
    newer: dict[str, Any] = {
        name: Decimal(value) if name in NUMBERS else value
        for name, value in definition["terms"].items()
        if name not in terms_at or datetime.fromisoformat(terms_at[name]) <= at
    }
    modes = row["position_modes"]
    if "position_mode" in definition["terms"]:
        reported = {
            "at": definition["at"],
            "position": definition["position"],
            "position_mode": definition["terms"]["position_mode"],
        }
        modes = sorted(
            [*(modes or []), reported],
            key=lambda one: (datetime.fromisoformat(one["at"]), one["position"]),
        )
    row = {
        **row,
        "base": newer.get("base", row["base"]),
        "quote": newer.get("quote", row["quote"]),
        "settlement": newer.get("settlement", row["settlement"]),
        "inverse": newer.get("inverse", row["inverse"]),
        "kind": newer.get("kind", row["kind"] if "kind" in terms_at else None),
    }
    given_currency = newer.get("currency", row["currency"] if "currency" in terms_at else None)
    return {
        **row,
        "multiplier": newer.get("multiplier", row["multiplier"]),
        "currency": given_currency or row["settlement"] or row["quote"],
        "kind": row["kind"] or _kind_shown(row),
        "position_mode": newer.get("position_mode", row["position_mode"]),
        "tick": newer.get("tick", row["tick"]),
        "lot": newer.get("lot", row["lot"]),
        "terms_at": {**terms_at, **dict.fromkeys(newer, definition["at"])},
        "defined_at": later(row["defined_at"], at),
        "position_modes": modes,
        "definitions": [*(row["definitions"] or ()), definition],
    }


def _kind_shown(row: InstrumentRow) -> str | None:
    """The kind of an instrument whose definition leaves it out."""
    if row["settlement"] or (row["inverse"] and row["quote"]):
        return str(InstrumentKind.MARGINED)
    if row["base"]:
        return str(InstrumentKind.SPOT)
    return str(InstrumentKind.SECURITY) if row["quote"] else None


def rivals_of(row: InstrumentRow | None) -> tuple[str, ...]:
    """The currencies and coins of all definitions, where names that a rename put together are
    defined as different instruments. Otherwise none."""
    values: Mapping[str, Any] = row or {}
    definitions: list[dict[str, Any]] = values.get("definitions") or []
    names = {one["instrument"] for one in definitions}
    if len(names) < 2:
        return ()
    apart = {name: blank(values["account"], name) for name in names}
    for one in definitions:
        name, at = one["instrument"], datetime.fromisoformat(one["at"])
        apart[name] = defined(apart[name], one, at)
    sets = [
        {found for one in apart.values() if (found := term(one)) is not None}
        for term in (itemgetter("kind"), itemgetter("currency"), itemgetter("base"))
    ]
    return tuple(sorted(sets[1] | sets[2])) if any(len(found) > 1 for found in sets) else ()


def marked(row: StoredInstrumentRow, price: Decimal, at: datetime) -> StoredInstrumentRow:
    """The same after a mark: the latest holds."""
    newest = later(row["marked_at"], row["split_at"])
    if newest is not None and at < newest:
        return row
    return {**row, "mark_price": price, "marked_at": at}


def was_split(row: StoredInstrumentRow, at: datetime) -> StoredInstrumentRow:
    """The same after a split: a mark from before it is of another unit."""
    split: StoredInstrumentRow = {**row, "split_at": later(row["split_at"], at)}
    is_old = row["marked_at"] is not None and row["marked_at"] < at
    return {**split, "mark_price": None, "marked_at": None} if is_old else split


def report_of(event: BalanceReported, at: datetime, position: int) -> dict[str, Any]:
    """The venue's report of a position as `reported_positions` has it. `position`: its log
    position."""
    return {
        "position_side": str(event.position_side or NET),
        "position_id": event.position_id or "",
        "quantity": plain(event.quantity or ZERO),
        "at": at.isoformat(),
        "former_name": event.instrument,
        "position": position,
    }


def with_report(
    row: StoredInstrumentRow, report: dict[str, Any], at: datetime
) -> StoredInstrumentRow:
    """The row after the venue has reported a position. The latest report for each position side and
    id counts. Quantities that differ at one time do not count."""
    part = _part(report)
    others = [one for one in row["reported_positions"] or () if _part(one) != part]
    known = [one for one in row["reported_positions"] or () if one not in others]
    if any(at < datetime.fromisoformat(one["at"]) for one in known):
        return row
    shown = {**report}
    if shown.get("former_name") == row["instrument"]:
        del shown["former_name"]
    same = [one for one in known if at == datetime.fromisoformat(one["at"])]
    quantities = {name for one in (*same, report) for name in _quantities(one)}
    if len(quantities) > 1:
        shown["conflicting"] = sorted(quantities, key=Decimal)
    quantity = None if "conflicting" in shown else Decimal(report["quantity"])
    return {
        **row,
        "reported_quantity": quantity if part == (NET, "") else row["reported_quantity"],
        "reported_at": later(row["reported_at"], at),
        "reported_positions": sorted([*others, shown], key=_part),
    }


def _quantities(report: dict[str, Any]) -> list[str]:
    found: list[str] = report.get("conflicting") or [report["quantity"]]
    return found


def _part(report: dict[str, Any]) -> Part:
    return report["position_side"], report["position_id"]


def modes_of(instrument: InstrumentRow | None) -> Modes:
    """As a row of `tables.INSTRUMENTS` has them."""
    defined = (instrument["position_modes"] or ()) if instrument else ()
    found: list[tuple[datetime, str, str]] = []
    for one in defined:
        if one["position_mode"] != (found[-1][2] if found else UNKNOWN):
            found.append(
                (datetime.fromisoformat(one["at"]), rank_of(one["position"]), one["position_mode"])
            )
    return tuple(found)


def reported_quantities(instrument: InstrumentRow | None) -> dict[Part, Decimal]:
    """Each position of an instrument as the venue last reported it, by position side and id.
    Without those of which it reported several quantities for one time."""
    modes = modes_of(instrument)
    reported = (instrument["reported_positions"] or ()) if instrument else ()
    return {
        part_of(_sided(one), modes): Decimal(one["quantity"])
        for one in reported
        if "conflicting" not in one
    }


def _sided(reported: dict[str, Any]) -> Sided:
    return {
        "at": datetime.fromisoformat(reported["at"]),
        "position": reported["position"],
        "position_side": reported["position_side"],
        "position_id": reported["position_id"],
    }


def blank(account: str, instrument: str) -> StoredInstrumentRow:
    return {
        "account": account,
        "instrument": instrument,
        "multiplier": None,
        "inverse": False,
        "currency": None,
        "kind": None,
        "base": None,
        "quote": None,
        "settlement": None,
        "position_mode": None,
        "tick": None,
        "lot": None,
        "defined_at": None,
        "mark_price": None,
        "marked_at": None,
        "reported_quantity": None,
        "reported_at": None,
        "reported_positions": None,
        "position_modes": None,
        "split_at": None,
        "terms_at": {},
        "definitions": None,
    }
