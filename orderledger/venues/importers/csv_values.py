"""The values of a CSV row: numbers with separators and units, coins after numbers, words and
ids.
"""

import re
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256

from orderledger import InvalidMessage
from orderledger.venues.importers.csv_mapping import Coin, Coins, CsvMapping, FieldFrom

THOUSANDS = re.compile(r"(?<=[0-9])[\s'](?=[0-9]{3}(?![0-9]))")
"""A space or an apostrophe between groups of three digits."""

NUMBER = re.compile(
    r"(?P<open>\()?[^\d.,()+\-]*(?P<sign>[+\-])?[^\d.,()+\-]*(?P<digits>[0-9.,]+)(?P<exponent>[eE][+\-]?[0-9]{1,3}(?![0-9]))?"
    r"[^\d.,()+\-]*(?P<close>\))?"
)
"""A number with its sign, or in brackets if it is negative, between a currency sign and a unit."""

GLUED = re.compile(r"[0-9.,](?![eE][+\-]?[0-9]{1,3}(?![0-9A-Za-z]))[^\W\d_]")
"""A letter directly after a digit. It may belong to a unit that begins with digits: 5001000SATS
is 500 of 1000SATS.
"""

NUMBERS = {
    ".": re.compile(r"(?:[1-9][0-9]{0,2}(?:,[0-9]{2,3})*,[0-9]{3}|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+"),
    ",": re.compile(r"(?:[1-9][0-9]{0,2}(?:\.[0-9]{2,3})*\.[0-9]{3}|[0-9]+)(?:,[0-9]*)?|,[0-9]+"),
}
"""Digits with their separators, by the sign before the decimals. Thousands are in groups of three,
or as in India."""

DIGEST_DIGITS = 24


class Values:
    """Reads the values of the rows of one file."""

    def __init__(self, mapping: CsvMapping) -> None:
        self._decimal, self._coins = mapping.decimal, mapping.coins
        self._counts = Counter[str]()

    def value(self, name: str, source: FieldFrom, row: Mapping[str, str]) -> str | None:
        """The value of a field. None if the row has none. Raises InvalidMessage."""
        if source.constant is not None:
            return source.constant
        if source.digest:
            return self._digest(name, [row[column] for column in source.digest])
        text = text_of(name, source, row)
        if text and (source.number_before or source.coin_after):
            number, coin = self._split(name, text, source, row)
            if source.coin_after:
                return coin
            text = number
        if source.words:
            if text not in source.words:
                raise InvalidMessage(
                    name,
                    f"{text[:50]!r} in column {source.column!r} is not one of "
                    f"{', '.join(source.words)}",
                )
            text = source.words[text]
        return number_in(name, text, source, self._decimal) if source.is_number else text or None

    def _split(
        self, name: str, text: str, source: FieldFrom, row: Mapping[str, str]
    ) -> tuple[str, str]:
        """A number and the coin after it."""
        assert self._coins is not None
        known = coins_of(row, self._coins, self._decimal)
        allowed = {
            coin for part in (*source.number_before, *source.coin_after) for coin in known[part]
        }
        found = [coin for coin in sorted(allowed) if _before(text, coin, self._decimal) is not None]
        if len(found) != 1:
            fault = "can be read in several ways" if found else "is not a number"
            raise InvalidMessage(
                name,
                f"{text[:50]!r} in column {source.column!r} {fault} with one of "
                f"{', '.join(sorted(allowed))}",
            )
        return text.removesuffix(found[0]), found[0]

    def _digest(self, name: str, values: list[str]) -> str:
        """An id for a row without one. The second of two equal rows has its number added."""
        found = sha256("\x1f".join(values).encode()).hexdigest()[:DIGEST_DIGITS]
        self._counts[f"{name} {found}"] += 1
        number = self._counts[f"{name} {found}"]
        return found if number == 1 else f"{found}-{number}"


def text_of(name: str, source: FieldFrom, row: Mapping[str, str]) -> str:
    """The text in a column, or the part that the pattern finds."""
    assert source.column is not None
    text = row[source.column]
    if source.pattern is None:
        return text
    found = re.search(source.pattern, text)
    if found is None:
        raise InvalidMessage(
            name, f"{text[:50]!r} in column {source.column!r} does not match {source.pattern}"
        )
    return found.group(1)


def coins_of(row: Mapping[str, str], coins: Coins, decimal: str) -> dict[Coin, tuple[str, ...]]:
    """The two coins of the pair: each must follow a number of the row. Raises InvalidMessage if
    there is not exactly one way to split it.
    """
    pair, base, quote = row[coins.pair], row[coins.base], row[coins.quote]
    ways = [
        (pair[:length], pair[length:])
        for length in range(1, len(pair))
        if _before(base, pair[:length], decimal) is not None
        and _before(quote, pair[length:], decimal) is not None
    ]
    if len(ways) != 1:
        number = "more than one way" if ways else "no way"
        raise InvalidMessage(
            coins.pair,
            f"{pair[:50]!r}: there is {number} to split it into the coins of {base[:50]!r} and "
            f"{quote[:50]!r}",
        )
    return {"base": (ways[0][0],), "quote": (ways[0][1],), "others": coins.others}


def _before(text: str, coin: str, decimal: str) -> str | None:
    """The number in front of a coin. None if there is none."""
    number = text.removesuffix(coin).strip()
    is_number = text.endswith(coin) and NUMBERS[decimal].fullmatch(number.lstrip("+-")) is not None
    return number if is_number else None


def number_in(name: str, text: str, source: FieldFrom, decimal: str) -> str | None:
    """The number without thousands separators, currency signs and units. None for a text without
    digits."""
    if not any(map(str.isdigit, text)):
        return None
    if GLUED.search(text):
        raise InvalidMessage(
            name,
            f"{text[:50]!r} in column {source.column!r} has a unit directly after its digits "
            "(`number_before`)",
        )
    found = _number(text)
    is_in_brackets = found is not None and found["open"] is not None
    if (
        found is None
        or is_in_brackets is (found["close"] is None)
        or not NUMBERS[decimal].fullmatch(found["digits"])
    ):
        raise InvalidMessage(
            name,
            f"{text[:50]!r} in column {source.column!r} is not a number with {decimal!r} before "
            "its decimals (`decimal`)",
        )
    thousands = "," if decimal == "." else "."
    digits = found["digits"].replace(thousands, "").replace(decimal, ".") + (
        found["exponent"] or ""
    )
    is_negative = (found["sign"] == "-" or is_in_brackets) is not source.negate
    return digits if source.absolute or not is_negative else f"-{digits}"


def has_other_decimal(text: str, decimal: str) -> bool:
    """Whether the text is a number only if the other sign stands before its decimals."""
    found, other = _number(text), "," if decimal == "." else "."
    if found is None or NUMBERS[decimal].fullmatch(found["digits"]):
        return False
    return NUMBERS[other].fullmatch(found["digits"]) is not None


def _number(text: str) -> re.Match[str] | None:
    return NUMBER.fullmatch(THOUSANDS.sub("", text.replace("\N{MINUS SIGN}", "-").strip()))
