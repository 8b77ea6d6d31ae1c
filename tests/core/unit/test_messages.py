"""Messages as values, and their JSON Schema, which says what the parser takes."""

import json
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from orderledger import InvalidMessage, parse_document, parse_line
from orderledger.infrastructure.messages.registry import MESSAGES

FILL: dict[str, Any] = {
    "type": "fill",
    "account": "sim:main",
    "client_order_id": "C-1",
    "fill_id": "F-1",
    "quantity": "1",
    "price": "100",
    "at": "2026-03-02T09:30:00Z",
}
OF_EVERY_KIND = ["1", "2026-03-02T09:30:00Z", 1, 1.5, True, None, ["1"], {"1": "1"}]


def schema() -> Draft202012Validator:
    return Draft202012Validator(MESSAGES["fill"].model_json_schema())


def is_taken(document: dict[str, Any]) -> bool:
    try:
        parse_line(json.dumps(document))
    except InvalidMessage:
        return False
    return True


@pytest.mark.parametrize("field", ["quantity", "price"])
@pytest.mark.parametrize("value", OF_EVERY_KIND[:1] + OF_EVERY_KIND[2:], ids=repr)
def test_a_number_is_of_the_kinds_that_its_schema_names(field: str, value: object) -> None:
    document = {**FILL, field: value}
    assert is_taken(document) == schema().is_valid(document)


@pytest.mark.parametrize(
    "value", [OF_EVERY_KIND[1], 1_772_443_800, True, ["1"], {"1": "1"}], ids=repr
)
def test_a_time_is_of_the_kinds_that_its_schema_names(value: object) -> None:
    document = {**FILL, "at": value}
    assert is_taken(document) == schema().is_valid(document)


def test_a_message_never_changes() -> None:
    message = parse_document(FILL)
    with pytest.raises(ValidationError, match="frozen"):
        message.quantity = Decimal(2)  # type: ignore[attr-defined]
    assert message == parse_document(FILL)


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_part_of_a_schema_has_its_meaning(kind: str) -> None:
    document = MESSAGES[kind].model_json_schema()
    for name, field in document["properties"].items():
        assert "" not in field, (name, field)
        assert name == "type" or field["description"], name
