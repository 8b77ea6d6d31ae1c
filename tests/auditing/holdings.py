"""The positions of one instrument in an account, with fees taken from the position, and
settlements."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from tests.auditing.facts import Fact, Message, Row, When, number
from tests.auditing.fills import Fill, fees_in
from tests.auditing.order import Order
from tests.auditing.positions import Fold, Step, folded, positions
from tests.auditing.rows import trade_row
from tests.auditing.sides import Books, Part, books, mode_of, part_of, told


@dataclass(frozen=True)
class Terms:
    """The kind of an instrument and its currencies. `currency` is that of its P&L, if known."""

    kind: str
    base: str | None
    currency: str | None
    multiplier: Fraction
    is_inverse: bool

    @property
    def pair(self) -> tuple[str, str] | None:
        """Base and quote of a spot instrument."""
        return (self.base, self.currency) if self.base and self.currency else None

    @classmethod
    def of(cls, definition: Message) -> "Terms":
        settlement, base = definition.get("settlement"), definition.get("base")
        usual = "margined" if settlement else "spot" if base else "security"
        kind = definition.get("kind") or usual
        moved = settlement if kind == "margined" else definition.get("quote")
        return cls(
            kind,
            base if kind == "spot" else None,
            moved or definition.get("currency"),
            number(definition.get("multiplier") or 1),
            bool(definition.get("inverse")),
        )


@dataclass(frozen=True)
class Holding:
    """One position. Its figures are null if there is a `reason`. `has_conflict`: a side of the
    instrument was named though its account is net. A step that is a fill or a settlement is a row
    with `fees`, and with `moved`: its signed quantity before fees."""

    part: Part
    steps: list[Step]
    fundings: list[Fact]
    terms: Terms
    reason: str | None
    has_conflict: bool

    @property
    def trades(self) -> list[tuple[When, Row]]:
        return [(when, row) for when, row in self.steps if not isinstance(row, Fact)]

    @property
    def needs_mark(self) -> bool:
        """Whether it is open and has a value of its own. The coins of a spot position are cash."""
        return self.terms.kind != "spot" and not self.reason and bool(self.lots("average")[0])

    def lots(self, method: str) -> Fold:
        return positions(self.steps, method, self.terms.is_inverse)

    def gains(self) -> Iterable[tuple[When, Fraction]]:
        """The realized P&L of each step as a venue pays it: by average."""
        for (when, _), (_, gain) in folded(self.steps, "average", self.terms.is_inverse):
            yield when, gain * self.terms.multiplier


def row_of(order: Order, fill: Fill, terms: Terms) -> Row:
    """A fill as a step of a position: a fee in the base coin leaves the position at its price."""
    row = trade_row(order, fill)
    fees = [(name or terms.currency, amount) for name, amount in fees_in(fill.details)]
    taken = sum((amount for name, amount in fees if terms.base and name == terms.base), Fraction())
    moved = row["quantity"] if row["side"] == "buy" else -row["quantity"]
    return row | signed(moved - taken) | {"moved": moved, "fees": fees}


def signed(quantity: Fraction) -> Row:
    return {"side": "buy" if quantity >= 0 else "sell", "quantity": abs(quantity)}


def holdings(
    fills: list[Step], adjusts: list[Fact], fundings: list[Fact], settles: list[Fact],
    definitions: list[Fact], terms: Terms,
) -> list[Holding]:  # fmt: skip
    """A holding for each position that a fill, an adjustment or a funding belongs to."""
    found = books([*fills, *((fact.when, fact) for fact in adjusts)], definitions)
    paid: dict[Part, list[Fact]] = {}
    for fact in fundings:
        mode = mode_of(fact.when, definitions)
        paid.setdefault(part_of(*told((fact.when, fact)), mode), []).append(fact)
    steps = settled(found, settles, terms)
    return [
        Holding(
            part, steps.get(part, []), paid.get(part, []), terms,
            reason_of(found, steps.get(part, []), terms), bool(found.conflicts),
        )
        for part in sorted({**steps, **paid})
    ]  # fmt: skip


def reason_of(found: Books, steps: list[Step], terms: Terms) -> str | None:
    """The reason why the figures of a position are null."""
    if not found.is_known:
        return "position_side_unknown"
    prices = [row["price"] for _, row in steps if not isinstance(row, Fact)]
    is_priced = not terms.is_inverse or all(price > 0 for price in prices)
    return None if is_priced else "impossible_price"


def settled(found: Books, settles: list[Fact], terms: Terms) -> dict[Part, list[Step]]:
    """The steps of each position, with settlements as fills that close it."""
    parts = {part: sorted(steps, key=lambda step: step[0]) for part, steps in found.parts.items()}
    for fact in settles if found.is_known else []:
        for part, steps in parts.items():
            if fact.get("position_side") in {None, part[0]}:
                before = [step for step in steps if step[0] < fact.when]
                lots, _ = positions(before, "average", is_inverse=False)
                held = sum((lot.quantity for lot in lots), Fraction())
                steps.append((fact.when, settlement(fact, held, terms)))
    return parts


def settlement(fact: Fact, held: Fraction, terms: Terms) -> Row:
    """The fill that closes a position of this quantity, or a part of it."""
    closed = min(abs(held), number(fact.get("quantity") or abs(held))) * (1 if held > 0 else -1)
    fees = [(name or terms.currency, amount) for name, amount in fees_in(fact.message)]
    return signed(-closed) | {"price": number(fact.get("price")), "moved": -closed, "fees": fees}
