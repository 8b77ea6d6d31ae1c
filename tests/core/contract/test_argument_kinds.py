"""Every public method checks its arguments by its signature, and an error names the argument."""

import asyncio
import inspect
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

import pytest

from orderledger import InvalidMessage, InvalidQuery, InvalidSetting, Ledger
from orderledger.infrastructure.recording_methods import RecordingMethods
from orderledger.infrastructure.views.internals import Internals
from orderledger.infrastructure.views.log_methods import LogMethods
from orderledger.infrastructure.views.metric_methods import MetricMethods
from orderledger.infrastructure.views.reconciliation_methods import ReconciliationMethods
from orderledger.infrastructure.views.view_methods import ViewMethods
from tests.core.contract.streams import fill, opened, parsed, request

pytestmark = pytest.mark.leaf  # a ledger has the methods of leaves too

NAIVE = datetime(2026, 11, 20)  # noqa: DTZ001
DAY = datetime(2026, 11, 20, tzinfo=UTC)

FLAG: tuple[Any, ...] = ("no", 1, 0)
TEXT: tuple[Any, ...] = (3, b"x", ["x"])
COUNT: tuple[Any, ...] = ("x", 1.5, True, 2**63)
LIST: tuple[Any, ...] = (3, "text", {})
TIME: tuple[Any, ...] = ("2026-11-20", NAIVE, -5)
WRONG: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("open_only", "active_only", "include_busted", "by_strategy"), FLAG),
    **dict.fromkeys(("with_count", "follow", "never_arrived", "canceled"), FLAG),
    **dict.fromkeys(("order_id", "client_order_id", "account", "instrument", "strategy"), TEXT),
    **dict.fromkeys(("position_side", "position_id", "actor", "reason", "text", "search"), TEXT),
    **dict.fromkeys(("stream", "correlation_id", "worked_as", "currency", "in_currency"), TEXT),
    **dict.fromkeys(("view", "method", "order", "agreement", "source"), ("moon", *TEXT)),
    **dict.fromkeys(("limit", "points", "year", "jobs", "fence", "position"), COUNT),
    **dict.fromkeys(("messages", "lines", "names", "streams", "columns", "parities"), LIST),
    "mark_serves": (3, "1h"),
    **dict.fromkeys(("since", "until", "recorded_since", "recorded_until"), TIME),
    "effective_at": TIME,
    "as_of": ("2026-11-20", NAIVE, -5, True, 1.5),
    "progress": (3, "x"),
    "status": (3, "x", [1]),
    "by": (3, {}),
    "timezone": (3, "Moon/Sea"),
    "message": (None, 3, {}),
    "events": (3, "text", {}),
    "is_dry_run": FLAG,
    "name": TEXT,
    "after": (-1, 1.5, True),
}
"""Values that no argument of this name takes."""

NEEDED: dict[str, Any] = {
    "order_id": "C-1", "client_order_id": "C-1", "view": "orders", "streams": (), "messages": (),
    "lines": (), "events": (), "since": DAY, "until": DAY, "name": "x", "status": {},
    "currency": "USD", "position": 1,
}  # fmt: skip


def cases() -> list[tuple[str, str]]:
    """Every argument of every public method."""
    owners = {"": Ledger, "views.": ViewMethods, "log.": LogMethods, "metrics.": MetricMethods}
    owners |= {"reconciliations.": ReconciliationMethods, "recording.": RecordingMethods}
    owners |= {"internals.": Internals}
    return [
        (owner + name, given.name)
        for owner, kind in owners.items()
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
        for given in list(inspect.signature(method).parameters.values())[1:]
        if given.kind is not given.VAR_KEYWORD
    ]


@pytest.mark.parametrize(("method", "argument"), cases())
def test_an_argument_of_another_kind_is_refused_by_its_name(method: str, argument: str) -> None:
    refusals = (InvalidQuery, InvalidMessage, InvalidSetting, TypeError)
    named = "can be recorded" if argument == "message" else argument
    with Ledger.open("memory://", update_views=False) as ledger:
        for value in WRONG[argument]:
            with pytest.raises(refusals, match=named):
                _call(attrgetter(method)(ledger), {argument: value})
        assert ledger.log.position() == 0


def _call(method: Any, given: dict[str, Any]) -> None:
    parameters = inspect.signature(method).parameters.values()
    needed = {one.name: NEEDED[one.name] for one in parameters
              if one.default is one.empty and one.kind is not one.VAR_KEYWORD
              and one.name not in given}  # fmt: skip
    asked = needed | given
    first = [asked.pop(one.name) for one in parameters if one.kind is one.POSITIONAL_ONLY]
    found = method(*first, **asked)
    if inspect.iscoroutine(found):
        asyncio.run(found)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda told: told.views.rebuild(jobs=0), "jobs takes 1 or more, not 0"),
        (lambda told: told.orders(since=-5), "since takes a datetime with an offset, not -5"),
        (
            lambda told: told.recording.preview([], view="x"),
            "view: 'x' is not one of outcomes, orders, trades",
        ),
        (lambda told: told.views.page("orders", limit=0), "limit takes 1 or more, not 0"),
        (
            lambda told: told.views.page("orders", limit=5_001),
            "limit takes at most 5000, not 5001",
        ),
        (lambda told: told.audit.prove_order_independence(rounds=0), "rounds takes 1 or more"),
        (lambda told: told.audit.why("cash"), "subject: 'cash' is not one of pnl, position, order"),
        (lambda told: told.audit.findings(late=60), "late takes a timedelta, not 60"),
        (lambda told: told.proof.verify(checkpoints="x"), "checkpoints takes a list, not 'x'"),
    ],
)
def test_what_a_word_or_a_number_may_be_is_said(ledger: Ledger, ask: Any, sentence: str) -> None:
    with pytest.raises((InvalidQuery, TypeError)) as refused:
        ask(ledger)
    assert sentence in str(refused.value)


@pytest.fixture
def ledger(store_url: str) -> Any:
    with opened(store_url, update_views=False) as ledger:
        ledger.record_many(parsed(request("C-1"), fill("C-1", "F-1", 2)))
        yield ledger


def test_one_message_is_not_several(ledger: Ledger) -> None:
    with pytest.raises(TypeError, match="can be recorded, not a tuple"):
        ledger.record_many(parsed(request("C-2"))[0])  # type: ignore[arg-type]
    assert ledger.log.position() == 2


# Moments that the ledger has not reached


ASKED_AS_OF = (
    lambda told, at: told.orders(as_of=at),
    lambda told, at: told.order("C-1", as_of=at),
    lambda told, at: told.history("C-1", as_of=at),
    lambda told, at: told.trades(as_of=at),
    lambda told, at: told.pnl(as_of=at),
    lambda told, at: told.exposure(as_of=at),
    lambda told, at: told.equity(as_of=at),
    lambda told, at: told.views.page("orders", as_of=at),
    lambda told, at: list(told.views.stream("orders", as_of=at)),
    lambda told, at: told.reconciliations.orders(as_of=at),
    lambda told, at: told.audit.explain("C-1", as_of=at),
    lambda told, at: told.audit.restate("orders", from_as_of=1, as_of=at),
    lambda told, at: told.statement(DAY, DAY + timedelta(days=1), as_of=at),
)


@pytest.mark.parametrize("ask", ASKED_AS_OF)
def test_what_is_not_recorded_yet_cannot_be_asked_for(ledger: Ledger, ask: Any) -> None:
    last = list(ledger.events())[-1]
    ask(ledger, 2)
    ask(ledger, last["recorded_at"])
    for position in (3, -5):
        with pytest.raises(
            InvalidQuery, match=f"as_of: the log has no position {position}, its last is 2"
        ):
            ask(ledger, position)
    with pytest.raises(
        InvalidQuery, match="is in the future: the answer may still change"
    ) as future:
        ask(ledger, last["recorded_at"] + timedelta(days=1))
    assert future.value.field == "as_of"


def test_an_event_of_a_clock_that_was_ahead_can_be_asked_for(store_url: str) -> None:
    """The last event is dated later than now: as of its own time it is known."""
    with opened(store_url, update_views=False) as ledger:
        ledger.record_many(parsed(request("C-1")))
        ahead = next(ledger.events())["recorded_at"]
        assert [row["client_order_id"] for row in ledger.orders(as_of=ahead)] == ["C-1"]
