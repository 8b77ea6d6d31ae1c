"""The gateway: sends orders safely, survives restarts, keeps within limits."""

from typing import TYPE_CHECKING

from orderledger.lazy import lazy

if TYPE_CHECKING:
    from orderledger.gateway.connecting import Desk as Desk
    from orderledger.gateway.connecting import connect as connect
    from orderledger.gateway.gateway import Gateway as Gateway
    from orderledger.gateway.limits import Limits as Limits
    from orderledger.gateway.results import Held as Held
    from orderledger.gateway.results import Sending as Sending
    from orderledger.gateway.results import SendingState as SendingState
    from orderledger.gateway.settings import (
        Breaker as Breaker,
    )
    from orderledger.gateway.settings import (
        DeadMansSwitch as DeadMansSwitch,
    )
    from orderledger.gateway.settings import (
        GatewaySettings as GatewaySettings,
    )
    from orderledger.gateway.settings import (
        read_settings as read_settings,
    )

HOMES: dict[str, tuple[str, ...]] = {
    "orderledger.gateway.connecting": (
        "Desk",
        "connect",
    ),
    "orderledger.gateway.gateway": ("Gateway",),
    "orderledger.gateway.limits": ("Limits",),
    "orderledger.gateway.results": (
        "Held",
        "Sending",
        "SendingState",
    ),
    "orderledger.gateway.settings": (
        "Breaker",
        "DeadMansSwitch",
        "GatewaySettings",
        "read_settings",
    ),
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, HOMES)
