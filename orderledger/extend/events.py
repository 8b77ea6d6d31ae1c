"""The events of the log, as leaves read them: their classes, the envelope `Recorded`, the state of
an order, and the codec of stored events."""

from orderledger.domain import accounts
from orderledger.domain.orders import commands, judgements, reports
from orderledger.domain.orders import events as order_events
from orderledger.domain.orders.ends import CONCLUDED_ABSENT
from orderledger.domain.orders.fill import Effective
from orderledger.domain.orders.fills import Fills
from orderledger.domain.orders.identity import NameKind
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.record import evolve
from orderledger.domain.proposals import ProposalEvent
from orderledger.domain.recorded import Recorded
from orderledger.domain.wording import listed, moment, order_name, word
from orderledger.infrastructure.storage import codec

__all__ = [
    "CONCLUDED_ABSENT",
    "Effective",
    "Fills",
    "NameKind",
    "Order",
    "ProposalEvent",
    "Recorded",
    "accounts",
    "codec",
    "commands",
    "evolve",
    "judgements",
    "listed",
    "moment",
    "order_events",
    "order_name",
    "reports",
    "word",
]
