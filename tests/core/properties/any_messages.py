"""Messages that mean anything or nothing, in a world so small that names, fills, ids and times
collide all the time."""

from random import Random
from typing import Any

from orderledger.infrastructure.messages.registry import MESSAGES
from tests.core.properties.stories import Message, moment

NAMES = ("N-1", "N-2", "N-3")
ACCOUNTS = ("a", "b")
SECONDS = 8
TYPES = tuple(MESSAGES)
ABOUT_ORDERS = tuple(name for name in TYPES if "client_order_id" in MESSAGES[name].model_fields)
USUAL = (
    *ABOUT_ORDERS,
    *("fill",) * 8,
    *("request", "fill_corrected") * 3,
    *("acknowledged", "canceled", "replaced", "fill_busted") * 2,
)
IDS = ("client_order_id", "venue_order_id", "replacement_client_order_id", "request_id")

VALUES: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(IDS, NAMES),
    **dict.fromkeys(
        ("price", "limit_price", "stop_price", "average_price", "tick", "lot", "multiplier"),
        ("1", "2", "3.5"),
    ),
    **dict.fromkeys(("fill_id", "corrects"), ("F-1", "F-2", "F-3")),
    **dict.fromkeys(("fee_currency", "currency"), ("USD", "BTC")),
    **dict.fromkeys(("post_only", "reduce_only", "inverse"), (True, False)),
    **dict.fromkeys(("orders", "fills", "positions"), (0, 1)),
    **dict.fromkeys(("text", "actor", "causation_id", "correlation_id"), ("p", "q")),
    "account": ("a", "a", "b"),
    "aliases": tuple({kind: name} for kind in "xy" for name in NAMES),
    "instrument": ("X", "X", "Y"),
    "side": ("buy", "sell"),
    "quantity": ("1", "2", "3"),
    "fee": ("0.1", "-0.2"),
    "amount": ("1", "-1"),
    "liquidity": ("maker", "taker"),
    "position_side": ("long", "short", "net"),
    "position_id": ("I-1", "I-2"),
    "position_mode": ("unknown", "net", "hedge"),
    "quote_quantity": ("50", "60"),
    "display_quantity": ("0", "1"),
    "trail_offset": ("1", "2"),
    "trail_offset_type": ("amount", "percent"),
    "trigger_source": ("last", "mark"),
    "leg": (0, 1),
    "legs": ([{"instrument": "X", "side": "buy", "ratio": 1}],),
    "sequence": (1, 2),
    "dated_by": ("venue", "receipt"),
    "order_type": ("market", "other"),
    "time_in_force": ("day", "gtc", "ioc"),
    "open_breaks": ([],),
    "kind": ("entry", "exit"),
    "strategy": ("s", "t"),
    "proposal_id": ("P-1", "P-2"),
    "links": (
        {"proposal_id": "P-1"},
        {"group": "G", "kind": "oco"},
        {"group": "G", "kind": "bracket", "parent": "N-1"},
        {"trade_id": "T", "role": "entry"},
    ),
    "tags": ({"k": 0}, {"k": 1}),
    "message_id": ("M-1", "M-2", "M-3", "M-4"),
    "status": (
        "new",
        "partially_filled",
        "filled",
        "canceled",
        "rejected",
        "expired",
        "suspended",
        "odd",
    ),
    "pending": ("cancel", "replace"),
    "source": ("strategy", "venue_push", "venue_poll", "reconciliation", "import"),
    "reported": (
        {"status": "new"},
        {"quantity": "2"},
        {"leaves_quantity": "1"},
        {"cum_quantity": "3", "average_price": "2"},
    ),
    "evidence": ({"e": 0}, {"e": 1}),
    "reason": ("unknown_order", "duplicate_order", "too_late", "other words"),
}
OF_KIND: dict[tuple[str, str], tuple[Any, ...]] = {
    ("rename", "to"): ("X", "Y", "Z"),
    ("split", "ratio"): ([2, 1], [1, 2]),
    ("split", "cash_in_lieu"): ({"quantity": "0.5", "currency": "USD", "amount": "1"},),
    ("settle", "fees"): ([{"currency": "USD", "amount": "0.1", "kind": "tax"}],),
    ("settle", "kind"): ("expiry", "assignment"),
    ("settle", "premium"): ("realize", "carry"),
    ("settle", "into"): (
        {"instrument": "X", "side": "buy", "quantity": "1", "price": "2"},
        {"instrument": "Y", "side": "sell", "quantity": "2", "price": "1"},
    ),
    ("settlement_busted", "settlement_id"): ("M-1", "M-2", "M-3", "M-4"),
}
"""Values of fields that other kinds of messages do not have, or with another meaning."""

CHANCES = {
    "client_order_id": 0.7,
    "instrument": 0.4,
    "side": 0.4,
    "venue_order_id": 0.4,
    "status": 0.9,
    "fee": 0.4,
    "quantity": 0.85,
    "quote_quantity": 0.1,
    "trail_offset": 0.05,
    "trail_offset_type": 0.05,
    "legs": 0.1,
}
CHANCES |= dict.fromkeys(
    ("message_id", "evidence", "text", "actor", "causation_id", "correlation_id", "expire_at"), 0.08
)


def any_messages(chance: Random, *, are_timed: bool) -> list[Message]:
    """Between 3 and 14 of them, some of them again. All with a time of their own, if
    `are_timed`."""
    told: list[Message] = []
    for _ in range(chance.randint(3, 14)):
        told.append(
            chance.choice(told)
            if told and chance.random() < 0.1
            else _any_message(chance, are_timed=are_timed)
        )
    return told


def _any_message(chance: Random, *, are_timed: bool) -> Message:
    kind = chance.choice(USUAL) if chance.random() < 0.85 else chance.choice(TYPES)
    message: Message = {"type": kind}
    for field, about in MESSAGES[kind].model_fields.items():
        name = about.alias or field
        is_given = (
            about.is_required()
            or chance.random() < CHANCES.get(name, 0.3)
            or (name == "at" and are_timed)
        )
        if name != "type" and is_given:
            values = OF_KIND.get((kind, name)) or VALUES.get(name)
            message[name] = chance.choice(values) if values else moment(chance.randint(0, SECONDS))
    if (
        kind in ABOUT_ORDERS
        and not {"client_order_id", "venue_order_id", "aliases"} & message.keys()
    ):
        message["client_order_id"] = chance.choice(NAMES)
    return message
