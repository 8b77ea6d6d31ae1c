"""The status of a ledger has collectors, gateways, watchers and copies of the log, by name."""

from typing import Any

from orderledger import Ledger
from tests.core.contract.streams import lives, parsed


def test_each_row_is_listed_with_others_of_its_kind(ledger: Ledger) -> None:
    ledger.record_many(parsed(*lives(1)))
    rows: dict[str, dict[str, Any]] = {
        "venue:main": {"position": "of a stream"},
        "gateway sim:main": {"breakers": []},
        "watcher night": {"looked_at": None},
        "archive file:///copy": {"position": 1},
        "relay nats://here": {"position": 2},
        "relay that has not begun": {},
    }
    ledger.internals.statuses.write_all(rows)
    status = ledger.status()
    assert status["collectors"].keys() == {"venue:main", "relay that has not begun"}
    assert status["gateways"].keys() == {"sim:main"}
    assert status["watchers"].keys() == {"night"}
    assert {name: one["events_behind"] for name, one in status["copies"].items()} == {
        "archive file:///copy": ledger.log.position() - 1,
        "relay nats://here": ledger.log.position() - 2,
    }
