"""http.md, from the OpenAPI document of the service."""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

from typing import Any

from markdown import table

from orderledger.service.openapi import build
from orderledger.service.problems import PROBLEMS
from orderledger.service.reconciling import ReconcileBody

INTRODUCTION = """# HTTP API

`orderledger serve` answers it; [Serve a ledger over HTTP](../how-to/serve.md) shows it at work. `/api/openapi.json` is the same as an OpenAPI 3.1 document.

- Lists are `{"rows": [...], "after": CURSOR, "position": LOG_POSITION}`, with the columns and the values that `--json` prints: decimals are text, times RFC 3339 in UTC
  with microseconds. The rows have reached `position` at least. `after` is null after the last page, else it is the parameter `after` of the next one.
- Answers about the log have an `ETag`; with `If-None-Match` they are 304 while nothing was recorded.
- A client that recorded, here or in another process, reads its own write.
- Errors are `application/problem+json` (RFC 9457) with `field` and `fault`. An unknown, repeated, empty or wrong parameter is an error.
- With tokens (`--tokens`), each request needs `Authorization: Bearer TOKEN`. GET needs the role `read`, `POST /api/messages` the role `record`, other POSTs the role `operate`;
  `/api/me` any of them. Roles do not include each other. The files of the page and `/health/live` need none.
- A request whose `Host` names another server, or whose `Origin` is another site, is refused. There are no cookies.
"""

STREAM = """The events of the stream: `event` (an event of the log, `view=events`), `rows` (orders as they are now, and `gone` ones, `view=orders`),
`status` (positions of the log and the views, the collectors, and how many alerts are open), `dropped` (the reader was slower than the ledger for long), `bye` (the server stops). A comment line comes
every 15 seconds. The `id` is the log position: a reader who sends it as `Last-Event-ID`, or as `after`, goes on there, and misses nothing.
"""

MESSAGES = """One message (`application/json`): 200 with the outcome if it was recorded or is a duplicate, 409 if it was refused (with `outcome`, `reason` and `text`; the order must not be
sent), 400 if it is invalid. NDJSON (`application/x-ndjson`): always 200, with a line for each message as `orderledger record --ack` prints it. The answer comes after the
commit. `Idempotency-Key` is the `message_id` of one message: sent again, it is a duplicate. The messages: [messages.md](messages.md).
"""

RECONCILE = """The fields of the body, all optional, are the options of [`orderledger reconcile`](commands.md#reconcile); each of the `rows` has the fields of its `--json`, with the
breaks of the account as `breaks`. The answer comes at the end, so the client waits. Recording and reading go on meanwhile, and the server goes on if the client leaves.
The holder of the token is the `actor` of what is appended.
"""

NOTES = {"GET /api/stream": STREAM, "POST /api/messages": MESSAGES, "POST /api/reconcile": RECONCILE}


def http() -> str:
    document = build()
    parts = [INTRODUCTION]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            parts += _operation(method, path, operation)
    rows = [(f"`{kind}`", str(status), meaning) for kind, (status, meaning) in PROBLEMS.items()]
    parts += [
        "## Problems\n",
        "The `type` is `urn:orderledger:problem:` and the kind.\n",
        table(("kind", "status", "meaning"), rows),
    ]
    return "\n".join(parts)


def _operation(method: str, path: str, operation: dict[str, Any]) -> list[str]:
    parts = [f"## {method.upper()} {path}\n", f"{operation['summary']}\n"]
    if f"{method.upper()} {path}" in NOTES:
        parts.append(NOTES[f"{method.upper()} {path}"])
    if path == "/api/reconcile" and method == "post":
        fields = ReconcileBody.model_json_schema()["properties"]
        parts.append(table(("field", "meaning"), [(f"`{name}`", field["description"]) for name, field in fields.items()]))
    if operation.get("parameters"):
        rows = [(f"`{one['name']}`", one["in"], _takes(one["schema"]), one["description"]) for one in operation["parameters"]]
        parts.append(table(("parameter", "in", "takes", "meaning"), rows))
    return parts


def _takes(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        words = [f"`{word}`" for word in schema["enum"]]
        return ", ".join(words) if len(words) <= 12 else f"{', '.join(words[:4])}, … ({len(words)} words)"
    return str(schema["type"])
