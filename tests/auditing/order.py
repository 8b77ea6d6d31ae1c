"""One order: its terms, its fills, its status and what is outstanding (section 2)."""

from datetime import datetime
from fractions import Fraction
from functools import cached_property
from itertools import takewhile
from typing import Any

import tests.auditing.legs as legs
from tests.auditing.facts import NO_SEQUENCE, PRICED, Fact, Moment, When, instant, number
from tests.auditing.fills import (
    Fill,
    is_repeated,
    is_same_fill,
    standing_fills,
    told_in,
    without_late_repetitions,
)

ENDED_STATUSES = {"filled", "canceled", "rejected", "denied", "expired"}
ANSWERS = {"cancel": {"cancel_rejected"}, "replace": {"replaced", "replace_rejected"}}


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
        return self.latest(field, facts)

    def of_position(self, field: str) -> Any:
        """`position_side` or `position_id`: the request's word, else the latest that a report
        gave."""
        return self.requested(field) or self.latest(
            field, [fact for fact in self.facts if fact.is_report]
        )

    def latest(self, field: str, facts: list[Fact]) -> Any:
        """The latest word for it. What reports of one fill repeat was said at the earliest of their
        times."""
        said = []
        for fact in facts:
            if fact.get(field) is not None:
                same = [
                    one
                    for one in facts
                    if is_repeated(one, fact) and one.get(field) == fact.get(field)
                ]
                said.append((min((one.when for one in same), default=fact.when), fact.get(field)))
        return max(said, key=lambda one: one[0], default=(None, None))[1]

    def requested(self, field: str) -> Any:
        return self.request.get(field) if self.request else None

    @property
    def legs(self) -> list[Any]:
        """The legs of a combination; none of another order."""
        return list(self.requested("legs") or [])

    def changes(self, field: str) -> list[Fact]:
        return [fact for fact in self.of("replaced", "restated") if fact.get(field) is not None]

    def term(self, field: str) -> Fraction | None:
        """Rules 6 and 10: what a replace or a restate set last, else what was requested; a request
        to replace changes nothing."""
        value = self.in_force(field)
        return None if value is None else number(value)

    def in_force(self, field: str) -> Any:
        """As `term`, of words too."""
        return ([self.requested(field)] + [fact.get(field) for fact in self.changes(field)])[-1]

    @property
    def quantity(self) -> Fraction | None:
        """In force; of an order we did not request, what the venue last claimed it to be."""
        known = self.term("quantity")
        told = [
            (fact.at, index, fact)
            for index, fact in enumerate(self.facts)
            if "quantity" in fact.claims
        ]
        return (
            number(max(told)[2].claims["quantity"])
            if known is None and told and not self.request
            else known
        )

    @property
    def client_order_id(self) -> str | None:
        """Ours, or of an external order the earliest id given."""
        if self.request:
            return str(self.request.get("client_order_id"))
        return next(
            (
                fact.get("client_order_id")
                for fact in self.facts
                if fact.get("client_order_id") is not None
            ),
            None,
        )

    @property
    def working_client_order_id(self) -> str | None:
        """The id of the leg that the venue accepted last: the one it named, or that of the only
        request that a replace without a name can have answered."""
        legs = [
            (fact.when, self.leg_named_by(fact))
            for fact in self.of("replaced")
            if name_in(fact, self) is not None
        ]
        for asked, answer in nameless_pairs(self, "replace"):
            later = [
                other
                for other in requests_left(self, "replace")
                if asked.when < other.when < answer.when
            ]
            if answer.type == "replaced" and not later:
                legs.append((answer.when, asked.get("replacement_client_order_id")))
        return next(
            (name for _, name in sorted(legs, reverse=True) if name is not None),
            self.client_order_id,
        )

    def leg_named_by(self, answer: Fact) -> str | None:
        """The id that a replace puts in force under the name it gives: its own, or that of the
        request so named."""
        name = name_in(answer, self)
        asked = next(
            (
                f
                for f in self.of("request_cancel", "request_replace")
                if f.get("request_id") == name
            ),
            None,
        )
        return name if asked is None else asked.get("replacement_client_order_id")

    @property
    def venue_order_ids(self) -> list[str]:
        """In the order of their first mention by the venue's time (of one time: in the log); the
        last is the current one."""
        mentions = [
            (fact.when, fact.get("venue_order_id"))
            for fact in self.facts
            if fact.get("venue_order_id") is not None
        ]
        in_log = sorted(
            (fact for fact in self.facts if fact.get("venue_order_id") is not None),
            key=lambda fact: fact.position,
        )
        names = dict.fromkeys(fact.get("venue_order_id") for fact in in_log)
        return sorted(
            names, key=lambda name: min(when for when, given in mentions if given == name)
        )

    def venue_order_id_at(self, moment: datetime) -> str | None:
        """The one whose first mention is the latest by then; before any, the first."""
        named = [fact for fact in self.facts if fact.get("venue_order_id") is not None]
        then = {fact.get("venue_order_id") for fact in named if fact.at <= moment}
        borne = [name for name in self.venue_order_ids if name in then] or self.venue_order_ids[:1]
        return borne[-1] if borne else None

    @cached_property
    def fills(self) -> list[Fill]:
        return standing_fills(self.facts)

    @property
    def cum_quantity(self) -> Fraction:
        """Rule 3: the sum of the fills that stand; of a combination whole units."""
        if self.legs:
            return legs.units(self)
        return sum((fill.quantity for fill in self.fills), Fraction())

    @property
    def average_price(self) -> Fraction | None:
        if self.legs:
            return legs.price(self)
        return (
            sum((fill.quantity * fill.price for fill in self.fills), Fraction()) / self.cum_quantity
            if self.fills
            else None
        )

    @property
    def reported_ends(self) -> list[Fact]:
        """All that ended it (rule 7: a reject as `duplicate_order` does not end an order that
        works, or was sent again)."""
        is_working = any(fact.shows_work for fact in self.facts) or len(self.of("submit")) > 1
        said = [
            fact
            for fact in self.facts
            if fact.end_word and not (is_working and fact.is_duplicate_reject)
        ]
        undone = [back.when for back in self.of("reinstated")] + self.taken_up_again
        return [fact for fact in said if all(fact.when > when for when in undone)]

    @property
    def given_up(self) -> list[Fact]:
        """Denials of what never arrived."""
        return [fact for fact in self.of("deny") if fact.get("never_arrived")]

    @property
    def taken_up_again(self) -> list[When]:
        """Until when ends do not count: it was sent again after such a denial."""
        return [
            max(again.when, denied.when)
            for again in self.of("submit")
            for denied in self.given_up
            if denied.position < again.position
        ]

    @property
    def is_given_up(self) -> bool:
        """Denied because it never arrived, and not sent again since."""
        sent = max((fact.position for fact in self.of("submit")), default=-1)
        is_last = any(fact.position > sent for fact in self.given_up)
        return is_last and self.status == "denied" and not self.heard

    @property
    def shown(self) -> Moment | None:
        """When the venue last showed it open to one who looked."""
        return max((fact.shown for fact in self.facts if fact.shown is not None), default=None)

    @property
    def said_ends(self) -> list[Fact]:
        """Those that count: an order that is not filled is open again once the venue shows it open
        after its end (rule 4)."""
        shown = self.shown
        if shown is None or self.is_filled:
            return self.reported_ends
        return [fact for fact in self.reported_ends if fact.moment >= shown]

    @property
    def end(self) -> Fact | None:
        return self.deciding(self.said_ends)

    @property
    def undone_end(self) -> Fact | None:
        """The end after which the venue showed it open, if no later one was reported."""
        shown = self.shown
        if self.end is not None or shown is None or not self.reported_ends:
            return None
        return (
            None
            if max(fact.moment for fact in self.reported_ends) >= shown
            else self.deciding(self.reported_ends)
        )

    def deciding(self, said: list[Fact]) -> Fact | None:
        """The deciding end: the later of canceled and expired, else rejected, else denied, unless
        the venue works it. Each kind of end counts as it was first said to have happened; of one
        moment, as it was said last."""
        ends: dict[str, Fact] = {}
        for fact in said:
            first = ends.get(str(fact.end_word))
            if first is None or fact.moment == first.moment:
                ends[str(fact.end_word)] = fact
        closing = [ends[word] for word in ("expired", "canceled") if word in ends]
        ours = None if any(fact.shows_work for fact in self.facts) else ends.get("denied")
        return max(closing, key=lambda fact: fact.when) if closing else ends.get("rejected") or ours

    @property
    def is_denied_in_vain(self) -> bool:
        """Denied as never sent, and shown by the venue to have arrived: it works the order, or has
        ended it."""
        words = {fact.end_word for fact in self.reported_ends}
        is_there = any(fact.shows_work or fact.is_duplicate_reject for fact in self.facts)
        return "denied" in words and (is_there or len(words) > 1)

    @property
    def session(self) -> Fact | None:
        """Where the order stands between done for the day, suspended, stopped and going on: the
        latest of them. A look at a day order whose day was done does not open it again."""
        sessions = [fact for fact in reversed(self.facts) if fact.is_of_session]
        told = next(
            (
                fact
                for fact in sessions
                if fact.type != "status_observed" or fact.get("status") == "done_for_day"
            ),
            None,
        )
        is_over = told is not None and told.session_word == "done_for_day" and not self.is_kept
        return told if is_over else next(iter(sessions), None)

    @property
    def is_kept(self) -> bool:
        """Whether it outlives the day."""
        return self.requested("time_in_force") in {"gtc", "gtd"}

    @property
    def last_observed(self) -> Fact | None:
        return next(
            (fact for fact in reversed(self.facts) if fact.observed_status is not None), None
        )

    @property
    def is_filled(self) -> bool:
        if self.quantity is None:
            return self.cum_quantity > 0 and any(
                "filled" in {fact.get("status"), (fact.get("reported") or {}).get("status")}
                for fact in self.facts
            )
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
        if self.fills:
            return "partially_filled"
        return "new" if any(fact.shows_work for fact in self.facts) else "pending_new"

    @property
    def is_of_another_day(self) -> bool:
        """Of an order that outlives the day, a day that was done is over once a fill has happened
        on a later one."""
        if self.session is None or self.session.session_word != "done_for_day":
            return False
        return self.is_kept and any(fill.at.date() > self.session.at.date() for fill in self.fills)

    @property
    def has_ended(self) -> bool:
        """Rule 2: done for the day ends a day order; one that is good till canceled or a date goes
        on, unless it is filled."""
        if self.status == "done_for_day":
            return self.is_filled or not self.is_kept
        return self.status in ENDED_STATUSES

    @property
    def ended_at(self) -> datetime | None:
        """When the deciding end was; of a filled order, its last fill, or when it was made as small
        as what was filled."""
        if not self.has_ended:
            return None
        if self.status == "filled" or (self.status == "done_for_day" and self.is_kept):
            return max([fill.at for fill in self.fills] + self.shrunk_at)
        ending = self.session if self.status == "done_for_day" else self.end
        return ending.at if ending else None

    @property
    def shrunk_at(self) -> list[datetime]:
        """When the quantity in force became no more than what is filled, if a change made it so."""
        changes = self.changes("quantity")
        since = list(
            takewhile(
                lambda fact: number(fact.get("quantity")) <= self.cum_quantity, reversed(changes)
            )
        )
        was_so = (
            len(since) == len(changes)
            and self.requested("quantity") is not None
            and number(self.requested("quantity")) <= self.cum_quantity
        )
        return [since[-1].at] if since and not was_so else []

    @property
    def reason(self) -> str | None:
        """Why it ended, by whoever gave a reason first; that it was a duplicate gives way to
        another reason of the same time."""
        said = [fact for fact in self.said_ends if self.end and fact.end_word == self.end.end_word]
        given = [fact for fact in said if fact.get("reason") is not None]
        first = min(given, key=lambda fact: fact.when, default=None)
        return None if first is None else str(first.get("reason"))

    @property
    def leaves_quantity(self) -> Fraction | None:
        """Null as long as an order of ours has only a quote quantity."""
        if self.has_ended and not (self.request and self.quantity is None):
            return Fraction()
        return None if self.quantity is None else max(Fraction(), self.quantity - self.cum_quantity)

    def outstanding(self, kind: str) -> list[Fact]:
        """The requests of this kind that wait. A named answer settles that request, or nothing;
        each other the oldest left."""
        return requests_left(self, kind)[len(nameless_answers(self, kind)) :]

    def seen_pending(self, kind: str) -> list[Fact]:
        """Where the venue showed a request of this kind that it had not decided on."""
        answered = [answer.when for answer in self.of(*ANSWERS[kind])]
        return [
            f
            for f in self.of("status_observed")
            if f.get("pending") == kind and all(when < f.when for when in answered)
        ]

    @property
    def pending(self) -> str | None:
        """`cancel` outranks `replace`; nothing is outstanding while the order has ended, whatever
        ended it."""
        if self.has_ended:
            return None
        return next((kind for kind in ("cancel", "replace") if self.waiting(kind)), None)

    def waiting(self, kind: str) -> list[Fact]:
        """The outstanding requests, else the last time that the venue showed one: since an end that
        the venue took back."""
        asked, seen = (
            [fact for fact in facts if self.undone_end is None or fact.when > self.undone_end.when]
            for facts in (self.outstanding(kind), self.seen_pending(kind))
        )
        return asked or seen[-1:]

    @property
    def pending_since(self) -> datetime | None:
        """When the oldest outstanding request was made; of one that only the venue showed, when it
        last did."""
        return None if self.pending is None else self.waiting(self.pending)[0].at

    @property
    def pending_request(self) -> Any:
        """What the oldest outstanding request asks for. One that only the venue showed has no id
        and no terms."""
        if self.pending is None:
            return None
        asked = self.waiting(self.pending)[0]
        names = ("request_id", "replacement_client_order_id")
        is_ours = asked.type == f"request_{self.pending}"
        known = {name: asked.get(name) if is_ours else None for name in names}
        terms = {name: asked.get(name) for name in PRICED if is_ours and asked.get(name)}
        return {"kind": self.pending, **known, **terms}

    @property
    def certainty(self) -> str:
        """Rule 8: a lost answer or a missing row leaves the order unresolved until evidence
        comes."""
        asked = self.waiting(self.pending)[0] if self.pending else None
        is_unanswered = any(
            not self.heard
            or (
                asked is not None
                and lost.when > asked.when
                and all(lost.when > when for when in self.heard)
            )
            for lost in self.of("unresolved")
        )
        return (
            "unresolved"
            if not self.has_ended and (self.is_missing or is_unanswered)
            else "confirmed"
        )

    @property
    def heard(self) -> list[When]:
        """When the venue showed that it knows the order: a refusal of what it calls an unknown
        order does not. The answer to a query shows it for the time of the query too."""
        facts = [
            fact
            for fact in without_late_repetitions(self.facts)
            if fact.is_report and fact.type != "absent"
        ]
        heard = [fact for fact in facts if not fact.is_unknown_to_venue]
        asked = [
            instant(fact.get("asked_at")) for fact in heard if fact.get("asked_at") is not None
        ]
        return [*(self._told(fact) for fact in heard), *((at, NO_SEQUENCE, 0) for at in asked)]

    def _told(self, fact: Fact) -> When:
        """The place of a report; the first report of a fill has that of the fill."""
        same = [
            fact,
            *(other for other in self.facts if other is not fact and is_same_fill(other, fact)),
        ]
        is_fill = fact.type in {"fill", "fill_corrected"}
        return (
            told_in(same) if is_fill and fact.when == min(one.when for one in same) else fact.when
        )

    @property
    def is_missing(self) -> bool:
        """Asked after all that, the venue did not know it."""
        return any(all(gone.when > when for when in self.heard) for gone in self.of("absent"))


def name_in(answer: Fact, order: Order) -> str | None:
    """The name by which an answer calls a request: a request id or replacement id, else the id by
    which it calls one of our orders, if that is not the order's own."""
    named = answer.get("request_id") or answer.get("replacement_client_order_id")
    called = answer.get("client_order_id")
    return named or (called if order.request and called != order.client_order_id else None)


def names_of(asked: Fact) -> set[str]:
    return {asked.get("request_id"), asked.get("replacement_client_order_id")} - {None}


def is_nameless(answer: Fact, order: Order, kind: str) -> bool:
    """Whether an answer names no request: it gives no name, or, being a refusal, calls the order by
    an id that is the order's own because a replace put it in force, or by one of a replace where a
    cancel is refused."""
    name = name_in(answer, order)
    if name is None or answer.get("request_id") or answer.type == "replaced":
        return name is None
    legs = {order.leg_named_by(fact) or name_in(fact, order) for fact in order.of("replaced")}
    is_of_kind = any(name in names_of(asked) for asked in order.of(f"request_{kind}"))
    is_replacement = any(name in names_of(asked) for asked in order.of("request_replace"))
    return name in legs or (is_replacement and not is_of_kind)


def nameless_answers(order: Order, kind: str) -> list[Fact]:
    return [answer for answer in order.of(*ANSWERS[kind]) if is_nameless(answer, order, kind)]


def requests_left(order: Order, kind: str) -> list[Fact]:
    """The requests that no answer has named."""
    answers = [fact for fact in order.of(*ANSWERS[kind]) if not is_nameless(fact, order, kind)]
    named = {name_in(answer, order) for answer in answers}
    return [asked for asked in order.of(f"request_{kind}") if not names_of(asked) & named]


def nameless_pairs(order: Order, kind: str) -> list[tuple[Fact, Fact]]:
    """The oldest request that is left and the oldest answer without a name, the next of both, and
    so on."""
    return list(zip(requests_left(order, kind), nameless_answers(order, kind), strict=False))
