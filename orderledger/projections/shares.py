"""Which positions an entry changes, where they are folded apart by strategy."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from orderledger.domain.exact import EXACT, ZERO, plain, total
from orderledger.projections.entries import Adjustment, Entry, Settlement, Split, concerns
from orderledger.projections.positions import Position, scaled
from orderledger.projections.sides import Modes, part_of

Holder = tuple[str, str, str, str, str | None]
"""Account, instrument, position side, position id and strategy."""


def holder_of(entry: Entry, modes: Modes, strategy: str | None = None) -> Holder:
    """The holder that an entry names."""
    return (entry["account"], entry["instrument"], *part_of(entry, modes), strategy)


def shared(
    entry: Entry,
    modes: Modes,
    held: Callable[[], Mapping[Holder, Decimal]],
    *,
    by_strategy: bool = False,
) -> Iterable[tuple[Holder, Entry]]:
    """The holders that an entry concerns, and what each takes of it. `held`: the quantities of the
    positions so far."""
    if "fill_id" in entry:
        return [(holder_of(entry, modes, entry["strategy"] if by_strategy else None), entry)]
    if entry["kind"] == "split" or entry["kind"] == "settle":
        return shares(entry, modes, held())
    holder = holder_of(entry, modes)
    if entry["kind"] == "adjust":
        return [(holder, left_to_nobody(entry, holder, held()))]
    return [(holder, entry)]


def left_to_nobody(
    adjustment: Adjustment, whole: Holder, held: Mapping[Holder, Decimal]
) -> Adjustment:
    """An adjustment states the position of the whole: the part that no strategy holds belongs to
    none."""
    others = total(
        quantity
        for holder, quantity in held.items()
        if holder[:4] == whole[:4] and holder[4] is not None
    )
    return {**adjustment, "quantity": EXACT.subtract(adjustment["quantity"], others)}


def shares(
    entry: Split | Settlement, modes: Modes, held: Mapping[Holder, Decimal]
) -> Iterator[tuple[Holder, Split | Settlement]]:
    """The part of a split or a settlement that each holder takes. A quantity and cash in lieu are
    shared by what each strategy holds. The position that pays the fees has them alone."""
    of = entry["account"], entry["instrument"]
    concerned = {
        holder: quantity
        for holder, quantity in held.items()
        if holder[:2] == of and concerns(entry, holder[2:4], modes)
    }
    if "fees" in entry["terms"]:
        concerned.setdefault(holder_of(entry, modes), ZERO)
    for holder, quantity in concerned.items():
        whole = total(one for key, one in concerned.items() if key[:4] == holder[:4])
        is_paying = holder == holder_of(entry, modes)
        yield holder, _share(entry, quantity, whole, is_paying=is_paying)


def _share(
    entry: Split | Settlement, held: Decimal, whole: Decimal, *, is_paying: bool
) -> Split | Settlement:
    def part(amount: Decimal) -> Decimal:
        return scaled(amount, held, whole) if whole else ZERO

    terms: dict[str, Any] = {
        name: term for name, term in entry["terms"].items() if name != "fees" or is_paying
    }
    if paid := terms.get("cash_in_lieu"):
        terms["cash_in_lieu"] = {
            **paid,
            "quantity": plain(part(Decimal(paid["quantity"])).copy_abs()),
            "amount": plain(part(Decimal(paid["amount"]))),
        }
    quantity = None if entry["quantity"] is None else part(entry["quantity"])
    if entry["kind"] == "settle":
        quantity = None if quantity is None else quantity.copy_abs()
        settled: Settlement = {**entry, "quantity": quantity, "terms": terms}
        return settled
    split: Split = {**entry, "quantity": quantity, "terms": terms}
    return split


def quantities(positions: Mapping[Holder, Position]) -> Callable[[], dict[Holder, Decimal]]:
    """The quantities of positions, when they are asked for."""
    return lambda: {holder: one.quantity for holder, one in positions.items()}
