"""Errors as answers: `application/problem+json` of RFC 9457, with the field and the fault, and
never with a stack trace."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from orderledger import (
    AmbiguousOrder,
    InvalidMessage,
    InvalidQuery,
    InvalidSetting,
    LedgerError,
    OutcomeUnknown,
    StoreError,
    UnknownOrder,
)
from orderledger.extend.runtime import printable

CONTENT_TYPE = "application/problem+json"
URN = "urn:orderledger:problem:"

PROBLEMS: Mapping[str, tuple[int, str]] = {
    "invalid_request": (400, "A parameter, a header or the body is wrong: see field and fault."),
    "no_token": (401, "The request has no valid token."),
    "forbidden": (403, "The token, or the page that sent the request, is not allowed to do this."),
    "not_found": (404, "Unknown path."),
    "unknown_order": (404, "No order is recorded under this id."),
    "method_not_allowed": (405, "The path does not support this method."),
    "ambiguous_order": (409, "Several orders have this id: give the account, or another id."),
    "refused": (
        409,
        (
            "The ledger refused a command: see reason and text. Nothing was recorded, and the "
            "order must not be sent."
        ),
    ),
    "not_configured": (409, "The server was started without the configuration for this."),
    "needs_confirmation": (
        409,
        (
            "The ledger does not know the account or the instrument, see `known`. If it is right, "
            "send `confirm=true`."
        ),
    ),
    "in_flight": (
        409,
        (
            "The request with this Idempotency-Key is being executed. Send it again later for its "
            "answer."
        ),
    ),
    "already_reconciling": (
        409,
        ("The account is already being reconciled: see `account`, `since` and `by`."),
    ),
    "timeout": (408, "The request took too long to arrive."),
    "too_large": (413, "The body or a line is longer than the server allows."),
    "unsupported_media_type": (
        415,
        "The body is neither application/json nor application/x-ndjson, or it is compressed.",
    ),
    "key_reused": (
        422,
        "Another request has this Idempotency-Key: use a new key. Nothing was recorded.",
    ),
    "servers_time": (
        422,
        ("An operator's command gets the server's time: leave `at` out. Nothing was recorded."),
    ),
    "wrong_host": (421, "The Host header names another server."),
    "internal_error": (500, "The server failed. See its log."),
    "venue_failed": (
        502,
        (
            "The venue of an account could not be queried: see `account` and `fault`. `rows` has "
            "the report of every account."
        ),
    ),
    "busy": (
        503,
        (
            "Too many requests of this kind at once, or one that takes too long: try again after "
            "Retry-After."
        ),
    ),
    "store_unavailable": (503, "The store cannot be used now."),
    "reconciliation_timeout": (
        504,
        "The reconciliation took too long and was ended. Its appended messages stay: run it again.",
    ),
    "outcome_unknown": (
        503,
        "A commit failed in the middle. Send the messages again: what was recorded is a duplicate.",
    ),
}
"""Every kind of problem: its status, and its meaning."""


class Problem(Exception):
    """An answer with an error. `field`: the parameter, header or field of the body at fault;
    `fault`: the error.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        field: str | None = None,
        fault: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status = PROBLEMS[kind][0]
        self.detail = detail
        self.field = field
        self.fault = fault
        self.more = more

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self.more), (self.kind, self.detail), self.__dict__

    def document(self) -> dict[str, Any]:
        about = {
            name: value
            for name, value in (("field", self.field), ("fault", self.fault))
            if value is not None
        }
        shown = {
            name: _shown(value)
            for name, value in {"detail": self.detail, **about, **self.more}.items()
        }
        return {
            "type": URN + self.kind,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            **shown,
        }

    def headers(self) -> dict[str, str]:
        wait = {"retry-after": "1"} if self.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        ask = {"www-authenticate": "Bearer"} if self.status == HTTPStatus.UNAUTHORIZED else {}
        allow = {"allow": str(self.more["allow"])} if "allow" in self.more else {}
        return {**wait, **ask, **allow, "cache-control": "no-store"}

    def body(self) -> bytes:
        return msgspec.json.encode(self.document())

    def response(self) -> Response:
        return Response(self.body(), self.status, self.headers(), media_type=CONTENT_TYPE)


def invalid(field: str, fault: str) -> Problem:
    """A field that is wrong."""
    return Problem(
        "invalid_request", f"{field}: {fault}" if field else fault, field=field or None, fault=fault
    )


def problem_of(error: Exception) -> Problem | None:
    """The answer for an error of this package. None for any other error."""
    match error:
        case Problem():
            return error
        case UnknownOrder():
            return Problem("unknown_order", str(error))
        case AmbiguousOrder():
            return Problem("ambiguous_order", str(error), accounts=error.accounts)
        case InvalidMessage() | InvalidSetting():
            return invalid(error.field, error.fault)
        case InvalidQuery():
            return Problem("invalid_request", str(error), field=error.field)
        case OutcomeUnknown():
            return Problem("outcome_unknown", str(error))
        case StoreError():
            return Problem("store_unavailable", str(error))
        case LedgerError():
            return Problem("internal_error", str(error))
        case _:
            return None


def _shown(value: Any) -> Any:
    """Text that any reader can display: printable, without lone surrogates."""
    return printable(value.encode(errors="replace").decode()) if isinstance(value, str) else value
