"""The working orders of a `Book`, found by stream, by instrument, and by an unknown outcome."""

from collections.abc import Iterator

from orderledger.extend.values import exposure

Instrument = tuple[str, str]
"""Account and instrument."""


class WorkingOrders:
    """The possible fills of each open order, by the stream of the order."""

    def __init__(self) -> None:
        self._scopes: dict[str, Instrument] = {}
        self._by_scope: dict[Instrument, dict[str, exposure.Working]] = {}
        self._unresolved: dict[str, str] = {}

    def __contains__(self, stream: str) -> bool:
        return stream in self._scopes

    def __iter__(self) -> Iterator[str]:
        return iter(self._scopes)

    def put(self, stream: str, scope: Instrument, working: exposure.Working) -> None:
        """Add an order, or update what it may do."""
        if self._scopes.get(stream, scope) != scope:
            self.discard(stream)
        self._scopes[stream] = scope
        self._by_scope.setdefault(scope, {})[stream] = working
        if working.is_unresolved:
            self._unresolved[stream] = working.name
        else:
            self._unresolved.pop(stream, None)

    def discard(self, stream: str) -> bool:
        """Forget an order. Returns whether it was there."""
        scope = self._scopes.pop(stream, None)
        if scope is None:
            return False
        del self._by_scope[scope][stream]
        self._unresolved.pop(stream, None)
        return True

    def clear(self) -> None:
        self._scopes.clear()
        self._by_scope.clear()
        self._unresolved.clear()

    def items(self) -> Iterator[tuple[Instrument, exposure.Working]]:
        """Every order, with its account and instrument."""
        return (
            (scope, working)
            for scope, orders in self._by_scope.items()
            for working in orders.values()
        )

    def of(self, scope: Instrument) -> Iterator[exposure.Working]:
        """The orders of one instrument."""
        return iter(self._by_scope.get(scope, {}).values())

    def unresolved(self, account: str, instrument: str | None) -> str | None:
        """The name of an order with an unknown outcome: of the instrument, or of the whole
        account."""
        for stream, name in self._unresolved.items():
            of_account, of_instrument = self._scopes[stream]
            if of_account == account and instrument in (None, of_instrument):
                return name
        return None
