"""Hummingbot: a listener on a connector's events and on its order tracker."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import wraps
from importlib import import_module
from typing import Any

from orderledger import Ledger
from orderledger.venues.interop.hummingbot import from_hummingbot
from orderledger.venues.interop.listeners.recording import Listening

EVENTS = (
    "BuyOrderCreated",
    "SellOrderCreated",
    "OrderFilled",
    "OrderCancelled",
    "OrderExpired",
    "OrderFailure",
    "BuyOrderCompleted",
    "SellOrderCompleted",
    "FundingPaymentCompleted",
)
"""Members of Hummingbot's `MarketEvent` that are about orders, fills and funding."""


class HummingbotListener(Listening):
    """Records the orders of one connector. See `listen_to_hummingbot`."""

    def __init__(
        self,
        ledger: Ledger,
        account: str,
        connector: Any,
        strategy: str | None,
        instruments: Mapping[str, str] | None,
    ) -> None:
        super().__init__(ledger, account)
        self._connector, self._strategy, self._instruments = connector, strategy, instruments
        self._forwarder = import_module("hummingbot.core.event.event_forwarder").EventForwarder(
            self.on_object
        )

    def attach(self) -> None:
        """Add the listener to the connector's events, and record each order when Hummingbot starts
        to track it: that is before it is sent."""
        tags = import_module("hummingbot.core.event.events").MarketEvent
        for name in EVENTS:
            self._connector.add_listener(tags[name], self._forwarder)
        tracker = getattr(self._connector, "_order_tracker", None)
        if tracker is None:
            return
        start = tracker.start_tracking_order

        @wraps(start)
        def start_tracking_order(order: Any) -> None:
            self.on_object(order)
            start(order)

        tracker.start_tracking_order = start_tracking_order
        for order in tracker.all_updatable_orders.values():
            self.on_object(order)

    def on_object(self, reported: Any) -> None:
        """Record an event, or an order of the tracker. The time of receipt is used if it has
        none: a connector's clock is NaN until its first tick."""
        mode = getattr(self._connector, "position_mode", None)
        self.record(
            lambda: from_hummingbot(
                reported,
                account=self.account,
                at=datetime.now(UTC),
                strategy=self._strategy,
                instruments=self._instruments,
                is_hedged=getattr(mode, "name", None) == "HEDGE",
            )
        )


def listen_to_hummingbot(
    connector: Any,
    ledger: Ledger | str,
    *,
    account: str,
    strategy: str | None = None,
    instruments: Mapping[str, str] | None = None,
) -> HummingbotListener:
    """Record the orders of a Hummingbot connector. Call it in the `__init__` of a script, for each
    of its connectors.

    Keep the returned listener: Hummingbot refers to it weakly.

    - `ledger`: a ledger, or the path or URL of one.
    - `strategy`: name for the requests.
    - `instruments`: the ledger's names of instruments, by trading pair (`BTC-USDT`), if they
      differ.

    The request and its submission are recorded when the connector starts to track the order, before
    it is sent. A connector without an order tracker (paper trade) reports an order only once it is
    created. Orders that Hummingbot restored are recorded at once.
    """
    opened = Ledger.open(ledger) if isinstance(ledger, str) else ledger
    listener = HummingbotListener(opened, account, connector, strategy, instruments)
    listener.attach()
    return listener
