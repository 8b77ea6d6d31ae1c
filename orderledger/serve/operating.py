"""POST of halts and resumptions, and of decisions on orders in doubt, by the role `operate`."""

from datetime import datetime
from functools import partial
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from orderledger import Ledger, Outcome
from orderledger.extend.messages import Identifier, Text
from orderledger.extend.runtime import rows_json, threads
from orderledger.serve.accepting import CONFIRMING, Accepting
from orderledger.serve.documents import posted_document
from orderledger.serve.idempotency import IdempotentRequests, Posted
from orderledger.serve.parameters import parse_query
from orderledger.serve.problems import Problem, invalid
from orderledger.serve.recording import shown
from orderledger.serve.settings import ServiceSettings

DECIDED = ("account", "client_order_id", "never_arrived", "worked_as", "reason", "text")
TAKEN = (
    "account", "instrument", "strategy", "cancels_orders", "mode", "reason", "text", "actor",
    "on_behalf_of", "message_id",
    "correlation_id",
)  # fmt: skip
"""The fields of the message that the body may have. The server sets `at`."""


class Operating:
    """Halts and resumes trading, and records whether an order arrived."""

    def __init__(
        self, ledger: Ledger, settings: ServiceSettings, requests: IdempotentRequests
    ) -> None:
        self._ledger = ledger
        self._limits = settings.limits
        self._requests = requests

    async def halt(self, request: Request) -> Response:
        return await self._post(request, "halt")

    async def resume(self, request: Request) -> Response:
        return await self._post(request, "resume_trading")

    async def _post(self, request: Request, kind: str) -> Response:
        scope = request.scope
        asked = parse_query(scope["query_string"], CONFIRMING, self._limits.parameters)
        body, document = await posted_document(request, self._limits)

        async def act(begun_at: datetime | None) -> Posted:
            accepting = Accepting(
                self._ledger, scope["caller"], begun_at, _is_confirmed(document, asked)
            )
            return await self._record(accepting, kind, document)

        return (await self._requests.once(scope, body, act)).response()

    async def resolve(self, request: Request) -> Response:
        """Record a decision on an order in doubt. The time is the server's, the actor the
        token's name.
        """
        scope = request.scope
        body, document = await posted_document(request, self._limits)

        async def act(_: datetime | None) -> Posted:
            given = _decision(document)
            name, actor = given.pop("client_order_id"), scope["caller"].name or None
            return _answer(
                await threads.to_thread(partial(self._ledger.resolve, name, actor=actor, **given))
            )

        return (await self._requests.once(scope, body, act)).response()

    async def _record(self, accepting: Accepting, kind: str, document: dict[str, Any]) -> Posted:
        for name in document:
            if name not in (*TAKEN, "at", "confirm"):
                raise invalid(
                    name[:100], f"is not a field of this body: {', '.join(TAKEN)}, confirm"
                )
        fields = {name: value for name, value in document.items() if name != "confirm"}
        message = await accepting.document({"reason": "operator", **fields, "type": kind})
        outcome = await self._ledger.arecord(message)
        return _answer(outcome)


def _is_confirmed(document: dict[str, Any], asked: dict[str, Any]) -> bool:
    """Whether the query or the body contains confirm=true."""
    confirm = document.get("confirm", False)
    if not isinstance(confirm, bool):
        raise invalid("confirm", "must be true or false")
    return confirm or asked.get("confirm", False)


def _decision(document: dict[str, Any]) -> dict[str, Any]:
    """The fields of a decision on an order in doubt. Raises a problem that names the field."""
    for name in document:
        if name not in DECIDED:
            raise invalid(name[:100], f"is not a field of this body: {', '.join(DECIDED)}")
    given = {name: value for name, value in document.items() if value is not None}
    for name, value in given.items():
        if name == "never_arrived" and value is not True:
            raise invalid(name, "must be true, or left out")
        if name != "never_arrived":
            _check_text(name, value)
    for name in ("account", "client_order_id"):
        if name not in given:
            raise invalid(name, "is needed")
    if ("never_arrived" in given) == ("worked_as" in given):
        raise invalid(
            "never_arrived",
            "decide one of the two: never_arrived, or worked_as with the venue's id",
        )
    return given


def _check_text(name: str, value: Any) -> None:
    """Check a text of a body as the fields of messages are checked."""
    try:
        TypeAdapter(Text if name == "text" else Identifier).validate_python(value)
    except ValidationError as error:
        raise invalid(name, str(error.errors()[0]["msg"])) from None


def _answer(outcome: Outcome) -> Posted:
    if outcome.outcome == "refused":
        raise Problem("refused", outcome.text or "refused", **shown(outcome))
    return Posted(rows_json.row_json(shown(outcome)))
