"""Positions and P&L: average cost, first in first out, last in first out, from fills in the order
they happened.

A lot is (signed quantity, cost): its cost is quantity * price, or quantity / price for an inverse
instrument. Closing a part of a lot takes the same part of its cost. Realized P&L is what the
closing fill is worth less what the closed lots cost (an inverse instrument: the other way round).
The multiplier is applied to what is shown. Quantities, fees and funding are added up exactly;
values, costs and what was realized to 60 digits, of which 34 are shown, and 40 places.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Literal, NamedTuple, get_args

from orderledger.domain.exact import EXACT, ONE, QUOTIENT, TRAPS, ZERO, plain, total
from orderledger.domain.values import InstrumentKind
from orderledger.projections.cash import Openings
from orderledger.projections.entries import (
    Adjustment,
    Delivery,
    Entry,
    Funding,
    Ordered,
    Settlement,
    Split,
    Trade,
    carries_premium,
    fees_in,
    is_against,
    needs_side,
    payment_key,
    traded_quantity,
)
from orderledger.projections.instruments import InstrumentRow, rivals_of
from orderledger.projections.lots import Lot, Lots, Merged, Packs, Queue, Ranked, Stack, State
from orderledger.projections.position_tables import StoredPositionRow
from orderledger.projections.sides import (
    IMPOSSIBLE_PRICE,
    KIND_CONFLICT,
    NET,
    SIDE_CONFLICT,
    Modes,
    Moment,
    Part,
    Sides,
    when,
)

Method = Literal["average", "fifo", "lifo"]
METHODS: tuple[Method, ...] = ("average", "fifo", "lifo")
"""Methods by which every position is kept."""

LotChoice = Literal["average", "fifo", "lifo", "hifo"]
LOT_CHOICES: tuple[LotChoice, ...] = get_args(LotChoice)
"""Methods that can be asked for. `hifo` is computed when asked: one pass over all entries."""

PLACES = 40
SMALLEST = Decimal(1).scaleb(-PLACES)
SMALLEST_QUANTITY = Decimal(1).scaleb(-28)
"""The smallest quantity that a message can state: so that a sale of all can be recorded."""
COSTS = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=TRAPS)


def shown(amount: Decimal) -> Decimal:
    """An amount of money to 34 digits, and to 40 places: what is smaller comes from rounding."""
    exponent = amount.as_tuple().exponent
    return QUOTIENT.plus(
        EXACT.quantize(amount, SMALLEST)
        if isinstance(exponent, int) and exponent < -PLACES
        else amount
    )


def scaled(quantity: Decimal, new: Decimal, old: Decimal) -> Decimal:
    """A quantity after a split. Where it does not end, it is rounded to what a message can
    state."""
    if new == old:
        return quantity
    found = shown(COSTS.divide(EXACT.multiply(quantity, new), old))
    exponent = found.as_tuple().exponent
    is_long = isinstance(exponent, int) and exponent < -28
    return EXACT.quantize(found, SMALLEST_QUANTITY).normalize(EXACT) if is_long else found


@dataclass(slots=True, frozen=True)
class Terms:
    """Terms that turn quantity and price into value."""

    multiplier: Decimal = ONE
    inverse: bool = False
    currency: str | None = None
    kind: str | None = None
    base: str | None = None
    rivals: tuple[str, ...] = ()
    """The currencies and coins of instruments that a rename put together, if they are different
    ones."""

    @property
    def is_margined(self) -> bool:
        """Whether fills move realized P&L only, and not the price of what is traded."""
        return self.kind == InstrumentKind.MARGINED

    def moves_like(self, other: "Terms") -> bool:
        """Whether fills move the same by both: entries need not be counted again."""
        return (self.kind, self.base, self.inverse) == (other.kind, other.base, other.inverse)

    def contradicts(self, side: str) -> bool:
        """Whether the kind contradicts the other terms, or a position on this side; or a rename
        put different instruments together."""
        if self.rivals:
            return True
        if self.kind is None or self.is_margined:
            return False
        is_spot = self.kind == InstrumentKind.SPOT
        return self.inverse or side != NET or (is_spot and self.base is None)

    def realized_since(self, realized: Decimal, before: Decimal) -> Decimal:
        """The P&L that was realized since, in the settlement currency."""
        return shown(self.amount(COSTS.subtract(realized, before)))

    def is_foreign(self, currency: str) -> bool:
        """Whether a fee or a funding in this currency needs a rate of its time."""
        own = ("", self.currency, self.coin)
        return self.kind is not None and self.currency is not None and currency not in own

    @property
    def coin(self) -> str | None:
        """The coin that fills move at spot."""
        return self.base if self.kind == InstrumentKind.SPOT else None

    def value(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Value of a signed quantity at a price, per unit of the multiplier."""
        if self.inverse:
            return COSTS.divide(quantity, price) if price else ZERO
        return COSTS.multiply(quantity, price)

    def has_value_at(self, price: Decimal) -> bool:
        """Whether a quantity has a value at a price: of an inverse instrument only above 0."""
        return not self.inverse or price > ZERO

    def price(self, quantity: Decimal, value: Decimal) -> Decimal:
        """The price at which a quantity is worth so much."""
        if not quantity or (self.inverse and not value):
            return ZERO
        return (
            QUOTIENT.divide(quantity, value) if self.inverse else QUOTIENT.divide(value, quantity)
        )

    def gain(self, value: Decimal, cost: Decimal) -> Decimal:
        """Gain of a signed holding from its cost and its value."""
        return COSTS.subtract(cost, value) if self.inverse else COSTS.subtract(value, cost)

    def amount(self, value: Decimal) -> Decimal:
        """The value in the settlement currency."""
        return value if self.multiplier is ONE else COSTS.multiply(value, self.multiplier)


def terms_of(instrument: InstrumentRow | None) -> Terms:
    """As a row of `tables.INSTRUMENTS` defines them; the usual ones where there is none."""
    return (
        Terms(
            instrument["multiplier"] or ONE,
            bool(instrument["inverse"]),
            instrument["currency"],
            instrument["kind"],
            instrument["base"],
            rivals_of(instrument),
        )
        if instrument
        else Terms()
    )


class Definition(NamedTuple):
    """How the entries of an instrument count. `unknown`: why none of its positions is known, if
    that is so."""

    terms: Terms = Terms()
    modes: Modes = ()
    unknown: str | None = None
    worths: "Worths | None" = None
    terms_of: Callable[[str], Terms] = lambda _: Terms()
    premiums: dict[int, dict[str, Decimal]] | None = None

    def position(
        self, account: str, instrument: str, part: Part, books: "tuple[LotBook, ...]" = ()
    ) -> "Position":
        """An empty position."""
        return Position(
            account,
            instrument,
            self.terms,
            books,
            side=part[0],
            position_id=part[1],
            worths=self.worths,
            terms_of=self.terms_of,
            premiums={} if self.premiums is None else self.premiums,
        )


Worths = Mapping[tuple[int, str], Decimal]
"""The worth of fees, and of funding that was paid, at their time, by log position and currency."""

Definitions = Callable[[str, str], Definition]
"""By account and instrument."""


class LotBook:
    """The open lots of one instrument by one method, what all of them cost, and what closing lots
    has realized. None of it knows the multiplier, which may be defined later."""

    __slots__ = (
        "claims",
        "cost",
        "fault",
        "is_unpriced",
        "lots",
        "method",
        "moved",
        "paid",
        "realized",
        "settled",
    )

    def __init__(self, method: LotChoice, state: State, packs: Packs | None) -> None:
        self.method = method
        self.realized = Decimal(state.get("realized", 0))
        self.cost = Decimal(state.get("cost", 0))
        self.settled = Decimal(state.get("settled", 0))
        """Cash of settlements since the opening balance, before the multiplier."""
        self.moved = Decimal(state.get("moved", 0))
        """Units that splits and settlements added to the quantity since."""
        paid = state.get("paid_book")
        self.paid = None if paid is None else LotBook("average", paid, None)
        """The same without premiums that settlements carried here or from here: what a venue pays
        of a margined instrument. None while there were none."""
        self.fault: str = state.get("fault", "")
        """Why its figures are unknown: cash in lieu in another currency, or an inverse instrument
        that was settled or adjusted at 0."""
        self.is_unpriced: bool = state.get("unpriced", False)
        """Whether the last entry was the adjustment with this fault: the next one may correct
        it."""
        self.claims: list[int] = list(state.get("claims", ()))
        """Log positions of splits and settlements that changed it, and name no side of it."""
        self.lots: Lots = _lots_by(method, state, packs)

    def fill(self, traded: Lot, price: Decimal, terms: Terms) -> None:
        """Close open lots on the other side, then open what is left."""
        if self.paid is not None:
            self.paid.fill(traded, price, terms)
        self._rank_by(terms)
        held = self.lots.next()
        if held is None or (held.quantity > ZERO) is (traded.quantity > ZERO):
            self._open(traded, is_only=held is None)
        else:
            self._close(held, traded, price, terms)

    def _rank_by(self, terms: Terms) -> None:
        """The cost of a unit falls with the price of an inverse instrument."""
        if isinstance(self.lots, Ranked):
            self.lots.sign = -1 if terms.inverse else 1

    def reset(self, lot: Lot, terms: Terms) -> None:
        """From now on the position is this. Nothing is realized."""
        if self.paid is not None:
            self.paid.reset(lot, terms)
        self._rank_by(terms)
        self.lots.clear()
        self.cost = ZERO
        if lot.quantity:
            self._open(lot, is_only=True)

    def keep_paid(self) -> None:
        """From now on keep the book without premiums, too."""
        if self.paid is None:
            self.paid = LotBook("average", {**self.state(), "claims": ()}, None)

    def split(self, held: Decimal, to: Decimal) -> None:
        """Every lot keeps its date and its cost. Their quantities add up to `to`, however they are
        rounded; `held`: to what they add up before."""
        if self.paid is not None:
            self.paid.split(held, to)
        before, done, small = ZERO, ZERO, None
        for lot in self.lots.take_all():
            before = EXACT.add(before, lot.quantity)
            until = scaled(before, to, held)
            whole = lot if small is None else small.joined(lot)
            small = whole if until == done else None
            if small is None:  # what is too small to be shown is a part of the next lot
                part = whole.replaced(EXACT.subtract(until, done), whole.cost)
                part.at = lot.at
                self.lots.add(part)
                done = until

    def state(self) -> State:
        """As it is stored."""
        state = {"realized": plain(self.realized), "cost": plain(self.cost), **self.lots.state()}
        if self.settled:
            state["settled"] = plain(self.settled)
        if self.moved:
            state["moved"] = plain(self.moved)
        if self.paid is not None:
            state["paid_book"] = self.paid.state()
        if self.fault:
            state["fault"] = self.fault
        if self.is_unpriced:
            state["unpriced"] = True
        if self.claims:
            state["claims"] = self.claims.copy()
        return state

    def _open(self, lot: Lot, *, is_only: bool) -> None:
        self.cost = lot.cost if is_only else EXACT.add(self.cost, lot.cost)
        self.lots.add(lot)

    def _close(self, held: Lot | None, traded: Lot, price: Decimal, terms: Terms) -> None:
        """Close one lot after the other, as far as the fill goes."""
        quantity, value = traded.quantity, traded.cost
        while quantity and held is not None:
            left = EXACT.add(held.quantity, quantity)
            if left and (left > ZERO) is (held.quantity > ZERO):
                cost = COSTS.divide(
                    COSTS.multiply(held.cost, quantity.copy_negate()), held.quantity
                )
                rest = held.replaced(left, COSTS.subtract(held.cost, cost))
                self.cost = EXACT.add(EXACT.subtract(self.cost, held.cost), rest.cost)
                self.lots.replace(rest)
                self._realize(value.copy_negate(), cost, terms, held, quantity.copy_negate())
                return
            self.cost = EXACT.subtract(self.cost, held.cost)
            self.lots.drop()
            self._realize(
                terms.value(held.quantity, price) if left else value.copy_negate(),
                held.cost,
                terms,
                held,
                held.quantity,
            )
            quantity, value = left, terms.value(left, price) if left else ZERO
            held = self.lots.next()
        if quantity:
            self._open(Lot(quantity, value, at=traded.at), is_only=True)

    def _realize(
        self, value: Decimal, cost: Decimal, terms: Terms, held: Lot, closed: Decimal
    ) -> None:
        """A signed quantity of a lot was closed at this value. It had cost so much."""
        self.realized = COSTS.add(self.realized, terms.gain(value, cost))


def _lots_by(method: LotChoice, state: State, packs: Packs | None) -> Lots:
    if method == "average":
        return Merged(state)
    if method == "hifo":
        return Ranked()
    return (Queue if method == "fifo" else Stack)(packs, state)


def paid_book(book: LotBook) -> LotBook:
    """The book by which a venue pays the results of a margined instrument."""
    return book if book.paid is None else book.paid


@dataclass(slots=True)
class Position:
    """One instrument of one account: sums of what was paid and traded, which know no order, and a
    book per method, which does.

    `entries` counts the fills and adjustments in the books, `last` is the newest of them.
    `checkpoint`: the digest of the last checkpoint, empty before the first."""

    account: str
    instrument: str
    terms: Terms = field(default_factory=Terms)
    books: tuple[LotBook, ...] = ()
    fees: dict[str, Decimal] = field(default_factory=dict)
    paid: dict[str, int] = field(default_factory=dict)
    """How many fees each sum of `fees` has in it: a currency in which none is left is not shown."""
    funding: dict[str, Decimal] = field(default_factory=dict)
    fills: int = 0
    bought: Decimal = ZERO
    sold: Decimal = ZERO
    entries: int = 0
    last: Moment | None = None
    checkpoint: str = ""
    side: str = NET
    position_id: str = ""
    priceless: int = 0
    """How many fills have a price of 0 or less. Of an inverse instrument they have no value."""
    worth: Decimal = ZERO
    """The worth of fees in the coin that was traded, at the prices of their fills."""
    cash: dict[str, Decimal] = field(default_factory=dict)
    """Coins, fees and funding that moved since the opening balance, by currency. An empty name: the
    settlement currency."""
    traded: Decimal = ZERO
    """The value of sales since, less that of purchases, before the multiplier."""
    realized_before: Decimal = ZERO
    """Its P&L by average at the opening balance, before the multiplier."""
    openings: Openings = field(default_factory=Openings)
    worths: "Worths | None" = None
    """Worth of other fees of a trade, by its log position, where it is asked for."""
    terms_of: Callable[[str], Terms] = lambda _: Terms()
    """Of another instrument of the account."""
    premiums: dict[int, dict[str, Decimal]] = field(default_factory=dict)
    """Results that were carried so far, by log position, of all positions of one pass."""
    carried: dict[str, Decimal] = field(default_factory=dict)
    """The result by each method that the last settlement did not realize here."""
    unconverted: dict[str, int] = field(default_factory=dict)
    """How many fees in each currency have no rate at the time of their fill."""
    key: tuple[str, str, str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.books = self.books or books_of()
        self.key = (self.account, self.instrument, self.side, self.position_id)

    @property
    def reason(self) -> str | None:
        """Why its P&L is unknown, or None."""
        if self.terms.contradicts(self.side):
            return KIND_CONFLICT
        if self.priceless and self.terms.inverse:
            return IMPOSSIBLE_PRICE
        return self.books[0].fault or None

    @property
    def quantity(self) -> Decimal:
        """The same by every method. By average cost it is one lot."""
        lot = self.books[METHODS.index("average")].lots.next()
        return ZERO if lot is None else lot.quantity

    def is_in_order(self, moment: Moment) -> bool:
        """Whether something that happened then comes after all that is in the books."""
        return self.last is None or moment > self.last

    def take(self, entry: Entry) -> None:
        """Take in a trade, an adjustment or a funding: of trades and adjustments the newest so
        far."""
        if "fill_id" not in entry and entry["kind"] == "funding":
            self.fund(entry)
            return
        self.count(entry)
        self.enter(entry)

    def enter(self, entry: Ordered) -> None:
        """Enter what counts in its order in the books, the newest so far."""
        if "fill_id" in entry:
            price, quantity = entry["price"], self.signed_quantity(entry)
            traded = Lot(quantity, self.terms.value(quantity, price), at=entry["at"])
            for book in self.books if quantity else ():
                book.fill(traded, price, self.terms)
        elif entry["kind"] == "adjust":
            self._adjust(entry)
        elif entry["kind"] == "delivery":
            self._deliver(entry)
        elif entry["kind"] == "split":
            self._split(entry)
        else:
            self._settle(entry)
        if "fill_id" in entry or entry["kind"] not in ("adjust", "split"):
            self.books[0].is_unpriced = False
        self.entries += 1
        self.last = when(entry)
        if self.terms.is_margined and not self.openings.has(self.terms.currency or "", entry["at"]):
            self.realized_before = paid_book(self.books[0]).realized

    def _adjust(self, entry: Adjustment) -> None:
        """Replace the position. At an impossible price its cost is unknown, until an adjustment
        follows before anything else does."""
        quantity, price, first = entry["quantity"], entry["price"], self.books[0]
        if first.is_unpriced:
            first.fault = ""
        is_priced = not quantity or self.terms.has_value_at(price)
        first.is_unpriced = not is_priced and not first.fault
        if not is_priced:
            first.fault = first.fault or IMPOSSIBLE_PRICE
        set_to = Lot(quantity, self.terms.value(quantity, price), at=entry["at"])
        for book in self.books:
            book.reset(set_to, self.terms)

    def signed_quantity(self, entry: Trade | Delivery) -> Decimal:
        """The signed quantity that an entry adds. A fee in the coin that is traded is part of
        it."""
        signed, coin = traded_quantity(entry), self.terms.coin
        if coin is None:
            return signed
        return EXACT.subtract(
            signed, total(amount for currency, amount in fees_in(entry) if currency == coin)
        )

    def _deliver(self, entry: Delivery) -> None:
        """Buy or sell what a settlement delivers. A carried premium is a part of the cost of
        all delivered units, also of those that pay a fee."""
        terms, quantity, delivered = self.terms, self.signed_quantity(entry), entry["quantity"]
        value = terms.value(quantity, entry["price"])
        kept: dict[str, Any] = entry["terms"].get("premium") or {}
        premium = {**self.premiums.get(entry["position"], {}), **kept} if kept else kept
        for book in self.books if quantity else ():
            carried = COSTS.divide(Decimal(premium.get(book.method, 0)), terms.multiplier)
            if quantity != delivered:
                carried = COSTS.divide(COSTS.multiply(carried, quantity), delivered)
            cost = COSTS.subtract(value, carried)
            price = terms.price(quantity, cost) if carried else entry["price"]
            if carried and book is self.books[0] and terms.is_margined:
                book.keep_paid()
            paid, book.paid = book.paid, None
            book.fill(Lot(quantity, cost, at=entry["at"]), price, terms)
            book.paid = paid
            if paid is not None:
                paid.fill(Lot(quantity, value, at=entry["at"]), entry["price"], terms)

    def _split(self, entry: Split) -> None:
        held, terms = self.quantity, entry["terms"]
        if not held or (self.side == NET and is_against(entry, held)):
            return
        paid, stated = terms.get("cash_in_lieu"), entry["quantity"]
        sold = ZERO if paid is None else Decimal(paid["quantity"]).copy_sign(held)
        new, old = map(Decimal, terms["ratio"])
        to = scaled(held, new, old) if stated is None else EXACT.add(stated, sold)
        if EXACT.multiply(to, held) <= ZERO:  # what is stated cannot be true
            to = scaled(held, new, old)
        self._claim(entry)
        if not to:  # too little is left to be shown
            self._close(held, ZERO, entry)
            return
        for book in self.books:
            book.split(held, to)
        self._add_units(EXACT.subtract(to, held), entry["at"])
        if paid is not None and paid["currency"] != (self.terms.currency or paid["currency"]):
            self.books[0].fault = KIND_CONFLICT
        if paid is not None and sold:
            amount = COSTS.divide(Decimal(paid["amount"]).copy_abs(), self.terms.multiplier)
            closed = min(sold, to, key=Decimal.copy_abs)
            self._close(
                closed, COSTS.divide(COSTS.multiply(amount, closed), sold.copy_abs()), entry
            )

    def _settle(self, entry: Settlement) -> None:
        held, wanted, self.carried = self.quantity, entry["quantity"], {}
        if self.side == NET and is_against(entry, held):
            held = ZERO
        is_all = wanted is None or wanted >= held.copy_abs()
        closed = held if wanted is None or is_all else wanted.copy_sign(held)
        fee = total(amount for name, amount in fees_in(entry) if name and name == self.terms.coin)
        if closed:
            self._claim(entry)
        if closed and self.terms.inverse and entry["price"] <= ZERO:
            self.books[0].fault = IMPOSSIBLE_PRICE
        if closed or fee:
            value, carries = self.terms.value(closed, entry["price"]), self._carries(entry)
            results = self._close(closed, value, entry, fee=fee, carries=carries)
            self.carried = results if carries else {}
            self.premiums[entry["position"]] = self.carried

    def _carries(self, entry: Settlement) -> bool:
        """Whether the result goes into the cost of what is delivered. It does only within one
        currency. An inverse instrument gets none: it has no result per unit of its price."""
        if not carries_premium(entry):
            return False
        leg = self.terms_of(entry["terms"]["into"])
        return leg.currency == self.terms.currency and not leg.inverse

    def _claim(self, entry: Split | Settlement) -> None:
        """Note an entry that can change one position only, and does not name it."""
        if needs_side(entry):
            self.books[0].claims.append(entry["position"])

    def _close(
        self,
        closed: Decimal,
        value: Decimal,
        entry: Split | Settlement,
        *,
        fee: Decimal = ZERO,
        carries: bool = False,
    ) -> dict[str, Decimal]:
        """Close a signed quantity of the open lots at a value, before the multiplier. Returns the
        result by each method, which is not realized here if it is carried elsewhere. `fee`: in the
        coin, taken from the position at the same price."""
        terms, results, at = self.terms, dict[str, Decimal](), entry["at"]
        price = entry["price"] if entry["kind"] == "settle" else terms.price(closed, value)
        sold = EXACT.add(closed, fee)
        worth = terms.value(sold, price) if fee else value
        if carries and terms.is_margined:
            self.books[0].keep_paid()
        for book in self.books if sold else ():
            before = book.realized
            book.fill(Lot(sold.copy_negate(), worth.copy_negate(), at=at), price, terms)
            result = COSTS.subtract(book.realized, before)
            results[book.method] = shown(terms.amount(result))
            book.realized = before if carries else book.realized
        book = self.books[0]
        if not terms.is_margined and self.openings.has(terms.currency or "", at):
            book.settled = EXACT.add(book.settled, value)
        self._add_units(closed.copy_negate(), at)
        return results

    def _add_units(self, quantity: Decimal, at: datetime) -> None:
        """Note coins that came or went without a trade."""
        coin, book = self.terms.coin, self.books[0]
        if coin is not None and self.openings.has(coin, at):
            book.moved = EXACT.add(book.moved, quantity)

    def count(self, entry: Ordered, one: int = 1) -> None:
        """Add an entry to the sums, or subtract it if `one` is -1. Its time does not matter."""
        if "fill_id" in entry:
            self.fills += one
        elif entry["kind"] == "adjust" or entry["kind"] == "split":
            return
        change = EXACT.add if one > 0 else EXACT.subtract
        quantity = traded_quantity(entry)
        if quantity and entry["price"] <= ZERO:
            self.priceless += one
        if quantity > ZERO:
            self.bought = change(self.bought, quantity)
        elif quantity:
            self.sold = change(self.sold, quantity.copy_negate())
        fees = fees_in(entry)
        for currency, fee in fees:
            self.fees[currency] = change(self.fees.get(currency, ZERO), fee)
            self.paid[currency] = count = self.paid.get(currency, 0) + one
            if not count:
                del self.fees[currency], self.paid[currency]
        if self.terms.kind is not None:
            self._count_cash(entry, quantity, fees, one)

    def _count_cash(
        self,
        entry: Trade | Settlement | Delivery,
        quantity: Decimal,
        fees: list[tuple[str, Decimal]],
        one: int,
    ) -> None:
        """Add what the entry moved, and the worth of fees that are not in the settlement
        currency."""
        terms, change = self.terms, EXACT.add if one > 0 else EXACT.subtract
        for currency, fee in fees:
            if currency and currency == terms.coin:
                self.worth = change(self.worth, EXACT.multiply(fee, entry["price"]))
            elif self.worths is not None and terms.is_foreign(currency):
                self._convert(payment_key(entry), currency, one)
            self._move(currency, fee, entry["at"], -one)
        if quantity and not terms.is_margined:
            self._exchange(quantity, entry["price"], entry["at"], one)

    def _convert(self, position: int, currency: str, one: int) -> None:
        worth = (self.worths or {}).get((position, currency))
        if worth is not None:
            self.worth = (EXACT.add if one > 0 else EXACT.subtract)(self.worth, worth)
            return
        self.unconverted[currency] = count = self.unconverted.get(currency, 0) + one
        if not count:
            del self.unconverted[currency]

    def _exchange(self, quantity: Decimal, price: Decimal, at: datetime, one: int) -> None:
        """Add the value of what was bought (positive) or sold, and at spot the coin."""
        terms = self.terms
        if self.openings.has(terms.currency or "", at):
            change = EXACT.subtract if one > 0 else EXACT.add
            self.traded = change(self.traded, EXACT.multiply(quantity, price))
        if terms.coin is not None:
            self._move(terms.coin, quantity, at, one)

    def _move(self, currency: str, amount: Decimal, at: datetime, sign: int) -> None:
        if self.openings.has(currency or self.terms.currency or "", at):
            change = EXACT.add if sign > 0 else EXACT.subtract
            self.cash[currency] = change(self.cash.get(currency, ZERO), amount)

    def moved_cash(self) -> dict[str, Decimal]:
        """Cash that it moved since the opening balance, by currency."""
        book = self.books[0]
        realized = paid_book(book).realized, self.realized_before
        value = EXACT.add(self.traded, book.settled)
        return _moved(self.terms, self.cash, realized, value, book.moved)

    def fund(self, funding: Funding) -> None:
        """Take in a funding, whenever it happened: funding is only summed."""
        currency = funding["currency"]
        self.funding[currency] = EXACT.add(self.funding.get(currency, ZERO), funding["quantity"])
        if self.terms.kind is None:
            return
        self._move(currency, funding["quantity"], funding["at"], 1)
        if self.worths is not None and self.terms.is_foreign(currency):
            self._convert(payment_key(funding), currency, 1)


def books_of(
    states: Sequence[State] = ({}, {}, {}), packs: Packs | None = None
) -> tuple[LotBook, ...]:
    """A book per method: as stored, or empty. Without `packs` all lots stay in memory."""
    return tuple(
        LotBook(method, state, packs) for method, state in zip(METHODS, states, strict=True)
    )


def position_of(account: str, instrument: str, terms: Terms, entries: Iterable[Entry]) -> Position:
    """The position from all its trades, adjustments and funding (rows of `TRADES` and
    `ACCOUNT_EVENTS`), as they happened."""
    position = Position(account, instrument, terms)
    for entry in entries:
        position.take(entry)
    return position


def position_rows(
    position: Position, sides: Sides | None = None, modes: Modes = ()
) -> list[StoredPositionRow]:
    """The columns of `tables.POSITIONS`, a row per method. `sides`: what is known of the sides of
    the instrument."""
    state: State = {
        "entries": position.entries,
        "paid": position.paid,
        "checkpoint": position.checkpoint,
    }
    if position.priceless:
        state["priceless"] = position.priceless
    state |= worth_state(position)
    if cash := {name: plain(one) for name, one in sorted(position.cash.items()) if one}:
        state["cash"] = cash
    if position.traded:
        state["traded"] = plain(position.traded)
    if position.realized_before:
        state["realized_before"] = plain(position.realized_before)
    if sides is not None:
        state["sides"] = sides.state(modes)
    anomalies = _anomalies(position, sides)
    unknown = None if sides is None else sides.reason
    rows = [
        position_row(position, book, {**book.state(), **state}, unknown) for book in position.books
    ]
    return [{**row, "anomalies": anomalies} for row in rows] if anomalies else rows


def worth_state(position: Position) -> State:
    """Of the state of a position, what its net P&L needs: what fees were worth that were not paid
    in its currency. Empty for an instrument of no known kind."""
    state: State = {}
    if position.terms.kind is not None:
        state["kind"], state["base"] = position.terms.kind, position.terms.base
    if position.terms.rivals:
        state["rivals"] = list(position.terms.rivals)
    if position.worth:
        state["worth"] = plain(position.worth)
    if position.unconverted:
        state["unconverted"] = sorted(position.unconverted)
    return state


def _anomalies(position: Position, sides: Sides | None) -> list[str]:
    found = [position.reason] if position.reason else []
    if sides is not None:
        found += [SIDE_CONFLICT] if sides.conflicts and position.side == NET else []
        found += [sides.reason] if sides.reason else []
    return sorted(found)


def position_row(
    position: Position, book: LotBook, state: State, unknown: str | None = None
) -> StoredPositionRow:
    """The columns of `tables.POSITIONS` for one method. `unknown`: why no position of the
    instrument is known."""
    at, rank = position.last or (None, None)
    quantity = position.quantity
    reason = unknown or position.reason
    return {
        "account": position.account,
        "instrument": position.instrument,
        "position_side": position.side,
        "position_id": position.position_id,
        "method": book.method,
        "position_quantity": None if unknown else quantity,
        "average_open_price": None if reason else position.terms.price(quantity, book.cost),
        "realized_pnl": None if reason else shown(position.terms.amount(book.realized)),
        "fees": {currency: plain(amount) for currency, amount in sorted(position.fees.items())},
        "funding": {
            currency: plain(amount) for currency, amount in sorted(position.funding.items())
        },
        "currency": position.terms.currency,
        "multiplier": position.terms.multiplier,
        "inverse": position.terms.inverse,
        "fills": position.fills,
        "bought_quantity": position.bought,
        "sold_quantity": position.sold,
        "reason": reason,
        "anomalies": None,
        "last_at": at,
        "last_rank": rank,
        "book": state,
    }


def restore(rows: Sequence[StoredPositionRow], packs: Packs, openings: Openings) -> Position:
    """The position from its stored rows, ready for the next entries."""
    row = rows[0]
    states = {row["method"]: row["book"] for row in rows}
    return Position(
        account=row["account"],
        instrument=row["instrument"],
        terms=terms_in(row),
        books=books_of([states[method] for method in METHODS], packs),
        fees={currency: Decimal(amount) for currency, amount in row["fees"].items()},
        paid=dict(row["book"]["paid"]),
        funding={currency: Decimal(amount) for currency, amount in row["funding"].items()},
        fills=row["fills"],
        bought=row["bought_quantity"],
        sold=row["sold_quantity"],
        entries=row["book"]["entries"],
        last=None if row["last_at"] is None else (row["last_at"], row["last_rank"] or ""),
        checkpoint=row["book"]["checkpoint"],
        side=row["position_side"],
        position_id=row["position_id"],
        priceless=row["book"].get("priceless", 0),
        worth=Decimal(row["book"].get("worth", 0)),
        cash={name: Decimal(amount) for name, amount in row["book"].get("cash", {}).items()},
        traded=Decimal(row["book"].get("traded", 0)),
        realized_before=Decimal(row["book"].get("realized_before", 0)),
        openings=openings,
    )


def terms_in(row: StoredPositionRow) -> Terms:
    """The terms by which a position was folded."""
    book = row["book"]
    kind, base, rivals = book.get("kind"), book.get("base"), tuple(book.get("rivals", ()))
    return Terms(row["multiplier"], bool(row["inverse"]), row["currency"], kind, base, rivals)


def reason_in(row: StoredPositionRow) -> str | None:
    """Why its P&L is unknown by itself, whatever is known of its sides. `row`: by average cost."""
    if terms_in(row).contradicts(row["position_side"]):
        return KIND_CONFLICT
    if row["book"].get("priceless") and row["inverse"]:
        return IMPOSSIBLE_PRICE
    return row["book"].get("fault")


def moved_cash(row: StoredPositionRow) -> dict[str, Decimal]:
    """Cash that a position moved since the opening balance, by currency. `row`: by average cost."""
    book = row["book"]
    cash = {name: Decimal(amount) for name, amount in book.get("cash", {}).items()}
    paid = book.get("paid_book", book)
    realized = Decimal(paid["realized"]), Decimal(book.get("realized_before", 0))
    value = EXACT.add(Decimal(book.get("traded", 0)), Decimal(book.get("settled", 0)))
    return _moved(terms_in(row), cash, realized, value, Decimal(book.get("moved", 0)))


def _moved(
    terms: Terms,
    cash: dict[str, Decimal],
    realized: tuple[Decimal, Decimal],
    value: Decimal,
    units: Decimal,
) -> dict[str, Decimal]:
    """`realized`: by now, and at the opening balance. `value`: of sales and settlements less
    purchases. `units`: of the coin that came without a trade."""
    own, sums = terms.currency or "", dict[str, Decimal]()
    moved = [("", terms.amount(value))]
    if terms.is_margined:
        moved.append(("", terms.realized_since(*realized)))
    if terms.coin is not None and units:
        moved.append((terms.coin, units))
    for name, amount in (*cash.items(), *moved):
        sums[name or own] = EXACT.add(sums.get(name or own, ZERO), amount)
    return sums
