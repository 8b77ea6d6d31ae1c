"""The working orders of a `Book`, found by stream, by instrument, and by an unknown outcome."""

from collections.abc import Callable, Iterator, Sequence

from orderledger.extend.values import exposure

Instrument = tuple[str, str]
"""Account and instrument."""


class WorkingOrders:
    """The possible fills of each open order, by the stream of the order."""

    def __init__(self) -> None:
        self._scopes: dict[str, tuple[Instrument, ...]] = {}
        self._by_scope: dict[Instrument, dict[tuple[str, int], exposure.Working]] = {}
        self._unresolved: dict[str, str] = {}

    def __contains__(self, stream: str) -> bool:
        return stream in self._scopes

    def __iter__(self) -> Iterator[str]:
        return iter(self._scopes)

    def put(self, stream: str, parts: Sequence[tuple[Instrument, exposure.Working]]) -> None:
        """Add an order, or update what it may do: in one instrument, or in those of its legs."""
        scopes = tuple(scope for scope, _ in parts)
        if self._scopes.get(stream, scopes) != scopes:
            self.discard(stream)
        self._scopes[stream] = scopes
        for number, (scope, working) in enumerate(parts):
            self._by_scope.setdefault(scope, {})[stream, number] = working
            if working.is_unresolved:
                self._unresolved[stream] = working.name
            else:
                self._unresolved.pop(stream, None)

    def discard(self, stream: str) -> bool:
        """Forget an order. Returns whether it was there."""
        scopes = self._scopes.pop(stream, None)
        if scopes is None:
            return False
        for number, scope in enumerate(scopes):
            del self._by_scope[scope][stream, number]
        self._unresolved.pop(stream, None)
        return True

    def clear(self) -> None:
        self._scopes.clear()
        self._by_scope.clear()
        self._unresolved.clear()

    def items(self) -> Iterator[tuple[Instrument, exposure.Working]]:
        """Every order, with its account and instrument; a combination once for each leg."""
        return (
            (scope, working)
            for scope, orders in self._by_scope.items()
            for working in orders.values()
        )

    def streams(self, is_wanted: Callable[[Instrument, exposure.Working], bool]) -> set[str]:
        """The orders of which any part is wanted. A combination is one order."""
        return {
            stream
            for scope, orders in self._by_scope.items()
            for (stream, _), working in orders.items()
            if is_wanted(scope, working)
        }

    def of(self, scope: Instrument) -> Iterator[exposure.Working]:
        """The orders of one instrument."""
        return iter(self._by_scope.get(scope, {}).values())

    def unresolved(self, account: str, instrument: str | None) -> str | None:
        """The name of an order with an unknown outcome: of the instrument, or of the whole
        account."""
        for stream, name in self._unresolved.items():
            for of_account, of_instrument in self._scopes[stream]:
                if of_account == account and instrument in (None, of_instrument):
                    return name
        return None
