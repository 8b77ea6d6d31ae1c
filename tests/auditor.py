"""The oracle: what every view must show, worked out from the messages alone.

Naive on purpose. It keeps every recorded message and answers each question by reading all of them again; it shares
no code with the package it audits. Numbers are exact Fractions, times are aware datetimes in UTC. "Rule" and
"section" refer to the contract. Facts are always read in the order of (`at`, log position), so that nothing here can
depend on the order of arrival except where two facts carry the same time.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

Message = dict[str, Any]
Row = dict[str, Any]
Name = tuple[str, ...]

PROPOSAL_TYPES = {"propose", "approve", "decline"}
ACCOUNT_TYPES = {"instrument", "mark", "funding", "adjust", "gap", "balance"}
ORDER_COMMANDS = {"request", "deny", "submit", "unresolved", "request_cancel", "request_replace"}
REGISTER = {"done_for_day", "suspend", "stop", "resume", "restate"}
WORKING_REPORTS = {"acknowledge", "fill", "correct_fill", "replace", "trigger", "reinstate"} | REGISTER
WORKING_STATUSES = {"new", "partially_filled", "suspended", "stopped"}
ENDED_STATUSES = {"filled", "canceled", "rejected", "denied", "expired"}
KNOWN_STATUSES = WORKING_STATUSES | ENDED_STATUSES - {"denied"} | {"pending_new", "done_for_day"}
END_WORDS = {"cancel": "canceled", "expire": "expired", "reject": "rejected", "deny": "denied"}
SESSIONS = {"suspend": "suspended", "stop": "stopped", "done_for_day": "done_for_day", "resume": None, "restate": None}
ANSWERS = {"cancel": {"reject_cancel"}, "replace": {"replace", "reject_replace"}}
PAIRS = ("-", "/", "_", "")
REPORTED_NUMBERS = ("quantity", "cum_quantity", "leaves_quantity", "average_price")
PRICED = ("quantity", "limit_price", "stop_price")
REQUESTED = ("instrument", "side", "order_type", "time_in_force", "expire_at", "post_only", "reduce_only", "strategy", "links")
TERMS = {*REQUESTED, *PRICED}
FILL_DETAILS = ("instrument", "side", "fee", "fee_currency", "liquidity")
NOT_COMPARED = {"source", "evidence", "actor", "correlation_id", "causation_id", "text", "message_id"}
NUMBERS = {"quantity", "price", "limit_price", "stop_price", "fee", "amount", "multiplier", "tick", "lot", *REPORTED_NUMBERS}
TIMES = {"at", "expire_at"}


@dataclass(frozen=True, eq=False)
class Fact:
    """One recorded message. `at` is the effective time: the message's own, else the time of recording."""

    position: int
    message: Message
    at: datetime
    recorded_at: datetime

    @property
    def type(self) -> str:
        return str(self.message["type"])

    @property
    def when(self) -> tuple[datetime, int]:
        return (self.at, self.position)

    def get(self, field: str) -> Any:
        return self.message.get(field)

    @property
    def is_of_order(self) -> bool:
        return self.type not in PROPOSAL_TYPES | ACCOUNT_TYPES

    @property
    def is_report(self) -> bool:
        return self.is_of_order and self.type not in ORDER_COMMANDS

    @property
    def claims(self) -> dict[str, Any]:
        """The numbers the venue gives besides, none of which is taken for ours."""
        reported = self.get("reported") or {}
        return {name: reported[name] for name in REPORTED_NUMBERS if reported.get(name) is not None}

    @property
    def observed_status(self) -> str | None:
        """The status the venue was seen to give, by a `status` message or beside another report."""
        word = (self.get("status") if self.type == "status" else None) or (self.get("reported") or {}).get("status")
        return None if word is None else str(word)

    @property
    def end_word(self) -> str | None:
        """The end this fact states; an observed end counts as one."""
        if self.type == "status" and self.get("status") in {"canceled", "expired", "rejected"}:
            return str(self.get("status"))
        return END_WORDS.get(self.type)

    @property
    def is_duplicate_reject(self) -> bool:
        return self.type == "reject" and self.get("reason") == "duplicate_order"

    @property
    def is_unknown_to_venue(self) -> bool:
        return self.type in {"reject_cancel", "reject_replace"} and self.get("reason") == "unknown_order"

    @property
    def session_word(self) -> str | None:
        """Where it leaves the order between done for the day, suspended, stopped and (None) going on as usual."""
        return str(self.get("status")) if self.type == "status" else SESSIONS[self.type]

    @property
    def is_of_session(self) -> bool:
        return self.type in REGISTER or (self.type == "status" and self.get("status") in {"suspended", "stopped", "done_for_day"})

    @property
    def shows_work(self) -> bool:
        """Whether only an order the venue has taken on can have brought this."""
        shown = WORKING_STATUSES | {"filled", "done_for_day"}
        return self.type in WORKING_REPORTS or (self.type == "status" and self.get("status") in shown)


@dataclass(frozen=True)
class Fill:
    """A standing fill with what its repetitions and the fills it corrects told of it."""

    fact: Fact
    quantity: Fraction
    price: Fraction
    details: Message


# ---- Reading messages (section 1) ----


def number(value: Any) -> Fraction:
    """The exact number of a decimal string."""
    return Fraction(str(value))


def last_digit(value: Any) -> Fraction:
    """One unit of the last decimal place the text gives, at most 1."""
    exponent = Decimal(str(value)).as_tuple().exponent
    return Fraction(1, 10 ** max(0, -int(exponent)))


def instant(value: Any) -> datetime:
    """RFC 3339 with an offset, or an integer whose magnitude tells s, ms, us or ns; to the microsecond, in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, int):
        nanoseconds = value * next((unit for limit, unit in ((11, 10**9), (14, 10**6), (17, 10**3)) if abs(value) < 10**limit), 1)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)
    return datetime.fromisoformat(value).astimezone(UTC)


def comparable(message: Message) -> Message:
    """The fields by which a message is the same again; absent, null and false are one."""

    def plain(field: str, value: Any) -> Any:
        if field == "reported":
            return {name: plain(name, claim) for name, claim in value.items() if claim is not None}
        return number(value) if field in NUMBERS else instant(value) if field in TIMES else value

    given = {field: value for field, value in message.items() if not (value is None or value is False or value == {})}
    return {field: plain(field, value) for field, value in given.items() if field not in NOT_COMPARED}


def terms_of(message: Message) -> Message:
    """The terms of a request: the order itself, without names, tags or time (rule 7)."""
    return {field: value for field, value in comparable(message).items() if field in TERMS}


# ---- Whose fact it is (rule 9) ----


def names_given(message: Message) -> list[Name]:
    """The names by which a message says which order it means, the strongest first."""
    names: list[Name] = [("id", message["client_order_id"])] if message.get("client_order_id") is not None else []
    if message.get("venue_order_id") is not None:
        names.append(("venue", message["venue_order_id"]))
    return names + [("alias", *alias) for alias in sorted((message.get("aliases") or {}).items())]


def names_borne(message: Message) -> list[Name]:
    """The names an order bears once it has this message: those given, a replacement's, and a cancel request's."""
    is_request = message["type"] in {"request_cancel", "request_replace"}
    new = [message.get("replacement_client_order_id"), message.get("request_id") if is_request else None]
    return names_given(message) + [("id", name) for name in new if name is not None]


def owners(orders: list[list[Fact]]) -> dict[Name, int]:
    """Which order each name belongs to: our own id first, then whoever bore it earliest."""
    owner: dict[Name, int] = {}
    for index, facts in enumerate(orders):
        owner.update({names_given(fact.message)[0]: index for fact in facts if fact.type == "request"})
    for fact, index in sorted(((fact, i) for i, facts in enumerate(orders) for fact in facts), key=lambda pair: pair[0].when):
        for name in names_borne(fact.message):
            owner.setdefault(name, index)
    return owner


def gather(orders: list[list[Fact]], rest: list[Fact]) -> list[Fact]:
    """Give every fact to the order that bears one of its names, until nothing moves; returns those left over."""
    while True:
        owner = owners(orders)
        found = {fact: next((owner[n] for n in names_borne(fact.message) if n in owner), None) for fact in rest}
        for fact, index in found.items():
            if index is not None:
                orders[index].append(fact)
        left = [fact for fact in rest if found[fact] is None]
        if len(left) == len(rest):
            return left
        rest = left


def collect(facts: Iterable[Fact]) -> list["Order"]:
    """The orders of one account: ours first take all that names them, what is left over opens external ones."""
    facts = sorted(facts, key=lambda fact: fact.when)
    orders = [[fact] for fact in facts if fact.type == "request"]
    rest = gather(orders, [fact for fact in facts if fact.type != "request"])
    while rest:
        orders.append([rest[0]])
        rest = gather(orders, rest[1:])
    return [Order(sorted(order, key=lambda fact: fact.when)) for order in orders]


def resolve(orders: list["Order"], message: Message) -> "Order | None":
    """The order a message speaks of. A request speaks only of the id it gives."""
    names = names_given(message)[:1] if message["type"] == "request" else names_given(message)
    owner = owners([order.facts for order in orders])
    return next((orders[owner[name]] for name in names if name in owner), None)


# ---- Fills (rules 3, 4, 5) ----


def same_numbers(one: Fact, other: Fact) -> bool:
    """Rule 5: the same trade, and no other fee."""
    return same_trade(one, other) and agree(one, other, "fee", "fee_currency")


def same_trade(one: Fact, other: Fact) -> bool:
    """Quantity, price and the fill corrected are equal, and so is whatever else both give."""
    left, right = comparable(one.message), comparable(other.message)
    is_equal = all(left.get(field) == right.get(field) for field in ("quantity", "price", "corrects"))
    return is_equal and agree(one, other, "instrument", "side")


def agree(one: Fact, other: Fact, *fields: str) -> bool:
    """Whether two facts say the same in these fields, as far as both say anything."""
    left, right = comparable(one.message), comparable(other.message)
    return all(left[field] == right[field] for field in fields if field in left and field in right)


def versions_of_fills(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """All that was said under each fill id; the earliest is the one that stands."""
    versions: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.type in {"fill", "correct_fill"}:
            versions[fact.get("fill_id")].append(fact)
    return dict(versions)


def details_of(said: list[Fact]) -> Message:
    """Fee, side and so on: from the fill, else from its repetitions. A correction does not inherit them."""
    same = [fact for fact in said if same_trade(said[0], fact)]
    return {field: next((f.get(field) for f in same if f.get(field) is not None), None) for field in FILL_DETAILS}


def is_latest_of_its_line(fact: Fact, correction: dict[str, Fact], stated: dict[str, Fact]) -> bool:
    """Whether every fill that it corrects, directly or by way of others, was corrected by none later."""
    met = set()
    step: Fact | None = fact
    while step is not None and step.get("corrects") is not None and step.get("fill_id") not in met:
        if correction.get(step.get("corrects"), step) is not step:
            return False
        met.add(step.get("fill_id"))
        step = stated.get(step.get("corrects"))
    return True


def standing_fills(facts: Iterable[Fact]) -> list[Fill]:
    """A fill stands unless busted or corrected; of two corrections of one fill the later stands. Order of arrival is nothing."""
    facts = sorted(facts, key=lambda fact: fact.when)
    versions = versions_of_fills(facts)
    busted = {fact.get("fill_id") for fact in facts if fact.type == "bust_fill"}
    stated = sorted((said[0] for said in versions.values()), key=lambda fact: fact.when)
    correction = {fact.get("corrects"): fact for fact in stated if fact.get("corrects") is not None}
    standing = [fact for fact in stated if fact.get("fill_id") not in busted | set(correction)]
    stated_by_id = {fact.get("fill_id"): fact for fact in stated}
    standing = [fact for fact in standing if is_latest_of_its_line(fact, correction, stated_by_id)]
    details = [details_of(versions[fact.get("fill_id")]) for fact in standing]
    return [Fill(f, number(f.get("quantity")), number(f.get("price")), told) for f, told in zip(standing, details, strict=True)]


# ---- One order (section 2) ----


class Order:
    """What the facts of one order, read in the order of (`at`, log position), come to."""

    def __init__(self, facts: list[Fact]) -> None:
        self.facts = facts
        self.request = next((fact for fact in facts if fact.type == "request"), None)

    def of(self, *types: str) -> list[Fact]:
        return [fact for fact in self.facts if fact.type in types]

    def given(self, field: str) -> Any:
        """The request's word for it, else the latest anybody gave."""
        facts = [self.request] if self.request else self.facts
        return next((fact.get(field) for fact in reversed(facts) if fact.get(field) is not None), None)

    def requested(self, field: str) -> Any:
        return self.request.get(field) if self.request else None

    def changes(self, field: str) -> list[Fact]:
        return [fact for fact in self.of("replace", "restate") if fact.get(field) is not None]

    def term(self, field: str) -> Fraction | None:
        """Rules 6 and 10: what a replace or a restate set last, else what was requested; a request to replace changes nothing."""
        value = ([self.requested(field)] + [fact.get(field) for fact in self.changes(field)])[-1]
        return None if value is None else number(value)

    @property
    def quantity(self) -> Fraction | None:
        """In force; of an order we did not request, what the venue last claimed it to be."""
        known = self.term("quantity")
        told = [(fact.at, index, fact) for index, fact in enumerate(self.facts) if "quantity" in fact.claims]
        return number(max(told)[2].claims["quantity"]) if known is None and told and not self.request else known

    @property
    def client_order_id(self) -> str | None:
        """Ours, or of an external order the earliest id given."""
        if self.request:
            return str(self.request.get("client_order_id"))
        return next((fact.get("client_order_id") for fact in self.facts if fact.get("client_order_id") is not None), None)

    @property
    def working_client_order_id(self) -> str | None:
        named = [fact.get("replacement_client_order_id") for fact in self.of("replace")]
        return next((name for name in reversed(named) if name is not None), self.client_order_id)

    @property
    def venue_order_ids(self) -> list[str]:
        """In the order of their first mention by the venue's time (of one time: in the log); the last is the current one."""
        mentions = [(fact.at, fact.get("venue_order_id")) for fact in self.facts if fact.get("venue_order_id") is not None]
        in_log = sorted((fact for fact in self.facts if fact.get("venue_order_id") is not None), key=lambda fact: fact.position)
        names = dict.fromkeys(fact.get("venue_order_id") for fact in in_log)
        return sorted(names, key=lambda name: min(at for at, given in mentions if given == name))

    @cached_property
    def fills(self) -> list[Fill]:
        return standing_fills(self.facts)

    @property
    def cum_quantity(self) -> Fraction:
        """Rule 3: the sum of the fills that stand."""
        return sum((fill.quantity for fill in self.fills), Fraction())

    @property
    def average_price(self) -> Fraction | None:
        return sum((fill.quantity * fill.price for fill in self.fills), Fraction()) / self.cum_quantity if self.fills else None

    @property
    def said_ends(self) -> list[Fact]:
        """All that ended it (rule 7: a reject as `duplicate_order` does not end an order that works, or was sent again)."""
        is_working = any(fact.shows_work for fact in self.facts) or len(self.of("submit")) > 1
        said = [fact for fact in self.facts if fact.end_word and not (is_working and fact.is_duplicate_reject)]
        return [fact for fact in said if all(fact.at > back.at for back in self.of("reinstate"))]

    @property
    def ends(self) -> dict[str, Fact]:
        """Each kind of end, as it was first said to have happened."""
        return {str(fact.end_word): fact for fact in reversed(self.said_ends)}

    @property
    def end(self) -> Fact | None:
        """The deciding end: the later of canceled and expired, else rejected, else denied."""
        closing = [self.ends[word] for word in ("expired", "canceled") if word in self.ends]
        return max(closing, key=lambda fact: fact.at) if closing else self.ends.get("rejected") or self.ends.get("denied")

    @property
    def session(self) -> Fact | None:
        """Where the order stands between done for the day, suspended, stopped and resumed: the latest of them. A look at a day
        order whose day was done does not open it again."""
        sessions = [fact for fact in reversed(self.facts) if fact.is_of_session]
        told = next((fact for fact in sessions if fact.type != "status" or fact.get("status") == "done_for_day"), None)
        is_over = told is not None and told.session_word == "done_for_day" and not self.is_kept
        return told if is_over else next(iter(sessions), None)

    @property
    def is_kept(self) -> bool:
        """Whether it outlives the day."""
        return self.requested("time_in_force") in {"gtc", "gtd"}

    @property
    def last_observed(self) -> Fact | None:
        return next((fact for fact in reversed(self.facts) if fact.observed_status is not None), None)

    @property
    def is_filled(self) -> bool:
        if self.quantity is None:
            return self.cum_quantity > 0 and any(fact.get("status") == "filled" for fact in self.of("status"))
        return self.cum_quantity >= self.quantity > 0

    @property
    def status(self) -> str:
        """Rule 1: derived from the facts by precedence."""
        session = self.session.session_word if self.session and not self.is_of_another_day else None
        if session == "done_for_day" and not self.end:
            return "done_for_day"
        if self.is_filled:
            return "filled"
        if self.end:
            return str(self.end.end_word)
        if session:
            return session
        if self.cum_quantity > 0:
            return "partially_filled"
        return "new" if any(fact.shows_work for fact in self.facts) else "pending_new"

    @property
    def is_of_another_day(self) -> bool:
        """Of an order that outlives the day, a day that was done is over once a fill has happened on a later one."""
        if self.session is None or self.session.session_word != "done_for_day":
            return False
        return self.is_kept and any(fill.fact.at.date() > self.session.at.date() for fill in self.fills)

    @property
    def has_ended(self) -> bool:
        """Rule 2: done for the day ends a day order; one that is good till canceled or a date goes on, unless it is filled."""
        if self.status == "done_for_day":
            return self.is_filled or not self.is_kept
        return self.status in ENDED_STATUSES

    @property
    def ended_at(self) -> datetime | None:
        """When the deciding end was; of a filled order, its last fill."""
        if not self.has_ended:
            return None
        if self.status == "filled" or (self.status == "done_for_day" and self.is_kept):
            return max(fill.fact.at for fill in self.fills)
        ending = self.session if self.status == "done_for_day" else self.end
        return ending.at if ending else None

    @property
    def reason(self) -> str | None:
        """Why it ended, by whoever gave a reason first; that it was a duplicate gives way to another reason of the same time."""
        said = [fact for fact in self.said_ends if self.end and fact.end_word == self.end.end_word]
        given = [fact for fact in said if fact.get("reason") is not None]
        first = min(given, key=lambda fact: (fact.at, fact.is_duplicate_reject), default=None)
        return None if first is None else str(first.get("reason"))

    @property
    def leaves_quantity(self) -> Fraction | None:
        if self.has_ended:
            return Fraction()
        return None if self.quantity is None else max(Fraction(), self.quantity - self.cum_quantity)

    def outstanding(self, kind: str) -> list[Fact]:
        """The requests of this kind that wait: an answer that names one answers it, any other answers the oldest before it."""
        waiting = self.of(f"request_{kind}")
        anonymous = []
        for answer in self.of(*ANSWERS[kind]):
            named = requests_named(self.of(f"request_{kind}"), answer, self.client_order_id)
            waiting = [asked for asked in waiting if asked not in named]
            anonymous += [] if named else [answer]
        for answer in anonymous:
            oldest = next((f for f in waiting if f.at <= answer.at or f.position < answer.position), None)
            waiting = [asked for asked in waiting if asked is not oldest]
        return waiting

    def seen_pending(self, kind: str) -> list[Fact]:
        """Where the venue showed a request of this kind that it had not decided on."""
        answered = [answer.at for answer in self.of(*ANSWERS[kind])]
        return [f for f in self.of("status") if f.get("pending") == kind and all(at < f.at for at in answered)]

    @property
    def pending(self) -> str | None:
        """`cancel` outranks `replace`; nothing is outstanding once the order has been ended otherwise than by its fills."""
        if self.status in ENDED_STATUSES - {"filled"}:
            return None
        return next((kind for kind in ("cancel", "replace") if self.outstanding(kind) or self.seen_pending(kind)), None)

    @property
    def pending_since(self) -> datetime | None:
        """When the oldest outstanding request was made; of one that only the venue showed, when it last did."""
        if self.pending is None:
            return None
        asked, seen = self.outstanding(self.pending), self.seen_pending(self.pending)
        return min(fact.at for fact in asked) if asked else max(fact.at for fact in seen)

    @property
    def certainty(self) -> str:
        """Rule 8: a lost answer or a missing row leaves the order unresolved until evidence comes."""
        is_unanswered = any(
            not self.heard
            or (
                self.pending_since is not None and lost.at >= self.pending_since and all(lost.at > fact.at for fact in self.heard)
            )
            for lost in self.of("unresolved")
        )
        return "unresolved" if not self.has_ended and (self.is_missing or is_unanswered) else "confirmed"

    @property
    def heard(self) -> list[Fact]:
        """What the venue said that shows it knows the order: a refusal of what it calls an unknown order does not."""
        return [fact for fact in self.facts if fact.is_report and fact.type != "absent" and not fact.is_unknown_to_venue]

    @property
    def is_missing(self) -> bool:
        """Asked after all that, the venue did not know it."""
        return any(all(gone.when > fact.when for fact in self.heard) for gone in self.of("absent"))

    def disagrees(self) -> bool:
        """Rule 11: a number that the venue claimed last is not what was recorded by then. Fills of the claim's own time may be
        in it or not, also those taken back; a mean price need only agree to the digits given, and is compared while it is of
        the same fills; quantities are unless newer terms are in force, and what is left unless the order is suspended."""
        for name, claim in self.last_claims().items():
            low, high = self.may_be(name, claim)
            if not low <= number(claim.claims[name]) <= high:
                return True
        return False

    def last_claims(self) -> dict[str, Fact]:
        """Of each number the last claim. Of claims of one time, one that knows of fewer fills comes before the others."""
        last: dict[str, Fact] = {}
        for fact in self.facts:
            same = {name: number(told.claims[name]) for name, told in last.items() if told.at == fact.at}
            claims = {name: number(claim) for name, claim in fact.claims.items()}
            if "cum_quantity" in same and "cum_quantity" in claims:
                is_earlier = claims["cum_quantity"] < same["cum_quantity"]
            else:
                both = "leaves_quantity" in same and "leaves_quantity" in claims
                is_earlier = both and claims["leaves_quantity"] > same["leaves_quantity"]
            last |= {name: fact for name in claims if not (is_earlier and name in same)}
        return last

    def may_be(self, name: str, claim: Fact) -> tuple[Fraction, Fraction]:
        """Between what the number may be by the facts; what cannot be compared may be what is claimed."""
        claimed = number(claim.claims[name])
        before = sum((fill.quantity for fill in self.fills if fill.fact.at < claim.at), Fraction())
        told = [said[0] for said in versions_of_fills(self.facts).values()]
        until = before + sum((number(fact.get("quantity")) for fact in told if fact.at == claim.at), Fraction())
        least = before + sum((fill.quantity for fill in self.fills if has_part_in(fill.fact, name, claim)), Fraction())
        if name == "cum_quantity":
            return least, until
        if name == "average_price":
            mean = self.average_price
            is_rounded = mean is not None and abs(mean - claimed) < last_digit(claim.claims[name])
            is_of_all = before == until == self.cum_quantity
            return (claimed, claimed) if mean is None or is_rounded or not is_of_all else (mean, mean)
        if self.quantity is None or any(changed.at > claim.at for changed in self.changes("quantity")):
            return claimed, claimed
        if name == "quantity":
            return self.quantity, self.quantity
        if self.session and self.session.session_word == "suspended":
            return claimed, claimed
        if self.leaves_quantity == 0 and self.ended_at is not None and self.ended_at < claim.at:
            return Fraction(), Fraction()
        left = Fraction() if self.ended_at == claim.at else self.quantity - until
        return max(Fraction(), left), max(Fraction(), self.quantity - least)

    def anomalies(self) -> list[str]:
        """The codes that stand now, derived from the facts alone."""
        observed = self.last_observed
        word = observed.observed_status if observed else None
        is_after_end = self.end is not None and observed is not None and observed.at > self.end.at
        has_newer_terms = observed is not None and any(changed.at > observed.at for changed in self.changes("quantity"))
        said = versions_of_fills(self.facts).values()
        standing = {
            "overfill": (stated := self.term("quantity")) is not None and self.cum_quantity > stated,
            "fill_after_end": self.end is not None and any(fill.fact.at > self.end.at for fill in self.fills),
            "quantity_mismatch": self.disagrees(),
            "status_conflict": (word == "filled" and not self.is_filled and not has_newer_terms)
            or (word in {"new", "partially_filled"} and is_after_end)
            or (word in ENDED_STATUSES - {"filled", "denied"} and self.end is None),
            "fill_id_reused": any(not same_numbers(one, other) for facts in said for one in facts for other in facts),
            "unknown_status": word is not None and word not in KNOWN_STATUSES,
            "client_order_id_reused": len(self.venue_order_ids) > 1 + len(self.of("replace")),
            "unknown_order": self.request is None,
        }
        return sorted(code for code, stands in standing.items() if stands)

    def row(self) -> Row:
        """The `order` view."""
        claimed = [(fact.at, number(fact.claims["cum_quantity"])) for fact in self.facts if "cum_quantity" in fact.claims]
        reported = max(claimed)[1] if claimed else None
        return {
            "account": self.facts[0].get("account"),
            "client_order_id": self.client_order_id,
            "working_client_order_id": self.working_client_order_id,
            "venue_order_id": next(reversed(self.venue_order_ids), None),
            "venue_order_ids": self.venue_order_ids,
            "aliases": {name: alias for fact in self.facts for name, alias in (fact.get("aliases") or {}).items()},
            "origin": "own" if self.request else "external",
            **{field: self.given(field) for field in ("instrument", "side", "order_type", "time_in_force")},
            "expire_at": None if self.requested("expire_at") is None else instant(self.requested("expire_at")),
            "post_only": bool(self.requested("post_only")),
            "reduce_only": bool(self.requested("reduce_only")),
            "quantity": self.quantity,
            **{field: self.term(field) for field in ("limit_price", "stop_price")},
            "status": self.status,
            "pending": self.pending,
            "certainty": self.certainty,
            "cum_quantity": self.cum_quantity,
            "leaves_quantity": self.leaves_quantity,
            "average_price": self.average_price,
            "reported_cum_quantity": reported,
            "fees": sum_by_currency((fill.details["fee_currency"], fill.details["fee"]) for fill in self.fills),
            "strategy": self.requested("strategy"),
            "links": self.requested("links"),
            "tags": self.requested("tags") or {},
            "anomalies": self.anomalies(),
            "reason": self.reason,
            "requested_at": self.request.at if self.request else None,
            "submitted_at": max((fact.at for fact in self.of("submit")), default=None),
            "acknowledged_at": min((fact.at for fact in self.of("acknowledge")), default=None),
            "pending_since": self.pending_since,
            "absent_at": max(fact.at for fact in self.of("absent")) if self.is_missing else None,
            "last_fill_at": max((fill.fact.at for fill in self.fills), default=None),
            "ended_at": self.ended_at,
            "updated_at": max(fact.at for fact in self.facts),
            "is_open": not self.has_ended,
        }

    def trade(self, fill: Fill) -> Row:
        """The `trade` view of one standing fill, without `position`: the log also counts what messages do not show."""
        return {
            "account": fill.fact.get("account"),
            "client_order_id": self.client_order_id,
            "venue_order_id": fill.fact.get("venue_order_id") or next(reversed(self.venue_order_ids), None),
            "fill_id": fill.fact.get("fill_id"),
            "instrument": fill.details["instrument"] or self.given("instrument"),
            "side": fill.details["side"] or self.given("side"),
            "quantity": fill.quantity,
            "price": fill.price,
            "fee": None if fill.details["fee"] is None else number(fill.details["fee"]),
            "fee_currency": fill.details["fee_currency"],
            "liquidity": fill.details["liquidity"],
            "at": fill.fact.at,
            "recorded_at": fill.fact.recorded_at,
            "source": fill.fact.get("source") or "venue_push",
            "strategy": self.requested("strategy"),
            "links": self.requested("links"),
            "state": "standing",
        }


def has_part_in(fill: Fact, name: str, claim: Fact) -> bool:
    """Whether a claim must have this fill of its own moment in it: what a fill itself claims is with it."""
    own = fill.claims.get(name)
    if own is None or fill.at != claim.at:
        return False
    claimed = number(claim.claims[name])
    return number(own) <= claimed if name == "cum_quantity" else name == "leaves_quantity" and number(own) >= claimed


def requests_named(requests: list[Fact], answer: Fact, own: str | None) -> list[Fact]:
    """The requests an answer names: by request id or replacement id, else by the id it gives the order, if not its own."""
    named = answer.get("request_id") or answer.get("replacement_client_order_id")
    name = named or (answer.get("client_order_id") if answer.get("client_order_id") != own else None)
    return [asked for asked in requests if name and name in {asked.get("request_id"), asked.get("replacement_client_order_id")}]


# ---- Outcomes (section 1, rules 7 and 12) ----


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


# ---- Profit and loss (section 3) ----

Lot = tuple[Fraction, Fraction]  # signed quantity, price


def worth(lot: Lot, is_inverse: bool) -> Fraction:
    """What a lot is worth before the multiplier: quantity times price; of an inverse instrument, minus quantity over price."""
    return -lot[0] / lot[1] if is_inverse else lot[0] * lot[1]


def open_price(lots: list[Lot], is_inverse: bool) -> Fraction:
    """The mean price of the open lots, harmonic for an inverse instrument; 0 when flat."""
    quantity = sum((lot[0] for lot in lots), Fraction())
    total = sum((worth(lot, is_inverse) for lot in lots), Fraction())
    return Fraction() if not lots else -quantity / total if is_inverse else total / quantity


def trade_lot(lots: list[Lot], lot: Lot, method: str, is_inverse: bool) -> tuple[list[Lot], Fraction]:
    """The lots after a fill, and what closing realized. A fill through zero closes all and opens the rest at its price."""
    left, price = lot
    lots, realized = list(lots), Fraction()
    while left and lots and lots[0][0] * left < 0:
        index = -1 if method == "lifo" else 0
        held, paid = lots.pop(index)
        closed = held if abs(held) <= abs(left) else -left
        realized += worth((closed, price), is_inverse) - worth((closed, paid), is_inverse)
        left += closed
        if held != closed:
            lots.insert(len(lots) if index else 0, (held - closed, paid))
    lots += [(left, price)] if left else []
    mean = open_price(lots, is_inverse)
    return [(sum((held for held, _ in lots), Fraction()), mean)] if method == "average" and lots else lots, realized


def sum_by_currency(amounts: Iterable[tuple[str | None, Any]]) -> dict[str, Fraction]:
    """Amounts stay in their own currency; one that came without is listed under an empty name."""
    totals: dict[str, Fraction] = defaultdict(Fraction)
    for currency, amount in amounts:
        if amount is not None:
            totals[currency or ""] += number(amount)
    return dict(totals)


class Auditor:
    """Keeps every recorded message, and works out each view from all of them whenever asked."""

    def __init__(self) -> None:
        self.log: list[Fact] = []
        self.expected_reason: str | None = None

    def offer(self, message: Message, recorded_at: datetime) -> str:
        """The outcome a valid message must have; it joins the log only when `recorded`."""
        at = instant(recorded_at if message.get("at") is None else message["at"])
        fact = Fact(len(self.log) + 1, message, at, instant(recorded_at))
        orders = self._orders(message["account"]) if fact.is_of_order else []
        order = resolve(orders, message)
        kin = order.facts if order else self._kin(fact)
        self.expected_reason = None
        if is_repetition(fact, kin):
            return "duplicate"
        self.expected_reason = self._refusal(fact, order)
        if self.expected_reason is None:
            self.log.append(fact)
        return "refused" if self.expected_reason else "recorded"

    def _kin(self, fact: Fact) -> list[Fact]:
        """The facts of the same account, or of the same proposal, when it is not of an order."""
        types = next((types for types in (PROPOSAL_TYPES, ACCOUNT_TYPES) if fact.type in types), set())
        same = [known for known in self.log if known.type in types and known.get("account") == fact.get("account")]
        return [known for known in same if known.get("proposal_id") == fact.get("proposal_id")]

    def _refusal(self, fact: Fact, order: Order | None) -> str | None:
        """Only commands are refused; reports and account messages never."""
        if fact.type in PROPOSAL_TYPES:
            return refusal_of_proposal(fact, self._kin(fact))
        if fact.type == "request":
            return "duplicate_client_order_id" if order and order.request else None
        if fact.type == "request_replace" and order and self._is_of_another(fact, order):
            return refusal_of_command(fact, order) or "duplicate_client_order_id"
        if fact.type not in ORDER_COMMANDS:
            return None
        return refusal_of_command(fact, order) if order else "unknown_order"

    def _is_of_another(self, fact: Fact, order: Order) -> bool:
        """Whether the id that a replacement is to have is one of another order of ours."""
        name = fact.get("replacement_client_order_id")
        named = resolve(self._orders(fact.get("account")), {"client_order_id": name, "type": "acknowledge"})
        return bool(name is not None and named and named.request and named.request is not order.request)

    def _orders(self, account: str) -> list[Order]:
        return collect(fact for fact in self.log if fact.get("account") == account and fact.is_of_order)

    def orders(self) -> list[Row]:
        """The `order` view, in the order in which the orders were first heard of."""
        return [order.row() for order in self._all_orders()]

    def trades(self) -> list[Row]:
        """The `trade` view: the standing fills in the order of (`at`, log position)."""
        return [row for _, row in self._trades_in_sequence()]

    def _all_orders(self) -> list[Order]:
        accounts = dict.fromkeys(fact.get("account") for fact in self.log)
        orders = [order for account in accounts for order in self._orders(account)]
        return sorted(orders, key=lambda order: min(fact.position for fact in order.facts))

    def _trades_in_sequence(self) -> list[tuple[Fact, Row]]:
        pairs = [(fill.fact, order.trade(fill)) for order in self._all_orders() for fill in order.fills]
        return sorted(pairs, key=lambda pair: pair[0].when)

    def _about(self, type_: str, account: str, instrument: str | None) -> list[Fact]:
        """The account messages of one type about one instrument, by (`at`, log position)."""
        about = [f for f in self.log if (f.type, f.get("account"), f.get("instrument")) == (type_, account, instrument)]
        return sorted(about, key=lambda fact: fact.when)

    def _definition(self, account: str, instrument: str | None) -> Message:
        """The latest definition of the instrument."""
        return next((fact.message for fact in reversed(self._about("instrument", account, instrument))), {})

    def _mark(self, account: str, instrument: str) -> Fraction | None:
        marks = self._about("mark", account, instrument)
        return number(marks[-1].get("price")) if marks else None

    def _converted(self, account: str, currency: str | None, amounts: dict[str, Fraction]) -> Fraction:
        """The sum in the settlement currency; what has no mark of its own (`BNB-USDT`, `BNB/USDT`, ...) is left out."""
        rates = {name: self._rate(account, name, currency) for name in amounts}
        return sum((amount * (rates[name] or 0) for name, amount in amounts.items()), Fraction())

    def _rate(self, account: str, name: str, currency: str | None) -> Fraction | None:
        if name == currency:
            return Fraction(1)
        marks = [self._mark(account, f"{name}{separator}{currency}") for separator in PAIRS]
        return next((mark for mark in marks if mark is not None), None)

    def pnl(self, method: str = "average") -> list[Row]:
        """The `pnl` view: one row per account and instrument that ever had a standing fill, a funding or an adjustment."""
        trades = self._trades_in_sequence()
        keys = {(row["account"], row["instrument"]) for _, row in trades if row["side"] is not None}
        keys |= {(fact.get("account"), fact.get("instrument")) for fact in self.log if fact.type in {"funding", "adjust"}}
        return [self._pnl_row(*key, method, trades) for key in sorted(key for key in keys if key[1] is not None)]

    def _pnl_row(self, account: str, instrument: str, method: str, all_trades: list[tuple[Fact, Row]]) -> Row:
        trades = [pair for pair in all_trades if (pair[1]["account"], pair[1]["instrument"]) == (account, instrument)]
        trades = [pair for pair in trades if pair[1]["side"] is not None]
        rows = [row for _, row in trades]
        definition = self._definition(account, instrument)
        is_inverse = bool(definition.get("inverse"))
        multiplier = number(definition.get("multiplier") or 1)
        lots, realized = positions(trades, self._about("adjust", account, instrument), method, is_inverse)
        funding = sum_by_currency((f.get("currency"), f.get("amount")) for f in self._about("funding", account, instrument))
        fees = sum_by_currency((row["fee_currency"], row["fee"]) for row in rows)
        seen = {name for name in (*fees, *funding) if name}
        currency = definition.get("currency") or (seen.pop() if len(seen) == 1 else None)
        fees = sum_by_currency((name or currency, amount) for name, amount in fees.items())
        mark = self._mark(account, instrument)
        marked = [] if mark is None else [(held, mark) for held, _ in lots]
        gains = sum((worth(lot, is_inverse) for lot in marked), Fraction()) - sum(
            (worth(lot, is_inverse) for lot in lots), Fraction()
        )
        net = realized * multiplier - self._converted(account, currency, fees) + self._converted(account, currency, funding)
        is_open = currency is None and any((*fees.values(), *funding.values()))
        return {
            "account": account,
            "instrument": instrument,
            "position_quantity": sum((held for held, _ in lots), Fraction()),
            "average_open_price": open_price(lots, is_inverse),
            "realized_pnl": realized * multiplier,
            "fees": fees,
            "funding": funding,
            "net_pnl": None if is_open else net,
            "unrealized_pnl": None if mark is None else gains * multiplier,
            "mark_price": mark,
            "currency": currency,
            "method": method,
            "fills": len(rows),
            "bought_quantity": sum((row["quantity"] for row in rows if row["side"] == "buy"), Fraction()),
            "sold_quantity": sum((row["quantity"] for row in rows if row["side"] == "sell"), Fraction()),
        }


def positions(trades: list[tuple[Fact, Row]], adjusts: list[Fact], method: str, is_inverse: bool) -> tuple[list[Lot], Fraction]:
    """The open lots and what was realized, in the order of (`at`, log position). An adjustment replaces the position."""
    lots, realized = list[Lot](), Fraction()
    steps: list[tuple[Fact, Row | None]] = [*trades, *((fact, None) for fact in adjusts)]
    for fact, row in sorted(steps, key=lambda step: step[0].when):
        if row is None:
            quantity = number(fact.get("quantity"))
            lots = [(quantity, number(fact.get("price")))] if quantity else []
        else:
            signed = row["quantity"] if row["side"] == "buy" else -row["quantity"]
            lots, gain = trade_lot(lots, (signed, row["price"]), method, is_inverse)
            realized += gain
    return lots, realized


# ---- Comparison ----


def differences(expected: Row, found: Row, fields: Iterable[str] | None = None) -> list[str]:
    """What a row of the command line shows otherwise than expected, one sentence per field; all expected fields by default."""
    missing = object()
    return [
        f"{field}: expected {expected[field]!r}, found {found.get(field, 'nothing')!r}"
        for field in (expected if fields is None else fields)
        if not agrees(expected[field], found.get(field, missing))
    ]


def agrees(expected: Any, found: Any) -> bool:
    """Numbers are compared as exact numbers (to 1e-15 where no decimal is exact), times as instants, the rest as it stands."""
    if isinstance(expected, Fraction):
        is_plain = isinstance(found, Decimal) or (isinstance(found, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", found))
        return bool(is_plain) and is_near(expected, Fraction(found))
    if isinstance(expected, datetime):
        return isinstance(found, str | datetime) and instant(found) == expected
    if isinstance(expected, dict):
        return (
            isinstance(found, dict) and expected.keys() == found.keys() and all(agrees(v, found[n]) for n, v in expected.items())
        )
    if isinstance(expected, list):
        return isinstance(found, list) and len(expected) == len(found) and all(map(agrees, expected, found))
    return type(expected) is type(found) and bool(expected == found)


def is_near(expected: Fraction, found: Fraction) -> bool:
    """Equal; a Fraction that no decimal can show needs only agree to 1e-15 of itself."""
    rest = expected.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return expected == found if rest == 1 else abs(expected - found) <= abs(expected) / 10**15
