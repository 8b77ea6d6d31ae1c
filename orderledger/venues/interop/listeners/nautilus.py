"""NautilusTrader: a listener on the message bus."""

from collections.abc import Mapping
from typing import Any

from orderledger import InvalidMessage, Ledger, Message
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
    ) -> None:
        super().__init__(
            ledger, account if isinstance(account, str) else ", ".join(account.values())
        )
        self._accounts, self._instruments = account, instruments

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
        return from_nautilus(event, account=account, instruments=self._instruments)


def listen_to_nautilus(
    msgbus: Any,
    ledger: Ledger | str,
    *,
    account: str | Mapping[str, str],
    instruments: Mapping[str, str] | None = None,
) -> NautilusListener:
    """Record all order events of a NautilusTrader node or backtest. Call it in the `on_start` of an
    actor or a strategy, with its `msgbus`.

    - `ledger`: a ledger, or the path or URL of one.
    - `account`: the ledger's account, or accounts by Nautilus' venue (`BINANCE`).
    - `instruments`: the ledger's names of instruments, by Nautilus' (`BTCUSDT-PERP.BINANCE`), if
      they differ.

    Nautilus publishes the request before it sends the order, and waits for the handler: the request
    is durable by then.
    """
    opened = Ledger.open(ledger) if isinstance(ledger, str) else ledger
    listener = NautilusListener(opened, account, instruments)
    msgbus.subscribe(TOPIC, listener.on_order_event, priority=FIRST)
    return listener
