"""All tables of the views. A view is declared in the module that is named like it."""

from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.anomalies import ANOMALIES
from orderledger.projections.certificates import CERTIFICATES
from orderledger.projections.halts import HALTS
from orderledger.projections.instruments import INSTRUMENTS
from orderledger.projections.names import ORDER_NAMES
from orderledger.projections.orders import ORDERS
from orderledger.projections.position_tables import CHECKPOINTS, LOTS, POSITIONS
from orderledger.projections.proposals import PROPOSALS
from orderledger.projections.trades import TRADES

TABLES = (ORDERS, TRADES, POSITIONS, LOTS, CHECKPOINTS, ANOMALIES, PROPOSALS, INSTRUMENTS, ACCOUNT_EVENTS, CERTIFICATES, HALTS)
"""The views, which follow the log."""

BY_NAME = {table.name: table for table in (*TABLES, ORDER_NAMES)}
"""The views, and the index of names."""
