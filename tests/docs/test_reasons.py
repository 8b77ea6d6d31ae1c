"""Every reason that the gateway and the order entries give is in the reference."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import orderledger

PACKAGE = Path(orderledger.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"
REASON_AT = {"Denial": 0, "NotSent": 0, "Unanswered": 0, "Sending": 3}
"""The argument with the reason. `Sending` unpacks account and client order id in one or two."""


def reasons_in(code: str) -> Iterator[str]:
    """The reasons in a module: literals, constants of the module, and the beginning of an
    f-string with `…`."""
    tree = ast.parse(code)
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from _reasons_of(node, node.func.id, constants)


def _reasons_of(call: ast.Call, name: str, constants: dict[str, ast.expr]) -> Iterator[str]:
    place = REASON_AT.get(name)
    if place is None:
        return
    given: list[ast.expr] = []
    for one in call.args:
        given += [one, one] if isinstance(one, ast.Starred) else [one]
    for one in given[place : place + 1]:
        for part in ast.walk(constants.get(one.id, one) if isinstance(one, ast.Name) else one):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield f"{part.value}…" if isinstance(one, ast.JoinedStr) else part.value


def test_every_reason_of_the_gateway_is_in_the_reference() -> None:
    page = PAGE.read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))
    files = [
        *(PACKAGE / "gateway").rglob("*.py"),
        *(PACKAGE / "venues").rglob("*.py"),
    ]
    given = {
        reason: file.name
        for file in files
        for reason in reasons_in(file.read_text(encoding="utf-8"))
    }
    families = {one.removesuffix("…") for one in listed if one.endswith("…")}
    missing = {
        reason: file
        for reason, file in given.items()
        if reason not in listed and not reason.startswith(tuple(families))
    }
    assert {"order_unknown", "position_unknown", "refusal_not_proved", "incorrect_…"} <= listed
    assert len(given) > 40
    assert missing == {}


def test_a_reason_is_found_in_each_of_its_forms() -> None:
    code = 'A = "one"\nNotSent(A, "x")\nDenial(f"two_{b}", "x")\nSending("denied", *key, "three")'
    assert set(reasons_in(code)) == {"one", "two_…", "three"}
