"""Cancel and replace requests of one order, and those that await an answer.

An answer that names a request settles that one, however often it is repeated. An unknown name
settles nothing. Answers without a name settle the remaining requests, the oldest first, in whatever
order both were recorded.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from orderledger.domain.orders.when import When, last
from orderledger.domain.values import Pending

Named = tuple[Pending, str]
"""A kind of request, and a name that an answer may give it."""


class Asked(NamedTuple):
    """One of our requests, the terms that a replace asks for, and the time after which the venue
    refuses it."""

    when: When
    kind: Pending
    request_id: str | None
    replacement_id: str | None = None
    terms: Mapping[str, Any] = {}
    expires_at: datetime | None = None


class UnnamedAnswer(NamedTuple):
    """An answer of the venue that names no request."""

    when: When
    is_accepted: bool


class NewId(NamedTuple):
    """An accepted replace with a name: the id of the new leg, or of its request."""

    when: When
    name: str


@dataclass(slots=True)
class Line:
    """Requests of one kind without a named answer, and answers without a name, both sorted by
    time."""

    requests: list[Asked] = field(default_factory=list)
    answers: list[UnnamedAnswer] = field(default_factory=list)

    @property
    def outstanding(self) -> Sequence[Asked]:
        """The remaining requests, the oldest first. Each answer has settled one."""
        return self.requests[len(self.answers) :]

    def remove(self, asked: Asked) -> None:
        place = bisect_left(self.requests, asked)
        if place < len(self.requests) and self.requests[place] == asked:
            del self.requests[place]

    def accepted_id(self) -> NewId | None:
        """The id of the latest leg that an answer without a name put in force. Only if there was
        exactly one request to answer."""
        for number in range(min(len(self.answers), len(self.requests)) - 1, -1, -1):
            asked, answer = self.requests[number], self.answers[number]
            is_only = (
                number + 1 == len(self.requests) or self.requests[number + 1].when > answer.when
            )
            if answer.is_accepted and asked.replacement_id is not None and is_only:
                return NewId(answer.when, asked.replacement_id)
        return None


class Requests:
    """Our requests about the order, and the venue's answers."""

    __slots__ = (
        "_accepted",
        "_answered",
        "_by_id",
        "_has_replacement_ids",
        "_lines",
        "_named",
        "_new_ids",
        "_observed",
        "_refusals",
        "_settled",
    )

    def __init__(self) -> None:
        self._lines: dict[Pending, Line] = {}
        self._by_id: dict[str, Asked] = {}
        self._named: dict[Named, Asked] = {}
        self._settled: set[Named] = set()
        self._refusals: dict[Named, list[UnnamedAnswer]] = {}
        self._accepted: set[str] = set()
        self._new_ids: list[NewId] = []
        self._has_replacement_ids = False
        self._observed: dict[Pending, When] = {}
        self._answered: dict[Pending, When] = {}

    # Queries

    def known(self, request_id: str | None) -> Asked | None:
        """The request with this id."""
        return None if request_id is None else self._by_id.get(request_id)

    def ids(self) -> Iterator[str]:
        """The ids of all requests, answered or not."""
        return iter(self._by_id)

    def pending(self, after: When | None = None) -> Pending | None:
        """The kind of request that awaits an answer. A cancel outranks a replace (FIX precedence 12
        and 11).

        `after`: an end of the order that answered all requests before it.
        """
        oldest = self.oldest(after)
        return None if oldest is None else oldest.kind

    def oldest(self, after: When | None = None) -> Asked | None:
        """The oldest outstanding request, or the one that the venue last reported. A cancel
        outranks a replace."""
        if not self._lines and not self._observed:
            return None
        kinds = (Pending.CANCEL, Pending.REPLACE)
        found = (self._oldest(kind, after) for kind in kinds)
        return next((asked for asked in found if asked is not None), None)

    def oldest_id(self, kind: Pending) -> str | None:
        """The id of the oldest request of this kind that awaits an answer."""
        outstanding = self._lines[kind].outstanding if kind in self._lines else ()
        return outstanding[0].request_id if outstanding else None

    def largest_quantity(self) -> Decimal | None:
        """The largest total among the replaces that await an answer. None if none of them changes
        the quantity."""
        return max(self._asked_for("quantity"), default=None)

    def limit_prices(self) -> list[Decimal]:
        """The limit prices that replaces ask for and that await an answer."""
        return list(self._asked_for("limit_price"))

    def _asked_for(self, name: str) -> Iterator[Decimal]:
        """The values of this term in the replaces that await an answer."""
        line = self._lines.get(Pending.REPLACE)
        for asked in () if line is None else line.outstanding:
            if name in asked.terms:
                yield asked.terms[name]

    def working_id(self) -> str | None:
        """The client order id of the leg in force. None if no replace has set one."""
        line = self._lines.get(Pending.REPLACE)
        nameless = line.accepted_id() if line is not None and self._has_replacement_ids else None
        for new in reversed(self._new_ids):
            if nameless is not None and nameless.when > new.when:
                break
            if (name := self._leg_of(new.name)) is not None:
                return name
        return None if nameless is None else nameless.name

    # Changes

    def ask(self, asked: Asked) -> None:
        """Add a cancel or replace request of ours."""
        _, kind, request_id, replacement_id, *_ = asked
        names = [(kind, name) for name in (request_id, replacement_id) if name is not None]
        if request_id is not None:
            self._by_id.setdefault(request_id, asked)
        for name in names:
            self._named.setdefault(name, asked)
        if not any(name in self._settled for name in names):
            insort(self._line(kind).requests, asked)
        self._has_replacement_ids = self._has_replacement_ids or replacement_id is not None
        for name in names:
            self._classify(name)
        if replacement_id is not None:
            self._classify((Pending.CANCEL, replacement_id))

    def refuse(
        self, kind: Pending, when: When, *, request_id: str | None, called: str | None
    ) -> None:
        """Add a refusal of a request by the venue. `called`: the id that it gives the order, if it
        is not the order's own."""
        answer = self._note_answer(kind, when, is_accepted=False)
        if request_id is not None:
            self._settle((kind, request_id))
        elif called is not None:
            self._refusals.setdefault((kind, called), []).append(answer)
            self._classify((kind, called))
        else:
            insort(self._line(kind).answers, answer)

    def accept(self, when: When, *, replacement_id: str | None, called: str | None) -> None:
        """Add a replace of the order by the venue."""
        answer = self._note_answer(Pending.REPLACE, when, is_accepted=True)
        name = replacement_id or called
        if name is None:
            insort(self._line(Pending.REPLACE).answers, answer)
            return
        self._settle((Pending.REPLACE, name))
        insort(self._new_ids, NewId(when, name))
        self._accepted.add(self._leg_of(name) or name)
        for kind in Pending:
            self._classify((kind, name))

    def observe(self, kind: Pending, when: When) -> None:
        """Note that the venue reports a pending request of this kind."""
        self._observed[kind] = last(self._observed.get(kind), when) or when

    # Internals

    def _oldest(self, kind: Pending, after: When | None) -> Asked | None:
        """The oldest outstanding request of this kind after that end, or the one that the venue
        last reported."""
        line = self._lines.get(kind)
        for asked in () if line is None else line.outstanding:
            if after is None or asked.when > after:
                return asked
        observed, answered = self._observed.get(kind), last(self._answered.get(kind), after)
        is_open = observed is not None and (answered is None or observed > answered)
        return Asked(observed, kind, None) if observed is not None and is_open else None

    def _note_answer(self, kind: Pending, when: When, *, is_accepted: bool) -> UnnamedAnswer:
        self._answered[kind] = last(self._answered.get(kind), when) or when
        return UnnamedAnswer(when, is_accepted)

    def _settle(self, name: Named) -> None:
        """Settle the request with this name, now or when it is recorded."""
        self._settled.add(name)
        if (asked := self._named.get(name)) is not None:
            self._line(name[0]).remove(asked)

    def _classify(self, name: Named) -> None:
        """Match refusals that call the order by this id.

        They settle the request of that name. If the id is one of the order's own, the id of an
        accepted replace, or not a request's at all, they name no request.
        """
        refusals = self._refusals.get(name)
        if not refusals:
            return
        kind, called = name
        if name in self._named and called not in self._accepted:
            self._settle(name)
        elif called in self._accepted or (Pending.REPLACE, called) in self._named:
            for answer in self._refusals.pop(name):
                insort(self._line(kind).answers, answer)

    def _leg_of(self, name: str) -> str | None:
        """The id of the leg that a replace with this name put in force: the name is its own id, or
        its request's."""
        asked = self._by_id.get(name)
        return name if asked is None else asked.replacement_id

    def _line(self, kind: Pending) -> Line:
        line = self._lines.get(kind)
        if line is None:
            line = self._lines[kind] = Line()
        return line
