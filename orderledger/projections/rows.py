"""The classes of rows that queries return, for programs that are type-checked. At run time a row is
a dictionary."""

from orderledger.projections.account_events import AccountEventRow
from orderledger.projections.agreement import ReconciledOrderRow, ReconciliationRow
from orderledger.projections.anomalies import AnomalyRow
from orderledger.projections.balances import BalanceRow
from orderledger.projections.certificates import CertificateRow
from orderledger.projections.disposals import DisposalRow
from orderledger.projections.equity_points import EquityPointRow
from orderledger.projections.exposure import ExposureOrder, ExposureRow
from orderledger.projections.halts import HaltRow
from orderledger.projections.history import EventRow
from orderledger.projections.instruments import InstrumentRow
from orderledger.projections.latency import LatencyRow, LatencyStep
from orderledger.projections.marks import MarkRow
from orderledger.projections.open_lots import LotRow
from orderledger.projections.orders import OrderRow
from orderledger.projections.pnl import PnlGroupRow, PnlRow, PositionRow
from orderledger.projections.pnl_of_fills import FillPnlRow
from orderledger.projections.proposals import ProposalRow
from orderledger.projections.recovery import DoubtRow, Recovery
from orderledger.projections.trades import TradeRow
from orderledger.projections.valuation import ValuationRow
from orderledger.projections.view import RowList

__all__ = [
    "AccountEventRow",
    "AnomalyRow",
    "BalanceRow",
    "CertificateRow",
    "DisposalRow",
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
    "LotRow",
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
    "ValuationRow",
]
