"""Definitions of instruments from a venue's own list, recorded before the first fill or position
so that P&L has a currency.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Self

from orderledger import (
    Balance,
    Fill,
    FillCorrected,
    Instrument,
    InstrumentKind,
    Message,
    PositionMode,
)
from orderledger.venues.base.translation import Translation

DEFINED_AT = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of a first definition: before any fill, and before any definition by an operator,
which therefore takes precedence.
"""

Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of one instrument. Terms that the venue does not state are None, and stay
    unchanged.

    `kind` says which balances a fill moves: `base` and `quote` at spot, `settlement` of a margined
    instrument, `quote` of a security or an option. `currency` is that of P&L.
    """

    kind: InstrumentKind | None = None
    base: str | None = None
    quote: str | None = None
    settlement: str | None = None
    currency: str | None = None
    multiplier: Decimal | None = None
    inverse: bool | None = None
    tick: Decimal | None = None
    lot: Decimal | None = None
    position_mode: PositionMode | None = None

    @classmethod
    def spot(cls, base: str, quote: str, **others: Any) -> Self:
        """A pair of currencies."""
        kind = InstrumentKind.SPOT
        return cls(kind=kind, base=base, quote=quote, currency=quote, **others)

    @classmethod
    def margined(cls, settlement: str, **others: Any) -> Self:
        """A perpetual or a future."""
        kind = InstrumentKind.MARGINED
        return cls(kind=kind, settlement=settlement, currency=settlement, **others)

    @classmethod
    def paid(cls, kind: InstrumentKind, quote: str, **others: Any) -> Self:
        """A security or an option, paid in full."""
        return cls(kind=kind, quote=quote, currency=quote, **others)


TermsOf = Callable[[str], Terms | None]
TERMS = tuple(term.name for term in fields(Terms))


class Definitions:
    """Remembers the terms already delivered, by account and instrument."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Terms] = {}

    def added_to(self, messages: Sequence[Message], terms_of: TermsOf, now: Now) -> list[Message]:
        """The messages, with each instrument's definition before its fills and positions, unless
        the same terms were already delivered.
        """
        defined: list[Message] = []
        for message in messages:
            instrument = _traded(message)
            if instrument is not None:
                defined += self._definition(message, instrument, terms_of(instrument), now)
            defined.append(message)
        return defined

    def added(self, translation: Translation, terms_of: TermsOf) -> Translation:
        """The same for recorded payloads, where changed terms apply from the beginning."""
        messages = self.added_to(translation.messages, terms_of, lambda: DEFINED_AT)
        return (
            replace(translation, messages=messages)
            if len(messages) > len(translation.messages)
            else translation
        )

    def _definition(
        self, message: Message, instrument: str, terms: Terms | None, now: Now
    ) -> list[Message]:
        before = self._known.get((message.account, instrument))
        if terms is None or terms == before:
            return []
        self._known[message.account, instrument] = terms
        known = before or Terms()
        changed = {
            name: value
            for name in TERMS
            if (value := getattr(terms, name)) not in (None, getattr(known, name))
        }
        if not changed:
            return []
        at = DEFINED_AT if before is None else now()
        return [
            Instrument(
                account=message.account,
                instrument=instrument,
                source=message.source,
                at=at,
                **changed,
            )
        ]


def _traded(message: Message) -> str | None:
    """The instrument of a fill, or of a position. None for the balance of a currency, which has
    no price.
    """
    is_position = isinstance(message, Balance) and message.average_price is not None
    return message.instrument if is_position or isinstance(message, (Fill, FillCorrected)) else None  # type: ignore[attr-defined]
