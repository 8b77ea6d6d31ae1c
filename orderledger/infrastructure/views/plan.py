"""Which tables a rebuild builds, and from which events."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from orderledger.infrastructure.storage import account_facts
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.name_index import BORNE
from orderledger.projections.anomalies import ANOMALIES
from orderledger.projections.names import ORDER_NAMES
from orderledger.projections.orders import ORDERS
from orderledger.projections.position_tables import POSITIONS
from orderledger.projections.tables import TABLES, tables_of
from orderledger.projections.trades import TRADES
from orderledger.projections.view import AnyTable

BY_STREAM = (ORDERS, TRADES, ANOMALIES, BORNE)
"""Tables with rows that follow from one stream each. They get their keys when they are complete."""

OF_ORDERS = (*BY_STREAM, ORDER_NAMES)
OF_POSITIONS = tables_of({POSITIONS.name})
OTHERS = tuple(table for table in TABLES if table not in (*OF_ORDERS, *OF_POSITIONS))

ALL = (*TABLES, ORDER_NAMES, BORNE)


@dataclass(frozen=True, slots=True)
class Plan:
    """The tables and keys of account facts to build from the events up to a log position. All
    tables are created, with a suffix; the others stay empty."""

    suffix: str
    up_to: int
    wanted: frozenset[str]
    has_facts: bool

    def wants(self, *tables: AnyTable) -> bool:
        """Check whether one of these tables must be built."""
        return any(table.name in self.wanted for table in tables)

    @property
    def wants_others(self) -> bool:
        return self.has_facts or self.wants(*OTHERS)

    @property
    def wants_all(self) -> bool:
        """Whether all views that share one position must be built."""
        return all(table.name in self.wanted for table in TABLES)

    def create(self, session: Session, tables: Collection[AnyTable]) -> None:
        """Create these tables; the keys of account facts are with `OTHERS`. Tables built by stream
        get their keys later."""
        for table in tables:
            if table is BORNE or (table in BY_STREAM and self.wants(table)):
                session.create_bare(table, self.suffix)
            else:
                session.create(table, self.suffix)
        if OTHERS[0] in tables:
            account_facts.create(session, self.suffix)


def plan_of(tables: Iterable[AnyTable], suffix: str, up_to: int, *, has_facts: bool) -> Plan:
    names = {table.name for table in tables}
    return Plan(
        suffix,
        up_to,
        frozenset(names | {BORNE.name} if ORDER_NAMES.name in names else names),
        has_facts,
    )
