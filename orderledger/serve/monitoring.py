"""`/metrics` and `/health`, for monitoring the service."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from orderledger import Ledger
from orderledger.extend.runtime import rows_json
from orderledger.serve.answers import QueryPools
from orderledger.serve.bodies import JSON
from orderledger.serve.health import live, ready
from orderledger.serve.metrics import CONTENT_TYPE, metrics_text


class Monitoring:
    """The answers of the paths outside /api."""

    def __init__(self, ledger: Ledger, answers: QueryPools) -> None:
        self._ledger = ledger
        self._answers = answers

    async def metrics(self, request: Request) -> Response:
        text = await self._answers.ask(partial(metrics_text, self._ledger))
        return Response(text, headers={"content-type": CONTENT_TYPE, "cache-control": "no-store"})

    async def live(self, request: Request) -> Response:
        return Response(
            rows_json.row_json(live()), media_type=JSON, headers={"cache-control": "no-store"}
        )

    async def ready(self, request: Request) -> Response:
        """200 if the ledger is reliable now, else 503 with the reasons."""
        found = await self._answers.ask(partial(ready, self._ledger))
        status = 200 if found.is_ready else 503
        return Response(
            rows_json.row_json(found.shown()),
            status,
            media_type=JSON,
            headers={"cache-control": "no-store"},
        )
