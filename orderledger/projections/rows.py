"""The classes of rows that queries return, for programs that are type-checked. At run time a row is
a dictionary."""

from orderledger.projections.account_events import AccountEventRow
from orderledger.projections.agreement import ReconciledOrderRow, ReconciliationRow
from orderledger.projections.anomalies import AnomalyRow
from orderledger.projections.audit_rows import (
    AuditRow,
    CauseRow,
    Explanation,
    Independence,
    OrderRecord,
    PartRow,
    RestatedRow,
    StepRow,
    WhatIfRow,
    Why,
)
from orderledger.projections.certificates import CertificateRow
from orderledger.projections.equity import EquityPointRow
from orderledger.projections.exposure import ExposureOrder, ExposureRow
from orderledger.projections.halts import HaltRow
from orderledger.projections.history import EventRow
from orderledger.projections.instruments import InstrumentRow
from orderledger.projections.latency import LatencyRow, LatencyStep
from orderledger.projections.marks import MarkRow
from orderledger.projections.orders import OrderRow
from orderledger.projections.pnl import PnlGroupRow, PnlRow, PositionRow
from orderledger.projections.pnl_of_fills import FillPnlRow
from orderledger.projections.proposals import ProposalRow
from orderledger.projections.recovery import DoubtRow, Recovery
from orderledger.projections.trades import TradeRow
from orderledger.projections.view import RowList

__all__ = [
    "AccountEventRow",
    "AnomalyRow",
    "AuditRow",
    "CauseRow",
    "CertificateRow",
    "DoubtRow",
    "EquityPointRow",
    "EventRow",
    "Explanation",
    "ExposureOrder",
    "ExposureRow",
    "FillPnlRow",
    "HaltRow",
    "Independence",
    "InstrumentRow",
    "LatencyRow",
    "LatencyStep",
    "MarkRow",
    "OrderRecord",
    "OrderRow",
    "PartRow",
    "PnlGroupRow",
    "PnlRow",
    "PositionRow",
    "ProposalRow",
    "ReconciledOrderRow",
    "ReconciliationRow",
    "Recovery",
    "RestatedRow",
    "RowList",
    "StepRow",
    "TradeRow",
    "WhatIfRow",
    "Why",
]
