"""Which answers of a venue prove that it has not accepted a request. Every other answer leaves the
outcome unknown.

A venue's table has a row for each proof, with its source. Any answer without a row is Unanswered:
an undocumented code, "timeout", "busy", "internal", and every 5xx, which `Sender` does not even
pass on. So is a duplicate: it proves that an order with this id exists, but not that its first
submission was refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from orderledger import CancelRejected, Rejected, ReplaceRejected
from orderledger.extend.messages import Report
from orderledger.venues.errors import Unanswered

DUPLICATE_ORDER = "duplicate_order"
NOT_PROVED = "refusal_not_proved"
"""Reasons of Unanswered."""
TOO_MANY_REQUESTS = "too_many_requests"
"""The reason of a refusal by a rate limit."""
WOULD_TRIGGER = "would_trigger"
"""The reason of a refusal because the market has passed the trigger price already."""

ANY_ANSWER = (Rejected, CancelRejected, ReplaceRejected)
STATED, STATED_4XX = "stated", "stated_4xx"
"""Codes of an answer in the form of the venue's refusals: with any status, and with a status of
400 to 499.
"""
FORMS = frozenset({STATED, STATED_4XX})

DOUBTFUL = re.compile(
    r"time.?out|timed out|busy|internal|try again|unavailable|unknown error|overload", re.IGNORECASE
)
"""Sentences that prove nothing, whatever their status. A documented code still counts."""


class Mark(StrEnum):
    """The meaning of an answer to a request."""

    REFUSED = "refused"
    """Nothing was accepted, and nothing works."""
    TURNED_AWAY = "turned_away"
    """The same, refused before the venue looked at the order. It may be sent again later."""
    DUPLICATE = "duplicate"
    """An order with this client id exists, or existed: not a refusal."""
    NOT_WORKING = "not_working"
    """The order to cancel or change is unknown, or has ended. Proves nothing about a new order."""
    UNPROVED = "unproved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A row of a venue's table.

    `codes`: the venue's codes, `http_401` for a status, or a form; any if empty. `says`: text that
    its sentence has to contain. `answers`: the kinds of refusal that the row covers. `reason`: the
    ledger's word. `source`: the document that states it.
    """

    reason: str
    source: str
    codes: frozenset[str] = frozenset()
    says: re.Pattern[str] | None = None
    answers: Sequence[type[Report]] = ANY_ANSWER
    mark: Mark = Mark.REFUSED

    def holds(self, answer: type[Report], codes: Sequence[str], sentence: str) -> bool:
        """Whether the row matches this answer."""
        if answer not in self.answers or (self.says is not None and not self.says.search(sentence)):
            return False
        if self.codes and self.codes.isdisjoint(codes):
            return False
        return bool(self.codes - FORMS) or not DOUBTFUL.search(sentence)


class Refusals:
    """The table of one venue. The first row that matches decides."""

    def __init__(self, *proofs: Proof) -> None:
        self.proofs = proofs

    def reason(self, answer: type[Report], codes: Sequence[str], sentence: str) -> str:
        """The ledger's word for a refusal. Raises Unanswered if it is not proved, or is a
        duplicate.
        """
        line = next((line for line in self.proofs if line.holds(answer, codes, sentence)), None)
        if line is None:
            raise Unanswered(NOT_PROVED, f"{', '.join(codes)}: {sentence}"[:400])
        if line.mark is Mark.DUPLICATE:
            raise Unanswered(DUPLICATE_ORDER, f"an order with this id exists: {sentence}"[:400])
        return line.reason

    def turns_away(self, code: str) -> bool:
        """Whether a code states that the venue did not look at the request."""
        return any(line.mark is Mark.TURNED_AWAY and code in line.codes for line in self.proofs)


def coded(
    *codes: object,
    reason: str,
    source: str,
    says: str | None = None,
    answers: Sequence[type[Report]] = ANY_ANSWER,
    mark: Mark = Mark.REFUSED,
) -> Proof:
    """A row for these codes. `says`: a part of the sentence, as a regular expression that
    ignores case.
    """
    pattern = None if says is None else re.compile(says, re.IGNORECASE)
    return Proof(
        reason=reason,
        source=source,
        codes=frozenset(map(str, codes)),
        says=pattern,
        answers=answers,
        mark=mark,
    )


def each_coded(
    reasons: Mapping[str, str], *, source: str, answers: Sequence[type[Report]] = ANY_ANSWER
) -> list[Proof]:
    """A line for each code with its reason, all from one document."""
    return [
        coded(code, reason=reason, source=source, answers=answers)
        for code, reason in reasons.items()
    ]


def says(
    part: str,
    *,
    reason: str,
    source: str,
    answers: Sequence[type[Report]] = ANY_ANSWER,
    mark: Mark = Mark.REFUSED,
) -> Proof:
    """A row for sentences with this part."""
    return coded(reason=reason, source=source, says=part, answers=answers, mark=mark)


def codes_of(status: int, *stated: object) -> list[str]:
    """The codes of an answer. `stated`: those in its document, if it has the form of the venue's
    refusals.
    """
    forms = ([STATED, STATED_4XX] if 400 <= status < 500 else [STATED]) if stated else []
    return [*map(str, stated), f"http_{status}", *forms]


UNAUTHORIZED = coded(
    "http_401",
    "http_403",
    reason="unauthorized",
    source="RFC 9110, 15.5.2 and 15.5.4: the request has not been applied, the server refuses to "
    "fulfill it",
    mark=Mark.TURNED_AWAY,
)
"""For every venue: without valid credentials, no request is executed."""
