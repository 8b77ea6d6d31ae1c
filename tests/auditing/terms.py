"""What an instrument is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
    rivals: frozenset[str] = frozenset()
    """The currencies and coins of other instruments that a rename put together with this one."""

    @property
    def pair(self) -> tuple[str, str] | None:
        """Base and quote of a spot instrument."""
        return (self.base, self.currency) if self.base and self.currency else None

    def contradicts(self, side: str) -> bool:
        """Whether it cannot be: only margined instruments are inverse, or have a long and a short
        position; and at spot a coin is named."""
        if self.rivals:
            return True
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

    def beside(self, others: Iterable["Terms"]) -> "Terms":
        """The same, with those that other names of the instrument have."""
        stated = [one for one in others if one.has_kind or one.currency]
        sets = (
            {one.kind for one in stated if one.has_kind},
            {one.currency for one in stated} - {None},
            {one.base for one in stated} - {None},
        )
        is_same = all(len(found) < 2 for found in sets)
        return self if is_same else replace(self, rivals=frozenset(map(str, sets[1] | sets[2])))
