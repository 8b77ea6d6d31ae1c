"""orderledger: an event-sourced ledger of every request, acknowledgement, fill and cancel of an
order.

Importing the package imports none of its modules: each public name is imported at its first use.
"""

from typing import TYPE_CHECKING

from orderledger.lazy import lazy

if TYPE_CHECKING:
    from orderledger.async_ledger import *  # noqa: F403
    from orderledger.domain.values import *  # noqa: F403
    from orderledger.gateway.connecting import *  # noqa: F403
    from orderledger.gateway.gateway import *  # noqa: F403
    from orderledger.infrastructure.errors import *  # noqa: F403
    from orderledger.infrastructure.messages.base import *  # noqa: F403
    from orderledger.infrastructure.messages.kinds import *  # noqa: F403
    from orderledger.infrastructure.messages.outcome import *  # noqa: F403
    from orderledger.infrastructure.messages.parsing import *  # noqa: F403
    from orderledger.ledger import *  # noqa: F403

__version__ = "0.1.0"

HOMES: dict[str, tuple[str, ...]] = {
    "orderledger.ledger": ("Ledger",),
    "orderledger.async_ledger": ("AsyncLedger",),
    "orderledger.domain.values": (
        "Anomaly",
        "BalanceState",
        "Certainty",
        "FeeKind",
        "HaltEnd",
        "HaltMode",
        "InstrumentKind",
        "LinkKind",
        "Liquidity",
        "OrderStatus",
        "OrderType",
        "Origin",
        "Pending",
        "PositionMode",
        "PositionSide",
        "Role",
        "Side",
        "Source",
        "TimeInForce",
        "TrailOffsetType",
        "TransferKind",
        "TriggerSource",
    ),
    "orderledger.infrastructure.errors": (
        "AmbiguousOrder",
        "DamagedRow",
        "Fenced",
        "ForkedLedger",
        "InvalidMessage",
        "InvalidQuery",
        "InvalidSetting",
        "LedgerError",
        "LogWentBack",
        "OutcomeUnknown",
        "StoreError",
        "StoreUnreachable",
        "StoreVersion",
        "UnknownOrder",
        "UnknownScope",
        "UnreadableEvent",
    ),
    "orderledger.infrastructure.messages.base": ("Message",),
    "orderledger.infrastructure.messages.outcome": ("Outcome",),
    "orderledger.infrastructure.messages.parsing": (
        "parse_document",
        "parse_line",
    ),
    "orderledger.gateway.gateway": ("Gateway",),
    "orderledger.gateway.connecting": (
        "Desk",
        "connect",
    ),
}
"""The public names, by the module that declares them. A test compares them with each `__all__`."""

MESSAGES = "orderledger.infrastructure.messages.kinds"
"""The module of the message classes, which are derived from the events that declare them."""

if not TYPE_CHECKING:  # a checker then reports a name that does not exist
    __getattr__, __dir__ = lazy(__name__, HOMES, rest=MESSAGES)
