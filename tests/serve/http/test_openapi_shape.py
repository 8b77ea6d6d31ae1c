"""Every part of the OpenAPI document has its keys, and each says something."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

# OpenAPI 3.1, and JSON Schema 2020-12 as far as it is used.
OPERATION = {"summary", "description", "parameters", "requestBody", "responses", "security", "tags"}
PARAMETER = {"name", "in", "description", "required", "schema", "content", "style", "explode"}
ANSWER = {"description", "content", "headers"}
SCHEMA = {
    *("$ref", "type", "enum", "const", "title", "description", "format", "pattern", "default"),
    *("required", "properties", "additionalProperties", "propertyNames", "patternProperties"),
    *("items", "minItems", "maxItems", "uniqueItems", "prefixItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"),
    *("oneOf", "anyOf", "allOf", "not", "discriminator", "examples", "minProperties", "readOnly"),
    *("maxProperties", "multipleOf", "deprecated", "if", "then", "else", "contentMediaType"),
}
KIND = {"$ref", "type", "enum", "const", "oneOf", "anyOf", "allOf"}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        assert item, path
        for method, operation in item.items():
            assert method in ("get", "post", "parameters"), (path, method)
            if method != "parameters":
                yield f"{method} {path}", operation


def schemas(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema and the schemas in it."""
    if not isinstance(node, dict):
        return
    yield where, node
    for name in ("properties", "patternProperties"):
        for key, one in node.get(name, {}).items():
            yield from schemas(one, f"{where}/{name}/{key}")
    for name in ("items", "additionalProperties", "propertyNames", "not"):
        yield from schemas(node.get(name), f"{where}/{name}")
    for name in ("oneOf", "anyOf", "allOf", "prefixItems"):
        for number, one in enumerate(node.get(name, [])):
            yield from schemas(one, f"{where}/{name}/{number}")


def all_schemas(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in document["components"]["schemas"].items():
        yield from schemas(schema, name)
    for place, operation in operations(document):
        for parameter in operation.get("parameters", []):
            yield from schemas(parameter.get("schema"), f"{place} {parameter['name']}")
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for kind, content in body.get("content", {}).items():
                yield from schemas(content["schema"], f"{place} {kind}")


def test_every_operation_says_what_it_does_and_what_it_answers(document: dict[str, Any]) -> None:
    for place, operation in operations(document):
        assert operation.keys() <= OPERATION | {"operationId"}, place
        assert " " in operation["summary"], place
        assert all(len(status) == 3 and status.isdigit() for status in operation["responses"])
        for status, answer in operation["responses"].items():
            assert answer.keys() <= ANSWER or answer.keys() == {"$ref"}, (place, status)
            assert answer.get("description", "$ref"), (place, status)
            for kind in answer.get("content", {}):
                assert "/" in kind, (place, status, kind)
        for parameter in operation.get("parameters", []):
            assert parameter.keys() <= PARAMETER, (place, parameter)
            assert parameter["in"] in ("query", "path", "header"), (place, parameter)
            assert parameter["name"] and parameter["schema"], (place, parameter)
            assert parameter["description"], (place, parameter)
            assert parameter["in"] != "path" or parameter["required"] is True, (place, parameter)


def test_every_schema_says_of_which_kind_it_is_and_has_the_properties_that_it_requires(
    document: dict[str, Any],
) -> None:
    seen = 0
    for place, schema in all_schemas(document):
        seen += 1
        assert schema.keys() <= SCHEMA, (place, schema.keys() - SCHEMA)
        is_of_names = place.endswith("/propertyNames")
        of_kind = schema.keys() & (KIND | {"required", "description"})
        assert of_kind or is_of_names or not schema, place
        assert "" not in schema.get("enum", ()) or len(schema["enum"]) > 1, place
        if schema.get("type") == "object" and "properties" in schema:
            assert {*schema.get("required", ())} <= schema["properties"].keys(), place
            assert "" not in schema["properties"], place
        if schema.get("type") == "array":
            assert "items" in schema or "prefixItems" in schema, place
        assert "anyOf" not in schema or len(schema["anyOf"]) > 1, place
        if "type" in schema:
            kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            known = {"object", "array", "string", "integer", "number", "boolean", "null"}
            assert {*kinds} <= known, (place, kinds)
    assert seen > 500


def test_what_needs_a_token_says_so_and_liveness_needs_none(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] and document["info"]["version"]
    ((name, scheme),) = document["components"]["securitySchemes"].items()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert {"security"} <= document.keys() and {name: []} in document["security"]
    free = [place for place, one in operations(document) if one.get("security") == []]
    assert free == ["get /health/live"]


def test_the_monitoring_answers_are_documented_with_their_statuses(
    document: dict[str, Any],
) -> None:
    paths = document["paths"]
    ready = paths["/health/ready"]["get"]["responses"]
    assert {"200", "503"} <= ready.keys()
    (content,) = ready["503"]["content"].values()
    assert content["schema"]["properties"].keys() == {"is_ready", "reasons", "position"}
    assert [*paths["/metrics"]["get"]["responses"]["200"]["content"]] == ["text/plain"]


def test_every_post_takes_a_body_and_an_idempotency_key(document: dict[str, Any]) -> None:
    posts = {place: one for place, one in operations(document) if place.startswith("post ")}
    assert len(posts) == 5
    for place, operation in posts.items():
        body = operation["requestBody"]
        assert body["required"] is True and "application/json" in body["content"], place
        names = [parameter["name"] for parameter in operation["parameters"]]
        assert "Idempotency-Key" in names, place


OF_ALL = {200, 400, 401, 403, 421, 500, 503}
OF_ONE_ORDER = {404, 409}
OF_POSTS = {408, 409, 413, 415, 422}
MORE = {
    "get /api/history": OF_ONE_ORDER,
    "get /api/why": OF_ONE_ORDER,
    "get /api/orders/{account}/{id}": OF_ONE_ORDER,
    "get /api/orders/{account}/{id}/history": OF_ONE_ORDER,
    "get /api/orders/{account}/{id}/explanation": OF_ONE_ORDER,
    "post /api/resolve": {404},
    "post /api/reconcile": {502, 504},
}


def test_every_operation_lists_the_statuses_that_it_may_answer(document: dict[str, Any]) -> None:
    for place, operation in operations(document):
        expected = (
            OF_ALL | (OF_POSTS if place.startswith("post ") else set()) | MORE.get(place, set())
        )
        assert {int(status) for status in operation["responses"]} == expected, place


def is_valid(document: dict[str, Any], name: str, body: object) -> bool:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return bool(Draft202012Validator(schema).is_valid(body))


ORDER = {"account": "sim:main", "client_order_id": "C-1"}


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("ResolveBody", {**ORDER, "never_arrived": True}, True),
        (
            "ResolveBody",
            {**ORDER, "worked_as": "V-1", "reason": "asked", "text": "By phone."},
            True,
        ),
        ("ResolveBody", {**ORDER, "canceled": True}, True),
        ("ResolveBody", {**ORDER, "canceled": True, "never_arrived": True}, False),
        ("ResolveBody", ORDER, False),
        ("ResolveBody", {**ORDER, "never_arrived": True, "worked_as": "V-1"}, False),
        ("ResolveBody", {**ORDER, "never_arrived": False}, False),
        ("ResolveBody", {"account": "sim:main", "never_arrived": True}, False),
        ("ResolveBody", {"client_order_id": "C-1", "never_arrived": True}, False),
        ("ResolveBody", {**ORDER, "worked_as": "V-1", "more": 1}, False),
        ("HaltBody", {"account": "sim:main"}, True),
        ("HaltBody", {"account": "sim:main", "reason": "drill", "confirm": True}, True),
        ("HaltBody", {"reason": "drill"}, False),
        ("HaltBody", {"account": "sim:main", "at": "2026-03-02T00:00:00Z"}, False),
        ("HaltBody", [], False),
        ("Order", {}, False),
        ("OrderRow", {}, True),
    ],
)
def test_a_body_is_judged_by_its_schema(
    document: dict[str, Any], name: str, body: object, expected: bool
) -> None:
    assert is_valid(document, name, body) is expected
