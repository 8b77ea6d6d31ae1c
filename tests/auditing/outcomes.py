"""What is recorded, what is a duplicate and what is refused (section 1, rules 5, 7 and 12)."""

from typing import Any

from tests.auditing.facts import (
    NO_SEQUENCE,
    ORDER_COMMANDS,
    PRICED,
    PROPOSAL_TYPES,
    Fact,
    Message,
    comparable,
    number,
    terms_of,
)
from tests.auditing.fills import FILL_DETAILS, numbers_of, said_of_fills, told_in
from tests.auditing.names import names_borne, names_given
from tests.auditing.order import Order

WITH_AN_ID = {"funding", "transfer", "adjust", "split", "settle", "rename", "settlement_busted"}
"""Two of them under two ids are two facts, whatever they say."""


def is_repetition(fact: Fact, kin: list[Fact]) -> bool:
    """Whether the log holds the same fact already; `kin` is what it holds of the same order,
    proposal or account. A report that brings the order a new name is no repetition: dropping it
    would lose the mapping (rules 9 and 10)."""
    message, same_type = fact.message, [known for known in kin if known.type == fact.type]
    if fact.type in {"fill", "fill_corrected"}:  # they have an id of their own
        return not brings_name(fact, kin) and is_known_fill(fact, kin)
    if message.get("message_id") is not None and any(is_same_message(known, fact) for known in kin):
        return True
    if fact.type == "fill_busted":
        busts = [known for known in same_type if known.get("fill_id") == fact.get("fill_id")]
        is_told = message.get("at") is not None and all(fact.at < known.at for known in busts)
        return bool(busts) and not is_told and not brings_name(fact, kin)
    if fact.type == "request":
        own = [
            known
            for known in same_type
            if known.get("client_order_id") == message["client_order_id"]
        ]
        return any(terms_of(known.message) == terms_of(message) for known in own)
    if fact.type in ORDER_COMMANDS | PROPOSAL_TYPES:
        if message.get("request_id") is not None:
            same_id = [
                known for known in same_type if known.get("request_id") == message["request_id"]
            ]
            return any(asked_of(known.message) == asked_of(message) for known in same_id)
        if message.get("message_id") is not None:
            return False
    equal = [known for known in same_type if comparable(known.message) == comparable(message)]
    if message.get("message_id") is None:
        return bool(equal)
    is_own_fact = message.get("at") is None or fact.type in WITH_AN_ID
    return not is_own_fact and bool(equal)


def is_same_message(known: Fact, fact: Fact) -> bool:
    """Rule 12: the same id with the same content, whatever its time."""
    if known.get("message_id") != fact.get("message_id") or known.type != fact.type:
        return False
    one, other = (
        {name: value for name, value in comparable(f.message).items() if name != "at"}
        for f in (known, fact)
    )
    return one == other


def has_used_id(fact: Fact, kin: list[Fact]) -> bool:
    """A command under the id of another message is refused."""
    is_command = fact.type in ORDER_COMMANDS | PROPOSAL_TYPES | {"adjust"}
    return is_command and fact.get("message_id") in {known.get("message_id") for known in kin} - {
        None
    }


def is_untimed(fact: Fact) -> bool:
    """Whether only a time or a message id could tell a repetition from a second fact: all its
    fields are compared."""
    by_id = {"fill", "fill_corrected", "fill_busted", "request", *PROPOSAL_TYPES}
    has_id = fact.get("message_id") is not None or fact.get("request_id") is not None
    return fact.get("at") is None and fact.type not in by_id and not has_id


def brings_name(fact: Fact, kin: list[Fact]) -> bool:
    known_names = {name for known in kin for name in names_borne(known.message)}
    return not set(names_given(fact.message)) <= known_names


def asked_of(message: Message) -> Message:
    """What a cancel or replace request wants, whenever it was made."""
    wanted = {*PRICED, "request_id", "replacement_client_order_id"}
    return {field: value for field, value in comparable(message).items() if field in wanted}


def is_known_fill(fact: Fact, kin: list[Fact]) -> bool:
    """Rule 5: the same numbers under the same id, and no detail and no time that is new."""
    same = [
        known
        for known in said_of_fills(kin).get(fact.get("fill_id"), [])
        if numbers_of(known) == numbers_of(fact)
    ]
    is_earlier = fact.get("at") is not None and all(fact.at < known.at for known in same)
    if fact.get("sequence") is not None and same and told_in(same)[0] == fact.at:
        known = told_in(same)[1]
        if known == NO_SEQUENCE or fact.get("sequence") < known:
            return False
    given = [(field, fact.get(field)) for field in FILL_DETAILS if fact.get(field) is not None]
    return bool(same) and not is_earlier and all(is_told(fact, same, *detail) for detail in given)


def is_told(fact: Fact, same: list[Fact], field: str, value: Any) -> bool:
    """Whether a detail was told before, of that time or an earlier one."""
    told = [
        known
        for known in same
        if comparable(known.message).get(field) == comparable(fact.message).get(field)
    ]
    return any(fact.get("at") is None or known.at <= fact.at for known in told)


def refusal_of_proposal(fact: Fact, kin: list[Fact]) -> str | None:
    """A proposal is made once and decided once."""
    if fact.type == "propose":
        return "duplicate_proposal_id" if kin else None
    if not kin:
        return "unknown_proposal"
    return "proposal_decided" if any(known.type != "propose" for known in kin) else None


def refusal_of_command(fact: Fact, order: Order) -> str | None:
    """Why this command may not happen to this order now, if it may not."""
    if fact.type == "unresolved":
        return None
    if fact.type in {"submit", "deny"}:
        return refusal_of_sending(fact, order)
    asked = order.of("request_cancel", "request_replace")
    taken = {
        known.get(field)
        for known in asked
        for field in ("request_id", "replacement_client_order_id")
    }
    if fact.get("request_id") is not None and fact.get("request_id") in taken:
        return "request_id_reused"
    is_larger = (
        fact.type == "request_replace" and number(fact.get("quantity") or 0) > order.cum_quantity
    )
    if order.has_ended and not (
        order.status == "filled" and is_larger
    ):  # FIX J.1.a: a filled order may be made larger
        return "order_ended"
    return None


def refusal_of_sending(fact: Fact, order: Order) -> str | None:
    """An order is sent once, unless the venue has said since that it does not know it, or an
    operator forces it; what was sent is not ours to deny, unless it never left us or never
    arrived."""
    if not order.request:
        return "unknown_order"
    if fact.type == "submit" and order.is_given_up:
        return None
    if order.has_ended:
        return "order_ended"
    if order.heard:
        return "already_acknowledged"
    if (fact.type, True) in {
        ("deny", fact.get("never_arrived")),
        ("submit", fact.get("is_forced")),
    }:
        return None
    sent = order.of("submit") or order.of("unresolved")
    if fact.type == "deny" and fact.get("not_sent"):
        unknown = order.of("unresolved")
        is_found_gone = unknown and any(
            gone.when >= unknown[-1].when for gone in order.of("absent")
        )
        return "already_submitted" if unknown and not is_found_gone else None
    is_gone = (
        fact.type == "submit"
        and sent
        and any(gone.when > sent[-1].when for gone in order.of("absent"))
    )
    return "already_submitted" if sent and not is_gone else None
