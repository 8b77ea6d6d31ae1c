"""Cancel-all and the dead man's switch of a simulated Kraken (spot).

Sources: docs.kraken.com, "Cancel All Orders": the answer counts the canceled orders. "Cancel All
Orders After X": a timer in whole seconds that each request restarts, and 0 switches off; at its end
all orders of the client are canceled, and the timer stays off. `triggerTime` is "0" while it is
off.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from orderledger.simulation.market import ExchangeSimulator
from orderledger.simulation.servers.countdowns import Countdowns

EVERYTHING = ""
Handler = Callable[[Mapping[str, str]], Any]


def countdowns(exchange: ExchangeSimulator, account: str) -> Countdowns:
    """The timer of an account."""
    return Countdowns(lambda name: cancel_everything(exchange, account))


def handlers(
    exchange: ExchangeSimulator, account: str, timers: Countdowns
) -> Mapping[str, Handler]:
    """The handlers of both requests, by their names."""

    def cancel_all(asked: Mapping[str, str]) -> Any:
        return {"count": cancel_everything(exchange, account)}

    def cancel_after(asked: Mapping[str, str]) -> Any:
        seconds, now = int(asked["timeout"]), exchange.clock.now()
        timers.start(EVERYTHING, seconds)
        ends_at = written(now + timedelta(seconds=seconds)) if seconds else "0"
        return {"currentTime": written(now), "triggerTime": ends_at}

    return {"CancelAll": cancel_all, "CancelAllOrdersAfter": cancel_after}


def cancel_everything(
    exchange: ExchangeSimulator, account: str, instrument: str | None = None
) -> int:
    """Cancel the open orders of an account, or of one instrument. Returns how many were
    canceled."""
    orders = [
        order for order in exchange.open_orders(account) if instrument in (None, order.instrument)
    ]
    for order in orders:
        exchange.request_cancel(account, order_id=order.order_id)
    return len(orders)


def written(at: datetime) -> str:
    """A time in whole seconds."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
