"""Rates between currencies: paths of at most three steps over the marks of spot instruments, in
both directions, and over parities that were declared.

The shortest path counts. Among equals, parities count before marks at each step, in the order in
which they were declared, then the alphabet of the instruments. A mark serves for a limited time.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from orderledger.domain.exact import EXACT, ONE, QUOTIENT, ZERO
from orderledger.domain.values import InstrumentKind
from orderledger.projections.instruments import InstrumentRow

MARK_SERVES = timedelta(hours=24)
"""How long a mark is a rate, the last instant included."""

MOST_STEPS = 3


class RateRules(NamedTuple):
    """Settings of rates. `parities`: pairs of currencies of which one unit is worth one unit of the
    other, in their declared order. `serves`: how long a mark is a rate."""

    parities: tuple[tuple[str, str], ...] = ()
    serves: timedelta = MARK_SERVES

    def with_parities(self, parities: Iterable[tuple[str, str]]) -> "RateRules":
        """These rules with the parities of a question, which come after those of the settings."""
        return self._replace(parities=(*self.parities, *parities))


USUAL = RateRules()


class Edge(NamedTuple):
    """One step from a currency to another: by the mark of an instrument, or by a parity."""

    to: str
    instrument: str
    is_inverse: bool = False
    parity: int = -1


class Path(NamedTuple):
    """A rate, and the steps that it follows from: `instrument`, `use` (direct or inverse), `price`
    and `at` of its mark, or `parity`."""

    rate: Decimal
    steps: list[dict[str, Any]]


class Rates:
    """The rates of one account, from the marks that it was given so far.

    `parities`: pairs of currencies of which one unit is worth one unit of the other.
    """

    def __init__(
        self,
        instruments: Iterable[InstrumentRow],
        parities: Iterable[tuple[str, str]] = (),
        serves: timedelta = MARK_SERVES,
    ) -> None:
        self._serves = serves
        self._marks: dict[str, tuple[Decimal, datetime]] = {}
        self._edges: dict[str, dict[str, list[Edge]]] = {}
        self.instruments: set[str] = set()
        for row in instruments:
            base, quote = row["base"], row["quote"]
            if row["kind"] == InstrumentKind.SPOT and base and quote:
                self.instruments.add(row["instrument"])
                self._join(base, Edge(quote, row["instrument"]))
                self._join(quote, Edge(base, row["instrument"], is_inverse=True))
        for number, (one, other) in enumerate(parities):
            self._join(one, Edge(other, f"{one}={other}", parity=number))
            self._join(other, Edge(one, f"{one}={other}", parity=number))

    def mark(self, instrument: str, price: Decimal, at: datetime) -> None:
        """A mark, the latest of its instrument so far."""
        if instrument in self.instruments:
            self._marks[instrument] = price, at

    def unmark(self, instrument: str) -> None:
        """The instrument was split: its mark was of another unit."""
        self._marks.pop(instrument, None)

    def path(self, name: str, currency: str, at: datetime) -> Path | None:
        """The rate of one unit of a currency in another, by the marks that serve at this time."""
        if name == currency:
            return Path(ONE, [])
        for steps in range(1, MOST_STEPS + 1):
            found = [one for one in self._paths(name, currency, steps, at) if one]
            if found:
                return self._along(min(found, key=_order))
        return None

    def _join(self, name: str, edge: Edge) -> None:
        self._edges.setdefault(name, {}).setdefault(edge.to, []).append(edge)

    def _paths(self, name: str, currency: str, steps: int, at: datetime) -> Iterator[list[Edge]]:
        """All paths with exactly so many steps."""
        ways = self._edges.get(name, {})
        if steps == 1:
            yield from ([edge] for edge in ways.get(currency, ()) if self._serves_at(edge, at))
            return
        for to, edges in ways.items():
            rests = [] if to == currency else list(self._paths(to, currency, steps - 1, at))
            for edge in edges if rests else ():
                if self._serves_at(edge, at):
                    yield from ([edge, *rest] for rest in rests)

    def _serves_at(self, edge: Edge, at: datetime) -> bool:
        if edge.parity >= 0:
            return True
        price, marked_at = self._marks.get(edge.instrument, (ZERO, at))
        return price > ZERO and timedelta(0) <= at - marked_at <= self._serves

    def _along(self, path: list[Edge]) -> Path:
        above, below, steps = ONE, ONE, list[dict[str, Any]]()
        for edge in path:
            if edge.parity >= 0:
                steps.append({"parity": edge.instrument, "use": "parity"})
                continue
            price, at = self._marks[edge.instrument]
            above, below = (
                (above, EXACT.multiply(below, price))
                if edge.is_inverse
                else (EXACT.multiply(above, price), below)
            )
            use = "inverse" if edge.is_inverse else "direct"
            steps.append({"instrument": edge.instrument, "use": use, "price": price, "at": at})
        return Path(above if below == ONE else QUOTIENT.divide(above, below), steps)


def _order(path: list[Edge]) -> tuple[Any, ...]:
    return tuple(
        (0, edge.parity, "") if edge.parity >= 0 else (1, 0, edge.instrument) for edge in path
    )


def pair_of(parity: str) -> tuple[str, str]:
    """The two currencies of a parity such as USDT=USD. Raises ValueError for another text."""
    one, sign, other = (part.strip() for part in parity.partition("="))
    if not (one and sign and other) or "=" in other:
        raise ValueError(f"{parity!r:.100} is not a pair of currencies such as USDT=USD")
    return one, other


def no_rate(name: str, currency: str) -> str:
    """Why an amount cannot be converted."""
    return f"no_rate:{name}->{currency}"
