"""A first reading of a Flex statement. It joins rows that describe one fact: an exercise and its
delivery, the legs of a corporate action, and the names of one contract."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from orderledger import InvalidMessage
from orderledger.extend.values import EXACT, ONE
from orderledger.venues.importers.ib_flex_rows import FlexRow

SUMMARIES = frozenset(
    {"ORDER", "CLOSED_LOT", "SYMBOL_SUMMARY", "ASSET_SUMMARY", "WASH_SALE", "LOT", "SUMMARY"}
)
"""Levels of detail that repeat other rows."""

TRADES = frozenset({"Trade", "TradeConfirm"})
EXPIRED, EXERCISED, ASSIGNED = "expiry", "exercise", "assignment"
BOOKED = {
    "Ep": EXPIRED,
    "Ex": EXERCISED,
    "AEx": EXERCISED,
    "MEx": EXERCISED,
    "A": ASSIGNED,
}
"""Codes in `notes` of a booking (`transactionType` BookTrade), and the kind of the settlement.
Source: ibflex.enums.Code."""
ACTIONS = {"Expiration": EXPIRED, "Exercise": EXERCISED, "Assignment": ASSIGNED}
"""`transactionType` of an OptionEAE. Source: ibflex.enums.OptionAction. Buy and Sell are the
deliveries."""
DELIVERIES = frozenset({"Buy", "Sell"})
DERIVATIVES = frozenset({"OPT", "FOP", "FUT", "WAR"})

ACTION = re.compile(
    r"(?P<ticker>[^()]*?)\s*\((?P<security>[^()]*)\)\s*(?P<what>.*?)"
    r"(?:\s+\((?P<symbol>[^,]*), (?P<name>.*?),? ?(?P<id>[^,()]*)\))?",
    re.DOTALL,
)
"""The description of a corporate action: the security that it is about, the action, and the
security of this row."""
RATIO = re.compile(r"(\d+) FOR (\d+)", re.IGNORECASE)

Delivery = tuple[str, str, Decimal, Decimal]
"""Symbol, day, price and signed quantity of the shares that an option delivers."""


class Description(NamedTuple):
    """The parts of a corporate action's description. Empty where it has another form."""

    ticker: str
    security: str
    what: str

    @property
    def ratio(self) -> tuple[int, int] | None:
        """[new, old] of `4 FOR 1`."""
        found = RATIO.search(self.what)
        return (int(found[1]), int(found[2])) if found else None


def described(row: FlexRow) -> Description:
    """The description of a corporate action."""
    found = ACTION.fullmatch(row.get("description") or row.get("actionDescription"))
    if found is None:
        return Description("", "", row.get("description"))
    return Description(found["ticker"].strip(), found["security"].strip(), found["what"].strip())


def group_of(row: FlexRow) -> tuple[str, ...]:
    """The fields that the legs of one corporate action share. An option that is adjusted is an
    action of its own."""
    asset = row.get("conid") if row.get("assetCategory") != "STK" else ""
    return (row.get("type"), row.get("dateTime"), described(row).what, asset)


def settled_as(row: FlexRow) -> str | None:
    """The kind of settlement that a row books. None for another row."""
    if row.tag == "OptionEAE":
        return ACTIONS.get(row.get("transactionType"))
    is_booked = row.get("transactionType") == "BookTrade"
    kinds = [BOOKED[code] for code in BOOKED if code in row.codes] if is_booked else []
    return kinds[0] if kinds and row.get("assetCategory") in DERIVATIVES else None


def is_delivery(row: FlexRow) -> bool:
    """Whether the row is the purchase or sale that an exercise or assignment brings."""
    if row.get("assetCategory") in DERIVATIVES:
        return False
    if row.tag == "OptionEAE":
        return row.get("transactionType") in DELIVERIES
    return row.get("transactionType") == "BookTrade" and not row.codes.isdisjoint(BOOKED)


def delivered_by(row: FlexRow) -> Delivery | None:
    """The delivery of an exercised or assigned option. A call that is closed by a sale was held,
    and buys. None if the row does not say enough."""
    quantity, strike = _amount(row, "quantity"), _amount(row, "strike")
    if settled_as(row) == EXPIRED or not quantity or strike is None:
        return None
    shares = EXACT.multiply(quantity, _amount(row, "multiplier") or ONE)
    signed = -shares if row.get("putCall") == "C" else shares
    return (row.get("underlyingSymbol"), day_of(row), strike.normalize(), signed.normalize())


def _shares_of(row: FlexRow) -> Delivery | None:
    """The delivery that a row of shares is."""
    price, quantity = _amount(row, "tradePrice"), _amount(row, "quantity")
    if price is None or not quantity:
        return None
    return (row.get("symbol"), day_of(row), price.normalize(), quantity.normalize())


def _amount(row: FlexRow, name: str) -> Decimal | None:
    """A number; None for one that the second reading reports."""
    try:
        return row.amount(name)
    except InvalidMessage:
        return None


def day_of(row: FlexRow) -> str:
    """The day of a row, as digits."""
    text = row.get("dateTime") or row.get("date") or row.get("tradeDate")
    return re.sub(r"\D", "", text)[:8]


class Named(NamedTuple):
    """The first row in which a contract has a symbol, and the time of the last one."""

    first: FlexRow
    last: str


@dataclass
class Survey:
    """`bookings`: the `tradeID` of settlements in Trades; `traded`: of all rows of Trades.
    `actions`: the legs of each corporate action. `names`: the symbols of each contract, with the
    first row of each and the time of the last one. `delivery_of`: the row of the shares that a
    settlement brings, by the number of its row; `taken`: the numbers of these rows.
    """

    bookings: set[str] = field(default_factory=set)
    traded: set[str] = field(default_factory=set)
    actions: dict[tuple[str, ...], list[FlexRow]] = field(default_factory=dict)
    names: dict[str, dict[str, Named]] = field(default_factory=dict)
    delivery_of: dict[int, FlexRow] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, path: Path) -> "Survey":
        """Read the file up to its first fault, which the second reading reports."""
        survey, events, shares = cls(), list[FlexRow](), list[FlexRow]()
        for row in rows_of(path):
            if row.get("levelOfDetail").upper() in SUMMARIES:
                continue
            survey._note(row)
            if settled_as(row):
                events.append(row)
            elif is_delivery(row):
                shares.append(row)
        survey._pair(events, shares)
        return survey

    def _note(self, row: FlexRow) -> None:
        if row.tag in TRADES:
            self.traded.add(row.get("tradeID"))
            if settled_as(row):
                self.bookings.add(row.get("tradeID"))
        if row.tag == "CorporateAction":
            self.actions.setdefault(group_of(row), []).append(row)
        if row.tag in TRADES or row.tag in ("CorporateAction", "OptionEAE"):
            self._name(row)

    def _name(self, row: FlexRow) -> None:
        """Note the symbol of a contract. IB gives a contract that a split or a change of its ISIN
        ends another symbol (`.OLD`) in the row itself: no fact has it."""
        if not row.get("conid") or row.get("symbol").endswith(".OLD"):
            return
        by_symbol = self.names.setdefault(row.get("conid"), {})
        known, at = by_symbol.get(row.get("symbol"), Named(row, "")), time_text(row)
        first = row if at < time_text(known.first) else known.first
        by_symbol[row.get("symbol")] = Named(first, max(known.last, at))

    def _pair(self, events: Sequence[FlexRow], shares: Sequence[FlexRow]) -> None:
        """Give each exercise and assignment its delivery. A row of OptionEAE whose `tradeID` is in
        Trades repeats that row."""
        waiting: dict[Delivery, list[FlexRow]] = {}
        for row in shares:
            if (row.tag in TRADES or not self.repeats(row)) and (key := _shares_of(row)):
                waiting.setdefault(key, []).append(row)
        for row in events:
            wanted = delivered_by(row) if row.tag in TRADES or not self.repeats(row) else None
            if wanted is not None and (rows := waiting.get(wanted)):
                self.delivery_of[row.number] = rows.pop(0)
                self.taken.add(self.delivery_of[row.number].number)

    def repeats(self, row: FlexRow) -> bool:
        """Whether Trades has what a row of OptionEAE says."""
        return row.get("tradeID") in (self.bookings if settled_as(row) else self.traded)

    def symbols(self, row: FlexRow) -> list[tuple[str, Named]]:
        """The symbols of the contract of a row, by the time of their first rows."""
        named = self.names.get(row.get("conid"), {}).items()
        return sorted(named, key=lambda one: (time_text(one[1].first), one[0]))

    def earlier_symbol(self, row: FlexRow) -> str | None:
        """The symbol of the contract in the rows before this one. None if there are none."""
        found = [
            symbol
            for symbol, named in self.symbols(row)
            if symbol != row.get("symbol") and time_text(named.first) < time_text(row)
        ]
        return found[-1] if found else None

    def is_first(self, row: FlexRow) -> bool:
        """Whether no row of this contract is earlier."""
        return all(time_text(one.first) >= time_text(row) for _, one in self.symbols(row))


def rows_of(path: Path) -> Iterator[FlexRow]:
    """The rows of the file, up to a fault of its XML."""
    try:
        for number, (_, element) in enumerate(ElementTree.iterparse(path, events=("end",))):
            if element.attrib:
                yield FlexRow(element.tag, number, dict(element.attrib))
            element.clear()
    except ElementTree.ParseError:
        return


def time_text(row: FlexRow) -> str:
    """The time of a row as digits, which sort by time."""
    text = row.get("dateTime") or row.get("date") or row.get("tradeDate")
    return re.sub(r"\D", "", text).ljust(14, "0")[:14]
