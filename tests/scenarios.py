"""Given, when, then: what is recorded of one order, what is said next, and what follows from it.

    given(request(), fill("F-1", "4")).when(message("cancel")).then_order(status="canceled",
    leaves_quantity="0")

Messages are the dictionaries of the wire; they are about order C-1 of sim:main where they do not
say otherwise. The first is recorded at `at(1)`, the second at `at(2)` and so on, which is also when
they happened unless they give `at`.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any, Self

from orderledger.domain.decision import Duplicate, Refused
from orderledger.domain.exact import plain
from orderledger.domain.orders.events import Event, OrderEvent
from orderledger.domain.orders.judgements import AnomalyDetected
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.record import decide, record
from orderledger.domain.orders.when import NO_SEQUENCE, When
from orderledger.domain.stream_names import order_stream
from orderledger.infrastructure.errors import InvalidMessage
from orderledger.infrastructure.messages.facts import to_fact
from orderledger.infrastructure.messages.parsing import parse_document
from orderledger.projections.orders import ORDERS, order_row
from orderledger.projections.view import Row

Document = dict[str, Any]

MIDNIGHT = datetime(2025, 1, 2, tzinfo=UTC)
ACCOUNT = "sim:main"


def at(second: float) -> datetime:
    return MIDNIGHT + timedelta(seconds=second)


def message(type_: str, **fields: Any) -> Document:
    """A message about C-1 of sim:main. A field given as None is left out."""
    document = {"type": type_, "account": ACCOUNT, "client_order_id": "C-1", **fields}
    return {name: value for name, value in document.items() if value is not None}


def request(**fields: Any) -> Document:
    """To buy 10 BTC-USD at 100."""
    terms = {
        "instrument": "BTC-USD",
        "side": "buy",
        "quantity": "10",
        "order_type": "limit",
        "limit_price": "100",
    }
    return message("request", **{**terms, **fields})


def fill(fill_id: str, quantity: str, price: str = "100", **fields: Any) -> Document:
    return message("fill", fill_id=fill_id, quantity=quantity, price=price, **fields)


def correct_fill(
    fill_id: str, corrects: str, quantity: str, price: str = "100", **fields: Any
) -> Document:
    return message(
        "fill_corrected",
        fill_id=fill_id,
        corrects=corrects,
        quantity=quantity,
        price=price,
        **fields,
    )


def request_replace(**fields: Any) -> Document:
    return message("request_replace", **fields)


SENT = (request(), message("submit"))
WORKING = (*SENT, message("acknowledged", venue_order_id="V-1"))
FILLED = (*WORKING, fill("F-1", "10"))


def readable(row: Row) -> Row:
    """A row of a view with its numbers as people write them."""
    return {
        name: plain(value) if isinstance(value, Decimal) else value for name, value in row.items()
    }


class Scenario:
    """One order, and what the ledger answered to the last message."""

    def __init__(self) -> None:
        self.order = Order.of(order_stream(ACCOUNT, "C-1"))
        self.events: list[Event] = []
        self.outcome: tuple[str, ...] = ()
        self._version = 0
        self._second = 0

    def given(self, *messages: Document) -> Self:
        """Messages that are recorded already."""
        for document in messages:
            self.when(document)
            assert self.outcome[0] == "recorded", f"given {document}: {self.outcome}"
        return self

    def when(self, document: Document) -> Self:
        """The next message."""
        self._second += 1
        self.events = []
        try:
            fact = to_fact(parse_document(document))
        except InvalidMessage as fault:
            self.outcome = ("invalid", fault.field)
            return self
        assert isinstance(fact, OrderEvent), f"{document} is not about an order"
        decision = decide(self.order, fact)
        if isinstance(decision, Duplicate):
            self.outcome = (
                ("duplicate",) if decision.reason is None else ("duplicate", decision.reason)
            )
        elif isinstance(decision, Refused):
            self.outcome = ("refused", decision.reason.value)
        else:
            self._record(fact)
        return self

    def then(self, *events: Event) -> Self:
        """Exactly these were recorded with the last message."""
        assert self.events == list(events), f"recorded were {self.events}"
        return self

    def then_outcome(self, *outcome: str) -> Self:
        """`recorded` with its anomalies, `refused` with its reason, `invalid` with its field, or
        `duplicate`, with its reason, if it has one."""
        assert self.outcome == outcome, f"the outcome was {self.outcome}"
        return self

    def then_order(self, **fields: Any) -> Self:
        """The order view shows exactly these values. Numbers are given as text."""
        row = self.row()
        wrong = {name: row[name] for name, value in fields.items() if row[name] != value}
        assert not wrong, f"the order shows {wrong}, expected {fields}"
        return self

    def row(self) -> Row:
        return readable(ORDERS.shown(order_row("sim:main/C-1", self.order, self._version)))

    def _record(self, fact: OrderEvent) -> None:
        sequence = NO_SEQUENCE if fact.sequence is None else fact.sequence
        self.events = record(
            self.order, fact, When(fact.at or at(self._second), sequence, self._version + 1)
        )
        self._version += len(self.events)
        codes = dict.fromkeys(
            event.code.value for event in self.events if isinstance(event, AnomalyDetected)
        )
        self.outcome = ("recorded", *codes)


def given(*messages: Document) -> Scenario:
    return Scenario().given(*messages)


def nothing() -> Scenario:
    """Nothing is recorded."""
    return Scenario()


def ends(before: Iterable[Document], reports: Iterable[Document]) -> Row:
    """How the order ends when the reports, some of which may be repetitions, come in this order.
    Versions aside."""
    scenario = given(*before)
    for report in reports:
        scenario.when(report)
        assert scenario.outcome[0] in ("recorded", "duplicate"), f"{report}: {scenario.outcome}"
    return {name: value for name, value in scenario.row().items() if name != "version"}


def in_any_order(before: Iterable[Document], *reports: Document) -> Row:
    """How the order ends, in whatever order the reports arrive. They have to give `at`."""
    before = list(before)
    expected = ends(before, reports)
    for shuffled in permutations(reports):
        found = ends(before, shuffled)
        differing = {
            name: (found[name], value) for name, value in expected.items() if found[name] != value
        }
        assert not differing, (
            f"{differing} when arrived as "
            f"{[(report['type'], report['at'].second) for report in shuffled]}"
        )
    return expected
