"""Which answers of a venue prove that it has not taken a request. Every other answer leaves the
outcome unknown.

A venue's table has a line for each proof, with the document that it comes from. Whatever is in no
line is Unanswered: a code that nobody has documented, "timeout", "busy", "internal", and every 5xx,
which `Sender` does not even hand on. So is a duplicate: it proves that an order with this id
exists, and not that the first sending of it was refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from orderledger import Reject, RejectCancel, RejectReplace
from orderledger.extend.messages import Report
from orderledger.venues.errors import Unanswered

DUPLICATE_ORDER = "duplicate_order"
NOT_PROVED = "refusal_not_proved"
"""Reasons of Unanswered."""

ANY_ANSWER = (Reject, RejectCancel, RejectReplace)
STATED, STATED_4XX = "stated", "stated_4xx"
"""Codes of an answer that has the form of the venue's refusals: with any status, and with a status
of 400 to 499."""
FORMS = frozenset({STATED, STATED_4XX})

DOUBTFUL = re.compile(
    r"time.?out|timed out|busy|internal|try again|unavailable|unknown error|overload", re.IGNORECASE
)
"""Sentences that promise nothing, whatever they come with. A documented code counts all the
same."""


class Mark(StrEnum):
    """What an answer proves of a request."""

    REFUSED = "refused"
    """Nothing was taken, and nothing works."""
    TURNED_AWAY = "turned_away"
    """The same, before the venue looked at the order. It may be sent again later."""
    DUPLICATE = "duplicate"
    """An order with this client id exists, or existed: the opposite of a refusal."""
    NOT_WORKING = "not_working"
    """The order that is to be canceled or changed is unknown, or has ended. Of a new order it
    proves nothing."""
    UNPROVED = "unproved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A line of a venue's table.

    `codes`: the venue's codes, `http_401` for a status, or a form; any if empty. `says`: what its
    sentence has to contain. `answers`: the refusals that the line is for. `reason`: our word.
    `source`: the document that says so.
    """

    reason: str
    source: str
    codes: frozenset[str] = frozenset()
    says: re.Pattern[str] | None = None
    answers: Sequence[type[Report]] = ANY_ANSWER
    mark: Mark = Mark.REFUSED

    def holds(self, answer: type[Report], codes: Sequence[str], sentence: str) -> bool:
        """Whether the line is about this answer."""
        if answer not in self.answers or (self.says is not None and not self.says.search(sentence)):
            return False
        if self.codes and self.codes.isdisjoint(codes):
            return False
        return bool(self.codes - FORMS) or not DOUBTFUL.search(sentence)


class Refusals:
    """The table of one venue. The first line that holds decides."""

    def __init__(self, *proofs: Proof) -> None:
        self.proofs = proofs

    def reason(self, answer: type[Report], codes: Sequence[str], sentence: str) -> str:
        """Our word for a refusal. Raises Unanswered if it is not proved, or a duplicate."""
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
    """A line for these codes. `says`: a part of the sentence, as a regular expression that ignores
    case."""
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
    """A line for sentences with this part."""
    return coded(reason=reason, source=source, says=part, answers=answers, mark=mark)


def codes_of(status: int, *stated: object) -> list[str]:
    """The codes of an answer. `stated`: those in its document, if that has the form of the venue's
    refusals."""
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
"""For every venue: without valid credentials nothing is done."""
