"""What splits and settlements do to one position, and the other leg of a settlement.

Decided where the forms are silent: what is not open cannot be closed, so that a settlement or cash
in lieu of more than is open closes what is open, and moves no more money than that. Fees and the
other leg stand all the same, since the venue says so. A quantity after a split that has not the
sign of the position is not used: the difference is one for reconciliation.
"""

from fractions import Fraction

from tests.auditing.facts import Fact, Row, number
from tests.auditing.fills import fees_in
from tests.auditing.positions import Split, Step
from tests.auditing.sides import Part, quantity_of
from tests.auditing.terms import Terms


def with_events(
    part: Part,
    steps: list[Step],
    events: list[Fact],
    terms: Terms,
    pays: set[Fact],
) -> list[Step]:
    """The steps of a position with the splits and settlements of its instrument. Each acts on what
    is open at its time. One position pays the fees of a settlement, whatever it closes."""
    found: list[Step] = []
    given = [(when, what, False) for when, what in steps]
    for when, what, is_event in sorted(
        [*given, *((fact.when, fact, True) for fact in events)], key=lambda step: step[0]
    ):
        if not is_event:
            found.append((when, what))
        elif isinstance(what, Fact):
            held = quantity_of(found)
            act = split if what.type == "split" else settlement
            rows = act(what, held, terms) if concerns(what, part, held) else []
            if what.type == "settle" and what not in pays:
                rows = [row | {"fees": []} for row in rows if isinstance(row, dict)]
            elif what.type == "settle" and not rows and fees_in(what.message):
                rows = [fees_alone(what, terms)]
            found += [(when, row) for row in rows]
    return found


def concerns(fact: Fact, part: Part, held: Fraction) -> bool:
    """Whether it is about this open position. A side that is named means the net position, too, if
    that has this direction."""
    direction = "long" if held > 0 else "short"
    sides = {None, part[0], direction if part[0] == "net" else part[0]}
    is_named = fact.get("position_id") in {None, part[1]}
    return held != 0 and is_named and fact.get("position_side") in sides


def needs_side(fact: Fact) -> bool:
    """Whether it can be about one position only."""
    one = ("quantity", "cash_in_lieu", "into", "fee", "fees")
    return fact.get("position_side") is None and any(fact.get(name) for name in one)


def split(fact: Fact, held: Fraction, terms: Terms) -> list[Row | Split]:
    """The split, and the sale of a fraction for cash. The broker's quantity is that after both."""
    cash = fact.get("cash_in_lieu")
    fraction = number(cash["quantity"]) if cash else Fraction()
    new, old = fact.get("ratio")
    factor = Fraction(new, old)
    if fact.get("quantity") is not None:
        direction = 1 if held > 0 else -1
        stated = (number(fact.get("quantity")) + direction * fraction) / held
        factor = stated if stated > 0 else factor
    step = Split(factor, held * (factor - 1))
    if not cash:
        return [step]
    price = abs(number(cash["amount"])) / (fraction * terms.multiplier)
    return [step, closing(held * factor, fraction, price)]


def settlement(fact: Fact, held: Fraction, terms: Terms) -> list[Row | Split]:
    """The fill that closes a position, or a part of it."""
    quantity = number(fact.get("quantity") or abs(held))
    row = closing(held, quantity, number(fact.get("price")))
    carried = {"event": fact, "is_carried": fact.get("premium") == "carry"}
    return [without_fees(row | carried | {"fees": fees_in(fact.message)}, terms)]


def closing(held: Fraction, quantity: Fraction, price: Fraction) -> Row:
    closed = min(abs(held), quantity) * (1 if held > 0 else -1)
    return signed(-closed) | {"price": price, "moved": -closed, "fees": []}


def signed(quantity: Fraction) -> Row:
    return {"side": "buy" if quantity >= 0 else "sell", "quantity": abs(quantity)}


def fees_alone(fact: Fact, terms: Terms) -> Row:
    """A settlement of nothing costs its fees."""
    row = closing(Fraction(), Fraction(), number(fact.get("price")))
    return without_fees(row | {"event": fact, "fees": fees_in(fact.message)}, terms)


def other_leg(fact: Fact, terms: Terms) -> Row:
    """The other leg of a settlement, as a fill."""
    leg = fact.get("into")
    quantity = number(leg["quantity"]) * (1 if leg["side"] == "buy" else -1)
    row = {
        "price": number(leg["price"]),
        "moved": quantity,
        "fees": fees_in(leg),
        "position_side": leg.get("position_side"),
        "carried_from": fact if fact.get("premium") == "carry" else None,
    }
    return without_fees(row, terms)


def without_fees(row: Row, terms: Terms) -> Row:
    """The row as it changes a position: a fee in the base coin leaves it at the row's price."""
    fees = [(name or terms.currency, amount) for name, amount in row["fees"]]
    taken = sum((amount for name, amount in fees if terms.base and name == terms.base), Fraction())
    return row | signed(row["moved"] - taken) | {"fees": fees}
