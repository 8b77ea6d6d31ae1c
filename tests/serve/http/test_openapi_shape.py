"""Every part of the OpenAPI document has its keys, and each says something."""

from collections.abc import Iterator
from typing import Any

from orderledger.serve.openapi import build

DOCUMENT = build()
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


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
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


def all_schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        yield from schemas(schema, name)
    for place, operation in operations():
        for parameter in operation.get("parameters", []):
            yield from schemas(parameter.get("schema"), f"{place} {parameter['name']}")
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for kind, content in body.get("content", {}).items():
                yield from schemas(content["schema"], f"{place} {kind}")


def test_every_operation_says_what_it_does_and_what_it_answers() -> None:
    for place, operation in operations():
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


def test_every_schema_says_of_which_kind_it_is_and_has_the_properties_that_it_requires() -> None:
    seen = 0
    for place, schema in all_schemas():
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
        if "type" in schema:
            kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            known = {"object", "array", "string", "integer", "number", "boolean", "null"}
            assert {*kinds} <= known, (place, kinds)
    assert seen > 500


def test_what_needs_a_token_says_so_and_liveness_needs_none() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert DOCUMENT["info"]["title"] and DOCUMENT["info"]["version"]
    ((name, scheme),) = DOCUMENT["components"]["securitySchemes"].items()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert {"security"} <= DOCUMENT.keys() and {name: []} in DOCUMENT["security"]
    free = [place for place, one in operations() if one.get("security") == []]
    assert free == ["get /health/live"]


def test_the_monitoring_answers_are_documented_with_their_statuses() -> None:
    paths = DOCUMENT["paths"]
    ready = paths["/health/ready"]["get"]["responses"]
    assert {"200", "503"} <= ready.keys()
    (content,) = ready["503"]["content"].values()
    assert content["schema"]["properties"].keys() == {"is_ready", "reasons", "position"}
    assert [*paths["/metrics"]["get"]["responses"]["200"]["content"]] == ["text/plain"]
