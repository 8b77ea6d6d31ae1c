"""Cancel and replace requests of one order, and which of them still wait for the venue's answer."""

from dataclasses import dataclass
from datetime import datetime

from orderledger.domain.values import Pending, later


@dataclass(slots=True, kw_only=True)
class Request:
    kind: Pending
    request_id: str | None
    replacement_id: str | None
    at: datetime

    def is_called(self, name: str) -> bool:
        return name in (self.request_id, self.replacement_id)


class Requests:
    """What is outstanding. An answer that names its request answers that one; an anonymous answer, the oldest of its kind.

    An answer may overtake its request in the log; it is kept until the request comes.
    """

    __slots__ = ("_answered_at", "_early", "_observed_at", "_request_ids", "outstanding")

    def __init__(self) -> None:
        self.outstanding: tuple[Request, ...] = ()
        self._early: tuple[tuple[Pending, str | None, datetime], ...] = ()
        self._request_ids: dict[str, Pending] = {}
        self._observed_at: dict[Pending, datetime] = {}
        self._answered_at: dict[Pending, datetime] = {}

    def kind_of(self, request_id: str | None) -> Pending | None:
        """What an earlier request under this id asked for."""
        return None if request_id is None else self._request_ids.get(request_id)

    def ask(self, request: Request) -> None:
        for name in (request.request_id, request.replacement_id):
            if name is not None:
                self._request_ids[name] = request.kind
        early = next((answer for answer in self._early if self._answers(answer, request)), None)
        if early is None:
            self.outstanding += (request,)
        else:
            self._early = tuple(answer for answer in self._early if answer is not early)

    def answer(self, kind: Pending, name: str | None, at: datetime) -> None:
        """The venue has decided on a request, one way or the other."""
        self._answered_at[kind] = later(self._answered_at.get(kind), at) or at
        request = self._find(kind, name)
        if request is None:
            self._early += ((kind, name, at),)
        else:
            self.outstanding = tuple(other for other in self.outstanding if other is not request)

    def observe(self, kind: Pending, at: datetime) -> None:
        """The venue says that a request of this kind waits there."""
        self._observed_at[kind] = later(self._observed_at.get(kind), at) or at

    def pending(self) -> Pending | None:
        """A cancel outranks a replace (FIX precedence 12 and 11)."""
        if not self.outstanding and not self._observed_at:
            return None
        return next((kind for kind in (Pending.CANCEL, Pending.REPLACE) if self._is_pending(kind)), None)

    def pending_since(self) -> datetime | None:
        """When the oldest outstanding request was made, or the venue first showed it."""
        kind = self.pending()
        asked = [request.at for request in self.outstanding if request.kind is kind]
        return min(asked) if asked else self._observed_at.get(kind) if kind else None

    def _is_pending(self, kind: Pending) -> bool:
        if any(request.kind is kind for request in self.outstanding):
            return True
        observed, answered = self._observed_at.get(kind), self._answered_at.get(kind)
        return observed is not None and (answered is None or observed > answered)

    def _find(self, kind: Pending, name: str | None) -> Request | None:
        of_kind = [request for request in self.outstanding if request.kind is kind]
        if name is None:
            return of_kind[0] if of_kind else None
        called = next((request for request in of_kind if request.is_called(name)), None)
        return called or next(
            (request for request in of_kind if request.replacement_id is None and request.request_id is None), None
        )

    @staticmethod
    def _answers(answer: tuple[Pending, str | None, datetime], request: Request) -> bool:
        kind, name, at = answer
        is_named = request.request_id is not None or request.replacement_id is not None
        return kind is request.kind and (request.is_called(name) if name is not None and is_named else at >= request.at)
