"""POST of halts and their end, by the role `operate`."""

from datetime import UTC
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from orderledger.infrastructure.clock import SystemClock
from orderledger.infrastructure.messages.parsing import parse_document
from orderledger.infrastructure.rows_json import row_json
from orderledger.ledger import Ledger
from orderledger.service.access import Caller
from orderledger.service.bodies import JSON
from orderledger.service.documents import posted_document
from orderledger.service.problems import Problem, invalid
from orderledger.service.recording import shown
from orderledger.service.settings import ServiceSettings

TAKEN = ("account", "instrument", "strategy", "cancels_orders", "reason", "text", "actor", "at", "message_id", "correlation_id")


class Operating:
    """Halts and resumes trading."""

    def __init__(self, ledger: Ledger, settings: ServiceSettings) -> None:
        self._ledger = ledger
        self._limits = settings.limits

    async def halt(self, request: Request) -> Response:
        return await self._record(request, "halt")

    async def resume(self, request: Request) -> Response:
        return await self._record(request, "resume_trading")

    async def _record(self, request: Request, kind: str) -> Response:
        document = await posted_document(request, self._limits)
        for name in document:
            if name not in TAKEN:
                raise invalid(name[:100], f"is no field of this body: {', '.join(TAKEN)}")
        caller: Caller = request.scope["caller"]
        given: dict[str, Any] = {"at": SystemClock().now().astimezone(UTC), "actor": caller.name or None, "reason": "operator"}
        message = parse_document({**given, **document, "type": kind})
        outcome = await self._ledger.arecord(message)
        if outcome.outcome == "refused":
            raise Problem("refused", outcome.text or "refused", **shown(outcome))
        return Response(row_json(shown(outcome)), media_type=JSON)
