"""What the rules look at: the state of the ledger at one moment, as plain rows. It is read by
`StateReader`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from orderledger.extend.store import Key
from orderledger.extend.views import Row


class OpenBreak(NamedTuple):
    """A break that the last reconciliation of an account left open. `position`: of its
    certificate."""

    account: str
    id: str
    since: datetime
    position: int


class Feed(NamedTuple):
    """An account of collectors. `age`: seconds since one said that it listens to it. `message_age`:
    since the last message."""

    account: str
    age: float | None
    message_age: float | None


class Loss(NamedTuple):
    """What an account has lost since midnight in one settlement currency."""

    account: str
    currency: str
    amount: Decimal


class Used(NamedTuple):
    """How much of a limit is used. `subject`: the limit and its scope."""

    subject: str
    account: str | None
    value: Decimal
    limit: Decimal


class Sized(NamedTuple):
    """The size of an order or of a position. `row`: of the order view, or of the exposure view.
    None: unknown."""

    row: Row
    notional: Decimal | None
    usual: Decimal | None


@dataclass(frozen=True)
class State:
    """The ledger at a moment. `position`: log position of the views. Rows that no rule needs are
    left out.

    `losses`, `used`, `orders` and `positions` are by the name of their rule. `orders`: those that
    were recorded or changed since the last look, and those about which an alert is open. `raised`:
    the alerts that are open.
    """

    now: datetime
    position: int
    unresolved: Sequence[Row] = ()
    gaps: Sequence[Row] = ()
    anomalies: Sequence[Row] = ()
    breaks: Sequence[OpenBreak] = ()
    halts: Sequence[Row] = ()
    exposure: Sequence[Row] = ()
    feeds: Sequence[Feed] = ()
    losses: Mapping[str, Sequence[Loss]] = field(default_factory=dict)
    used: Mapping[str, Sequence[Used]] = field(default_factory=dict)
    orders: Mapping[str, Sequence[Sized]] = field(default_factory=dict)
    positions: Mapping[str, Sequence[Sized]] = field(default_factory=dict)
    raised: frozenset[Key] = frozenset()
