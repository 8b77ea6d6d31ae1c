"""Rows of a Flex statement: their attributes as text, numbers and times."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from orderledger import InvalidMessage, InvalidSetting, Message
from orderledger.venues.importers.source import Options, in_zone
from orderledger.venues.interop.context import ObjectContext

KINDS = {
    "STK": ("security", "quote"),
    "OPT": ("option", "quote"),
    "FUT": ("margined", "settlement"),
}
"""The kind of an `assetCategory`, and the term that its currency is. Source: ibkrguides.com,
Activity Flex Query Reference, Asset Class."""
EXCHANGE_RATE = "CASH"
"""The `assetCategory` of a trade of currencies. Its symbol is the base and the quote: EUR.USD."""

THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
"""The only form in which a number may have commas. ibflex drops them all, including a decimal
comma.
"""
MOMENT = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})(?:[;, T]+(\d{2}):?(\d{2}):?(\d{2}))?([+-]\d{2}:?\d{2})?", re.ASCII
)
BOOKED_AT = time(16, 20)
"""Time of the bookings of expiries, exercises and assignments: their rows of Trades have it, those
of OptionEAE have only the day. Source: the statements named in `ROWS`."""


@dataclass(frozen=True, slots=True)
class FlexRow:
    """One element: its tag, its number in the file, and its attributes."""

    tag: str
    number: int
    raw: Mapping[str, str]

    def get(self, name: str) -> str:
        """The text of an attribute. Empty if it is missing."""
        return self.raw.get(name, "").strip()

    def needed(self, name: str) -> str:
        """The text of an attribute that is required. Raises InvalidMessage."""
        if not self.get(name):
            raise InvalidMessage(name, "is missing: include it in the Flex query")
        return self.get(name)

    def amount(self, name: str) -> Decimal | None:
        """A number. None if it is missing. Raises InvalidMessage."""
        text = self.get(name)
        if not text:
            return None
        if "," in text and THOUSANDS.fullmatch(text) is None:
            raise InvalidMessage(
                name, f"{text[:50]!r} has a comma that does not separate thousands"
            )
        try:
            return Decimal(text.replace(",", ""))
        except InvalidOperation:
            raise InvalidMessage(name, f"{text[:50]!r} is not a number") from None

    def needed_amount(self, name: str) -> Decimal:
        """A number that is required. Raises InvalidMessage."""
        found = self.amount(name)
        if found is None:
            raise InvalidMessage(name, "is missing: include it in the Flex query")
        return found

    @property
    def codes(self) -> frozenset[str]:
        """The codes of `notes` or `code`."""
        return frozenset((self.get("notes") or self.get("code")).split(";"))

    @property
    def place(self) -> str:
        """Its place for a list of faults: the tag with an id, or its number."""
        ids = ("tradeID", "execID", "transactionID", "conid")
        return f"{self.tag} {next(filter(None, map(self.get, ids)), str(self.number))}"

    def moment(self, zone: tzinfo | None, *names: str, day_at: time = time()) -> datetime:
        """The first time among these attributes. A day counts as its time `day_at`. Raises
        InvalidMessage, and InvalidSetting if the file needs another date format or a zone.
        """
        for name in names:
            if self.get(name):
                return moment_of(self.get(name), name, zone, day_at)
        raise InvalidMessage(names[0], "is missing: include it in the Flex query")


def moment_of(text: str, name: str, zone: tzinfo | None, day_at: time) -> datetime:
    """The time in a text of a Flex statement. Raises InvalidMessage and InvalidSetting."""
    refuse_slashes(text)
    found = MOMENT.fullmatch(text)
    if found is None:
        raise InvalidMessage(name, f"{text[:50]!r} is not a time")
    *numbers, offset = found.groups()
    try:
        if numbers[3] is None:
            day = datetime(*map(int, numbers[:3]))  # type: ignore[arg-type]  # noqa: DTZ001
            moment = datetime.combine(day, day_at)
        else:
            moment = datetime(*map(int, numbers))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError as error:
        raise InvalidMessage(name, f"{text[:50]!r} is not a time: {error}") from None
    if offset is not None:
        return moment.replace(tzinfo=datetime.strptime(offset, "%z").tzinfo)
    return in_zone(moment, needed_zone(zone, text), name)


def refuse_slashes(text: str) -> None:
    """Raise InvalidSetting for a date in which month and day are ambiguous."""
    if "/" in text:
        raise InvalidSetting(
            "FILE",
            f"writes dates such as {text!r:.50}: set the date format of the Flex query to yyyyMMdd",
        )


def needed_zone(zone: tzinfo | None, text: str) -> tzinfo:
    """The zone of times without an offset. Raises InvalidSetting if none is set."""
    if zone is None:
        raise InvalidSetting(
            "timezone",
            f"is needed, because {text!r:.50} is in the zone of the account's settings. Give "
            "--timezone",
        )
    return zone


@dataclass(slots=True)
class FlexContext:
    """Context for the translation of a row: the user's options, the account of the file, and the
    instruments that are defined already."""

    options: Options
    defined: set[str]
    account: str | None = None

    def of(self, row: FlexRow) -> ObjectContext:
        """Makes the messages of a row. Raises InvalidMessage if it is of another account than the
        first row."""
        account = row.get("accountId")
        if self.account is None:
            self.account = account
        if account != self.account:
            raise InvalidMessage(
                "accountId",
                f"is {account!r}, but the file begins with {self.account!r}: make a Flex query of "
                "one account",
            )
        return self.options.context(dict(row.raw))

    def definition(
        self, row: FlexRow, context: ObjectContext, instrument: str, at: datetime
    ) -> list[Message]:
        """The definition of an instrument, unless an earlier row gave it."""
        if instrument in self.defined:
            return []
        asset, currency = row.get("assetCategory"), row.get("currency") or None
        terms: dict[str, Any] = {"multiplier": row.amount("multiplier"), "currency": currency}
        if currency is not None and asset in KINDS:
            terms |= {"kind": KINDS[asset][0], KINDS[asset][1]: currency}
        if asset == EXCHANGE_RATE and "." in row.get("symbol"):
            base, _, quote = row.get("symbol").partition(".")
            terms = {"kind": "spot", "base": base, "quote": quote, "currency": quote}
        return [context.message("instrument", at=at, instrument=instrument, **terms)]

    def name(self, context: ObjectContext, symbol: str) -> str:
        """The ledger's name of an instrument."""
        named = context.instrument(symbol)
        assert named is not None
        return named
