"""orderledger: an event-sourced ledger of every request, acknowledgement, fill and cancel of an
order.

Importing the package imports none of its modules: each public name is imported at its first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orderledger import interop as interop
    from orderledger.audit.rows import *  # noqa: F403
    from orderledger.domain.values import *  # noqa: F403
    from orderledger.gateway.gateway import *  # noqa: F403
    from orderledger.gateway.limits import *  # noqa: F403
    from orderledger.infrastructure.errors import *  # noqa: F403
    from orderledger.infrastructure.messages.accounts import *  # noqa: F403
    from orderledger.infrastructure.messages.base import *  # noqa: F403
    from orderledger.infrastructure.messages.commands import *  # noqa: F403
    from orderledger.infrastructure.messages.outcome import *  # noqa: F403
    from orderledger.infrastructure.messages.parsing import *  # noqa: F403
    from orderledger.infrastructure.messages.reports import *  # noqa: F403
    from orderledger.ledger import *  # noqa: F403
    from orderledger.projections.rows import *  # noqa: F403
    from orderledger.venues.base.order_entry import *  # noqa: F403

__version__ = "0.1.0"

HOMES: dict[str, tuple[str, ...]] = {
    "orderledger.ledger": ("Ledger",),
    "orderledger.domain.values": (
        "Anomaly",
        "Certainty",
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
    ),
    "orderledger.infrastructure.errors": (
        "AmbiguousOrder",
        "ArchiveError",
        "DamagedRow",
        "Fenced",
        "ForkedLedger",
        "InvalidMessage",
        "InvalidQuery",
        "InvalidSetting",
        "LedgerError",
        "NotProved",
        "NotSent",
        "OutcomeUnknown",
        "RelayError",
        "StoreError",
        "StoreUnreachable",
        "StoreVersion",
        "Unanswered",
        "UnknownOrder",
        "UnknownScope",
        "UnreadableEvent",
        "VenueError",
        "VenueRefused",
        "VenueUnavailable",
    ),
    "orderledger.infrastructure.messages.base": (
        "LinksTo",
        "Message",
        "ReportedClaims",
    ),
    "orderledger.infrastructure.messages.commands": (
        "Approve",
        "Decline",
        "Deny",
        "Propose",
        "Request",
        "RequestCancel",
        "RequestReplace",
        "Submit",
        "Unresolved",
    ),
    "orderledger.infrastructure.messages.reports": (
        "Absent",
        "Acknowledge",
        "BustFill",
        "Cancel",
        "CorrectFill",
        "DoneForDay",
        "Expire",
        "Fill",
        "Reinstate",
        "Reject",
        "RejectCancel",
        "RejectReplace",
        "Replace",
        "Restate",
        "Resume",
        "Status",
        "Stop",
        "Suspend",
        "Trigger",
    ),
    "orderledger.infrastructure.messages.accounts": (
        "Adjust",
        "Balance",
        "Certify",
        "Funding",
        "Gap",
        "Halt",
        "Instrument",
        "Mark",
        "OpenBreak",
        "ResumeTrading",
        "Sender",
    ),
    "orderledger.infrastructure.messages.outcome": ("Outcome",),
    "orderledger.infrastructure.messages.parsing": (
        "parse_document",
        "parse_line",
    ),
    "orderledger.projections.rows": (
        "AccountEventRow",
        "AnomalyRow",
        "CertificateRow",
        "DoubtRow",
        "EquityPointRow",
        "EventRow",
        "ExposureOrder",
        "ExposureRow",
        "FillPnlRow",
        "HaltRow",
        "InstrumentRow",
        "LatencyRow",
        "LatencyStep",
        "MarkRow",
        "OrderRow",
        "PnlGroupRow",
        "PnlRow",
        "PositionRow",
        "ProposalRow",
        "ReconciledOrderRow",
        "ReconciliationRow",
        "Recovery",
        "RowList",
        "TradeRow",
    ),
    "orderledger.audit.rows": (
        "AuditRow",
        "CauseRow",
        "Explanation",
        "Independence",
        "OrderRecord",
        "PartRow",
        "RestatedRow",
        "StepRow",
        "WhatIfRow",
        "Why",
    ),
    "orderledger.venues.base.order_entry": (
        "EntryAbilities",
        "OrderEntry",
        "Sent",
    ),
    "orderledger.gateway.limits": ("Limits",),
    "orderledger.gateway.gateway": (
        "Gateway",
        "GatewaySettings",
        "Sending",
        "SendingState",
    ),
}
"""The public names, by the module that declares them. A test compares them with each `__all__`."""

MODULES = ("interop",)
"""Public modules, under their own names."""

_HOME_OF = {name: module for module, names in HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return [*_HOME_OF, *MODULES]
    if name in MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(_HOME_OF[name]), name)
    return globals()[name]


def __dir__() -> list[str]:
    """The public names, for tab completion."""
    return sorted([*__getattr__("__all__"), *(name for name in globals() if name.startswith("__"))])
