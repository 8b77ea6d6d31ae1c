"""What a gateway publishes is in the reference."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import run
from tests.conftest import REPOSITORY
from tests.serve.operating.test_breakers import trading
from tests.serve.operating.test_reconciling import until


@pytest.mark.slow
def test_every_field_that_a_gateway_publishes_is_in_the_reference(tmp_path: Path) -> None:
    store = str(tmp_path / "orders.db")
    with trading(store, failures=0):
        until(lambda: status_of(store)["gateways"])
        found = status_of(store)
    commands = (REPOSITORY / "docs/reference/commands.md").read_text(encoding="utf-8")
    (gateway,) = found["gateways"].values()
    rows = [found, gateway, *gateway["breakers"]]
    assert {name for row in rows for name in row if f"| `{name}` |" not in commands} == set()
    assert found["collectors"] == {}


def status_of(store: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("status", "--json", "--db", store).out)
    return found
