"""An event of an older shape is read as the event of today, through every shape in between."""

from typing import Any

import pytest

from orderledger import Ledger, UnreadableEvent
from orderledger.infrastructure.storage.codec import UPCASTS
from tests.core.contract.streams import lives, opened, parsed
from tests.core.contract.test_damaged_events import spoil

AROUND = b'{"recorded_at":"2026-03-02T09:30:00Z","source":"import","payload":%s}'
OLDEST = b'{"client_order_id":"C-0","at":"2026-03-02T09:30:00Z","fill":"F-9","lots":"2","cents":"10050"%s}'  # noqa: E501 (lines of a file)


def named(payload: dict[str, Any]) -> dict[str, Any]:
    fill_id = payload.pop("fill")
    return {**payload, "fill_id": fill_id}


def in_units(payload: dict[str, Any]) -> dict[str, Any]:
    lots, cents = int(payload.pop("lots")), int(payload.pop("cents"))
    return {**payload, "quantity": str(lots * 100), "price": f"{cents // 100}.{cents % 100}"}


@pytest.fixture
def _older_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(UPCASTS, "fill_recorded.v0a", ("fill_recorded.v0b", named))
    monkeypatch.setitem(UPCASTS, "fill_recorded.v0b", ("fill_recorded.v1", in_units))


def old_fill(url: str, more: bytes = b"") -> None:
    with opened(url, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(1)))
    spoil(url, 3, "fill_recorded.v0a", AROUND % (OLDEST % more))


@pytest.mark.usefixtures("_older_shapes")
def test_each_shape_is_changed_into_the_next(durable_store_url: str) -> None:
    old_fill(durable_store_url)
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        fill = ledger.trades()[0]
        assert (fill["fill_id"], str(fill["quantity"]), str(fill["price"])) == (
            "F-9",
            "200",
            "100.5",
        )
        event = ledger.history("C-0", account="sim:main")[2]
        assert (event["name"], event["payload"]["fill_id"]) == ("fill_recorded.v1", "F-9")
        assert ledger.views.check().differences == ()


@pytest.mark.usefixtures("_older_shapes")
def test_a_field_that_no_shape_has_is_not_dropped_on_the_way(durable_store_url: str) -> None:
    old_fill(durable_store_url, b',"tax":"1"')
    with (
        Ledger.open(durable_store_url, update_views=False) as ledger,
        pytest.raises(UnreadableEvent, match="event 3 of the log.*unknown field `tax`"),
    ):
        ledger.trades()
