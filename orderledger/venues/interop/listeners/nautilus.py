"""NautilusTrader: a listener on the message bus."""

from collections.abc import Iterator, Mapping
from typing import Any

from orderledger import InvalidMessage, Ledger, Message, Restated
from orderledger.venues.interop.listeners.recording import Listening
from orderledger.venues.interop.nautilus import from_nautilus

TOPIC = "events.order.*"
FIRST = 1_000
"""Priority of the handler: an event is recorded before a strategy reacts to it."""


class NautilusListener(Listening):
    """Records the order events of a message bus. See `listen_to_nautilus`."""

    def __init__(
        self,
        ledger: Ledger,
        account: str | Mapping[str, str],
        instruments: Mapping[str, str] | None,
        cache: Any = None,
    ) -> None:
        super().__init__(
            ledger, account if isinstance(account, str) else ", ".join(account.values())
        )
        self._accounts, self._instruments, self._cache = account, instruments, cache

    def on_order_event(self, event: Any) -> None:
        """The handler of the topic."""
        self.record(lambda: self._messages(event))

    def _messages(self, event: Any) -> list[Message]:
        account = self._accounts
        if not isinstance(account, str):
            venue = str(event.instrument_id).rpartition(".")[2]
            if venue not in account:
                raise InvalidMessage("account", f"no account is given for {venue}")
            account = account[venue]
        messages = from_nautilus(event, account=account, instruments=self._instruments)
        return [*messages, *self._restated(event, messages)]

    def _restated(self, event: Any, messages: list[Message]) -> Iterator[Message]:
        """The quantity into which Nautilus has converted a quantity of quote currency, at the first
        fill. No event states it."""
        if self._cache is None or type(event).__name__ != "OrderFilled":
            return
        order = self._cache.order(event.client_order_id)
        if order is not None and order.init_event.quote_quantity and not order.is_quote_quantity:
            (fill,) = messages
            names = ("account", "client_order_id", "venue_order_id", "at", "source")
            yield Restated(
                **{name: getattr(fill, name) for name in names},
                quantity=str(order.quantity),
                reason="base_quantity",
                evidence=fill.evidence,
            )


def listen_to_nautilus(
    msgbus: Any,
    ledger: Ledger | str,
    *,
    account: str | Mapping[str, str],
    instruments: Mapping[str, str] | None = None,
    cache: Any = None,
) -> NautilusListener:
    """Record all order events of a NautilusTrader node or backtest. Call it in the `on_start` of an
    actor or a strategy, with its `msgbus`.

    - `ledger`: a ledger, or the path or URL of one.
    - `account`: the ledger's account, or accounts by Nautilus' venue (`BINANCE`).
    - `instruments`: the ledger's names of instruments, by Nautilus' (`BTCUSDT-PERP.BINANCE`), if
      they differ.
    - `cache`: the `cache` of the actor or strategy. It has the quantity of an order that was placed
      for an amount of quote currency; without it, such an order stays open after its last fill.

    Nautilus publishes the request before it sends the order, and waits for the handler: the request
    is durable by then.
    """
    opened = Ledger.open(ledger) if isinstance(ledger, str) else ledger
    listener = NautilusListener(opened, account, instruments, cache)
    msgbus.subscribe(TOPIC, listener.on_order_event, priority=FIRST)
    return listener
