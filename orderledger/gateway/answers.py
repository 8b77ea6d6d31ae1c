"""Wait for the venue's answer to a request, and record it whatever it is."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from orderledger import Deny, Message, Outcome, Unresolved
from orderledger.gateway.results import Sending
from orderledger.venues.base.transport import Turn, taking
from orderledger.venues.base.transport.turns import NOT_IN_TIME
from orderledger.venues.errors import NotSent, Unanswered

if TYPE_CHECKING:
    from orderledger import Ledger

REFUSALS = frozenset({"rejected", "cancel_rejected", "replace_rejected"})
Result = TypeVar("Result")
Failure: TypeAlias = NotSent | Unanswered
Answer: TypeAlias = Sequence[Message] | Failure
"""The messages in the venue's answer, or why there is none."""


async def answered(
    sending: Awaitable[Result], seconds: float, turn: Turn | None = None
) -> Result | Failure:
    """Wait for an answer. If an order entry fails in any way, the outcome is unknown; only NotSent
    proves that nothing was sent.

    `seconds` are counted without the wait for the venue's rate limits, which `turn` limits. A
    canceled task proves nothing either, nor does a timeout, unless the request certainly has not
    left (`Turn.is_unsent`). The cancellation ends here, so that this can be recorded.
    """
    try:
        async with asyncio.timeout(seconds) as limit:
            if turn is not None:
                _without_waits(turn, limit, seconds)
            with taking(turn):
                return await sending
    except (NotSent, Unanswered) as failure:
        return failure
    except TimeoutError:
        if turn is not None and turn.is_unsent:
            return NotSent(NOT_IN_TIME, f"it could not be sent within {seconds:g} s")
        return Unanswered("timeout", f"no answer within {seconds:g} s")
    except asyncio.CancelledError:
        if turn is not None and turn.is_unsent:
            return NotSent("canceled_task", "the task was canceled before the request was sent")
        return Unanswered("canceled_task", "the task was canceled while it waited for the answer")
    except Exception as error:
        return Unanswered("unreadable_answer", f"{type(error).__name__}: {error}")


async def answer_of(sending: Awaitable[object], seconds: float, turn: Turn | None = None) -> Answer:
    """Wait for the answer to one request."""
    return as_answer(await answered(sending, seconds, turn))


def _without_waits(turn: Turn, limit: asyncio.Timeout, seconds: float) -> None:
    """Count the seconds of an answer from the turn of its request on."""
    turn.on_wait = lambda: limit.reschedule(None)
    turn.on_begin = lambda: limit.reschedule(asyncio.get_running_loop().time() + seconds)


def as_answer(one: object) -> Answer:
    """The return value of an order entry for one request. The outcome is unknown if that is not
    a sequence of messages.
    """
    if isinstance(one, (NotSent, Unanswered)):
        return one
    if isinstance(one, Sequence) and all(isinstance(message, Message) for message in one):
        return list(one)
    return Unanswered("unreadable_answer", f"{type(one).__name__}: {one}")


async def record_answer(
    ledger: "Ledger",
    key: tuple[str, str],
    answer: Answer,
    at: datetime,
    outcome: Outcome | None,
) -> Sending:
    """Record the answer to a new order, and return the result. `outcome`: of recording the
    request."""
    account, name = key
    who: dict[str, Any] = {"account": account, "client_order_id": name, "at": at}
    if isinstance(answer, NotSent):
        await ledger.arecord(
            Deny(**who, reason=answer.reason, text=answer.text or str(answer), not_sent=True)
        )
        return Sending("denied", account, name, answer.reason, answer.text, outcome=outcome)
    if isinstance(answer, Unanswered):
        await ledger.arecord(Unresolved(**who, reason=answer.reason, text=answer.text or None))
        return Sending("unresolved", account, name, answer.reason, answer.text, outcome=outcome)
    if len(answer) == 1:
        await ledger.arecord(
            answer[0]
        )  # shares a crossing to the committing thread with other answers
    else:
        await ledger.recording.arecord_together(answer)
    refusal = refusal_in(answer)
    state = "rejected" if refusal is not None else "acknowledged" if answer else "received"
    reason, text = (refusal.reason, refusal.text) if refusal is not None else (None, None)
    return Sending(state, account, name, reason, text, tuple(answer), outcome)  # type: ignore[arg-type]


def refusal_in(messages: Sequence[Message]) -> Message | None:
    """The message with which the venue refuses a request."""
    return next((message for message in messages if message.__dict__["type"] in REFUSALS), None)
