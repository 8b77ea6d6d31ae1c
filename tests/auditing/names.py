"""Whose fact it is (rule 9)."""

from collections.abc import Iterable

from tests.auditing.facts import Fact, Message
from tests.auditing.order import Order

Name = tuple[str, ...]


def names_given(message: Message) -> list[Name]:
    """The names by which a message says which order it means, the strongest first."""
    names: list[Name] = (
        [("id", message["client_order_id"])] if message.get("client_order_id") is not None else []
    )
    if message.get("venue_order_id") is not None:
        names.append(("venue", message["venue_order_id"]))
    return names + [("alias", *alias) for alias in sorted((message.get("aliases") or {}).items())]


def names_borne(message: Message) -> list[Name]:
    """The names an order bears once it has this message: those given, a replacement's, and a cancel
    request's."""
    is_request = message["type"] in {"request_cancel", "request_replace"}
    new = [
        message.get("replacement_client_order_id"),
        message.get("request_id") if is_request else None,
    ]
    return names_given(message) + [("id", name) for name in new if name is not None]


def owners(orders: list[list[Fact]]) -> dict[Name, int]:
    """Which order each name belongs to: our own id first, then whoever bore it earliest."""
    owner: dict[Name, int] = {}
    for index, facts in enumerate(orders):
        owner.update(
            {names_given(fact.message)[0]: index for fact in facts if fact.type == "request"}
        )
    for fact, index in sorted(
        ((fact, i) for i, facts in enumerate(orders) for fact in facts),
        key=lambda pair: pair[0].when,
    ):
        for name in names_borne(fact.message):
            owner.setdefault(name, index)
    return owner


def gather(orders: list[list[Fact]], rest: list[Fact]) -> list[Fact]:
    """Give every fact to the order that bears one of its names, until nothing moves; returns those
    left over."""
    while True:
        owner = owners(orders)
        found = {
            fact: next((owner[n] for n in names_borne(fact.message) if n in owner), None)
            for fact in rest
        }
        for fact, index in found.items():
            if index is not None:
                orders[index].append(fact)
        left = [fact for fact in rest if found[fact] is None]
        if len(left) == len(rest):
            return left
        rest = left


def collect(facts: Iterable[Fact]) -> list[Order]:
    """The orders of one account: ours first take all that names them, what is left over opens
    external ones."""
    facts = sorted(facts, key=lambda fact: fact.when)
    orders = [[fact] for fact in facts if fact.type == "request"]
    rest = gather(orders, [fact for fact in facts if fact.type != "request"])
    while rest:
        orders.append([rest[0]])
        rest = gather(orders, rest[1:])
    return [Order(sorted(order, key=lambda fact: fact.when)) for order in orders]


def resolve(orders: list[Order], message: Message) -> Order | None:
    """The order a message speaks of. A request speaks only of the id it gives."""
    names = names_given(message)[:1] if message["type"] == "request" else names_given(message)
    owner = owners([order.facts for order in orders])
    return next((orders[owner[name]] for name in names if name in owner), None)
