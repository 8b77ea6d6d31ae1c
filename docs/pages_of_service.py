"""http.md, from the OpenAPI document of the service."""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

from typing import Any

from markdown import table

from orderledger.infrastructure.messages.registry import GROUPS, Message
from orderledger.serve.callers import ROLES_OF_POST
from orderledger.serve.idempotency import LONGEST_KEY
from orderledger.serve.openapi import build
from orderledger.serve.operating import TAKEN
from orderledger.serve.problems import PROBLEMS
from orderledger.serve.reconciling import ReconcileBody
from orderledger.serve.request_keys import LARGEST_ANSWER, MOST_KEYS
from orderledger.serve.tokens import READ, ROLES

INTRODUCTION = """# HTTP API

`orderledger serve` answers it; [Serve a ledger over HTTP](../how-to/serve.md) shows it at work. `/api/openapi.json` is the same as an OpenAPI 3.1 document.

- Lists are `{"rows": [...], "after": CURSOR, "position": LOG_POSITION}`, with the columns and the values that `--json` prints: decimals are text, times RFC 3339 in UTC
  with microseconds. The rows have reached `position` at least. `after` is null after the last page, else it is the parameter `after` of the next one.
- Answers about the log have an `ETag`; with `If-None-Match` they are 304 while nothing was recorded.
- A client that recorded, here or in another process, reads its own write.
- Errors are `application/problem+json` (RFC 9457) with `field` and `fault`. An unknown, repeated, empty or wrong parameter is an error.
- With tokens (`--tokens`), each request needs `Authorization: Bearer TOKEN`, and [a role](#roles). The files of the page and `/health/live` need none.
- Every POST takes an [`Idempotency-Key`](#idempotency-key).
- A request whose `Host` names another server, or whose `Origin` is another site, is refused. There are no cookies.
"""

STREAM = """The events of the stream: `event` (an event of the log, `view=events`), `rows` (orders as they are now, and `gone` ones, `view=orders`),
`status` (positions of the log and the views, the collectors, and how many alerts are open), `dropped` (the reader was too slow, or its server short of memory: resume), `went_back` (the log has an older state than the reader: read again what was read before), `bye` (the server stops). A comment line comes
every 15 seconds. The `id` is the log position: a reader who sends it as `Last-Event-ID`, or as `after`, goes on there, and misses nothing.
"""

MESSAGES_TEXT = """One message (`application/json`): 200 with the outcome if it was recorded or is a duplicate, 409 if it was refused (with `outcome`, `reason` and `text`; the order must not be
sent), 400 if it is invalid. NDJSON (`application/x-ndjson`): always 200, with a line for each message as `orderledger record --ack` prints it. The answer comes after the
commit. The messages: [messages.md](messages.md). A message that the token may not record gets 403, as a line of NDJSON the outcome `refused` with the reason `not_permitted`; a halt of
what the ledger does not know gets 409, as a line `refused` with the reason `needs_confirmation`. Nothing is recorded of either, and the other lines are.
"""

HALTS = """The body has the fields of the message [`{kind}`](messages.md#{kind}) but `at`, which is the server's: {fields}. An account or an instrument that the ledger
does not know needs `confirm=true`, in the query or in the body.
"""

ROLES_TEXT = """A token has one or more roles. They do not include each other.

| role | for | may |
|---|---|---|
| `read` | dashboards, auditors, everybody at the desk | all GETs, the stream, the metrics |
| `record` | strategies, and what reports about their orders | the commands and reports of orders, and proposals |
| `collect` | collectors, price feeds | what is true of an account whoever trades in it: certificates, gaps, senders, balances, marks, instruments, funding |
| `operate` | people at the desk | halts and their end, adjustments, decisions about proposals, reconciliations |

A strategy with `record` may propose, and cannot approve its own proposal. It cannot end a halt, and cannot set the marks by which its losses are limited. `deny` with `never_arrived` and `submit` with `is_forced` are decisions of an operator: they need `operate`. A collector that also reports
fills has `record` and `collect`. Without tokens, on loopback alone, everybody has all roles.

- **Actor.** The `actor` of everything that a token records is the name of the token. An `actor` in the message stands beside it, as `on_behalf_of`. Without tokens, the actor is what the message says.
- **Time.** What needs `operate` happens now, by the server's clock. A message with `at` gets 422, as a line the outcome `invalid`. `orderledger record` on the server's machine takes any time.
- **Changes of the file.** A changed file of tokens holds from the next request on, and for readers of the stream within two seconds: `bye` ends the stream of a token that may no longer read. If the
  new file cannot be used, or others may read it, the old tokens stay, and the log says why.
"""

KEYS = """A POST with the header `Idempotency-Key` (1 to {longest} characters) is carried out once. The key is bound to the path, the query and the body, for the holder of the token.

| sent again | answer |
|---|---|
| the same request | The answer of the first attempt, byte for byte, with `Idempotency-Replayed: true`; 2xx and refusals are kept |
| the same request, while the first attempt runs | 409 `in_flight` |
| another request | 422 `key_reused`: use a new key. Nothing is recorded |
| after an answer of 400, 403, or another 4xx that carried out nothing | The key is free |
| after 5xx, no answer, or an answer over {largest} kB | The request is carried out again. What was recorded is a `duplicate`, since it gets the same times as before; a reconciliation is run again |

Keys are in the store: they hold over restarts, and for all servers on it. They are kept for 24 hours, the newest {most:,} of them. A `message_id` in the body is another thing: it names one message for ever, over all ways
to record it. See [messages.md](messages.md).
"""

RECONCILE = """The fields of the body, all optional, are the options of [`orderledger reconcile`](commands.md#reconcile); each of the `rows` has the fields of its `--json`, with the
breaks of the account as `breaks`. The answer comes at the end, so the client waits. Recording and reading go on meanwhile, and the server goes on if the client leaves.
The holder of the token is the `actor` of what is appended.
"""

FIELDS_OF_HALTS = ", ".join(f"`{name}`" for name in TAKEN)
NOTES = {
    "GET /api/stream": STREAM,
    "POST /api/messages": MESSAGES_TEXT,
    "POST /api/halts": HALTS.format(kind="halt", fields=FIELDS_OF_HALTS),
    "POST /api/halts/resume": HALTS.format(kind="resume_trading", fields=FIELDS_OF_HALTS),
    "POST /api/reconcile": RECONCILE,
}


def http() -> str:
    document = build()
    keys = KEYS.format(longest=LONGEST_KEY, largest=LARGEST_ANSWER >> 10, most=MOST_KEYS)
    parts = [INTRODUCTION, "## Roles\n", ROLES_TEXT, *_roles(), "## Idempotency-Key\n", keys]
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


def _roles() -> list[str]:
    """What each role may record, and what each path needs."""
    titles = list(GROUPS)
    of_role = [
        (f"`{role}`", *(_recorded_by(role, GROUPS[title]) for title in titles))
        for role in ROLES
        if role != READ
    ]
    paths = [
        (f"`{method} {path}`", " or ".join(f"`{role}`" for role in needed))
        for method, path, needed in (
            ("GET", "/api/…", (READ,)),
            *(("POST", path, needed) for path, needed in ROLES_OF_POST.items()),
        )
    ]
    return [
        table(("role", *(title.lower() for title in titles)), of_role),
        table(("path", "needs"), [*paths, ("`GET /api/me`", "any role")]),
    ]


def _recorded_by(role: str, models: list[type[Message]]) -> str:
    names = [
        str(model.model_fields["type"].default) for model in models if model.needs_role == role
    ]
    return ", ".join(f"[`{name}`](messages.md#{name})" for name in names) or "none"


def _operation(method: str, path: str, operation: dict[str, Any]) -> list[str]:
    parts = [f"## {method.upper()} {path}\n", f"{operation['summary']}\n"]
    if f"{method.upper()} {path}" in NOTES:
        parts.append(NOTES[f"{method.upper()} {path}"])
    if path == "/api/reconcile" and method == "post":
        fields = ReconcileBody.model_json_schema()["properties"]
        parts.append(
            table(
                ("field", "meaning"),
                [(f"`{name}`", field["description"]) for name, field in fields.items()],
            )
        )
    if operation.get("parameters"):
        rows = [
            (f"`{one['name']}`", one["in"], _takes(one["schema"]), one["description"])
            for one in operation["parameters"]
        ]
        parts.append(table(("parameter", "in", "takes", "meaning"), rows))
    return parts


def _takes(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        words = [f"`{word}`" for word in schema["enum"]]
        return (
            ", ".join(words)
            if len(words) <= 12
            else f"{', '.join(words[:4])}, … ({len(words)} words)"
        )
    return str(schema["type"])
