"""As of any time an order is found by its names as it was found then, whatever names orders share
and turn out to bear."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from orderledger import AmbiguousOrder, Ledger, UnknownOrder, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.views.reading import one_order
from orderledger.infrastructure.views.views import folded
from orderledger.projections.orders import ORDERS
from tests.core.properties.stories import START, Message, moment
from tests.seeds import of_seeds

NAMES = ("N-1", "N-2", "N-3")
ACCOUNTS = ("a", "b")
ASKED = [(name, account) for name in NAMES for account in (None, *ACCOUNTS)]
RECORDED_FROM = START + timedelta(days=1)
TERMS = {"instrument": "X", "side": "buy", "quantity": "10"}
KINDS: dict[str, Message] = {
    "request": {**TERMS, "order_type": "market"},
    "submit": {},
    "request_cancel": {},
    "request_replace": {"quantity": "5"},
    "acknowledged": {},
    "canceled": {},
    "fill": {**TERMS, "quantity": "1", "price": "1", "fill_id": "F-1"},
    "fill_busted": {"fill_id": "F-1"},
    "replaced": {"quantity": "7"},
}
BROUGHT = {
    "request_cancel": ["request_id"],
    "request_replace": ["request_id", "replacement_client_order_id"],
}


def told(chance: Random) -> Message:
    kind = chance.choice(list(KINDS))
    is_ours = kind in ("request", "submit", "request_cancel", "request_replace")
    given_names: Message = {
        "client_order_id": chance.choice(NAMES),
        "venue_order_id": chance.choice(NAMES),
        "aliases": {chance.choice("xy"): chance.choice(NAMES)},
    }
    kept = (
        chance.sample(list(given_names), chance.randint(1, 3))
        if not is_ours
        else ["client_order_id"]
    )
    if kind in ("request", "submit") and chance.random() < 0.5:
        kept.append("aliases")
    brought = {
        name: chance.choice(NAMES) for name in BROUGHT.get(kind, ()) if chance.random() < 0.6
    }
    named = {name: given_names[name] for name in kept} | brought
    return {
        "type": kind,
        "account": chance.choice(ACCOUNTS),
        "at": moment(chance.randint(0, 50)),
        **KINDS[kind],
        **named,
    }


def answer(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (UnknownOrder, AmbiguousOrder) as error:
        return str(error)


def answers(ledger: Ledger, **moment: Any) -> list[Any]:
    return [
        answer(partial(ledger.order, name, account=account, **moment)) for name, account in ASKED
    ]


def check_names_of_then(seed: int) -> None:
    chance = Random(seed)
    with Ledger.open("memory://", clock=SteppingClock(RECORDED_FROM), update_views=False) as ledger:
        known: list[tuple[datetime, list[Any]]] = []
        for _ in range(chance.randint(3, 12)):
            if ledger.record(parse_document(told(chance))).outcome == "recorded":
                known.append((list(ledger.events())[-1]["recorded_at"], answers(ledger)))
        for known_at, found in known:
            assert answers(ledger, as_of=known_at) == found, f"seed {seed}, as of {known_at}"
        assert answers(ledger, effective_at=RECORDED_FROM + timedelta(days=1)) == answers(ledger), (
            f"seed {seed}"
        )
        assert ledger.views.check().differences == (), (
            f"seed {seed}: the index of names is not what the log gives"
        )
        check_own_events_suffice(ledger, chance, seed)
        check_fills_are_attributed_by_the_names_of_now(ledger, seed)


def check_own_events_suffice(ledger: Ledger, chance: Random, seed: int) -> None:
    """An order folded from its own streams is the order folded from the whole log."""
    events = list(ledger.events())
    for _ in range(4 if events else 0):
        as_of = chance.choice(
            [None, chance.randint(0, len(events)), chance.choice(events)["recorded_at"]]
        )
        effective_at = chance.choice(events)["at"]
        whole = folded(ledger._store, as_of, effective_at)
        expected = [
            answer(lambda: ORDERS.shown(one_order(whole, name, account)))  # noqa: B023 (called at once)
            for name, account in ASKED
        ]
        found = answers(ledger, as_of=as_of, effective_at=effective_at)
        assert found == expected, f"seed {seed}, as of {as_of}, effective at {effective_at}"


def check_fills_are_attributed_by_the_names_of_now(ledger: Ledger, seed: int) -> None:
    """As of each time of happening, a fill that had happened stands under the order that it stands
    under now."""
    now = {(row["stream"], row["fill_id"]): row["at"] for row in ledger.trades(include_busted=True)}
    for moment_then in sorted(
        {event["at"] for event in ledger.events() if event["at"] < RECORDED_FROM}
    ):
        then = {
            (row["stream"], row["fill_id"])
            for row in ledger.trades(include_busted=True, effective_at=moment_then)
        }
        happened = {fill for fill, at in now.items() if at <= moment_then}
        assert happened <= then <= set(now), f"seed {seed} at {moment_then}"


@of_seeds
def test_as_of_any_time_an_order_is_found_as_it_was_found_then(seeds: range) -> None:
    for seed in seeds:
        check_names_of_then(seed)


def test_an_id_that_is_an_orders_own_is_no_name_of_another_as_of_any_time() -> None:
    names: Message = {"venue_order_id": "N-1", "aliases": {"x": "N-1"}}
    stories: list[Message] = [
        {"type": "acknowledged", "client_order_id": "N-1", **names},
        {"type": "request", "client_order_id": "N-2", "aliases": {"x": "N-1"}, **KINDS["request"]},
        {"type": "request", "client_order_id": "N-3", **KINDS["request"]},
        {"type": "request_cancel", "client_order_id": "N-3", "request_id": "N-1"},
    ]
    with Ledger.open("memory://", clock=SteppingClock(RECORDED_FROM), update_views=False) as ledger:
        for message in stories:
            assert ledger.record(parse_document({"account": "a", **message})).outcome == "recorded"
        assert ledger.order("N-1")["client_order_id"] == "N-2"
        assert answers(ledger, as_of=RECORDED_FROM + timedelta(days=1)) == answers(ledger)


def test_an_order_is_found_by_what_was_shown_to_be_it_before_it_was_shown_to_be_another() -> None:
    stories: list[Message] = [
        {"type": "fill", "client_order_id": "N-2", **KINDS["fill"]},
        {"type": "fill", "client_order_id": "N-3", "venue_order_id": "V", **KINDS["fill"]},
        {"type": "acknowledged", "client_order_id": "N-2", "venue_order_id": "V"},  # N-3 is N-2
        {"type": "request", "client_order_id": "N-1", "aliases": {"y": "A"}, **KINDS["request"]},
        {"type": "acknowledged", "venue_order_id": "V", "aliases": {"y": "A"}},  # which is N-1
    ]
    check_names(stories, {"N-2": "N-1", "N-3": "N-1"})


def test_an_order_requested_after_it_was_taken_for_another_may_turn_out_to_be_that_order() -> None:
    stories: list[Message] = [
        {"type": "acknowledged", "client_order_id": "N-1", "venue_order_id": "V"},
        {"type": "acknowledged", "client_order_id": "N-2", "aliases": {"x": "A"}},
        {"type": "canceled", "client_order_id": "N-2", "venue_order_id": "V"},  # N-1 is N-2
        {"type": "request", "client_order_id": "N-1", **KINDS["request"]},  # no: N-2 is N-1
    ]
    check_names(stories, {"N-2": "N-1", "N-1": "N-1"})


def check_names(stories: list[Message], expected: dict[str, str]) -> None:
    """What is asked now and as of now finds these orders by these names."""
    with Ledger.open("memory://", clock=SteppingClock(RECORDED_FROM), update_views=False) as ledger:
        for message in stories:
            assert ledger.record(parse_document({"account": "a", **message})).outcome == "recorded"
        assert {name: ledger.order(name)["client_order_id"] for name in expected} == expected
        assert answers(ledger, as_of=RECORDED_FROM + timedelta(days=1)) == answers(ledger)
