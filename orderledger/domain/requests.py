"""Cancel and replace requests of one order, and which of them still wait for the venue's answer."""

from dataclasses import dataclass
from datetime import datetime

from orderledger.domain.events import CancelRequested, ReplaceRequested
from orderledger.domain.values import Pending, later


@dataclass(slots=True, frozen=True)
class Asked:
    """One of our requests. `turn` is its place in the order's history."""

    kind: Pending
    names: frozenset[str]
    at: datetime
    turn: int


@dataclass(slots=True, frozen=True)
class Answered:
    """The venue's decision on a request, named or not."""

    kind: Pending
    name: str | None
    at: datetime
    turn: int

    def may_answer(self, asked: Asked) -> bool:
        """It came after the request: by the log, or by the clocks where it has overtaken the request in the log."""
        return self.turn > asked.turn or self.at >= asked.at


class Requests:
    """What is outstanding. An answer that names a request answers that one, however often told; any other, the oldest left."""

    __slots__ = ("_answered_at", "_answers", "_asked", "_by_id", "_names", "_observed_at", "_turn")

    def __init__(self) -> None:
        self._asked: tuple[Asked, ...] = ()
        self._answers: tuple[Answered, ...] = ()
        self._by_id: dict[str, CancelRequested | ReplaceRequested] = {}
        self._names: frozenset[tuple[Pending, str | None]] = frozenset()
        self._observed_at: dict[Pending, datetime] = {}
        self._answered_at: dict[Pending, datetime] = {}
        self._turn = 0

    def known(self, request_id: str | None) -> CancelRequested | ReplaceRequested | None:
        """What was asked for under this id."""
        return None if request_id is None else self._by_id.get(request_id)

    def replacement_id(self, name: str | None) -> str | None:
        """The id of ours that is in force once the venue has accepted the replace of this name: its own, or its request's."""
        asked = self.known(name)
        if asked is None:
            return name
        return asked.replacement_client_order_id if isinstance(asked, ReplaceRequested) else None

    def ask(self, event: CancelRequested | ReplaceRequested, at: datetime) -> None:
        kind = Pending.CANCEL if isinstance(event, CancelRequested) else Pending.REPLACE
        replacement_id = event.replacement_client_order_id if isinstance(event, ReplaceRequested) else None
        if event.request_id is not None:
            self._by_id.setdefault(event.request_id, event)
        names = frozenset(name for name in (event.request_id, replacement_id) if name is not None)
        self._names |= {(kind, name) for name in names}
        self._asked += (Asked(kind, names, at, self._next_turn()),)
        self._forget_settled()

    def answer(self, kind: Pending, name: str | None, at: datetime) -> None:
        """The venue has decided on a request, one way or the other."""
        self._answered_at[kind] = later(self._answered_at.get(kind), at) or at
        self._answers += (Answered(kind, name, at, self._next_turn()),)
        self._forget_settled()

    def observe(self, kind: Pending, at: datetime) -> None:
        """The venue says that a request of this kind waits there."""
        self._observed_at[kind] = later(self._observed_at.get(kind), at) or at

    def pending(self) -> Pending | None:
        """A cancel outranks a replace (FIX precedence 12 and 11)."""
        if not self._asked and not self._observed_at:
            return None
        return next((kind for kind in (Pending.CANCEL, Pending.REPLACE) if self._is_pending(kind)), None)

    def pending_since(self) -> datetime | None:
        """When the oldest outstanding request was made, or the venue first showed it."""
        kind = self.pending()
        asked = [request.at for request in self._outstanding(kind)] if kind else []
        return min(asked) if asked else self._observed_at.get(kind) if kind else None

    def _is_pending(self, kind: Pending) -> bool:
        if self._outstanding(kind):
            return True
        observed, answered = self._observed_at.get(kind), self._answered_at.get(kind)
        return observed is not None and (answered is None or observed > answered)

    def _outstanding(self, kind: Pending) -> list[Asked]:
        waiting = [asked for asked in self._asked if asked.kind is kind]
        free = []
        for answer in (answer for answer in self._answers if answer.kind is kind):
            named = next((asked for asked in waiting if answer.name in asked.names), None)
            if named is not None:
                waiting.remove(named)
            elif (kind, answer.name) not in self._names:  # else it was answered before
                free.append(answer)
        for answer in sorted(free, key=lambda answer: (answer.at, answer.turn)):
            oldest = next((asked for asked in sorted(waiting, key=_age) if answer.may_answer(asked)), None)
            if oldest is not None:
                waiting.remove(oldest)
        return waiting

    def _forget_settled(self) -> None:
        """Drop a pair that nothing can part any more: matched by name, or a nameless answer to the only request, nameless too."""
        for answer in self._answers:
            for asked in self._asked:
                is_named_pair = answer.name in asked.names
                is_nameless_pair = answer.name is None and not asked.names and answer.turn > asked.turn and self._is_only(asked)
                if answer.kind is asked.kind and (is_named_pair or is_nameless_pair):
                    self._answers = tuple(other for other in self._answers if other is not answer)
                    self._asked = tuple(other for other in self._asked if other is not asked)
                    return

    def _is_only(self, asked: Asked) -> bool:
        return not any(other.kind is asked.kind and other is not asked for other in self._asked)

    def _next_turn(self) -> int:
        self._turn += 1
        return self._turn


def _age(asked: Asked) -> tuple[datetime, int]:
    return asked.at, asked.turn
