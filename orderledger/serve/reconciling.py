"""POST of a reconciliation, by the role `operate`: the same as `orderledger reconcile`, in its
own thread.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypedDict

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from orderledger import InvalidSetting, Ledger
from orderledger.extend.messages import Identifier, said_of
from orderledger.extend.runtime import POSTGRES, EventLogger, file_of, public, rows_json
from orderledger.extend.values import SystemClock
from orderledger.serve.bodies import JSON
from orderledger.serve.callers import Caller
from orderledger.serve.documents import posted_document, refuse_parameters
from orderledger.serve.idempotency import IdempotentRequests, Posted
from orderledger.serve.problems import Problem, invalid
from orderledger.serve.settings import ServiceSettings
from orderledger.venues.collecting.reconciling import (
    AccountReport,
    accounts_of,
    check_account,
    reconcile,
)
from orderledger.venues.collecting.settings import CollectSettings
from orderledger.venues.reconciliation.breaks import ACTOR

NO_CONFIG = (
    "this server has no venues: start it with --config FILE, the file of `orderledger collect`"
)
NO_STORE = {"cache-control": "no-store"}


class ReconcileBody(BaseModel):
    """A request to reconcile: the options of `orderledger reconcile`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    account: Identifier | None = Field(
        default=None,
        description="Only this account. Without it, all accounts of the configuration.",
    )
    dry_run: bool = Field(
        default=False, description="Return the messages that would be appended, and append nothing."
    )
    adjust_positions: bool = Field(
        default=False,
        description="Adjust a position or balance that the log does not explain to the venue's.",
    )


class ReconciliationRow(TypedDict):
    """One row per account of the configuration."""

    account: Annotated[str, "Trading account."]
    venue: Annotated[str, "Its venue."]
    is_running: Annotated[bool, "Whether this server reconciles it now."]
    since: Annotated[datetime | None, "Since when."]
    by: Annotated[str | None, "Name of the caller who requested it, empty without tokens."]


class ReconciliationState(TypedDict):
    """The accounts that can be reconciled, and those that are being reconciled."""

    is_configured: Annotated[bool, "Whether the server was started with a configuration."]
    rows: Annotated[list[ReconciliationRow], "The accounts."]


class Reconciled(TypedDict):
    """The result of a reconciliation."""

    rows: Annotated[list[AccountReport], "A report for each account."]
    position: Annotated[int, "Log position afterwards."]


def settings_of(config: Path, db: str) -> CollectSettings:
    """The settings in a file, for the ledger that is served. Raises InvalidSetting, also if the
    file names another ledger.
    """
    settings = CollectSettings.read(config)
    is_named = "db" in settings.model_fields_set and not os.environ.get("ORDERLEDGER_DB")
    if is_named and _place(settings.db) != _place(db):
        raise InvalidSetting(
            f"{config}: db", f"{public(settings.db)} is not the ledger that is served, {public(db)}"
        )
    return settings.model_copy(update={"db": db})


def _place(url: str) -> str:
    """The common part of two URLs of one ledger: the file, or the kind of server."""
    if url.startswith(POSTGRES):
        return POSTGRES[0]
    path = file_of(url)
    return url if path is None else str(Path(path).resolve())


@dataclass(slots=True, eq=False)
class Run:
    """One reconciliation. `end` ends it from another thread."""

    by: str
    began_at: datetime
    seconds: float
    is_stopped: bool = False
    _task: "asyncio.Task[Any] | None" = field(default=None)
    _loop: asyncio.AbstractEventLoop | None = field(default=None)

    async def run(
        self, settings: CollectSettings, ledger: Ledger, asked: ReconcileBody
    ) -> list[AccountReport]:
        self._task, self._loop = asyncio.current_task(), asyncio.get_running_loop()
        if self.is_stopped:
            raise asyncio.CancelledError
        async with asyncio.timeout(self.seconds):
            return await reconcile(
                settings,
                ledger,
                account=asked.account,
                is_dry_run=asked.dry_run,
                adjust_positions=asked.adjust_positions,
                actor=self.by or ACTOR,
            )

    def end(self) -> None:
        self.is_stopped = True
        if self._loop is not None and self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)


class Reconciliations:
    """Runs reconciliations in threads, at most one of an account at a time."""

    def __init__(
        self, ledger: Ledger, settings: ServiceSettings, requests: IdempotentRequests
    ) -> None:
        self._ledger = ledger
        self._requests = requests
        self._settings = settings.collect
        self._limits = settings.limits
        self._running: dict[str, Run] = {}
        self._threads = ThreadPoolExecutor(
            self._limits.reconciliations, thread_name_prefix="orderledger-reconcile"
        )
        self._log = EventLogger("orderledger.serve")

    async def state(self, request: Request) -> Response:
        """GET: the accounts, and which are being reconciled."""
        refuse_parameters(request)
        accounts = {} if self._settings is None else accounts_of(self._settings)
        rows = [self._row(account, venue) for account, venue in accounts.items()]
        return Response(
            rows_json.document_json({"is_configured": self._settings is not None}, rows),
            media_type=JSON,
            headers=NO_STORE,
        )

    def _row(self, account: str, venue: str) -> dict[str, Any]:
        run = self._running.get(account)
        about = {"since": run.began_at if run else None, "by": run.by if run else None}
        return {"account": account, "venue": venue, "is_running": run is not None, **about}

    async def post(self, request: Request) -> Response:
        """Reconcile, and answer with the reports."""
        refuse_parameters(request)
        body, document = await posted_document(request, self._limits)
        posted = await self._requests.once(
            request.scope, body, lambda _: self._post(document, request.scope["caller"])
        )
        return posted.response()

    async def _post(self, document: dict[str, Any], caller: Caller) -> Posted:
        asked = _asked(document)
        if self._settings is None:
            raise Problem("not_configured", NO_CONFIG)
        try:
            check_account(self._settings, asked.account)
        except InvalidSetting as error:
            raise invalid(error.field, error.fault) from None
        accounts = list(accounts_of(self._settings)) if asked.account is None else [asked.account]
        begun = self._begin(accounts, asked, caller.name)
        reports, position = await asyncio.shield(asyncio.wrap_future(begun))
        self._log_reports(reports, caller.name, asked)
        return Posted(answer_of(reports, position))

    def _begin(
        self, accounts: Sequence[str], asked: ReconcileBody, by: str
    ) -> "Future[tuple[list[AccountReport], int]]":
        """Begin, unless one of the accounts is being reconciled, or too many others are. They
        are free again when the thread has ended, even if the client has disconnected.
        """
        for account in accounts:
            if (other := self._running.get(account)) is not None:
                whom = f" for {other.by}" if other.by else ""
                text = (
                    f"{account} is being reconciled{whom} since "
                    f"{other.began_at.isoformat(timespec='seconds')}"
                )
                raise Problem(
                    "already_reconciling",
                    text,
                    account=account,
                    since=other.began_at.isoformat(),
                    by=other.by,
                )
        if len(set(self._running.values())) >= self._limits.reconciliations:
            raise Problem("busy", f"{self._limits.reconciliations} reconciliations run already")
        run = Run(by, SystemClock().now(), self._limits.reconcile_seconds)
        self._running |= dict.fromkeys(accounts, run)
        loop = asyncio.get_running_loop()
        begun = self._threads.submit(self._reconcile, run, asked)
        begun.add_done_callback(lambda _: self._free_soon(run, loop))
        return begun

    def _free_soon(self, run: Run, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # the server has ended
            loop.call_soon_threadsafe(self._free, run)

    def _free(self, run: Run) -> None:
        self._running = {
            account: other for account, other in self._running.items() if other is not run
        }

    def _reconcile(self, run: Run, asked: ReconcileBody) -> tuple[list[AccountReport], int]:
        """Runs in a thread with its own event loop: recording and reading continue meanwhile."""
        assert self._settings is not None
        try:
            return asyncio.run(
                run.run(self._settings, self._ledger, asked)
            ), self._ledger.log.position()
        except TimeoutError:
            text = (
                f"the reconciliation of {asked.account or 'all accounts'} took more than "
                f"{run.seconds:g} s"
            )
            raise Problem("reconciliation_timeout", text) from None
        except asyncio.CancelledError:
            raise Problem(
                "busy",
                "the server stops: what was appended stays, and the next run continues",
            ) from None
        except InvalidSetting as error:
            raise Problem(
                "not_configured", f"the configuration cannot be used now: {error}"
            ) from None

    def _log_reports(self, reports: Sequence[AccountReport], by: str, asked: ReconcileBody) -> None:
        for report in reports:
            certificate = report["certificate"] or {"open_breaks": []}
            about = {
                "open_breaks": len(certificate["open_breaks"]),
                "appended": report.get("appended", 0),
            }
            fields = {"why": report["fault"]} if "fault" in report else about
            self._log.info(
                "reconciled", account=report["account"], by=by, is_dry_run=asked.dry_run, **fields
            )

    def stop(self) -> None:
        """End the running reconciliations. Its clients get an answer."""
        for run in set(self._running.values()):
            run.end()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def answer_of(reports: Sequence[AccountReport], position: int) -> bytes:
    """The body of the answer. Raises Problem if a venue could not be queried."""
    rows: Any = reports
    failed = {report["account"]: report["fault"] for report in reports if "fault" in report}
    if failed:
        text = "; ".join(f"{account}: {fault}" for account, fault in failed.items())
        account, fault = next(iter(failed.items()))
        shown = json.loads(rows_json.rows_json(rows))
        raise Problem(
            "venue_failed", text, fault=fault, account=account, position=position, rows=shown
        )
    return rows_json.document_json({"position": position}, rows)


def _asked(document: dict[str, Any]) -> ReconcileBody:
    """The body, checked. Raises Problem naming the field and the fault."""
    try:
        return ReconcileBody.model_validate(document)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = str(fault["loc"][0])[:100]
        if fault["type"] == "extra_forbidden":
            raise invalid(
                name, f"is not a field of this body: {', '.join(ReconcileBody.model_fields)}"
            ) from None
        raise invalid(name, said_of(fault)) from None
