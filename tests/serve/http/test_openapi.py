"""The OpenAPI document is complete: a client that knows nothing else can use the service, and every
answer is as it says."""

import asyncio
import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from starlette.routing import Route

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import MESSAGES
from orderledger.serve.app import make_app
from orderledger.serve.openapi import united
from orderledger.serve.openapi_posts import as_posted
from orderledger.serve.settings import ServiceSettings
from tests.serve.http.harness import asked, client_of

UNdocumentED = {"/", "/assets", "/api/docs"}
ENDLESS = "/api/stream"


def test_every_route_is_documented_and_every_documented_path_is_a_route(
    document: dict[str, Any], ledger: Ledger
) -> None:
    routes = [
        route for route in make_app(ledger, ServiceSettings()).routes if isinstance(route, Route)
    ]
    known = {
        (route.path, method.lower())
        for route in routes
        for method in route.methods or ()
        if method != "HEAD"
    }
    told = {(path, method) for path, item in document["paths"].items() for method in item}
    of_orders = {(path, method) for path, method in told if path.startswith("/api/orders/")}
    assert {one for one in known if one[0] not in UNdocumentED} - {
        ("/api/orders/{rest:path}", "get")
    } == told - of_orders
    assert len(of_orders) == 3


def client_values(parameter: dict[str, Any]) -> list[str]:
    """Values that a client finds in the schema of a parameter."""
    schema = parameter["schema"]
    if "enum" in schema:
        return [str(word) for word in schema["enum"][:2]]
    if schema["type"] == "boolean":
        return ["true", "false"]
    if schema["type"] == "integer":
        return [str(max(1, schema["minimum"]))]
    if "(" in schema.get("pattern", "") and "|" in schema["pattern"]:
        return re.findall(r"\w+", schema["pattern"])[:2]
    return []


NEEDED = {
    "/api/restate": {"view": "orders", "from": "1"},
    "/api/why": {"subject": "order", "id": "C-3"},
}
"""Parameters that go together, by path."""


def needed_for(path: str, item: dict[str, Any]) -> dict[str, str]:
    """The parameters without which a path cannot be asked."""
    return NEEDED.get(path) or {
        one["name"]: "C-3"
        for one in item["get"]["parameters"]
        if one.get("required") and one["in"] == "query"
    }


@pytest.mark.slow
def test_a_script_that_knows_the_document_alone_can_ask_everything(ledger: Ledger) -> None:
    (answer,) = asked(ledger, "/api/openapi.json")
    document = answer.json()
    asked_for = []
    for path, item in document["paths"].items():
        if "get" not in item or path == ENDLESS:
            continue
        place = path.replace("{account}", quote("sim:0", safe="")).replace("{id}", "C-3")
        needed = "".join(f"&{name}={value}" for name, value in needed_for(path, item).items())
        asked_for.append((path, f"{place}?{needed.lstrip('&')}"))
        for parameter in item["get"]["parameters"]:
            is_free = parameter["in"] == "query" and parameter["name"] not in needed_for(path, item)
            values = client_values(parameter) if is_free else []
            asked_for += [
                (path, f"{place}?{parameter['name']}={quote(value)}{needed}") for value in values
            ]
    assert len(asked_for) > 100
    for (path, url), given in zip(
        asked_for, asked(ledger, *(url for _, url in asked_for)), strict=True
    ):
        assert given.status_code == 200, (url, given.text)
        check(document, path, given.status_code, given)


def check(document: dict[str, Any], path: str, status: int, given: Any) -> None:
    """An answer is what the document says."""
    content = document["paths"][path]["get"]["responses"][str(status)]["content"]
    media = given.headers["content-type"].partition(";")[0]
    schema = {**content[media]["schema"], "components": document["components"]}
    if media.endswith("json"):
        Draft202012Validator(schema).validate(given.json())


def test_the_document_is_valid_and_refers_to_nothing_missing(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for reference in set(re.findall(r'"#/components/schemas/([^"]+)"', text)):
        assert reference in document["components"]["schemas"], reference


def test_every_schema_has_a_name_of_its_own_also_where_case_and_signs_do_not_count(
    document: dict[str, Any],
) -> None:
    """Client generators make class names of them: `Halt_` and `Halt` were one class."""
    names = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in document["components"]["schemas"]]
    assert [name for name in names if names.count(name) > 1] == []
    with pytest.raises(ValueError, match="Halt and halt_"):
        united({"Halt": {}}, {"halt_": {}})


def test_every_message_has_the_schema_of_its_class(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for message in MESSAGES.values():
        own = message.model_json_schema(ref_template="#/components/schemas/{model}")
        own.pop("$defs", None)
        expected = as_posted({message.__name__: own})[message.__name__]
        assert schemas[message.__name__] == expected, message
    assert len(schemas["Message"]["oneOf"]) == len(MESSAGES)


def reached(document: dict[str, Any], part: Any, met: set[str]) -> set[str]:
    """The names of the schemas that a client meets from here on."""
    if isinstance(part, list):
        for one in part:
            reached(document, one, met)
    if isinstance(part, dict):
        name = str(part.get("$ref", "")).removeprefix("#/components/schemas/")
        if name and name not in met:
            met.add(name)
            reached(document, document["components"]["schemas"][name], met)
        reached(document, list(part.values()), met)
    return met


def test_a_client_that_follows_every_reference_from_the_paths_meets_every_schema(
    document: dict[str, Any],
) -> None:
    assert reached(document, document["paths"], set()) == set(document["components"]["schemas"])


def test_the_status_of_the_service_is_the_schema_of_its_answer(
    document: dict[str, Any], ledger: Ledger
) -> None:
    (answer,) = asked(ledger, "/api/status")
    schema = document["paths"]["/api/status"]["get"]["responses"]["200"]["content"][
        "application/json"
    ]["schema"]
    (name,) = reached(document, schema, set())
    assert set(document["components"]["schemas"][name]["required"]) <= answer.json().keys()


@pytest.mark.slow
@pytest.mark.parametrize("examples", [4, pytest.param(300, marks=pytest.mark.long)])
def test_no_request_makes_the_service_fail(
    document: dict[str, Any], examples: int, ledger: Ledger
) -> None:
    """schemathesis makes requests from the document, right ones and wrong ones."""
    import schemathesis  # half a second, spared to the other processes of a run

    schema = schemathesis.openapi.from_dict(document)
    seen: set[int] = set()

    async def send(request: dict[str, Any]) -> tuple[int, bytes, str]:
        async with client_of(ledger) as client:
            answer = await client.request(**request)
            return answer.status_code, answer.content, answer.headers.get("content-type", "")

    def answered(case: Any) -> None:
        request = case.as_transport_kwargs(base_url="http://127.0.0.1:8350")
        wanted = {
            name: request[name]
            for name in ("method", "url", "params", "headers")
            if request.get(name) is not None
        }
        wanted["headers"] = {
            name: str(value).encode("utf-8", "replace")
            for name, value in (wanted.get("headers") or {}).items()
        }
        if request.get("json") is not None:
            wanted["json"] = request["json"]
        elif request.get("data") is not None:
            wanted["content"] = request["data"]
        status, body, media = asyncio.run(send(wanted))
        seen.add(status)
        assert status < 500, (wanted, body)
        assert str(status) in case.operation.definition.raw["responses"] or status in (
            404,
            405,
            415,
        ), (wanted, status, body)
        if status >= 400:
            assert media == "application/problem+json", (wanted, body)
            assert {"type", "title", "status", "detail"} <= json.loads(body).keys()

    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]
        if operation.path == ENDLESS:
            continue
        strategy = operation.as_strategy()
        quiet = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        from hypothesis import given

        quiet(given(case=strategy)(lambda case: answered(case)))()
    assert {200, 400} <= seen
