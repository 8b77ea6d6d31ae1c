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
    has_kind: bool = True

    @property
    def pair(self) -> tuple[str, str] | None:
        """Base and quote of a spot instrument."""
        return (self.base, self.currency) if self.base and self.currency else None

    def contradicts(self, side: str) -> bool:
        """Whether it cannot be: only margined instruments are inverse, or have a long and a short
        position; and at spot a coin is named."""
        if not self.has_kind or self.kind == "margined":
            return False
        return self.is_inverse or side != "net" or (self.kind == "spot" and not self.base)

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
            any(definition.get(name) for name in ("kind", "settlement", "base", "quote")),
        )
