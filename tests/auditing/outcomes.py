"""What is recorded, what is a duplicate and what is refused (section 1, rules 5, 7 and 12)."""

from tests.auditing.facts import ORDER_COMMANDS, PRICED, PROPOSAL_TYPES, Fact, Message, comparable, number, terms_of
from tests.auditing.fills import FILL_DETAILS, same_numbers, versions_of_fills
from tests.auditing.names import names_borne, names_given
from tests.auditing.order import Order


def is_repetition(fact: Fact, kin: list[Fact]) -> bool:
    """Whether the log holds the same fact already; `kin` is what it holds of the same order, proposal or account. A report that
    brings the order a new name is no repetition: dropping it would lose the mapping (rules 9 and 10)."""
    message, same_type = fact.message, [known for known in kin if known.type == fact.type]
    said = {known.get("message_id") for known in same_type} - {None}
    if message.get("message_id") in said and fact.type not in {"fill", "correct_fill"}:  # a fill has an id of its own
        return True
    if fact.type in {"fill", "correct_fill", "bust_fill"}:
        known_names = {name for known in kin for name in names_borne(known.message)}
        return set(names_given(message)) <= known_names and is_known_fill(fact, kin)
    if fact.type == "request":
        own = [known for known in same_type if known.get("client_order_id") == message["client_order_id"]]
        return any(terms_of(known.message) == terms_of(message) for known in own)
    if fact.type in ORDER_COMMANDS | PROPOSAL_TYPES:
        if message.get("request_id") is not None:
            same_id = [known for known in same_type if known.get("request_id") == message["request_id"]]
            return any(asked_of(known.message) == asked_of(message) for known in same_id)
        if message.get("message_id") is not None:
            return False
    if message.get("at") is None and message.get("message_id") is not None:
        return False
    return any(comparable(known.message) == comparable(message) for known in same_type)


def asked_of(message: Message) -> Message:
    """What a cancel or replace request wants, whenever it was made."""
    wanted = {*PRICED, "request_id", "replacement_client_order_id"}
    return {field: value for field, value in comparable(message).items() if field in wanted}


def is_known_fill(fact: Fact, kin: list[Fact]) -> bool:
    """Rule 5: the same numbers under the same id, unless they complete the fill that stands. A fill is busted once."""
    if fact.type == "bust_fill":
        return any(known.type == "bust_fill" and known.get("fill_id") == fact.get("fill_id") for known in kin)
    said = versions_of_fills(kin).get(fact.get("fill_id"), [])
    same = [known for known in said if same_numbers(known, fact)]
    if not same or not same_numbers(said[0], fact):
        return bool(same)
    told = [field for field in FILL_DETAILS if fact.get(field) is not None]
    return all(any(known.get(field) is not None for known in same) for field in told)


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
    taken = {known.get(field) for known in asked for field in ("request_id", "replacement_client_order_id")}
    if fact.get("request_id") is not None and fact.get("request_id") in taken:
        return "request_id_reused"
    is_larger = fact.type == "request_replace" and number(fact.get("quantity") or 0) > order.cum_quantity
    if order.has_ended and not (order.status == "filled" and is_larger):  # FIX J.1.a: a filled order may be made larger
        return "order_ended"
    return None


def refusal_of_sending(fact: Fact, order: Order) -> str | None:
    """An order is sent once, unless the venue has said since that it does not know it; what was sent is not ours to deny."""
    if not order.request:
        return "unknown_order"
    if order.has_ended:
        return "order_ended"
    if order.heard:
        return "already_acknowledged"
    sent = order.of("submit") or order.of("unresolved")
    is_gone = fact.type == "submit" and sent and any(gone.when > sent[-1].when for gone in order.of("absent"))
    return "already_submitted" if sent and not is_gone else None
