"""What an instrument is."""

from dataclasses import dataclass
from fractions import Fraction

from tests.auditing.facts import Message, number


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
