"""The events of the log, as leaves read them: their classes, the envelope `Recorded`, the state of
an order, and the codec of stored events."""

from orderledger.domain.accounts import (
    EVERY_ACCOUNT,
    AccountEvent,
    BalanceReported,
    FundingRecorded,
    GapRecorded,
    InstrumentDefined,
    MarkRecorded,
    PositionAdjusted,
    ReconciliationCertified,
    SenderChanged,
    TradingHalted,
    TradingResumed,
)
from orderledger.domain.orders.commands import (
    REQUESTED_TERMS,
    CancelRequested,
    OrderRequested,
    OrderSubmitted,
    ReplaceRequested,
)
from orderledger.domain.orders.ends import CONCLUDED_ABSENT
from orderledger.domain.orders.events import (
    Event,
    OrderCommand,
    OrderEvent,
    OrderJudgement,
    OrderReport,
)
from orderledger.domain.orders.fill import Effective, Numbers
from orderledger.domain.orders.fills import Fills
from orderledger.domain.orders.identity import NameKind
from orderledger.domain.orders.judgements import (
    AnomalyCleared,
    AnomalyDetected,
    EvidenceForgotten,
    OrderAttributed,
)
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.record import evolve
from orderledger.domain.orders.reports import (
    OBSERVED_ENDS,
    FillBusted,
    FillCorrected,
    FillRecorded,
    OrderAbsent,
    OrderAcknowledged,
    OrderCanceled,
    OrderDoneForDay,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderRestated,
    OrderResumed,
    OrderStopped,
    OrderSuspended,
    OrderTriggered,
)
from orderledger.domain.proposals import ProposalEvent
from orderledger.domain.recorded import Recorded
from orderledger.domain.wording import SOURCES as SOURCE_WORDS
from orderledger.domain.wording import listed, moment, order_name, span, word
from orderledger.infrastructure.storage.codec import UPCASTS, decode, encode

__all__ = [
    "CONCLUDED_ABSENT",
    "EVERY_ACCOUNT",
    "OBSERVED_ENDS",
    "REQUESTED_TERMS",
    "SOURCE_WORDS",
    "UPCASTS",
    "AccountEvent",
    "AnomalyCleared",
    "AnomalyDetected",
    "BalanceReported",
    "CancelRequested",
    "Effective",
    "Event",
    "EvidenceForgotten",
    "FillBusted",
    "FillCorrected",
    "FillRecorded",
    "Fills",
    "FundingRecorded",
    "GapRecorded",
    "InstrumentDefined",
    "MarkRecorded",
    "NameKind",
    "Numbers",
    "Order",
    "OrderAbsent",
    "OrderAcknowledged",
    "OrderAttributed",
    "OrderCanceled",
    "OrderCommand",
    "OrderDoneForDay",
    "OrderEvent",
    "OrderExpired",
    "OrderJudgement",
    "OrderRejected",
    "OrderReplaced",
    "OrderReport",
    "OrderRequested",
    "OrderRestated",
    "OrderResumed",
    "OrderStopped",
    "OrderSubmitted",
    "OrderSuspended",
    "OrderTriggered",
    "PositionAdjusted",
    "ProposalEvent",
    "ReconciliationCertified",
    "Recorded",
    "ReplaceRequested",
    "SenderChanged",
    "TradingHalted",
    "TradingResumed",
    "decode",
    "encode",
    "evolve",
    "listed",
    "moment",
    "order_name",
    "span",
    "word",
]
