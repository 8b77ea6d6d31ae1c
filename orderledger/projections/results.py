"""The P&L that account events realized: adjustments, splits, settlements and deliveries."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from orderledger.projections.entries import Entry, Ordered, fees_in, payment_key
from orderledger.projections.fee_worths import Conversion
from orderledger.projections.pnl_of_fills import Holding
from orderledger.projections.positions import Definitions, Position
from orderledger.projections.shares import Holder, quantities, shared


class Result(NamedTuple):
    """An account event, its position, the P&L that it realized there by each method, and its
    fees."""

    entry: Ordered
    position: Position
    realized: list[Decimal]
    fees: list[tuple[str, Decimal, Decimal | None]]
    """By currency: the amount, and its worth in the settlement currency."""


def other_results(
    entries: Iterable[Entry], definitions: Definitions, conversion: Conversion
) -> Iterator[Result]:
    """The results of adjustments, splits (by cash in lieu), settlements and deliveries, in one pass
    over all entries of an instrument."""
    holders: dict[Holder, Holding] = {}
    positions: dict[Holder, Position] = {}
    held = quantities(positions)
    for entry in entries:
        defined = definitions(entry["account"], entry["instrument"])
        for holder, share in shared(entry, defined.modes, held):
            holding = holders.get(holder)
            if holding is None:
                position = positions[holder] = defined.position(*holder[:2], holder[2:4])
                holding = holders[holder] = Holding(position, defined.unknown)
            if "fill_id" not in share and share["kind"] == "funding":
                continue
            realized = holding.changed(share)
            if "fill_id" not in share:
                yield Result(share, holding.position, realized, _fees(share, conversion))


def _fees(entry: Ordered, conversion: Conversion) -> list[tuple[str, Decimal, Decimal | None]]:
    if "fill_id" in entry or entry["kind"] == "adjust" or entry["kind"] == "split":
        return []
    of = entry["price"], payment_key(entry)
    return [(name, fee, conversion.fee(name, fee, *of)) for name, fee in fees_in(entry)]
