"""The OpenAPI document, 3.1, from the collections, the rows' classes and the messages' JSON
Schema."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import msgspec
from pydantic import TypeAdapter

from orderledger import Ledger, __version__
from orderledger.audit.queries import Audit
from orderledger.audit.rows import Explanation
from orderledger.extend.messages import registry
from orderledger.extend.views import questions
from orderledger.rows import OrderRow
from orderledger.serve.accepting import CONFIRM
from orderledger.serve.bodies import JSON, NDJSON
from orderledger.serve.collections import COLLECTIONS, HISTORY, SINGLES, Collection, Single
from orderledger.serve.openapi_posts import IDEMPOTENCY_KEY, as_posted, halt_schema
from orderledger.serve.parameters import schema_of
from orderledger.serve.problems import CONTENT_TYPE, PROBLEMS
from orderledger.serve.reconciling import ReconcileBody, Reconciled, ReconciliationState
from orderledger.serve.schemas import row_schema
from orderledger.serve.streaming import PARAMETERS as OF_STREAM
from orderledger.serve.tokens import ROLES

Document = dict[str, Any]
SCHEMA = "#/components/schemas/"

DESCRIPTION = """Event-sourced order ledger. The lists have the names, columns and filters of the
command line. Decimals are text; times are RFC 3339 in UTC with microseconds. Errors are
application/problem+json and name the field and the fault."""

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {
            "type": "string",
            "enum": [f"urn:orderledger:problem:{kind}" for kind in PROBLEMS],
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "The fault, in a sentence."},
        "field": {
            "type": "string",
            "description": "The parameter, header or field of the body at fault.",
        },
        "fault": {"type": "string", "description": "The fault of the field."},
    },
}
OUTCOME = {
    "type": "object",
    "required": ["outcome", "position", "reason", "anomalies"],
    "properties": {
        "line": {"type": "integer", "description": "Number of the line, of several messages."},
        "outcome": {"type": "string", "enum": ["recorded", "duplicate", "refused", "invalid"]},
        "position": {
            "type": ["integer", "null"],
            "description": "Log position, if it was recorded.",
        },
        "reason": {
            "type": ["string", "null"],
            "description": "Code of a refusal, or field and fault.",
        },
        "anomalies": {"type": "array", "items": {"type": "string"}},
        "text": {"type": "string", "description": "Why, in a sentence."},
    },
}
ME = {
    "type": "object",
    "required": ["name", "roles", "needs_token", "version", "store", "position"],
    "properties": {
        "name": {
            "type": "string",
            "description": "Name of the token's holder, empty without tokens.",
        },
        "roles": {"type": "array", "items": {"type": "string", "enum": list(ROLES)}},
        "needs_token": {"type": "boolean"},
        "version": {"type": "string"},
        "store": {"type": "string", "description": "URL of the store, without secrets."},
        "position": {"type": "integer", "description": "Last position of the log."},
    },
}
STATUS = {
    "type": "object",
    "required": [
        "position",
        "views_position",
        "views_behind",
        "collectors",
        "gateways",
        "watchers",
        "copies",
        "alerts",
    ],
    "properties": {
        "position": {"type": "integer", "description": "Last position of the log."},
        "views_position": {
            "type": "integer",
            "description": "Position that the views have reached.",
        },
        "views_behind": {"type": "integer"},
        "collectors": {
            "type": "object",
            "additionalProperties": {"type": "object"},
            "description": "By name. `paused_until` of an account: end of the pause that its venue "
            "asked for.",
        },
        "gateways": {
            "type": "object",
            "additionalProperties": {"type": "object"},
            "description": "By account. Breakers: see /api/breakers. `clock`: how far the venue's "
            "clock is ahead of the gateway's (`offset_seconds`), and how far that may be wrong "
            "(`within_seconds`); null if it was not measured. `paused_until`: end of its pause.",
        },
        "watchers": {
            "type": "object",
            "additionalProperties": {"type": "object"},
            "description": "Watchers of alerts by name: when each last looked, and whether it was "
            "stopped.",
        },
        "copies": {
            "type": "object",
            "additionalProperties": {"type": "object"},
            "description": "Archives and relays by name: the log position that each has reached, "
            "and how many events and seconds it is behind the log.",
        },
        "alerts": {
            "type": "object",
            "required": ["open", "last", "is_watched", "looked_at"],
            "properties": {
                "open": {"type": "integer", "description": "Alerts that are not cleared."},
                "last": {
                    "type": "integer",
                    "description": "Number of the last alert, 0 without one.",
                },
                "is_watched": {
                    "type": "boolean",
                    "description": "Whether every watcher that was not stopped has looked lately.",
                },
                "looked_at": {
                    "type": ["string", "null"],
                    "format": "date-time",
                    "description": "When a watcher last looked, of several the one silent for "
                    "longest. Null without one.",
                },
            },
        },
    },
}


@cache
def document() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(build())


def build() -> Document:
    return {
        "openapi": "3.1.0",
        "info": {"title": "orderledger", "version": __version__, "description": DESCRIPTION},
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _schemas() -> Document:
    """The schemas by name: of rows, of messages, and of other bodies and answers. A message has the
    name of its class."""
    messages = TypeAdapter(registry.AnyMessage).json_schema(ref_template=SCHEMA + "{model}")
    rows = {one.row.__name__: row_schema(one.row, is_partial=True) for one in COLLECTIONS}
    whole = (Explanation, Reconciled, ReconciliationState)
    answers = {
        "Order": row_schema(OrderRow, is_partial=False),
        **{one.__name__: row_schema(one, is_partial=False) for one in whole},
        **{
            _single_name(one): row_schema(questions.row_of(one.question), is_partial=False)
            for one in SINGLES
        },
        "Outcome": OUTCOME,
        "Problem": PROBLEM,
        "Me": ME,
        "ServiceStatus": STATUS,
    }
    bodies = {
        "Message": {name: messages[name] for name in ("oneOf", "discriminator")},
        "HaltBody": halt_schema(messages["$defs"]),
        "ResolveBody": _resolve_schema(messages["$defs"]),
        "ReconcileBody": ReconcileBody.model_json_schema(ref_template=SCHEMA + "{model}"),
    }
    return united(rows, as_posted(messages["$defs"]), answers, bodies)


def united(*parts: Mapping[str, Document]) -> Document:
    """All schemas, by names that a client generator can distinguish. Raises ValueError for a name
    that is given twice."""
    found: Document = {}
    known: dict[str, str] = {}
    for name, schema in ((name, schema) for part in parts for name, schema in part.items()):
        plain = re.sub(r"[^a-z0-9]", "", name.lower())
        if plain in known:
            raise ValueError(f"two schemas have the names {known[plain]} and {name}")
        known[plain] = name
        found[name] = schema
    return found


def _paths() -> Document:
    return {
        **{f"/api/{one.path}": {"get": _of_list(one)} for one in COLLECTIONS},
        **{
            f"/api/{one.path}": {"get": _of_question(one.question, _ref(_single_name(one)))}
            for one in SINGLES
        },
        "/api/orders/{account}/{id}": {"get": _of_order(Ledger.order, _ref("Order"))},
        "/api/orders/{account}/{id}/history": {
            "get": _of_order(Ledger.history, _list_schema(HISTORY), HISTORY.parameters)
        },
        "/api/orders/{account}/{id}/explanation": {
            "get": _of_order(Audit.explain, _ref("Explanation"))
        },
        "/api/status": {
            "get": _get(
                "The positions of the log and the views, the collectors, and how many alerts are "
                "open.",
                _ref("ServiceStatus"),
                [],
            )
        },
        "/api/me": {
            "get": _get("The caller, the permissions of the token, and the server.", _ref("Me"), [])
        },
        "/api/messages": {"post": _messages()},
        "/api/halts": {
            "get": _of_list(_collection("halts")),
            "post": _of_halts("Halt trading in an account, or in every one for *."),
        },
        "/api/halts/resume": {"post": _of_halts("End all halts of exactly this scope.")},
        "/api/resolve": {
            "post": _operation(
                "Decide whether an order in doubt arrived at the venue.",
                "ResolveBody",
                "Outcome",
                404,
            )
        },
        "/api/reconcile": {
            "get": _get(
                "The accounts that can be reconciled, and which are now.",
                _ref("ReconciliationState"),
                [],
            ),
            "post": _reconcile(),
        },
        "/api/stream": {"get": _stream()},
        **_monitoring(),
        "/api/openapi.json": {"get": _get("This document.", {"type": "object"}, [])},
    }


def _of_question(question: Callable[..., Any], schema: Document) -> Document:
    """A question that is answered with one object."""
    given = questions.parameters_of(question)
    statuses = (404, 409) if any(one.name == "id" for one in given) else ()
    return _get(questions.summary_of(question), schema, map(_in_query, given), *statuses)


def _of_order(
    question: Callable[..., Any],
    schema: Document,
    given: Iterable[questions.Parameter] | None = None,
) -> Document:
    """A question about the order that the path names."""
    in_path = [
        _in_path("account", "Trading account."),
        _in_path("id", "Any id of the order, percent-encoded."),
    ]
    others = [
        one
        for one in given or questions.parameters_of(question)
        if one.name not in ("id", "account")
    ]
    return _get(
        questions.summary_of(question), schema, [*in_path, *map(_in_query, others)], 404, 409
    )


def _single_name(single: Single) -> str:
    name: str = questions.row_of(single.question).__name__
    return name


def _monitoring() -> Document:
    live = {
        "type": "object",
        "required": ["is_live"],
        "properties": {"is_live": {"type": "boolean"}},
    }
    reason = {
        "type": "object",
        "required": ["check", "text"],
        "properties": {"check": {"type": "string"}, "text": {"type": "string"}},
    }
    ready = {
        "type": "object",
        "required": ["is_ready", "reasons", "position"],
        "properties": {
            "is_ready": {"type": "boolean"},
            "reasons": {"type": "array", "items": reason},
            "position": {"type": ["integer", "null"]},
        },
    }
    metrics = _get("Metrics for Prometheus.", {}, [])
    metrics["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    is_ready = _get("Whether the ledger can be relied on now, and why not.", ready, [])
    is_ready["responses"]["503"] = {
        "description": "Not ready.",
        "content": {JSON: {"schema": ready}},
    }
    return {
        "/metrics": {"get": metrics},
        "/health/live": {"get": {**_get("Whether the process answers.", live, []), "security": []}},
        "/health/ready": {"get": is_ready},
    }


def _collection(path: str) -> Collection:
    return next(one for one in COLLECTIONS if one.path == path)


def _of_list(collection: Collection) -> Document:
    statuses = (404, 409) if collection is HISTORY else ()
    return _get(
        collection.meaning,
        _list_schema(collection),
        map(_in_query, collection.parameters),
        *statuses,
    )


def _list_schema(collection: Collection) -> Document:
    return {
        "type": "object",
        "required": ["rows", "after", "position"],
        "properties": {
            "rows": {"type": "array", "items": _ref(collection.row.__name__)},
            "after": {
                "type": ["string", "null"],
                "description": "Cursor of the next page, null after the last.",
            },
            "count": {"type": "integer", "description": "Rows that match, if asked."},
            "position": {
                "type": "integer",
                "description": "Log position that the rows have reached at least.",
            },
        },
    }


def _get(
    meaning: str, schema: Document, parameters: Iterable[Document], *statuses: int
) -> Document:
    answer = {"description": "The answer.", "content": {JSON: {"schema": schema}}}
    return {
        "summary": meaning,
        "parameters": list(parameters),
        "responses": {"200": answer, **_problems(400, *statuses, 503)},
    }


def _messages() -> Document:
    lines = {
        "schema": {"type": "string", "description": "NDJSON: an outcome for each line, in order."}
    }
    return {
        "summary": "Record one message, or NDJSON. The answer comes after the commit.",
        "description": "One message: 409 if it is refused, 400 if it is invalid, 403 if the token "
        "may not record it. NDJSON: 200 "
        "with an outcome for each line.",
        "parameters": [_in_query(CONFIRM), IDEMPOTENCY_KEY],
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": _ref("Message")}, NDJSON: {"schema": {"type": "string"}}},
        },
        "responses": {
            "200": {
                "description": "The outcome, durable.",
                "content": {JSON: {"schema": _ref("Outcome")}, NDJSON: lines},
            },
            **_problems(400, 408, 409, 413, 415, 422, 503),
        },
    }


def _of_halts(meaning: str) -> Document:
    operation = _operation(meaning)
    return {**operation, "parameters": [_in_query(CONFIRM), *operation["parameters"]]}


def _operation(
    meaning: str, body: str = "HaltBody", answer: str = "Outcome", *statuses: int
) -> Document:
    return {
        "summary": meaning,
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": {"required": True, "content": {JSON: {"schema": _ref(body)}}},
        "responses": {
            "200": {
                "description": "The outcome, durable.",
                "content": {JSON: {"schema": _ref(answer)}},
            },
            **_problems(400, 408, 409, 413, 415, 422, 503, *statuses),
        },
    }


def _reconcile() -> Document:
    meaning = (
        "Compare accounts with their venues, append what the ledger missed, and certify what "
        "agrees."
    )
    operation = _operation(meaning, "ReconcileBody", "Reconciled", 502, 504)
    about = (
        "The answer comes at the end. A second one of the same account meanwhile gets 409; 504 "
        "comes after a limit of time."
    )
    return {**operation, "description": about}


def _resolve_schema(messages: Mapping[str, Document]) -> Document:
    texts = {
        name: messages["Deny"]["properties"][name]
        for name in ("account", "client_order_id", "reason", "text")
    }
    decisions = {
        "never_arrived": {
            "const": True,
            "description": "The venue never received it: the order ends as denied.",
        },
        "worked_as": {
            "type": "string",
            "description": "The venue works it under this id: the order counts as acknowledged.",
        },
        "canceled": {
            "const": True,
            "description": "It has ended at the venue: the order ends as canceled.",
        },
    }
    needed = {
        "required": ["account", "client_order_id"],
        "oneOf": [{"required": [name]} for name in decisions],
    }
    return {
        "type": "object",
        **needed,
        "additionalProperties": False,
        "properties": {**texts, **decisions},
    }


def _stream() -> Document:
    last = {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "Position of the last event that was handled.",
        "schema": _ref_text(),
    }
    return {
        "summary": "Changes as server-sent events, from a log position on.",
        "description": "Events: event, rows, status, dropped, went_back, bye. The id of an event "
        "is its log position.",
        "parameters": [*map(_in_query, OF_STREAM), last],
        "responses": {
            "200": {
                "description": "The stream.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            **_problems(400, 503),
        },
    }


def _problems(*statuses: int) -> Document:
    content = {CONTENT_TYPE: {"schema": _ref("Problem")}}
    every = sorted({*statuses, 401, 403, 421, 500})
    return {str(status): {"description": _meaning(status), "content": content} for status in every}


def _meaning(status: int) -> str:
    return " Or: ".join(meaning for known, meaning in PROBLEMS.values() if known == status)


def _in_query(parameter: questions.Parameter) -> Document:
    needed = {"required": True} if parameter.is_needed else {}
    only = "Only rows with this value: " if parameter.is_column else ""
    return {
        "name": parameter.name,
        "in": "query",
        "description": f"{only}{parameter.meaning}",
        "schema": schema_of(parameter),
        **needed,
    }


def _in_path(name: str, meaning: str) -> Document:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": meaning,
        "schema": {"type": "string", "minLength": 1},
    }


def _ref(name: str) -> Document:
    return {"$ref": SCHEMA + name}


def _ref_text() -> Document:
    return {"type": "string"}
