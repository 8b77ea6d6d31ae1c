"""`Faults`: faults between a simulated venue and its client, random or planned."""

import random
from collections import Counter, deque
from typing import Literal

FrameFault = Literal["drop", "repeat", "reorder", "delay", "malformed"]
AnswerFault = Literal[
    "lose_answer",
    "server_error",
    "too_many_requests",
    "malformed",
    "stale",
    "delay",
    "done_and_error",
    "lose_request",
    "late_request",
]
FRAME_FAULTS: tuple[FrameFault, ...] = ("drop", "repeat", "reorder", "delay", "malformed")
ANSWER_FAULTS: tuple[AnswerFault, ...] = (
    "lose_answer", "server_error", "too_many_requests", "malformed", "stale", "delay",
    "done_and_error", "lose_request", "late_request",
)  # fmt: skip


class Faults:
    """Chances per frame and per answer, at most one fault for each of them, from one seed.

    | fault | a frame | an answer | |---|---|---| | `drop` | is lost, and the socket is cut without
    a close | | | `repeat` | comes twice | | | `reorder` | comes after the next one | | | `delay` |
    comes late, by up to `delay_seconds` | comes late | | `malformed` | ends in the middle | ends in
    the middle | | `lose_answer` | | the request is done, and the connection ends without an answer
    | | `server_error` | | 500, 502 or 503, and nothing is done | | `too_many_requests` | | 429, and
    nothing is done | | `stale` | | the previous answer to the same query | | `done_and_error` | |
    the request is done, and the answer is 500, 502 or 503 with a document that calls it failed | |
    `lose_request` | | nothing is done, and the connection ends without an answer | | `late_request`
    | | the connection ends without an answer, and the request arrives `late_seconds` later |

    Binance documents `done_and_error`: after 5XX the execution status is unknown
    (binance-spot-api-docs, rest-api.md). MEXC does so too (mexc.com, api-docs spot-v3, General
    Info).

    `done` counts the faults. One random number is drawn per frame and answer, so that equal traffic
    meets equal faults.
    """

    def __init__(self, seed: int = 0, *, delay_seconds: float = 0.05, **chances: float) -> None:
        self.chance = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.delay_seconds = delay_seconds
        self.late_seconds = 40.0
        self._planned: dict[str, deque[str]] = {"frame": deque(), "answer": deque()}
        self.change(**chances)

    def change(self, **chances: float) -> None:
        """Set these probabilities, and all others to 0. Raises ValueError if one is not a
        probability.
        """
        unknown = sorted(set(chances) - {*FRAME_FAULTS, *ANSWER_FAULTS})
        if unknown:
            raise ValueError(f"unknown faults: {', '.join(unknown)}")
        for names in (FRAME_FAULTS, ANSWER_FAULTS):
            if (
                sum(chances.get(name, 0.0) for name in names) > 1
                or min(chances.values(), default=0.0) < 0
            ):
                raise ValueError(f"the values of {', '.join(names)} are not probabilities")
        self._chances = chances

    def heal(self) -> None:
        """Stop all faults. The counts stay."""
        self.change()
        for planned in self._planned.values():
            planned.clear()

    def plan_frames(self, *faults: FrameFault | None) -> None:
        """The faults of the next frames, one each. None: no fault."""
        self._planned["frame"].extend(fault or "" for fault in faults)

    def plan_answers(self, *faults: AnswerFault | None) -> None:
        """The faults of the next answers, one each."""
        self._planned["answer"].extend(fault or "" for fault in faults)

    def of_frame(self) -> str | None:
        """The fault of the next frame."""
        return self._drawn("frame", FRAME_FAULTS)

    def of_answer(self) -> str | None:
        """The fault of the next answer."""
        return self._drawn("answer", ANSWER_FAULTS)

    def _drawn(self, what: str, names: tuple[str, ...]) -> str | None:
        drawn = self.chance.random()
        if self._planned[what]:
            return self._counted(self._planned[what].popleft())
        for name in names:
            drawn -= self._chances.get(name, 0.0)
            if drawn < 0:
                return self._counted(name)
        return None

    def _counted(self, name: str) -> str | None:
        if name:
            self.done[name] += 1
        return name or None
