"""Accepts a message from a caller: checks the role that it needs, and sets the token's name as
its actor. An operator's command gets the server's time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from orderledger import (
    Deny,
    Halt,
    Ledger,
    Message,
    Outcome,
    ResumeTrading,
    Submit,
    UnknownScope,
    parse_document,
)
from orderledger.extend.messages import read_line, registry
from orderledger.extend.runtime import threads
from orderledger.extend.views import check_scope, questions
from orderledger.serve.callers import Caller
from orderledger.serve.problems import Problem
from orderledger.serve.tokens import OPERATE

CONFIRM = questions.Parameter(
    "confirm",
    "flag",
    "Halt or resume a name that the ledger does not know: the account or instrument is right.",
)
CONFIRMING = {CONFIRM.name: CONFIRM}

NOT_TAKEN = {"forbidden": "not_permitted", "needs_confirmation": "needs_confirmation"}
"""Kind of a problem with one line -> the reason for refusing the line."""


@dataclass(frozen=True, slots=True)
class Accepting:
    """Accepts the messages of one request. `begun_at`: the time of its first attempt, if it has
    an idempotency key: its messages get the same times again.
    """

    ledger: Ledger
    caller: Caller
    begun_at: datetime | None
    is_confirmed: bool

    async def line(self, line: bytes, number: int = 0) -> Message:
        """The message in a line. `number` distinguishes the times of the lines of one request.
        Raises InvalidMessage or Problem.
        """
        return await self.document(read_line(line), number)

    async def document(self, document: Any, number: int = 0) -> Message:
        """The message in a document, in the form to be recorded. Raises InvalidMessage or
        Problem.
        """
        has_time = isinstance(document, dict) and document.get("at") is not None
        if isinstance(document, dict) and not has_time and _is_operators(document.get("type")):
            document = {**document, "at": self._now() + timedelta(microseconds=number)}
        message = parse_document(document)
        self._check_role(message, has_time)
        if isinstance(message, Halt | ResumeTrading) and not self.is_confirmed:
            await self._check_scope(message)
        return signed(message, self.caller)

    def _now(self) -> datetime:
        return self.begun_at or self.ledger.internals.clock.now().astimezone(UTC)

    def _check_role(self, message: Message, has_time: bool) -> None:
        role = _role_of(message)
        if role not in self.caller.roles:
            text = f"{message.type} needs a token with the role {role}"
            raise Problem(
                "forbidden",
                text,
                field="type",
                fault=f"needs the role {role}",
                reason="not_permitted",
            )
        if role == OPERATE and has_time:
            text = f"{message.type} gets the server's time: leave `at` out"
            raise Problem(
                "servers_time", text, field="at", fault="is set by the server: leave it out"
            )

    async def _check_scope(self, message: Message) -> None:
        """Raise Problem for an account or an instrument that the ledger does not know. Runs in a
        thread that no query can block.
        """
        try:
            await threads.to_thread(check_scope, self.ledger, self.ledger.internals.store, message)
        except UnknownScope as error:
            about = {"similar": error.similar, "known": error.known[:100]}
            fault = "is not known to the ledger: send confirm=true if it is right"
            raise Problem(
                "needs_confirmation", str(error), field=error.field, fault=fault, **about
            ) from None


def signed(message: Message, caller: Caller) -> Message:
    """The message with the name of the token as its actor. Its own actor becomes `on_behalf_of`."""
    if not caller.name:
        return message
    stated_actor = None if message.actor == caller.name else message.actor
    if stated_actor is not None and message.on_behalf_of not in (None, stated_actor):
        text = "the actor is the name of the token: give either actor or on_behalf_of"
        raise Problem("invalid_request", text, field="actor", fault="contradicts on_behalf_of")
    values = {"actor": caller.name, "on_behalf_of": message.on_behalf_of or stated_actor}
    return BaseModel.model_copy(
        message, update=values
    )  # both are checked: validating all fields again would take longest


def outcome_of(problem: Problem) -> Outcome:
    """The outcome of a refused line in a request with several. Raises the problem again if it
    concerns more than this line.
    """
    if problem.kind in NOT_TAKEN:
        return Outcome("refused", reason=NOT_TAKEN[problem.kind], text=problem.detail)
    if problem.field is None or problem.status not in (400, 422):
        raise problem
    return Outcome(
        "invalid",
        reason=f"{problem.field}: {problem.fault}",
        text=problem.fault,
        field=problem.field,
    )


def _role_of(message: Message) -> str:
    """The role that a message needs. A statement without proof, that an order never arrived or
    may be sent again, is an operator's decision.
    """
    is_decision = (isinstance(message, Deny) and message.never_arrived) or (
        isinstance(message, Submit) and message.is_forced
    )
    return OPERATE if is_decision else message.needs_role


def _is_operators(kind: Any) -> bool:
    model = registry.BY_WORD.get(kind) if isinstance(kind, str) else None
    return model is not None and model.needs_role == OPERATE
